//! Where Xero sends the browser back to, and where a page burns a confirmation that it cannot use.
//!
//! Both calls are public, so this function can read and write consents and nothing else: no token, no credential, no
//! key, and it calls nobody. A callback ends in a redirect to the app's configured page, never to one from the request.

use aws::clock::SystemClock;
use aws::http::{bytes, empty, problem};
use aws::table::Table;
use http::{Response, StatusCode, header};
use lambda_http::{Body, Request, RequestExt};
use rules::Problem;
use rules::callback::{CallbackOutcome, CallbackQuery, ReceiveCallback};
use serde::Deserialize;
use std::convert::Infallible;
use url::Url;
use utoipa::ToSchema;

/// The body of `DELETE /connection/confirmation`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BurnRequest {
    /// The confirmation that came in the address of the return page.
    pub confirmation: String,
}

/// The function.
pub struct App {
    /// The table.
    pub table: Table,
    /// The app's page.
    pub return_url: Url,
}

impl App {
    /// Answers one call.
    ///
    /// # Errors
    /// Never: what goes wrong is an answer.
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Infallible> {
        let path = request.raw_http_path().trim_end_matches('/').to_owned();
        Ok(match (request.method().as_str(), path.as_str()) {
            ("GET", "/oauth/callback") => self.receive(&request).await,
            ("DELETE", "/connection/confirmation") => {
                self.burn(bytes(&request)).await.unwrap_or_else(|refused| problem(&refused))
            }
            _ => problem(&Problem::not_found("There is no such call")),
        })
    }

    async fn receive(&self, request: &Request) -> Response<Body> {
        let query = request.query_string_parameters();
        let part = |name: &str| query.first(name).map(str::to_owned);
        let query = CallbackQuery { state: part("state"), code: part("code"), error: part("error") };
        let outcome = ReceiveCallback { consents: &self.table, clock: &SystemClock }.receive(&query).await;
        self.back_to_app(&outcome)
    }

    fn back_to_app(&self, outcome: &CallbackOutcome) -> Response<Body> {
        let mut url = self.return_url.clone();
        let (word, reason) = match outcome {
            CallbackOutcome::Confirm(_) => ("confirm", None),
            CallbackOutcome::Already => ("already", None),
            CallbackOutcome::Failed(error) => ("error", Some(error.as_str())),
        };
        tracing::info!(callback.outcome = word, reason, "Xero sent a browser back");
        url.query_pairs_mut().append_pair("connection", word).extend_pairs(reason.map(|reason| ("reason", reason)));
        if let CallbackOutcome::Confirm(confirmation) = outcome {
            // What is in the fragment goes to the page and to no server.
            url.set_fragment(Some(&format!("confirmation={}", confirmation.expose())));
        }
        let mut response = empty(StatusCode::FOUND);
        let headers = response.headers_mut();
        if let Ok(mut location) = header::HeaderValue::from_str(url.as_str()) {
            location.set_sensitive(true);
            headers.insert(header::LOCATION, location);
        }
        headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
        // The address of this page holds the code: it must not travel on as a referrer.
        headers.insert(header::REFERRER_POLICY, header::HeaderValue::from_static("no-referrer"));
        response
    }

    async fn burn(&self, body: &[u8]) -> Result<Response<Body>, Problem> {
        let request: BurnRequest = serde_json::from_slice(body)
            .map_err(|_| Problem::invalid("confirmation", "Send the confirmation of the return page"))?;
        let burned = ReceiveCallback { consents: &self.table, clock: &SystemClock }.burn(&request.confirmation).await;
        burned.map_err(|error| {
            tracing::warn!(error = %error, reason = %error.source, "a confirmation could not be burned");
            Problem::try_again()
        })?;
        Ok(empty(StatusCode::NO_CONTENT))
    }
}
