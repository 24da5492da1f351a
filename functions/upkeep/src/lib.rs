//! Upkeep: a schedule begins a round, which becomes one message for each account and task; the same function
//! works these messages, each by itself.

use aws::batch::{self, Verdict};
use aws::clock::SystemClock;
use aws::queues::Queue;
use aws::table::Table;
use aws::xero_setup::Xero;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use rules::ports::{Clock, TokenVault, Unavailable};
use rules::tokens::{Memory, Tokens};
use rules::upkeep::tick::Tick;
use rules::upkeep::{Message, Outcome, Round, Upkeep};
use serde::Deserialize;

/// How often a task is tried in one round: the queue's `maxReceiveCount`, after which it would be a dead letter. Every
/// round plans again what is still to be done.
const TRIES: u32 = 5;

/// The function.
pub struct App {
    /// Xero.
    pub xero: Xero,
    /// The table.
    pub table: Table,
    /// Refresh tokens.
    pub tokens: Box<dyn TokenVault>,
    /// Access tokens.
    pub memory: Memory,
    /// The queue that the batches come from, and that a round fills.
    pub queue: Queue,
    /// Whether connections at Xero that nobody here knows of are removed.
    pub removes_orphans: bool,
    /// Where held work goes.
    pub sync_queue: Queue,
    /// Where the backend is told.
    pub notifications: Queue,
}

/// What starts the function.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Event {
    /// A schedule.
    Schedule(Round),
    /// A batch of the queue.
    Batch(SqsEvent),
}

impl App {
    /// Begins a round, or works one batch. A message that cannot be read is left to the queue's redrive.
    ///
    /// # Errors
    /// When a round could not be planned: the schedule begins it again.
    pub async fn handle(&self, event: Event) -> Result<SqsBatchResponse, lambda_runtime::Error> {
        self.xero.renew_credentials().await;
        match event {
            Event::Schedule(round) => Ok(self.begin(round).await.map(|()| SqsBatchResponse::default())?),
            Event::Batch(event) => Ok(self.work(event).await),
        }
    }

    /// Lets waiting work go on whose time has come.
    async fn wake(&self) -> Result<(), Unavailable> {
        let tick = Tick {
            due: &self.table,
            wakes: &self.table,
            cooldowns: &self.table,
            sync_queue: &self.sync_queue,
            notifications: &self.notifications,
            clock: &SystemClock,
        };
        let woken = tick.run().await.inspect_err(|error| {
            tracing::warn!(error = %error, reason = %error.source, "waiting work could not be woken; the next minute does it");
        })?;
        if woken > 0 {
            tracing::info!(wake.accounts = woken, "waiting work goes on");
        }
        Ok(())
    }

    async fn begin(&self, round: Round) -> Result<(), Unavailable> {
        if round == Round::Wake {
            return self.wake().await;
        }
        let clock = SystemClock;
        let tokens = self.tokens(&clock);
        match self.upkeep(&tokens, &clock).begin(round).await {
            Ok(planned) => {
                tracing::info!(upkeep.round = ?round, upkeep.planned = planned, "a round of upkeep was planned");
                Ok(())
            }
            Err(error) => {
                tracing::error!(error = %error, reason = %error.source, upkeep.round = ?round, "a round of upkeep could not be planned");
                Err(error)
            }
        }
    }

    async fn work(&self, event: SqsEvent) -> SqsBatchResponse {
        let runs = event.records.into_iter().map(|message| self.run(message));
        let judged = futures::future::join_all(runs).await;
        batch::settle(&self.queue, None, judged).await
    }

    async fn run(&self, message: SqsMessage) -> (SqsMessage, Verdict) {
        let verdict = match Message::parse(message.body.as_deref().unwrap_or_default()) {
            Ok(task) => match self.follow(&task).await {
                Verdict::Again(_) if batch::receives(&message) >= TRIES => {
                    tracing::warn!(upkeep.task = ?task.task, "a task of upkeep is left to the next round: it could not be done");
                    Verdict::Done
                }
                verdict => verdict,
            },
            Err(reason) => Verdict::Park(reason),
        };
        (message, verdict)
    }

    async fn follow(&self, message: &Message) -> Verdict {
        let clock = SystemClock;
        let tokens = self.tokens(&clock);
        match self.upkeep(&tokens, &clock).work(message).await {
            Outcome::Done => {
                tracing::info!(upkeep.task = ?message.task, "a task of upkeep is done");
                Verdict::Done
            }
            Outcome::Again(time) => Verdict::Again(time),
        }
    }

    fn tokens<'a>(&'a self, clock: &'a dyn Clock) -> Tokens<'a> {
        aws::xero_setup::tokens(&self.xero, &*self.tokens, &self.table, clock, &self.memory)
    }

    fn upkeep<'a>(&'a self, tokens: &'a Tokens<'a>, clock: &'a dyn Clock) -> Upkeep<'a> {
        Upkeep {
            client: &self.xero.client,
            tokens,
            connections: &self.table,
            population: &self.table,
            claims: &self.table,
            ownership: &self.table,
            broken: &self.table,
            mappings: &self.table,
            organisations: &self.table,
            records: &self.table,
            waiting: &self.table,
            sweeps: &self.table,
            sequences: &self.table,
            cooldowns: &self.table,
            sync_queue: &self.sync_queue,
            upkeep_queue: &self.queue,
            notifications: &self.notifications,
            removes_orphans: self.removes_orphans,
            clock,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_and_a_batch_are_told_apart() {
        let schedule: Event = serde_json::from_str(r#"{"round":"refreshes"}"#).unwrap();
        assert!(matches!(schedule, Event::Schedule(Round::Refreshes)));
        let schedule: Event = serde_json::from_str(r#"{"round":"quarter","at":"2026-11-20T09:15:00Z"}"#).unwrap();
        assert!(matches!(schedule, Event::Schedule(Round::Quarter { .. })));
        let batch: Event = serde_json::from_str(r#"{"Records":[{"messageId":"1","body":"{}"}]}"#).unwrap();
        assert!(matches!(batch, Event::Batch(event) if event.records.len() == 1));
    }
}
