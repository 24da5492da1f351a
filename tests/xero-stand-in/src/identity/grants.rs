//! What users granted to apps: codes, refresh tokens with rotation and grace, access tokens.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::switches::Switches;
use crate::time::later;

pub(crate) const ACCESS_LIFETIME: i64 = 30 * 60;
const CODE_LIFETIME: i64 = 5 * 60;
const REFRESH_LIFETIME: i64 = 60 * 24 * 60 * 60;
const GRACE: i64 = 30 * 60;

/// All credentials that are out.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Grants {
    codes: HashMap<String, Code>,
    refresh: HashMap<String, RefreshToken>,
    access: HashMap<String, AccessToken>,
    /// By client id and user: everything ever granted.
    scopes: BTreeMap<String, BTreeSet<String>>,
}

/// One consent of one user to one app.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Consent {
    pub(crate) client_id: String,
    pub(crate) user: Uuid,
    pub(crate) auth_event: Uuid,
    pub(crate) session: Uuid,
    pub(crate) auth_time: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) consent: Consent,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<String>,
    issued: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct RefreshToken {
    consent: Consent,
    issued: Timestamp,
    rotated: Option<Rotated>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Rotated {
    at: Timestamp,
    successor: String,
}

/// An access token as the gateway knows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AccessToken {
    pub(crate) client_id: String,
    /// None for a client-credentials token.
    pub(crate) user: Option<Uuid>,
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) expires: Timestamp,
    pub(crate) revoked: bool,
}

impl AccessToken {
    /// Whether the scope covers a read, or a write.
    pub(crate) fn may(&self, scope: &str, write: bool) -> bool {
        self.scopes.contains(scope) || (!write && self.scopes.contains(&format!("{scope}.read")))
    }
}

impl Grants {
    /// Adds scopes to what the user granted the app; they never become fewer.
    pub(crate) fn widen(&mut self, client_id: &str, user: Uuid, scopes: impl IntoIterator<Item = String>) {
        self.scopes.entry(format!("{client_id} {user}")).or_default().extend(scopes);
    }

    /// Everything the user granted the app.
    pub(crate) fn granted(&self, client_id: &str, user: Uuid) -> BTreeSet<String> {
        self.scopes.get(&format!("{client_id} {user}")).cloned().unwrap_or_default()
    }

    pub(crate) fn issue_code(
        &mut self,
        consent: Consent,
        redirect_uri: &str,
        challenge: Option<String>,
        now: Timestamp,
    ) -> String {
        let code = opaque();
        self.codes
            .insert(code.clone(), Code { consent, redirect_uri: redirect_uri.to_owned(), challenge, issued: now });
        code
    }

    /// Takes a code out; a second try finds nothing.
    pub(crate) fn take_code(&mut self, code: &str, now: Timestamp) -> Option<Code> {
        self.codes.remove(code).filter(|code| now < later(code.issued, CODE_LIFETIME))
    }

    pub(crate) fn issue_refresh(&mut self, consent: Consent, now: Timestamp) -> String {
        let value = opaque();
        self.refresh.insert(value.clone(), RefreshToken { consent, issued: now, rotated: None });
        value
    }

    /// Rotates a refresh token: the consent it stands for and its successor.
    pub(crate) fn rotate(
        &mut self,
        value: &str,
        client_id: &str,
        now: Timestamp,
        switches: &Switches,
    ) -> Option<(Consent, String)> {
        let token = self.refresh.get(value)?;
        let consent = token.consent.clone();
        let alive = consent.client_id == client_id && now < later(token.issued, REFRESH_LIFETIME);
        let previous = token.rotated.clone();
        let in_grace = previous.as_ref().is_none_or(|rotated| now < later(rotated.at, GRACE));
        if !alive || !in_grace {
            return None;
        }
        if let Some(rotated) = previous.filter(|_| switches.grace_returns_same_pair) {
            return Some((consent, rotated.successor));
        }
        let successor = self.issue_refresh(consent.clone(), now);
        self.retire(value, &successor, now);
        Some((consent, successor))
    }

    /// Marks a token and whatever came from it earlier as replaced; the first moment counts.
    fn retire(&mut self, value: &str, successor: &str, now: Timestamp) {
        let mut next = Some(value.to_owned());
        while let Some(current) = next.filter(|current| current != successor) {
            next = self.refresh.get(&current).and_then(|token| token.rotated.as_ref()).map(|r| r.successor.clone());
            if let Some(token) = self.refresh.get_mut(&current) {
                let at = token.rotated.as_ref().map_or(now, |rotated| rotated.at);
                token.rotated = Some(Rotated { at, successor: successor.to_owned() });
            }
        }
    }

    pub(crate) fn keep_access(&mut self, jwt: String, token: AccessToken) {
        self.access.insert(jwt, token);
    }

    pub(crate) fn access(&self, jwt: &str) -> Option<&AccessToken> {
        self.access.get(jwt)
    }

    /// Whom a refresh token speaks for.
    pub(crate) fn owner(&self, refresh_token: &str) -> Option<&Consent> {
        self.refresh.get(refresh_token).map(|token| &token.consent)
    }

    /// Kills every refresh token of the user for the app.
    pub(crate) fn drop_refresh(&mut self, client_id: &str, user: Uuid) {
        self.refresh.retain(|_, token| token.consent.client_id != client_id || token.consent.user != user);
    }

    /// Ends the grant altogether: refresh tokens, access tokens and scopes.
    pub(crate) fn revoke(&mut self, client_id: &str, user: Uuid) {
        self.drop_refresh(client_id, user);
        self.scopes.remove(&format!("{client_id} {user}"));
        let of_user = |token: &&mut AccessToken| token.client_id == client_id && token.user == Some(user);
        self.access.values_mut().filter(of_user).for_each(|token| token.revoked = true);
    }
}

/// A random value that says nothing.
pub(crate) fn opaque() -> String {
    format!("{}{}", crate::ids::fresh().simple(), crate::ids::fresh().simple())
}
