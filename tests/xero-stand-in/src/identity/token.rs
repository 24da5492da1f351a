//! The token endpoint: code exchange, refresh, app-level tokens, and revocation.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::grants::{ACCESS_LIFETIME, AccessToken, Consent};
use super::{jwt, scopes};
use crate::http::{Call, Reply, form_pairs};
use crate::json::Json;
use crate::time::later;
use crate::world::{App, World};

/// `POST /connect/token`
pub(crate) fn exchange(world: &mut World, call: &Call, now: Timestamp) -> Reply {
    if !call.content_type_is("application/x-www-form-urlencoded") {
        return refuse("unsupported_grant_type");
    }
    let Some(app) = client(world, call) else { return refuse("invalid_client") };
    let form = call.form();
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let issued = match field("grant_type") {
        Some("authorization_code") => match (field("code"), field("redirect_uri")) {
            (Some(code), Some(redirect)) => by_code(world, &app, code, redirect, field("code_verifier"), now),
            _ => Err("invalid_request"),
        },
        Some("refresh_token") => match field("refresh_token") {
            Some(value) => by_refresh(world, &app, value, now),
            None => Err("invalid_request"),
        },
        Some("client_credentials") => by_client(world, &app, field("scope").unwrap_or_default(), now),
        Some(_) => Err("unsupported_grant_type"),
        None => Err("invalid_request"),
    };
    match issued {
        Ok(body) => Reply::json(200, &body).header("cache-control", "no-store".to_owned()),
        Err(error) => refuse(error),
    }
}

/// `POST /connect/revocation`: the refresh token, and every connection of that user to the app.
pub(crate) fn revoke(world: &mut World, call: &Call) -> Reply {
    let Some(app) = client(world, call) else { return refuse("invalid_client") };
    let token = call.form().into_iter().find(|(key, _)| key == "token").map(|(_, value)| value);
    let Some(token) = token else { return refuse("invalid_request") };
    let owner = world.grants.owner(&token).filter(|consent| consent.client_id == app.client_id).cloned();
    if let Some(consent) = owner {
        world.grants.revoke(&app.client_id, consent.user);
        world.connections.retain(|c| c.client_id != app.client_id || c.user != consent.user);
    }
    Reply::empty(200)
}

fn by_code(
    world: &mut World,
    app: &App,
    code: &str,
    redirect_uri: &str,
    verifier: Option<&str>,
    now: Timestamp,
) -> Result<Json, &'static str> {
    let code = world.grants.take_code(code, now).ok_or("invalid_grant")?;
    let proven = match (&code.challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == *challenge,
        _ => false,
    };
    if code.consent.client_id != app.client_id || code.redirect_uri != redirect_uri || !proven {
        return Err("invalid_grant");
    }
    let consent = code.consent;
    if !world.switches.consent_keeps_older_tokens {
        world.grants.drop_refresh(&app.client_id, consent.user);
    }
    let granted = world.grants.granted(&app.client_id, consent.user);
    let refresh = granted.contains("offline_access").then(|| world.grants.issue_refresh(consent.clone(), now));
    issue(world, &consent, refresh, now)
}

fn by_refresh(world: &mut World, app: &App, value: &str, now: Timestamp) -> Result<Json, &'static str> {
    let connected = |consent: &Consent| {
        world.connections.iter().any(|c| c.client_id == consent.client_id && c.user == consent.user)
    };
    let owner = world.grants.owner(value).ok_or("invalid_grant")?;
    if world.switches.refresh_fails_after_disconnect && !connected(owner) {
        return Err("invalid_grant");
    }
    let rotated = world.grants.rotate(value, &app.client_id, now, &world.switches);
    let (consent, successor) = rotated.ok_or("invalid_grant")?;
    issue(world, &consent, Some(successor), now)
}

fn by_client(world: &mut World, app: &App, asked: &str, now: Timestamp) -> Result<Json, &'static str> {
    if asked != scopes::APP_CONNECTIONS {
        return Err("invalid_scope");
    }
    let scopes = vec![asked.to_owned()];
    let token = jwt::app_token(&app.client_id, &scopes, now);
    let known = AccessToken {
        client_id: app.client_id.clone(),
        user: None,
        scopes: scopes.iter().cloned().collect(),
        expires: later(now, ACCESS_LIFETIME),
        revoked: false,
    };
    world.grants.keep_access(token.clone(), known);
    Ok(Json::object()
        .with("access_token", token)
        .with("expires_in", ACCESS_LIFETIME)
        .with("token_type", "Bearer")
        .with("scope", asked))
}

/// Signs and remembers the tokens of a consent.
fn issue(world: &mut World, consent: &Consent, refresh: Option<String>, now: Timestamp) -> Result<Json, &'static str> {
    let user = world.users.get(&consent.user).ok_or("invalid_grant")?;
    let granted = world.grants.granted(&consent.client_id, consent.user);
    let listed: Vec<String> = granted.iter().cloned().collect();
    let access = jwt::access_token(consent, user, &listed, now);
    let id_token = granted.contains("openid").then(|| jwt::id_token(consent, user, &listed, &access, now));
    let known = AccessToken {
        client_id: consent.client_id.clone(),
        user: Some(consent.user),
        scopes: granted,
        expires: later(now, ACCESS_LIFETIME),
        revoked: false,
    };
    world.grants.keep_access(access.clone(), known);
    Ok(Json::object()
        .with_some("id_token", id_token)
        .with("access_token", access)
        .with("expires_in", ACCESS_LIFETIME)
        .with("token_type", "Bearer")
        .with_some("refresh_token", refresh)
        .with("scope", listed.join(" ")))
}

/// The app that the Basic header proves, or without one the body: Xero's own SDK for Python sends it there.
fn client(world: &World, call: &Call) -> Option<App> {
    let Some(header) = call.header("authorization") else {
        let form = call.form();
        let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let (id, secret) = (field("client_id")?, field("client_secret")?);
        return world.apps.get(id).filter(|app| app.client_secret == secret).cloned();
    };
    let (scheme, encoded) = header.split_once(' ')?;
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let app = world.apps.get(id).filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    // Libraries may form-encode the secret first, as RFC 6749 asks.
    let unescaped = form_pairs(format!("s={secret}").as_bytes()).into_iter().next().map(|(_, value)| value);
    (app.client_secret == secret || Some(&app.client_secret) == unescaped.as_ref()).then(|| app.clone())
}

fn refuse(error: &str) -> Reply {
    Reply::json(400, &Json::object().with("error", error))
}
