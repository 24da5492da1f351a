//! What hangs on a document: history notes, attachments, e-mail and the customer's link.

use uuid::Uuid;

use super::invoices::read::named;
use super::{Ctx, envelope};
use crate::gateway::problems;
use crate::http::Reply;
use crate::json::Json;
use crate::time::wrapped;
use crate::world::records::{Attachment, HistoryRecord};

const MOST_FILES: usize = 10;
const LONGEST_NOTE: usize = 450;

/// `GET …/History`
pub(crate) fn history(ctx: &mut Ctx<'_>) -> Reply {
    let Some(id) = target(ctx) else { return Reply::not_found() };
    let records = ctx.ledger.history.get(&id).map(Vec::as_slice).unwrap_or_default();
    envelope::ok(ctx, "HistoryRecords", None, records.iter().map(note_view).collect())
}

/// `PUT …/History`
pub(crate) fn add_history(ctx: &mut Ctx<'_>) -> Reply {
    let Some(id) = target(ctx) else { return Reply::not_found() };
    let elements = match envelope::elements(ctx, "HistoryRecords") {
        Ok(elements) => elements,
        Err(refusal) => return refusal,
    };
    let mut written = Vec::new();
    for element in elements {
        let details = element.text("Details").filter(|text| !text.is_empty() && text.chars().count() <= LONGEST_NOTE);
        let Some(details) = details else {
            let message = Json::object().with("Message", "Details must be specified and not too long.");
            let mut echo = element.clone();
            echo.set("ValidationErrors", Json::List(vec![message]));
            return envelope::validation(vec![echo]);
        };
        written.push(HistoryRecord {
            changes: "Note".to_owned(),
            details: details.to_owned(),
            user: "System Generated".to_owned(),
            at: ctx.now,
        });
    }
    let shown = written.iter().map(note_view).collect();
    ctx.ledger.history.entry(id).or_default().extend(written);
    envelope::ok(ctx, "HistoryRecords", None, shown)
}

/// `POST /Invoices/{InvoiceID}/Email`
pub(crate) fn email(ctx: &mut Ctx<'_>) -> Reply {
    let Some(document) = named(ctx, ctx.param(0)) else { return Reply::not_found() };
    let (id, kind, status, contact) = (document.id, document.kind, document.status.clone(), document.contact);
    if ctx.ledger.organisation.is_demo {
        return problems::server_error(ctx.switches);
    }
    let address = contact.and_then(|id| ctx.ledger.contacts.get(&id)).and_then(|it| it.text("EmailAddress"));
    let fine = kind.is_income() && matches!(status.as_str(), "SUBMITTED" | "AUTHORISED" | "PAID") && address.is_some();
    if !fine {
        return envelope::exception(
            "The invoice cannot be emailed: it must be approved and its contact have an email.",
        );
    }
    if let Some(document) = ctx.ledger.invoices.get_mut(&id) {
        document.sent = true;
        document.updated = ctx.now;
    }
    Reply::empty(204)
}

/// `GET /Invoices/{InvoiceID}/OnlineInvoice`
pub(crate) fn online_invoice(ctx: &mut Ctx<'_>) -> Reply {
    let Some(document) = named(ctx, ctx.param(0)).filter(|document| document.kind.is_income()) else {
        return Reply::not_found();
    };
    let address = format!("https://in.xero.example/{}", document.id.simple());
    envelope::ok(ctx, "OnlineInvoices", None, vec![Json::object().with("OnlineInvoiceUrl", address)])
}

/// `GET …/Attachments`
pub(crate) fn attachments(ctx: &mut Ctx<'_>) -> Reply {
    let Some(id) = target(ctx) else { return Reply::not_found() };
    let files = ctx.ledger.attachments.get(&id).map(Vec::as_slice).unwrap_or_default();
    envelope::ok(ctx, "Attachments", None, files.iter().map(|file| file_view(ctx, id, file)).collect())
}

/// `PUT …/Attachments/{FileName}`: raw bytes; a deleted document answers 500.
pub(crate) fn attach(ctx: &mut Ctx<'_>) -> Reply {
    let Some(id) = target(ctx) else { return Reply::not_found() };
    let document = ctx.ledger.invoices.get(&id).or_else(|| ctx.ledger.bank_transactions.get(&id));
    if document.is_some_and(|document| document.status == "DELETED") {
        return problems::server_error(ctx.switches);
    }
    if ctx.call.body.is_empty() {
        return envelope::exception("The attachment is empty.");
    }
    let file = Attachment {
        id: crate::ids::fresh(),
        file_name: ctx.param(1).to_owned(),
        mime_type: ctx.call.header("content-type").unwrap_or("application/octet-stream").to_owned(),
        size: ctx.call.body.len(),
        include_online: ctx.call.flag("IncludeOnline").unwrap_or(false),
    };
    let files = ctx.ledger.attachments.entry(id).or_default();
    files.retain(|known| known.file_name != file.file_name);
    if files.len() >= MOST_FILES {
        return envelope::exception("A document can have at most 10 attachments.");
    }
    files.push(file.clone());
    envelope::ok(ctx, "Attachments", None, vec![file_view(ctx, id, &file)])
}

/// The document or contact that the path names.
fn target(ctx: &Ctx<'_>) -> Option<Uuid> {
    let of = ctx.call.segments.get(2).map(String::as_str).unwrap_or_default();
    let id: Option<Uuid> = ctx.param(0).parse().ok();
    match of {
        "Invoices" => named(ctx, ctx.param(0)).map(|document| document.id),
        "Contacts" => id.filter(|id| ctx.ledger.contacts.contains_key(id)),
        "CreditNotes" => id.filter(|id| ctx.ledger.credit_notes.contains_key(id)),
        "BankTransactions" => id.filter(|id| ctx.ledger.bank_transactions.contains_key(id)),
        _ => None,
    }
}

fn note_view(record: &HistoryRecord) -> Json {
    Json::object()
        .with("Changes", record.changes.as_str())
        .with("DateUTC", wrapped(record.at))
        .with("DateUTCString", record.at.strftime("%Y-%m-%dT%H:%M:%S").to_string())
        .with("User", record.user.as_str())
        .with("Details", record.details.as_str())
}

fn file_view(ctx: &Ctx<'_>, document: Uuid, file: &Attachment) -> Json {
    let path = ctx.call.segments.get(2).map(String::as_str).unwrap_or_default();
    Json::object()
        .with("AttachmentID", file.id)
        .with("FileName", file.file_name.as_str())
        .with("Url", format!("https://api.xero.com/api.xro/2.0/{path}/{document}/Attachments/{}", file.file_name))
        .with("MimeType", file.mime_type.as_str())
        .with("ContentLength", file.size)
        .with("IncludeOnline", file.include_online)
}
