//! The way in: every request of the Xero side passes here, in the order
//! token → tenant → scope → rate limit → idempotency → handler.
//!
//! The journal line is written here too, whatever the outcome.

pub(crate) mod idempotency;
pub(crate) mod late;
pub(crate) mod limits;
pub(crate) mod problems;
mod spoiled;

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use self::idempotency::Verdict;
use crate::accounting::Ctx;
use crate::accounting::routes::{self, Found};
use crate::control::types::{FaultKind, JournalEntry};
use crate::http::{Call, Reply, Running};
use crate::identity::grants::AccessToken;
use crate::world::{Role, World};
use crate::{identity, pages};

/// The smaller of the two sizes that are stated for attachments.
const LARGEST_FILE: usize = 10_000_000;

/// Answers one request of the Xero side.
pub(crate) fn answer(world: &mut World, call: &Call) -> Reply {
    let at = world.clock.now();
    let mut note = Note::default();
    let mut reply = dispatch(world, call, at, &mut note);
    if world.switches.latency_ms > 0 {
        let latency = Duration::from_millis(world.switches.latency_ms);
        reply.delay = Some(reply.delay.unwrap_or_default() + latency);
    }
    if reply.delay.is_none()
        && let Some(running) = reply.running.take()
    {
        finish(world, *running);
    }
    reply.headers.push(("xero-correlation-id", crate::ids::fresh().to_string()));
    world.record(note.into_entry(at, call, &reply));
    reply
}

/// Ends what a request kept running.
pub(crate) fn finish(world: &mut World, running: Running) {
    if let Some(flight) = running.flight {
        world.limits.leave(&flight);
    }
    let stored = running.stored_as.and_then(|name| world.idempotency.get_mut(&name));
    if let Some(stored) = stored {
        stored.running = false;
    }
}

/// What the journal learns about a request on its way.
#[derive(Default)]
struct Note {
    operation: String,
    tenant: Option<Uuid>,
    client_id: Option<String>,
    secret: bool,
}

impl Note {
    fn into_entry(self, at: Timestamp, call: &Call, reply: &Reply) -> JournalEntry {
        let shown = |body: &[u8]| if self.secret { String::new() } else { String::from_utf8_lossy(body).into_owned() };
        JournalEntry {
            sequence: 0,
            at,
            method: call.method.clone(),
            path: call.path.clone(),
            query: if self.secret { String::new() } else { call.raw_query.clone() },
            tenant: self.tenant,
            client_id: self.client_id,
            status: if reply.dropped { 0 } else { reply.status },
            operation: self.operation,
            idempotency_key: call.header("idempotency-key").map(str::to_owned),
            if_modified_since: call.header("if-modified-since").map(str::to_owned),
            request_body: shown(&call.body),
            response_body: shown(&reply.body),
            response_type: reply.content_type.clone(),
        }
    }
}

fn dispatch(world: &mut World, call: &Call, at: Timestamp, note: &mut Note) -> Reply {
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let first = segments.first().copied().unwrap_or_default();
    match (call.method.as_str(), segments.as_slice()) {
        ("GET", []) => {
            note.operation = "page".to_owned();
            pages::bookkeeper::show(world, call)
        }
        ("GET", ["organisationlogin", "default.aspx"]) => {
            note.operation = "page".to_owned();
            pages::bookkeeper::open(world, call)
        }
        ("POST", ["bookkeeper", act]) => {
            note.operation = "page".to_owned();
            pages::bookkeeper::act(world, act, call)
        }
        (_, ["api.xro", "2.0", rest @ ..]) => accounting(world, call, rest, at, note),
        _ if matches!(
            first,
            "identity" | "connect" | "connectionLimit" | ".well-known" | "connections" | "Connections"
        ) =>
        {
            let Some(found) = identity::route(call.method.as_str(), &segments, call) else {
                return Reply::not_found();
            };
            note.operation = found.operation().to_owned();
            note.secret = found.is_secret();
            let fault = world.faults.take(&note.operation, None, &call.body);
            spoiled::run(world, fault, call, |world, call| identity::answer(world, found, call, at))
        }
        _ => Reply::not_found(),
    }
}

fn accounting(world: &mut World, call: &Call, rest: &[&str], at: Timestamp, note: &mut Note) -> Reply {
    let found = routes::find(&call.method, rest);
    note.operation = found.as_ref().map_or("unknown", |found| found.route.operation).to_owned();
    let (token, tenant, role, connected) = match admit(world, call, at, note) {
        Ok(admitted) => admitted,
        Err(refusal) => return refusal,
    };
    let Some(found) = found else { return Reply::not_found() };
    if !token.may(found.route.scope, call.is_write()) {
        return problems::unauthorized(problems::AUTHORIZATION, &world.switches);
    }
    let fault = world.faults.take(&note.operation, Some(tenant), &call.body);
    if let Some(FaultKind::TooManyRequests { problem, retry_after }) = &fault {
        return limits::too_many(problem, *retry_after);
    }
    if matches!(fault, Some(FaultKind::DropBefore)) {
        // Lost on its way: no limit and no key has heard of it.
        return Reply { dropped: true, ..Reply::empty(500) };
    }
    let remaining = if world.switches.limits {
        let Some(app) = world.apps.get(&token.client_id) else { return problems::forbidden(&world.switches) };
        match world.limits.enter(app, tenant, connected, at) {
            Ok(remaining) => Some(remaining),
            Err(refusal) => return refusal,
        }
    } else {
        None
    };
    let mut reply = keyed(world, call, found, (&token, tenant, role), at, fault);
    if let Some(remaining) = remaining {
        reply = remaining.on(reply);
        reply.running().flight = Some((token.client_id.clone(), tenant));
    }
    reply
}

type Admitted = (AccessToken, Uuid, Role, Timestamp);

/// Token, then tenant.
fn admit(world: &World, call: &Call, at: Timestamp, note: &mut Note) -> Result<Admitted, Reply> {
    let switches = &world.switches;
    note.tenant = call.header("xero-tenant-id").and_then(|id| id.parse().ok());
    let token = identity::bearer(world, call, at)?;
    note.client_id = Some(token.client_id.clone());
    let forbidden = || problems::forbidden(switches);
    let tenant = note.tenant.ok_or_else(forbidden)?;
    let user = token.user.ok_or_else(forbidden)?;
    let connection = world.connection(&token.client_id, user, tenant).ok_or_else(forbidden)?;
    let ledger = world.ledgers.get(&tenant).ok_or_else(forbidden)?;
    let role = ledger.members.get(&user).copied().filter(|role| *role != Role::ReadOnly).ok_or_else(forbidden)?;
    if ledger.organisation.offline {
        return Err(problems::offline());
    }
    Ok((token, tenant, role, connection.created))
}

/// Idempotency, then the handler with its fault.
fn keyed(
    world: &mut World,
    call: &Call,
    found: Found,
    (token, tenant, role): (&AccessToken, Uuid, Role),
    at: Timestamp,
    fault: Option<FaultKind>,
) -> Reply {
    let asks_json = call.header("accept").is_some_and(|accept| accept.to_ascii_lowercase().contains("json"));
    if !asks_json {
        return problems::not_acceptable();
    }
    let limit = if found.route.raw_body { LARGEST_FILE } else { world.switches.body_limit };
    if call.body.len() > limit {
        return Reply::empty(413);
    }
    let name = match idempotency::check(world, &token.client_id, tenant, call, at) {
        // A repeat's answer may be lost as well.
        Verdict::Answered(reply) => return Reply { dropped: matches!(fault, Some(FaultKind::DropAfter)), ..reply },
        Verdict::New(name) => Some(name),
        Verdict::Unkeyed => None,
    };
    if let Some(FaultKind::GatewayTimeout { lands_after }) = fault.as_ref().filter(|_| call.is_write()) {
        let asked = (token.clone(), tenant, role);
        return late::postpone(world, call, found, asked, (name, *lands_after), at);
    }
    let mut reply =
        spoiled::run(world, fault, call, |world, call| handle(world, call, &found, (token, tenant, role), at));
    if let Some(name) = name {
        idempotency::store(world, name.clone(), tenant, call, at, &reply);
        reply.running().stored_as = Some(name);
    }
    reply
}

fn handle(
    world: &mut World,
    call: &Call,
    found: &Found,
    (token, tenant, role): (&AccessToken, Uuid, Role),
    at: Timestamp,
) -> Reply {
    let json_body = found.route.raw_body || call.content_type_is("application/json");
    if call.is_write() && !call.body.is_empty() && !json_body {
        return Reply::empty(415);
    }
    let Some(app) = world.apps.get(&token.client_id) else { return problems::forbidden(&world.switches) };
    let Some(ledger) = world.ledgers.get_mut(&tenant) else { return problems::forbidden(&world.switches) };
    let mut ctx = Ctx {
        ledger,
        switches: &world.switches,
        call,
        params: &found.params,
        app,
        role,
        now: at,
        sees_payments: world.switches.payments_without_scope || token.may("accounting.payments", false),
    };
    let reply = (found.route.handler)(&mut ctx);
    world.collect_events(tenant);
    reply
}
