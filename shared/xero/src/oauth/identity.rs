//! Xero's identity service, as one app sees it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use oauth2::basic::{BasicClient, BasicTokenResponse};
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet, PkceCodeVerifier,
    RedirectUrl, Scope, TokenResponse as _, TokenUrl,
};
use url::{Url, form_urlencoded};

use super::APP_CONNECTIONS;
use super::error::TokenError;
use super::exchange::{answer, no_answer, refusal, sender};
use super::tokens::{AccessToken, RefreshToken, TokenSet};
use crate::endpoints::Endpoints;
use crate::http::Transport;
use crate::secret::Secret;

/// How long an access token lasts where Xero does not say.
const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// What the app is known by.
#[derive(Debug, Clone)]
pub struct AppCredentials {
    /// Public.
    pub client_id: String,
    /// Not.
    pub client_secret: Secret,
}

/// The token endpoint and its neighbours.
#[derive(Debug, Clone)]
pub struct Identity {
    transport: Transport,
    endpoints: Endpoints,
    credentials: Arc<Credentials>,
}

/// The credentials of this process: what it read at its start, or since they were refused.
#[derive(Debug)]
struct Credentials {
    current: RwLock<Option<AppCredentials>>,
    refused: AtomicBool,
}

type TokenClient = BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// The address of the consent page. The redirect address must be a registered one, to the letter. A challenge is PKCE's,
/// by S256.
pub fn authorize_url(
    endpoints: &Endpoints,
    client_id: &str,
    redirect_uri: &Url,
    scopes: &[&str],
    state: &str,
    challenge: Option<&str>,
) -> Url {
    let state = state.to_owned();
    let (mut url, _) = BasicClient::new(ClientId::new(client_id.to_owned()))
        .set_auth_uri(AuthUrl::from_url(endpoints.authorize()))
        .set_redirect_uri(RedirectUrl::from_url(redirect_uri.clone()))
        .authorize_url(|| CsrfToken::new(state))
        .add_scopes(scopes.iter().map(|scope| Scope::new((*scope).to_owned())))
        .url();
    if let Some(challenge) = challenge {
        url.query_pairs_mut().append_pair("code_challenge", challenge).append_pair("code_challenge_method", "S256");
    }
    url
}

impl Identity {
    /// The identity service for one app, whose credentials may be read later.
    pub fn new(
        transport: impl Into<Transport>,
        endpoints: Endpoints,
        credentials: impl Into<Option<AppCredentials>>,
    ) -> Self {
        let credentials = Credentials { current: RwLock::new(credentials.into()), refused: AtomicBool::new(false) };
        Self { transport: transport.into(), endpoints, credentials: Arc::new(credentials) }
    }

    /// The app's client id, once it is known.
    pub fn client_id(&self) -> Result<String, TokenError> {
        Ok(self.credentials()?.client_id)
    }

    /// Whether the app's credentials have to be read: they are not known yet, or Xero has refused them since.
    pub fn wants_credentials(&self) -> bool {
        self.credentials.refused.load(Ordering::Relaxed) || self.credentials().is_err()
    }

    /// Goes on with credentials that were read anew.
    pub fn replace_credentials(&self, credentials: AppCredentials) {
        *self.credentials.current.write().unwrap_or_else(PoisonError::into_inner) = Some(credentials);
        self.credentials.refused.store(false, Ordering::Relaxed);
    }

    fn credentials(&self) -> Result<AppCredentials, TokenError> {
        let current = self.credentials.current.read().unwrap_or_else(PoisonError::into_inner);
        current.clone().ok_or(TokenError::NoCredentials)
    }

    /// Notes that the app's credentials were refused, if they were.
    fn noted<T, E: Into<TokenError>>(&self, result: Result<T, E>) -> Result<T, TokenError> {
        result.map_err(Into::into).inspect_err(|error| {
            if matches!(error, TokenError::InvalidClient) {
                self.credentials.refused.store(true, Ordering::Relaxed);
            }
        })
    }

    /// Exchanges the code of a consent, once. The redirect address must be the one consented to, and the verifier that
    /// of the consent's challenge, where it had one.
    pub async fn exchange_code(
        &self,
        code: &str,
        redirect_uri: &Url,
        verifier: Option<&str>,
        now: Timestamp,
    ) -> Result<TokenSet, TokenError> {
        let client = self.client()?.set_redirect_uri(RedirectUrl::from_url(redirect_uri.clone()));
        let mut request = client.exchange_code(AuthorizationCode::new(code.to_owned()));
        if let Some(verifier) = verifier {
            request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()));
        }
        let response = self.noted(request.request_async(&sender(&self.transport)).await)?;
        Ok(token_set(&response, now))
    }

    /// Exchanges a refresh token. The old one stays good for 30 minutes, in case the answer is lost.
    pub async fn refresh(&self, token: &RefreshToken, now: Timestamp) -> Result<TokenSet, TokenError> {
        let response = self
            .client()?
            .exchange_refresh_token(&oauth2::RefreshToken::new(token.expose().to_owned()))
            .request_async(&sender(&self.transport))
            .await;
        Ok(token_set(&self.noted(response)?, now))
    }

    /// Revokes a grant, **and with it every connection of that user to the app**.
    ///
    /// Not through the `oauth2` crate, which insists on https even for a stand-in on this machine.
    pub async fn revoke(&self, token: &RefreshToken) -> Result<(), TokenError> {
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let credentials = self.credentials()?;
        let request = self
            .transport
            .http()
            .post(self.endpoints.revocation())
            .basic_auth(encode(&credentials.client_id), Some(encode(credentials.client_secret.expose())))
            .form(&[("token", token.expose())]);
        let response = self.noted(answer(self.transport.send(request).await.map_err(no_answer)?).await)?;
        if response.status().is_success() {
            return Ok(());
        }
        self.noted(Err(refusal(response.body()).unwrap_or(TokenError::Malformed("not a revocation response"))))
    }

    /// A token of the app itself, which can list and remove connections without their user.
    pub async fn app_token(&self, now: Timestamp) -> Result<AccessToken, TokenError> {
        let response = self
            .client()?
            .exchange_client_credentials()
            .add_scope(Scope::new(APP_CONNECTIONS.to_owned()))
            .request_async(&sender(&self.transport))
            .await;
        Ok(token_set(&self.noted(response)?, now).access)
    }

    fn client(&self) -> Result<TokenClient, TokenError> {
        let AppCredentials { client_id, client_secret } = self.credentials()?;
        Ok(BasicClient::new(ClientId::new(client_id))
            .set_client_secret(ClientSecret::new(client_secret.expose().to_owned()))
            .set_token_uri(TokenUrl::from_url(self.endpoints.token())))
    }
}

fn token_set(response: &BasicTokenResponse, now: Timestamp) -> TokenSet {
    let lifetime = response.expires_in().unwrap_or(LIFETIME);
    let expires_at = now.checked_add(lifetime).unwrap_or(now);
    let access = AccessToken::new(response.access_token().secret().clone(), expires_at);
    let granted = response.scopes().map(|scopes| scopes.iter().map(|scope| scope.to_string()));
    let scopes = match (granted, access.claims()) {
        (Some(granted), _) => granted.collect(),
        (None, Some(claims)) => claims.scope.clone(),
        (None, None) => Vec::new(),
    };
    TokenSet {
        refresh: response.refresh_token().map(|token| RefreshToken::new(token.secret().clone())),
        access,
        scopes,
    }
}
