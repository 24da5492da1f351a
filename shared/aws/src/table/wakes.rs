//! When accounts go on with what waits: an item for each, in an index of due times, sharded; what is out for all
//! accounts; and a pointer to each record that waits, in the account's own partition, where a consistent read finds it.

use super::{BY_DUE, Item, Key, Table, number, text, written};
use crate::trouble::{because, unavailable};
use async_trait::async_trait;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use jiff::Timestamp;
use rules::AccountId;
use rules::ports::{Answer, DueWakes, Outage, OutageScope, Wakes, Written};
use rules::record::{Record, RecordKey, UnderWay, WaitReason};
use rules::wake::Wake;

/// Shards of the index of due times.
const SHARDS: u8 = 16;
/// How records that wait are pointed to; the moment of their first writing keeps their order.
const POINTER: &str = "WAITS#";
/// Records that one look at what waits brings.
const PAGE: i32 = 50;
/// How long an outage that nobody ended is remembered.
const OUTAGE_AGE: jiff::SignedDuration = jiff::SignedDuration::from_hours(4 * 24);

fn wake_key(account: &AccountId) -> Key {
    Key::of_account(account, "WAKE")
}

fn shard_of(account: &AccountId) -> String {
    let sum = account.as_str().bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    format!("DUE#{}", sum % u32::from(SHARDS))
}

/// Milliseconds of fixed width: they sort as text.
fn moment(at: Timestamp) -> String {
    format!("{:014}", at.as_millisecond())
}

fn outage_key(scope: OutageScope) -> Key {
    let sk = match scope {
        OutageScope::App => "APP",
        OutageScope::TokenEndpoint => "TOKEN-ENDPOINT",
    };
    Key { pk: "OUTAGE".to_owned(), sk: sk.to_owned() }
}

fn parse(item: &Item) -> Answer<Wake> {
    const WHAT: &str = "read a wake";
    let string = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    let at =
        |name: &str| string(name).and_then(|at| at.parse().ok()).and_then(|at| Timestamp::from_millisecond(at).ok());
    let revision = item.get("revision").and_then(|value| value.as_n().ok()).and_then(|value| value.parse().ok());
    let account = string("pk").and_then(|pk| pk.strip_prefix("ACCOUNT#")).and_then(|id| AccountId::parse(id).ok());
    let reason = string("reason").and_then(|word| WaitReason::ALL.into_iter().find(|reason| reason.word() == word));
    let found = account.zip(revision).zip(at("due_at")).zip(at("since")).zip(reason);
    let ((((account, revision), due_at), since), reason) =
        found.ok_or_else(|| because(WHAT, "a wake is incomplete"))?;
    Ok(Wake { account, revision, due_at, since, reason, told_at: at("told_at") })
}

impl Table {
    async fn update_wake(
        &self,
        account: &AccountId,
        due: Timestamp,
        reason: WaitReason,
        now: Timestamp,
    ) -> Answer<Item> {
        let update = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(wake_key(account).into()))
            .update_expression(
                "SET kind = :kind, version = :one, due_shard = :shard, reason = :reason, \
                 due_at = if_not_exists(due_at, :due), since = if_not_exists(since, :now) ADD revision :one",
            )
            .expression_attribute_values(":kind", text("wake"))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":shard", text(shard_of(account)))
            .expression_attribute_values(":reason", text(reason.word()))
            .expression_attribute_values(":due", text(moment(due)))
            .expression_attribute_values(":now", text(moment(now)))
            .return_values(ReturnValue::AllNew);
        let output = update.send().await.map_err(|error| unavailable("write a wake", &error))?;
        Ok(output.attributes.unwrap_or_default())
    }

    /// Points to a record that is about to wait: written before it, so that whatever happens in between it is found.
    pub(super) async fn point_to(&self, record: &Record) -> Answer<()> {
        if record.under_way != UnderWay::Waiting {
            return Ok(());
        }
        let mut item: Item = pointer(record).into();
        item.insert("kind".to_owned(), text("pointer"));
        item.insert("version".to_owned(), number(1));
        item.insert("record_kind".to_owned(), text(record.key.kind.word()));
        item.insert("record_id".to_owned(), text(&record.key.id));
        item.insert("tenant".to_owned(), text(record.key.tenant.to_string()));
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        put.send().await.map(|_| ()).map_err(|error| unavailable("point to a record that waits", &error))
    }

    /// What is pointed to and waits; what does not wait any more loses its pointer.
    pub(super) async fn pointed_to(&self, account: &AccountId) -> Answer<Vec<Record>> {
        const WHAT: &str = "list what waits";
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", text(super::account_partition(account)))
            .expression_attribute_values(":prefix", text(POINTER))
            .limit(PAGE);
        let output = query.send().await.map_err(|error| unavailable(WHAT, &error))?;
        let mut found = Vec::new();
        for item in output.items() {
            let part = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
            let kind = part("record_kind").and_then(|kind| rules::record::Kind::parse(kind));
            let tenant = part("tenant").and_then(|tenant| tenant.parse().ok());
            let (Some(kind), Some(tenant), Some(id)) = (kind, tenant, part("record_id")) else {
                return Err(because(WHAT, "a pointer is incomplete"));
            };
            let key = RecordKey { account: account.clone(), tenant, kind, id: id.clone() };
            let record: Option<Record> = self.get(super::records::key(&key)).await?;
            match record.filter(|record| record.under_way == UnderWay::Waiting) {
                Some(record) => found.push(record),
                None => self.unpoint(item).await?,
            }
        }
        Ok(found)
    }

    async fn unpoint(&self, item: &Item) -> Answer<()> {
        let part = |name: &str| item.get(name).cloned().unwrap_or(AttributeValue::Null(true));
        let delete = self.client.delete_item().table_name(&self.name).key("pk", part("pk")).key("sk", part("sk"));
        delete.send().await.map(|_| ()).map_err(|error| unavailable("forget a pointer", &error))
    }
}

fn pointer(record: &Record) -> Key {
    let since = moment(record.created_at);
    let sk = format!("{POINTER}{since}#{}#{}#{}", record.key.tenant, record.key.kind.word(), record.key.id);
    Key::of_account(&record.key.account, sk)
}

#[async_trait]
impl Wakes for Table {
    async fn wake(&self, account: &AccountId) -> Answer<Option<Wake>> {
        self.get_item(wake_key(account), "read a wake").await?.as_ref().map(parse).transpose()
    }

    async fn wake_by(&self, account: &AccountId, due: Timestamp, reason: WaitReason, now: Timestamp) -> Answer<()> {
        let stored = parse(&self.update_wake(account, due, reason, now).await?)?;
        if stored.due_at.as_millisecond() <= due.as_millisecond() {
            return Ok(());
        }
        let sooner = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(wake_key(account).into()))
            .update_expression("SET due_at = :due ADD revision :one")
            .condition_expression("due_at > :due")
            .expression_attribute_values(":due", text(moment(due)))
            .expression_attribute_values(":one", number(1));
        match sooner.send().await {
            Ok(_) => Ok(()),
            Err(error) if lost_update(&error) => Ok(()),
            Err(error) => Err(unavailable("write a wake", &error)),
        }
    }

    async fn put_wake(&self, wake: &mut Wake) -> Answer<Written> {
        let mut item: Item = wake_key(&wake.account).into();
        item.insert("kind".to_owned(), text("wake"));
        item.insert("version".to_owned(), number(1));
        item.insert("revision".to_owned(), number(wake.revision + 1));
        item.insert("due_shard".to_owned(), text(shard_of(&wake.account)));
        item.insert("due_at".to_owned(), text(moment(wake.due_at)));
        item.insert("since".to_owned(), text(moment(wake.since)));
        item.insert("reason".to_owned(), text(wake.reason.word()));
        if let Some(told_at) = wake.told_at {
            item.insert("told_at".to_owned(), text(moment(told_at)));
        }
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression("revision = :read")
            .expression_attribute_values(":read", number(wake.revision));
        let outcome = written("write a wake", put.send().await.map(|_| ()))?;
        if outcome == Written::Done {
            wake.revision += 1;
        }
        Ok(outcome)
    }

    async fn clear_wake(&self, wake: &Wake) -> Answer<()> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(wake_key(&wake.account).into()))
            .condition_expression("revision = :read")
            .expression_attribute_values(":read", number(wake.revision));
        match delete.send().await {
            Ok(_) => Ok(()),
            // Somebody began to wait since: it stays.
            Err(error)
                if error.as_service_error().is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(unavailable("clear a wake", &error)),
        }
    }
}

#[async_trait]
impl DueWakes for Table {
    fn wake_shards(&self) -> u8 {
        SHARDS
    }

    async fn due_wakes(&self, shard: u8, now: Timestamp, limit: usize) -> Answer<Vec<Wake>> {
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(BY_DUE)
            .key_condition_expression("due_shard = :shard AND due_at <= :now")
            .expression_attribute_values(":shard", text(format!("DUE#{shard}")))
            .expression_attribute_values(":now", text(moment(now)))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let output = query.send().await.map_err(|error| unavailable("list due wakes", &error))?;
        output.items().iter().map(parse).collect()
    }
}

impl Table {
    pub(super) async fn read_outage(&self, scope: OutageScope) -> Answer<Option<Outage>> {
        let item = self.get_item(outage_key(scope), "read an outage").await?;
        let at = |name: &str| {
            let value = item.as_ref()?.get(name)?.as_n().ok()?;
            Timestamp::from_millisecond(value.parse().ok()?).ok()
        };
        Ok(at("since").zip(at("until")).map(|(since, until)| Outage { since, until }))
    }

    pub(super) async fn write_outage(&self, scope: OutageScope, since: Timestamp, until: Timestamp) -> Answer<()> {
        let update = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(outage_key(scope).into()))
            .update_expression(
                "SET kind = :kind, version = :one, since = if_not_exists(since, :since), #until = :until, \
                 expires_at = :expires",
            )
            .condition_expression("attribute_not_exists(#until) OR #until < :until")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":kind", text("outage"))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":since", number(since.as_millisecond()))
            .expression_attribute_values(":until", number(until.as_millisecond()))
            .expression_attribute_values(":expires", number((until + OUTAGE_AGE).as_second()));
        match update.send().await {
            Ok(_) => Ok(()),
            // A later end is stored already.
            Err(error) if lost_update(&error) => Ok(()),
            Err(error) => Err(unavailable("store an outage", &error)),
        }
    }

    pub(super) async fn delete_outage(&self, scope: OutageScope) -> Answer<()> {
        let delete = self.client.delete_item().table_name(&self.name).set_key(Some(outage_key(scope).into()));
        delete.send().await.map(|_| ()).map_err(|error| unavailable("end an outage", &error))
    }
}

fn lost_update(error: &SdkError<UpdateItemError>) -> bool {
    error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception)
}
