//! Numbers that are taken: by what we voided, by another invoice of ours, by a stranger.

use super::lab::{Lab, invoice, said, same};
use rules::failure::Cause;
use rules::record::Kind;
use serde_json::{Value, json};
use xero_stand_in::control::Act;

fn seven(invoice: &mut Value) {
    invoice["number"] = json!("SES-7");
}

fn cause(lab: &Lab, id: &str) -> Option<Cause> {
    lab.invoice(id).failure.map(|failure| failure.cause)
}

#[tokio::test]
async fn the_number_of_what_we_voided_is_told_as_that() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", seven)).await?;
    lab.run(invoice("invoice.voided", "a", seven)).await?;
    // Another invoice, and the same one made again.
    lab.run(invoice("invoice.created", "b", seven)).await?;
    lab.run(invoice("invoice.created", "a", seven)).await?;
    for id in ["a", "b"] {
        assert_eq!(cause(&lab, id), Some(Cause::NumberVoided), "{id}");
        assert!(said(&lab.invoice(id)).contains("keeps the number of a voided invoice"), "{}", said(&lab.invoice(id)));
    }
    // The advice: another number.
    lab.run(invoice("invoice.created", "b", |i| i["number"] = json!("SES-8"))).await?;
    assert_eq!((cause(&lab, "b"), lab.invoice("b").number.as_str()), (None, "SES-8"));
    Ok(())
}

#[tokio::test]
async fn where_xero_lets_go_of_a_number_it_is_used() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.xero.side.control.set_switches(&json!({ "numbers_come_back": true })).await?;
    lab.run(invoice("invoice.created", "a", seven)).await?;
    lab.run(invoice("invoice.voided", "a", seven)).await?;
    lab.run(invoice("invoice.created", "b", seven)).await?;
    assert_eq!(cause(&lab, "b"), None);
    Ok(())
}

#[tokio::test]
async fn the_number_of_another_invoice_of_ours_is_told_as_ours() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", seven)).await?;
    lab.run(invoice("invoice.created", "b", seven)).await?;
    assert_eq!(cause(&lab, "b"), Some(Cause::NumberOfAnother));
    // By an update as well.
    lab.run(invoice("invoice.created", "c", same)).await?;
    lab.run(invoice("invoice.updated", "c", seven)).await?;
    assert_eq!(cause(&lab, "c"), Some(Cause::NumberOfAnother));
    // The advice: one of them gets another number.
    lab.run(invoice("invoice.updated", "a", |i| i["number"] = json!("SES-9"))).await?;
    lab.retry(Kind::Invoice, "b").await?;
    assert_eq!((cause(&lab, "a"), cause(&lab, "b")), (None, None));
    Ok(())
}

#[tokio::test]
async fn a_strangers_number_is_told_as_a_strangers_with_its_link() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    let contact = lab.document().await?.contact;
    let fields = json!({
        "Type": "ACCREC", "Status": "AUTHORISED", "InvoiceNumber": "SES-7", "Contact": { "ContactID": contact },
        "Date": "2026-11-01", "DueDate": "2026-12-01", "LineAmountTypes": "Exclusive",
        "LineItems": [{ "Description": "By hand", "Quantity": 1, "UnitAmount": 5.0, "AccountCode": "200" }],
    });
    lab.act(&Act::CreateInvoice { fields }).await?;
    lab.run(invoice("invoice.created", "b", seven)).await?;
    assert_eq!(cause(&lab, "b"), Some(Cause::NumberClash));
    let said = said(&lab.invoice("b"));
    assert!(said.contains("https://go.xero.com/") && said.contains("did not make"), "{said}");
    Ok(())
}
