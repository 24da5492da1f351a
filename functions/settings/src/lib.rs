//! What the app's Integrations page reads and sets: status, chart of accounts, mapping, contacts that the user chooses,
//! and the sync log.

mod chart;
pub mod choice;
mod contacts;
pub mod log;
pub mod retry;

use aws::clock::SystemClock;
use aws::http::{account, bytes, json, problem};
use aws::queues::Queue;
use aws::table::Table;
use aws::xero_setup::Xero;
use http::{Response, StatusCode};
use lambda_http::{Body, Request, RequestExt};
use rules::choice::DocumentChoice;
use rules::connection::Connection;
use rules::ports::{
    Clock as _, Connections as _, Cooldowns as _, Mappings as _, Sweeps as _, TokenVault, Unavailable, Wakes as _,
};
use rules::tokens::Memory;
use rules::{AccountId, Problem, status};
use std::convert::Infallible;

/// The function.
pub struct App {
    /// Xero.
    pub xero: Xero,
    /// The table.
    pub table: Table,
    /// Refresh tokens.
    pub tokens: Box<dyn TokenVault>,
    /// Access tokens.
    pub memory: Memory,
    /// Where held work goes.
    pub queue: Queue,
    /// Where the backend is told.
    pub notifications: Queue,
    /// The claim that names the account.
    pub account_claim: String,
}

type Answered = Result<Response<Body>, Problem>;

impl App {
    /// Answers one call.
    ///
    /// # Errors
    /// Never: what goes wrong is an answer.
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Infallible> {
        self.xero.renew_credentials().await;
        let answered = match account(&request, &self.account_claim) {
            Ok(account) => self.route(&account, &request).await,
            Err(refused) => Err(refused),
        };
        Ok(answered.unwrap_or_else(|refused| problem(&refused)))
    }

    async fn route(&self, account: &AccountId, request: &Request) -> Answered {
        let path = request.raw_http_path().to_owned();
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let query = request.query_string_parameters();
        match (request.method().as_str(), parts.as_slice()) {
            ("GET", ["connection"]) => self.status(account).await,
            ("GET", ["accounts"]) => self.accounts(account, query.first("refresh") == Some("true")).await,
            ("GET", ["account-mapping"]) => self.mapping(account).await,
            ("PUT", ["account-mapping"]) => self.map(account, bytes(request)).await,
            ("GET", ["contacts"]) => self.contacts(account, query.first("search")).await,
            ("PUT", ["contacts", organisation]) => self.link(account, organisation, bytes(request)).await,
            ("GET", ["records"]) => {
                self.records(account, query.first("kind"), query.first("state"), query.first("cursor")).await
            }
            ("GET", ["records", "causes"]) => self.causes(account).await,
            ("POST", ["records", "retry"]) => self.retry_cause(account, bytes(request)).await,
            ("GET", ["records", kind, id]) => self.record(account, kind, id).await,
            ("POST", ["records", kind, id, "retry"]) => self.retry(account, kind, id, bytes(request)).await,
            ("POST", ["records", kind, id, word]) => match DocumentChoice::parse(word) {
                Some(choice) => self.choose(account, kind, id, choice).await,
                None => Err(Problem::not_found("There is no such call")),
            },
            _ => Err(Problem::not_found("There is no such call")),
        }
    }

    async fn status(&self, account: &AccountId) -> Answered {
        let connection = self.table.connection(account).await.map_err(unavailable)?;
        let tenant = connection.as_ref().and_then(|connection| connection.organisation.as_ref()).map(|org| org.tenant);
        let (mapping, waiting, sweep) = match tenant {
            Some(tenant) => (
                self.table.mapping(account, tenant).await.map_err(unavailable)?,
                self.table.cooling_until(tenant, SystemClock.now()).await.map_err(unavailable)?,
                self.table.sweep(account, tenant).await.map_err(unavailable)?,
            ),
            None => (None, None, None),
        };
        let broken = match (&connection, &mapping) {
            (Some(connection), Some(mapping)) => self.broken(connection, mapping, waiting.is_some()).await?,
            (Some(_) | None, Some(_) | None) => Vec::new(),
        };
        let wake = self.table.wake(account).await.map_err(unavailable)?;
        let swept_to = sweep.map(|sweep| sweep.swept_to);
        Ok(json(StatusCode::OK, &status::draw(connection, mapping.as_ref(), waiting, wake.as_ref(), swept_to, broken)))
    }

    /// The connection of an account that has one.
    async fn connection(&self, account: &AccountId) -> Result<Connection, Problem> {
        self.table.connection(account).await.map_err(unavailable)?.ok_or_else(Problem::not_connected)
    }
}

/// What a caller is told when a store or a queue cannot be reached.
fn unavailable(error: Unavailable) -> Problem {
    tracing::warn!(error = %error, reason = %error.source, "a store or queue could not be reached");
    Problem::try_again()
}
