//! The sweep: asks Xero what changed since the last one, so that a lost webhook costs time and nothing else.
//! Once a week it also asks for every open document by its id, and looks for paid ones among those of which something
//! is due, because not every change moves the date of an invoice. An account without documents costs no call.

use super::{Applied, Outcome, Payments};
use crate::account::AccountId;
use crate::connection::Connection;
use crate::ports::{Sweeps, Unavailable, Written};
use crate::record::Watch;
use crate::session::{Interruption, Session};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::time::Duration;
use xero::models::Invoice;
use xero::{InvoiceId, Page, TenantId};

/// The version of the stored standing.
pub const VERSION: u32 = 1;
/// Sweeps of one account are at least an hour apart; a message that comes early, or twice, does nothing.
pub const INTERVAL: SignedDuration = SignedDuration::from_mins(50);
/// How far a sweep looks back before the last one: for clocks that differ, and because nobody knows whether
/// `If-Modified-Since` counts its own second.
pub const OVERLAP: SignedDuration = SignedDuration::from_mins(10);
/// How far the first sweep looks back for spend money: everything of ours was made since the account was connected.
const FIRST_SPENT: SignedDuration = SignedDuration::from_hours(24);
/// How often every document is looked at, whatever its date says.
pub const CHECK_INTERVAL: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Most listing pages in one run: a tenant has 60 calls a minute, and users' own work comes first.
pub const MAX_PAGES: u32 = 10;
/// Pause before a run goes on that had more pages.
const NEXT_RUN: Duration = Duration::from_secs(60);
/// Most documents that are asked for by id: ten calls.
const MAX_CHECKED: usize = 1_000;
/// Most paid documents of a year that are compared with what Xero lists.
const MAX_PAID: usize = 20_000;
/// Most pages of a thousand documents that are listed for it.
const MAX_LISTED_PAGES: u32 = 20;
/// How long the payments of a document are followed: over the year in which its books are closed.
const PAID_MONTHS: i32 = 13;

/// How far the sweep of an account's organisation has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Version of the stored form.
    pub version: u32,
    /// Whose it is.
    pub account: AccountId,
    /// The organisation.
    pub tenant: TenantId,
    /// Counts every write; a write must name the one it read.
    pub revision: u64,
    /// When the last complete sweep began: whatever changed before is known.
    pub swept_to: Timestamp,
    /// Where a sweep goes on that had too many pages for one run, and when it began.
    pub unfinished: Option<Unfinished>,
    /// When every open document was last asked for.
    pub checked_at: Timestamp,
}

/// A sweep that goes on in the next run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfinished {
    /// When it began.
    pub began: Timestamp,
    /// The last change that it has seen.
    pub from: Timestamp,
    /// The page from there: more than one when very many documents changed in the same second.
    #[serde(default = "first_page")]
    pub page: u32,
}

fn first_page() -> u32 {
    1
}

/// What became of a sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Swept {
    /// Done.
    Done {
        /// Calls to Xero that listed or read.
        calls: u32,
        /// Records that changed: what the webhook has not told, or not yet.
        found: usize,
    },
    /// There is nothing to look at: Xero was not called.
    Idle,
    /// The last one is too recent.
    NotDue,
    /// The account is not connected.
    Dropped,
    /// Xero cannot be asked now; it is planned anew.
    Postponed,
    /// Comes again after this time.
    Again(Duration),
}

/// The sweep.
pub struct Sweep<'a> {
    /// How invoices are read and followed.
    pub payments: &'a Payments<'a>,
    /// How far sweeps have come.
    pub sweeps: &'a dyn Sweeps,
}

/// What a run has done so far.
#[derive(Default)]
struct Progress {
    calls: u32,
    found: usize,
    missed: usize,
}

impl Progress {
    fn add(&mut self, applied: Applied) {
        self.found += applied.changed;
        self.missed += applied.missed;
    }
}

/// Why a run ends early.
enum Stop {
    Unavailable(Unavailable),
    Interrupted(Interruption),
}

impl From<Unavailable> for Stop {
    fn from(error: Unavailable) -> Self {
        Self::Unavailable(error)
    }
}

impl From<Interruption> for Stop {
    fn from(interruption: Interruption) -> Self {
        Self::Interrupted(interruption)
    }
}

impl Sweep<'_> {
    /// Sweeps one account.
    pub async fn run(&self, account: &AccountId) -> Swept {
        match self.sweep(account).await {
            Ok(swept) => swept,
            Err(error) => {
                tracing::warn!(error = %error, reason = %error.source, "a store cannot be reached; the sweep comes again");
                Swept::Again(super::RETRY_WAIT)
            }
        }
    }

    async fn sweep(&self, account: &AccountId) -> Result<Swept, Unavailable> {
        let payments = self.payments;
        let now = payments.clock.now();
        let connection = payments.connections.connection(account).await?;
        let Some((connection, tenant)) = connection.and_then(|known| known.tenant().map(|tenant| (known, tenant)))
        else {
            return Ok(Swept::Dropped);
        };
        let standing = self.sweeps.sweep(account, tenant).await?;
        let due = connection.due_sweep.is_some() || standing.as_ref().is_none_or(|standing| standing.due(now));
        if !due {
            return Ok(Swept::NotDue);
        }
        if !self.watches_anything(account, tenant).await? {
            self.no_longer_due(&connection).await?;
            return Ok(Swept::Idle);
        }
        if let Some(wait) = payments.cooling(tenant).await? {
            payments.postpone(account, tenant, wait).await?;
            return Ok(Swept::Postponed);
        }
        let Some(session) = Session::open(payments.client, payments.tokens, &connection) else {
            return Ok(Swept::Dropped);
        };
        let mut progress = Progress::default();
        match self.advance(&session, &connection, standing, &mut progress).await {
            Ok(mut standing) => {
                if standing.unfinished.is_none() {
                    self.no_longer_due(&connection).await?;
                }
                self.store(&mut standing, &progress).await
            }
            Err(Stop::Unavailable(error)) => Err(error),
            Err(Stop::Interrupted(interruption)) => {
                Ok(match payments.interrupted(&connection, tenant, interruption).await? {
                    Outcome::Again(wait) => Swept::Again(wait),
                    Outcome::Postponed => Swept::Postponed,
                    Outcome::Dropped | Outcome::Done { .. } => Swept::Dropped,
                })
            }
        }
    }

    /// Whether Xero can tell anything new of any document.
    async fn watches_anything(&self, account: &AccountId, tenant: TenantId) -> Result<bool, Unavailable> {
        let paid = self.paid_years().map(|year| Watch::Paid { year });
        for watch in [Watch::Open, Watch::Foreign, Watch::SpendMoney].into_iter().chain(paid) {
            if !self.payments.records.watched(account, tenant, watch, 1).await?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The years of payments that are followed, the newest first. A payment may be dated in the future.
    fn paid_years(&self) -> impl Iterator<Item = i16> + use<> {
        let today = self.payments.clock.now().to_zoned(TimeZone::UTC).date();
        let first = today.saturating_sub(Span::new().months(PAID_MONTHS)).year();
        (first..=today.year().saturating_add(1)).rev()
    }

    /// What made a sweep due before its time is read, unless more has come since.
    async fn no_longer_due(&self, seen: &Connection) -> Result<(), Unavailable> {
        if seen.due_sweep.is_none() {
            return Ok(());
        }
        let connections = self.payments.connections;
        let Some(mut connection) = connections.connection(&seen.account).await? else { return Ok(()) };
        if connection.due_sweep != seen.due_sweep {
            return Ok(());
        }
        connection.due_sweep = None;
        if connections.put_connection(&mut connection).await? == Written::Conflict {
            tracing::info!("a connection changed while its payments were read; they are read once more");
        }
        Ok(())
    }

    /// Follows what changed, and gives where the sweep stands then.
    async fn advance(
        &self,
        session: &Session<'_>,
        connection: &Connection,
        standing: Option<Standing>,
        progress: &mut Progress,
    ) -> Result<Standing, Stop> {
        let account = &connection.account;
        let tenant = session.tenant_id();
        let now = self.payments.clock.now();
        let Some(mut standing) = standing else {
            // The first time there is no date to ask from; every document by its id is exact.
            self.check(session, account, None, progress).await?;
            self.spent(session, account, now - FIRST_SPENT, progress).await?;
            return Ok(Standing::new(account.clone(), tenant, now));
        };
        let since = standing.swept_to - OVERLAP;
        self.list(session, account, &mut standing, progress).await?;
        if standing.unfinished.is_some() {
            return Ok(standing);
        }
        self.spent(session, account, since, progress).await?;
        if now.duration_since(standing.checked_at) >= CHECK_INTERVAL {
            self.check(session, account, Some(standing.swept_to - OVERLAP), progress).await?;
            standing.checked_at = now;
        } else {
            let foreign = self.payments.records.watched(account, tenant, Watch::Foreign, MAX_CHECKED).await?;
            self.read(session, account, &foreign, None, progress).await?;
        }
        Ok(standing)
    }

    /// Follows every document that changed, oldest change first. The next page is asked for by the last
    /// change and not by its number, because a document that changes meanwhile moves behind the others and
    /// pulls one of them onto a page that was read already.
    async fn list(
        &self,
        session: &Session<'_>,
        account: &AccountId,
        standing: &mut Standing,
        progress: &mut Progress,
    ) -> Result<(), Stop> {
        let fresh = Unfinished { began: self.payments.clock.now(), from: standing.swept_to - OVERLAP, page: 1 };
        let Unfinished { began, from: mut since, page: mut number } = standing.unfinished.clone().unwrap_or(fresh);
        let mut seen = HashSet::new();
        for _ in 0..MAX_PAGES {
            let page: Page<Invoice> =
                crate::call_xero!(session, |tenant| tenant.invoices_modified_since(since, number))?;
            progress.calls += 1;
            let fresh: Vec<Invoice> = page
                .items
                .iter()
                .filter(|invoice| seen.insert((invoice.invoice_id, invoice.updated)))
                .cloned()
                .collect();
            progress.add(self.payments.follow_all(account, session, &fresh, None).await?);
            if !page.has_more {
                standing.swept_to = began;
                standing.unfinished = None;
                return Ok(());
            }
            let last = page.items.iter().filter_map(|invoice| invoice.updated).max();
            let next = last.map_or(since, |last| last - SignedDuration::from_secs(1));
            (since, number) = if next > since { (next, 1) } else { (since, number + 1) };
        }
        standing.unfinished = Some(Unfinished { began, from: since, page: number });
        Ok(())
    }

    /// Follows spend money that changed, where the account has some: no webhook ever tells of it.
    async fn spent(
        &self,
        session: &Session<'_>,
        account: &AccountId,
        since: Timestamp,
        progress: &mut Progress,
    ) -> Result<(), Stop> {
        let tenant = session.tenant_id();
        if self.payments.records.watched(account, tenant, Watch::SpendMoney, 1).await?.is_empty() {
            return Ok(());
        }
        for number in 1..=MAX_PAGES {
            let page = match crate::call_xero!(session, |tenant| tenant.spend_money_since(since, number)) {
                // Whoever takes this permission away keeps invoices and bills.
                Err(Interruption::ScopeMissing) => {
                    tracing::warn!(xero.tenant_id = %tenant, "changes of spend money cannot be read without its permission");
                    return Ok(());
                }
                page => page?,
            };
            progress.calls += 1;
            progress.add(self.payments.follow_spend_money(account, session, &page.items).await?);
            if !page.has_more {
                return Ok(());
            }
        }
        tracing::warn!(xero.tenant_id = %tenant, "more spend money changed than one sweep lists");
        Ok(())
    }

    /// Follows every document of which something is due by its id; and those that are paid, where Xero lists them among
    /// the documents that are not: taking a payment back may move no date.
    async fn check(
        &self,
        session: &Session<'_>,
        account: &AccountId,
        listed_to: Option<Timestamp>,
        progress: &mut Progress,
    ) -> Result<(), Stop> {
        let (tenant, records) = (session.tenant_id(), self.payments.records);
        let mut due = records.watched(account, tenant, Watch::Open, MAX_CHECKED).await?;
        due.extend(records.watched(account, tenant, Watch::Foreign, MAX_CHECKED).await?);
        if due.len() >= MAX_CHECKED {
            tracing::warn!(xero.tenant_id = %tenant, "more documents are open than one check asks for");
        }
        let mut paid = Vec::new();
        for year in self.paid_years() {
            paid.extend(records.watched(account, tenant, Watch::Paid { year }, MAX_PAID).await?);
        }
        if !paid.is_empty() {
            let unpaid = self.unpaid(session, progress).await?;
            due.extend(paid.into_iter().filter(|id| unpaid.contains(id)));
        }
        self.read(session, account, &due, listed_to, progress).await
    }

    /// Everything in the organisation of which something is due, whoever made it.
    async fn unpaid(&self, session: &Session<'_>, progress: &mut Progress) -> Result<HashSet<InvoiceId>, Stop> {
        let mut unpaid = HashSet::new();
        for number in 1..=MAX_LISTED_PAGES {
            let page = crate::call_xero!(session, |tenant| tenant.authorised_invoices(number))?;
            progress.calls += 1;
            unpaid.extend(page.items.iter().map(|invoice| invoice.invoice_id));
            if !page.has_more {
                return Ok(unpaid);
            }
        }
        tracing::warn!(xero.tenant_id = %session.tenant_id(), "more documents are due than one check lists");
        Ok(unpaid)
    }

    /// Follows documents by their ids.
    async fn read(
        &self,
        session: &Session<'_>,
        account: &AccountId,
        ids: &[InvoiceId],
        listed_to: Option<Timestamp>,
        progress: &mut Progress,
    ) -> Result<(), Stop> {
        for some in ids.chunks(super::MAX_INVOICES) {
            let invoices = crate::call_xero!(session, |tenant| tenant.invoices_by_ids(some))?;
            progress.calls += 1;
            progress.add(self.payments.follow_all(account, session, &invoices, listed_to).await?);
        }
        Ok(())
    }

    async fn store(&self, standing: &mut Standing, progress: &Progress) -> Result<Swept, Unavailable> {
        if self.sweeps.put_sweep(standing).await? == Written::Conflict {
            // Another run was as far at the same time; what both found is stored already.
            tracing::info!(xero.tenant_id = %standing.tenant, "two sweeps of one account met");
        }
        tracing::info!(
            xero.tenant_id = %standing.tenant,
            sweep.found = progress.found,
            payments.found_by_sweep = progress.missed,
            sweep.calls = progress.calls,
            sweep.finished = standing.unfinished.is_none(),
            "an account was swept"
        );
        match standing.unfinished {
            Some(_) => Ok(Swept::Again(NEXT_RUN)),
            None => Ok(Swept::Done { calls: progress.calls, found: progress.found }),
        }
    }
}

impl Standing {
    /// After a first check at `now`.
    #[must_use]
    pub fn new(account: AccountId, tenant: TenantId, now: Timestamp) -> Self {
        Self { version: VERSION, account, tenant, revision: 0, swept_to: now, unfinished: None, checked_at: now }
    }

    /// Whether the next sweep may begin.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> bool {
        self.unfinished.is_some() || now.duration_since(self.swept_to) >= INTERVAL
    }
}
