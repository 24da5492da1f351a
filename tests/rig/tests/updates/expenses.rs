//! Expenses that cannot go where they should: nothing is sent, and what the user does then helps.

use super::lab::{HOUR, Lab, expense, said, same};
use rig::tenant::Wishes;
use rules::failure::Cause;
use rules::record::{Kind, Standing};
use serde_json::json;

#[tokio::test]
async fn spend_money_in_another_currency_than_its_bank_account_is_not_sent() -> anyhow::Result<()> {
    let mut lab = Lab::with(Wishes { spend_money: true, ..Wishes::default() }).await?;
    lab.run(expense("expense.logged", "e", |e| e["currency"] = json!("EUR"))).await?;
    assert_eq!(lab.expense("e").failure.map(|failure| failure.cause), Some(Cause::BankCurrency));
    assert_eq!(lab.documents().await?.len(), 0);

    // In the account's own currency after all.
    lab.run(expense("expense.updated", "e", same)).await?;
    assert_eq!((said(&lab.expense("e")), lab.document().await?.kind.as_str()), (String::new(), "SPEND"));
    Ok(())
}

#[tokio::test]
async fn an_expense_that_is_deleted_once_more_is_removed_when_its_payment_is_away() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(expense("expense.logged", "e", same)).await?;
    let payment = lab.xero.side.control.pay(lab.tenant.uuid(), lab.id(Kind::Expense, "e")).await?;
    lab.run(expense("expense.deleted", "e", same)).await?;
    assert_eq!(lab.expense("e").failure.map(|failure| failure.cause), Some(Cause::Paid));
    lab.xero.side.control.remove_payment(lab.tenant.uuid(), payment).await?;
    lab.pass(HOUR).await?;
    lab.run(expense("expense.deleted", "e", same)).await?;
    assert_eq!((lab.expense("e").stands, said(&lab.expense("e"))), (Standing::Voided, String::new()));
    assert_eq!(lab.document().await?.status, "VOIDED");
    Ok(())
}
