//! Hints: unpaid, part paid, paid, over paid, settled by credit, and back; what is old or repeated changes nothing.

use std::collections::BTreeSet;

use jiff::civil::date;
use rig::shelf::Trouble;
use rules::connection::ConnectedOrganisation;
use rules::notification::{Details, PAYMENT_NOTE};
use rules::payments::Outcome;
use rules::ports::{Clock as _, Connections as _, Written};
use rules::record::{Kind, State};
use rust_decimal::Decimal;
use serde_json::json;
use xero::models::InvoiceStatus;
use xero::{InvoiceId, TenantId};
use xero_stand_in::control::JournalQuery;

use crate::office::{CHANGED, MINUTE, Office, UNCHANGED};

#[tokio::test]
async fn a_payment_comes_in_parts_is_removed_and_comes_again() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let control = office.xero.side.control.clone();
    let (tenant, id) = (office.tenant.uuid(), office.invoice("a").await?);
    let document = *id.as_uuid();
    assert_eq!(office.hint(&[id]).await, UNCHANGED, "the echo of our own write");

    office.pass(MINUTE).await?;
    control.part_pay(tenant, document, 200.into()).await?;
    assert_eq!(office.hint(&[id]).await, CHANGED);
    assert_eq!(office.hint(&[id]).await, UNCHANGED, "a repeated event");
    assert_eq!(office.record("a").state(), State::PartPaid);

    office.pass(MINUTE).await?;
    let rest = control.pay_on(tenant, document, date(2026, 11, 25)).await?;
    assert_eq!(office.hint(&[id]).await, CHANGED);
    assert_eq!((office.record("a").state(), office.record("a").paid_on), (State::Paid, Some(date(2026, 11, 25))));

    office.pass(MINUTE).await?;
    control.remove_payment(tenant, rest).await?;
    assert_eq!(office.hint(&[id]).await, CHANGED);
    assert_eq!((office.record("a").state(), office.record("a").paid_on), (State::PartPaid, None));

    office.pass(MINUTE).await?;
    control.credit(tenant, document).await?;
    assert_eq!(office.hint(&[id]).await, CHANGED);
    let told = office.told();
    assert!(matches!(&told[0], Details::InvoicePartPaid { note, .. } if note == PAYMENT_NOTE), "{told:?}");
    assert!(matches!(&told[2], Details::InvoicePaymentReversed { .. }), "{told:?}");
    assert!(matches!(&told[3], Details::InvoicePaid { note, .. } if note.contains("credit")), "{told:?}");
    let paid: Vec<Decimal> = office.snapshots().iter().map(|it| it.amount_paid.unwrap()).collect();
    assert_eq!(paid, [200, 540, 200, 200].map(Decimal::from));
    assert_eq!(office.record("a").divergence, None);
    Ok(())
}

#[tokio::test]
async fn what_is_not_ours_costs_no_call_and_the_rest_one_together() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let (one, two) = (office.invoice("a").await?, office.invoice("b").await?);
    let foreign = InvoiceId::from_uuid(uuid::Uuid::new_v4());
    let before = office.reads().await?;
    assert_eq!(office.hint(&[foreign]).await, Outcome::Done { ours: 0, changed: 0 });
    assert_eq!(office.reads().await?, before);
    assert_eq!(office.hint(&[one, foreign, two]).await, Outcome::Done { ours: 2, changed: 0 });
    assert_eq!(office.reads().await?, before + 1);
    Ok(())
}

#[tokio::test]
async fn after_a_disconnect_hints_are_dropped_and_what_is_paid_stays_paid() -> anyhow::Result<()> {
    let mut office = Office::open().await?;
    let id = office.invoice("a").await?;
    let payment = office.xero.side.control.pay(office.tenant.uuid(), *id.as_uuid()).await?;
    assert_eq!(office.hint(&[id]).await, CHANGED);
    office.desk.holder = None;
    office.xero.side.control.remove_payment(office.tenant.uuid(), payment).await?;
    let before = office.reads().await?;
    assert_eq!(office.hint(&[id]).await, Outcome::Dropped);
    assert_eq!((office.record("a").state(), office.reads().await?), (State::Paid, before));
    Ok(())
}

#[tokio::test]
async fn a_hint_of_an_organisation_that_its_holder_has_left_for_another_is_dropped() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let id = office.invoice("a").await?;
    let mut connection = office.shelf.connection(&office.tenant.account).await?.unwrap();
    let left = connection.organisation.clone().unwrap();
    let tenant = TenantId::from_uuid(uuid::Uuid::new_v4());
    connection.choose(ConnectedOrganisation { tenant, ..left }, office.clock.now());
    assert_eq!(office.shelf.put_connection(&mut connection).await?, Written::Done);
    office.control().pay(office.tenant.uuid(), *id.as_uuid()).await?;
    let before = office.control().journal(&JournalQuery::default()).await?;
    assert_eq!(office.hint(&[id]).await, Outcome::Dropped);
    assert_eq!(office.control().journal(&JournalQuery::default()).await?.len(), before.len(), "Xero was asked");
    let after = office.shelf.connection(&office.tenant.account).await?;
    assert_eq!((office.record("a").state(), after), (State::Synced, Some(connection)), "it says nothing of the other");
    Ok(())
}

#[tokio::test]
async fn wherever_a_store_fails_the_payment_is_told_with_one_id_and_after_the_record() -> anyhow::Result<()> {
    let office = Office::open().await?;
    for (number, trouble) in (0..8).flat_map(|at| [(at, Trouble::FailsBefore), (at, Trouble::FailsAfter)]) {
        let name = format!("{number}-{trouble:?}");
        let id = office.invoice(&name).await?;
        office.xero.side.control.pay(office.tenant.uuid(), *id.as_uuid()).await?;
        office.shelf.order(number, trouble);
        let first = office.hint(&[id]).await;
        office.shelf.calm();
        let about = |told: &rules::notification::Notification| matches!(&told.details, Details::InvoicePaid { invoice_id, .. } if *invoice_id == name);
        if office.shelf.notifications().iter().any(about) {
            assert_eq!(office.record(&name).state(), State::Paid, "told before the record says so, after {first:?}");
        }
        office.hint(&[id]).await;
        assert_eq!(office.record(&name).state(), State::Paid);
        let ids: BTreeSet<String> =
            office.shelf.notifications().into_iter().filter(about).map(|told| told.id).collect();
        assert_eq!(ids.len(), 1, "{name}: {first:?}");
        office.pass(MINUTE).await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_invoice_that_is_paid_over_is_paid_and_the_log_says_by_how_much() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let id = office.invoice("a").await?;
    office.pass(MINUTE).await?;
    office.control().pay(office.tenant.uuid(), *id.as_uuid()).await?;
    let mut over = office.shown(id).await?;
    over["AmountPaid"] = json!(600.00);
    over["AmountDue"] = json!(-60.00);
    office.show(&over).await?;
    assert_eq!(office.hint(&[id]).await, CHANGED);
    let record = office.record("a");
    assert_eq!((record.state(), record.amounts.paid), (State::Paid, Some(600.into())));
    assert!(record.history.last().unwrap().message.contains("60.00 more than its total"), "{:?}", record.history);
    let told = office.told();
    assert!(matches!(&told[..], [Details::InvoicePaid { .. }]), "{told:?}");
    assert_eq!(office.snapshots()[0].amount_paid, Some(600.into()));
    Ok(())
}

#[tokio::test]
async fn what_xero_showed_before_changes_nothing_any_more() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let id = office.invoice("a").await?;
    let unpaid = office.shown(id).await?;
    office.pass(MINUTE).await?;
    office.control().part_pay(office.tenant.uuid(), *id.as_uuid(), 200.into()).await?;
    let part_paid = office.shown(id).await?;
    office.pass(MINUTE).await?;
    office.control().pay_on(office.tenant.uuid(), *id.as_uuid(), date(2026, 11, 25)).await?;
    assert_eq!(office.hint(&[id]).await, CHANGED);
    let paid = office.record("a");
    for stale in [&part_paid, &unpaid] {
        office.show(stale).await?;
        assert_eq!(office.hint(&[id]).await, UNCHANGED, "{stale}");
    }
    for _ in 0..3 {
        assert_eq!(office.hint(&[id]).await, UNCHANGED, "a repeat");
    }
    assert_eq!((office.record("a"), office.told().len()), (paid, 1));
    Ok(())
}

#[tokio::test]
async fn an_invoice_that_credit_settles_is_paid_and_the_note_says_so() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let id = office.invoice("a").await?;
    office.pass(MINUTE).await?;
    office.control().credit(office.tenant.uuid(), *id.as_uuid()).await?;
    assert_eq!(office.hint(&[id]).await, CHANGED);
    let told = office.told();
    let settled = |told: &Details| matches!(told, Details::InvoiceSettledByCredit { note, .. } if note == "Settled by credit in Xero");
    assert!(matches!(&told[..], [one] if settled(one)), "{told:?}");
    assert_eq!((office.record("a").state(), office.record("a").amounts.credited), (State::Paid, Some(540.into())));
    Ok(())
}

#[tokio::test]
async fn a_removed_payment_opens_the_invoice_again_with_what_is_due() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let id = office.invoice("a").await?;
    let payment = office.control().pay(office.tenant.uuid(), *id.as_uuid()).await?;
    assert_eq!(office.hint(&[id]).await, CHANGED);
    assert!(!office.record("a").is_open());
    office.pass(MINUTE).await?;
    office.control().remove_payment(office.tenant.uuid(), payment).await?;
    assert_eq!(office.hint(&[id]).await, CHANGED);
    assert_eq!(office.hint(&[id]).await, UNCHANGED);
    let record = office.record("a");
    assert_eq!((record.state(), record.paid_on, record.is_open()), (State::Synced, None, true));
    let told = office.told();
    assert!(matches!(&told[..], [Details::InvoicePaid { .. }, Details::InvoicePaymentReversed { .. }]), "{told:?}");
    assert_eq!(office.snapshots()[1].amount_due, Some(540.into()));

    // The payment comes back: a change of its own, with a notification of its own.
    office.pass(MINUTE).await?;
    office.control().pay(office.tenant.uuid(), *id.as_uuid()).await?;
    assert_eq!(office.hint(&[id]).await, CHANGED);
    let ids: BTreeSet<String> = office.shelf.notifications().into_iter().map(|told| told.id).collect();
    assert_eq!((office.record("a").state(), ids.len()), (State::Paid, 3));
    Ok(())
}

#[tokio::test]
async fn an_invoice_over_nothing_counts_as_settled_and_the_note_claims_no_payment() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let id = office.document("a", Kind::Invoice, InvoiceStatus::Authorised, Decimal::ZERO).await?;
    office.pass(MINUTE).await?;
    assert_eq!(office.hint(&[id]).await, CHANGED);
    assert_eq!(office.hint(&[id]).await, UNCHANGED);
    let told = office.told();
    assert!(
        matches!(&told[..], [Details::InvoiceSettledByCredit { note, .. }] if note == "Nothing was due in Xero"),
        "{told:?}"
    );
    assert_eq!(office.record("a").state(), State::Paid);
    Ok(())
}

#[tokio::test]
async fn a_paid_bill_says_so_and_is_told_to_nobody() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let id = office.document("a", Kind::Expense, InvoiceStatus::Authorised, 10.into()).await?;
    office.pass(MINUTE).await?;
    office.control().pay(office.tenant.uuid(), *id.as_uuid()).await?;
    office.hint(&[id]).await;
    assert_eq!((office.expense("a").state(), office.told().len()), (State::Paid, 0));
    assert_eq!(office.expense("a").divergence, None);
    Ok(())
}
