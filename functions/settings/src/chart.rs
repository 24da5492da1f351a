//! The chart of accounts and the mapping onto it. A mapping is checked against the live chart, and what was
//! held because sales had no account goes on as soon as they have one.

use crate::{Answered, App, unavailable};
use aws::clock::SystemClock;
use aws::http::json;
use http::StatusCode;
use jiff::Timestamp;
use rules::connection::{Connection, Status};
use rules::mapping::{self, Choices, ExpenseDocuments, Mapping};
use rules::organisation::Facts;
use rules::ports::{Connections as _, Mappings as _, Written};
use rules::session::{Interruption, Session};
use rules::{AccountId, Problem, chart, facts, held, lost};
use xero::TenantId;

/// The scope of bank transactions at Xero, which an installation asks for only where it offers spend money.
const SPEND_MONEY_SCOPE: &str = "accounting.banktransactions";

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
        let choices = stored.map(|mapping| mapping.choices).unwrap_or_default();
        Ok(json(StatusCode::OK, &choices))
    }

    pub(crate) async fn map(&self, account: &AccountId, body: &[u8]) -> Answered {
        let choices = Choices::parse(body)?;
        let connection = self.connection(account).await?;
        let facts = self.facts(&connection, true).await?;
        choices.check(&facts)?;
        self.check_permission(&connection, &choices).await?;
        let tenant = connection.tenant().ok_or_else(Problem::connection_lost)?;
        self.store(account, tenant, choices.clone()).await?;
        if choices.sales.is_some() {
            self.note_drain(account).await?;
            let released = held::release(&self.table, &self.queue, account, tenant).await.map_err(unavailable)?;
            tracing::info!(xero.tenant_id = %tenant, held.released = released, "a mapping was stored");
        }
        Ok(json(StatusCode::OK, &choices))
    }

    /// Upkeep lets go what a sync decides to hold at this very moment, for it has still seen the old mapping.
    async fn note_drain(&self, account: &AccountId) -> Result<(), Problem> {
        let mut connection = self.connection(account).await?;
        connection.draining_since = Some(Timestamp::now());
        connection.archived_categories.clear();
        match self.table.put_connection(&mut connection).await.map_err(unavailable)? {
            Written::Done => Ok(()),
            Written::Conflict => Err(Problem::conflict()),
        }
    }

    /// Spend money needs a permission of its own; without it every expense would lose the connection.
    async fn check_permission(&self, connection: &Connection, choices: &Choices) -> Result<(), Problem> {
        match choices.expense_documents {
            ExpenseDocuments::Bill { .. } => return Ok(()),
            ExpenseDocuments::SpendMoney { .. } => {}
        }
        let clock = SystemClock;
        let tokens = aws::xero_setup::tokens(&self.xero, &self.tokens, &self.table, &clock, &self.memory);
        let session = Session::open(&self.xero.client, &tokens, connection).ok_or_else(Problem::not_connected)?;
        match session.has_scope(SPEND_MONEY_SCOPE).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Problem::invalid(
                "expense_documents.post_as",
                "Sessional's access to Xero does not cover spend money. Choose bills for expenses",
            )),
            Err(interruption) => Err(self.interrupted(connection, session.tenant_id(), interruption).await),
        }
    }

    async fn store(&self, account: &AccountId, tenant: TenantId, choices: Choices) -> Result<(), Problem> {
        let stored = self.table.mapping(account, tenant).await.map_err(unavailable)?;
        let mut mapping = Mapping {
            version: mapping::VERSION,
            account: account.clone(),
            tenant,
            revision: stored.map_or(0, |stored| stored.revision),
            chosen_at: Timestamp::now(),
            choices,
        };
        match self.table.put_mapping(&mut mapping).await.map_err(unavailable)? {
            Written::Done => Ok(()),
            Written::Conflict => Err(Problem::conflict()),
        }
    }

    /// What is known of the connected organisation, or what Xero says now.
    async fn facts(&self, connection: &Connection, fresh: bool) -> Result<Facts, Problem> {
        match connection.status {
            Status::Connected => {}
            Status::Error => return Err(Problem::connection_lost()),
            Status::ChooseOrganisation | Status::Disconnected => return Err(Problem::not_connected()),
        }
        let clock = SystemClock;
        let tokens = aws::xero_setup::tokens(&self.xero, &self.tokens, &self.table, &clock, &self.memory);
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

    async fn interrupted(&self, seen: &Connection, tenant: TenantId, interruption: Interruption) -> Problem {
        match interruption {
            Interruption::Lost(reason) => {
                let (table, told) = (&self.table, &self.notifications);
                let lost = lost::lose_unless_renewed(table, told, &SystemClock, seen, reason).await;
                lost.map_or_else(unavailable, |_| Problem::connection_lost())
            }
            Interruption::Unavailable(error) => unavailable(error),
            Interruption::Operator(error) => {
                tracing::error!(error, alarm = "operator", "our own request or credentials are refused");
                Problem::operator()
            }
            Interruption::Wait(_) | Interruption::Later(_) | Interruption::NoAnswer(_) | Interruption::Refused(_) => {
                tracing::warn!(xero.tenant_id = %tenant, reason = %interruption, "Xero could not be asked");
                Problem::try_again()
            }
        }
    }
}
