//! The control API's routes.

use axum::Json as Body;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::types::{
    Act, AppRegistration, ClockMove, ClockState, ConnectionState, Exhaust, Fault, FaultsOf, JournalEntry, JournalQuery,
    NewOrganisation, NewUser, OrganisationChange, Release,
};
use super::{acts, report};
use crate::server::Shared;
use crate::webhooks::{courier, intent, sign};
use crate::world::{App, User, World, seed};

type Answer = Result<Response, Refused>;

/// The stand-in cannot do what it was asked: 422 with a sentence.
struct Refused(String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (StatusCode::UNPROCESSABLE_ENTITY, Body(json!({"error": self.0}))).into_response()
    }
}

/// All routes.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/apps/{client_id}", put(register))
        .route("/users", post(add_user))
        .route("/organisations", post(add_organisation))
        .route("/organisations/{tenant}", axum::routing::patch(change_organisation))
        .route("/organisations/{tenant}/acts", post(act))
        .route("/organisations/{tenant}/totals", get(totals))
        .route("/organisations/{tenant}/snapshot", get(snapshot))
        .route("/connections", get(connections))
        .route("/switches", get(switches).patch(switch))
        .route("/clock", get(clock).post(move_clock))
        .route("/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/limits/exhaust", post(exhaust))
        .route("/journal", get(journal).delete(clear_journal))
        .route("/webhooks", get(deliveries))
        .route("/webhooks/hold", post(hold))
        .route("/webhooks/release", post(release))
        .route("/webhooks/settle", post(settle))
        .route("/webhooks/{id}/redeliver", post(redeliver))
        .route("/apps/{client_id}/webhook/intent", post(intent_to_receive))
        .route("/apps/{client_id}/webhook/enable", post(enable))
        .route("/apps/{client_id}/webhook/send", post(send))
        .with_state(shared)
}

async fn register(
    State(shared): State<Shared>,
    Path(client_id): Path<String>,
    Body(new): Body<AppRegistration>,
) -> Answer {
    let refused = new.redirect_uris.iter().find(|uri| !may_redirect_to(uri));
    if let Some(uri) = refused {
        return Err(refuse(&format!("{uri}: HTTPS is required; http is allowed for localhost by name only")));
    }
    let app = App {
        client_id: client_id.clone(),
        client_secret: new.client_secret,
        name: if new.name.is_empty() { client_id.clone() } else { new.name },
        redirect_uris: new.redirect_uris,
        scopes: new.scopes.into_iter().collect(),
        tier: new.tier,
        certified: new.certified,
        webhook: new.webhook,
        webhook_disabled: false,
    };
    shared.with(|world| world.apps.insert(client_id, app));
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn add_user(State(shared): State<Shared>, Body(new): Body<NewUser>) -> Response {
    let id = shared.with(|world| {
        let id = new.id.unwrap_or_else(crate::ids::fresh);
        let user = User { id, email: new.email, given_name: new.given_name, family_name: new.family_name };
        world.users.insert(id, user);
        id
    });
    Body(json!({"id": id})).into_response()
}

async fn add_organisation(State(shared): State<Shared>, Body(new): Body<NewOrganisation>) -> Response {
    let id = shared.with(|world| {
        let id = new.id.unwrap_or_else(crate::ids::fresh);
        let mut ledger = seed::ledger(id, &new.name, world.clock.now());
        ledger.members = new.members;
        if let Some(tenant_type) = new.tenant_type {
            ledger.organisation.tenant_type = tenant_type;
        }
        world.ledgers.insert(id, ledger);
        id
    });
    Body(json!({"id": id})).into_response()
}

async fn change_organisation(
    State(shared): State<Shared>,
    Path(tenant): Path<Uuid>,
    Body(change): Body<OrganisationChange>,
) -> Answer {
    shared.with(|world| {
        let ledger = world.ledgers.get_mut(&tenant).ok_or_else(|| refuse("the organisation is unknown"))?;
        if let Some(codes) = change.currencies {
            let currency = |code: String| crate::world::records::Currency { description: code.clone(), code };
            ledger.currencies = codes.into_iter().map(currency).collect();
        }
        let it = &mut ledger.organisation;
        it.name = change.name.unwrap_or_else(|| it.name.clone());
        it.offline = change.offline.unwrap_or(it.offline);
        it.pays_tax = change.pays_tax.unwrap_or(it.pays_tax);
        it.is_demo = change.is_demo.unwrap_or(it.is_demo);
        it.class = change.class.unwrap_or_else(|| it.class.clone());
        it.approvals_left = change.approvals_left.or(it.approvals_left);
        it.other_uncertified_apps = change.other_uncertified_apps.unwrap_or(it.other_uncertified_apps);
        Ok(StatusCode::NO_CONTENT.into_response())
    })
}

async fn act(State(shared): State<Shared>, Path(tenant): Path<Uuid>, Body(act): Body<Act>) -> Answer {
    let done = shared.with(|world| acts::perform(world, tenant, &act)).map_err(|sentence| refuse(&sentence))?;
    shared.wake.notify_one();
    Ok(Body(done).into_response())
}

async fn totals(State(shared): State<Shared>, Path(tenant): Path<Uuid>) -> Answer {
    let found = shared.with(|world| world.ledgers.get(&tenant).map(report::totals));
    found.map(|totals| Body(totals).into_response()).ok_or_else(|| refuse("the organisation is unknown"))
}

async fn snapshot(State(shared): State<Shared>, Path(tenant): Path<Uuid>) -> Answer {
    let found = shared.with(|world| report::snapshot(world, tenant));
    let text = found.ok_or_else(|| refuse("the organisation is unknown"))?.to_string();
    Ok(([("content-type", "application/json")], text).into_response())
}

async fn connections(State(shared): State<Shared>) -> Response {
    read(&shared, |world| {
        let state = |c: &crate::world::Connection| ConnectionState {
            id: c.id,
            client_id: c.client_id.clone(),
            user: c.user,
            tenant: c.tenant,
        };
        world.connections.iter().map(state).collect::<Vec<_>>()
    })
}

async fn switches(State(shared): State<Shared>) -> Response {
    read(&shared, |world| world.switches.clone())
}

/// Merges the given switches over the present ones.
async fn switch(State(shared): State<Shared>, Body(change): Body<Value>) -> Answer {
    shared.with(|world| {
        let mut all = serde_json::to_value(&world.switches).map_err(|error| refuse(&error.to_string()))?;
        if let (Value::Object(all), Value::Object(change)) = (&mut all, change) {
            all.extend(change);
        }
        world.switches = serde_json::from_value(all).map_err(|error| refuse(&error.to_string()))?;
        Ok(Body(world.switches.clone()).into_response())
    })
}

async fn clock(State(shared): State<Shared>) -> Response {
    read(&shared, clock_state)
}

async fn move_clock(State(shared): State<Shared>, Body(by): Body<ClockMove>) -> Response {
    let state = shared.with(|world| {
        match by {
            ClockMove::Advance(seconds) => world.clock.advance(seconds),
            ClockMove::Set(to) => world.clock.set(to),
            ClockMove::Freeze(frozen) => world.clock.freeze(frozen),
        }
        clock_state(world)
    });
    shared.wake.notify_one();
    Body(state).into_response()
}

fn clock_state(world: &World) -> ClockState {
    ClockState { now: world.clock.now(), frozen: world.clock.is_frozen() }
}

async fn faults(State(shared): State<Shared>) -> Response {
    read(&shared, |world| world.faults.waiting())
}

async fn add_fault(State(shared): State<Shared>, Body(fault): Body<Fault>) -> StatusCode {
    shared.with(|world| world.faults.add(fault));
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(shared): State<Shared>, Query(of): Query<FaultsOf>) -> StatusCode {
    shared.with(|world| world.faults.clear(of.tenant));
    StatusCode::NO_CONTENT
}

async fn exhaust(State(shared): State<Shared>, Body(wanted): Body<Exhaust>) -> StatusCode {
    shared.with(|world| {
        let now = world.clock.now();
        let tier = world.apps.get(&wanted.client_id).map(|app| app.tier);
        world.limits.exhaust((wanted.client_id, wanted.tenant), now, (wanted.day, wanted.leave), tier);
    });
    StatusCode::NO_CONTENT
}

async fn journal(State(shared): State<Shared>, Query(wanted): Query<JournalQuery>) -> Response {
    let fits = |entry: &&JournalEntry| {
        entry.sequence > wanted.since
            && wanted.operation.as_ref().is_none_or(|operation| *operation == entry.operation)
            && wanted.tenant.is_none_or(|tenant| Some(tenant) == entry.tenant)
    };
    read(&shared, |world| {
        let found = world.journal.iter().filter(fits).cloned();
        let shown = found.map(|entry| match wanted.bodies {
            true => entry,
            false => JournalEntry { request_body: String::new(), response_body: String::new(), ..entry },
        });
        shown.collect::<Vec<_>>()
    })
}

async fn clear_journal(State(shared): State<Shared>) -> StatusCode {
    shared.with(|world| world.journal.clear());
    StatusCode::NO_CONTENT
}

async fn deliveries(State(shared): State<Shared>) -> Response {
    read(&shared, |world| world.outbox.deliveries.clone())
}

async fn hold(State(shared): State<Shared>) -> StatusCode {
    shared.with(|world| world.outbox.hold());
    StatusCode::NO_CONTENT
}

async fn release(State(shared): State<Shared>, Body(form): Body<Release>) -> StatusCode {
    shared.with(|world| {
        let now = world.clock.now();
        world.outbox.release(&world.apps, &form, now);
    });
    courier::settle(&shared).await;
    StatusCode::NO_CONTENT
}

/// Delivers all that is due now and answers when it is done.
async fn settle(State(shared): State<Shared>) -> StatusCode {
    courier::settle(&shared).await;
    StatusCode::NO_CONTENT
}

async fn redeliver(State(shared): State<Shared>, Path(id): Path<Uuid>) -> Answer {
    let again = shared.with(|world| {
        let now = world.clock.now();
        world.outbox.redeliver(id, now)
    });
    let again = again.ok_or_else(|| refuse("the delivery is unknown"))?;
    courier::settle(&shared).await;
    Ok(Body(json!({"id": again})).into_response())
}

async fn intent_to_receive(State(shared): State<Shared>, Path(client_id): Path<String>) -> Answer {
    let result = intent::run(&shared, &client_id).await;
    result.map(|result| Body(result).into_response()).ok_or_else(|| refuse("the app has no webhook"))
}

/// The owner switches a disabled webhook on again.
async fn enable(State(shared): State<Shared>, Path(client_id): Path<String>) -> Answer {
    shared.with(|world| {
        let now = world.clock.now();
        let app = world.apps.get_mut(&client_id).ok_or_else(|| refuse("the app is unknown"))?;
        app.webhook_disabled = false;
        world.outbox.resume(&client_id, now);
        Ok::<(), Refused>(())
    })?;
    courier::settle(&shared).await;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Sends a body of the caller's making, signed with the app's key.
async fn send(State(shared): State<Shared>, Path(client_id): Path<String>, body: String) -> Answer {
    let id = shared.with(|world| {
        let now = world.clock.now();
        let webhook = world.apps.get(&client_id).and_then(|app| app.webhook.as_ref());
        let signature = sign(&webhook.ok_or_else(|| refuse("the app has no webhook"))?.key, body.as_bytes());
        Ok::<Uuid, Refused>(world.outbox.push(&client_id, body, signature, now))
    })?;
    courier::settle(&shared).await;
    Ok(Body(json!({"id": id})).into_response())
}

fn read<T: Serialize>(shared: &Shared, look: impl FnOnce(&World) -> T) -> Response {
    let found = shared.with(|world| look(world));
    Body(found).into_response()
}

fn refuse(sentence: &str) -> Refused {
    Refused(sentence.to_owned())
}

/// HTTPS anywhere, or plain HTTP to localhost by name.
fn may_redirect_to(uri: &str) -> bool {
    url::Url::parse(uri)
        .is_ok_and(|url| url.scheme() == "https" || (url.scheme() == "http" && url.host_str() == Some("localhost")))
}
