//! Reduces a delivery to what payments needs: which invoices of which tenant changed.

use rules::payments::{HINT_VERSION, Hint, MAX_INVOICES};
use std::collections::{BTreeMap, BTreeSet};
use xero::webhook::{Category, EventType, Payload};
use xero::{InvoiceId, TenantId};

/// What is left of a delivery.
#[derive(Debug, PartialEq, Eq)]
pub struct Reduced {
    /// One hint for each tenant and up to 100 of its invoices, each invoice once.
    pub hints: Vec<Hint>,
    /// Events of other categories.
    pub ignored: usize,
    /// Events of a category or type that is newer than this code, or without an id that can be read.
    pub unknown: usize,
}

/// Keeps the invoice events.
#[must_use]
pub fn reduce(payload: &Payload<'_>) -> Reduced {
    let mut invoices: BTreeMap<TenantId, BTreeSet<InvoiceId>> = BTreeMap::new();
    let (mut ignored, mut unknown) = (0, 0);
    for event in &payload.events {
        match (event.category(), event.tenant(), event.invoice()) {
            (Category::Invoice, Some(tenant), Some(invoice)) => {
                // Whatever happened to it: the hint is followed, and an unknown type is counted besides.
                unknown += usize::from(event.kind() == EventType::Other);
                invoices.entry(tenant).or_default().insert(invoice);
            }
            (Category::Invoice | Category::Other, _, _) => unknown += 1,
            (
                Category::Contact
                | Category::Subscription
                | Category::CreditNote
                | Category::Prepayment
                | Category::Overpayment
                | Category::Payment,
                _,
                _,
            ) => ignored += 1,
        }
    }
    let hints = invoices.into_iter().flat_map(|(tenant, ids)| cut(tenant, ids)).collect();
    Reduced { hints, ignored, unknown }
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
        assert_eq!((reduced.ignored, reduced.unknown), (1, 0));
    }

    #[test]
    fn what_is_newer_than_this_code_is_counted_and_does_no_harm() {
        let odd = event(1, "INVOICE", 2).replace("Update", "Archive");
        let without_id = event(1, "INVOICE", 3).replace("resourceId", "otherId");
        let body = delivery(&[event(1, "QUOTE", 1), odd, without_id, event(1, "Payment", 4)]);
        let reduced = reduce(&Payload::parse(body.as_bytes()).unwrap());
        assert_eq!(reduced.hints.len(), 1);
        assert_eq!((reduced.ignored, reduced.unknown), (1, 3));
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
        assert_eq!(
            reduce(&Payload::parse(body.as_bytes()).unwrap()),
            Reduced { hints: vec![], ignored: 0, unknown: 0 }
        );
    }
}
