//! The sync of Sessional's events into Xero: a batch of the queue is grouped by account; accounts run side
//! by side, an account's messages in order, and every message is settled by itself.

use aws::batch::{self, Verdict};
use aws::clock::SystemClock;
use aws::queues::Queue;
use aws::table::Table;
use aws::xero_setup::Xero;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use jiff::Timestamp;
use rules::AccountId;
use rules::ports::{Clock as _, TokenVault};
use rules::sync::{AppLinks, Message, Outcome, Sync, Usual};
use rules::tokens::Memory;
use std::convert::Infallible;
use std::time::Duration;

/// Receives after which a message runs alone.
const OFTEN: u32 = 20;
/// Runs that never ended after which a message is parked.
const MAX_BROKEN_RUNS: u32 = 5;
/// When what stood behind a lone message has its turn.
const NEXT_TURN: Duration = Duration::from_secs(1);
/// How long a message that came often is left to its queue while the table does not answer.
const STORE_OUT: Duration = Duration::from_secs(15 * 60);

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
    /// Where accounts' events usually go.
    pub usual: Usual,
    /// The queue that the batches come from.
    pub queue: Queue,
    /// Where messages go that cannot be worked.
    pub parking: Queue,
    /// Where the backend is told.
    pub notifications: Queue,
    /// How links into the app are made.
    pub links: AppLinks,
    /// Whether a document that is made alone gets a note in its history in Xero.
    pub history_notes: bool,
}

impl App {
    /// Works one batch, up to the moment at which the function is stopped.
    ///
    /// # Errors
    /// Never: what fails is named in the answer.
    pub async fn handle(&self, event: SqsEvent, deadline: Option<Timestamp>) -> Result<SqsBatchResponse, Infallible> {
        self.xero.renew_credentials().await;
        let runs = groups(event.records).into_iter().map(|group| self.run(group, deadline));
        let judged = futures::future::join_all(runs).await;
        Ok(batch::settle(&self.queue, Some(&self.parking), judged.into_iter().flatten().collect()).await)
    }

    /// Runs one account's messages in order. A message that has come suspiciously often runs alone, so that one which
    /// crashes the function takes nothing along.
    async fn run(&self, mut messages: Vec<SqsMessage>, deadline: Option<Timestamp>) -> Vec<(SqsMessage, Verdict)> {
        if !messages.iter().any(|message| batch::receives(message) > OFTEN) {
            return self.run_together(messages, deadline).await;
        }
        let rest = messages.split_off(1);
        let mut judged = match messages.pop() {
            Some(first) if batch::receives(&first) > OFTEN => self.run_alone(first, deadline).await,
            Some(first) => self.run_together(vec![first], deadline).await,
            None => Vec::new(),
        };
        judged.extend(rest.into_iter().map(|message| (message, Verdict::Again(NEXT_TURN))));
        judged
    }

    /// Runs a message alone, and parks it when too many of its runs never ended.
    async fn run_alone(&self, message: SqsMessage, deadline: Option<Timestamp>) -> Vec<(SqsMessage, Verdict)> {
        let id = message.message_id.clone().unwrap_or_default();
        match self.table.begin_run(&id, SystemClock.now()).await {
            Ok(runs) if runs > MAX_BROKEN_RUNS => {
                let reason = format!("{MAX_BROKEN_RUNS} runs of it never ended: it crashes the function");
                vec![(message, Verdict::Park(reason))]
            }
            Ok(_) => {
                let judged = self.run_together(vec![message], deadline).await;
                if let Err(error) = self.table.end_run(&id).await {
                    tracing::warn!(error = %error, reason = %error.source, message.id = id, "the end of a run was not noted");
                }
                judged
            }
            // Our own store is out: that is why it came so often.
            Err(error) => {
                tracing::warn!(error = %error, reason = %error.source, message.id = id, "a message is left to its queue");
                vec![(message, Verdict::Again(STORE_OUT))]
            }
        }
    }

    async fn run_together(&self, messages: Vec<SqsMessage>, deadline: Option<Timestamp>) -> Vec<(SqsMessage, Verdict)> {
        let group = messages.first().and_then(batch::group).map(AccountId::parse);
        let Some(Ok(account)) = group else {
            let verdict = Verdict::Park("the message group is no account id".to_owned());
            return messages.into_iter().map(|message| (message, verdict.clone())).collect();
        };
        let clock = SystemClock;
        let tokens = aws::xero_setup::tokens(&self.xero, &*self.tokens, &self.table, &clock, &self.memory);
        let table = self.table.for_a_run();
        let sync = Sync {
            ahead: &table,
            usual: &self.usual,
            client: &self.xero.client,
            tokens: &tokens,
            connections: &table,
            mappings: &table,
            organisations: &table,
            records: &table,
            contacts: &table,
            cooldowns: &table,
            wakes: &table,
            waiting: &table,
            notifications: &self.notifications,
            links: &self.links,
            clock: &clock,
            history_notes: self.history_notes,
            deadline,
        };
        let bodies: Vec<Message> = messages
            .iter()
            .map(|message| Message {
                body: message.body.clone().unwrap_or_default(),
                receives: batch::receives(message),
            })
            .collect();
        let outcomes = sync.run(&account, &bodies).await;
        messages.into_iter().zip(outcomes.into_iter().map(verdict)).collect()
    }
}

fn verdict(outcome: Outcome) -> Verdict {
    match outcome {
        Outcome::Done => Verdict::Done,
        Outcome::Again(time) => Verdict::Again(time),
        Outcome::Park(reason) => Verdict::Park(reason),
    }
}

/// Messages by their group, in the order in which they came.
fn groups(messages: Vec<SqsMessage>) -> Vec<Vec<SqsMessage>> {
    let mut groups: Vec<Vec<SqsMessage>> = Vec::new();
    for message in messages {
        let same = groups.iter_mut().find(|known| known.first().map(batch::group) == Some(batch::group(&message)));
        match same {
            Some(known) => known.push(message),
            None => groups.push(vec![message]),
        }
    }
    groups
}
