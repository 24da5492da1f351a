//! Tokens: exchange, rotation with its grace, expiry, errors, and signatures that verify.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Value, json};
use xero_stand_in::control::{self, Choice};
use xero_stand_in::{ALEX, HARBOUR_SOUND};

use crate::support::{CLIENT_ID, REDIRECT, SCOPES, SECRET, World, app, authorise_url, messages, query_of, send};

const MINUTES: i64 = 60;
const DAYS: i64 = 24 * 60 * 60;

fn error(answer: &crate::support::Answer) -> String {
    assert_eq!(answer.status, 400, "{answer:?}");
    answer.json()["error"].as_str().unwrap().to_owned()
}

async fn code(world: &World) -> String {
    let url = authorise_url(world.stand_in.xero_url(), SCOPES, "x");
    let location = control::consent(&url, Choice::allow(ALEX, HARBOUR_SOUND)).await.unwrap();
    query_of(&location, "code").unwrap()
}

async fn exchanged(world: &World, code: &str, redirect: &str) -> crate::support::Answer {
    world.token(&[("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect)]).await
}

#[tokio::test]
async fn point_02_refresh_tokens_rotate_and_the_old_one_lives_for_thirty_minutes() {
    let world = World::connected().await;
    let first = world.refresh.clone();
    let second = world.refreshed(&first).await.json();
    assert_ne!(second["refresh_token"], json!(first));
    assert_eq!((&second["expires_in"], &second["token_type"]), (&json!(1800), &json!("Bearer")));

    world.control().advance_clock(29 * MINUTES).await.unwrap();
    let third = world.refreshed(&first).await;
    assert_eq!(third.status, 200, "within the grace the old token is retried");
    assert_ne!(third.json()["refresh_token"], second["refresh_token"], "strictly, a new pair");

    world.control().advance_clock(MINUTES).await.unwrap();
    assert_eq!(error(&world.refreshed(&first).await), "invalid_grant");
    world.control().advance_clock(30 * MINUTES).await.unwrap();
    assert_eq!(error(&world.refreshed(second["refresh_token"].as_str().unwrap()).await), "invalid_grant");
    assert_eq!(world.refreshed(third.json()["refresh_token"].as_str().unwrap()).await.status, 200);
}

#[tokio::test]
async fn point_02_a_refresh_token_dies_after_sixty_idle_days() {
    let world = World::connected().await;
    world.control().advance_clock(60 * DAYS - 1).await.unwrap();
    let kept = world.refreshed(&world.refresh).await;
    assert_eq!(kept.status, 200);
    world.control().advance_clock(60 * DAYS).await.unwrap();
    assert_eq!(error(&world.refreshed(kept.json()["refresh_token"].as_str().unwrap()).await), "invalid_grant");
}

#[tokio::test]
async fn point_02_the_access_token_is_a_signed_jwt_that_the_published_keys_verify() {
    let world = World::connected().await;
    let discovery = send(world.http.get(world.url("/.well-known/openid-configuration"))).await.json();
    assert_eq!(discovery["issuer"], "https://identity.xero.com");
    let keys = send(world.http.get(discovery["jwks_uri"].as_str().unwrap())).await;
    let keys: JwkSet = serde_json::from_str(&keys.text).unwrap();

    let header = jsonwebtoken::decode_header(&world.access).unwrap();
    let key = keys.find(&header.kid.unwrap()).unwrap();
    let mut validation = Validation::new(jsonwebtoken::Algorithm::RS256);
    validation.set_audience(&["https://identity.xero.com/resources"]);
    validation.set_issuer(&["https://identity.xero.com"]);
    validation.validate_exp = false;
    let claims: Value =
        jsonwebtoken::decode(&world.access, &DecodingKey::from_jwk(key).unwrap(), &validation).unwrap().claims;
    assert_eq!(claims["client_id"], CLIENT_ID);
    assert_eq!(claims["xero_userid"], json!(ALEX));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["nbf"].as_i64().unwrap(), 1800);
    assert_eq!(claims["sub"].as_str().unwrap().len(), 32);
    assert!(claims["scope"].as_array().unwrap().contains(&json!("accounting.invoices")));
    assert_eq!(world.connections().await[0]["authEventId"], claims["authentication_event_id"]);

    let id_token = world.refreshed(&world.refresh).await.json()["id_token"].as_str().unwrap().to_owned();
    validation.set_audience(&[CLIENT_ID]);
    let claims: Value =
        jsonwebtoken::decode(&id_token, &DecodingKey::from_jwk(key).unwrap(), &validation).unwrap().claims;
    assert_eq!(claims["email"], "alex@harbour.example");
    assert!(claims.get("authentication_event_id").is_none(), "only the access token has it");
}

#[tokio::test]
async fn point_02_a_code_works_once_for_five_minutes_and_with_its_own_redirect() {
    let world = World::connected().await;
    let used = code(&world).await;
    assert_eq!(exchanged(&world, &used, REDIRECT).await.status, 200);
    assert_eq!(error(&exchanged(&world, &used, REDIRECT).await), "invalid_grant");
    let elsewhere = code(&world).await;
    assert_eq!(error(&exchanged(&world, &elsewhere, "http://localhost:4000/other").await), "invalid_grant");
    let late = code(&world).await;
    world.control().advance_clock(5 * MINUTES).await.unwrap();
    assert_eq!(error(&exchanged(&world, &late, REDIRECT).await), "invalid_grant");
}

#[tokio::test]
async fn point_02_every_error_of_the_token_endpoint_has_its_name() {
    let world = World::connected().await;
    let url = world.url("/connect/token");
    let form = [("grant_type", "refresh_token"), ("refresh_token", world.refresh.as_str())];
    let wrong_secret = send(world.http.post(&url).basic_auth(CLIENT_ID, Some("wrong")).form(&form)).await;
    assert_eq!(error(&wrong_secret), "invalid_client");
    assert_eq!(error(&send(world.http.post(&url).form(&form)).await), "invalid_client");
    let as_json =
        world.http.post(&url).basic_auth(CLIENT_ID, Some(SECRET)).json(&json!({"grant_type": "refresh_token"}));
    assert_eq!(error(&send(as_json).await), "unsupported_grant_type");
    assert_eq!(error(&world.token(&[("grant_type", "password")]).await), "unsupported_grant_type");
    assert_eq!(error(&world.token(&[("grant_type", "refresh_token")]).await), "invalid_request");
    assert_eq!(error(&world.token(&[("refresh_token", "x")]).await), "invalid_request");
    let scope = world.token(&[("grant_type", "client_credentials"), ("scope", "accounting.invoices")]).await;
    assert_eq!(error(&scope), "invalid_scope");
}

#[tokio::test]
async fn without_offline_access_there_is_no_refresh_token_and_without_openid_no_id_token() {
    let world = World::with(app(), "accounting.invoices", &Choice::allow(ALEX, HARBOUR_SOUND)).await;
    assert_eq!(world.refresh, "");
}

#[tokio::test]
async fn a_second_consent_replaces_the_older_token_set_and_scopes_add_up() {
    let mut world = World::with(app(), "offline_access accounting.contacts", &Choice::allow(ALEX, HARBOUR_SOUND)).await;
    let old = world.refresh.clone();
    let tokens = world.consent("offline_access accounting.invoices", &Choice::allow(ALEX, HARBOUR_SOUND)).await;
    assert!(tokens["scope"].as_str().unwrap().contains("accounting.contacts"));
    assert_eq!(error(&world.refreshed(&old).await), "invalid_grant");
    assert_eq!(world.get("/Contacts").await.status, 200);
}

#[tokio::test]
async fn the_grace_returns_the_same_pair_where_the_switch_says_so() {
    let world = World::connected().await;
    world.control().set_switches(&json!({"grace_returns_same_pair": true})).await.unwrap();
    let first = world.refreshed(&world.refresh).await.json()["refresh_token"].clone();
    assert_eq!(world.refreshed(&world.refresh).await.json()["refresh_token"], first);
    assert!(messages(&first).is_empty());
}
