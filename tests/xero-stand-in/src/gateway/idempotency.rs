//! `Idempotency-Key` as section 3 has it: six minutes, per app, the stored answer whatever it was.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::problems;
use crate::accounting::envelope;
use crate::http::{Call, Reply};
use crate::time::later;
use crate::world::World;

const LIFETIME: i64 = 6 * 60;
const LONGEST_KEY: usize = 128;
/// Beyond so many keys the expired ones are swept out.
const SWEEP_AT: usize = 10_000;

/// A first call and its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Stored {
    fingerprint: String,
    tenant: Uuid,
    at: Timestamp,
    /// The first call has not been answered yet.
    pub(crate) running: bool,
    /// Its gateway gave up, and what it will answer is not known yet.
    #[serde(default)]
    pub(crate) unfinished: bool,
    status: u16,
    content_type: Option<String>,
    body: String,
}

/// What a key means for a request.
pub(crate) enum Verdict {
    /// Nothing is known: go on, and store the answer under this name.
    New(String),
    /// No key, or a read: go on and store nothing.
    Unkeyed,
    /// The answer is known already.
    Answered(Reply),
}

/// Looks a request's key up.
pub(crate) fn check(world: &mut World, client_id: &str, tenant: Uuid, call: &Call, now: Timestamp) -> Verdict {
    let Some(key) = call.header("idempotency-key").filter(|_| call.is_write()) else {
        return Verdict::Unkeyed;
    };
    if world.switches.idempotency_down {
        return Verdict::Answered(problems::server_error(&world.switches));
    }
    if key.is_empty() || key.len() > LONGEST_KEY {
        let sentence = format!("Idempotency Key must be between 1 and {LONGEST_KEY} characters.");
        return Verdict::Answered(envelope::exception(&sentence));
    }
    let name = format!("{client_id} {key}");
    let Some(stored) = world.idempotency.get(&name).filter(|stored| now < later(stored.at, LIFETIME)) else {
        return Verdict::New(name);
    };
    let same_tenant = stored.tenant == tenant || world.switches.idempotency_ignores_tenant;
    if stored.fingerprint != fingerprint(call) || !same_tenant {
        let sentence = format!("Idempotency Key: {key} is used with a different request.");
        return Verdict::Answered(envelope::exception(&sentence));
    }
    if stored.unfinished || (stored.running && !world.switches.idempotency_waits) {
        return Verdict::Answered(Reply::empty(409));
    }
    Verdict::Answered(Reply {
        status: stored.status,
        content_type: stored.content_type.clone(),
        body: Bytes::from(stored.body.clone()),
        ..Reply::default()
    })
}

/// Keeps the answer of a first call.
pub(crate) fn store(world: &mut World, name: String, tenant: Uuid, call: &Call, now: Timestamp, reply: &Reply) {
    let stored = Stored {
        fingerprint: fingerprint(call),
        tenant,
        at: now,
        running: reply.delay.is_some(),
        unfinished: false,
        status: reply.status,
        content_type: reply.content_type.clone(),
        body: String::from_utf8_lossy(&reply.body).into_owned(),
    };
    if world.idempotency.len() >= SWEEP_AT {
        world.idempotency.retain(|_, stored| now < later(stored.at, LIFETIME));
    }
    world.idempotency.insert(name, stored);
}

/// Method, address and body of a request.
fn fingerprint(call: &Call) -> String {
    let digest = Sha256::digest(&call.body);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{} {}?{} {hex}", call.method, call.path, call.raw_query)
}
