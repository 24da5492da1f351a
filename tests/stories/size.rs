//! The largest event that the contract lets in fits an item of the table with its record.

use jiff::Timestamp;
use rules::AccountId;
use rules::event::{Event, MAX_BYTES};
use rules::ports::{Clock as _, Records as _, Written};
use rules::record::{Call, DocumentKind, Intent, Kind, Record, RecordKey};
use serde_json::json;
use xero::{ContactId, TenantId};

use crate::inside::Inside;

/// An event whose one text is made of the character that takes most room: two bytes here, four in an item.
fn event(account: &AccountId, quotes: usize) -> String {
    let line = |quotes: usize| json!({ "description": format!("x{}x", "\"".repeat(quotes)), "quantity": "1", "unit_amount": "1.00" });
    let mut lines = vec![line(3_900); quotes / 3_900];
    lines.push(line(quotes % 3_900));
    json!({
        "version": 1, "id": "evt_large", "type": "invoice.created", "account_id": account,
        "occurred_at": "2026-11-20T09:30:00Z",
        "invoice": { "id": "inv_large", "number": "LARGE", "currency": "GBP", "issued_on": "2026-11-20",
                     "due_on": "2026-12-20", "line_amounts": "no_tax", "total": format!("{}.00", lines.len()),
                     "organisation": { "id": "org_1", "name": "Harbour Sound" }, "lines": lines },
    })
    .to_string()
}

#[tokio::test]
async fn the_largest_event_is_stored_with_its_record_and_its_request() -> anyhow::Result<()> {
    let inside = Inside::new().await?;
    let account = inside.account()?;
    let quotes = (0..MAX_BYTES / 2).rev().find(|quotes| event(&account, *quotes).len() <= MAX_BYTES);
    let raw = event(&account, quotes.unwrap_or_default());
    assert!(raw.len() > MAX_BYTES - 2, "{}", raw.len());
    let read = Event::read(&raw).map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;

    let now: Timestamp = inside.clock.now();
    let tenant = TenantId::from_uuid(uuid::Uuid::new_v4());
    let key = RecordKey { account, tenant, kind: Kind::Invoice, id: "inv_large".to_owned() };
    let mut record = Record::new(key.clone(), "LARGE", now);
    record.accept(&read, &raw, now);
    let intent = Intent {
        document: DocumentKind::Invoice,
        attempt: 1,
        // The request says of the event what Xero reads, in no more bytes than the event has.
        body: raw.clone(),
        contact: ContactId::from_uuid(uuid::Uuid::nil()),
        content: None,
        is_sent: false,
        told: None,
        call: Call {
            key: "documents-1".to_owned(),
            members: vec!["inv_large".to_owned()],
            first_sent: now,
            last_sent: now,
        },
    };
    record.intend(intent, now);
    for number in 0..40 {
        record.note(
            format!("Something happened to it for the {number}th time, and the history says so at some length"),
            now,
        );
    }
    assert_eq!(inside.table.put_record(&mut record).await?, Written::Done);
    let stored = inside.table.record(&key).await?;
    assert_eq!(stored.as_ref(), Some(&record));
    let size = serde_json::to_string(&record)?.len();
    assert!((250_000..350_000).contains(&size), "{size} of 409,600 bytes");
    Ok(())
}
