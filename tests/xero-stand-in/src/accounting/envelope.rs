//! The shape of answers: the envelope of success, and the several shapes of refusal.

use uuid::Uuid;

use super::Ctx;
use crate::http::Reply;
use crate::json::Json;
use crate::time::wrapped_bare;

/// Why an element was refused; a contact's own trouble is told inside the contact.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusal {
    pub(crate) messages: Vec<String>,
    pub(crate) contact: Vec<String>,
    /// The whole request dies with a 500.
    pub(crate) crash: bool,
}

impl Refusal {
    pub(crate) fn because(sentence: impl Into<String>) -> Self {
        Self { messages: vec![sentence.into()], ..Self::default() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.contact.is_empty()
    }
}

/// What became of one element of a write.
pub(crate) enum Element {
    Saved(Json),
    Refused(Json, Refusal),
}

/// How a collection spells its parts.
pub(crate) struct Names {
    /// The key of the collection.
    pub(crate) collection: &'static str,
    /// The key of the id.
    pub(crate) id: &'static str,
    /// The key of the flag that says there are errors.
    pub(crate) has_errors: &'static str,
}

/// 200 with a collection, and pagination when there is one.
pub(crate) fn ok(ctx: &Ctx<'_>, collection: &str, pagination: Option<Json>, items: Vec<Json>) -> Reply {
    let body = Json::object()
        .with("Id", crate::ids::fresh())
        .with("Status", "OK")
        .with("ProviderName", ctx.app.name.as_str())
        .with("DateTimeUTC", wrapped_bare(ctx.now))
        .with_some("pagination", pagination)
        .with(collection, Json::List(items));
    Reply::indented(200, &body)
}

/// The answer to a write, by `summarizeErrors`.
pub(crate) fn written(ctx: &Ctx<'_>, names: &Names, elements: Vec<Element>) -> Reply {
    if elements.iter().any(|element| matches!(element, Element::Refused(_, refusal) if refusal.crash)) {
        return crate::gateway::problems::server_error(ctx.switches);
    }
    let summarize = ctx.call.flag("summarizeErrors").unwrap_or(true);
    let failed = elements.iter().any(|element| matches!(element, Element::Refused(..)));
    if summarize && failed {
        let refused = elements.into_iter().filter_map(|element| match element {
            Element::Saved(_) => None,
            Element::Refused(echo, refusal) => Some(with_errors(echo, &refusal, names, false)),
        });
        return validation(refused.collect());
    }
    let shown = elements.into_iter().map(|element| match element {
        Element::Saved(view) if summarize => view.with(names.has_errors, false),
        Element::Saved(view) => {
            let status = if view.list("Warnings").is_empty() { "OK" } else { "WARNING" };
            view.with(names.has_errors, false).with("StatusAttributeString", status)
        }
        Element::Refused(echo, refusal) => with_errors(echo, &refusal, names, true),
    });
    ok(ctx, names.collection, None, shown.collect())
}

/// 400 `ValidationException` with its elements.
pub(crate) fn validation(elements: Vec<Json>) -> Reply {
    let body = Json::object()
        .with("ErrorNumber", 10_i64)
        .with("Type", "ValidationException")
        .with("Message", "A validation exception occurred")
        .with("Elements", Json::List(elements));
    Reply::indented(400, &body)
}

/// 400 with the sentence on top: the idempotency key's form.
pub(crate) fn exception(sentence: &str) -> Reply {
    let body = Json::object()
        .with("ErrorNumber", 10_i64)
        .with("Type", "ValidationException")
        .with("Message", sentence)
        .with("Elements", Json::List(Vec::new()));
    Reply::indented(400, &body)
}

/// 400 for a body that is not JSON or not of the form.
pub(crate) fn post_data_invalid(detail: &str) -> Reply {
    let body = Json::object()
        .with("ErrorNumber", 17_i64)
        .with("Type", "PostDataInvalidException")
        .with("Message", format!("JSON for post data was invalid, {detail}"));
    Reply::indented(400, &body)
}

/// 400 for the whole call because of one character that XML does not know: Xero reads what comes as such.
fn unreadable(character: char) -> Reply {
    let code = u32::from(character);
    let body = Json::object()
        .with("ErrorNumber", 17_i64)
        .with("Type", "PostDataInvalidException")
        .with("Message", format!("'{character}', hexadecimal value 0x{code:02X}, is an invalid character."));
    Reply::indented(400, &body)
}

/// 400 for an expression or parameter that cannot be read.
pub(crate) fn query_parse(message: &str) -> Reply {
    let body = Json::object().with("ErrorNumber", 16_i64).with("Type", "QueryParseException").with("Message", message);
    Reply::indented(400, &body)
}

/// The elements of a request body: `{"Invoices":[…]}`, or one bare object.
pub(crate) fn elements(ctx: &Ctx<'_>, collection: &str) -> Result<Vec<Json>, Reply> {
    let text = std::str::from_utf8(&ctx.call.body).map_err(|_| post_data_invalid("it is not UTF-8."))?;
    let body = Json::parse(text).map_err(|error| post_data_invalid(&format!("{error}.")))?;
    if let Some(character) = body.unreadable() {
        return Err(unreadable(character));
    }
    match body.get(collection) {
        Some(Json::List(items)) if items.is_empty() => Err(post_data_invalid("no elements were found.")),
        Some(Json::List(items)) if items.iter().all(|item| matches!(item, Json::Object(_))) => Ok(items.clone()),
        Some(_) => Err(post_data_invalid("an array of objects was expected.")),
        None => match &body {
            Json::Object(members) if !members.is_empty() => Ok(vec![body]),
            _ => Err(post_data_invalid("an object was expected.")),
        },
    }
}

/// The echo of a refused element with what is wrong with it.
fn with_errors(mut echo: Json, refusal: &Refusal, names: &Names, flagged: bool) -> Json {
    if !echo.has(names.id) {
        echo.set(names.id, Uuid::nil());
    }
    if !refusal.contact.is_empty() {
        let mut contact = echo.get("Contact").cloned().unwrap_or_else(Json::object);
        contact.set("ValidationErrors", messages(&refusal.contact));
        echo.set("Contact", contact);
    }
    if flagged || names.has_errors == "HasValidationErrors" {
        echo.set(names.has_errors, true);
    }
    if flagged {
        echo.set("StatusAttributeString", "ERROR");
    }
    echo.set("ValidationErrors", messages(&refusal.messages));
    echo
}

fn messages(sentences: &[String]) -> Json {
    Json::List(sentences.iter().map(|sentence| Json::object().with("Message", sentence)).collect())
}
