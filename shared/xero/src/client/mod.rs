//! The client of Xero's API: connections here, everything of one organisation in [`Tenant`].
//!
//! It sends what it is told, once, and reads the answer. It neither retries nor refreshes nor
//! waits: callers know their time budget and share their limits through a store.

mod answer;
mod bank_transactions;
mod contacts;
mod envelope;
mod idempotency;
mod invoices;
mod limits;
mod settings;
mod tenant;

use reqwest::header::ACCEPT;
use reqwest::{Method, RequestBuilder};
use url::Url;

use crate::endpoints::Endpoints;
use crate::error::Error;
use crate::http::Transport;
use crate::ids::{AuthenticationEventId, ConnectionId, TenantId};
use crate::models::Connection;
use crate::oauth::AccessToken;

pub use envelope::Page;
pub use idempotency::{IdempotencyKey, InvalidKey};
pub use invoices::ListedInvoice;
pub use limits::Limits;
pub use tenant::Tenant;

/// The client. Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    transport: Transport,
    endpoints: Endpoints,
}

impl Client {
    /// A client for Xero at these addresses.
    pub fn new(transport: impl Into<Transport>, endpoints: &Endpoints) -> Self {
        Self { transport: transport.into(), endpoints: endpoints.clone() }
    }

    /// One organisation, reached with this token.
    pub fn tenant<'a>(&'a self, token: &'a AccessToken, tenant: TenantId) -> Tenant<'a> {
        Tenant::new(self, token, tenant)
    }

    /// The connections of the token's user, or of all users for the app's own token. Without the
    /// filter these are all the user ever made: never take the first.
    pub async fn connections(
        &self,
        token: &AccessToken,
        consent: Option<AuthenticationEventId>,
    ) -> Result<Vec<Connection>, Error> {
        let mut url = self.endpoints.connections();
        if let Some(consent) = consent {
            url.query_pairs_mut().append_pair("authEventId", &consent.to_string());
        }
        let answer = answer::of(&self.transport, self.request(Method::GET, url, token)).await?;
        let answer = answer.success()?;
        answer.json("a list of connections")
    }

    /// Removes one connection. The token stays good for the user's other organisations.
    pub async fn delete_connection(&self, token: &AccessToken, id: ConnectionId) -> Result<(), Error> {
        let url = self.endpoints.connection(id);
        let answer = answer::of(&self.transport, self.request(Method::DELETE, url, token)).await?;
        answer.success().map(|_| ())
    }

    /// A request with what every call needs. Without `Accept` Xero answers XML.
    fn request(&self, method: Method, url: Url, token: &AccessToken) -> RequestBuilder {
        self.transport.http().request(method, url).bearer_auth(token.expose()).header(ACCEPT, "application/json")
    }
}

#[cfg(test)]
mod tests;
