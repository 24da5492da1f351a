//! Reading ahead saves calls and never shows anything old: what was read in one call answers one read, and no more.

use std::sync::Arc;

use aws::table::Table;
use jiff::{SignedDuration, Timestamp};
use rules::connection::Connection;
use rules::mapping::Mapping;
use rules::organisation::{Facts, VERSION};
use rules::ports::{
    Connections as _, Cooldowns as _, Mappings as _, Organisations as _, ReadAhead as _, Records as _, Upcoming,
    Written,
};
use rules::record::{Kind, Record, RecordKey};
use serde_json::json;
use xero::TenantId;

use crate::inside::Inside;

#[tokio::test]
async fn what_was_read_ahead_answers_one_read_and_a_write_makes_it_void() -> anyhow::Result<()> {
    let inside = Inside::new().await?;
    let (account, tenant, now) = (inside.account()?, TenantId::from_uuid(uuid::Uuid::new_v4()), Timestamp::now());
    let key = |id: &str| RecordKey { account: account.clone(), tenant, kind: Kind::Invoice, id: id.to_owned() };
    let mut record = Record::new(key("inv_1"), "SES-1", now);
    assert_eq!(inside.table.put_record(&mut record).await?, Written::Done);
    let mut mapping = Mapping::new(account.clone(), tenant, now);

    let run = inside.table.for_a_run();
    let records = vec![key("inv_1"), key("inv_2")];
    let mut connection = Connection::none(account.clone());
    assert_eq!(inside.table.put_connection(&mut connection).await?, Written::Done);
    let upcoming = Upcoming {
        account: &account,
        connection: true,
        tenant,
        records,
        contacts: vec!["org".to_owned(), "org".to_owned()],
    };
    run.read_ahead(&upcoming).await?;
    // Somebody else writes everything after it was read.
    record.number = "SES-2".to_owned();
    assert_eq!(inside.table.put_record(&mut record).await?, Written::Done);
    assert_eq!(inside.table.put_record(&mut Record::new(key("inv_2"), "SES-3", now)).await?, Written::Done);
    assert_eq!(inside.table.put_mapping(&mut mapping).await?, Written::Done);
    assert_eq!(inside.table.put_connection(&mut connection).await?, Written::Done);
    inside.table.cool_down(tenant, now + SignedDuration::from_mins(1)).await?;

    let number = async |id: &str| anyhow::Ok(run.record(&key(id)).await?.map(|record| record.number));
    assert_eq!(number("inv_1").await?.as_deref(), Some("SES-1"), "it was read again");
    assert_eq!(number("inv_1").await?.as_deref(), Some("SES-2"), "it answered twice");
    assert_eq!(number("inv_2").await?, None, "that it was not there was asked again");
    assert_eq!(number("inv_2").await?.as_deref(), Some("SES-3"));
    assert!(run.cooling_until(tenant, now).await?.is_none());
    assert!(run.cooling_until(tenant, now).await?.is_some());
    let revision = async || anyhow::Ok(run.connection(&account).await?.map(|connection| connection.revision));
    assert_eq!(revision().await?, Some(1), "the connection was read again");
    assert_eq!(revision().await?, Some(2), "the connection answered twice");
    // The run's own write makes void what it has not asked for yet.
    assert_eq!(run.put_mapping(&mut mapping).await?, Written::Done);
    assert_eq!(run.mapping(&account, tenant).await?.map(|mapping| mapping.revision), Some(2));
    Ok(())
}

#[tokio::test]
async fn what_one_run_has_read_ahead_is_not_seen_by_another() -> anyhow::Result<()> {
    let inside = Inside::new().await?;
    let (account, tenant) = (inside.account()?, TenantId::from_uuid(uuid::Uuid::new_v4()));
    let (run, other) = (inside.table.for_a_run(), inside.table.for_a_run());
    run.read_ahead(&Upcoming {
        account: &account,
        connection: false,
        tenant,
        records: Vec::new(),
        contacts: Vec::new(),
    })
    .await?;
    inside.table.cool_down(tenant, Timestamp::now() + SignedDuration::from_mins(1)).await?;
    for table in [&other, &inside.table] {
        assert!(table.cooling_until(tenant, Timestamp::now()).await?.is_some());
    }
    Ok(())
}

/// A chart of accounts is read from its item once, and again as soon as the item says something else.
#[tokio::test]
async fn a_warm_process_knows_of_an_organisation_what_the_table_says_now() -> anyhow::Result<()> {
    let inside = Inside::new().await?;
    let (account, tenant) = (inside.account()?, TenantId::from_uuid(uuid::Uuid::new_v4()));
    let other_process = Table::new(&inside.sdk, inside.table_name.clone());
    let with = |currencies: &[&str]| {
        serde_json::from_value::<Facts>(json!({
            "version": VERSION, "fetched_at": Timestamp::UNIX_EPOCH, "organisation": { "OrganisationID": tenant },
            "accounts": [], "tax_rates": [], "currencies": currencies,
        }))
    };
    let known = async || anyhow::Ok(inside.table.for_a_run().facts(&account, tenant).await?);
    assert!(known().await?.is_none());
    other_process.put_facts(&account, tenant, &with(&["GBP"])?).await?;
    let (first, second) = (known().await?, known().await?);
    assert_eq!(first.as_ref().map(|facts| facts.currencies.clone()), Some(vec!["GBP".to_owned()]));
    assert!(first.zip(second).is_some_and(|(first, second)| Arc::ptr_eq(&first, &second)), "it was parsed twice");
    other_process.put_facts(&account, tenant, &with(&["EUR"])?).await?;
    assert_eq!(known().await?.map(|facts| facts.currencies.clone()), Some(vec!["EUR".to_owned()]));
    Ok(())
}
