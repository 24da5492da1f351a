//! Reads what Xero says about invoices that its webhook named, and brings their records up to it. What is
//! not ours costs no call to Xero.

use aws::batch::{self, Verdict};
use aws::clock::SystemClock;
use aws::queues::Queue;
use aws::table::Table;
use aws::xero_setup::Xero;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use jiff::Timestamp;
use rules::failure::policy;
use rules::payments::{Entry, NamedInvoice, Outcome, Payments, Sequence, gaps};
use rules::ports::TokenVault;
use rules::tokens::Memory;
use std::collections::BTreeMap;
use std::convert::Infallible;
use xero::{InvoiceId, TenantId};

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
    /// The queue that the batches come from.
    pub queue: Queue,
    /// Where a sweep is planned when Xero cannot be asked.
    pub upkeep_queue: Queue,
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
        self.xero.renew_credentials().await;
        let Sorted { tenants, mut judged, heard } = sorted(event.records);
        let runs = tenants.into_iter().map(|(tenant, work)| self.run(tenant, work));
        let (runs, ()) = futures::join!(futures::future::join_all(runs), gaps::note(&self.table, &SystemClock, &heard));
        judged.extend(runs.into_iter().flatten());
        Ok(batch::settle(&self.queue, None, judged).await)
    }

    async fn run(&self, tenant: TenantId, work: Work) -> Vec<(SqsMessage, Verdict)> {
        let named = work.invoices.into_iter().map(|(id, changed_at)| NamedInvoice { id, changed_at });
        let verdict = self.follow(tenant, &named.collect::<Vec<_>>()).await;
        let judged = work.messages.into_iter().map(|message| match &verdict {
            Verdict::Again(time) => {
                let time = (*time).max(policy::store_wait(batch::receives(&message)));
                (message, Verdict::Again(time))
            }
            other => (message, other.clone()),
        });
        judged.collect()
    }

    async fn follow(&self, tenant: TenantId, named: &[NamedInvoice]) -> Verdict {
        let clock = SystemClock;
        let tokens = aws::xero_setup::tokens(&self.xero, &*self.tokens, &self.table, &clock, &self.memory);
        let payments = Payments {
            client: &self.xero.client,
            tokens: &tokens,
            connections: &self.table,
            claims: &self.table,
            records: &self.table,
            cooldowns: &self.table,
            upkeep_queue: &self.upkeep_queue,
            notifications: &self.notifications,
            clock: &clock,
        };
        match payments.run_named(tenant, named).await {
            Outcome::Done { ours, changed } => {
                tracing::info!(
                    xero.tenant_id = %tenant,
                    payments.named = named.len(),
                    payments.ours = ours,
                    payments.changed = changed,
                    "a hint was followed"
                );
                Verdict::Done
            }
            Outcome::Dropped => {
                tracing::info!(
                    xero.tenant_id = %tenant,
                    payments.hints_dropped = named.len(),
                    "a hint was dropped: nobody is connected to the tenant"
                );
                Verdict::Done
            }
            Outcome::Postponed => {
                tracing::info!(
                    xero.tenant_id = %tenant,
                    payments.postponed = named.len(),
                    "Xero cannot be asked now: a sweep of the account is due instead"
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
    /// With the last change of each, where every hint of it says when that was.
    invoices: BTreeMap<InvoiceId, Option<Timestamp>>,
    messages: Vec<SqsMessage>,
}

/// A batch by what is to be done.
#[derive(Default)]
struct Sorted {
    tenants: BTreeMap<TenantId, Work>,
    /// What names no invoice, or cannot be read, has its verdict already.
    judged: Vec<(SqsMessage, Verdict)>,
    /// The numbers that Xero gave to the events of these deliveries.
    heard: Vec<Sequence>,
}

fn sorted(messages: Vec<SqsMessage>) -> Sorted {
    let mut sorted = Sorted::default();
    for message in messages {
        let entry = match Entry::parse(message.body.as_deref().unwrap_or_default()) {
            Ok(entry) => entry,
            Err(reason) => {
                sorted.judged.push((message, Verdict::Park(reason)));
                continue;
            }
        };
        sorted.heard.extend(entry.sequence());
        match entry {
            Entry::Hint(hint) => {
                let work = sorted.tenants.entry(hint.tenant_id).or_default();
                for id in hint.invoice_ids {
                    let known = work.invoices.entry(id).or_insert(hint.changed_at);
                    *known = known.zip(hint.changed_at).map(|(known, changed)| known.max(changed));
                }
                work.messages.push(message);
            }
            Entry::Numbers(_) => sorted.judged.push((message, Verdict::Done)),
        }
    }
    sorted
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
        let Sorted { tenants, judged, heard } = sorted(messages);
        let work = &tenants[&TENANT.parse().unwrap()];
        assert_eq!((tenants.len(), work.invoices.len(), work.messages.len()), (1, 2, 3));
        assert!(judged.is_empty() && heard.is_empty());
    }

    #[test]
    fn of_two_hints_of_an_invoice_the_later_change_counts_and_none_where_one_does_not_say() {
        let dated = |at: &str| hint(1, 1).replacen('{', &format!(r#"{{"changed_at":"{at}","#), 1);
        let at = |bodies: &[String]| {
            let sorted = sorted(bodies.iter().map(|body| message(body)).collect());
            sorted.tenants[&TENANT.parse().unwrap()].invoices.values().next().copied().unwrap()
        };
        let (one, other) = (dated("2026-11-20T09:42:11.902Z"), dated("2026-11-20T09:42:12Z"));
        assert_eq!(at(&[other.clone(), one.clone()]), Some("2026-11-20T09:42:12Z".parse().unwrap()));
        assert_eq!(at(&[one, hint(1, 1), other]), None);
    }

    #[test]
    fn what_is_no_hint_or_of_another_version_is_parked_with_its_reason() {
        let Sorted { tenants, judged, .. } = sorted(vec![message("{}"), message(&hint(9, 1))]);
        assert!(tenants.is_empty());
        let reasons: Vec<_> = judged.iter().map(|(_, verdict)| format!("{verdict:?}")).collect();
        assert!(reasons[0].contains("no hint"), "{reasons:?}");
        assert!(reasons[1].contains("version 9"), "{reasons:?}");
    }

    #[test]
    fn the_numbers_of_every_delivery_are_heard_and_those_without_invoices_are_done() {
        let alone = r#"{"version":1,"sequence":{"first":44,"last":44}}"#;
        let numbered = hint(1, 1).replacen('{', r#"{"sequence":{"first":41,"last":43},"#, 1);
        let Sorted { tenants, judged, heard } = sorted(vec![message(alone), message(&numbered)]);
        assert_eq!(heard, [Sequence { first: 44, last: 44 }, Sequence { first: 41, last: 43 }]);
        assert_eq!((tenants.len(), judged.len(), &judged[0].1), (1, 1, &Verdict::Done));
    }
}
