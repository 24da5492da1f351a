//! What failed is tried again by itself when its cause is gone, and only then.

use anyhow::Context as _;
use jiff::SignedDuration;
use rules::AccountId;
use rules::failure::{Cause, Failure};
use rules::mapping::{Choices, Mapping, Target};
use rules::ports::{Clock as _, Mappings as _, Organisations as _, Records as _, Written};
use rules::record::{Kind, Record, RecordKey};
use rules::upkeep::{Outcome, Task};
use serde_json::{Value, json};
use xero::TenantId;

use crate::inside::Inside;

/// A connected account with sales mapped onto the account 200.
async fn mapped(inside: &Inside) -> anyhow::Result<(AccountId, TenantId)> {
    let account = inside.account()?;
    let person = inside.person(1).await?;
    let tenant = person.first()?;
    inside.connected(&account, &person, tenant).await?;
    check(inside, &account).await;
    let facts = inside.table.facts(&account, tenant).await?.context("the check reads the chart")?;
    let sales = facts.accounts.iter().find(|account| account.code.as_deref() == Some("200"));
    let sales = sales.context("the chart has no account 200")?.account_id;
    let mut mapping = Mapping::new(account.clone(), tenant, inside.clock.now());
    mapping.change(Choices { sales: Some(Target { account_id: sales }), ..Choices::default() }, inside.clock.now());
    assert_eq!(inside.table.put_mapping(&mut mapping).await?, Written::Done);
    Ok((account, tenant))
}

async fn check(inside: &Inside, account: &AccountId) {
    assert_eq!(inside.work(account, Task::CheckConnection).await, Outcome::Done);
}

/// A record of an invoice that failed an hour after the mapping was chosen.
async fn failed(inside: &Inside, account: &AccountId, tenant: TenantId, failure: Failure) -> anyhow::Result<RecordKey> {
    inside.pass(SignedDuration::from_hours(1)).await?;
    let id = format!("inv_{}", failure.cause.word());
    let event = json!({
        "version": 1, "id": format!("evt_{id}"), "type": "invoice.created", "account_id": account,
        "occurred_at": "2026-11-20T09:30:00Z",
        "invoice": { "id": id, "number": id, "currency": "GBP", "issued_on": "2026-11-20", "due_on": "2026-12-20",
                     "line_amounts": "exclusive", "total": "180.00",
                     "organisation": { "id": "org_1", "name": "Harbour Sound" },
                     "lines": [{ "description": "Session", "quantity": "1", "unit_amount": "150.00" }] },
    });
    let key = RecordKey { account: account.clone(), tenant, kind: Kind::Invoice, id: id.clone() };
    let mut record = Record::new(key.clone(), &id, inside.clock.now());
    record.event = Some(event.to_string());
    record.refuse(failure, inside.clock.now());
    record.outbox.clear();
    assert_eq!(inside.table.put_record(&mut record).await?, Written::Done);
    Ok(key)
}

/// The ids of the invoices whose events are in the sync queue; they are taken out of it.
async fn queued(inside: &Inside) -> anyhow::Result<Vec<String>> {
    let aws = inside.aws()?;
    let mut ids = Vec::new();
    for message in aws.receive(&inside.sync_queue_url, 0).await? {
        let event: Value = serde_json::from_str(&message.body)?;
        ids.push(event.pointer("/run/id").and_then(Value::as_str).unwrap_or_default().to_owned());
        aws.delete(&inside.sync_queue_url, &message).await?;
    }
    Ok(ids)
}

#[tokio::test]
async fn a_restored_account_and_a_moved_lock_date_let_what_failed_go_on() -> anyhow::Result<()> {
    let inside = Inside::new().await?;
    let (account, tenant) = mapped(&inside).await?;
    let uuid = *tenant.as_uuid();
    inside.xero().archive_account(uuid, "200").await?;
    inside.xero().lock_period(uuid, Some(jiff::civil::date(2026, 11, 30))).await?;
    failed(&inside, &account, tenant, Failure::account_unusable(Some("Sales"), "sales")).await?;
    failed(&inside, &account, tenant, Failure::refused(&["lock date".to_owned()], "Invoice 1")).await?;
    check(&inside, &account).await;
    assert_eq!(queued(&inside).await?, Vec::<String>::new(), "nothing is mended yet");

    inside.xero().restore_account(uuid, "200").await?;
    check(&inside, &account).await;
    assert_eq!(queued(&inside).await?, ["inv_account_archived"]);
    inside.xero().lock_period(uuid, None).await?;
    check(&inside, &account).await;
    assert!(queued(&inside).await?.contains(&"inv_period_locked".to_owned()));
    Ok(())
}

#[tokio::test]
async fn what_xero_refused_for_its_content_waits_for_the_user() -> anyhow::Result<()> {
    let inside = Inside::new().await?;
    let (account, tenant) = mapped(&inside).await?;
    failed(&inside, &account, tenant, Failure::number_clash("SES-1", None)).await?;
    failed(&inside, &account, tenant, Failure::refused(&[], "Invoice 1")).await?;
    inside.pass(SignedDuration::from_hours(48)).await?;
    check(&inside, &account).await;
    assert_eq!(queued(&inside).await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn what_keeps_failing_is_tried_a_few_times_and_no_more() -> anyhow::Result<()> {
    let inside = Inside::new().await?;
    let (account, tenant) = mapped(&inside).await?;
    let key = failed(&inside, &account, tenant, Failure::no_answer()).await?;
    let mut tried = 0;
    for _ in 0..8 {
        inside.pass(SignedDuration::from_hours(24)).await?;
        check(&inside, &account).await;
        tried += queued(&inside).await?.len();
        let record = inside.table.record(&key).await?.unwrap();
        assert_eq!(record.failure.map(|failure| failure.cause), Some(Cause::NoAnswer));
    }
    assert_eq!(tried, 5);
    Ok(())
}
