//! The calls of the API: what each is for, what it takes, and how it can end.

use rules::event::SessionalId;
use rules::record::{Kind, State};
use rules::sync::contact::link::{ContactChoices, LinkRequest, LinkedContact};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::path::{HttpMethod, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, HeaderBuilder, Ref, RefOr, Response, ResponseBuilder, Schema};

use crate::document::Schemas;
use crate::{events, examples};

/// A call.
pub(crate) struct Operation {
    pub(crate) method: HttpMethod,
    pub(crate) path: &'static str,
    pub(crate) id: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) description: Option<&'static str>,
    pub(crate) public: bool,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<(Ref, Option<Value>)>,
    /// Whether the body may be left out.
    pub(crate) body_is_optional: bool,
    pub(crate) answers: Vec<Answer>,
    pub(crate) problems: &'static [&'static str],
}

/// A part of the path or of the query.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) place: ParameterIn,
    /// Whether the call needs it; a part of the path always.
    pub(crate) required: bool,
    pub(crate) description: &'static str,
    pub(crate) schema: RefOr<Schema>,
}

/// A way in which a call ends well.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) response: Response,
}

const SIGN_IN: &str = "/problems/unauthorized";
const INVALID: &str = "/problems/invalid-request";
const NOT_FOUND: &str = "/problems/not-found";
const NOT_CONNECTED: &str = "/problems/not-connected";
const LOST: &str = "/problems/connection-error";
const TAKEN: &str = "/problems/organisation-taken";
const CONFLICT: &str = "/problems/conflict";
const CONFIRMATION_REFUSED: &str = "/problems/confirmation-refused";
const CONNECT_AGAIN: &str = "/problems/connect-again";
const NO_ORGANISATION: &str = "/problems/no-organisation";
const TOO_MANY_CONSENTS: &str = "/problems/too-many-consents";
const TOO_MANY_CONFIRMATIONS: &str = "/problems/too-many-confirmations";
const SECOND_FACTOR: &str = "/problems/second-factor";
const NOTHING: &str = "/problems/nothing-to-retry";
const NOT_POSSIBLE: &str = "/problems/not-possible";
const CONTACT: &str = "/problems/contact-not-usable";
const PERMISSION: &str = "/problems/permission-needed";
const INTERNAL: &str = "/problems/internal";
const AGAIN: &str = "/problems/try-again";

/// Every call.
pub(crate) fn operations(schemas: &mut Schemas) -> Vec<Operation> {
    let mut all = connection(schemas);
    all.extend(mapping(schemas));
    all.extend(contacts(schemas));
    all.extend(records(schemas));
    all.extend(events(schemas));
    all.extend(xero());
    all
}

fn connection(schemas: &mut Schemas) -> Vec<Operation> {
    let consent = schemas.add::<connect::contract::StartRequest>();
    let start = Operation {
        description: Some(
            "Keep `browser_key` in this browser's own storage and send the browser to `authorise_url`. Xero sends it back to \
             the app's return page, with a confirmation in the fragment of the address: that and the key connect, for \
             the person who made this call and for nobody else. Xero is asked for the usual, for what earlier consents \
             asked for, and for what a choice needs now: the problem that refused the choice names it.",
        ),
        body: Some((consent, Some(json!({ "needed": ["spend_money"] })))),
        body_is_optional: true,
        answers: vec![ok::<connect::contract::Started>(schemas, &examples::started())],
        problems: &[INVALID, SIGN_IN, SECOND_FACTOR, TOO_MANY_CONSENTS, INTERNAL, AGAIN],
        ..call(HttpMethod::Post, "/connection", "startConnection", "Connection", "Start connecting to Xero")
    };
    let confirmation = schemas.add::<connect::contract::ConfirmationRequest>();
    let confirm = Operation {
        description: Some(
            "Made by the return page, with the token of the person who began: the code that Xero gave is redeemed here. \
             A confirmation is good once, for four minutes, and for whoever began; tried by anybody else it is burned. \
             The same call again answers what is there by then.",
        ),
        body: Some((confirmation, Some(examples::confirmation_request()))),
        answers: vec![ok::<connect::contract::Chosen>(schemas, &examples::chosen())],
        problems: &[
            INVALID,
            SIGN_IN,
            SECOND_FACTOR,
            CONFIRMATION_REFUSED,
            CONNECT_AGAIN,
            NO_ORGANISATION,
            TAKEN,
            TOO_MANY_CONFIRMATIONS,
            INTERNAL,
            AGAIN,
        ],
        ..call(
            HttpMethod::Post,
            "/connection/confirmation",
            "confirmConnection",
            "Connection",
            "Finish connecting, on the return page",
        )
    };
    let burn = schemas.add::<callback::BurnRequest>();
    let burn = Operation {
        public: true,
        description: Some(
            "What a return page does at once that has no key for the confirmation: it was begun in another browser. Nobody \
             can use it any more. One that is not known is burned already.",
        ),
        body: Some((burn, Some(json!({ "confirmation": examples::CONFIRMATION })))),
        answers: vec![empty(204, "Nobody can use it any more")],
        problems: &[INVALID, AGAIN],
        ..call(HttpMethod::Delete, "/connection/confirmation", "burnConfirmation", "Connection", "Burn a confirmation")
    };
    let status = Operation {
        answers: vec![ok::<rules::status::StatusView>(schemas, &examples::status())],
        problems: &[SIGN_IN, INTERNAL, AGAIN],
        ..call(HttpMethod::Get, "/connection", "getConnection", "Connection", "Where the connection stands")
    };
    let end = Operation {
        description: Some("Also when nothing is connected. What is in Xero stays, and what is paid stays paid."),
        answers: vec![empty(204, "Disconnected")],
        problems: &[SIGN_IN, INTERNAL, AGAIN],
        ..call(HttpMethod::Delete, "/connection", "disconnect", "Connection", "Disconnect")
    };
    let list = Operation {
        answers: vec![ok::<connect::contract::Organisations>(schemas, &examples::organisations())],
        problems: &[SIGN_IN, INTERNAL, AGAIN],
        ..call(
            HttpMethod::Get,
            "/connection/organisations",
            "listOrganisations",
            "Connection",
            "The organisations to choose from",
        )
    };
    let choice = schemas.add::<connect::contract::OrganisationChoice>();
    let choose = Operation {
        body: Some((choice, Some(json!({ "tenant_id": examples::TENANT })))),
        answers: vec![ok::<connect::contract::Chosen>(schemas, &examples::chosen())],
        problems: &[INVALID, SIGN_IN, SECOND_FACTOR, TAKEN, INTERNAL, AGAIN],
        ..call(
            HttpMethod::Put,
            "/connection/organisation",
            "chooseOrganisation",
            "Connection",
            "Choose an organisation",
        )
    };
    vec![start, confirm, burn, status, end, list, choose]
}

fn mapping(schemas: &mut Schemas) -> Vec<Operation> {
    let refresh = text("Reads the chart from Xero even if a recent one is known", &["true", "false"]);
    let accounts = Operation {
        description: Some(
            "Which account may be chosen for what, why not the others, and a suggestion for each category with how \
             sure it is. Nothing is ever applied by itself.",
        ),
        parameters: vec![query("refresh", "Reads the chart from Xero even if a recent one is known.", refresh)],
        answers: vec![ok::<rules::chart::Chart>(schemas, &examples::chart())],
        problems: &[SIGN_IN, NOT_CONNECTED, LOST, INTERNAL, AGAIN],
        ..call(HttpMethod::Get, "/accounts", "getAccounts", "Mapping", "The chart of accounts")
    };
    let show = Operation {
        answers: vec![ok::<rules::mapping_view::MappingView>(schemas, &examples::mapping())],
        problems: &[SIGN_IN, NOT_CONNECTED, INTERNAL, AGAIN],
        ..call(HttpMethod::Get, "/account-mapping", "getMapping", "Mapping", "The mapping")
    };
    let request = schemas.add::<rules::mapping_view::MappingRequest>();
    let change = Operation {
        description: Some(
            "Checked against the live chart, every category by itself. What was held because sales had no account goes \
             on; what failed or was skipped waits for a retry.",
        ),
        body: Some((request, Some(examples::mapping_request()))),
        answers: vec![ok::<rules::mapping_view::MappingView>(schemas, &examples::mapping())],
        problems: &[INVALID, SIGN_IN, NOT_CONNECTED, LOST, PERMISSION, CONFLICT, INTERNAL, AGAIN],
        ..call(HttpMethod::Put, "/account-mapping", "putMapping", "Mapping", "Change the mapping")
    };
    vec![accounts, show, change]
}

fn contacts(schemas: &mut Schemas) -> Vec<Operation> {
    let searched = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("A part of a name, an e-mail address or a number; blanks around it do not count"))
        .pattern(Some(r"\S"))
        .min_length(Some(1))
        .max_length(Some(100));
    let search = Operation {
        description: Some(
            "At most 20 contacts in use, by name, in whose name, e-mail address or number Xero finds the text, whatever \
             its case. One that belongs to a client of the account already (`linked_to`) cannot be chosen for another.",
        ),
        parameters: vec![Parameter { required: true, ..query("search", "What to look for.", searched.into()) }],
        answers: vec![ok::<ContactChoices>(schemas, &examples::contacts())],
        problems: &[INVALID, SIGN_IN, NOT_CONNECTED, LOST, INTERNAL, AGAIN],
        ..call(HttpMethod::Get, "/contacts", "searchContacts", "Contacts", "Contacts in Xero to choose from")
    };
    let request = schemas.add::<LinkRequest>();
    let organisation = schemas.add::<SessionalId>();
    let link = Operation {
        description: Some(
            "Documents of the client go to this contact from now on, whatever name or number it has, until another is \
             chosen; where Xero merges it into another, to that one. Nothing is written to Xero: its details are never \
             brought up to date, and documents that are there keep their contact. What failed for the client's contact \
             waits for a retry. The same choice again changes nothing.",
        ),
        parameters: vec![path("organisation_id", "Sessional's id of the client.", organisation.into())],
        body: Some((request, Some(json!({ "contact_id": examples::CONTACT })))),
        answers: vec![ok::<LinkedContact>(schemas, &examples::linked())],
        problems: &[INVALID, SIGN_IN, NOT_FOUND, NOT_CONNECTED, LOST, CONTACT, CONFLICT, INTERNAL, AGAIN],
        ..call(
            HttpMethod::Put,
            "/contacts/{organisation_id}",
            "linkContact",
            "Contacts",
            "Link a client to a contact by hand",
        )
    };
    vec![search, link]
}

fn records(schemas: &mut Schemas) -> Vec<Operation> {
    let (kind, state) = (schemas.add::<Kind>(), schemas.add::<State>());
    let named = |kind: &Ref| {
        vec![
            path("kind", "The kind of document.", kind.clone().into()),
            path("id", "Sessional's id of it.", text("Sessional's id", &[])),
        ]
    };
    let list = Operation {
        parameters: vec![
            query("kind", "Only this kind.", kind.clone().into()),
            query(
                "state",
                "Only this state. A page may then have few records, or none, and others follow.",
                state.into(),
            ),
            query("cursor", "The `next` of an earlier page.", text("A cursor; opaque", &[])),
        ],
        answers: vec![ok::<settings::log::RecordsPage>(schemas, &examples::records())],
        problems: &[INVALID, SIGN_IN, INTERNAL, AGAIN],
        ..call(HttpMethod::Get, "/records", "listRecords", "Records", "The sync log, newest first")
    };
    let show = Operation {
        parameters: named(&kind),
        answers: vec![ok::<rules::record_view::RecordView>(schemas, &examples::record())],
        problems: &[SIGN_IN, NOT_FOUND, INTERNAL, AGAIN],
        ..call(HttpMethod::Get, "/records/{kind}/{id}", "getRecord", "Records", "One record")
    };
    let again = schemas.add::<settings::retry::RetryRecord>();
    let retry = Operation {
        description: Some(
            "Does what the record wants now. A second call while the first is under way changes nothing. With \
             `accept_total` a document whose total Xero computes otherwise is sent all the same. The body may be left out.",
        ),
        parameters: named(&kind),
        body: Some((again, Some(json!({ "accept_total": true })))),
        body_is_optional: true,
        answers: vec![answer::<rules::retry::Retried>(202, "Tried again", schemas, &examples::retried())],
        problems: &[INVALID, SIGN_IN, NOT_FOUND, NOT_CONNECTED, NOTHING, NOT_POSSIBLE, CONFLICT, INTERNAL, AGAIN],
        ..call(HttpMethod::Post, "/records/{kind}/{id}/retry", "retryRecord", "Records", "Try one record again")
    };
    let causes = Operation {
        answers: vec![ok::<settings::retry::Causes>(schemas, &examples::causes())],
        problems: &[SIGN_IN, INTERNAL, AGAIN],
        ..call(HttpMethod::Get, "/records/causes", "listCauses", "Records", "What waits, by its cause")
    };
    let cause = schemas.add::<settings::retry::RetryCause>();
    let retry_cause = Operation {
        body: Some((cause, Some(json!({ "cause": "account_archived:Sales" })))),
        answers: vec![answer::<rules::retry::Retried>(202, "Tried again", schemas, &examples::retried())],
        problems: &[INVALID, SIGN_IN, NOT_CONNECTED, INTERNAL, AGAIN],
        ..call(HttpMethod::Post, "/records/retry", "retryCause", "Records", "Try everything of a cause again")
    };
    let mut choice =
        |path: &'static str, id: &'static str, summary: &'static str, description: &'static str| Operation {
            description: Some(description),
            parameters: named(&kind),
            answers: vec![answer::<settings::choice::ChoiceAnswer>(
                202,
                "Chosen",
                schemas,
                &examples::document_choice(),
            )],
            problems: &[SIGN_IN, NOT_FOUND, NOT_POSSIBLE, CONFLICT, INTERNAL, AGAIN],
            ..call(HttpMethod::Post, path, id, "Records", summary)
        };
    let adopt = Operation {
        problems: &[SIGN_IN, NOT_FOUND, NOT_CONNECTED, NOT_POSSIBLE, CONFLICT, INTERNAL, AGAIN],
        ..choice(
            "/records/{kind}/{id}/adopt",
            "adoptRecord",
            "Take Xero's version",
            "For a document that was changed in Xero: its version there counts, nothing is written, and later edits send \
             only what changes in Sessional. For an invoice that failed as `in_xero_already`, where `failure.adoptable` names \
             the invoice in Xero that is the same: `queued` is true, and it becomes the record's document if it is still the \
             same when it is read again; otherwise the record says in what they differ. Nothing is written, and from then on \
             it is updated, voided and followed like any other.",
        )
    };
    let push = choice(
        "/records/{kind}/{id}/push",
        "pushRecord",
        "Write Sessional's version over Xero's",
        "For a document that was changed in Xero and is not paid, voided or deleted. Where `send_again` is true, send the \
         event of the document once more, even unchanged: its content is not kept here.",
    );
    let unlink = choice(
        "/records/{kind}/{id}/unlink",
        "unlinkRecord",
        "Link it to Xero no more",
        "Final: no event creates or changes anything for it any more, and its payments are not followed.",
    );
    vec![list, show, retry, adopt, push, unlink, causes, retry_cause]
}

fn events(schemas: &mut Schemas) -> Vec<Operation> {
    let body = schemas.add::<events::Events>();
    let dry = text("Tries out", &["true", "false"]);
    let tried = answer::<ingest::DryRunResults>(
        200,
        "With `dry_run=true`: what would become of each event",
        schemas,
        &examples::tried(),
    );
    let taken = answer::<ingest::Results>(202, "Each event is taken or refused by itself", schemas, &examples::taken());
    vec![Operation {
        description: Some("1 to 100 events. A bad one is refused by itself, with the field that is wrong."),
        parameters: vec![query(
            "dry_run",
            "`true` sends and stores nothing, and says for each event what would be sent to Xero and what would stop it.",
            dry,
        )],
        body: Some((body, Some(examples::events()))),
        answers: vec![tried, taken],
        problems: &[INVALID, SIGN_IN, NOT_CONNECTED, INTERNAL, AGAIN],
        ..call(HttpMethod::Post, "/events", "sendEvents", "Events", "Send events")
    }]
}

/// The two calls that Xero makes, its user's browser and its own servers.
fn xero() -> Vec<Operation> {
    let location = HeaderBuilder::new().schema(text("The app's configured page, with the outcome", &[])).build();
    let back = ResponseBuilder::new()
        .description(
            "To the app, with `connection=confirm` and the confirmation in the fragment, `connection=already` where the \
             same was seen before, or `connection=error` and a `reason` (`cancelled`, `refused_by_xero`, `expired`, \
             `unknown_state`, `try_again`)",
        )
        .header("Location", location)
        .build();
    let parameter = |name| query(name, "As OAuth 2.0 has it.", text("Opaque", &[]));
    let callback = Operation {
        public: true,
        parameters: vec![parameter("state"), parameter("code"), parameter("error")],
        answers: vec![Answer { status: 302, response: back }],
        ..call(HttpMethod::Get, "/oauth/callback", "receiveCallback", "Xero", "Where Xero sends the browser back to")
    };
    let webhook = Operation {
        public: true,
        description: Some("Signed by Xero with the header `x-xero-signature`; the answer has no body."),
        answers: vec![
            empty(200, "Taken"),
            empty(401, "The signature is wrong"),
            empty(413, "The body is larger than the gateway takes"),
            empty(500, "It could not be queued; Xero tries again"),
        ],
        ..call(HttpMethod::Post, "/webhooks/accounting", "receiveWebhook", "Xero", "Xero's webhook")
    };
    vec![callback, webhook]
}

fn call(
    method: HttpMethod,
    path: &'static str,
    id: &'static str,
    tag: &'static str,
    summary: &'static str,
) -> Operation {
    Operation {
        method,
        path,
        id,
        tag,
        summary,
        description: None,
        public: false,
        parameters: Vec::new(),
        body: None,
        body_is_optional: false,
        answers: Vec::new(),
        problems: &[],
    }
}

fn ok<T: ToSchema>(schemas: &mut Schemas, value: &Value) -> Answer {
    answer::<T>(200, "As asked", schemas, value)
}

fn answer<T: ToSchema>(status: u16, what: &str, schemas: &mut Schemas, value: &Value) -> Answer {
    let content = ContentBuilder::new().schema(Some(schemas.add::<T>())).example(Some(value.clone())).build();
    let response = ResponseBuilder::new().description(what).content("application/json", content).build();
    Answer { status, response }
}

fn empty(status: u16, what: &str) -> Answer {
    Answer { status, response: ResponseBuilder::new().description(what).build() }
}

fn query(name: &'static str, description: &'static str, schema: RefOr<Schema>) -> Parameter {
    Parameter { name, place: ParameterIn::Query, required: false, description, schema }
}

fn path(name: &'static str, description: &'static str, schema: RefOr<Schema>) -> Parameter {
    Parameter { name, place: ParameterIn::Path, required: true, description, schema }
}

/// A text, or one of some words.
fn text(description: &str, words: &[&str]) -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String).description(Some(description));
    let words = (!words.is_empty()).then(|| words.iter().map(ToString::to_string).collect::<Vec<_>>());
    text.enum_values(words).into()
}
