//! Xero's identity side: consent, tokens, discovery, connections.

pub(crate) mod authorize;
pub(crate) mod connections;
pub(crate) mod grants;
pub(crate) mod jwt;
pub(crate) mod scopes;
pub(crate) mod token;

use jiff::Timestamp;
use serde_json::json;

use self::grants::AccessToken;
use crate::gateway::problems;
use crate::http::{Call, Reply};
use crate::time::american;
use crate::world::World;

/// A request that belongs to the identity side.
#[derive(Clone, Debug)]
pub(crate) enum Identity {
    ConsentPage,
    ConsentDecision,
    ConnectionLimit,
    Token(String),
    Revocation,
    Discovery,
    Keys,
    Connections,
    DeleteConnection(String),
}

impl Identity {
    /// The operation name for faults and journal.
    pub(crate) fn operation(&self) -> &'static str {
        match self {
            Self::ConsentPage => "authorize",
            Self::ConsentDecision => "consent",
            Self::ConnectionLimit => "page",
            Self::Token(grant) => match grant.as_str() {
                "authorization_code" => "token.authorization_code",
                "refresh_token" => "token.refresh_token",
                "client_credentials" => "token.client_credentials",
                _ => "token",
            },
            Self::Revocation => "revocation",
            Self::Discovery => "discovery",
            Self::Keys => "jwks",
            Self::Connections => "getConnections",
            Self::DeleteConnection(_) => "deleteConnection",
        }
    }

    /// Whether bodies and query carry something the journal must not show.
    pub(crate) fn is_secret(&self) -> bool {
        matches!(self, Self::ConsentPage | Self::ConsentDecision | Self::Token(_) | Self::Revocation)
    }
}

/// Finds the identity operation of a request.
pub(crate) fn route(method: &str, segments: &[&str], call: &Call) -> Option<Identity> {
    Some(match (method, segments) {
        ("GET", ["identity", "connect", "authorize"]) => Identity::ConsentPage,
        ("POST", ["identity", "connect", "authorize"]) => Identity::ConsentDecision,
        ("GET", ["connectionLimit"]) => Identity::ConnectionLimit,
        ("POST", ["connect", "token"]) => {
            let grant = call.form().into_iter().find(|(key, _)| key == "grant_type");
            Identity::Token(grant.map(|(_, value)| value).unwrap_or_default())
        }
        ("POST", ["connect", "revocation"]) => Identity::Revocation,
        ("GET", [".well-known", "openid-configuration"]) => Identity::Discovery,
        ("GET", [".well-known", "openid-configuration", "jwks"]) => Identity::Keys,
        ("GET", ["connections" | "Connections"]) => Identity::Connections,
        ("DELETE", ["connections" | "Connections", id]) => Identity::DeleteConnection((*id).to_owned()),
        _ => return None,
    })
}

/// Answers an identity request.
pub(crate) fn answer(world: &mut World, found: Identity, call: &Call, now: Timestamp) -> Reply {
    match found {
        Identity::ConsentPage => authorize::page(world, call),
        Identity::ConsentDecision => authorize::decide(world, call, now),
        Identity::ConnectionLimit => authorize::connection_limit(),
        Identity::Token(_) => token::exchange(world, call, now),
        Identity::Revocation => token::revoke(world, call),
        Identity::Discovery => discovery(world),
        Identity::Keys => json_text(&jwt::key_set()),
        Identity::Connections => connections::list(world, call, now),
        Identity::DeleteConnection(id) => connections::delete(world, &id, call, now),
    }
}

/// The bearer token of a request, or the 401 that fits.
pub(crate) fn bearer(world: &World, call: &Call, now: Timestamp) -> Result<AccessToken, Reply> {
    let garbled = || problems::unauthorized(problems::AUTHENTICATION, &world.switches);
    let header = call.header("authorization").ok_or_else(garbled)?;
    let (scheme, value) = header.split_once(' ').ok_or_else(garbled)?;
    let token = world.grants.access(value.trim()).filter(|_| scheme.eq_ignore_ascii_case("bearer"));
    let token = token.filter(|token| !token.revoked).ok_or_else(garbled)?;
    if now >= token.expires {
        let detail = format!("TokenExpired: token expired at {}", american(token.expires));
        return Err(problems::unauthorized(&detail, &world.switches));
    }
    Ok(token.clone())
}

fn discovery(world: &World) -> Reply {
    let base = world.xero_url.as_str();
    json_text(&json!({
        "issuer": jwt::ISSUER,
        "jwks_uri": format!("{base}/.well-known/openid-configuration/jwks"),
        "authorization_endpoint": format!("{base}/identity/connect/authorize"),
        "token_endpoint": format!("{base}/connect/token"),
        "revocation_endpoint": format!("{base}/connect/revocation"),
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "response_types_supported": ["code"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "subject_types_supported": ["public"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
    }))
}

fn json_text(value: &serde_json::Value) -> Reply {
    Reply::text(200, "application/json; charset=utf-8", value.to_string())
}
