//! Connections, and the claims of tenants.

use super::{BY_CHANGE, Item, Key, Stored, Table, number, parse, text};
use crate::trouble::unavailable;
use async_trait::async_trait;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use rules::AccountId;
use rules::connection::{self, Connection, Status};
use rules::ports::{Accounts, Answer, Claims, Connections, Population, Written};
use xero::TenantId;

/// Partitions of the index over which connections are spread, so that no round of upkeep reads one hot one.
const SHARDS: u8 = 16;
/// Connections in one page.
const PAGE: i32 = 100;

/// The partition of the index on changes that lists a connection.
fn shard_log(shard: u8) -> String {
    format!("CONNECTIONS#{shard:02}")
}

/// The same for an account in every version of this code; a sum is spread well enough over sixteen.
fn shard_of(account: &AccountId) -> u8 {
    account.as_str().bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte)) % SHARDS
}

pub(super) fn connection_key(account: &AccountId) -> Key {
    Key::of_account(account, "CONNECTION")
}

impl Stored for Connection {
    const KIND: &'static str = "connection";
    const VERSION: u32 = connection::VERSION;

    fn key(&self) -> Key {
        connection_key(&self.account)
    }

    fn revision(&mut self) -> &mut u64 {
        &mut self.revision
    }

    /// What upkeep has to look at is listed in the index, in the order of accounts; nothing else is.
    fn attributes(&self, item: &mut Item) {
        if self.status != Status::Disconnected || self.has_loose_ends() {
            item.insert("log".to_owned(), text(shard_log(shard_of(&self.account))));
            item.insert("changed_at".to_owned(), text(self.account.as_str()));
        }
    }
}

#[async_trait]
impl Population for Table {
    fn shards(&self) -> u8 {
        SHARDS
    }

    async fn accounts(&self, shard: u8, from: Option<&AccountId>) -> Answer<Accounts> {
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(BY_CHANGE)
            .expression_attribute_names("#log", "log")
            .expression_attribute_values(":log", text(shard_log(shard)))
            .limit(PAGE);
        let query = match from {
            None => query.key_condition_expression("#log = :log"),
            Some(from) => query
                .key_condition_expression("#log = :log AND changed_at > :from")
                .expression_attribute_values(":from", text(from.as_str())),
        };
        let output = query.send().await.map_err(|error| unavailable("list connections", &error))?;
        let connections = output.items().iter().map(parse::<Connection>).collect::<Answer<Vec<_>>>()?;
        let last = connections.last().map(|connection| connection.account.clone());
        Ok(Accounts { connections, next: last.filter(|_| output.last_evaluated_key().is_some()) })
    }
}

#[async_trait]
impl Connections for Table {
    async fn connection(&self, account: &AccountId) -> Answer<Option<Connection>> {
        self.get(connection_key(account)).await
    }

    async fn put_connection(&self, connection: &mut Connection) -> Answer<Written> {
        self.put(connection).await
    }
}

fn claim_key(tenant: TenantId) -> Key {
    Key::of_tenant(tenant, "CLAIM")
}

/// A claim as it is stored.
pub(super) fn claim_item(tenant: TenantId, account: &AccountId) -> Item {
    let mut item: Item = claim_key(tenant).into();
    item.insert("kind".to_owned(), text("claim"));
    item.insert("version".to_owned(), number(1));
    item.insert("account".to_owned(), text(account.as_str()));
    item
}

#[async_trait]
impl Claims for Table {
    async fn holder(&self, tenant: TenantId) -> Answer<Option<AccountId>> {
        let item = self.get_item(claim_key(tenant), "read a claim").await?;
        let holder = item.as_ref().and_then(|item| item.get("account")).and_then(|account| account.as_s().ok());
        let parsed = holder.map(|account| AccountId::parse(account)).transpose();
        parsed.map_err(|error| crate::trouble::because("read a claim", error))
    }

    async fn claim(&self, tenant: TenantId, account: &AccountId, from: Option<&AccountId>) -> Answer<Written> {
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(claim_item(tenant, account)))
            .expression_attribute_names("#account", "account")
            .expression_attribute_values(":ours", text(account.as_str()));
        let put = match from {
            None => put.condition_expression("attribute_not_exists(pk) OR #account = :ours"),
            Some(from) => put
                .condition_expression("attribute_not_exists(pk) OR #account = :ours OR #account = :from")
                .expression_attribute_values(":from", text(from.as_str())),
        };
        super::written("claim a tenant", put.send().await.map(|_| ()))
    }

    async fn release(&self, tenant: TenantId, account: &AccountId) -> Answer<()> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(claim_key(tenant).into()))
            .condition_expression("#account = :ours")
            .expression_attribute_names("#account", "account")
            .expression_attribute_values(":ours", text(account.as_str()));
        match delete.send().await {
            Ok(_) => Ok(()),
            // Somebody else holds it, or nobody does: there is nothing of ours to give up.
            Err(error)
                if error.as_service_error().is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(unavailable("release a tenant", &error)),
        }
    }
}
