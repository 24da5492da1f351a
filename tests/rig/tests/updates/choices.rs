//! What the user chooses for a document that was changed in Xero.

use super::decimal;
use super::lab::{HOUR, Lab, invoice, price, said, same};
use rules::choice::{ChoiceOutcome, DocumentChoice};
use rules::divergence::{Change, Divergence};
use rules::failure::Cause;
use rules::ports::Records as _;
use rules::record::{Kind, Standing};
use serde_json::{Value, json};
use xero_stand_in::control::Act;

/// An invoice that the bookkeeper made dearer: 180.00 in Xero and 120.00 in Sessional.
async fn diverged() -> anyhow::Result<Lab> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    let line = lab.shown().await?["LineItems"][0]["LineItemID"].clone();
    let dearer = json!({ "LineItems": [
        { "LineItemID": line, "Description": "Studio session", "Quantity": 1, "UnitAmount": 150.0, "AccountCode": "200" },
    ] });
    lab.act(&Act::EditInvoice { invoice: lab.id(Kind::Invoice, "a"), fields: dearer }).await?;
    lab.pass(HOUR).await?;
    let mut record = lab.invoice("a");
    record.divergence = Some(Divergence::new(Change::Edited, vec![], jiff::civil::date(2026, 11, 22), true));
    assert_eq!(lab.world.shelf.put_record(&mut record).await?, rules::ports::Written::Done);
    Ok(lab)
}

async fn choose(lab: &Lab, choice: DocumentChoice) -> anyhow::Result<Result<ChoiceOutcome, &'static str>> {
    let mut record = lab.invoice("a");
    let outcome = choice.apply(&mut record, lab.world.now());
    assert_eq!(lab.world.shelf.put_record(&mut record).await?, rules::ports::Written::Done);
    Ok(outcome)
}

fn with_travel(i: &mut Value) {
    let line = json!({ "description": "Travel", "quantity": "1", "unit_amount": "10.00", "tax_rate": "20" });
    i["lines"].as_array_mut().expect("it has lines").push(line);
    i["total"] = json!("132.00");
}

#[tokio::test]
async fn xeros_version_is_taken_and_later_edits_send_only_what_changes() -> anyhow::Result<()> {
    let mut lab = diverged().await?;
    assert_eq!(choose(&lab, DocumentChoice::Adopt).await?, Ok(ChoiceOutcome::Done));
    assert_eq!(lab.invoice("a").divergence, None);
    lab.run(invoice("invoice.updated", "a", with_travel)).await?;
    assert_eq!(said(&lab.invoice("a")), "");
    assert_eq!(lab.document().await?.total, decimal("192"), "the dearer line stays, and the new one is there");
    Ok(())
}

#[tokio::test]
async fn sessionals_version_is_written_over_xeros_as_soon_as_it_is_known() -> anyhow::Result<()> {
    // Its content is not kept, so Sessional sends it once more, unchanged.
    let mut lab = diverged().await?;
    assert_eq!(choose(&lab, DocumentChoice::Push).await?, Ok(ChoiceOutcome::SendAgain));
    lab.run(invoice("invoice.updated", "a", same)).await?;
    assert_eq!((lab.document().await?.total, lab.invoice("a").divergence), (decimal("120"), None));

    // What waits for somebody has it.
    let mut lab = diverged().await?;
    lab.run(invoice("invoice.updated", "a", with_travel)).await?;
    assert_eq!(lab.invoice("a").failure.map(|failure| failure.cause), Some(Cause::TotalDiffers));
    assert_eq!(choose(&lab, DocumentChoice::Push).await?, Ok(ChoiceOutcome::Run));
    lab.retry(Kind::Invoice, "a").await?;
    assert_eq!((said(&lab.invoice("a")), lab.document().await?.total), (String::new(), decimal("132")));
    Ok(())
}

#[tokio::test]
async fn what_is_linked_no_more_is_left_alone_for_good() -> anyhow::Result<()> {
    let mut lab = diverged().await?;
    assert_eq!(choose(&lab, DocumentChoice::Unlink).await?, Ok(ChoiceOutcome::Done));
    lab.run(invoice("invoice.updated", "a", price("500.00", "600.00"))).await?;
    lab.run(invoice("invoice.voided", "a", same)).await?;
    lab.run(invoice("invoice.created", "a", price("500.00", "600.00"))).await?;
    let (document, record) = (lab.document().await?, lab.invoice("a"));
    assert_eq!((document.total, document.status.as_str()), (decimal("180"), "AUTHORISED"));
    assert_eq!((record.stands, record.failure), (Standing::Unlinked, None));
    Ok(())
}

#[tokio::test]
async fn what_is_paid_is_not_written_over_and_what_agrees_is_not_chosen_about() -> anyhow::Result<()> {
    let lab = diverged().await?;
    lab.hear(Kind::Invoice, "a", Standing::Paid).await?;
    assert!(choose(&lab, DocumentChoice::Push).await?.is_err());
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    assert!(choose(&lab, DocumentChoice::Adopt).await?.is_err());
    Ok(())
}
