//! What the rules need from the outside, one narrow trait per capability, at the grain of the policies of
//! the functions. Each says what absence means and what happens in a race.
//!
//! Writes are compare-and-set: every stored thing counts its revisions, and a write names the one that was
//! read. Whoever loses a race gets [`Written::Conflict`], has changed nothing, and reads again.

use crate::account::AccountId;
use crate::connect::attempts::ConnectAttempts;
use crate::connect::confirmation::PendingConfirmation;
use crate::connect::consent::PendingConsent;
use crate::connection::Connection;
use crate::grant::{Grant, StoredToken, TokenHistory, TokenPointer};
use crate::mapping::Mapping;
use crate::notification::Notification;
use crate::organisation::Facts;
use crate::payments::gaps::Heard;
use crate::payments::sweep::Standing;
use crate::record::{Kind, Record, RecordKey, WaitReason, Watch};
use crate::sync::contact::ContactReference;
use crate::upkeep;
use crate::wake::Wake;
use async_trait::async_trait;
use jiff::Timestamp;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;
use xero::{InvoiceId, TenantId, XeroUserId};

/// A store or a queue did not do what it was asked. The work is repeated later; nobody is blamed.
#[derive(Debug, thiserror::Error)]
#[error("failed to {what}")]
pub struct Unavailable {
    /// What was tried, as "read the connection".
    pub what: &'static str,
    /// Why; never holds a stored value.
    #[source]
    pub source: Box<dyn StdError + Send + Sync>,
}

/// Result of a port.
pub type Answer<T> = Result<T, Unavailable>;

/// How a compare-and-set ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Written {
    /// It is stored, with the next revision.
    Done,
    /// Somebody else wrote first; nothing was changed.
    Conflict,
}

/// Time.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
    /// Waits.
    async fn sleep(&self, time: Duration);
}

/// The connection of an account.
#[async_trait]
pub trait Connections: Send + Sync {
    /// The connection as it is now (consistent read); none for an account that was never connected.
    async fn connection(&self, account: &AccountId) -> Answer<Option<Connection>>;
    /// Compare-and-set on `connection.revision`, which is raised when it is stored.
    async fn put_connection(&self, connection: &mut Connection) -> Answer<Written>;
}

/// A page of accounts.
#[derive(Debug)]
pub struct Accounts {
    /// Their connections.
    pub connections: Vec<Connection>,
    /// Where the next page starts; none on the last.
    pub next: Option<AccountId>,
}

/// All accounts that have something to look after: a connection, or what is left of one.
#[async_trait]
pub trait Population: Send + Sync {
    /// How many shards there are; each account is in one of them.
    fn shards(&self) -> u8;
    /// A page of a shard, from the account that an earlier page named. May be some moments behind.
    async fn accounts(&self, shard: u8, from: Option<&AccountId>) -> Answer<Accounts>;
}

/// Who sends to a tenant: one account at most.
#[async_trait]
pub trait Claims: Send + Sync {
    /// The account that holds the tenant; none when nobody does.
    async fn holder(&self, tenant: TenantId) -> Answer<Option<AccountId>>;
    /// Claims the tenant for the account if it is free, held by `from`, or the account's own already.
    /// Of two that claim at once one gets a conflict.
    async fn claim(&self, tenant: TenantId, account: &AccountId, from: Option<&AccountId>) -> Answer<Written>;
    /// Gives the tenant up, if the account holds it.
    async fn release(&self, tenant: TenantId, account: &AccountId) -> Answer<()>;
}

/// What a run is about to read of an account and its organisation.
#[derive(Debug)]
pub struct Upcoming<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// Whether its connection is read as well.
    pub connection: bool,
    /// The organisation, with its cool-down, mapping and facts.
    pub tenant: TenantId,
    /// Records.
    pub records: Vec<RecordKey>,
    /// Contacts, by the ids of organisations and suppliers in Sessional.
    pub contacts: Vec<String>,
}

/// Reads in one call what is asked for one by one afterwards.
#[async_trait]
pub trait ReadAhead: Send + Sync {
    /// The next read of each of these, and no later one, answers with what is read here. A store for which one call
    /// is as good as many does nothing.
    async fn read_ahead(&self, upcoming: &Upcoming<'_>) -> Answer<()>;
}

/// The account that had a tenant's claim, and has it no more.
#[derive(Debug)]
pub struct DisplacedHolder {
    /// Its connection at the revision that was read.
    pub connection: Connection,
    /// Whether the connection changes with the claim; otherwise it only has to be what was read.
    pub is_changed: bool,
}

/// Connections that become connected: always together with the claim, never without it.
#[async_trait]
pub trait Ownership: Send + Sync {
    /// Stores a connection that is connected now, with the claim of its tenant, in one transaction: if the tenant is
    /// free, the account's own, or held by the displaced account, and both connections are what was read. A conflict
    /// has changed nothing.
    async fn connect_tenant(
        &self,
        connection: &mut Connection,
        displaced: Option<&mut DisplacedHolder>,
    ) -> Answer<Written>;
}

/// Consents under way, and what came back of them: all that the callback can reach.
#[async_trait]
pub trait Consents: Send + Sync {
    /// The consent of a state, by its hash; none when there is none, or it is so old that it was removed.
    async fn consent(&self, state_hash: &str) -> Answer<Option<PendingConsent>>;
    /// Notes that a consent was answered and, where it was granted, what can be confirmed: both or nothing. A conflict
    /// when somebody else has noted an answer first.
    async fn answer_consent(
        &self,
        consent: &mut PendingConsent,
        confirmation: Option<&mut PendingConfirmation>,
    ) -> Answer<Written>;
    /// What a confirmation stands for, by its hash; none as for a consent.
    async fn confirmation(&self, confirmation_hash: &str) -> Answer<Option<PendingConfirmation>>;
    /// Compare-and-set on `confirmation.revision`.
    async fn put_confirmation(&self, confirmation: &mut PendingConfirmation) -> Answer<Written>;
}

/// The beginnings of consents, counted for each account.
#[async_trait]
pub trait ConsentStarts: Send + Sync {
    /// What an account has tried lately; none when nothing.
    async fn attempts(&self, account: &AccountId) -> Answer<Option<ConnectAttempts>>;
    /// Compare-and-set on `attempts.revision`.
    async fn put_attempts(&self, attempts: &mut ConnectAttempts) -> Answer<Written>;
    /// Stores a consent and that it was begun: both or nothing, on `attempts.revision`.
    async fn begin_consent(&self, attempts: &mut ConnectAttempts, consent: &mut PendingConsent) -> Answer<Written>;
}

/// The mapping of an account for one organisation.
#[async_trait]
pub trait Mappings: Send + Sync {
    /// The mapping; none when nothing was chosen yet.
    async fn mapping(&self, account: &AccountId, tenant: TenantId) -> Answer<Option<Mapping>>;
    /// Compare-and-set on `mapping.revision`.
    async fn put_mapping(&self, mapping: &mut Mapping) -> Answer<Written>;
}

/// What is known of an organisation.
#[async_trait]
pub trait Organisations: Send + Sync {
    /// The facts; none when they were never read.
    async fn facts(&self, account: &AccountId, tenant: TenantId) -> Answer<Option<Arc<Facts>>>;
    /// Stores them; the last writer wins, because both read the same organisation.
    async fn put_facts(&self, account: &AccountId, tenant: TenantId, facts: &Facts) -> Answer<()>;
}

/// A page of records.
#[derive(Debug)]
pub struct Page {
    /// In the order of the listing.
    pub records: Vec<Record>,
    /// Where the next page starts; none on the last.
    pub next: Option<String>,
}

/// The records of documents.
#[async_trait]
pub trait Records: Send + Sync {
    /// The record as it is now (consistent read).
    async fn record(&self, key: &RecordKey) -> Answer<Option<Record>>;
    /// Compare-and-set on `record.revision`.
    async fn put_record(&self, record: &mut Record) -> Answer<Written>;
    /// The account's record of a document in Xero; none when it is not ours. May be some moments behind.
    async fn record_of(&self, account: &AccountId, tenant: TenantId, id: InvoiceId) -> Answer<Option<Record>>;
    /// Claims a document in Xero for a record that is about to take it over: a conflict where another record of the account
    /// did within the hour. This is what [`Records::record_of`] may not show yet.
    async fn claim_document(&self, record: &RecordKey, id: InvoiceId, now: Timestamp) -> Answer<Written>;
    /// The ids of documents that sweeps look at, at most `limit`. May be some moments behind.
    async fn watched(
        &self,
        account: &AccountId,
        tenant: TenantId,
        watch: Watch,
        limit: usize,
    ) -> Answer<Vec<InvoiceId>>;
    /// Records of one organisation, newest first, from a cursor that an earlier page gave.
    async fn records(
        &self,
        account: &AccountId,
        tenant: TenantId,
        kind: Option<Kind>,
        cursor: Option<&str>,
    ) -> Answer<Page>;
}

/// Records that wait for somebody or something, and whose events can be run again.
#[async_trait]
pub trait Waiting: Send + Sync {
    /// Those of one organisation, in the order in which they were first written, from a cursor that an earlier
    /// page gave. May be some moments behind.
    async fn waiting(&self, account: &AccountId, tenant: TenantId, cursor: Option<&str>) -> Answer<Page>;
    /// Those of the account that wait for something outside, at most fifty, whatever organisation they are for, in the
    /// order in which they were first written. A consistent read: what has begun to wait is there.
    async fn waits(&self, account: &AccountId) -> Answer<Vec<Record>>;
}

/// How far the sweeps of payments have come.
#[async_trait]
pub trait Sweeps: Send + Sync {
    /// Where the account's sweep of a tenant stands; none when there was none yet.
    async fn sweep(&self, account: &AccountId, tenant: TenantId) -> Answer<Option<Standing>>;
    /// Compare-and-set on `standing.revision`.
    async fn put_sweep(&self, standing: &mut Standing) -> Answer<Written>;
}

/// Which of the webhook's numbers were heard, of all tenants together.
#[async_trait]
pub trait Sequences: Send + Sync {
    /// What was heard so far; none before the first delivery.
    async fn heard(&self) -> Answer<Option<Heard>>;
    /// Compare-and-set on `heard.revision`.
    async fn put_heard(&self, heard: &mut Heard) -> Answer<Written>;
}

/// References to contacts.
#[async_trait]
pub trait Contacts: Send + Sync {
    /// The reference for Sessional's organisation; none when it was never sent.
    async fn contact(
        &self,
        account: &AccountId,
        tenant: TenantId,
        organisation: &str,
    ) -> Answer<Option<ContactReference>>;
    /// All references of an account in one organisation (consistent read).
    async fn contacts(&self, account: &AccountId, tenant: TenantId) -> Answer<Vec<ContactReference>>;
    /// Compare-and-set on `contact.revision`.
    async fn put_contact(&self, contact: &mut ContactReference) -> Answer<Written>;
}

/// A lease that was won.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Whose tokens it is for.
    pub user: XeroUserId,
    /// Who holds it; a release by anybody else does nothing.
    pub owner: String,
    /// Since when it is not certain that what Xero last gave is what is stored; a former holder's doubt is its
    /// successor's.
    pub doubt: Option<Timestamp>,
}

/// The right to change a Xero user's token set: one holder at a time.
#[async_trait]
pub trait Leases: Send + Sync {
    /// Takes the lease if it is free or has run out; none when somebody holds it.
    async fn acquire(&self, user: XeroUserId, now: Timestamp, length: Duration) -> Answer<Option<Lease>>;
    /// Whether the lease is still this owner's: the fence before a write that only the holder may make.
    async fn holds(&self, lease: &Lease, now: Timestamp) -> Answer<bool>;
    /// Gives it back, if this owner still holds it.
    async fn release_lease(&self, lease: &Lease) -> Answer<()>;
    /// Lets it have run out, so that it is free and listed among the broken ones with its doubt, if this owner still holds it.
    async fn leave_lease(&self, lease: &Lease, now: Timestamp) -> Answer<()>;
}

/// Refreshes that were broken off: a process died between taking the lease and giving it back, or left it in doubt.
#[async_trait]
pub trait BrokenRefreshes: Send + Sync {
    /// Users whose lease has run out and was not given back. May be some moments behind.
    async fn broken_refreshes(&self, now: Timestamp) -> Answer<Vec<XeroUserId>>;
}

/// What a Xero user granted, and for which accounts.
#[async_trait]
pub trait Grants: Send + Sync {
    /// The grant as it is now; none when no account uses this user.
    async fn grant(&self, user: XeroUserId) -> Answer<Option<Grant>>;
    /// Compare-and-set on `grant.revision`.
    async fn put_grant(&self, grant: &mut Grant) -> Answer<Written>;
    /// Deletes the grant, if its revision is still the one that was read.
    async fn delete_grant(&self, grant: &Grant) -> Answer<Written>;
}

/// Refresh tokens, encrypted at rest. Only the holder of the lease may write.
#[async_trait]
pub trait TokenVault: Send + Sync {
    /// The newest token of a place, as one of its accounts may read it; none when it is gone or not for this one.
    async fn stored(&self, pointer: &TokenPointer, account: &AccountId) -> Answer<Option<StoredToken>>;
    /// What is known of a place without its token; none when it is gone.
    async fn history(&self, pointer: &TokenPointer) -> Answer<Option<TokenHistory>>;
    /// A place for a user's token that nobody has used; nothing is stored yet.
    fn place(&self, user: XeroUserId) -> TokenPointer;
    /// Whether a place has taken so many tokens that the next one goes to a new place.
    fn is_full(&self, history: &TokenHistory) -> bool;
    /// Stores the first token of a place.
    async fn keep(&self, pointer: &TokenPointer, token: &StoredToken) -> Answer<()>;
    /// Stores a token over the one of a place, which its history names. A conflict means that another has been
    /// stored since it was read; a store that cannot tell relies on the lease.
    async fn replace(&self, pointer: &TokenPointer, token: &StoredToken) -> Answer<Written>;
    /// Takes an account's copy of the token away from a place that others still use.
    async fn forget(&self, pointer: &TokenPointer, account: &AccountId) -> Answer<()>;
    /// Deletes a place without recovery; not an error when it is gone already.
    async fn destroy(&self, pointer: &TokenPointer) -> Answer<()>;
}

/// Tenants that Xero told us to leave alone for a while; shared by all functions.
#[async_trait]
pub trait Cooldowns: Send + Sync {
    /// Until when; none when the tenant may be called.
    async fn cooling_until(&self, tenant: TenantId, now: Timestamp) -> Answer<Option<Timestamp>>;
    /// Leaves the tenant alone until then; a later moment that is stored already stays.
    async fn cool_down(&self, tenant: TenantId, until: Timestamp) -> Answer<()>;
    /// What is out for all accounts; none while nothing is known to be.
    async fn outage(&self, scope: OutageScope) -> Answer<Option<Outage>>;
    /// Notes that it is out; a later end that is stored already stays.
    async fn begin_outage(&self, scope: OutageScope, since: Timestamp, until: Timestamp) -> Answer<()>;
    /// Notes that it is over; not an error when nothing was noted.
    async fn end_outage(&self, scope: OutageScope) -> Answer<()>;
}

/// What can be out for all accounts at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutageScope {
    /// Our own credentials at Xero are refused.
    App,
    /// Xero's token endpoint.
    TokenEndpoint,
}

/// Something that is out for all accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Since when.
    pub since: Timestamp,
    /// Until when it is left alone.
    pub until: Timestamp,
}

/// When accounts go on with what waits.
#[async_trait]
pub trait Wakes: Send + Sync {
    /// The account's wake (consistent read); none when nothing of it waits.
    async fn wake(&self, account: &AccountId) -> Answer<Option<Wake>>;
    /// Makes the account due at `due`, or sooner if it is already. Always a write, so that a drain which began before
    /// does not clear it.
    async fn wake_by(&self, account: &AccountId, due: Timestamp, reason: WaitReason, now: Timestamp) -> Answer<()>;
    /// Makes the account due at `due`, whatever was noted, and notes whether the backend was told. A conflict means that
    /// somebody wrote since it was read.
    async fn put_wake(&self, wake: &mut Wake) -> Answer<Written>;
    /// Clears it, unless somebody wrote it since.
    async fn clear_wake(&self, wake: &Wake) -> Answer<()>;
}

/// Wakes whose time has come.
#[async_trait]
pub trait DueWakes: Send + Sync {
    /// How many shards there are; each account is in one of them.
    fn wake_shards(&self) -> u8;
    /// Those of a shard, the longest due first. May be some moments behind.
    async fn due_wakes(&self, shard: u8, now: Timestamp, limit: usize) -> Answer<Vec<Wake>>;
}

/// An event for the sync queue.
#[derive(Clone, Debug)]
pub struct Queued {
    /// The account, which is the message group.
    pub account: AccountId,
    /// Drops repeats within five minutes.
    pub deduplication: String,
    /// The event as JSON.
    pub event: String,
}

/// The way into the sync queue.
#[async_trait]
pub trait SyncQueue: Send + Sync {
    /// Puts events into the queue, in order. Per event: whether it is in.
    async fn enqueue(&self, events: &[Queued]) -> Answer<Vec<bool>>;
}

/// The way into the upkeep queue.
#[async_trait]
pub trait UpkeepQueue: Send + Sync {
    /// Puts messages into the queue, each to be taken after its delay; an error means that some may be missing.
    async fn plan(&self, messages: &[(upkeep::Message, Duration)]) -> Answer<()>;
}

/// The way to Sessional's backend.
#[async_trait]
pub trait Notifications: Send + Sync {
    /// Sends them; an error means that at least one may not have been sent.
    async fn notify(&self, notifications: &[Notification]) -> Answer<()>;
}
