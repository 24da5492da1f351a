//! Spend money: no webhook tells of it, so the sweep looks for what was changed or deleted in Xero.

use rules::divergence::{Change, ChangedField};
use rules::notification::Details;
use rules::payments::sweep::Swept;
use rules::record::{Standing, State};
use serde_json::json;
use xero::InvoiceId;
use xero_stand_in::control::{Act, Fault, FaultKind, JournalQuery};

use crate::office::{HOUR, Office};

async fn change(office: &Office, id: InvoiceId, fields: serde_json::Value) -> anyhow::Result<()> {
    office.pass(HOUR).await?;
    let act = Act::EditBankTransaction { transaction: *id.as_uuid(), fields };
    office.control().act(office.tenant.uuid(), &act).await?;
    office.pass(HOUR).await
}

async fn lists(office: &Office) -> anyhow::Result<usize> {
    let asked = JournalQuery { tenant: Some(office.tenant.uuid()), ..JournalQuery::default() };
    let journal = office.control().journal(&asked).await?;
    Ok(journal.iter().filter(|entry| entry.operation == "getBankTransactions").count())
}

#[tokio::test]
async fn spend_money_that_is_edited_and_put_right_and_deleted_in_xero_is_told() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let id = office.spend_money("a").await?;
    office.sweep().await;
    assert_eq!((office.told().len(), office.expense("a").divergence), (0, None), "our own write is no change");

    change(&office, id, json!({ "Date": "2026-11-01" })).await?;
    assert!(matches!(office.sweep().await, Swept::Done { found: 1, .. }));
    let shown = office.expense("a").divergence.unwrap();
    assert_eq!((shown.change, &shown.fields[..]), (Change::Edited, &[ChangedField::Date][..]));
    assert!(!shown.message.contains("payments"), "nobody pays it any more: {}", shown.message);

    change(&office, id, json!({ "Date": "2026-11-22" })).await?;
    office.sweep().await;
    assert_eq!(office.expense("a").divergence, None);

    change(&office, id, json!({ "Status": "DELETED" })).await?;
    office.sweep().await;
    let record = office.expense("a");
    assert_eq!((record.stands, record.divergence.map(|it| it.change)), (Standing::Deleted, Some(Change::Deleted)));
    let kinds: Vec<&str> = office.told().iter().map(Details::kind).collect();
    assert_eq!(kinds, ["record.diverged", "record.synced", "record.diverged"]);

    // Nothing of it can change any more, and nobody asks.
    let before = lists(&office).await?;
    office.pass(HOUR).await?;
    assert_eq!((office.sweep().await, lists(&office).await?), (Swept::Idle, before));
    Ok(())
}

#[tokio::test]
async fn whoever_has_no_spend_money_is_not_asked_for_it() -> anyhow::Result<()> {
    let office = Office::open().await?;
    office.invoice("a").await?;
    for _ in 0..3 {
        office.sweep().await;
        office.pass(HOUR).await?;
    }
    assert_eq!(lists(&office).await?, 0);
    Ok(())
}

#[tokio::test]
async fn without_its_permission_invoices_are_followed_all_the_same() -> anyhow::Result<()> {
    let office = Office::open().await?;
    let (invoice, _) = (office.invoice("a").await?, office.spend_money("b").await?);
    office.sweep().await;
    let body = json!({ "Title": "Unauthorized", "Detail": "AuthorizationUnsuccessful" }).to_string();
    let refused = FaultKind::Answer { status: 401, content_type: "application/json".to_owned(), body };
    office.control().fault(&Fault::once("getBankTransactions", refused).times(9)).await?;
    office.control().pay(office.tenant.uuid(), *invoice.as_uuid()).await?;
    office.pass(HOUR).await?;
    assert!(matches!(office.sweep().await, Swept::Done { found: 1, .. }));
    assert_eq!(office.record("a").state(), State::Paid);
    Ok(())
}
