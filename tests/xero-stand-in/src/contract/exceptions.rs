//! Where the published specification is wrong, and why we know.

use serde_json::{Value, json};

use crate::control::types::JournalEntry;

/// A fault of the specification that a body may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The schema in the file.
    pub schema: &'static str,
    /// The field that is free; `*` for unknown names, `required` for the list of required ones.
    pub field: &'static str,
    /// Why.
    pub reason: &'static str,
}

const fn exception(schema: &'static str, field: &'static str, reason: &'static str) -> Exception {
    Exception { schema, field, reason }
}

const STRINGS: &str = "every date comes as a pair with its string form (facts 4.0, recorded)";
const VALIDATION: &str = "elements and their parts tell errors one by one (facts 2.8, recorded)";

/// Every fault of the published files that is let through.
pub const EXCEPTIONS: &[Exception] = &[
    exception("Element", "*", "refused elements echo their input (facts 4.0)"),
    exception("Invoice", "DateString", STRINGS),
    exception("Invoice", "DueDateString", STRINGS),
    exception("CreditNote", "DateString", STRINGS),
    exception("CreditNote", "DueDateString", STRINGS),
    exception("BankTransaction", "DateString", STRINGS),
    exception("Overpayment", "DateString", STRINGS),
    exception("Prepayment", "DateString", STRINGS),
    exception("HistoryRecord", "DateUTCString", STRINGS),
    exception("LineItem", "ValidationErrors", VALIDATION),
    exception("BankTransaction", "HasErrors", VALIDATION),
    exception("Allocation", "HasValidationErrors", VALIDATION),
    exception("BankTransaction", "required", "a removal sends id and status alone (facts 4.7)"),
    exception("Connection", "createdDateUtc", "seven digits and no zone, as in the file's own example (facts 1.7)"),
    exception("Connection", "updatedDateUtc", "seven digits and no zone, as in the file's own example (facts 1.7)"),
];

/// Members of every answer that the collection schemas leave out (facts 4.0).
const ENVELOPE: [&str; 5] = ["Id", "Status", "ProviderName", "DateTimeUTC", "pagination"];
/// Statuses that Xero answers and the files do not list (facts 2.9: only 200 and 400 are listed).
const UNLISTED: [u16; 13] = [0, 304, 400, 401, 403, 404, 406, 409, 413, 415, 429, 500, 503];

/// The answer without its envelope.
pub(super) fn without_envelope(text: &str) -> String {
    let Ok(Value::Object(mut members)) = serde_json::from_str(text) else { return text.to_owned() };
    members.retain(|name, _| !ENVELOPE.contains(&name.as_str()));
    Value::Object(members).to_string()
}

/// A body with one bare element is put into its collection, which Xero accepts too (facts 2.4).
pub(super) fn wrapped(entry: &JournalEntry, text: &str) -> String {
    let collection =
        entry.path.split('/').find(|part| ["Invoices", "Contacts", "CreditNotes", "BankTransactions"].contains(part));
    let last = entry.path.rsplit('/').next().unwrap_or_default();
    let (Some(collection), Ok(Value::Object(members))) = (collection, serde_json::from_str(text)) else {
        return text.to_owned();
    };
    if members.contains_key(collection) || ["History", "Allocations", "Email"].contains(&last) {
        return text.to_owned();
    }
    json!({collection: [members]}).to_string()
}

/// A 400 in plain text is one of the known sentences (facts 2.7).
pub(super) fn plain_text(body: &str) -> Vec<String> {
    let known = body.starts_with("Supplied parameter '") && body.contains("cannot be parsed");
    if known { Vec::new() } else { vec![format!("an unknown sentence: {body}")] }
}

/// Whether a status may come although the file does not list it.
pub(super) fn unlisted_status(status: u16) -> Vec<String> {
    if UNLISTED.contains(&status) { Vec::new() } else { vec![format!("the status {status} is not listed")] }
}

/// A delivery as the file describes it: sequence 0 of validation calls is below its minimum (facts 2.9),
/// and its `date-time` has no zone, as in the file's own example.
pub(super) fn as_described(text: &str) -> Option<Value> {
    let mut body: Value = serde_json::from_str(text).ok()?;
    for name in ["firstEventSequence", "lastEventSequence"] {
        if let Some(sequence) = body.get_mut(name).filter(|sequence| **sequence == json!(0)) {
            *sequence = json!(1);
        }
    }
    let events = body.get_mut("events").and_then(Value::as_array_mut);
    for at in events.into_iter().flatten().filter_map(|event| event.get_mut("eventDateUtc")) {
        *at = json!(format!("{}Z", at.as_str()?));
    }
    Some(body)
}
