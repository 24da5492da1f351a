//! Answers spoiled on order.

use std::time::Duration;

use bytes::Bytes;

use super::{limits, problems};
use crate::accounting::envelope;
use crate::control::types::FaultKind;
use crate::http::{Call, Reply};
use crate::json::Json;
use crate::world::World;

/// Runs a handler and spoils its answer as ordered.
pub(super) fn run(
    world: &mut World,
    fault: Option<FaultKind>,
    call: &Call,
    run: impl FnOnce(&mut World, &Call) -> Reply,
) -> Reply {
    match fault {
        None => run(world, call),
        Some(FaultKind::ServerErrorBefore) => problems::server_error(&world.switches),
        Some(FaultKind::ServerErrorAfter) => {
            run(world, call);
            problems::server_error(&world.switches)
        }
        Some(FaultKind::Offline) => problems::offline(),
        Some(FaultKind::Unavailable) => problems::unavailable(),
        Some(FaultKind::NotFound) => Reply::not_found(),
        Some(FaultKind::TooManyRequests { problem, retry_after }) => limits::too_many(&problem, retry_after),
        Some(FaultKind::DropBefore) => Reply { dropped: true, ..Reply::empty(500) },
        Some(FaultKind::DropAfter) => Reply { dropped: true, ..run(world, call) },
        Some(FaultKind::Slow { milliseconds }) => {
            Reply { delay: Some(Duration::from_millis(milliseconds)), ..run(world, call) }
        }
        Some(FaultKind::GatewayTimeout { lands_after }) => {
            // Reads and tokens: what they did is done, if it is done at all.
            if lands_after.is_some() {
                run(world, call);
            }
            problems::gateway_timeout()
        }
        Some(FaultKind::Poisoned { text, status, saves_others }) => {
            if let Some(others) = others(call, &text).filter(|_| saves_others) {
                run(world, &others);
            }
            match status {
                400 => envelope::post_data_invalid("it could not be read."),
                500 => problems::server_error(&world.switches),
                other => Reply::empty(other),
            }
        }
        Some(FaultKind::CutShort { framed }) => {
            let reply = run(world, call);
            let half = reply.body.slice(..reply.body.len() / 2);
            if framed { Reply { body: half, ..reply } } else { Reply { cut_short: true, ..reply } }
        }
        Some(FaultKind::Answer { status, content_type, body }) => Reply::text(status, &content_type, body),
    }
}

/// The call with the documents that do not have the text in them, if any is left.
fn others(call: &Call, text: &str) -> Option<Call> {
    let body = Json::parse(std::str::from_utf8(&call.body).ok()?).ok()?;
    let Json::Object(members) = body else { return None };
    let kept: Vec<(String, Json)> = members
        .into_iter()
        .map(|(name, value)| match value {
            Json::List(items) => {
                let good = items.into_iter().filter(|item| !item.to_string().contains(text));
                (name, Json::List(good.collect()))
            }
            other => (name, other),
        })
        .collect();
    let any = kept.iter().any(|(_, value)| matches!(value, Json::List(items) if !items.is_empty()));
    any.then(|| Call { body: Bytes::from(Json::Object(kept).to_string()), ..call.clone() })
}
