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
use rules::ports::TokenVault;
use rules::sync::{AppLinks, Message, Outcome, Sync, Usual};
use rules::tokens::Memory;
use std::convert::Infallible;

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
        let runs = groups(event.records).into_iter().map(|group| self.run(group, deadline));
        let judged = futures::future::join_all(runs).await;
        Ok(batch::settle(&self.queue, Some(&self.parking), judged.into_iter().flatten().collect()).await)
    }

    /// Runs one account's messages in order.
    async fn run(&self, messages: Vec<SqsMessage>, deadline: Option<Timestamp>) -> Vec<(SqsMessage, Verdict)> {
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
            notifications: &self.notifications,
            links: &self.links,
            clock: &clock,
            history_notes: self.history_notes,
            deadline,
        };
        let bodies: Vec<Message> =
            messages.iter().map(|message| Message { body: message.body.clone().unwrap_or_default() }).collect();
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
