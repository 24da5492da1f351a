//! Leases of tokens and the cool-down of tenants.

use super::{BY_CHANGE, Item, Key, Table, number, text};
use crate::trouble::{because, unavailable};
use async_trait::async_trait;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValue;
use jiff::{SignedDuration, Timestamp};
use rules::ports::{Answer, BrokenRefreshes, Cooldowns, Lease, Leases, Outage, OutageScope};
use rules::random;
use std::time::Duration;
use xero::{TenantId, XeroUserId};

/// The partition of the index on changes that lists the leases that are out.
const LEASES: &str = "LEASES";
/// Broken refreshes in one round; the next round finds the rest. After an outage of Xero's tokens most accounts have one,
/// and each of them is finished within half an hour or never.
const BROKEN: usize = 10_000;

fn lease_key(user: XeroUserId) -> Key {
    Key::of_user(user, "LEASE")
}

fn lease_item(lease: &Lease, until: Timestamp) -> Item {
    let mut item: Item = lease_key(lease.user).into();
    item.insert("kind".to_owned(), text("token lease"));
    item.insert("version".to_owned(), number(1));
    item.insert("owner".to_owned(), text(&lease.owner));
    item.insert("until".to_owned(), number(until.as_millisecond()));
    if let Some(doubt) = lease.doubt {
        item.insert("doubt".to_owned(), number(doubt.as_millisecond()));
    }
    // Listed for as long as it is not given back: what is still there after its end was broken off.
    item.insert("log".to_owned(), text(LEASES));
    item.insert("changed_at".to_owned(), text(format!("{:014}#{}", until.as_millisecond(), lease.user)));
    item
}

fn moment(item: &Item, name: &str) -> Option<Timestamp> {
    Timestamp::from_millisecond(item.get(name)?.as_n().ok()?.parse().ok()?).ok()
}

#[async_trait]
impl Leases for Table {
    async fn acquire(&self, user: XeroUserId, now: Timestamp, length: Duration) -> Answer<Option<Lease>> {
        let lease = Lease { user, owner: random::uuid().to_string(), doubt: None };
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(lease_item(&lease, now + length)))
            .condition_expression("attribute_not_exists(pk) OR #until < :now")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":now", number(now.as_millisecond()))
            .return_values(ReturnValue::AllOld);
        match put.send().await {
            Ok(output) => {
                let doubt = output.attributes().and_then(|old| moment(old, "doubt").or_else(|| moment(old, "until")));
                Ok(Some(Lease { doubt, ..lease }))
            }
            Err(error) if error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => {
                Ok(None)
            }
            Err(error) => Err(unavailable("take a lease", &error)),
        }
    }

    async fn holds(&self, lease: &Lease, now: Timestamp) -> Answer<bool> {
        let item = self.get_item(lease_key(lease.user), "read a lease").await?;
        let Some(item) = item else { return Ok(false) };
        let owner = item.get("owner").and_then(|owner| owner.as_s().ok());
        Ok(owner == Some(&lease.owner) && moment(&item, "until").is_some_and(|until| until > now))
    }

    async fn release_lease(&self, lease: &Lease) -> Answer<()> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(lease_key(lease.user).into()))
            .condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(&lease.owner));
        match delete.send().await {
            Ok(_) => Ok(()),
            // It ran out and somebody else has it: theirs stays.
            Err(error)
                if error.as_service_error().is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(unavailable("release a lease", &error)),
        }
    }

    async fn leave_lease(&self, lease: &Lease, now: Timestamp) -> Answer<()> {
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(lease_item(lease, now - SignedDuration::from_millis(1))))
            .condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(&lease.owner));
        // A conflict means that it ran out and somebody else has it.
        super::written("leave a lease", put.send().await.map(|_| ())).map(drop)
    }
}

#[async_trait]
impl BrokenRefreshes for Table {
    async fn broken_refreshes(&self, now: Timestamp) -> Answer<Vec<XeroUserId>> {
        const WHAT: &str = "list leases that ran out";
        let user = |item: &Item| {
            let listed = item.get("changed_at").and_then(|value| value.as_s().ok());
            let user = listed.and_then(|listed| listed.split_once('#')).and_then(|(_, user)| user.parse().ok());
            user.ok_or_else(|| because(WHAT, "a lease names no user"))
        };
        let (mut users, mut from) = (Vec::new(), None);
        loop {
            let query = self
                .client
                .query()
                .table_name(&self.name)
                .index_name(BY_CHANGE)
                .key_condition_expression("#log = :log AND changed_at < :now")
                .expression_attribute_names("#log", "log")
                .expression_attribute_values(":log", text(LEASES))
                .expression_attribute_values(":now", text(format!("{:014}", now.as_millisecond())))
                .set_exclusive_start_key(from.take());
            let output = query.send().await.map_err(|error| unavailable(WHAT, &error))?;
            for item in output.items() {
                users.push(user(item)?);
            }
            from = output.last_evaluated_key;
            if from.is_none() || users.len() >= BROKEN {
                return Ok(users);
            }
        }
    }
}

pub(super) fn cooldown_key(tenant: TenantId) -> Key {
    Key::of_tenant(tenant, "COOLDOWN")
}

#[async_trait]
impl Cooldowns for Table {
    async fn cooling_until(&self, tenant: TenantId, now: Timestamp) -> Answer<Option<Timestamp>> {
        let item = self.get_item(cooldown_key(tenant), "read a cool-down").await?;
        Ok(item.and_then(|item| moment(&item, "until")).filter(|until| *until > now))
    }

    async fn cool_down(&self, tenant: TenantId, until: Timestamp) -> Answer<()> {
        let mut item: Item = cooldown_key(tenant).into();
        item.insert("kind".to_owned(), text("cool-down"));
        item.insert("version".to_owned(), number(1));
        item.insert("until".to_owned(), number(until.as_millisecond()));
        item.insert("expires_at".to_owned(), number(until.as_second()));
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk) OR #until < :until")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":until", number(until.as_millisecond()));
        // A conflict means that a later end is stored already.
        super::written("store a cool-down", put.send().await.map(|_| ())).map(drop)
    }

    async fn outage(&self, scope: OutageScope) -> Answer<Option<Outage>> {
        self.read_outage(scope).await
    }

    async fn begin_outage(&self, scope: OutageScope, since: Timestamp, until: Timestamp) -> Answer<()> {
        self.write_outage(scope, since, until).await
    }

    async fn end_outage(&self, scope: OutageScope) -> Answer<()> {
        self.delete_outage(scope).await
    }
}
