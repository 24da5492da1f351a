//! The bridge between the `oauth2` crate and our HTTP client, and between its errors and ours.

use std::pin::Pin;

use oauth2::basic::{BasicErrorResponse, BasicErrorResponseType};
use oauth2::{HttpRequest, HttpResponse, RequestTokenError};
use reqwest::StatusCode;

use super::error::TokenError;
use crate::error::retry_after;
use crate::http::{Failure, Transport};

type Exchange = Pin<Box<dyn Future<Output = Result<HttpResponse, TokenError>> + Send>>;

/// What the `oauth2` crate sends its requests with. Boxed and without borrows, so that the futures
/// around it can move between threads.
pub(super) fn sender(transport: &Transport) -> impl Fn(HttpRequest) -> Exchange + Send + Sync {
    let transport = transport.clone();
    move |request| Box::pin(send(transport.clone(), request))
}

/// Sends one request. What is not the token endpoint's own answer becomes an error here.
async fn send(transport: Transport, request: HttpRequest) -> Result<HttpResponse, TokenError> {
    let request = reqwest::Request::try_from(request).map_err(Failure::from).map_err(no_answer)?;
    answer(transport.carry(request).await.map_err(no_answer)?).await
}

/// Reads one answer.
pub(super) async fn answer(response: reqwest::Response) -> Result<HttpResponse, TokenError> {
    let status = response.status();
    if status == StatusCode::TOO_MANY_REQUESTS {
        let retry_after = retry_after(response.headers());
        return Err(TokenError::RateLimited { retry_after });
    }
    if status.is_server_error() {
        let status = status.as_u16();
        return Err(TokenError::Server { status });
    }
    let headers = response.headers().clone();
    let body = response.bytes().await.map_err(Failure::from).map_err(no_answer)?.to_vec();
    if status == StatusCode::UNAUTHORIZED && refusal(&body).is_none() {
        return Err(TokenError::InvalidClient);
    }
    let mut answer = HttpResponse::new(body);
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    Ok(answer)
}

/// No answer came.
pub(super) fn no_answer(Failure { sent, cause, timed_out }: Failure) -> TokenError {
    let cause = if timed_out { "timed out".to_owned() } else { cause };
    TokenError::Transport { sent, cause }
}

/// What the token endpoint refused with.
pub(super) fn refusal(body: &[u8]) -> Option<TokenError> {
    let response: BasicErrorResponse = serde_json::from_slice(body).ok()?;
    Some(refused(response.error()))
}

fn refused(error: &BasicErrorResponseType) -> TokenError {
    match error {
        BasicErrorResponseType::InvalidGrant => TokenError::InvalidGrant,
        BasicErrorResponseType::InvalidClient => TokenError::InvalidClient,
        BasicErrorResponseType::UnauthorizedClient => TokenError::UnauthorizedClient,
        BasicErrorResponseType::InvalidScope => TokenError::InvalidScope,
        BasicErrorResponseType::InvalidRequest => TokenError::Request("invalid_request"),
        BasicErrorResponseType::UnsupportedGrantType => TokenError::Request("unsupported_grant_type"),
        BasicErrorResponseType::Extension(_) => TokenError::Request("not a standard code"),
    }
}

impl From<RequestTokenError<TokenError, BasicErrorResponse>> for TokenError {
    fn from(error: RequestTokenError<TokenError, BasicErrorResponse>) -> Self {
        match error {
            RequestTokenError::ServerResponse(response) => refused(response.error()),
            RequestTokenError::Request(error) => error,
            RequestTokenError::Parse(..) => Self::Malformed("not a token response"),
            RequestTokenError::Other(_) => Self::Malformed("empty, or not JSON"),
        }
    }
}
