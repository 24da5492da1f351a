//! `POST /events?dry_run=true`: what would become of each event, without sending or storing anything.

use super::{App, id_of, judge, read};
use aws::clock::SystemClock;
use rules::ports::Clock as _;
use rules::sync::dry_run::{DryRun, Forecast};
use rules::{AccountId, Problem};
use serde::Serialize;
use utoipa::ToSchema;

/// The answer of a dry run.
#[derive(Debug, Serialize, ToSchema)]
pub struct DryRunResults {
    /// One for each event, in its order.
    pub results: Vec<DryRunResult>,
}

/// What would become of one event.
#[derive(Debug, Serialize, ToSchema)]
pub struct DryRunResult {
    /// The event's place in the request, from 0.
    pub index: usize,
    /// The event's id, where it could be read.
    pub id: Option<String>,
    /// What would become of it.
    #[serde(flatten)]
    pub verdict: DryRunVerdict,
}

/// What would become of one event.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum DryRunVerdict {
    /// It would be taken.
    Taken(Forecast),
    /// It would be refused, with the problem that `POST /events` would answer.
    Refused {
        /// Always `refused`.
        outcome: &'static str,
        /// What is wrong.
        problem: Problem,
    },
}

impl App {
    /// Tries a body of events out.
    ///
    /// # Errors
    /// When the body is no list of events, the account is not connected, or a store cannot be reached.
    pub async fn try_out(&self, account: &AccountId, body: &[u8]) -> Result<DryRunResults, Problem> {
        let events = read(body)?;
        let mut good = Vec::with_capacity(events.len());
        let mut judged = Vec::with_capacity(events.len());
        for raw in events {
            let verdict = judge(account, raw).map(|event| good.push((event, raw.get().to_owned())));
            judged.push((id_of(raw), verdict));
        }
        let run = DryRun {
            connections: &self.table,
            mappings: &self.table,
            organisations: &self.table,
            records: &self.table,
            contacts: &self.table,
            links: &self.links,
        };
        let forecasts = run.run(account, good, SystemClock.now()).await.map_err(|error| {
            tracing::warn!(error = %error, reason = %error.source, "a dry run could not read what is stored");
            Problem::try_again()
        })?;
        let mut forecasts = forecasts.ok_or_else(Problem::not_connected)?.into_iter();
        let mut results = Vec::with_capacity(judged.len());
        for (index, (id, judged)) in judged.into_iter().enumerate() {
            let verdict = match judged {
                Ok(()) => DryRunVerdict::Taken(forecasts.next().ok_or_else(Problem::operator)?),
                Err(problem) => DryRunVerdict::Refused { outcome: "refused", problem },
            };
            results.push(DryRunResult { index, id, verdict });
        }
        tracing::info!(events.tried = results.len(), "events were tried out");
        Ok(DryRunResults { results })
    }
}
