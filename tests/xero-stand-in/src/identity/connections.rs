//! `/connections`: which organisations a user's consent reaches.

use jiff::Timestamp;
use uuid::Uuid;

use super::bearer;
use super::scopes::APP_CONNECTIONS;
use crate::gateway::problems;
use crate::http::{Call, Reply};
use crate::json::Json;
use crate::time::seven_digits;
use crate::world::{Connection, World};

/// `GET /connections`: a bare array, oldest first.
pub(crate) fn list(world: &World, call: &Call, now: Timestamp) -> Reply {
    let token = match bearer(world, call, now) {
        Ok(token) => token,
        Err(refusal) => return refusal,
    };
    if token.user.is_none() && !token.scopes.contains(APP_CONNECTIONS) {
        return problems::unauthorized(problems::AUTHORIZATION, &world.switches);
    }
    let event: Option<Uuid> = match call.param("authEventId").map(str::parse).transpose() {
        Ok(event) => event,
        Err(_) => {
            return Reply::plain(400, "Supplied parameter 'authEventId' cannot be parsed - must be of type UUID.");
        }
    };
    let of_token = |c: &&Connection| c.client_id == token.client_id && token.user.is_none_or(|user| user == c.user);
    let of_event = |c: &&Connection| event.is_none_or(|event| event == c.auth_event);
    let shown = world.connections.iter().filter(of_token).filter(of_event);
    Reply::json(200, &Json::List(shown.map(|connection| view(world, connection)).collect()))
}

/// `DELETE /connections/{id}`
pub(crate) fn delete(world: &mut World, id: &str, call: &Call, now: Timestamp) -> Reply {
    let token = match bearer(world, call, now) {
        Ok(token) => token,
        Err(refusal) => return refusal,
    };
    let before = world.connections.len();
    world.connections.retain(|c| {
        c.id.to_string() != id.to_ascii_lowercase()
            || c.client_id != token.client_id
            || token.user.is_some_and(|user| user != c.user)
    });
    Reply::empty(if world.connections.len() < before { 204 } else { 404 })
}

fn view(world: &World, connection: &Connection) -> Json {
    let name = world.ledgers.get(&connection.tenant).map(|ledger| ledger.organisation.name.as_str());
    Json::object()
        .with("id", connection.id)
        .with("authEventId", connection.auth_event)
        .with("tenantId", connection.tenant)
        .with("tenantType", connection.tenant_type.as_str())
        .with("tenantName", name.unwrap_or_default())
        .with("createdDateUtc", seven_digits(connection.created))
        .with("updatedDateUtc", seven_digits(connection.updated))
}
