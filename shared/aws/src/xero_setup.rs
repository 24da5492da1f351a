//! What every function that calls Xero builds once at start: addresses, HTTP client, app credentials.

use crate::config::{self, ConfigError};
use crate::secrets::Secrets;
use crate::table::Table;
use rules::ports::{Clock, TokenVault};
use rules::tokens::{Memory, Tokens};
use xero::http::Transport;
use xero::{Client, Endpoints, Identity};

/// Why a function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The HTTP client.
    #[error("failed to set up HTTP: {0}")]
    Http(#[from] xero::http::SetupError),
    /// Xero's addresses.
    #[error("XERO_LOGIN_URL, XERO_IDENTITY_URL or XERO_API_URL cannot be used: {0}")]
    Endpoint(#[from] xero::endpoints::InvalidEndpoint),
}

/// Xero as a function calls it.
pub struct Xero {
    /// Addresses.
    pub endpoints: Endpoints,
    /// The token endpoint.
    pub identity: Identity,
    /// The API.
    pub client: Client,
    /// Where the app's credentials are read again.
    pub secrets: Secrets,
    /// The secret that has them.
    pub credentials_secret: String,
}

impl Xero {
    /// Reads `XERO_IDENTITY_URL`, `XERO_API_URL` and, where the function has it, `XERO_LOGIN_URL`, and the
    /// secret that `APP_CREDENTIALS_SECRET` names. A secret that cannot be read now is read before an event: a function
    /// that did not start would use up its messages' receives.
    ///
    /// # Errors
    /// When one of them is missing or cannot be used.
    pub async fn from_environment(secrets: &Secrets) -> Result<Self, SetupError> {
        let identity = config::required("XERO_IDENTITY_URL")?;
        // Only `connect` sends browsers to the login; for the others any valid address does.
        let login = config::optional("XERO_LOGIN_URL").unwrap_or_else(|| identity.clone());
        let endpoints = Endpoints::new(&login, &identity, &config::required("XERO_API_URL")?)?;
        let credentials_secret = config::required("APP_CREDENTIALS_SECRET")?;
        let http: Transport = xero::http::client()?.into();
        Ok(Self::over(http, endpoints, secrets.clone(), credentials_secret).await)
    }

    /// The same, over this HTTP client.
    pub async fn over(http: Transport, endpoints: Endpoints, secrets: Secrets, credentials_secret: String) -> Self {
        let identity = Identity::new(http.clone(), endpoints.clone(), None);
        let xero = Self { identity, client: Client::new(http, &endpoints), endpoints, secrets, credentials_secret };
        xero.renew_credentials().await;
        xero
    }

    /// Reads the app's credentials, if they are not known or Xero has refused those that are: an operator who puts a wrong
    /// secret right need not wait until Lambda has replaced every process. Called before each event.
    pub async fn renew_credentials(&self) {
        if !self.identity.wants_credentials() {
            return;
        }
        match self.secrets.app_credentials(&self.credentials_secret).await {
            Ok(credentials) => self.identity.replace_credentials(credentials),
            Err(error) => {
                tracing::warn!(error = %error, reason = %error.source, "the app's credentials could not be read");
            }
        }
    }
}

/// The access tokens of a function, over its own stores.
#[must_use]
pub fn tokens<'a>(
    xero: &'a Xero,
    vault: &'a dyn TokenVault,
    table: &'a Table,
    clock: &'a dyn Clock,
    memory: &'a Memory,
) -> Tokens<'a> {
    Tokens { identity: &xero.identity, vault, grants: table, leases: table, clock, memory }
}
