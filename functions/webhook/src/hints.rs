//! Reduces a delivery to what payments needs: which invoices of which tenant changed.

use rules::payments::{HINT_VERSION, Hint, MAX_INVOICES};
use std::collections::{BTreeMap, BTreeSet};
use xero::webhook::Payload;
use xero::{InvoiceId, TenantId};

/// What is left of a delivery.
#[derive(Debug, PartialEq, Eq)]
pub struct Reduced {
    /// One hint for each tenant and up to 100 of its invoices, each invoice once.
    pub hints: Vec<Hint>,
    /// Events of other categories, or without a tenant or an id that can be read.
    pub ignored: usize,
}

/// Keeps the invoice events.
#[must_use]
pub fn reduce(payload: &Payload<'_>) -> Reduced {
    let mut invoices: BTreeMap<TenantId, BTreeSet<InvoiceId>> = BTreeMap::new();
    let mut ignored = 0;
    for event in &payload.events {
        match (event.tenant(), event.invoice()) {
            (Some(tenant), Some(invoice)) => {
                invoices.entry(tenant).or_default().insert(invoice);
            }
            _ => ignored += 1,
        }
    }
    Reduced { hints: invoices.into_iter().flat_map(|(tenant, ids)| cut(tenant, ids)).collect(), ignored }
}

fn cut(tenant_id: TenantId, ids: BTreeSet<InvoiceId>) -> Vec<Hint> {
    let ids: Vec<InvoiceId> = ids.into_iter().collect();
    ids.chunks(MAX_INVOICES).map(|ids| Hint { version: HINT_VERSION, tenant_id, invoice_ids: ids.to_vec() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(tenant: u8, category: &str, invoice: u16) -> String {
        format!(
            r#"{{"resourceUrl":"https://x.example","resourceId":"00000000-0000-4000-8000-00000000{invoice:04}",
                "tenantId":"00000000-0000-4000-8000-0000000000{tenant:02}","tenantType":"ORGANISATION",
                "eventCategory":"{category}","eventType":"Update","eventDateUtc":"2026-11-20T09:42:11.902"}}"#
        )
    }

    fn delivery(events: &[String]) -> String {
        format!(r#"{{"events":[{}],"firstEventSequence":1,"lastEventSequence":9,"entropy":"X"}}"#, events.join(","))
    }

    #[test]
    fn an_invoice_that_is_named_twice_is_asked_for_once_per_tenant() {
        let events = [event(1, "INVOICE", 1), event(1, "invoice", 1), event(2, "INVOICE", 1), event(1, "CONTACT", 2)];
        let body = delivery(&events);
        let reduced = reduce(&Payload::parse(body.as_bytes()).unwrap());
        assert_eq!(reduced.hints.len(), 2);
        assert!(reduced.hints.iter().all(|hint| hint.invoice_ids.len() == 1));
        assert_eq!(reduced.ignored, 1);
    }

    #[test]
    fn a_hint_has_at_most_a_hundred_invoices() {
        let events: Vec<String> = (0..250).map(|invoice| event(1, "INVOICE", invoice)).collect();
        let body = delivery(&events);
        let reduced = reduce(&Payload::parse(body.as_bytes()).unwrap());
        let sizes: Vec<usize> = reduced.hints.iter().map(|hint| hint.invoice_ids.len()).collect();
        assert_eq!(sizes, [100, 100, 50]);
    }

    #[test]
    fn the_intent_to_receive_has_no_events_and_gives_no_hints() {
        let body = r#"{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, "entropy": "S0M3"}"#;
        assert_eq!(reduce(&Payload::parse(body.as_bytes()).unwrap()), Reduced { hints: vec![], ignored: 0 });
    }
}
