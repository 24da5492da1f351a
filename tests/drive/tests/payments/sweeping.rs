//! The sweep: what webhooks missed is found by what changed since, and now and then by its id.

use rules::divergence::Change;
use rules::notification::Details;
use rules::payments::Outcome;
use rules::payments::sweep::{MAX_PAGES, Swept};
use rules::ports::Clock as _;
use rules::record::{Kind, Standing, State};
use serde_json::{Value, json};
use xero::models::InvoiceStatus;
use xero_stand_in::control::{Act, Fault, FaultKind, JournalQuery};

use crate::office::{CHANGED, HOUR, MINUTE, Office, UNCHANGED};

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
    assert!(calls <= 3, "{calls} calls");
    office.pass(HOUR).await?;
    assert_eq!(office.sweep().await, Swept::Done { calls: 1, found: 0 }, "what is paid may be taken back");
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
    let (before, began) = (office.reads().await?, office.clock.now());
    assert!(matches!(office.sweep().await, Swept::Again(_)));
    assert_eq!(office.reads().await? - before, usize::try_from(MAX_PAGES)?);
    assert_eq!(office.record("ours").state(), State::Synced);
    office.pass(MINUTE).await?;
    let Swept::Done { calls, found } = office.sweep().await else { panic!("the second run ends") };
    assert_eq!((found, office.record("ours").state()), (1, State::Paid));
    assert!(calls <= 3, "{calls} calls");
    let mark = office.desk.standing.lock().unwrap().as_ref().map(|standing| standing.swept_to);
    assert_eq!(mark, Some(began), "what changed since it began is looked at again");
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

#[tokio::test]
async fn a_payment_taken_back_is_found_by_the_first_sweep_and_by_the_next_with_nothing_else_open() -> anyhow::Result<()>
{
    for swept_before in [false, true] {
        let office = Office::open().await?;
        let id = office.invoice("a").await?;
        if swept_before {
            office.sweep().await;
        }
        let payment = office.control().pay(office.tenant.uuid(), *id.as_uuid()).await?;
        assert_eq!(office.hint(&[id]).await, CHANGED);
        office.pass(HOUR).await?;
        office.control().remove_payment(office.tenant.uuid(), payment).await?;
        office.pass(MINUTE).await?;
        let Swept::Done { calls, found } = office.sweep().await else { panic!("the sweep is done") };
        assert_eq!((found, office.record("a").state()), (1, State::Synced), "swept before: {swept_before}");
        assert!(calls <= 2, "{calls} calls");
        let told = office.told();
        assert!(matches!(told.last(), Some(Details::InvoicePaymentReversed { .. })), "{told:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_payment_taken_back_without_a_trace_is_found_within_a_week_and_then_asked_for_each_time() -> anyhow::Result<()>
{
    let office = Office::open().await?;
    let (id, tenant) = (office.invoice("a").await?, office.tenant.uuid());
    office.sweep().await;
    let payment = office.control().pay(tenant, *id.as_uuid()).await?;
    assert_eq!(office.hint(&[id]).await, CHANGED);
    office.pass(MINUTE).await?;
    office.control().remove_payment(tenant, payment).await?;
    // No list of what has changed shows it.
    office.pass(HOUR).await?;
    office.desk.standing.lock().unwrap().as_mut().unwrap().swept_to = office.clock.now();
    let mut hours = 0;
    while office.record("a").state() == State::Paid {
        assert!(hours <= 7 * 24, "nothing was found within a week");
        office.pass(HOUR).await?;
        hours += 1;
        office.sweep().await;
    }
    assert!(hours > 24, "the listing of changes cannot show it");
    // It is not listed as this app's, so from now on it is read by its id.
    assert!(office.record("a").reference.unwrap().foreign);
    office.pass(HOUR).await?;
    assert_eq!(office.sweep().await, Swept::Done { calls: 2, found: 0 });
    Ok(())
}

#[tokio::test]
async fn a_sweep_finds_paid_bills_and_drafts_that_were_deleted() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let bill = office.document("a", Kind::Expense, InvoiceStatus::Authorised, 10.into()).await?;
    let draft = office.document("b", Kind::Invoice, InvoiceStatus::Draft, 150.into()).await?;
    office.sweep().await;
    office.pass(HOUR).await?;
    office.control().pay(office.tenant.uuid(), *bill.as_uuid()).await?;
    office.control().void(office.tenant.uuid(), *draft.as_uuid()).await?;
    office.pass(MINUTE).await?;
    assert_eq!(office.sweep().await, Swept::Done { calls: 1, found: 2 });
    assert_eq!((office.expense("a").state(), office.record("b").stands), (State::Paid, Standing::Deleted));
    Ok(())
}

#[tokio::test]
async fn while_xero_is_out_hints_are_over_at_once_and_one_sweep_reads_what_they_told() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let (one, two) = (office.invoice("a").await?, office.invoice("b").await?);
    office.sweep().await;
    office.pass(MINUTE).await?;
    for id in [one, two] {
        office.control().pay(office.tenant.uuid(), *id.as_uuid()).await?;
    }
    office.control().fault(&Fault::once("getInvoices", FaultKind::ServerErrorBefore).times(1_000)).await?;
    for id in [one, two, one] {
        assert_eq!(office.hint(&[id]).await, Outcome::Postponed);
    }
    assert_eq!(*office.desk.planned.lock().unwrap(), [MINUTE], "once for all of them");
    // It is still out when the sweep comes: planned again, and nothing is received twice.
    office.pass(MINUTE).await?;
    assert_eq!(office.sweep().await, Swept::Postponed);
    assert_eq!(office.desk.planned.lock().unwrap().len(), 2);
    office.control().clear_faults().await?;
    office.pass(MINUTE).await?;
    assert_eq!(office.sweep().await, Swept::Done { calls: 1, found: 2 }, "however recent the last one is");
    assert_eq!((office.record("a").state(), office.record("b").state()), (State::Paid, State::Paid));
    assert_eq!(office.sweep().await, Swept::NotDue);
    Ok(())
}

#[tokio::test]
async fn the_echo_of_our_own_write_costs_no_call_and_no_write() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let id = office.invoice("a").await?;
    let (written, reads) = (office.record("a"), office.reads().await?);
    let updated = written.reference.as_ref().unwrap().updated_at.unwrap();
    assert_eq!(office.hint_of(id, updated).await, UNCHANGED);
    assert_eq!((office.record("a"), office.reads().await?), (written, reads));
    office.pass(MINUTE).await?;
    office.control().pay(office.tenant.uuid(), *id.as_uuid()).await?;
    assert_eq!(office.hint_of(id, office.clock.now()).await, CHANGED);
    Ok(())
}

/// Every invoice in the organisation.
async fn all(office: &Office) -> anyhow::Result<Vec<uuid::Uuid>> {
    let all = office.control().snapshot(office.tenant.uuid()).await?;
    let invoices = all.get("Invoices").and_then(Value::as_array).unwrap();
    let ids = invoices.iter().map(|invoice| invoice.get("InvoiceID").and_then(Value::as_str).unwrap().parse());
    Ok(ids.collect::<Result<_, _>>()?)
}
