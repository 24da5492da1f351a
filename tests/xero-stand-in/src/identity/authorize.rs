//! The consent page and what happens when its form comes back.
//!
//! A misconfigured request never redirects: it ends on an HTML page with status 500.

use jiff::Timestamp;
use uuid::Uuid;

use super::grants::Consent;
use super::scopes;
use crate::control::types::Tier;
use crate::http::{Call, Reply, form_pairs};
use crate::pages::consent::{self, Choice};
use crate::world::{App, Connection, World};

/// At most so many uncertified apps may be connected to an organisation.
const UNCERTIFIED_APPS: usize = 2;

/// `GET /identity/connect/authorize`
pub(crate) fn page(world: &World, call: &Call) -> Reply {
    let request = match Asked::check(world, &call.query) {
        Ok(request) => request,
        Err(page) => return page,
    };
    let wanted = call.param("stand_in_user").and_then(|id| id.parse::<Uuid>().ok());
    let user = wanted.and_then(|id| world.users.get(&id)).or_else(|| world.users.values().next());
    let Some(user) = user else { return consent::error("access_denied", "There is no user.") };
    let renews = world.connections.iter().any(|c| c.client_id == request.app.client_id && c.user == user.id);
    if at_cap(world, request.app) && !renews {
        return to_connection_limit(world);
    }
    let choices = world.ledgers.values().filter(|ledger| ledger.members.contains_key(&user.id)).map(|ledger| Choice {
        id: ledger.organisation.id,
        name: ledger.organisation.name.clone(),
        refused: refusal(world, request.app, user.id, ledger.organisation.id),
    });
    let page = consent::Page {
        app: &request.app.name,
        scopes: &request.scopes,
        users: world.users.values().collect(),
        user,
        choices: choices.collect(),
        several: request.several,
        raw_query: &call.raw_query,
    };
    Reply::html(200, page.render()).header("x-frame-options", "DENY".to_owned())
}

/// `POST /identity/connect/authorize`: Allow or Cancel.
pub(crate) fn decide(world: &mut World, call: &Call, now: Timestamp) -> Reply {
    let form = call.form();
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let query = form_pairs(field("request").unwrap_or_default().as_bytes());
    let request = match Asked::check(world, &query) {
        Ok(request) => request.owned(),
        Err(page) => return page,
    };
    if field("decision") != Some("allow") {
        return Reply::redirect(&with_query(&request.redirect_uri, &request.cancelled()));
    }
    let user = field("user").and_then(|id| id.parse::<Uuid>().ok()).filter(|id| world.users.contains_key(id));
    let Some(user) = user else { return consent::error("access_denied", "The user is unknown.") };
    let tenants: Vec<Uuid> =
        form.iter().filter(|(key, _)| key == "tenant").filter_map(|(_, id)| id.parse().ok()).collect();
    if tenants.is_empty() {
        return consent::error("invalid_request", "Select an organisation.");
    }
    if tenants.len() > 1 && !request.several {
        return consent::error("invalid_request", "One organisation per consent.");
    }
    let Some(app) = world.apps.get(&request.client_id).cloned() else {
        return consent::error("unauthorized_client", "Unknown client or client not enabled");
    };
    let is_new = |tenant: &Uuid| world.connection(&app.client_id, user, *tenant).is_none();
    if at_cap(world, &app) && tenants.iter().any(is_new) {
        return to_connection_limit(world);
    }
    let refused = tenants.iter().find_map(|tenant| refusal(world, &app, user, *tenant));
    if let Some(reason) = refused {
        return consent::error("access_denied", &reason);
    }
    let granted = Consent {
        client_id: app.client_id.clone(),
        user,
        auth_event: crate::ids::fresh(),
        session: crate::ids::fresh(),
        auth_time: now,
    };
    for tenant in tenants {
        connect(world, &granted, tenant, now);
    }
    world.grants.widen(&app.client_id, user, request.scopes.iter().cloned());
    let session = granted.session.simple().to_string();
    let code = world.grants.issue_code(granted, &request.redirect_uri, request.challenge.clone(), now);
    let mut pairs = vec![("code", code), ("scope", request.scopes.join(" ")), ("session_state", session)];
    pairs.extend(request.state.map(|state| ("state", state)));
    Reply::redirect(&with_query(&request.redirect_uri, &pairs))
}

/// Makes a connection, or renews the one the user has.
fn connect(world: &mut World, granted: &Consent, tenant: Uuid, now: Timestamp) {
    let kind = world.ledgers.get(&tenant).map(|ledger| ledger.organisation.tenant_type.clone());
    let Some(tenant_type) = kind else { return };
    let new_id = world.switches.reconnect_changes_connection_id;
    let known = world
        .connections
        .iter_mut()
        .find(|c| c.client_id == granted.client_id && c.user == granted.user && c.tenant == tenant);
    match known {
        Some(connection) => {
            connection.auth_event = granted.auth_event;
            connection.updated = now;
            if new_id {
                connection.id = crate::ids::fresh();
            }
        }
        None => world.connections.push(Connection {
            id: crate::ids::fresh(),
            client_id: granted.client_id.clone(),
            user: granted.user,
            tenant,
            auth_event: granted.auth_event,
            created: now,
            updated: now,
            tenant_type,
        }),
    }
}

/// Whether the app has all the connections that its tier allows.
fn at_cap(world: &World, app: &App) -> bool {
    world.connections.iter().filter(|c| c.client_id == app.client_id).count() >= app.tier.connections()
}

/// Facts 10.2: the browser ends on a page of Xero's own, and the app never hears of it.
fn to_connection_limit(world: &World) -> Reply {
    Reply::redirect(&format!("{}/connectionLimit", world.xero_url))
}

/// `GET /connectionLimit`: the page that nobody comes back from.
pub(crate) fn connection_limit() -> Reply {
    consent::dead_end("Connection limit reached", "This app has reached its limit of connections.")
}

/// Why an organisation cannot be connected, if so.
fn refusal(world: &World, app: &App, user: Uuid, tenant: Uuid) -> Option<String> {
    let ledger = world.ledgers.get(&tenant)?;
    if !ledger.members.contains_key(&user) {
        return Some("You do not have access to this organisation.".to_owned());
    }
    if world.connection(&app.client_id, user, tenant).is_some() {
        return None;
    }
    let uncertified = |c: &&Connection| {
        c.tenant == tenant
            && c.client_id != app.client_id
            && world.apps.get(&c.client_id).is_some_and(|other| !other.certified)
    };
    let mut others: Vec<&str> = world.connections.iter().filter(uncertified).map(|c| c.client_id.as_str()).collect();
    others.sort_unstable();
    others.dedup();
    let count = others.len() + ledger.organisation.other_uncertified_apps;
    (!app.certified && count >= UNCERTIFIED_APPS)
        .then(|| "This organisation already has two uncertified apps connected.".to_owned())
}

/// An authorize request that passed every check.
struct Asked<'w> {
    app: &'w App,
    redirect_uri: String,
    scopes: Vec<String>,
    state: Option<String>,
    challenge: Option<String>,
    several: bool,
}

/// The same without the borrow.
struct Owned {
    client_id: String,
    redirect_uri: String,
    scopes: Vec<String>,
    state: Option<String>,
    challenge: Option<String>,
    several: bool,
}

impl<'w> Asked<'w> {
    fn check(world: &'w World, query: &[(String, String)]) -> Result<Self, Reply> {
        let field = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let unknown = || consent::error("unauthorized_client", "Unknown client or client not enabled");
        let app = world.apps.get(field("client_id").unwrap_or_default()).ok_or_else(unknown)?;
        let redirect_uri = field("redirect_uri").unwrap_or_default();
        if !app.redirect_uris.iter().any(|known| known == redirect_uri) {
            return Err(consent::error("unauthorized_client", "Invalid redirect_uri"));
        }
        if field("response_type") != Some("code") {
            return Err(consent::error("unsupported_response_type", "Response type not supported"));
        }
        let scopes: Vec<String> = field("scope").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
        if scopes.is_empty() || scopes.iter().any(|scope| !scopes::exists(scope)) {
            return Err(consent::error("invalid_scope", "Invalid scope"));
        }
        if scopes.iter().any(|scope| !app.scopes.contains(scope)) {
            return Err(consent::error("invalid_scope", "Invalid scope for client"));
        }
        let challenge = field("code_challenge").map(str::to_owned);
        let method = field("code_challenge_method");
        if challenge.is_some() && (!world.switches.pkce_for_web_apps || method != Some("S256")) {
            return Err(consent::error("invalid_request", "code_challenge is not supported for this client"));
        }
        let one_at_a_time = field("acr_values").is_some_and(|values| values.contains("bulk_connect:false"));
        Ok(Self {
            app,
            redirect_uri: redirect_uri.to_owned(),
            scopes,
            state: field("state").map(str::to_owned),
            challenge,
            several: app.tier >= Tier::Advanced && !one_at_a_time,
        })
    }

    fn owned(self) -> Owned {
        Owned {
            client_id: self.app.client_id.clone(),
            redirect_uri: self.redirect_uri,
            scopes: self.scopes,
            state: self.state,
            challenge: self.challenge,
            several: self.several,
        }
    }
}

impl Owned {
    fn cancelled(&self) -> Vec<(&'static str, String)> {
        let state = self.state.clone().map(|state| ("state", state));
        [("error", "access_denied".to_owned())].into_iter().chain(state).collect()
    }
}

/// Adds parameters to an address and leaves what it has untouched.
fn with_query(address: &str, pairs: &[(&str, String)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{address}{}{query}", if address.contains('?') { '&' } else { '?' })
}
