//! `POST /events`: takes 1 to 100 events into the sync queue, each judged by itself. What is accepted is in
//! the queue; what is refused says which field is wrong, and is stored nowhere.

mod dry_run;

pub use dry_run::{DryRunResult, DryRunResults, DryRunVerdict};

use aws::http::{account, bytes, json, problem};
use aws::queues::Queue;
use aws::table::Table;
use http::{Response, StatusCode};
use lambda_http::{Body, Request, RequestExt as _};
use rules::connection::Status;
use rules::event::Event;
use rules::ports::{Connections as _, Queued, SyncQueue as _};
use rules::sync::AppLinks;
use rules::{AccountId, Problem};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::convert::Infallible;
use utoipa::ToSchema;

/// Most events in one call.
pub const MAX_EVENTS: usize = 100;

/// The function.
pub struct App {
    /// Connections: events of an account that is not connected are refused.
    pub table: Table,
    /// Where accepted events go.
    pub queue: Queue,
    /// The claim that names the account.
    pub account_claim: String,
    /// How links into the app are made.
    pub links: AppLinks,
}

#[derive(Deserialize)]
struct Events<'a> {
    #[serde(borrow)]
    events: Vec<&'a RawValue>,
}

/// The answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Results {
    /// One for each event, in its order.
    pub results: Vec<EventResult>,
}

/// What became of one event.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventResult {
    /// The event's id, where it could be read.
    pub id: Option<String>,
    /// Whether it was taken.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// Whether an event was taken.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Verdict {
    /// It is in the queue.
    Accepted,
    /// It is not, and why.
    Refused {
        /// What is wrong.
        problem: Problem,
    },
}

impl App {
    /// Answers one call.
    ///
    /// # Errors
    /// Never: what goes wrong is an answer.
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Infallible> {
        let answered = match account(&request, &self.account_claim) {
            Ok(account) => self.answer(&account, &request).await,
            Err(refused) => Err(refused),
        };
        Ok(answered.unwrap_or_else(|refused| problem(&refused)))
    }

    async fn answer(&self, account: &AccountId, request: &Request) -> Result<Response<Body>, Problem> {
        match request.query_string_parameters().first("dry_run") {
            None | Some("false") => Ok(json(StatusCode::ACCEPTED, &self.take(account, bytes(request)).await?)),
            Some("true") => Ok(json(StatusCode::OK, &self.try_out(account, bytes(request)).await?)),
            Some(_) => Err(Problem::invalid("dry_run", "This must be true or false")),
        }
    }

    /// Takes a body of events for an account.
    ///
    /// # Errors
    /// When the body is no list of events, the account is not connected, or the queue cannot be reached.
    pub async fn take(&self, account: &AccountId, body: &[u8]) -> Result<Results, Problem> {
        let events = read(body)?;
        self.check_connected(account).await?;
        let judged: Vec<(Option<String>, Result<Event, Problem>)> =
            events.iter().map(|raw| (id_of(raw), judge(account, raw))).collect();
        let good: Vec<Queued> =
            judged.iter().zip(&events).filter_map(|((_, judged), raw)| queued(judged, raw)).collect();
        let taken = self.queue.enqueue(&good).await.map_err(|error| {
            tracing::warn!(error = %error, reason = %error.source, "events could not be queued");
            Problem::try_again()
        })?;
        let mut taken = taken.into_iter();
        let results: Vec<EventResult> = judged
            .into_iter()
            .map(|(id, judged)| {
                let verdict = match judged {
                    Ok(_) if taken.next() == Some(true) => Verdict::Accepted,
                    Ok(_) => Verdict::Refused { problem: Problem::try_again() },
                    Err(problem) => Verdict::Refused { problem },
                };
                EventResult { id, verdict }
            })
            .collect();
        let accepted = results.iter().filter(|result| matches!(result.verdict, Verdict::Accepted)).count();
        tracing::info!(events.accepted = accepted, events.refused = results.len() - accepted, "events came in");
        Ok(Results { results })
    }

    /// An account in error still takes events: they are held until it is authorised again.
    async fn check_connected(&self, account: &AccountId) -> Result<(), Problem> {
        let connection = self.table.connection(account).await.map_err(|error| {
            tracing::warn!(error = %error, reason = %error.source, "the connection could not be read");
            Problem::try_again()
        })?;
        match connection.map(|connection| connection.status) {
            Some(Status::Connected | Status::Error) => Ok(()),
            Some(Status::ChooseOrganisation | Status::Disconnected) | None => Err(Problem::not_connected()),
        }
    }
}

fn read(body: &[u8]) -> Result<Vec<&RawValue>, Problem> {
    let events: Events<'_> = serde_json::from_slice(body)
        .map_err(|_| Problem::invalid("events", "The body must be JSON: {\"events\": [ … ]}"))?;
    if events.events.is_empty() || events.events.len() > MAX_EVENTS {
        return Err(Problem::invalid("events", format!("Send 1 to {MAX_EVENTS} events in one call")));
    }
    Ok(events.events)
}

fn judge(account: &AccountId, raw: &RawValue) -> Result<Event, Problem> {
    let event = Event::parse(raw.get())?;
    if event.account != *account {
        return Err(Problem::foreign_account());
    }
    Ok(event)
}

fn queued(judged: &Result<Event, Problem>, raw: &RawValue) -> Option<Queued> {
    let event = judged.as_ref().ok()?;
    let (account, deduplication) = (event.account.clone(), event.id.to_string());
    Some(Queued { account, deduplication, event: raw.get().to_owned() })
}

/// The id of an event for its result, whatever else is wrong with it.
fn id_of(raw: &RawValue) -> Option<String> {
    Event::id_of(raw.get()).map(|id| id.to_string())
}
