//! The ports of the rules over the stores in memory.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rules::AccountId;
use rules::connection::Connection;
use rules::grant::{Grant, StoredToken, TokenHistory, TokenPointer};
use rules::mapping::Mapping;
use rules::notification::Notification;
use rules::organisation::Facts;
use rules::ports::{
    Answer, BrokenRefreshes, Connections, Contacts, Cooldowns, DueWakes, Grants, Lease, Leases, Mappings,
    Notifications, Organisations, Outage, OutageScope, Page, ReadAhead, Records, TokenVault, Unavailable, Upcoming,
    Waiting, Wakes, Written,
};
use rules::record::{Kind, Record, RecordKey, UnderWay, WaitReason, Watch};
use rules::sync::contact::ContactReference;
use rules::wake::Wake;
use xero::{InvoiceId, TenantId, XeroUserId};

use super::{Shelf, Things, get, put, record_key};

/// How long a claim of a document stands: as long as the table's.
const CLAIM: Duration = Duration::from_secs(3_600);

#[async_trait]
impl Connections for Shelf {
    async fn connection(&self, account: &AccountId) -> Answer<Option<Connection>> {
        self.with("read the connection", |things| get(things, &format!("CONNECTION#{account}"))).await
    }

    async fn put_connection(&self, connection: &mut Connection) -> Answer<Written> {
        let key = format!("CONNECTION#{}", connection.account);
        self.with("write the connection", |things| put(things, key, connection, |it| &mut it.revision)).await
    }
}

#[async_trait]
impl ReadAhead for Shelf {
    async fn read_ahead(&self, _: &Upcoming<'_>) -> Answer<()> {
        Ok(())
    }
}

#[async_trait]
impl Mappings for Shelf {
    async fn mapping(&self, account: &AccountId, tenant: TenantId) -> Answer<Option<Mapping>> {
        self.with("read the mapping", |things| get(things, &format!("MAPPING#{account}#{tenant}"))).await
    }

    async fn put_mapping(&self, mapping: &mut Mapping) -> Answer<Written> {
        let key = format!("MAPPING#{}#{}", mapping.account, mapping.tenant);
        self.with("write the mapping", |things| put(things, key, mapping, |it| &mut it.revision)).await
    }
}

#[async_trait]
impl Organisations for Shelf {
    async fn facts(&self, account: &AccountId, tenant: TenantId) -> Answer<Option<Arc<Facts>>> {
        let key = format!("{account}#{tenant}");
        let json = self.with("read the facts", |things| things.facts.get(&key).cloned()).await?;
        let facts = json.map(|json| serde_json::from_str(&json)).transpose();
        facts.map(|facts| facts.map(Arc::new)).map_err(|error| unavailable("read the facts", error))
    }

    async fn put_facts(&self, account: &AccountId, tenant: TenantId, facts: &Facts) -> Answer<()> {
        let json = serde_json::to_string(facts).map_err(|error| unavailable("write the facts", error))?;
        let key = format!("{account}#{tenant}");
        self.with("write the facts", |things| things.facts.insert(key, json)).await.map(drop)
    }
}

#[async_trait]
impl Records for Shelf {
    async fn record(&self, key: &RecordKey) -> Answer<Option<Record>> {
        self.with("read a record", |things| get(things, &record_key(key))).await
    }

    async fn put_record(&self, record: &mut Record) -> Answer<Written> {
        let key = record_key(&record.key);
        self.with("write a record", |things| put(things, key, record, |it| &mut it.revision)).await
    }

    async fn record_of(&self, account: &AccountId, tenant: TenantId, id: InvoiceId) -> Answer<Option<Record>> {
        let all = self.all(account, tenant, None).await?;
        let ours = |record: &Record| record.reference.as_ref().is_some_and(|reference| reference.id == id);
        Ok(all.into_iter().find(ours))
    }

    async fn claim_document(&self, record: &RecordKey, id: InvoiceId, now: Timestamp) -> Answer<Written> {
        let (document, ours) = (format!("{}#{}#{id}", record.account, record.tenant), record_key(record));
        let work = |things: &mut Things| {
            if things.claims.get(&document).is_some_and(|(owner, until)| *owner != ours && *until >= now) {
                return Written::Conflict;
            }
            things.claims.insert(document, (ours, now + CLAIM));
            Written::Done
        };
        self.with("claim a document", work).await
    }

    async fn watched(
        &self,
        account: &AccountId,
        tenant: TenantId,
        watch: Watch,
        limit: usize,
    ) -> Answer<Vec<InvoiceId>> {
        let all = self.all(account, tenant, None).await?;
        let open = all.into_iter().filter(|record| record.watch() == Some(watch));
        Ok(open.filter_map(|record| Some(record.reference?.id)).take(limit).collect())
    }

    async fn records(
        &self,
        account: &AccountId,
        tenant: TenantId,
        kind: Option<Kind>,
        _cursor: Option<&str>,
    ) -> Answer<Page> {
        let mut records = self.all(account, tenant, kind).await?;
        records.sort_by_key(|record| std::cmp::Reverse(record.changed_at));
        Ok(Page { records, next: None })
    }
}

#[async_trait]
impl Waiting for Shelf {
    async fn waiting(&self, account: &AccountId, tenant: TenantId, _: Option<&str>) -> Answer<Page> {
        let mut records = self.all(account, tenant, None).await?;
        records.retain(Record::is_waiting);
        records.sort_by_key(|record| record.created_at);
        Ok(Page { records, next: None })
    }

    async fn waits(&self, account: &AccountId) -> Answer<Vec<Record>> {
        let prefix = format!("RECORD#{account}#");
        let mut found: Vec<Record> = self
            .with("list what waits", |things| {
                let keys = things.items.keys().filter(|key| key.starts_with(&prefix));
                let records = keys.filter_map(|key| get::<Record>(things, key));
                records.filter(|record| record.under_way == UnderWay::Waiting).collect()
            })
            .await?;
        found.sort_by(|one, other| one.created_at.cmp(&other.created_at).then_with(|| one.key.id.cmp(&other.key.id)));
        found.truncate(50);
        Ok(found)
    }
}

impl Shelf {
    async fn all(&self, account: &AccountId, tenant: TenantId, kind: Option<Kind>) -> Answer<Vec<Record>> {
        let prefix = format!("RECORD#{account}#{tenant}#");
        let all: Vec<Record> = self
            .with("list records", |things| {
                let keys = things.items.keys().filter(|key| key.starts_with(&prefix));
                keys.filter_map(|key| get(things, key)).collect()
            })
            .await?;
        Ok(all.into_iter().filter(|record| kind.is_none_or(|kind| record.key.kind == kind)).collect())
    }
}

#[async_trait]
impl Contacts for Shelf {
    async fn contact(
        &self,
        account: &AccountId,
        tenant: TenantId,
        organisation: &str,
    ) -> Answer<Option<ContactReference>> {
        let key = format!("CONTACT#{account}#{tenant}#{organisation}");
        self.with("read a contact", |things| get(things, &key)).await
    }

    async fn contacts(&self, account: &AccountId, tenant: TenantId) -> Answer<Vec<ContactReference>> {
        let prefix = format!("CONTACT#{account}#{tenant}#");
        self.with("list contacts", |things| {
            let keys = things.items.keys().filter(|key| key.starts_with(&prefix));
            keys.filter_map(|key| get(things, key)).collect()
        })
        .await
    }

    async fn put_contact(&self, contact: &mut ContactReference) -> Answer<Written> {
        let key = format!("CONTACT#{}#{}#{}", contact.account, contact.tenant, contact.organisation);
        self.with("write a contact", |things| put(things, key, contact, |it| &mut it.revision)).await
    }
}

#[async_trait]
impl Leases for Shelf {
    async fn acquire(&self, user: XeroUserId, now: Timestamp, length: Duration) -> Answer<Option<Lease>> {
        self.with("take a lease", |things| {
            let before = things.leases.get(&user.to_string());
            if before.is_some_and(|(_, until)| *until >= now) {
                return None;
            }
            let doubt = before.map(|(before, until)| before.doubt.unwrap_or(*until));
            things.places += 1;
            let lease = Lease { user, owner: format!("owner {}", things.places), doubt: None };
            things.leases.insert(user.to_string(), (lease.clone(), now + length));
            Some(Lease { doubt, ..lease })
        })
        .await
    }

    async fn holds(&self, lease: &Lease, now: Timestamp) -> Answer<bool> {
        let held = |(holder, until): &(Lease, Timestamp)| holder.owner == lease.owner && *until > now;
        self.with("read a lease", |things| things.leases.get(&lease.user.to_string()).is_some_and(held)).await
    }

    async fn release_lease(&self, lease: &Lease) -> Answer<()> {
        self.with("release a lease", |things| {
            if things.leases.get(&lease.user.to_string()).is_some_and(|(holder, _)| holder.owner == lease.owner) {
                things.leases.remove(&lease.user.to_string());
            }
        })
        .await
    }

    async fn leave_lease(&self, lease: &Lease, now: Timestamp) -> Answer<()> {
        self.with("leave a lease", |things| {
            let held = things.leases.get_mut(&lease.user.to_string());
            if let Some(held) = held.filter(|(holder, _)| holder.owner == lease.owner) {
                *held = (lease.clone(), now - jiff::SignedDuration::from_millis(1));
            }
        })
        .await
    }
}

#[async_trait]
impl BrokenRefreshes for Shelf {
    async fn broken_refreshes(&self, now: Timestamp) -> Answer<Vec<XeroUserId>> {
        let is_over = |(user, (_, until)): (&String, &(Lease, Timestamp))| {
            if *until < now { user.parse().ok() } else { None }
        };
        self.with("list broken refreshes", |things| things.leases.iter().filter_map(is_over).collect()).await
    }
}

#[async_trait]
impl Grants for Shelf {
    async fn grant(&self, user: XeroUserId) -> Answer<Option<Grant>> {
        self.with("read a grant", |things| get(things, &format!("GRANT#{user}"))).await
    }

    async fn put_grant(&self, grant: &mut Grant) -> Answer<Written> {
        let key = format!("GRANT#{}", grant.user);
        self.with("write a grant", |things| put(things, key, grant, |it| &mut it.revision)).await
    }

    async fn delete_grant(&self, grant: &Grant) -> Answer<Written> {
        let key = format!("GRANT#{}", grant.user);
        self.with("delete a grant", |things| {
            if things.items.get(&key).map(|(revision, _)| *revision) != Some(grant.revision) {
                return Written::Conflict;
            }
            things.items.remove(&key);
            Written::Done
        })
        .await
    }
}

#[async_trait]
impl TokenVault for Shelf {
    async fn stored(&self, pointer: &TokenPointer, _: &AccountId) -> Answer<Option<StoredToken>> {
        self.with("read a token", |things| things.tokens.get(&pointer.0).cloned()).await
    }

    async fn history(&self, pointer: &TokenPointer) -> Answer<Option<TokenHistory>> {
        let history = |token: &StoredToken| token.history.clone();
        self.with("read a token", |things| things.tokens.get(&pointer.0).map(history)).await
    }

    fn is_full(&self, _: &TokenHistory) -> bool {
        false
    }

    fn place(&self, user: XeroUserId) -> TokenPointer {
        let mut things = self.things();
        things.places += 1;
        TokenPointer(format!("{user}/{}", things.places))
    }

    async fn keep(&self, pointer: &TokenPointer, token: &StoredToken) -> Answer<()> {
        self.with("store a new token", |things| things.tokens.insert(pointer.0.clone(), token.clone())).await.map(drop)
    }

    async fn replace(&self, pointer: &TokenPointer, token: &StoredToken) -> Answer<Written> {
        self.with("store a token", |things| {
            things.tokens.insert(pointer.0.clone(), token.clone());
            Written::Done
        })
        .await
    }

    async fn forget(&self, _: &TokenPointer, _: &AccountId) -> Answer<()> {
        Ok(())
    }

    async fn destroy(&self, pointer: &TokenPointer) -> Answer<()> {
        self.with("delete a token", |things| things.tokens.remove(&pointer.0)).await.map(drop)
    }
}

#[async_trait]
impl Cooldowns for Shelf {
    async fn cooling_until(&self, tenant: TenantId, now: Timestamp) -> Answer<Option<Timestamp>> {
        let until = self.with("read a cool-down", |things| things.cooldowns.get(&tenant.to_string()).copied()).await?;
        Ok(until.filter(|until| *until > now))
    }

    async fn cool_down(&self, tenant: TenantId, until: Timestamp) -> Answer<()> {
        self.with("store a cool-down", |things| {
            let stored = things.cooldowns.entry(tenant.to_string()).or_insert(until);
            *stored = until.max(*stored);
        })
        .await
    }

    async fn outage(&self, scope: OutageScope) -> Answer<Option<Outage>> {
        self.with("read an outage", |things| things.outages.get(&scope).copied()).await
    }

    async fn begin_outage(&self, scope: OutageScope, since: Timestamp, until: Timestamp) -> Answer<()> {
        self.with("store an outage", |things| {
            let stored = things.outages.entry(scope).or_insert(Outage { since, until });
            stored.until = stored.until.max(until);
        })
        .await
    }

    async fn end_outage(&self, scope: OutageScope) -> Answer<()> {
        self.with("end an outage", |things| things.outages.remove(&scope)).await.map(drop)
    }
}

#[async_trait]
impl Wakes for Shelf {
    async fn wake(&self, account: &AccountId) -> Answer<Option<Wake>> {
        self.with("read a wake", |things| things.wakes.get(account).cloned()).await
    }

    async fn wake_by(&self, account: &AccountId, due: Timestamp, reason: WaitReason, now: Timestamp) -> Answer<()> {
        self.with("write a wake", |things| {
            let wake = things.wakes.entry(account.clone()).or_insert_with(|| Wake {
                account: account.clone(),
                revision: 0,
                due_at: due,
                since: now,
                reason,
                told_at: None,
            });
            wake.revision += 1;
            wake.due_at = wake.due_at.min(due);
            wake.reason = reason;
        })
        .await
    }

    async fn put_wake(&self, wake: &mut Wake) -> Answer<Written> {
        self.with("write a wake", |things| match things.wakes.get_mut(&wake.account) {
            Some(stored) if stored.revision == wake.revision => {
                wake.revision += 1;
                *stored = wake.clone();
                Written::Done
            }
            Some(_) | None => Written::Conflict,
        })
        .await
    }

    async fn clear_wake(&self, wake: &Wake) -> Answer<()> {
        self.with("clear a wake", |things| {
            if things.wakes.get(&wake.account).is_some_and(|stored| stored.revision == wake.revision) {
                things.wakes.remove(&wake.account);
            }
        })
        .await
    }
}

#[async_trait]
impl DueWakes for Shelf {
    fn wake_shards(&self) -> u8 {
        1
    }

    async fn due_wakes(&self, _shard: u8, now: Timestamp, limit: usize) -> Answer<Vec<Wake>> {
        self.with("list due wakes", |things| {
            let mut due: Vec<Wake> = things.wakes.values().filter(|wake| wake.due_at <= now).cloned().collect();
            due.sort_by_key(|wake| wake.due_at);
            due.truncate(limit);
            due
        })
        .await
    }
}

#[async_trait]
impl Notifications for Shelf {
    async fn notify(&self, notifications: &[Notification]) -> Answer<()> {
        self.with("send notifications", |things| things.notifications.extend_from_slice(notifications)).await
    }
}

fn unavailable(what: &'static str, source: serde_json::Error) -> Unavailable {
    Unavailable { what, source: Box::new(source) }
}
