//! Numbers that are taken: by what we voided, by another invoice of ours, by a stranger.

use super::lab::{Lab, invoice, said, same};
use rules::failure::Cause;
use rules::record::{Kind, Standing, State, UnderWay, WaitReason};
use serde_json::{Value, json};
use xero_stand_in::control::{Act, FaultKind, JournalQuery};

fn seven(invoice: &mut Value) {
    invoice["number"] = json!("SES-7");
}

fn eight(invoice: &mut Value) {
    invoice["number"] = json!("SES-8");
}

/// Both invoices are in Xero, under these numbers, and nothing failed on the way.
async fn numbered(lab: &Lab, a: &str, b: &str) -> anyhow::Result<()> {
    for (id, number) in [("a", a), ("b", b)] {
        let record = lab.invoice(id);
        assert_eq!((record.stands, record.under_way), (Standing::Synced, UnderWay::Nothing), "{id}: {}", said(&record));
        assert_eq!(record.number, number);
        assert!(!record.history.iter().any(|entry| entry.message.contains("Another invoice of yours")), "{record:?}");
    }
    let mut numbers: Vec<_> = lab.documents().await?.into_iter().filter_map(|document| document.number).collect();
    numbers.sort();
    assert_eq!(numbers, ["SES-7", "SES-8"]);
    Ok(())
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

#[tokio::test]
async fn a_number_is_free_for_whoever_comes_after_the_one_that_gives_it_up() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", seven)).await?;
    // One batch, as after an import.
    lab.send(invoice("invoice.updated", "a", eight));
    lab.send(invoice("invoice.created", "b", |i| i["number"] = json!(" ses-7 ")));
    lab.drain().await?;
    assert_eq!((lab.invoice("a").number.as_str(), cause(&lab, "b")), ("SES-8", None));
    // Three in a row, each to the number of the one before it, and the last one new.
    lab.send(invoice("invoice.updated", "a", |i| i["number"] = json!("SES-9")));
    lab.send(invoice("invoice.updated", "b", eight));
    lab.send(invoice("invoice.created", "c", seven));
    lab.drain().await?;
    let numbers = ["a", "b", "c"].map(|id| lab.invoice(id).number);
    assert_eq!((numbers, cause(&lab, "c")), (["SES-9", "SES-8", "SES-7"].map(str::to_owned), None));
    Ok(())
}

/// What Xero makes of a call with one number twice is not known.
#[tokio::test]
async fn two_invoices_of_one_number_never_share_a_call() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.send(invoice("invoice.created", "a", seven));
    lab.send(invoice("invoice.created", "b", seven));
    lab.drain().await?;
    assert_eq!((lab.invoice("a").state(), cause(&lab, "b")), (State::Synced, Some(Cause::NumberOfAnother)));
    let operation = Some("createInvoices".to_owned());
    let query = JournalQuery { operation, bodies: true, ..JournalQuery::default() };
    let sent = lab.xero.side.control.journal(&query).await?;
    let each: Vec<usize> = sent.iter().map(|call| call.request_body.matches("InvoiceNumber").count()).collect();
    assert_eq!(each, [1, 1]);
    Ok(())
}

#[tokio::test]
async fn a_number_that_waits_to_be_given_up_is_waited_for() -> anyhow::Result<()> {
    for face in [FaultKind::DropBefore, FaultKind::GatewayTimeout { lands_after: Some(45) }] {
        let mut lab = Lab::open().await?;
        lab.run(invoice("invoice.created", "a", seven)).await?;
        lab.fault("updateInvoice", face).await?;
        lab.send(invoice("invoice.updated", "a", eight));
        lab.work().await?;
        lab.send(invoice("invoice.created", "b", seven));
        lab.work().await?;
        let b = lab.invoice("b");
        assert_eq!(b.waiting.as_ref().map(|waiting| waiting.reason), Some(WaitReason::Turn), "{}", said(&b));
        assert_eq!(cause(&lab, "b"), Some(Cause::WaitsItsTurn));
        assert!(said(&b).contains("the number SES-7, which another invoice of yours"), "{}", said(&b));
        lab.drain().await?;
        numbered(&lab, "SES-8", "SES-7").await?;
    }
    Ok(())
}

#[tokio::test]
async fn so_is_one_whose_holder_waits_for_the_answer_to_its_own_creation() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.fault("createInvoices", FaultKind::DropAfter).await?;
    lab.send(invoice("invoice.created", "a", seven));
    lab.work().await?;
    lab.send(invoice("invoice.updated", "a", eight));
    lab.send(invoice("invoice.created", "b", seven));
    lab.work().await?;
    assert_eq!((cause(&lab, "b"), lab.invoice("a").reference), (Some(Cause::WaitsItsTurn), None));
    lab.drain().await?;
    numbered(&lab, "SES-8", "SES-7").await
}

#[tokio::test]
async fn after_an_outage_the_one_that_gives_a_number_up_goes_first() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", seven)).await?;
    lab.fault("updateInvoice", FaultKind::Unavailable).await?;
    lab.send(invoice("invoice.updated", "a", eight));
    lab.work().await?;
    lab.send(invoice("invoice.created", "b", seven));
    lab.work().await?;
    let waits = ["a", "b"].map(|id| lab.invoice(id).waiting.map(|waiting| waiting.reason));
    assert_eq!(waits, [Some(WaitReason::Organisation); 2]);
    lab.drain().await?;
    numbered(&lab, "SES-8", "SES-7").await
}

#[tokio::test]
async fn a_number_that_is_not_given_up_after_all_is_told() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "c", eight)).await?;
    lab.run(invoice("invoice.created", "a", seven)).await?;
    lab.fault("updateInvoice", FaultKind::DropBefore).await?;
    lab.send(invoice("invoice.updated", "a", eight));
    lab.work().await?;
    lab.send(invoice("invoice.created", "b", seven));
    lab.drain().await?;
    assert_eq!(["a", "b"].map(|id| cause(&lab, id)), [Some(Cause::NumberOfAnother); 2]);
    Ok(())
}
