//! The sweep: asks Xero what changed since the last one, so that a lost webhook costs time and nothing else.
//! Now and then it also asks for every open document by its id, because not every change moves the date of
//! an invoice. An account with nothing open costs no call.

use super::{Applied, Outcome, Payments};
use crate::account::AccountId;
use crate::connection::Connection;
use crate::ports::{Sweeps, Unavailable, Written};
use crate::session::{Interruption, Session};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::time::Duration;
use xero::models::Invoice;
use xero::{InvoiceId, Page, TenantId};

/// The version of the stored standing.
pub const VERSION: u32 = 1;
/// Sweeps of one account are an hour apart; a message that comes early, or twice, does nothing.
pub const INTERVAL: SignedDuration = SignedDuration::from_mins(50);
/// How far a sweep looks back before the last one: for clocks that differ, and because nobody knows whether
/// `If-Modified-Since` counts its own second.
pub const OVERLAP: SignedDuration = SignedDuration::from_mins(10);
/// How often every open document is asked for by its id.
pub const CHECK_INTERVAL: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Most listing pages in one run: a tenant has 60 calls a minute, and users' own work comes first.
pub const MAX_PAGES: u32 = 10;
/// Pause before a run goes on that had more pages.
const NEXT_RUN: Duration = Duration::from_secs(60);
/// Most documents that are asked for by id: ten calls.
const MAX_CHECKED: usize = 1_000;

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
    /// Nothing is open: Xero was not called.
    Idle,
    /// The last one is too recent.
    NotDue,
    /// The account is not connected.
    Dropped,
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
        if standing.as_ref().is_some_and(|standing| !standing.due(now)) {
            return Ok(Swept::NotDue);
        }
        if payments.records.open_documents(account, tenant, 1).await?.is_empty() {
            return Ok(Swept::Idle);
        }
        if let Some(wait) = payments.cooling(tenant).await? {
            return Ok(Swept::Again(wait));
        }
        let Some(session) = Session::open(payments.client, payments.tokens, &connection) else {
            return Ok(Swept::Dropped);
        };
        let mut progress = Progress::default();
        match self.advance(&session, &connection, standing, &mut progress).await {
            Ok(mut standing) => self.store(&mut standing, &progress).await,
            Err(Stop::Unavailable(error)) => Err(error),
            Err(Stop::Interrupted(interruption)) => Ok(match payments.interrupted(connection, interruption).await? {
                Outcome::Again(wait) => Swept::Again(wait),
                Outcome::Dropped | Outcome::Done { .. } => Swept::Dropped,
            }),
        }
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
        let now = self.payments.clock.now();
        let Some(mut standing) = standing else {
            // The first time there is no date to ask from; every open document by its id is exact.
            self.check(session, account, progress).await?;
            return Ok(Standing::new(account.clone(), session.tenant_id(), now));
        };
        self.list(session, account, &mut standing, progress).await?;
        if standing.unfinished.is_none() && now.duration_since(standing.checked_at) >= CHECK_INTERVAL {
            self.check(session, account, progress).await?;
            standing.checked_at = now;
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
            progress.add(self.payments.follow_all(account, session, &fresh).await?);
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

    /// Follows every open document by its id.
    async fn check(&self, session: &Session<'_>, account: &AccountId, progress: &mut Progress) -> Result<(), Stop> {
        let tenant = session.tenant_id();
        let ids: Vec<InvoiceId> = self.payments.records.open_documents(account, tenant, MAX_CHECKED).await?;
        if ids.len() == MAX_CHECKED {
            tracing::warn!(xero.tenant_id = %tenant, "more documents are open than one check asks for");
        }
        for some in ids.chunks(super::MAX_INVOICES) {
            let invoices = crate::call_xero!(session, |tenant| tenant.invoices_by_ids(some))?;
            progress.calls += 1;
            progress.add(self.payments.follow_all(account, session, &invoices).await?);
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
