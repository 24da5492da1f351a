//! Payments come back: a webhook is only a hint that something changed; what counts is what Xero says when
//! it is asked. Documents that are not ours cost no call, and the rest one call for each tenant.

pub mod gaps;
mod hint;
mod merging;
mod postponing;
mod reading;
mod settlement;
pub mod sweep;

pub use hint::{Entry, HINT_VERSION, Hint, MAX_INVOICES, NamedInvoice, Numbers, Sequence};
pub use reading::{OWN_WRITE_TIME, Reading, Shown, read_shown};
pub use settlement::follow_settlement;

use crate::account::AccountId;
use crate::connection::Connection;
use crate::outbox;
use crate::ports::{Claims, Clock, Connections, Cooldowns, Notifications, Records, Unavailable, UpkeepQueue, Written};
use crate::record::Record;
use crate::session::Session;
use crate::tokens::Tokens;
use jiff::{SignedDuration, Timestamp};
use merging::Merges;
use reading::other_contact;
use std::time::Duration;
use xero::models::{BankTransaction, Invoice};
use xero::{InvoiceId, TenantId};

/// Wait after something of our own, or an answer, is missing.
const RETRY_WAIT: Duration = Duration::from_secs(15);
/// Wait until a change of our own is told from somebody else's.
const OWN_WRITE_WAIT: Duration = Duration::from_secs(15);
/// How long a webhook has for telling of a change before a sweep that finds it counts it as missed.
const DELIVERY_TIME: SignedDuration = SignedDuration::from_mins(2);
/// Records that are looked up side by side.
const LOOKUPS: usize = 10;

/// What became of a hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done; this many records changed.
    Done {
        /// Documents of ours among those named.
        ours: usize,
        /// Records that changed.
        changed: usize,
    },
    /// Nothing to do: nobody is connected to the tenant.
    Dropped,
    /// Xero cannot be asked now: a sweep is due instead, and the hint is over.
    Postponed,
    /// Comes again after this time.
    Again(Duration),
}

/// What a reading of several documents brought.
#[derive(Clone, Copy, Debug, Default)]
struct Applied {
    /// Records that changed.
    changed: usize,
    /// Records that have to be read again in a while.
    again: usize,
    /// Records that changed so long after Xero that a webhook should have told.
    missed: usize,
}

/// Whether the webhook had its time to tell of the document's last change.
fn is_late(document: Shown<'_>, now: Timestamp) -> bool {
    document.updated().is_none_or(|updated| now.duration_since(updated) >= DELIVERY_TIME)
}

/// The reading of payments.
pub struct Payments<'a> {
    /// Xero's API.
    pub client: &'a xero::Client,
    /// Access tokens.
    pub tokens: &'a Tokens<'a>,
    /// Connections.
    pub connections: &'a dyn Connections,
    /// Who holds which tenant.
    pub claims: &'a dyn Claims,
    /// Records.
    pub records: &'a dyn Records,
    /// Tenants to leave alone.
    pub cooldowns: &'a dyn Cooldowns,
    /// Where sweeps are planned.
    pub upkeep_queue: &'a dyn UpkeepQueue,
    /// Where the backend is told.
    pub notifications: &'a dyn Notifications,
    /// Time.
    pub clock: &'a dyn Clock,
}

impl Payments<'_> {
    /// Follows what was hinted about one tenant.
    pub async fn run(&self, tenant: TenantId, ids: &[InvoiceId]) -> Outcome {
        let named: Vec<NamedInvoice> = ids.iter().map(|id| NamedInvoice { id: *id, changed_at: None }).collect();
        self.run_named(tenant, &named).await
    }

    /// As [`Payments::run`], of changes whose time is known: what is not later than what a record knows is the echo of a
    /// write of our own, or told already, and costs no call.
    pub async fn run_named(&self, tenant: TenantId, named: &[NamedInvoice]) -> Outcome {
        match self.follow_hint(tenant, named).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::warn!(error = %error, reason = %error.source, "a store cannot be reached; the hint comes again");
                Outcome::Again(RETRY_WAIT)
            }
        }
    }

    async fn follow_hint(&self, tenant: TenantId, named: &[NamedInvoice]) -> Result<Outcome, Unavailable> {
        let Some(connection) = self.connection(tenant).await? else { return Ok(Outcome::Dropped) };
        let ids: Vec<InvoiceId> = named.iter().map(|invoice| invoice.id).collect();
        let mut ours = self.ours(&connection.account, tenant, &ids).await?;
        let count = ours.len();
        ours.retain(|record| !is_echo(record, named) || owes_news(record));
        if ours.is_empty() {
            return Ok(Outcome::Done { ours: count, changed: 0 });
        }
        if let Some(wait) = self.cooling(tenant).await? {
            self.postpone(&connection.account, tenant, wait).await?;
            return Ok(Outcome::Postponed);
        }
        let Some(session) = Session::open(self.client, self.tokens, &connection) else { return Ok(Outcome::Dropped) };
        let ids: Vec<InvoiceId> =
            ours.iter().filter_map(|record| record.reference.as_ref().map(|reference| reference.id)).collect();
        let read = crate::call_xero!(session, |tenant| tenant.invoices_by_ids(&ids));
        let invoices = match read {
            Ok(invoices) => invoices,
            Err(interruption) => return self.interrupted(&connection, tenant, interruption).await,
        };
        let shown: Vec<Shown<'_>> = invoices.iter().map(Shown::Invoice).collect();
        let applied = self.apply_all(&mut ours, &shown, &mut Merges::new(&session)).await?;
        if applied.again > 0 {
            // What is settled is noted; whose change the rest was is known in a moment.
            return Ok(Outcome::Again(OWN_WRITE_WAIT));
        }
        Ok(Outcome::Done { ours: count, changed: applied.changed })
    }

    /// Follows invoices that Xero has shown. What changed before `listed_to` was to be in the list of what this app made.
    async fn follow_all(
        &self,
        account: &AccountId,
        session: &Session<'_>,
        invoices: &[Invoice],
        listed_to: Option<Timestamp>,
    ) -> Result<Applied, Unavailable> {
        let ids: Vec<InvoiceId> = invoices.iter().map(|invoice| invoice.invoice_id).collect();
        let mut ours = self.ours(account, session.tenant_id(), &ids).await?;
        note_unlisted(&mut ours, invoices, listed_to);
        let shown: Vec<Shown<'_>> = invoices.iter().map(Shown::Invoice).collect();
        self.apply_all(&mut ours, &shown, &mut Merges::new(session)).await
    }

    /// Follows spend money that Xero has shown. No webhook tells of it, so nothing of it counts as missed.
    async fn follow_spend_money(
        &self,
        account: &AccountId,
        session: &Session<'_>,
        spent: &[BankTransaction],
    ) -> Result<Applied, Unavailable> {
        // Ours has our reference, and everything that a bank feed made has none.
        let shown: Vec<Shown<'_>> =
            spent.iter().filter(|spend| spend.reference.is_some()).map(Shown::SpendMoney).collect();
        let ids: Vec<InvoiceId> = shown.iter().map(|spend| spend.id()).collect();
        let mut ours = self.ours(account, session.tenant_id(), &ids).await?;
        let applied = self.apply_all(&mut ours, &shown, &mut Merges::new(session)).await?;
        Ok(Applied { missed: 0, ..applied })
    }

    /// How long the tenant is still to be left alone.
    async fn cooling(&self, tenant: TenantId) -> Result<Option<Duration>, Unavailable> {
        let now = self.clock.now();
        let until = self.cooldowns.cooling_until(tenant, now).await?;
        Ok(until.map(|until| Duration::try_from(until.duration_since(now)).unwrap_or(RETRY_WAIT)))
    }

    /// The connection that names the tenant at this moment, if it may be called.
    async fn connection(&self, tenant: TenantId) -> Result<Option<Connection>, Unavailable> {
        let Some(account) = self.claims.holder(tenant).await? else { return Ok(None) };
        let connection = self.connections.connection(&account).await?;
        Ok(connection.filter(|connection| connection.tenant() == Some(tenant)))
    }

    /// The account's records of the invoices that are ours.
    async fn ours(&self, account: &AccountId, tenant: TenantId, ids: &[InvoiceId]) -> Result<Vec<Record>, Unavailable> {
        let mut ours = Vec::new();
        for chunk in ids.chunks(LOOKUPS) {
            let lookups = chunk.iter().map(|id| self.records.record_of(account, tenant, *id));
            for found in futures::future::try_join_all(lookups).await? {
                ours.extend(found);
            }
        }
        Ok(ours)
    }

    async fn apply_all(
        &self,
        records: &mut [Record],
        shown: &[Shown<'_>],
        merges: &mut Merges<'_, '_>,
    ) -> Result<Applied, Unavailable> {
        let mut applied = Applied::default();
        for record in records {
            let id = record.reference.as_ref().map(|reference| reference.id);
            if let Some(document) = shown.iter().copied().find(|document| Some(document.id()) == id) {
                let read = self.apply(record, document, merges).await?;
                applied.changed += usize::from(read.changed);
                applied.again += usize::from(read.again);
                applied.missed += usize::from(read.changed && is_late(document, self.clock.now()));
            }
        }
        Ok(applied)
    }

    /// Brings one record up to what Xero says, and tells the backend. Whoever loses a race reads again.
    async fn apply(
        &self,
        record: &mut Record,
        document: Shown<'_>,
        merges: &mut Merges<'_, '_>,
    ) -> Result<Reading, Unavailable> {
        let mut merged = false;
        if let Some((written, shown)) = other_contact(record, document) {
            match merges.has_become(written, shown).await {
                Some(known) => merged = known,
                None => return Ok(Reading { changed: false, again: true }),
            }
        }
        loop {
            let before = record.stands;
            let read = read_shown(record, document, merged, self.clock.now());
            if !read.changed {
                // What the sync has written there, its own message tells.
                if owes_news(record) {
                    outbox::flush_record(self.records, self.notifications, record).await?;
                }
                return Ok(read);
            }
            match self.records.put_record(record).await? {
                Written::Done => {
                    tracing::info!(record.id = record.key.id, was = ?before, state = ?record.stands, "a record follows Xero");
                    outbox::flush_record(self.records, self.notifications, record).await?;
                    return Ok(read);
                }
                Written::Conflict => match self.records.record(&record.key).await? {
                    Some(fresh) => *record = fresh,
                    None => return Ok(Reading::default()),
                },
            }
        }
    }
}

/// Notes which documents the list of what this app made leaves out: they changed in a time that it covers, and it did
/// not show them. From then on they are asked for by their ids.
fn note_unlisted(records: &mut [Record], invoices: &[Invoice], listed_to: Option<Timestamp>) {
    let Some(listed_to) = listed_to else { return };
    for reference in records.iter_mut().filter_map(|record| record.reference.as_mut()) {
        let shown = invoices.iter().find(|invoice| invoice.invoice_id == reference.id);
        let updated = shown.and_then(|invoice| invoice.updated);
        let is_unlisted =
            |updated: Timestamp| updated < listed_to && reference.updated_at.is_some_and(|known| known < updated);
        reference.foreign |= updated.is_some_and(is_unlisted);
    }
}

/// Whether what a record followed in Xero has not been told yet.
fn owes_news(record: &Record) -> bool {
    record.outbox.iter().any(|notification| !notification.details.is_of_sync())
}

/// Whether the record knows everything already that the hint may be about.
fn is_echo(record: &Record, named: &[NamedInvoice]) -> bool {
    let Some(reference) = &record.reference else { return false };
    let named = named.iter().find(|invoice| invoice.id == reference.id);
    let changed_at = named.and_then(|invoice| invoice.changed_at);
    changed_at.zip(reference.updated_at).is_some_and(|(changed, known)| changed <= known)
}
