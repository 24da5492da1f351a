//! What comes late or in the wrong order: older content never takes the place of newer content, what is made last ends
//! as it was asked for first, and nothing passes what has to come again.

use rig::shelf::Trouble;
use rules::failure::Cause;
use rules::record::{State, UnderWay};
use rules::sync::message::run_record;
use serde_json::{Value, json};
use xero_stand_in::control::FaultKind;

use crate::lab::{Lab, invoice};

/// The invoice as it was sent at an hour.
fn sent(hour: u32, price: &str, total: &str) -> Value {
    let mut event = invoice("invoice.sent", "a", |invoice| {
        invoice["lines"][0]["unit_amount"] = json!(price);
        invoice["total"] = json!(total);
    });
    event["id"] = json!(format!("evt_{hour}"));
    event["occurred_at"] = json!(format!("2026-11-20T{hour}:00:00Z"));
    event
}

#[tokio::test]
async fn older_content_stays_out_whether_it_was_applied_or_given_up_before() -> anyhow::Result<()> {
    for given_up in [false, true] {
        let mut lab = Lab::open().await?;
        let (older, newer) = (sent(10, "50.00", "60.00"), sent(11, "250.00", "300.00"));
        lab.run(&invoice("invoice.created", "a", |_| {})).await?;
        if given_up {
            lab.fault("updateInvoice", FaultKind::ServerErrorBefore, 100_000).await?;
        }
        lab.run(&older).await?;
        let cause = lab.invoice("a").failure.map(|failure| failure.cause);
        assert_eq!(cause, given_up.then_some(Cause::NoAnswer));
        lab.xero.side.control.clear_faults().await?;
        lab.run(&newer).await?;
        let before = lab.invoice("a").history.len();

        // After the minutes for which the queue would know it again, and by the press of a button.
        lab.pass(600).await?;
        lab.run(&older).await?;
        let record = lab.invoice("a");
        let run = run_record("retry", &record.key, record.revision);
        lab.world.queue.send(run.account.as_str(), &run.deduplication, &run.event, lab.world.now());
        lab.drain().await?;
        let (documents, record) = (lab.documents().await?, lab.invoice("a"));
        let [document] = documents.as_slice() else { anyhow::bail!("given up {given_up}: {documents:?}") };
        assert_eq!((document.total, document.sent), (300.into(), true), "given up {given_up}");
        assert_eq!((record.state(), record.under_way, record.failure), (State::Synced, UnderWay::Nothing, None));
        assert_eq!(record.amounts.sessional_total, Some(300.into()));
        assert!(record.history.len() > before, "the log says that it came: {:?}", record.history);
    }
    Ok(())
}

#[tokio::test]
async fn a_void_and_a_sending_that_come_before_their_making_count() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    for word in ["invoice.voided", "invoice.created"] {
        lab.run(&invoice(word, "voided", |_| {})).await?;
    }
    assert_eq!((lab.documents().await?.len(), lab.invoice("voided").state()), (0, State::Tombstone));
    for word in ["invoice.sent", "invoice.created"] {
        lab.run(&invoice(word, "sent", |_| {})).await?;
    }
    let documents = lab.documents().await?;
    let [document] = documents.as_slice() else { anyhow::bail!("{documents:?}") };
    assert_eq!((document.sent, lab.invoice("sent").sent, lab.invoice("sent").state()), (true, true, State::Synced));
    Ok(())
}

#[tokio::test]
async fn what_follows_a_message_that_comes_again_comes_again_with_it() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    // It is refused, and that cannot be told at first.
    lab.send(&json!({ "version": 99 }));
    lab.send(&invoice("invoice.created", "a", |_| {}));
    lab.world.shelf.order(0, Trouble::FailsBefore);
    lab.work().await?;
    lab.pass(60).await?;
    let back = lab.world.queue.receive(10, lab.world.now());
    assert_eq!(back.len(), 2, "the second was acknowledged before the first: {back:?}");
    lab.drain().await?;
    assert_eq!((lab.documents().await?.len(), lab.invoice("a").state()), (1, State::Synced));
    assert_eq!(lab.world.queue.dead().len(), 1);
    Ok(())
}
