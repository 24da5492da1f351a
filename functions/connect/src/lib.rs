//! Connecting a Xero organisation: starts the consent, receives its answer, and lets the user choose.
//!
//! The callback is public: what protects it is the one-time state and the secret in the browser's cookie.
//! It always ends in a redirect to the app's configured return URL, never to one from the request.

pub mod contract;
mod cookie;

use crate::contract::{Chosen, OrganisationChoice, Organisations, Started};
use aws::clock::SystemClock;
use aws::http::{account, bytes, json, problem};
use aws::queues::Queue;
use aws::table::Table;
use aws::xero_setup::Xero;
use http::{Response, StatusCode, header};
use lambda_http::{Body, Request, RequestExt};
use rules::connect::{Callback, Connect, ConsentRequest, Finished, Refusal};
use rules::ports::{Connections as _, TokenVault};
use rules::status::OrganisationView;
use rules::{AccountId, Problem};
use std::convert::Infallible;
use std::time::Duration;
use url::Url;

/// How long a callback may take: then the browser goes back to the app, and upkeep tidies up. The gateway waits for 30
/// seconds and the function runs for 29; a user who is left on an error page knows nothing.
const CALLBACK_TIME: Duration = Duration::from_secs(24);

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
    /// Where held work goes.
    pub queue: Queue,
    /// Where the backend is told.
    pub notifications: Queue,
    /// The claim that names the account.
    pub account_claim: String,
    /// Where the callback sends the browser.
    pub return_url: Url,
}

impl App {
    /// Answers one call.
    ///
    /// # Errors
    /// Never: what goes wrong is an answer.
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Infallible> {
        let path = request.raw_http_path().trim_end_matches('/').to_owned();
        if (request.method().as_str(), path.as_str()) == ("GET", "/oauth/callback") {
            return Ok(self.callback(&request).await);
        }
        let answered = match account(&request, &self.account_claim) {
            Err(refused) => Err(refused),
            Ok(account) => match (request.method().as_str(), path.as_str()) {
                ("POST", "/connection") => self.start(&account).await,
                ("DELETE", "/connection") => self.disconnect(&account).await,
                ("GET", "/connection/organisations") => self.organisations(&account).await,
                ("PUT", "/connection/organisation") => self.choose(&account, bytes(&request)).await,
                _ => Err(Problem::not_found("There is no such call")),
            },
        };
        Ok(answered.unwrap_or_else(|refused| problem(&refused)))
    }

    async fn start(&self, account: &AccountId) -> Result<Response<Body>, Problem> {
        let clock = SystemClock;
        let started = self.connect(&clock).start(account).await.map_err(|refusal| refused(&refusal))?;
        // Xero's own pages end some consents without a word to us: what began and never came back shows there.
        tracing::info!("a consent was started");
        let body = Started { authorise_url: started.authorise_url.to_string(), expires_at: started.expires_at };
        let mut response = json(StatusCode::OK, &body);
        let cookie = cookie::set(&started.browser_secret).map_err(|_| Problem::operator())?;
        response.headers_mut().insert(header::SET_COOKIE, cookie);
        Ok(response)
    }

    async fn callback(&self, request: &Request) -> Response<Body> {
        let query = request.query_string_parameters();
        let part = |name: &str| query.first(name).map(str::to_owned);
        let callback = Callback { state: part("state"), code: part("code"), error: part("error") };
        let browser = cookie::read(request.headers());
        let clock = SystemClock;
        let connect = self.connect(&clock);
        let finish = connect.finish(&callback, browser.as_deref());
        let finished = tokio::time::timeout(CALLBACK_TIME, finish).await;
        self.back_to_app(finished.unwrap_or_else(|_| Err(Refusal::TryAgain("Xero took too long".to_owned()))))
    }

    fn back_to_app(&self, finished: Result<Finished, Refusal>) -> Response<Body> {
        let (outcome, reason) = match finished {
            Ok(Finished::Connected) => ("connected", None),
            Ok(Finished::ChooseOrganisation) => ("choose_organisation", None),
            Err(refusal) => {
                log(&refusal);
                ("error", Some(refusal.word()))
            }
        };
        let mut url = self.return_url.clone();
        url.query_pairs_mut().append_pair("connection", outcome).extend_pairs(reason.map(|reason| ("reason", reason)));
        let mut response = aws::http::empty(StatusCode::FOUND);
        let headers = response.headers_mut();
        if let Ok(location) = header::HeaderValue::from_str(url.as_str()) {
            headers.insert(header::LOCATION, location);
        }
        headers.insert(header::SET_COOKIE, cookie::clear());
        headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
        // The address of this page holds the code: it must not travel on as a referrer.
        headers.insert(header::REFERRER_POLICY, header::HeaderValue::from_static("no-referrer"));
        response
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
        let chosen =
            self.connect(&clock).choose(account, choice.tenant_id).await.map_err(|refusal| refused(&refusal))?;
        let organisation =
            chosen.organisation.map(|chosen| OrganisationView { tenant_id: chosen.tenant, name: chosen.name });
        Ok(json(StatusCode::OK, &Chosen { status: chosen.status, organisation }))
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
            consents: &self.table,
            vault: &*self.vault,
            grants: &self.table,
            leases: &self.table,
            waiting: &self.table,
            queue: &self.queue,
            notifications: &self.notifications,
            clock,
        }
    }
}

/// What an HTTP caller is told of a refusal.
fn refused(refusal: &Refusal) -> Problem {
    log(refusal);
    match refusal {
        Refusal::OrganisationTaken => Problem::organisation_taken(),
        Refusal::NotOffered | Refusal::NoOrganisation => {
            Problem::invalid("tenant_id", "This organisation is not among those that you allowed")
        }
        Refusal::TryAgain(_) => Problem::try_again(),
        Refusal::Internal(_)
        | Refusal::UnknownState
        | Refusal::Expired
        | Refusal::OtherBrowser
        | Refusal::Cancelled
        | Refusal::RefusedByXero
        | Refusal::CodeRefused => Problem::operator(),
    }
}

fn log(refusal: &Refusal) {
    match refusal {
        Refusal::Internal(_) => tracing::error!(error = %refusal, alarm = "operator", "a connection could not be made"),
        Refusal::TryAgain(_) => tracing::warn!(error = %refusal, "a connection could not be made"),
        _ => tracing::info!(reason = refusal.word(), "a connection was not made"),
    }
}
