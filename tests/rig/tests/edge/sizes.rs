//! What is too large: amounts that no books can hold, and the largest event that there is.

use rig::tenant::{Tenant, Wishes};
use rig::worker::{World, Xero};
use rules::event::{Event, RefusalDetail};
use rules::failure::Cause;
use rules::record::{Kind, Record, RecordKey, State};
use serde_json::{Value, json};
use xero_stand_in::control::{Fault, FaultKind};

fn invoice(id: &str, lines: &Value, total: &str) -> Value {
    json!({
        "version": 1, "id": format!("evt_{id}"), "type": "invoice.created", "account_id": "acc_sizes",
        "occurred_at": "2026-11-20T09:30:00Z",
        "invoice": {
            "id": id, "number": format!("SES-{id}"), "currency": "GBP", "issued_on": "2026-11-20",
            "due_on": "2026-12-20", "line_amounts": "exclusive", "total": total,
            "organisation": { "id": "org_1", "name": "Harbour Sound Ltd" }, "lines": lines,
        },
    })
}

fn line(description: &str, quantity: &str, price: &str) -> Value {
    json!({ "description": description, "quantity": quantity, "unit_amount": price, "tax_rate": "20" })
}

fn record(world: &World, tenant: &Tenant, id: &str) -> Option<Record> {
    let key = RecordKey { account: tenant.account.clone(), tenant: tenant.id, kind: Kind::Invoice, id: id.to_owned() };
    world.shelf.peek(&key)
}

#[tokio::test]
async fn amounts_that_no_books_can_hold_are_refused_alone_and_at_once() -> anyhow::Result<()> {
    let cases = [
        ("99999999999999999999", "1", "9999999999.99", None),
        ("1", "7922816251426433759354395033", "9999999999.99", None),
        ("1", "9999999999.99", "11999999999.99", None),
        ("1", "-10.00", "-12.00", None),
        ("1", "9999999999.99", "9999999999.99", Some((State::Failed, Some(Cause::TotalDiffers)))),
        ("9999999999.9999", "9999999999.9999", "9999999999.99", Some((State::Failed, Some(Cause::AmountInvalid)))),
        // Nothing at all is taken, and nothing is owed.
        ("0", "10.00", "0.00", Some((State::Paid, None))),
        ("1", "0", "0.00", Some((State::Paid, None))),
    ];
    for (quantity, price, total, expected) in cases {
        let xero = Xero::start().await?;
        let mut world = xero.world().await?;
        let tenant = world.connect(&xero, "sizes", &Wishes::default()).await?;
        let began = world.now();
        let events = [
            invoice("large", &json!([line("Session", quantity, price)]), total),
            invoice("good", &json!([line("Session", "1", "100.00")]), "120.00"),
        ];
        for event in &events {
            world.queue.send(tenant.account.as_str(), &event["id"].to_string(), &event.to_string(), began);
        }
        world.drain(&xero).await?;
        let what = format!("{quantity} for {price}, {total} in all");
        let state = |id| record(&world, &tenant, id).map(|it| (it.state(), it.failure.map(|failure| failure.cause)));
        assert_eq!(state("good"), Some((State::Synced, None)), "{what}");
        assert_eq!((state("large"), world.now()), (expected, began), "{what}");
        assert_eq!(world.queue.dead().len(), usize::from(expected.is_none()), "{what}");
    }
    Ok(())
}

#[test]
fn who_sends_a_refund_as_an_invoice_is_told_what_it_is() {
    let event = invoice("refund", &json!([line("Session", "1", "-40.00")]), "-48.00");
    let refusal = Event::read(&event.to_string()).unwrap_err();
    assert_eq!((refusal.field.as_str(), refusal.detail), ("invoice.total", RefusalDetail::TooLittle));
    assert!(refusal.sentence.contains("a refund is a credit note"), "{}", refusal.sentence);
}

#[tokio::test]
async fn the_largest_event_of_the_contract_fits_an_item_of_the_table_with_its_record() -> anyhow::Result<()> {
    let xero = Xero::start().await?;
    let mut world = xero.world().await?;
    let tenant = world.connect(&xero, "edge", &Wishes::default()).await?;
    // An item has at most 400 KB; so much of it is left to keys, indexes and history.
    const MOST: usize = 400 * 1024 - 48 * 1024;
    for (id, text) in [("plain", "s"), ("quotes", "\""), ("backslashes", "\\"), ("lines", "a\n"), ("wide", "\u{1f3b7}")]
    {
        let event = largest(id, text);
        assert!(Event::read(&event).is_ok() && event.len() > rules::event::MAX_BYTES - 100, "{id}: {}", event.len());
        assert_eq!(
            Event::read(&format!("{event}{}", " ".repeat(100))).err().map(|refusal| refusal.detail),
            Some(RefusalDetail::TooLarge)
        );
        // While its answer is lost, the record holds the event and the request.
        xero.side.control.fault(&Fault::once("createInvoices", FaultKind::ServerErrorBefore)).await?;
        world.queue.send(tenant.account.as_str(), id, &event, world.now());
        world.work(&xero, 10).await?;
        let key =
            RecordKey { account: tenant.account.clone(), tenant: tenant.id, kind: Kind::Invoice, id: id.to_owned() };
        let record = world.shelf.peek(&key).expect("a record is written before it is sent");
        let size = serde_json::to_string(&record)?.len();
        assert!(record.intent.is_some() && size > event.len(), "{id}: {size}");
        assert!(size < MOST, "{id}: an event of {} bytes makes a record of {size}", event.len());
        world.drain(&xero).await?;
        assert_eq!(world.shelf.peek(&key).map(|record| record.state()), Some(State::Synced), "{id}");
    }
    Ok(())
}

/// The largest event whose lines repeat a text.
fn largest(id: &str, text: &str) -> String {
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
