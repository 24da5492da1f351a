//! The HTTP client: reqwest over rustls with ring and Mozilla's roots compiled in.
//!
//! The provider is chosen here and nowhere else, because the default one spends tens of
//! milliseconds of every cold start gathering entropy. Redirects are never followed (a token must
//! not travel to a place we did not choose), proxies of the environment are not consulted, and
//! every wait has an end.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Request, RequestBuilder, Response};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

/// How long opening a connection may take. Xero's edge answers in tens of milliseconds; what takes
/// three seconds will not come.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long a whole exchange may take, reading included. Batches of 50 documents take Xero several
/// seconds; the functions that call it run for 30 seconds, and one call has to fit well into that.
pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(14);

/// How long an unused connection is kept. Shorter than the minute after which common balancers drop
/// one silently, so that a thawed function does not write into a dead connection.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(45);

/// The waits of a client. The default is the constants of this module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For opening a connection.
    pub connect: Duration,
    /// For the whole exchange.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: CONNECT_TIMEOUT, total: TOTAL_TIMEOUT }
    }
}

/// The HTTP client could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The TLS configuration was refused.
    #[error("failed to set up TLS")]
    Tls(#[from] rustls::Error),
    /// The client was refused.
    #[error("failed to set up the HTTP client")]
    Client(#[from] reqwest::Error),
}

/// A client with the usual waits. Build it once and clone it: clones share their connections.
pub fn client() -> Result<reqwest::Client, SetupError> {
    client_with(Timeouts::default())
}

/// A client with waits of one's own.
pub fn client_with(timeouts: Timeouts) -> Result<reqwest::Client, SetupError> {
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls()?)
        .http1_only()
        .redirect(Policy::none())
        .no_proxy()
        .user_agent(concat!("Sessional/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.total)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .build()?)
}

/// A way to Xero other than the network: what a simulation puts in its place.
pub trait Exchange: fmt::Debug + Send + Sync {
    /// Carries one request and brings its answer.
    fn exchange(&self, request: Request) -> Exchanged;
}

/// An exchange under way.
pub type Exchanged = Pin<Box<dyn Future<Output = Result<Response, Failure>> + Send>>;

/// What carries requests to Xero: an HTTP client, or whatever stands in its place. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Transport {
    http: reqwest::Client,
    instead: Option<Arc<dyn Exchange>>,
}

impl Transport {
    /// Requests are built by this client and carried by something else.
    pub fn instead_of(http: reqwest::Client, instead: Arc<dyn Exchange>) -> Self {
        Self { http, instead: Some(instead) }
    }

    /// What requests are built with.
    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Sends a request.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        self.carry(request.build()?).await
    }

    /// Sends a request that is complete.
    pub(crate) async fn carry(&self, request: Request) -> Result<Response, Failure> {
        match &self.instead {
            None => Ok(self.http.execute(request).await?),
            Some(instead) => instead.exchange(request).await,
        }
    }
}

impl From<reqwest::Client> for Transport {
    fn from(http: reqwest::Client) -> Self {
        Self { http, instead: None }
    }
}

fn tls() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// How an exchange without an answer ended.
#[derive(Debug)]
pub struct Failure {
    /// Whether it ran out of time.
    pub timed_out: bool,
    /// Whether the request may have arrived.
    pub sent: bool,
    /// The innermost reason. The outer ones name addresses, and addresses may quote names.
    pub cause: String,
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        let mut innermost = std::error::Error::source(&error);
        while let Some(deeper) = innermost.and_then(std::error::Error::source) {
            innermost = Some(deeper);
        }
        Self {
            timed_out: error.is_timeout(),
            sent: !error.is_connect() && !error.is_builder(),
            cause: innermost.map_or_else(|| "no reason given".to_owned(), ToString::to_string),
        }
    }
}
