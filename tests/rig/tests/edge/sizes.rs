//! Events as large as an event may be.

use serde_json::{Value, json};

/// The largest event whose lines repeat a text.
pub(crate) fn largest(id: &str, text: &str) -> String {
    let event = |lines: Vec<Value>| {
        let total = format!("{}.00", lines.len());
        json!({
            "version": 1, "id": format!("evt_{id}"), "type": "invoice.created", "account_id": "acc_edge",
            "occurred_at": "2026-11-20T09:30:00Z",
            "invoice": { "id": id, "number": format!("LARGE-{id}"), "currency": "GBP", "issued_on": "2026-11-20",
                         "due_on": "2026-12-20", "line_amounts": "no_tax", "total": total,
                         "organisation": { "id": format!("org_{id}"), "name": format!("Client {id}") }, "lines": lines },
        })
        .to_string()
    };
    let line = |repeats: usize| json!({ "description": format!("x{}x", text.repeat(repeats)), "quantity": "1", "unit_amount": "1.00" });
    let most = 3_990 / text.chars().count();
    let mut lines = Vec::new();
    while event([lines.as_slice(), &[line(most)]].concat()).len() <= rules::event::MAX_BYTES {
        lines.push(line(most));
    }
    // Another repeat takes so many bytes of JSON.
    let step = json!(text).to_string().len() - 2;
    let rest = (rules::event::MAX_BYTES - event([lines.as_slice(), &[line(0)]].concat()).len()) / step;
    lines.push(line(rest));
    event(lines)
}
