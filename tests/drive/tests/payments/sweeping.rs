//! The sweep: what webhooks missed is found by what changed since, and now and then by its id.

use rules::divergence::Change;
use rules::payments::sweep::{MAX_PAGES, Swept};
use rules::record::{Kind, State};
use serde_json::{Value, json};
use xero_stand_in::control::{Act, JournalQuery};

use crate::office::{HOUR, MINUTE, Office};

#[tokio::test]
async fn with_all_webhooks_lost_the_sweep_alone_finds_every_payment() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let (control, tenant) = (office.xero.side.control.clone(), office.tenant.uuid());
    assert_eq!((office.sweep().await, office.reads().await?), (Swept::Idle, 0), "nothing is open: no call");
    let (one, two) = (office.invoice("a").await?, office.invoice("b").await?);
    assert_eq!(office.sweep().await, Swept::Done { calls: 1, found: 0 });
    assert_eq!(office.sweep().await, Swept::NotDue);
    office.pass(HOUR).await?;
    control.pay(tenant, *one.as_uuid()).await?;
    assert_eq!(office.sweep().await, Swept::Done { calls: 1, found: 1 });
    assert_eq!(office.record("a").state(), State::Paid);
    office.pass(HOUR * 24 * 8).await?;
    control.pay(tenant, *two.as_uuid()).await?;
    let Swept::Done { calls, found } = office.sweep().await else { panic!("the sweep is due") };
    assert_eq!(found, 1);
    assert!(calls <= 2, "{calls} calls");
    office.pass(HOUR).await?;
    assert_eq!(office.sweep().await, Swept::Idle);
    assert_eq!(office.told().len(), 2);
    let since = JournalQuery { tenant: Some(tenant), ..JournalQuery::default() };
    assert!(control.journal(&since).await?.iter().any(|entry| entry.if_modified_since.is_some()));
    Ok(())
}

#[tokio::test]
async fn a_sweep_reads_as_many_pages_as_there_are() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let first = office.invoice("first").await?;
    assert_eq!(office.sweep().await, Swept::Done { calls: 1, found: 0 });
    for (number, invoice) in office.many(150).await?.iter().enumerate() {
        office.note(&format!("many-{number}"), Kind::Invoice, invoice).await?;
    }
    office.pass(HOUR).await?;
    for id in all(&office).await? {
        // Some seconds apart, so that the second page begins with a change of its own.
        office.control().pay(office.tenant.uuid(), id).await?;
        office.control().advance_clock(1).await?;
    }
    office.clock.advance(HOUR);
    let Swept::Done { calls, found } = office.sweep().await else { panic!("the sweep is done") };
    assert_eq!((calls, found), (2, 151));
    assert_eq!(office.record("many-149").state(), State::Paid);
    assert!(!office.record("first").is_open(), "{first}");
    assert_eq!(office.told().len(), 151);
    Ok(())
}

#[tokio::test]
async fn more_than_one_run_can_read_is_read_by_the_next_even_if_it_all_changed_at_once() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let ours = office.invoice("ours").await?;
    assert_eq!(office.sweep().await, Swept::Done { calls: 1, found: 0 });
    // Documents of the same app, none of which has a record: all of the same moment, before the payment.
    office.pass(HOUR).await?;
    office.many(usize::try_from(MAX_PAGES)? * 100 + 50).await?;
    office.pass(MINUTE).await?;
    office.control().pay(office.tenant.uuid(), *ours.as_uuid()).await?;
    let before = office.reads().await?;
    assert!(matches!(office.sweep().await, Swept::Again(_)));
    assert_eq!(office.reads().await? - before, usize::try_from(MAX_PAGES)?);
    assert_eq!(office.record("ours").state(), State::Synced);
    office.pass(MINUTE).await?;
    let Swept::Done { calls, found } = office.sweep().await else { panic!("the second run ends") };
    assert_eq!((found, office.record("ours").state()), (1, State::Paid));
    assert!(calls <= 3, "{calls} calls");
    office.invoice("another").await?;
    assert_eq!(office.sweep().await, Swept::NotDue, "nothing is left over");
    Ok(())
}

#[tokio::test]
async fn a_change_that_moves_no_date_is_found_within_a_week() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let id = office.invoice("a").await?;
    assert_eq!(office.sweep().await, Swept::Done { calls: 1, found: 0 });
    office.pass(MINUTE).await?;
    office.control().part_pay(office.tenant.uuid(), *id.as_uuid(), 200.into()).await?;
    office.pass(HOUR).await?;
    assert_eq!(office.sweep().await, Swept::Done { calls: 1, found: 1 });
    // On a part-paid document a new due date does not raise the date of change.
    let fields = json!({ "DueDate": "2027-02-28" });
    office.control().act(office.tenant.uuid(), &Act::EditInvoice { invoice: *id.as_uuid(), fields }).await?;
    let (mut hours, mut by_id) = (0, 0);
    while office.record("a").divergence.is_none() {
        assert!(hours <= 7 * 24, "nothing was found within a week");
        office.pass(HOUR).await?;
        hours += 1;
        let Swept::Done { calls, .. } = office.sweep().await else { panic!("a sweep is due every hour") };
        by_id += calls - 1;
    }
    assert!(hours > 24, "the hourly listing cannot show it");
    assert_eq!(by_id, 1, "documents are asked for by their ids once a week");
    assert_eq!(office.record("a").divergence.unwrap().change, Change::Edited);
    Ok(())
}

/// Every invoice in the organisation.
async fn all(office: &Office) -> anyhow::Result<Vec<uuid::Uuid>> {
    let all = office.control().snapshot(office.tenant.uuid()).await?;
    let invoices = all.get("Invoices").and_then(Value::as_array).unwrap();
    let ids = invoices.iter().map(|invoice| invoice.get("InvoiceID").and_then(Value::as_str).unwrap().parse());
    Ok(ids.collect::<Result<_, _>>()?)
}
