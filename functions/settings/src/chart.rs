//! The chart of accounts and the mapping onto it. A mapping is checked against the live chart, and what was
//! held because sales had no account goes on as soon as they have one.

use crate::{Answered, App, unavailable};
use aws::clock::SystemClock;
use aws::http::json;
use http::StatusCode;
use rules::connection::{Connection, ErrorReason, Status};
use rules::mapping::{Choices, ExpenseDocuments, Mapping};
use rules::mapping_view::{MappingRequest, MappingView};
use rules::organisation::Facts;
use rules::permission::Permission;
use rules::ports::{Clock as _, Connections as _, Mappings as _, Organisations as _, Written};
use rules::record::WaitReason;
use rules::session::{Interruption, Session};
use rules::status::{self, BrokenView};
use rules::{AccountId, Problem, chart, facts, held, lost, pausing};
use std::sync::Arc;
use xero::TenantId;

impl App {
    pub(crate) async fn accounts(&self, account: &AccountId, refresh: bool) -> Answered {
        let connection = self.connection(account).await?;
        let facts = self.facts(&connection, refresh).await?;
        Ok(json(StatusCode::OK, &chart::draw(&facts)))
    }

    pub(crate) async fn mapping(&self, account: &AccountId) -> Answered {
        let connection = self.connection(account).await?;
        let tenant = connection.organisation.as_ref().ok_or_else(Problem::not_connected)?.tenant;
        let stored = self.table.mapping(account, tenant).await.map_err(unavailable)?;
        let mapping = stored.unwrap_or_else(|| Mapping::new(account.clone(), tenant, SystemClock.now()));
        Ok(json(StatusCode::OK, &MappingView::from(mapping)))
    }

    pub(crate) async fn map(&self, account: &AccountId, body: &[u8]) -> Answered {
        let request = MappingRequest::parse(body)?;
        let seen = request.version;
        let choices = request.into_choices();
        let connection = self.connection(account).await?;
        let facts = self.facts(&connection, true).await?;
        choices.check(&facts)?;
        self.check_permission(&connection, &choices).await?;
        let tenant = connection.tenant().ok_or_else(Problem::connection_lost)?;
        let mapping = self.store(account, tenant, choices, seen).await?;
        if mapping.choices.sales.is_some() {
            self.note_drain(account).await?;
            let released = held::release(&self.table, &self.queue, account, tenant).await.map_err(unavailable)?;
            tracing::info!(xero.tenant_id = %tenant, held.released = released, "a mapping was stored");
        }
        Ok(json(StatusCode::OK, &MappingView::from(mapping)))
    }

    /// What is broken in the mapping, and what waits for it. After a new connection the chart is read afresh: the
    /// organisation may have changed while it was away. While Xero asks us to wait, what was known before counts.
    pub(crate) async fn broken(
        &self,
        connection: &Connection,
        mapping: &Mapping,
        is_cooling: bool,
    ) -> Result<Vec<BrokenView>, Problem> {
        let (account, tenant) = (&connection.account, mapping.tenant);
        let stored = self.table.facts(account, tenant).await.map_err(unavailable)?;
        let before = connection.connected_at.filter(|_| connection.status == Status::Connected);
        let old = |facts: &Facts| before.is_some_and(|connected| facts.fetched_at < connected);
        let facts = match stored {
            Some(facts) if !is_cooling && old(&facts) => match self.facts(connection, false).await {
                Ok(fresh) => fresh,
                // The status itself can be told all the same.
                Err(_) => facts,
            },
            Some(facts) => facts,
            None => return Ok(Vec::new()),
        };
        if mapping.choices.broken(&facts).is_empty() {
            return Ok(Vec::new());
        }
        let waiting = held::all(&self.table, account, tenant).await.map_err(unavailable)?;
        Ok(status::broken(&mapping.choices, &facts, &waiting))
    }

    /// Upkeep lets go what a sync decides to hold at this very moment, for it has still seen the old mapping.
    async fn note_drain(&self, account: &AccountId) -> Result<(), Problem> {
        let mut connection = self.connection(account).await?;
        connection.draining_since = Some(SystemClock.now());
        connection.archived_categories.clear();
        match self.table.put_connection(&mut connection).await.map_err(unavailable)? {
            Written::Done => Ok(()),
            Written::Conflict => Err(Problem::conflict()),
        }
    }

    /// Spend money needs a permission of its own, which is asked for when it is chosen; without it no expense could be sent.
    async fn check_permission(&self, connection: &Connection, choices: &Choices) -> Result<(), Problem> {
        match choices.expense_documents {
            ExpenseDocuments::Bill { .. } => return Ok(()),
            ExpenseDocuments::SpendMoney { .. } => {}
        }
        let clock = SystemClock;
        let tokens = aws::xero_setup::tokens(&self.xero, &*self.tokens, &self.table, &clock, &self.memory);
        let session = Session::open(&self.xero.client, &tokens, connection).ok_or_else(Problem::not_connected)?;
        match session.has_scope(Permission::SpendMoney.scope()).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Problem::permission_needed(Permission::SpendMoney)),
            Err(interruption) => Err(self.interrupted(connection, session.tenant_id(), interruption).await),
        }
    }

    async fn store(
        &self,
        account: &AccountId,
        tenant: TenantId,
        choices: Choices,
        seen: Option<u64>,
    ) -> Result<Mapping, Problem> {
        let stored = self.table.mapping(account, tenant).await.map_err(unavailable)?;
        let now = SystemClock.now();
        let mut mapping = stored.unwrap_or_else(|| Mapping::new(account.clone(), tenant, now));
        if seen.is_some_and(|seen| seen != mapping.revision) {
            return Err(Problem::conflict());
        }
        if mapping.change(choices, now) {
            match self.table.put_mapping(&mut mapping).await.map_err(unavailable)? {
                Written::Done => {}
                Written::Conflict => return Err(Problem::conflict()),
            }
        }
        Ok(mapping)
    }

    /// What is known of the connected organisation, or what Xero says now.
    async fn facts(&self, connection: &Connection, fresh: bool) -> Result<Arc<Facts>, Problem> {
        check_connected(connection)?;
        let clock = SystemClock;
        let tokens = aws::xero_setup::tokens(&self.xero, &*self.tokens, &self.table, &clock, &self.memory);
        let session = Session::open(&self.xero.client, &tokens, connection).ok_or_else(Problem::not_connected)?;
        let account = &connection.account;
        let read = if fresh {
            facts::read(&self.table, &session, account, &clock).await
        } else {
            facts::known(&self.table, &session, account, &clock).await
        };
        match read {
            Ok(facts) => Ok(facts),
            Err(interruption) => Err(self.interrupted(connection, session.tenant_id(), interruption).await),
        }
    }

    /// What a call that gave no result means for later ones, and what the user is told.
    pub(crate) async fn interrupted(&self, seen: &Connection, tenant: TenantId, interruption: Interruption) -> Problem {
        if let Some(pause) = interruption.pause() {
            tracing::warn!(xero.tenant_id = %tenant, reason = %interruption, "Xero could not be asked");
            let operator = pause.reason == WaitReason::Credentials;
            return match pausing::note(&self.table, tenant, &pause, None, SystemClock.now()).await {
                Err(error) => unavailable(error),
                Ok(_) if operator => Problem::operator(),
                Ok(_) => Problem::try_again(),
            };
        }
        let interruption = match interruption {
            Interruption::ScopeMissing => Interruption::Lost(ErrorReason::PermissionMissing),
            other => other,
        };
        match interruption {
            Interruption::Lost(reason) => {
                let (table, told) = (&self.table, &self.notifications);
                let lost = lost::lose_unless_renewed(table, told, &SystemClock, seen, reason).await;
                lost.map_or_else(unavailable, |_| Problem::connection_lost())
            }
            Interruption::Unavailable(error) => unavailable(error),
            Interruption::NotConnected => Problem::not_connected(),
            Interruption::ScopeMissing
            | Interruption::Operator(_)
            | Interruption::Wait(_)
            | Interruption::NoAnswer(_)
            | Interruption::Refused(_) => Problem::try_again(),
        }
    }
}

/// Xero can only be asked over a connection that stands.
pub(crate) fn check_connected(connection: &Connection) -> Result<(), Problem> {
    match connection.status {
        Status::Connected => Ok(()),
        Status::Error => Err(Problem::connection_lost()),
        Status::ChooseOrganisation | Status::Disconnected => Err(Problem::not_connected()),
    }
}
