//! Lost answers and refused calls: whatever face they have and whatever happens meanwhile, there is one document in the
//! end, and none that keeps another out.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests fail the test that uses them")]

mod contacts;
mod lab;
mod linking;
mod order;
mod rotating;
mod waits;

use jiff::SignedDuration;
use rig::tenant::Wishes;
use rules::failure::Cause;
use rules::record::{Kind, State, UnderWay};
use serde_json::{Value, json};
use xero_stand_in::control::{Act, FaultKind};

use crate::lab::{Lab, expense, invoice};

/// Every face of a lost answer.
fn faces() -> Vec<FaultKind> {
    vec![
        FaultKind::DropBefore,
        FaultKind::DropAfter,
        FaultKind::ServerErrorBefore,
        FaultKind::ServerErrorAfter,
        FaultKind::Unavailable,
        FaultKind::CutShort { framed: true },
        FaultKind::CutShort { framed: false },
        FaultKind::GatewayTimeout { lands_after: None },
        FaultKind::GatewayTimeout { lands_after: Some(30) },
        FaultKind::GatewayTimeout { lands_after: Some(200) },
    ]
}

#[tokio::test]
async fn whatever_face_a_lost_answer_has_there_is_one_document() -> anyhow::Result<()> {
    for face in faces() {
        for (what, spend_money) in [("invoice", false), ("bill", false), ("spend money", true)] {
            let mut lab = Lab::with(&Wishes { spend_money, ..Wishes::default() }).await?;
            // The supplier's contact is there, so that the document's own call is the one that is lost.
            lab.run(&expense("expense.logged", "supplier", |_| {})).await?;
            let before = lab.documents().await?.len();
            let operation = if spend_money { "createBankTransactions" } else { "createInvoices" };
            lab.fault(operation, face.clone(), 1).await?;
            let kind = if what == "invoice" {
                lab.run(&invoice("invoice.created", "a", |_| {})).await?;
                Kind::Invoice
            } else {
                lab.run(&expense("expense.logged", "a", |_| {})).await?;
                Kind::Expense
            };
            // What still was on its way arrives.
            lab.pass(600).await?;
            let record = lab.record(kind, "a");
            let made = lab.documents().await?.len() - before;
            assert_eq!((made, record.state()), (1, State::Synced), "{face:?} {what}: {record:?}");
            assert!(lab.world.queue.dead().is_empty(), "{face:?} {what}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_is_left_alone_then_repeated_as_it_was_and_then_looked_for() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.fault("createInvoices", FaultKind::DropBefore, 100).await?;
    lab.send(&invoice("invoice.created", "a", |_| {}));
    let (begin, before) = (lab.world.now(), lab.calls().await?.len());
    let mut seen = Vec::new();
    while lab.world.now().duration_since(begin) < SignedDuration::from_mins(16) {
        lab.world.tick().await?;
        lab.work().await?;
        let after = SignedDuration::as_secs(&lab.world.now().duration_since(begin));
        let calls = lab.calls().await?;
        seen.extend(calls.iter().skip(before + seen.len()).map(|call| (after, call.method.clone())));
        lab.pass(10).await?;
    }
    let moments: Vec<(i64, &str)> = seen.iter().map(|(after, method)| (*after, method.as_str())).collect();
    // Four repeats under the key, a look seven minutes after the last, and at once a new try under a new key.
    let expected =
        [(0, "PUT"), (60, "PUT"), (120, "PUT"), (180, "PUT"), (240, "PUT"), (660, "GET"), (660, "PUT"), (720, "PUT")];
    assert_eq!(moments.get(..expected.len()), Some(&expected[..]), "{moments:?}");
    assert_eq!(lab.invoice("a").state(), State::Waiting);
    lab.xero.side.control.clear_faults().await?;
    lab.drain().await?;
    assert_eq!((lab.documents().await?.len(), lab.invoice("a").state()), (1, State::Synced));
    Ok(())
}

#[tokio::test]
async fn what_comes_before_a_lost_call_must_have_arrived_does_not_bring_the_look_forward() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(&expense("expense.logged", "supplier", |_| {})).await?;
    lab.fault("createInvoices", FaultKind::GatewayTimeout { lands_after: Some(400) }, 1).await?;
    lab.send(&expense("expense.logged", "a", |_| {}));
    lab.work().await?;
    // The minutes pass without their schedule, until Xero may have forgotten the key.
    lab.pass(310).await?;
    lab.send(&expense("expense.updated", "a", |expense| expense["amount"] = json!("90.00")));
    lab.work().await?;
    lab.drain().await?;
    lab.pass(600).await?;
    let documents = lab.documents().await?;
    assert_eq!((documents.len(), lab.expense("a").state()), (2, State::Synced), "{documents:?}");
    Ok(())
}

#[tokio::test]
async fn a_document_that_the_bookkeeper_touched_meanwhile_is_found_by_its_mark() -> anyhow::Result<()> {
    for kind in [Kind::Invoice, Kind::Expense] {
        let account = if kind == Kind::Invoice { "260" } else { "429" };
        let line = json!({ "Description": "Coded by hand", "Quantity": 1, "UnitAmount": 10.0, "AccountCode": account });
        let edits = [
            json!({ "Date": "2026-11-21" }),
            json!({ "DueDate": "2027-01-31", "InvoiceNumber": "OTHER-1" }),
            json!({ "Reference": "PO 77" }),
            json!({ "LineItems": [line] }),
        ];
        for edit in edits {
            let mut lab = Lab::open().await?;
            lab.run(&expense("expense.logged", "supplier", |_| {})).await?;
            let before = lab.documents().await?.len();
            lab.fault("createInvoices", FaultKind::DropAfter, 1).await?;
            lab.fault("createInvoices", FaultKind::DropBefore, 4).await?;
            let event = match kind {
                Kind::Invoice => invoice("invoice.created", "a", |_| {}),
                Kind::Expense => expense("expense.logged", "a", |_| {}),
            };
            lab.send(&event);
            lab.work().await?;
            let documents = lab.documents().await?;
            let ours = documents.iter().find(|document| document.text.contains(" a\"")).expect("it was saved");
            lab.pass(30).await?;
            lab.act(&Act::EditInvoice { invoice: ours.id, fields: edit.clone() }).await?;
            lab.drain().await?;
            let record = lab.record(kind, "a");
            assert_eq!(lab.documents().await?.len() - before, 1, "{edit} {kind:?}: {record:?}");
            assert_eq!(record.reference.as_ref().map(|it| *it.id.as_uuid()), Some(ours.id), "{edit} {kind:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn numbers_with_blanks_commas_and_signs_are_found_again() -> anyhow::Result<()> {
    let long = "x".repeat(255);
    for number in [
        " SES-1",
        "SES-1 ",
        "SES,1",
        "SES 1, 2",
        "SES-\u{e9}\u{1f600}-1",
        "A&B=C+D%41",
        &long,
        "INV \"7\"",
        "12/2026#1",
    ] {
        let mut lab = Lab::open().await?;
        lab.fault("createInvoices", FaultKind::DropAfter, 1).await?;
        lab.run(&invoice("invoice.created", "a", |invoice| invoice["number"] = json!(number))).await?;
        assert_eq!((lab.documents().await?.len(), lab.invoice("a").state()), (1, State::Synced), "{number:?}");
        // The same number for another invoice of ours: it is told as that.
        lab.run(&invoice("invoice.created", "b", |invoice| invoice["number"] = json!(number.trim()))).await?;
        let failure = lab.invoice("b").failure.expect("the number is taken");
        assert_eq!((lab.documents().await?.len(), failure.cause), (1, Cause::NumberOfAnother), "{number:?}");
    }
    Ok(())
}

#[tokio::test]
async fn what_came_while_the_answer_was_lost_is_in_the_document_in_the_end() -> anyhow::Result<()> {
    for face in [FaultKind::DropAfter, FaultKind::DropBefore, FaultKind::GatewayTimeout { lands_after: Some(90) }] {
        let mut lab = Lab::open().await?;
        lab.fault("createInvoices", face.clone(), 1).await?;
        lab.send(&invoice("invoice.created", "a", |_| {}));
        lab.work().await?;
        let dearer = |invoice: &mut Value| {
            invoice["lines"][0]["unit_amount"] = json!("250.00");
            invoice["total"] = json!("300.00");
        };
        lab.run(&invoice("invoice.sent", "a", dearer)).await?;
        let documents = lab.documents().await?;
        let [document] = documents.as_slice() else { anyhow::bail!("{face:?}: {documents:?}") };
        assert_eq!((document.total, document.sent), (300.into(), true), "{face:?}");
        let record = lab.invoice("a");
        assert_eq!((record.state(), record.under_way, record.event), (State::Synced, UnderWay::Nothing, None));
    }
    Ok(())
}

#[tokio::test]
async fn a_void_that_comes_while_the_answer_is_lost_leaves_nothing_alive() -> anyhow::Result<()> {
    for face in [FaultKind::DropAfter, FaultKind::DropBefore, FaultKind::GatewayTimeout { lands_after: Some(30) }] {
        let mut lab = Lab::open().await?;
        lab.fault("createInvoices", face.clone(), 1).await?;
        lab.send(&invoice("invoice.created", "a", |_| {}));
        lab.work().await?;
        lab.run(&invoice("invoice.voided", "a", |_| {})).await?;
        let alive = lab.documents().await?.iter().filter(|document| document.is_alive()).count();
        assert_eq!(alive, 0, "{face:?}");
        assert!(matches!(lab.invoice("a").state(), State::Voided | State::Tombstone), "{face:?}");
    }
    Ok(())
}

#[tokio::test]
async fn two_documents_with_one_mark_are_reported_and_no_third_is_made() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    for id in ["a", "b"] {
        lab.fault("createInvoices", FaultKind::DropAfter, 1).await?;
        lab.send(&expense("expense.logged", id, |_| {}));
        lab.work().await?;
    }
    lab.fault("createInvoices", FaultKind::DropBefore, 8).await?;
    let documents = lab.documents().await?;
    let [one, other] = documents.as_slice() else { anyhow::bail!("{documents:?}") };
    let (a, b) = if one.text.contains("Petrol a") { (one, other) } else { (other, one) };
    let shown: Value = serde_json::from_str(&a.text)?;
    lab.act(&Act::EditInvoice { invoice: b.id, fields: json!({ "Url": shown["Url"] }) }).await?;
    lab.drain().await?;
    let record = lab.expense("a");
    assert_eq!((record.state(), record.under_way), (State::Failed, UnderWay::Failed), "{record:?}");
    assert!(record.failure.is_some_and(|failure| failure.message.contains("twice")));
    let petrol = lab.documents().await?.iter().filter(|document| document.text.contains("Petrol a")).count();
    assert_eq!(petrol, 1, "no third is made");
    Ok(())
}

#[tokio::test]
async fn one_poisoned_document_never_keeps_its_neighbours_out() -> anyhow::Result<()> {
    for status in [400, 500] {
        for saves_others in [false, true] {
            let mut lab = Lab::open().await?;
            let poison = FaultKind::Poisoned { text: "Studio session i4".to_owned(), status, saves_others };
            lab.fault("createInvoices", poison, 1_000).await?;
            for place in 0..10 {
                lab.send(&invoice("invoice.created", &format!("i{place}"), |_| {}));
            }
            lab.drain().await?;
            let state = |place: usize| lab.invoice(&format!("i{place}")).state();
            let states: Vec<State> = (0..10).map(state).collect();
            let good = states.iter().filter(|state| **state == State::Synced).count();
            assert_eq!((good, state(4)), (9, State::Failed), "{status} {saves_others}: {states:?}");
            assert_eq!(lab.documents().await?.len(), 9, "{status} {saves_others}");
            assert!(lab.world.queue.dead().is_empty());
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_refused_call_is_sent_apart_in_eight_calls_at_most_and_its_documents_go_alone_from_then_on()
-> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    let poison = FaultKind::Poisoned { text: "Studio session".to_owned(), status: 400, saves_others: false };
    lab.fault("createInvoices", poison, 1_000).await?;
    for place in 0..10 {
        lab.send(&invoice("invoice.created", &format!("i{place}"), |_| {}));
    }
    let before = lab.calls().await?.len();
    lab.work().await?;
    let writes = lab.calls().await?.iter().skip(before).filter(|call| call.method == "PUT").count();
    assert_eq!(writes, 8);
    let waiting =
        (0..10).map(|place| lab.invoice(&format!("i{place}"))).find(|record| record.state() == State::Waiting);
    assert!(waiting.expect("some wait for their turn").goes_alone);
    lab.drain().await?;
    let failed = (0..10).filter(|place| lab.invoice(&format!("i{place}")).state() == State::Failed).count();
    assert_eq!(failed, 10);
    Ok(())
}

#[tokio::test]
async fn a_server_error_counts_against_a_document_only_while_xero_answers_others() -> anyhow::Result<()> {
    // Everything is down for hours: nobody is to blame, and it is made when Xero is back.
    let mut lab = Lab::open().await?;
    lab.fault("*", FaultKind::ServerErrorBefore, 100_000).await?;
    lab.send(&invoice("invoice.created", "a", |_| {}));
    for _ in 0..200 {
        lab.work().await?;
        lab.pass(60).await?;
    }
    assert_eq!((lab.invoice("a").state(), lab.invoice("a").attempts), (State::Waiting, 0));
    lab.xero.side.control.clear_faults().await?;
    lab.drain().await?;
    assert_eq!((lab.documents().await?.len(), lab.invoice("a").state()), (1, State::Synced));

    // One document is refused for ever, and everything else is well: five times, and somebody has to look at it.
    let mut lab = Lab::open().await?;
    lab.fault("createInvoices", FaultKind::ServerErrorBefore, 100_000).await?;
    lab.run(&invoice("invoice.created", "a", |_| {})).await?;
    let record = lab.invoice("a");
    assert_eq!((record.state(), record.failure.map(|it| it.cause)), (State::Failed, Some(Cause::NoAnswer)));
    Ok(())
}
