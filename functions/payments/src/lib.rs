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
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use xero::{InvoiceId, TenantId};

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
    /// Works one batch, the hints of one tenant together. A hint that cannot be read is left to the queue's
    /// redrive, which parks it.
    ///
    /// # Errors
    /// Never: what fails is named in the answer.
    pub async fn handle(&self, event: SqsEvent) -> Result<SqsBatchResponse, Infallible> {
        let (tenants, mut judged) = by_tenant(event.records);
        let runs = tenants.into_iter().map(|(tenant, work)| self.run(tenant, work));
        judged.extend(futures::future::join_all(runs).await.into_iter().flatten());
        Ok(batch::settle(&self.queue, None, judged).await)
    }

    async fn run(&self, tenant: TenantId, work: Work) -> Vec<(SqsMessage, Verdict)> {
        let ids: Vec<InvoiceId> = work.invoices.into_iter().collect();
        let verdict = self.follow(tenant, &ids).await;
        work.messages.into_iter().map(|message| (message, verdict.clone())).collect()
    }

    async fn follow(&self, tenant: TenantId, ids: &[InvoiceId]) -> Verdict {
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
        match payments.run(tenant, ids).await {
            Outcome::Done { ours, changed } => {
                tracing::info!(
                    xero.tenant_id = %tenant,
                    payments.named = ids.len(),
                    payments.ours = ours,
                    payments.changed = changed,
                    "a hint was followed"
                );
                Verdict::Done
            }
            Outcome::Dropped => {
                tracing::info!(
                    xero.tenant_id = %tenant,
                    payments.hints_dropped = ids.len(),
                    "a hint was dropped: nobody is connected to the tenant"
                );
                Verdict::Done
            }
            Outcome::Again(time) => Verdict::Again(time),
        }
    }
}

/// What the hints of one tenant name, and the messages that brought them.
#[derive(Default)]
struct Work {
    invoices: BTreeSet<InvoiceId>,
    messages: Vec<SqsMessage>,
}

/// Sorts messages by tenant; what cannot be read has its verdict already.
fn by_tenant(messages: Vec<SqsMessage>) -> (BTreeMap<TenantId, Work>, Vec<(SqsMessage, Verdict)>) {
    let mut tenants: BTreeMap<TenantId, Work> = BTreeMap::new();
    let mut unreadable = Vec::new();
    for message in messages {
        match read(message.body.as_deref().unwrap_or_default()) {
            Ok(hint) => {
                let work = tenants.entry(hint.tenant_id).or_default();
                work.invoices.extend(hint.invoice_ids);
                work.messages.push(message);
            }
            Err(reason) => unreadable.push((message, Verdict::Park(reason))),
        }
    }
    (tenants, unreadable)
}

fn read(body: &str) -> Result<Hint, String> {
    let hint: Hint = serde_json::from_str(body).map_err(|_| "the message is no hint of payments".to_owned())?;
    if hint.version == HINT_VERSION {
        Ok(hint)
    } else {
        Err(format!("version {} of a hint is not known", hint.version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "9a1d3c55-0000-4000-8000-000000000003";

    fn message(body: &str) -> SqsMessage {
        serde_json::from_value(serde_json::json!({ "body": body })).unwrap()
    }

    fn hint(version: u32, invoice: u8) -> String {
        let id = format!("1d0f0000-0000-4000-8000-0000000000{invoice:02}");
        serde_json::json!({ "version": version, "tenant_id": TENANT, "invoice_ids": [id] }).to_string()
    }

    #[test]
    fn hints_of_one_tenant_are_followed_together_and_a_repeated_invoice_once() {
        let messages = [hint(1, 1), hint(1, 2), hint(1, 1)].iter().map(|body| message(body)).collect();
        let (tenants, unreadable) = by_tenant(messages);
        let work = &tenants[&TENANT.parse().unwrap()];
        assert_eq!((tenants.len(), work.invoices.len(), work.messages.len()), (1, 2, 3));
        assert!(unreadable.is_empty());
    }

    #[test]
    fn what_is_no_hint_or_of_another_version_is_parked_with_its_reason() {
        let (tenants, unreadable) = by_tenant(vec![message("{}"), message(&hint(9, 1))]);
        assert!(tenants.is_empty());
        let reasons: Vec<_> = unreadable.iter().map(|(_, verdict)| format!("{verdict:?}")).collect();
        assert!(reasons[0].contains("no hint"), "{reasons:?}");
        assert!(reasons[1].contains("version 9"), "{reasons:?}");
    }
}
