//! Documents that were changed in Xero: the record says so and what can be done, and nothing is written back.

use rules::action::Action;
use rules::divergence::{Change, ChangedField};
use rules::failure::{Cause, Failure};
use rules::notification::Details;
use rules::payments::Outcome;
use rules::ports::{Clock as _, Records as _, Written};
use rules::record::{Kind, Standing, State, UnderWay, WaitReason};
use serde_json::json;
use xero::InvoiceId;
use xero::models::InvoiceStatus;
use xero_stand_in::control::Act;

use crate::office::{CHANGED, HOUR, MINUTE, MOMENT, Office, UNCHANGED};

#[tokio::test]
async fn an_edit_or_a_void_in_xero_shows_in_the_record_and_changes_nothing_else() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let (edited, voided) = (office.invoice("a").await?, office.invoice("b").await?);
    let (control, tenant) = (office.xero.side.control.clone(), office.tenant.uuid());
    office.pass(MINUTE).await?;
    let fields = json!({ "Reference": "changed by the bookkeeper" });
    control.act(tenant, &Act::EditInvoice { invoice: *edited.as_uuid(), fields }).await?;
    control.void(tenant, *voided.as_uuid()).await?;
    assert_eq!(office.hint(&[edited, voided]).await, Outcome::Again(MOMENT), "it may be a write of our own");
    office.pass(MOMENT).await?;
    assert_eq!(office.hint(&[edited, voided]).await, Outcome::Done { ours: 2, changed: 2 });
    assert_eq!(office.hint(&[edited, voided]).await, Outcome::Done { ours: 2, changed: 0 });
    let shown = office.record("a").divergence.unwrap();
    assert_eq!((shown.change, shown.action), (Change::Edited, Action::OpenXero));
    assert!(shown.message.starts_with("Changed in Xero on 22 November 2026"), "{}", shown.message);
    let shown = office.record("b").divergence.unwrap();
    assert_eq!((shown.change, shown.action), (Change::Voided, Action::Void));
    assert!(office.record("a").is_open() && !office.record("b").is_open());
    assert_eq!((office.record("b").state(), office.record("b").amounts.due), (State::Voided, Some(0.into())));
    let told = office.told();
    assert!(matches!(&told[..], [Details::RecordDiverged { .. }, Details::RecordDiverged { .. }]), "{told:?}");
    Ok(())
}

async fn edit(office: &Office, invoice: InvoiceId, fields: serde_json::Value) -> anyhow::Result<()> {
    office.pass(MINUTE).await?;
    office.control().act(office.tenant.uuid(), &Act::EditInvoice { invoice: *invoice.as_uuid(), fields }).await?;
    office.pass(MOMENT).await?;
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
    // The edit, and that it is gone.
    let told = office.told();
    let fields = vec![ChangedField::DueDate];
    assert!(matches!(&told[0], Details::RecordDiverged { fields: told, .. } if *told == fields), "{told:?}");
    assert!(matches!(&told[1..], [Details::RecordSynced { .. }]), "{told:?}");
    assert_eq!(office.snapshots()[1].divergence, None);
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
        office.pass(MOMENT).await?;
        assert_eq!(office.hint(&[draft]).await, CHANGED);
        assert_eq!(office.hint(&[draft]).await, UNCHANGED);
    }
    for record in [office.record("a"), office.expense("b")] {
        let shown = record.divergence.clone().unwrap();
        assert_eq!((shown.change, shown.action, record.state()), (Change::Deleted, Action::Void, State::Voided));
        assert!(shown.message.starts_with("Deleted in Xero on 22 November 2026"), "{}", shown.message);
        assert!(!record.is_open());
    }
    assert_eq!(office.told().len(), 2);
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
    let told = office.told();
    assert!(matches!(&told[..], [Details::RecordDiverged { .. }, Details::InvoicePaid { .. }]), "{told:?}");
    Ok(())
}

#[tokio::test]
async fn every_edit_is_told_once_and_names_what_was_changed() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let id = office.invoice("a").await?;
    for fields in [json!({ "Date": "2026-11-21" }), json!({ "Reference": "PO 78" })] {
        edit(&office, id, fields).await?;
        assert_eq!((office.hint(&[id]).await, office.hint(&[id]).await), (CHANGED, UNCHANGED));
    }
    let told = office.told();
    let fields = |told: &Details| match told {
        Details::RecordDiverged { fields, .. } => fields.clone(),
        other => panic!("{other:?}"),
    };
    let expected = [vec![ChangedField::Date], vec![ChangedField::Date, ChangedField::Reference]];
    assert_eq!(told.iter().map(fields).collect::<Vec<_>>(), expected);
    Ok(())
}

#[tokio::test]
async fn a_merged_contact_and_another_code_of_an_account_are_no_divergence() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let (one, other) = (office.invoice("a").await?, office.invoice("b").await?);
    office.pass(MINUTE).await?;
    let (control, tenant) = (office.control(), office.tenant.uuid());
    let contact = |shown: &serde_json::Value| shown["Contact"]["ContactID"].as_str().unwrap().parse();
    let (loser, winner) = (contact(&office.shown(one).await?)?, contact(&office.shown(other).await?)?);
    control.merge_contacts(tenant, loser, winner).await?;
    control.act(tenant, &Act::RecodeAccount { code: "200".into(), to: "2000".into() }).await?;
    control.part_pay(tenant, *one.as_uuid(), 200.into()).await?;
    office.pass(MOMENT).await?;
    assert_eq!((office.hint(&[one]).await, office.hint(&[one]).await), (CHANGED, UNCHANGED));
    let record = office.record("a");
    assert_eq!((record.state(), record.divergence), (State::PartPaid, None));
    // For somebody else, who is not the same contact, it is one.
    edit(&office, other, json!({ "Contact": { "ContactID": new_contact(&office).await? } })).await?;
    assert_eq!(office.hint(&[other]).await, CHANGED);
    assert_eq!(office.record("b").divergence.unwrap().fields, [ChangedField::Contact]);
    Ok(())
}

async fn new_contact(office: &Office) -> anyhow::Result<uuid::Uuid> {
    let act = Act::CreateContact { fields: json!({ "Name": "Somebody else" }) };
    Ok(office.control().act(office.tenant.uuid(), &act).await?.id.unwrap())
}

#[tokio::test]
async fn while_a_write_of_our_own_is_under_way_nothing_is_called_an_edit() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let id = office.invoice("a").await?;
    let mut record = office.record("a");
    let failure = Failure::new(Cause::AnswerLost, "The answer was lost.", Action::Wait);
    record.wait(WaitReason::Answer, failure, office.clock.now(), office.clock.now());
    assert_eq!(office.shelf.put_record(&mut record).await?, Written::Done);
    edit(&office, id, json!({ "Reference": "PO 78" })).await?;
    office.control().pay(office.tenant.uuid(), *id.as_uuid()).await?;
    assert_eq!(office.hint(&[id]).await, CHANGED);
    let record = office.record("a");
    assert_eq!((record.stands, record.under_way, record.divergence), (Standing::Paid, UnderWay::Waiting, None));
    Ok(())
}
