//! The stored form of a record of an earlier version, brought up to today's: where it stood was one word, and what
//! events it had accepted was not noted.

use serde_json::{Value, json};

/// From version 1: `state` becomes two fields, an intent's key its call, and a removal its register.
#[must_use]
pub fn from_version_1(mut body: Value) -> Option<Value> {
    let fields = body.as_object_mut()?;
    let state = fields.remove("state")?;
    let before_hold = fields.remove("before_hold").unwrap_or_default();
    let has_reference = fields.get("reference").is_some_and(|reference| !reference.is_null());
    let failed = fields.get("failure").is_some_and(|failure| !failure.is_null());
    let changed_at = fields.get("changed_at").cloned()?;
    let in_xero = |word: &str| if has_reference { word.to_owned() } else { "not_in_xero".to_owned() };
    let (stands, under_way) = match state.as_str()? {
        "intent" => (in_xero("synced"), "intent"),
        "held" => (in_xero(before_hold.as_str().unwrap_or("synced")), "held"),
        "failed" => (in_xero("synced"), "failed"),
        "skipped" => (in_xero("synced"), "skipped"),
        "tombstone" => ("taken_back".to_owned(), "nothing"),
        "voided" => ("voided".to_owned(), "nothing"),
        stands @ ("synced" | "part_paid" | "paid") if failed => (stands.to_owned(), "failed"),
        stands @ ("synced" | "part_paid" | "paid") => (stands.to_owned(), "nothing"),
        _ => return None,
    };
    // When it was removed is not known better than by the last change; what is older than that stays aside.
    if matches!(stands.as_str(), "taken_back" | "voided") || removal_waits(fields.get("event")) {
        fields.insert("registers".to_owned(), json!({ "removed": { "at": changed_at } }));
    }
    if let Some(intent) = fields.get_mut("intent").and_then(Value::as_object_mut) {
        let at = intent.remove("at")?;
        let key = intent.remove("idempotency_key")?;
        intent.insert("call".to_owned(), json!({ "key": key, "first_sent": at, "last_sent": at }));
    }
    fields.insert("stands".to_owned(), json!(stands));
    fields.insert("under_way".to_owned(), json!(under_way));
    fields.insert("version".to_owned(), json!(2));
    Some(body)
}

/// Whether the event that a record waits with is a void or a deletion.
fn removal_waits(event: Option<&Value>) -> bool {
    let event = event.and_then(Value::as_str).and_then(|event| serde_json::from_str::<Value>(event).ok());
    let kind = event.as_ref().and_then(|event| event.get("type")).and_then(Value::as_str);
    matches!(kind, Some("invoice.voided" | "expense.deleted"))
}
