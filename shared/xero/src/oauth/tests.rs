//! What goes to the token endpoint, and what each of its answers means.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{Timestamp, ToSpan as _};
use url::Url;

use super::*;
use crate::endpoints::Endpoints;
use crate::stub::{Reply, Stub, hanging_up, impatient, nobody};

const USER: &str = "5b8f2f0e-0000-4000-8000-000000000001";
const CONSENT: &str = "0f0c2b7e-0000-4000-8000-000000000002";

fn now() -> Timestamp {
    "2026-11-20T10:00:00Z".parse().unwrap()
}

fn callback() -> Url {
    Url::parse("https://api.sessional.example/oauth/callback").unwrap()
}

fn identity(endpoints: &Endpoints) -> Identity {
    identity_over(crate::http::client().unwrap(), endpoints)
}

fn identity_over(http: reqwest::Client, endpoints: &Endpoints) -> Identity {
    let credentials = AppCredentials { client_id: "0A1B2C".to_owned(), client_secret: "s3cret/+".to_owned().into() };
    Identity::new(http, endpoints.clone(), credentials)
}

fn refresh_token() -> RefreshToken {
    RefreshToken::new("old-refresh".to_owned())
}

fn jwt() -> String {
    let payload =
        format!(r#"{{"xero_userid":"{USER}","authentication_event_id":"{CONSENT}","scope":["accounting.invoices"]}}"#);
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload))
}

fn tokens() -> Reply {
    Reply::json(format!(
        r#"{{"id_token":"x","access_token":"{}","expires_in":1800,"token_type":"Bearer","refresh_token":"new-refresh","scope":"offline_access accounting.invoices"}}"#,
        jwt()
    ))
}

fn form(body: &str) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    pairs.sort();
    pairs
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn the_consent_address_carries_state_and_scopes_and_no_challenge() {
    let url = authorize_url(
        &Endpoints::xero().unwrap(),
        "0A1B2C",
        &callback(),
        &["offline_access", "accounting.invoices"],
        "st&te",
        None,
    );
    assert!(url.as_str().starts_with("https://login.xero.com/identity/connect/authorize?"));
    assert_eq!(
        form(url.query().unwrap()),
        [
            pair("client_id", "0A1B2C"),
            pair("redirect_uri", "https://api.sessional.example/oauth/callback"),
            pair("response_type", "code"),
            pair("scope", "offline_access accounting.invoices"),
            pair("state", "st&te"),
        ]
    );
}

#[tokio::test]
async fn a_challenge_goes_with_the_consent_and_its_verifier_with_the_code() {
    let endpoints = Endpoints::xero().unwrap();
    let url = authorize_url(&endpoints, "0A1B2C", &callback(), &["offline_access"], "state", Some("ch4llenge"));
    let sent = form(url.query().unwrap());
    assert!(sent.contains(&pair("code_challenge", "ch4llenge")), "{sent:?}");
    assert!(sent.contains(&pair("code_challenge_method", "S256")), "{sent:?}");
    let stub = Stub::answering([tokens()]).await;
    identity(&stub.endpoints).exchange_code("c0de", &callback(), Some("v3rifier"), now()).await.unwrap();
    assert!(form(&stub.only().body).contains(&pair("code_verifier", "v3rifier")));
}

#[tokio::test]
async fn a_code_is_exchanged_with_basic_credentials_and_the_same_redirect() {
    let stub = Stub::answering([tokens()]).await;
    let set = identity(&stub.endpoints).exchange_code("c0de", &callback(), None, now()).await.unwrap();
    assert_eq!(set.access.expires_at(), now().checked_add(30.minutes()).unwrap());
    assert_eq!(set.access.expose(), jwt());
    let claims = set.access.claims().unwrap();
    assert_eq!(claims.xero_userid, USER.parse().unwrap());
    assert_eq!(claims.authentication_event_id, Some(CONSENT.parse().unwrap()));
    assert_eq!(set.refresh.unwrap().expose(), "new-refresh");
    assert_eq!(set.scopes, ["offline_access", "accounting.invoices"]);

    let seen = stub.only();
    assert_eq!((seen.method.as_str(), seen.uri.path()), ("POST", "/connect/token"));
    let basic = format!("Basic {}", STANDARD.encode("0A1B2C:s3cret%2F%2B"));
    assert_eq!(seen.header("authorization"), Some(basic.as_str()));
    assert_eq!(seen.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(
        form(&seen.body),
        [
            pair("code", "c0de"),
            pair("grant_type", "authorization_code"),
            pair("redirect_uri", "https://api.sessional.example/oauth/callback"),
        ]
    );
}

#[tokio::test]
async fn a_refresh_sends_the_old_token_and_nothing_more() {
    let stub = Stub::answering([tokens()]).await;
    let set = identity(&stub.endpoints).refresh(&refresh_token(), now()).await.unwrap();
    assert_eq!(set.refresh, Some(RefreshToken::new("new-refresh".to_owned())));
    assert_eq!(form(&stub.only().body), [pair("grant_type", "refresh_token"), pair("refresh_token", "old-refresh")]);
}

#[tokio::test]
async fn refused_credentials_are_noticed_and_replaced_for_whoever_has_a_copy() {
    let refusal = Reply::status(400, r#"{"error":"invalid_client"}"#);
    let stub = Stub::answering([refusal, tokens()]).await;
    let identity = identity(&stub.endpoints);
    let copy = identity.clone();
    assert!(!identity.wants_credentials());
    let refused = copy.refresh(&refresh_token(), now()).await;
    assert!(matches!(refused, Err(TokenError::InvalidClient)) && identity.wants_credentials());
    let right = AppCredentials { client_id: "0A1B2C".to_owned(), client_secret: "right".to_owned().into() };
    identity.replace_credentials(right);
    copy.refresh(&refresh_token(), now()).await.unwrap();
    assert!(!copy.wants_credentials());
    let basic = format!("Basic {}", STANDARD.encode("0A1B2C:right"));
    assert_eq!(stub.seen()[1].header("authorization"), Some(basic.as_str()));
}

#[tokio::test]
async fn the_apps_own_token_has_one_scope_and_no_user() {
    let reply = Reply::json(r#"{"access_token":"opaque","expires_in":1800,"token_type":"Bearer"}"#);
    let stub = Stub::answering([reply]).await;
    let token = identity(&stub.endpoints).app_token(now()).await.unwrap();
    assert_eq!(token.claims(), None);
    assert_eq!(form(&stub.only().body), [pair("grant_type", "client_credentials"), pair("scope", "app.connections")]);
}

#[tokio::test]
async fn a_revocation_has_an_empty_answer() {
    let stub = Stub::answering([Reply::status(200, "")]).await;
    identity(&stub.endpoints).revoke(&refresh_token()).await.unwrap();
    let seen = stub.only();
    assert_eq!(seen.uri.path(), "/connect/revocation");
    let basic = format!("Basic {}", STANDARD.encode("0A1B2C:s3cret%2F%2B"));
    assert_eq!(seen.header("authorization"), Some(basic.as_str()));
    assert_eq!(form(&seen.body), [pair("token", "old-refresh")]);
}

async fn refused(reply: Reply) -> TokenError {
    let stub = Stub::answering([reply]).await;
    identity(&stub.endpoints).refresh(&refresh_token(), now()).await.unwrap_err()
}

fn code(status: u16, code: &str) -> Reply {
    let body = format!(r#"{{"error":"{code}","error_description":"planted"}}"#);
    Reply::With(status, vec![("content-type", "application/json")], body)
}

#[tokio::test]
async fn each_refusal_has_its_meaning() {
    for (name, error, class) in [
        ("invalid_grant", TokenError::InvalidGrant, TokenErrorClass::Reauthorise),
        ("invalid_client", TokenError::InvalidClient, TokenErrorClass::Operator),
        ("unauthorized_client", TokenError::UnauthorizedClient, TokenErrorClass::Operator),
        ("invalid_scope", TokenError::InvalidScope, TokenErrorClass::Operator),
        ("invalid_request", TokenError::Request("invalid_request"), TokenErrorClass::Operator),
        ("unsupported_grant_type", TokenError::Request("unsupported_grant_type"), TokenErrorClass::Operator),
        ("something_new", TokenError::Request("not a standard code"), TokenErrorClass::Operator),
    ] {
        let found = refused(code(400, name)).await;
        assert_eq!(found, error);
        assert_eq!(found.class(), class);
    }
    assert_eq!(refused(code(401, "invalid_client")).await, TokenError::InvalidClient);
    assert_eq!(refused(Reply::status(401, "")).await, TokenError::InvalidClient);
}

#[tokio::test]
async fn limits_and_failures_are_never_a_lost_connection() {
    let limited = Reply::With(429, vec![("retry-after", "7")], String::new());
    let error = refused(limited).await;
    assert_eq!(error, TokenError::RateLimited { retry_after: Some(Duration::from_secs(7)) });
    assert_eq!(error.class(), TokenErrorClass::Wait);

    let error = refused(code(503, "invalid_grant")).await;
    assert_eq!(error, TokenError::Server { status: 503 });
    assert_eq!(error.class(), TokenErrorClass::Retry);

    for odd in [
        Reply::status(400, ""),
        Reply::status(400, "<html>planted</html>"),
        Reply::status(302, ""),
        Reply::json(""),
        Reply::json("{}"),
        Reply::With(200, vec![("content-type", "text/html")], "<html>".to_owned()),
    ] {
        let error = refused(odd).await;
        assert!(matches!(error, TokenError::Malformed(_)), "{error:?}");
        assert_eq!(error.class(), TokenErrorClass::Retry);
        assert!(!format!("{error} {error:?}").contains("planted"));
    }
}

#[tokio::test]
async fn no_answer_says_whether_the_token_may_have_been_rotated() {
    let error = identity(&nobody().await).refresh(&refresh_token(), now()).await.unwrap_err();
    assert!(matches!(error, TokenError::Transport { sent: false, .. }), "{error:?}");
    let error = identity(&hanging_up().await).refresh(&refresh_token(), now()).await.unwrap_err();
    assert!(matches!(error, TokenError::Transport { sent: true, .. }), "{error:?}");
    assert_eq!(error.class(), TokenErrorClass::Retry);

    let stub = Stub::answering([Reply::Silence]).await;
    let slow = identity_over(impatient(), &stub.endpoints);
    let error = slow.refresh(&refresh_token(), now()).await.unwrap_err();
    assert!(matches!(error, TokenError::Transport { sent: true, .. }), "{error:?}");
}

#[tokio::test]
async fn a_revocation_can_be_refused() {
    let stub = Stub::answering([code(400, "invalid_request"), Reply::status(500, "")]).await;
    let identity = identity(&stub.endpoints);
    let first = identity.revoke(&refresh_token()).await;
    assert_eq!(first, Err(TokenError::Request("invalid_request")));
    let second = identity.revoke(&refresh_token()).await;
    assert_eq!(second, Err(TokenError::Server { status: 500 }));
}

/// Ports are asynchronous traits whose futures must be able to move between threads.
#[test]
fn exchanges_can_be_sent_between_threads() {
    fn sendable<T: Send>(_: &T) {}
    let identity = identity(&Endpoints::xero().unwrap());
    let token = refresh_token();
    sendable(&identity.refresh(&token, now()));
    sendable(&identity.revoke(&token));
    sendable(&identity.app_token(now()));
}
