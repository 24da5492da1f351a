//! Requests whose gateway gave up: the caller has its 504, and they go on behind it.

use jiff::Timestamp;
use uuid::Uuid;

use super::{handle, idempotency, problems};
use crate::accounting::routes::Found;
use crate::http::{Call, Reply};
use crate::identity::grants::AccessToken;
use crate::time::later;
use crate::world::{Role, World};

/// A request that will still be performed.
#[derive(Debug)]
pub(crate) struct LateRequest {
    asked: Timestamp,
    due: Timestamp,
    call: Call,
    found: Found,
    token: AccessToken,
    tenant: Uuid,
    role: Role,
    /// The name under which its answer waits for a repeat.
    key: Option<String>,
}

/// Answers 504 at once, and remembers the request when it is to land. Until then its key is in use.
pub(super) fn postpone(
    world: &mut World,
    call: &Call,
    found: Found,
    (token, tenant, role): (AccessToken, Uuid, Role),
    (key, lands_after): (Option<String>, Option<i64>),
    at: Timestamp,
) -> Reply {
    let reply = problems::gateway_timeout();
    let Some(seconds) = lands_after else { return reply };
    if let Some(name) = &key {
        idempotency::store(world, name.clone(), tenant, call, at, &reply);
        if let Some(stored) = world.idempotency.get_mut(name) {
            stored.unfinished = true;
        }
    }
    let due = later(at, seconds);
    world.late.push(LateRequest { asked: at, due, call: call.clone(), found, token, tenant, role, key });
    reply
}

/// Performs what is due by now, the earliest first, each at its own moment.
pub(crate) fn catch_up(world: &mut World) {
    let now = world.clock.now();
    while let Some(place) = first(world).filter(|place| world.late.get(*place).is_some_and(|it| it.due <= now)) {
        let LateRequest { asked, due, call, found, token, tenant, role, key } = world.late.remove(place);
        let reply = handle(world, &call, &found, (&token, tenant, role), due);
        if let Some(name) = key {
            // The key's minutes count from the first call.
            idempotency::store(world, name, tenant, &call, asked, &reply);
        }
    }
}

/// When the next one lands.
pub(crate) fn next(world: &World) -> Option<Timestamp> {
    first(world).and_then(|place| world.late.get(place)).map(|late| late.due)
}

fn first(world: &World) -> Option<usize> {
    let due = world.late.iter().enumerate().min_by_key(|(_, late)| late.due);
    due.map(|(place, _)| place)
}
