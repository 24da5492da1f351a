//! Payments come back: a webhook is only a hint that something changed; what counts is what Xero says when
//! it is asked. Documents that are not ours cost no call, and the rest one call for each tenant.

pub mod gaps;
mod hint;
mod merging;
mod reading;
mod settlement;
pub mod sweep;

pub use hint::{Entry, HINT_VERSION, Hint, MAX_INVOICES, Numbers, Sequence};
pub use reading::{OWN_WRITE_TIME, Reading, read_invoice};
pub use settlement::follow_settlement;

use crate::account::AccountId;
use crate::connection::{Connection, ErrorReason};
use crate::ports::{Claims, Clock, Connections, Cooldowns, Notifications, Records, Unavailable, Written};
use crate::record::{Record, WaitReason};
use crate::session::{Interruption, Session};
use crate::tokens::Tokens;
use crate::{lost, outbox};
use jiff::{SignedDuration, Timestamp};
use merging::Merges;
use reading::other_contact;
use std::time::Duration;
use xero::models::Invoice;
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
fn is_late(invoice: &Invoice, now: Timestamp) -> bool {
    invoice.updated.is_none_or(|updated| now.duration_since(updated) >= DELIVERY_TIME)
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
    /// Where the backend is told.
    pub notifications: &'a dyn Notifications,
    /// Time.
    pub clock: &'a dyn Clock,
}

impl Payments<'_> {
    /// Follows what was hinted about one tenant.
    pub async fn run(&self, tenant: TenantId, ids: &[InvoiceId]) -> Outcome {
        match self.follow_hint(tenant, ids).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::warn!(error = %error, reason = %error.source, "a store cannot be reached; the hint comes again");
                Outcome::Again(RETRY_WAIT)
            }
        }
    }

    async fn follow_hint(&self, tenant: TenantId, ids: &[InvoiceId]) -> Result<Outcome, Unavailable> {
        let Some(connection) = self.connection(tenant).await? else { return Ok(Outcome::Dropped) };
        let mut ours = self.ours(&connection.account, tenant, ids).await?;
        if ours.is_empty() {
            return Ok(Outcome::Done { ours: 0, changed: 0 });
        }
        if let Some(wait) = self.cooling(tenant).await? {
            return Ok(Outcome::Again(wait));
        }
        let Some(session) = Session::open(self.client, self.tokens, &connection) else { return Ok(Outcome::Dropped) };
        let ids: Vec<InvoiceId> =
            ours.iter().filter_map(|record| record.reference.as_ref().map(|reference| reference.id)).collect();
        let read = crate::call_xero!(session, |tenant| tenant.invoices_by_ids(&ids));
        let invoices = match read {
            Ok(invoices) => invoices,
            Err(interruption) => return self.interrupted(connection, interruption).await,
        };
        let applied = self.apply_all(&mut ours, &invoices, &mut Merges::new(&session)).await?;
        if applied.again > 0 {
            // What is settled is noted; whose change the rest was is known in a moment.
            return Ok(Outcome::Again(OWN_WRITE_WAIT));
        }
        Ok(Outcome::Done { ours: ours.len(), changed: applied.changed })
    }

    /// Follows invoices that Xero has shown.
    async fn follow_all(
        &self,
        account: &AccountId,
        session: &Session<'_>,
        invoices: &[Invoice],
    ) -> Result<Applied, Unavailable> {
        let ids: Vec<InvoiceId> = invoices.iter().map(|invoice| invoice.invoice_id).collect();
        let mut ours = self.ours(account, session.tenant_id(), &ids).await?;
        self.apply_all(&mut ours, invoices, &mut Merges::new(session)).await
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
        invoices: &[Invoice],
        merges: &mut Merges<'_, '_>,
    ) -> Result<Applied, Unavailable> {
        let mut applied = Applied::default();
        for record in records {
            let id = record.reference.as_ref().map(|reference| reference.id);
            if let Some(invoice) = invoices.iter().find(|invoice| Some(invoice.invoice_id) == id) {
                let read = self.apply(record, invoice, merges).await?;
                applied.changed += usize::from(read.changed);
                applied.again += usize::from(read.again);
                applied.missed += usize::from(read.changed && is_late(invoice, self.clock.now()));
            }
        }
        Ok(applied)
    }

    /// Brings one record up to what Xero says, and tells the backend. Whoever loses a race reads again.
    async fn apply(
        &self,
        record: &mut Record,
        invoice: &Invoice,
        merges: &mut Merges<'_, '_>,
    ) -> Result<Reading, Unavailable> {
        let mut merged = false;
        if let Some((written, shown)) = other_contact(record, invoice) {
            match merges.has_become(written, shown).await {
                Some(known) => merged = known,
                None => return Ok(Reading { changed: false, again: true }),
            }
        }
        loop {
            let before = record.stands;
            let read = read_invoice(record, invoice, merged, self.clock.now());
            if !read.changed {
                outbox::flush_record(self.records, self.notifications, record).await?;
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

    async fn interrupted(&self, connection: Connection, interruption: Interruption) -> Result<Outcome, Unavailable> {
        let tenant = connection.tenant();
        Ok(match (interruption, tenant) {
            (Interruption::Wait(pause), Some(tenant)) => {
                if pause.reason == WaitReason::Organisation {
                    self.cooldowns.cool_down(tenant, self.clock.now() + pause.time).await?;
                }
                Outcome::Again(pause.time)
            }
            (Interruption::Wait(pause), None) => Outcome::Again(pause.time),
            (Interruption::NotConnected, _) => Outcome::Dropped,
            (Interruption::ScopeMissing, _) => {
                let reason = ErrorReason::PermissionMissing;
                lost::lose_unless_renewed(self.connections, self.notifications, self.clock, &connection, reason)
                    .await?;
                Outcome::Dropped
            }
            (Interruption::Lost(reason), _) => {
                // The sweep finds what was missed once the connection is back, so the hint itself may go.
                lost::lose_unless_renewed(self.connections, self.notifications, self.clock, &connection, reason)
                    .await?;
                Outcome::Dropped
            }
            (Interruption::Unavailable(error), _) => return Err(error),
            (Interruption::NoAnswer(error) | Interruption::Refused(error), _) => {
                tracing::warn!(error = %error, "Xero gave no answer about payments");
                Outcome::Again(RETRY_WAIT)
            }
            (Interruption::Operator(error), _) => {
                tracing::error!(error, alarm = "operator", "our own request or credentials are refused");
                Outcome::Again(RETRY_WAIT)
            }
        })
    }
}
