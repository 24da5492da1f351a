//! Documents that were changed in Xero: the record says so and what can be done, and nothing is written back.

use rules::action::Action;
use rules::divergence::Change;
use rules::payments::Outcome;
use rules::record::{Kind, State};
use serde_json::json;
use xero::InvoiceId;
use xero::models::InvoiceStatus;
use xero_stand_in::control::Act;

use crate::office::{CHANGED, HOUR, MINUTE, Office, UNCHANGED};

#[tokio::test]
async fn an_edit_or_a_void_in_xero_shows_in_the_record_and_changes_nothing_else() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let (edited, voided) = (office.invoice("a").await?, office.invoice("b").await?);
    let (control, tenant) = (office.xero.side.control.clone(), office.tenant.uuid());
    office.pass(MINUTE).await?;
    let fields = json!({ "Reference": "changed by the bookkeeper" });
    control.act(tenant, &Act::EditInvoice { invoice: *edited.as_uuid(), fields }).await?;
    control.void(tenant, *voided.as_uuid()).await?;
    assert_eq!(office.hint(&[edited, voided]).await, Outcome::Done { ours: 2, changed: 2 });
    assert_eq!(office.hint(&[edited, voided]).await, Outcome::Done { ours: 2, changed: 0 });
    let shown = office.record("a").divergence.unwrap();
    assert_eq!((shown.change, shown.action), (Change::Edited, Action::OpenXero));
    assert!(shown.message.starts_with("Changed in Xero on 22 November 2026"), "{}", shown.message);
    let shown = office.record("b").divergence.unwrap();
    assert_eq!((shown.change, shown.action), (Change::Voided, Action::Void));
    assert!(office.record("a").is_open() && !office.record("b").is_open());
    assert_eq!((office.record("b").state(), office.told().len()), (State::Synced, 0));
    Ok(())
}

async fn edit(office: &Office, invoice: InvoiceId, fields: serde_json::Value) -> anyhow::Result<()> {
    office.pass(MINUTE).await?;
    office.control().act(office.tenant.uuid(), &Act::EditInvoice { invoice: *invoice.as_uuid(), fields }).await?;
    Ok(())
}

#[tokio::test]
async fn an_edit_that_is_taken_back_in_xero_leaves_the_record_as_it_was() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let id = office.invoice("a").await?;
    edit(&office, id, json!({ "DueDate": "2027-01-31" })).await?;
    assert_eq!(office.hint(&[id]).await, CHANGED);
    assert_eq!(office.record("a").divergence.map(|shown| shown.change), Some(Change::Edited));
    edit(&office, id, json!({ "DueDate": "2026-12-22" })).await?;
    assert_eq!(office.hint(&[id]).await, CHANGED);
    assert_eq!(office.hint(&[id]).await, UNCHANGED);
    let record = office.record("a");
    assert_eq!((record.state(), record.divergence), (State::Synced, None));
    assert_eq!(record.history.last().unwrap().message, "In Xero it is again as it was sent");
    assert!(office.told().is_empty());
    Ok(())
}

#[tokio::test]
async fn an_edit_and_its_return_between_two_looks_are_never_noticed() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let id = office.invoice("a").await?;
    edit(&office, id, json!({ "Reference": "PO 78" })).await?;
    edit(&office, id, json!({ "Reference": "" })).await?;
    office.hint(&[id]).await;
    assert_eq!((office.record("a").divergence, office.record("a").history.len()), (None, 1));
    Ok(())
}

#[tokio::test]
async fn a_draft_that_is_deleted_in_xero_says_so_in_its_record() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let invoice = office.document("a", Kind::Invoice, InvoiceStatus::Draft, 150.into()).await?;
    let bill = office.document("b", Kind::Expense, InvoiceStatus::Draft, 10.into()).await?;
    assert!(office.record("a").is_open());
    office.pass(MINUTE).await?;
    for draft in [invoice, bill] {
        office.control().void(office.tenant.uuid(), *draft.as_uuid()).await?;
        assert_eq!(office.shown(draft).await?["Status"], "DELETED");
        assert_eq!(office.hint(&[draft]).await, CHANGED);
        assert_eq!(office.hint(&[draft]).await, UNCHANGED);
    }
    for record in [office.record("a"), office.expense("b")] {
        let shown = record.divergence.clone().unwrap();
        assert_eq!((shown.change, shown.action, record.state()), (Change::Deleted, Action::Void, State::Synced));
        assert!(shown.message.starts_with("Deleted in Xero on 22 November 2026"), "{}", shown.message);
        assert!(!record.is_open());
    }
    assert!(office.told().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_payment_counts_on_a_document_that_was_edited_before() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let id = office.invoice("a").await?;
    edit(&office, id, json!({ "Reference": "PO 78" })).await?;
    assert_eq!(office.hint(&[id]).await, CHANGED);
    office.pass(HOUR).await?;
    office.control().pay(office.tenant.uuid(), *id.as_uuid()).await?;
    assert_eq!(office.hint(&[id]).await, CHANGED);
    let record = office.record("a");
    assert_eq!((record.state(), record.divergence.unwrap().change), (State::Paid, Change::Edited));
    assert_eq!(office.told().len(), 1);
    Ok(())
}
