//! Connecting a Xero organisation: starts the consent, redeems its confirmation, and lets the user choose.
//!
//! Every call is made with the app's own token. What Xero sends the browser back with is received by `callback`, which
//! can read no token; it is redeemed here, for the person who began.

pub mod contract;

use crate::contract::{Chosen, ConfirmationRequest, OrganisationChoice, Organisations, StartRequest, Started};
use aws::clock::SystemClock;
use aws::http::{bytes, caller, claims, json, problem};
use aws::queues::Queue;
use aws::table::Table;
use aws::xero_setup::Xero;
use http::{Response, StatusCode};
use lambda_http::{Body, Request, RequestExt};
use rules::connect::{Caller, Connect, ConnectAgain, ConnectError, ConsentRequest};
use rules::connection::{Connection, Status};
use rules::ports::{Clock as _, Connections as _, TokenVault};
use rules::second_factor::SecondFactor;
use rules::status::OrganisationView;
use rules::tokens::Memory;
use rules::{AccountId, Problem};
use std::convert::Infallible;
use std::time::Duration;

/// How long redeeming a confirmation may take: then the user is told to begin again, and upkeep tidies up. The gateway
/// waits for 30 seconds and the function runs for 29; a user who is left with a gateway's error knows nothing.
const REDEEMING_TIME: Duration = Duration::from_secs(24);

/// The function.
pub struct App {
    /// Xero.
    pub xero: Xero,
    /// What every consent asks for.
    pub request: ConsentRequest,
    /// The table.
    pub table: Table,
    /// Where refresh tokens go.
    pub vault: Box<dyn TokenVault>,
    /// Access tokens.
    pub memory: Memory,
    /// Where held work goes.
    pub queue: Queue,
    /// Where a sweep of payments is planned.
    pub upkeep_queue: Queue,
    /// Where the backend is told.
    pub notifications: Queue,
    /// The claim that names the account.
    pub account_claim: String,
    /// What is asked of whoever connects, where something is.
    pub second_factor: Option<SecondFactor>,
}

impl App {
    /// Answers one call.
    ///
    /// # Errors
    /// Never: what goes wrong is an answer.
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Infallible> {
        self.xero.renew_credentials().await;
        let path = request.raw_http_path().trim_end_matches('/').to_owned();
        let answered = match caller(&request, &self.account_claim) {
            Err(refused) => Err(refused),
            Ok(caller) => match (request.method().as_str(), path.as_str()) {
                ("POST" | "PUT", _) if !self.has_second_factor(&request) => Err(Problem::second_factor()),
                ("POST", "/connection") => self.start(&caller, bytes(&request)).await,
                ("POST", "/connection/confirmation") => self.confirm(&caller, bytes(&request)).await,
                ("DELETE", "/connection") => self.disconnect(&caller.account).await,
                ("GET", "/connection/organisations") => self.organisations(&caller.account).await,
                ("PUT", "/connection/organisation") => self.choose(&caller.account, bytes(&request)).await,
                _ => Err(Problem::not_found("There is no such call")),
            },
        };
        Ok(answered.unwrap_or_else(|refused| problem(&refused)))
    }

    /// Starting, confirming and choosing ask for it; whoever only looks, or disconnects, is not asked.
    fn has_second_factor(&self, request: &Request) -> bool {
        let Some(factor) = &self.second_factor else { return true };
        match factor.check(&claims(request).unwrap_or_default(), SystemClock.now()) {
            Ok(()) => true,
            Err(error) => {
                tracing::info!(reason = %error, "a call was refused without a second factor");
                false
            }
        }
    }

    async fn start(&self, caller: &Caller, body: &[u8]) -> Result<Response<Body>, Problem> {
        let request: StartRequest = if body.is_empty() {
            StartRequest::default()
        } else {
            let wrong =
                |_| Problem::invalid("needed", "Name what a choice needs, such as spend_money, or send nothing");
            serde_json::from_slice(body).map_err(wrong)?
        };
        let started =
            self.connect(&SystemClock).start(caller, &request.needed).await.map_err(|error| refused(&error))?;
        // Xero's own pages end some consents without a word to us: what began and never came back shows there.
        tracing::info!("a consent was started");
        let body = Started {
            authorise_url: started.authorise_url.to_string(),
            browser_key: started.browser_key.expose().to_owned(),
            expires_at: started.expires_at,
        };
        Ok(json(StatusCode::OK, &body))
    }

    async fn confirm(&self, caller: &Caller, body: &[u8]) -> Result<Response<Body>, Problem> {
        let request: ConfirmationRequest = serde_json::from_slice(body).map_err(|_| {
            Problem::invalid("confirmation", "Send the confirmation of the return page and this browser's key")
        })?;
        let clock = SystemClock;
        let connect = self.connect(&clock);
        let redeemed = connect.confirm(caller, &request.confirmation, &request.browser_key);
        let redeemed = tokio::time::timeout(REDEEMING_TIME, redeemed).await;
        let redeemed = redeemed.unwrap_or(Err(ConnectError::ConnectAgain(ConnectAgain::XeroUnavailable)));
        let connection = redeemed.map_err(|error| refused(&error))?;
        Ok(json(StatusCode::OK, &shown(connection)))
    }

    async fn organisations(&self, account: &AccountId) -> Result<Response<Body>, Problem> {
        let stored = self.table.connection(account).await.map_err(|error| {
            tracing::warn!(error = %error, reason = %error.source, "the connection could not be read");
            Problem::try_again()
        })?;
        let choices = stored.map(|connection| connection.choices).unwrap_or_default();
        let organisations: Vec<OrganisationView> = choices
            .into_iter()
            .map(|choice| OrganisationView { tenant_id: choice.tenant, name: choice.name })
            .collect();
        Ok(json(StatusCode::OK, &Organisations { organisations }))
    }

    async fn choose(&self, account: &AccountId, body: &[u8]) -> Result<Response<Body>, Problem> {
        let choice: OrganisationChoice = serde_json::from_slice(body).map_err(|_| {
            Problem::invalid("tenant_id", "Name one of the organisations of GET /connection/organisations")
        })?;
        let clock = SystemClock;
        let chosen = self.connect(&clock).choose(account, choice.tenant_id).await.map_err(|error| refused(&error))?;
        Ok(json(StatusCode::OK, &shown(chosen)))
    }

    async fn disconnect(&self, account: &AccountId) -> Result<Response<Body>, Problem> {
        let clock = SystemClock;
        self.connect(&clock).disconnect(account).await.map_err(|error| refused(&error.into()))?;
        Ok(aws::http::empty(StatusCode::NO_CONTENT))
    }

    fn connect<'a>(&'a self, clock: &'a SystemClock) -> Connect<'a> {
        Connect {
            endpoints: &self.xero.endpoints,
            request: &self.request,
            identity: &self.xero.identity,
            client: &self.xero.client,
            connections: &self.table,
            claims: &self.table,
            ownership: &self.table,
            consents: &self.table,
            starts: &self.table,
            vault: &*self.vault,
            grants: &self.table,
            leases: &self.table,
            waiting: &self.table,
            queue: &self.queue,
            upkeep_queue: &self.upkeep_queue,
            notifications: &self.notifications,
            memory: &self.memory,
            clock,
        }
    }
}

/// Where a connection stands after a confirmation or a choice. With a choice to make, the organisation that may still be
/// connected is not the one that was asked for.
fn shown(connection: Connection) -> Chosen {
    let undecided = !connection.choices.is_empty();
    let status = if undecided { Status::ChooseOrganisation } else { connection.status };
    let organisation = connection.organisation.filter(|_| !undecided);
    let organisation = organisation.map(|org| OrganisationView { tenant_id: org.tenant, name: org.name });
    Chosen { status, organisation }
}

/// What an HTTP caller is told of an error.
fn refused(error: &ConnectError) -> Problem {
    log(error);
    let now = SystemClock.now();
    match error {
        ConnectError::TooManyConsents { until } => Problem::too_many_consents(*until, now),
        ConnectError::TooManyConfirmations { until } => Problem::too_many_confirmations(*until, now),
        ConnectError::ConfirmationRefused => Problem::confirmation_refused(),
        ConnectError::ConnectAgain(again) => Problem::connect_again(*again),
        ConnectError::NoOrganisation => Problem::no_organisation(),
        ConnectError::OrganisationTaken => Problem::organisation_taken(),
        ConnectError::NotOffered => {
            Problem::invalid("tenant_id", "This organisation is not among those that you allowed")
        }
        ConnectError::TryAgain(_) => Problem::try_again(),
        ConnectError::Internal(_) => Problem::operator(),
    }
}

fn log(error: &ConnectError) {
    match error {
        ConnectError::Internal(_) => {
            tracing::error!(error = %error, alarm = "operator", "a connection could not be made")
        }
        ConnectError::TryAgain(_) => tracing::warn!(error = %error, "a connection could not be made"),
        _ => tracing::info!(reason = error.as_str(), "a connection was not made"),
    }
}
