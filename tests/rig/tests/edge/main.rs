//! The edge of the contract: one table of ways to write an event, which holds the schema, the parser and Xero
//! together. What the schema allows, the parser takes; what the parser takes, Xero takes, as far as its form goes.

#[cfg(test)]
mod cases;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod sizes;

use cases::{Case, Verdict};
use rig::tenant::Wishes;
use rig::worker::Xero;
use rules::event::{Body, Event, EventRefusal, NAMES, RefusalDetail};
use rules::failure::Cause;
use rules::notification::{Details, Notification};
use rules::record::{Kind, RecordKey, State};
use schemas::{names_of_events, schema};

/// Events that are worked together.
const TOGETHER: usize = 10;

#[test]
fn the_schema_and_the_parser_judge_alike_and_name_the_field() {
    let schema = schema();
    let cases = cases::all();
    let mut wrong = Vec::new();
    for Case { name, field, event, verdict } in &cases {
        let allowed = schema.is_valid(event);
        let read = Event::read(&event.to_string());
        let expected = match (verdict, &read) {
            (Verdict::Taken | Verdict::Kept, Ok(event)) => left_out(event).is_empty(),
            (Verdict::LeftOut, Ok(event)) => left_out(event).len() == 1,
            (Verdict::Refused(detail), Err(refusal)) => refusal.detail == *detail && refusal.field == *field,
            _ => false,
        };
        if allowed != read.is_ok() || !expected {
            wrong.push(format!(
                "{name}: the schema {}, the parser {:?}",
                if allowed { "allows it" } else { "does not" },
                shown(&read)
            ));
        }
    }
    assert!(cases.len() > 400, "{}", cases.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn left_out(event: &Event) -> Vec<&'static str> {
    match &event.body {
        Body::InvoiceCreated(invoice) | Body::InvoiceUpdated(invoice) | Body::InvoiceSent(invoice) => {
            invoice.left_out().to_vec()
        }
        Body::ExpenseLogged(expense) | Body::ExpenseUpdated(expense) => expense.left_out().to_vec(),
        Body::InvoiceVoided(_) | Body::ExpenseDeleted(_) => Vec::new(),
    }
}

fn shown(read: &Result<Event, EventRefusal>) -> String {
    match read {
        Ok(event) => format!("takes it without {:?}", left_out(event)),
        Err(refusal) => format!("refuses {:?} as {:?}: {}", refusal.field, refusal.detail, refusal.sentence),
    }
}

#[test]
fn a_refusal_names_a_path_of_the_schema_and_repeats_nothing_of_the_event() {
    for Case { name, event, verdict, .. } in cases::all() {
        let Verdict::Refused(_) = verdict else { continue };
        let refusal = Event::read(&event.to_string()).unwrap_err();
        let parts = refusal.field.split('.').filter(|part| !part.is_empty());
        for part in parts.map(|part| part.split('[').next().unwrap_or_default()) {
            assert!(NAMES.contains(&part), "{name}: {}", refusal.field);
        }
        assert!(!refusal.sentence.contains("client.example") && !refusal.sentence.contains("EDGE-"), "{name}");
    }
    let hostile = [
        r#"{"ada@one.example": [1,}"#,
        r#"{"version": 1, "invoice": {"ada@one.example": tru}}"#,
        r#"{"version": "ada@one.example"}"#,
        r#"{"version": 1, "type": "ada@one.example"}"#,
        r#"{"version": 1, "version": 1}"#,
        r#"{"version": 1, "type": "invoice.voided", "invoice": {"id": "ada@one.example"}}"#,
        r#""ada@one.example""#,
        "ada@one.example",
        "",
    ];
    for event in hostile {
        let refusal = Event::read(event).unwrap_err();
        assert!(!format!("{refusal:?}").contains("ada"), "{refusal:?}");
    }
}

#[test]
fn the_names_of_the_contract_are_those_of_its_schemas() {
    assert_eq!(names_of_events(), NAMES.iter().map(|name| (*name).to_owned()).collect());
}

#[tokio::test]
async fn what_the_parser_takes_is_never_refused_by_xero_for_its_form() -> anyhow::Result<()> {
    let xero = Xero::start().await?;
    let mut world = xero.world().await?;
    let tenant = world.connect(&xero, "edge", &Wishes::default()).await?;
    let taken: Vec<Case> =
        cases::all().into_iter().filter(|case| !matches!(case.verdict, Verdict::Refused(_))).collect();
    let mut wrong = Vec::new();
    for some in taken.chunks(TOGETHER) {
        for Case { name, event, .. } in some {
            world.queue.send(tenant.account.as_str(), name, &event.to_string(), world.now());
        }
        world.drain(&xero).await?;
        for Case { name, event, verdict, .. } in some {
            let read = Event::read(&event.to_string()).unwrap();
            let kind = if event.get("expense").is_some() { Kind::Expense } else { Kind::Invoice };
            let (account, id) = (tenant.account.clone(), read.subject().to_string());
            let key = RecordKey { account, tenant: tenant.id, kind, id };
            let Some(record) = world.shelf.peek(&key) else {
                wrong.push(format!("{name}: there is no record"));
                continue;
            };
            let is_removal = matches!(read.body, Body::InvoiceVoided(_) | Body::ExpenseDeleted(_));
            let is_update = matches!(read.body, Body::InvoiceUpdated(_) | Body::ExpenseUpdated(_));
            let is_over_nothing = match &read.body {
                Body::InvoiceCreated(invoice) | Body::InvoiceSent(invoice) => invoice.total.is_zero(),
                _ => false,
            };
            let cause = record.failure.as_ref().map(|failure| failure.cause);
            let fine = match verdict {
                // What was never made is not made by an edit, and never after it was taken back.
                Verdict::Taken if is_update => record.state() == State::Skipped,
                Verdict::Taken if is_removal => record.state() == State::Tombstone,
                // Xero counts an invoice over nothing as paid at once.
                Verdict::Taken if is_over_nothing => record.state() == State::Paid && record.remark.is_none(),
                Verdict::Taken => record.state() == State::Synced && record.remark.is_none(),
                Verdict::LeftOut => {
                    record.state() == State::Synced
                        && record.remark.as_ref().is_some_and(|said| said.contains("left out"))
                }
                Verdict::Kept => record.state() == State::Failed && cause.is_some_and(|cause| cause != Cause::Refused),
                Verdict::Refused(_) => false,
            };
            if !fine {
                wrong.push(format!("{name}: {:?}, {:?}, {:?}", record.state(), record.failure, record.remark));
            }
        }
    }
    assert!(world.queue.dead().is_empty(), "{:?}", world.queue.dead());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), taken.len(), wrong.join("\n"));
    Ok(())
}

#[tokio::test]
async fn what_came_by_the_queue_and_cannot_be_read_is_told_by_its_field_and_without_its_values() -> anyhow::Result<()> {
    let xero = Xero::start().await?;
    let mut world = xero.world().await?;
    let tenant = world.connect(&xero, "edge", &Wishes::default()).await?;
    let good = cases::all().remove(0).event;
    let with = |from: &str, to: &str| {
        let event = good.to_string();
        assert!(event.contains(from), "{from}");
        event.replace(from, to)
    };
    let large = with("Session", &"s".repeat(rules::event::MAX_BYTES));
    let sent = [
        ("no JSON", "{\"id\": \"evt_0\", ".to_owned(), None, "", RefusalDetail::NotJson),
        (
            "a total that is none",
            with("540.00", "ada@one.example"),
            Some("evt_0"),
            "invoice.total",
            RefusalDetail::WrongDecimal,
        ),
        ("somebody else's", with("acc_edge", "acc_else"), Some("evt_0"), "account_id", RefusalDetail::ForeignAccount),
        (
            "of another version",
            with("\"version\":1", "\"version\":9"),
            Some("evt_0"),
            "version",
            RefusalDetail::UnknownVersion,
        ),
        ("a booking", with("invoice.created", "booking.created"), Some("evt_0"), "type", RefusalDetail::NeverSynced),
        (
            "of a type with a typo",
            with("invoice.created", "invoice.crated"),
            Some("evt_0"),
            "type",
            RefusalDetail::UnknownType,
        ),
        ("larger than an event may be", large, Some("evt_0"), "", RefusalDetail::TooLarge),
    ];
    for (what, body, ..) in &sent {
        world.queue.send(tenant.account.as_str(), what, body, world.now());
    }
    world.drain(&xero).await?;
    let told = world.shelf.notifications();
    for (what, body, id, field, detail) in &sent {
        let expected =
            Details::EventRefused { event_id: id.map(str::to_owned), field: (*field).to_owned(), detail: *detail };
        let matching: Vec<&Notification> = told.iter().filter(|told| told.details == expected).collect();
        assert_eq!(matching.len(), 1, "{what}: {told:?}");
        assert!(matching.iter().all(|told| told.account_id == tenant.account), "{what}");
        let again =
            Event::read(body).err().map(|refusal| Notification::refused(&tenant.account, body, &refusal, world.now()));
        assert!(again.is_none_or(|again| again.id == matching[0].id), "{what}: a repeat has another id");
    }
    assert!(!serde_json::to_string(&told)?.contains("ada@"), "{told:?}");
    assert_eq!(world.queue.dead().len(), sent.len());
    Ok(())
}
