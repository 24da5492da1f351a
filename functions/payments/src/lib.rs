//! Reads what Xero says about invoices that its webhook named, and brings their records up to it. What is
//! not ours costs no call to Xero.

use aws::batch::{self, Verdict};
use aws::clock::SystemClock;
use aws::queues::Queue;
use aws::secrets::TokenSecrets;
use aws::table::Table;
use aws::xero_setup::Xero;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use rules::payments::{HINT_VERSION, Hint, Outcome, Payments};
use rules::tokens::Memory;
use std::convert::Infallible;

/// The function.
pub struct App {
    /// Xero.
    pub xero: Xero,
    /// The table.
    pub table: Table,
    /// Refresh tokens.
    pub tokens: TokenSecrets,
    /// Access tokens.
    pub memory: Memory,
    /// The queue that the batches come from.
    pub queue: Queue,
    /// Where the backend is told.
    pub notifications: Queue,
}

impl App {
    /// Works one batch. A hint that cannot be read is left to the queue's redrive, which parks it.
    ///
    /// # Errors
    /// Never: what fails is named in the answer.
    pub async fn handle(&self, event: SqsEvent) -> Result<SqsBatchResponse, Infallible> {
        let runs = event.records.into_iter().map(|message| self.run(message));
        let judged = futures::future::join_all(runs).await;
        Ok(batch::settle(&self.queue, None, judged).await)
    }

    async fn run(&self, message: SqsMessage) -> (SqsMessage, Verdict) {
        let verdict = match read(message.body.as_deref().unwrap_or_default()) {
            Ok(hint) => self.follow(&hint).await,
            Err(reason) => Verdict::Park(reason),
        };
        (message, verdict)
    }

    async fn follow(&self, hint: &Hint) -> Verdict {
        let clock = SystemClock;
        let tokens = aws::xero_setup::tokens(&self.xero, &self.tokens, &self.table, &clock, &self.memory);
        let payments = Payments {
            client: &self.xero.client,
            tokens: &tokens,
            connections: &self.table,
            claims: &self.table,
            records: &self.table,
            cooldowns: &self.table,
            notifications: &self.notifications,
            clock: &clock,
        };
        match payments.run(hint).await {
            Outcome::Done { ours, changed } => {
                tracing::info!(
                    xero.tenant_id = %hint.tenant_id,
                    payments.named = hint.invoice_ids.len(),
                    payments.ours = ours,
                    payments.changed = changed,
                    "a hint was followed"
                );
                Verdict::Done
            }
            Outcome::Dropped => {
                tracing::info!(xero.tenant_id = %hint.tenant_id, "a hint was dropped: nobody is connected to the tenant");
                Verdict::Done
            }
            Outcome::Again(time) => Verdict::Again(time),
        }
    }
}

fn read(body: &str) -> Result<Hint, String> {
    let hint: Hint = serde_json::from_str(body).map_err(|_| "the message is no hint of payments".to_owned())?;
    if hint.version == HINT_VERSION {
        Ok(hint)
    } else {
        Err(format!("version {} of a hint is not known", hint.version))
    }
}
