//! Taking documents out of the books: what is paid, what is gone already, and what is made again.

use super::lab::{HOUR, Lab, expense, invoice, said, same};
use rig::tenant::Wishes;
use rules::failure::Cause;
use rules::record::{Kind, Standing};
use xero_stand_in::control::{Act, Fault, FaultKind};

/// In a bookkeeper's edit a payment is away for a second: what was refused waits for the user.
#[tokio::test]
async fn a_void_that_a_payment_stopped_is_done_by_the_users_press_and_by_nothing_else() -> anyhow::Result<()> {
    for heard in [false, true] {
        let mut lab = Lab::open().await?;
        lab.run(invoice("invoice.created", "a", same)).await?;
        let payment = lab.xero.side.control.pay(lab.tenant.uuid(), lab.id(Kind::Invoice, "a")).await?;
        if heard {
            lab.hear(Kind::Invoice, "a", Standing::Paid).await?;
        }
        lab.run(invoice("invoice.voided", "a", same)).await?;
        assert_eq!(lab.invoice("a").failure.map(|failure| failure.cause), Some(Cause::Paid), "heard {heard}");
        lab.pass(HOUR).await?;
        lab.retry(Kind::Invoice, "a").await?;
        assert_eq!(lab.document().await?.status, "PAID", "the press finds the payment still there");

        lab.xero.side.control.remove_payment(lab.tenant.uuid(), payment).await?;
        lab.pass(HOUR).await?;
        lab.retry(Kind::Invoice, "a").await?;
        assert_eq!((lab.document().await?.status.as_str(), lab.invoice("a").stands), ("VOIDED", Standing::Voided));
    }
    Ok(())
}

#[tokio::test]
async fn what_the_bookkeeper_took_out_already_is_gone() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    lab.act(&Act::Void { invoice: lab.id(Kind::Invoice, "a") }).await?;
    lab.run(invoice("invoice.voided", "a", same)).await?;
    assert_eq!((lab.invoice("a").stands, lab.invoice("a").failure), (Standing::Voided, None));
    Ok(())
}

/// A missing answer is no answer.
#[tokio::test]
async fn a_document_that_xero_does_not_show_is_not_taken_for_voided() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    lab.xero.side.control.fault(&Fault::once("*", FaultKind::NotFound).times(50)).await?;
    lab.run(invoice("invoice.voided", "a", same)).await?;
    assert_eq!(lab.invoice("a").failure.map(|failure| failure.cause), Some(Cause::MissingInXero));
    assert_eq!(lab.invoice("a").stands, Standing::Synced);
    lab.xero.side.control.clear_faults().await?;
    lab.retry(Kind::Invoice, "a").await?;
    assert_eq!((lab.invoice("a").stands, lab.document().await?.status.as_str()), (Standing::Voided, "VOIDED"));
    Ok(())
}

#[tokio::test]
async fn an_expense_that_is_logged_again_after_its_deletion_is_made_again() -> anyhow::Result<()> {
    for spend_money in [false, true] {
        let mut lab = Lab::with(Wishes { spend_money, ..Wishes::default() }).await?;
        lab.run(expense("expense.logged", "e", same)).await?;
        lab.run(expense("expense.deleted", "e", same)).await?;
        lab.run(expense("expense.logged", "e", same)).await?;
        let alive = lab.documents().await?.iter().filter(|document| document.is_alive()).count();
        let record = lab.expense("e");
        assert_eq!((alive, record.generation, record.earlier.len()), (1, 1, 1), "spend money {spend_money}");
    }
    Ok(())
}

#[tokio::test]
async fn deleting_a_paid_bill_or_a_reconciled_payment_says_what_to_do_and_that_helps() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(expense("expense.logged", "e", same)).await?;
    let payment = lab.xero.side.control.pay(lab.tenant.uuid(), lab.id(Kind::Expense, "e")).await?;
    lab.run(expense("expense.deleted", "e", same)).await?;
    assert!(said(&lab.expense("e")).contains("Remove the payment"), "{}", said(&lab.expense("e")));
    lab.xero.side.control.remove_payment(lab.tenant.uuid(), payment).await?;
    lab.pass(HOUR).await?;
    lab.retry(Kind::Expense, "e").await?;
    assert_eq!(lab.expense("e").stands, Standing::Voided);

    let mut lab = Lab::with(Wishes { spend_money: true, ..Wishes::default() }).await?;
    lab.run(expense("expense.logged", "e", same)).await?;
    let id = lab.id(Kind::Expense, "e");
    lab.act(&Act::Reconcile { id, reconciled: true }).await?;
    lab.run(expense("expense.deleted", "e", same)).await?;
    assert_eq!(lab.expense("e").failure.map(|failure| failure.cause), Some(Cause::Reconciled));
    lab.act(&Act::Reconcile { id, reconciled: false }).await?;
    lab.pass(HOUR).await?;
    lab.retry(Kind::Expense, "e").await?;
    assert_eq!(lab.expense("e").stands, Standing::Deleted);
    Ok(())
}
