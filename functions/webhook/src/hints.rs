//! Reduces a delivery to what payments needs: which invoices of which tenant changed.

use jiff::Timestamp;
use rules::payments::{Entry, HINT_VERSION, Hint, MAX_INVOICES, Numbers, Sequence};
use std::collections::BTreeMap;
use xero::webhook::{Category, EventType, Payload};
use xero::{InvoiceId, TenantId};

/// What is left of a delivery.
#[derive(Debug, PartialEq, Eq)]
pub struct Reduced {
    /// One hint for each tenant and up to 100 of its invoices, each invoice once. The first carries the numbers
    /// of the delivery; where there is none, they have an entry of their own.
    pub entries: Vec<Entry>,
    /// Events of other categories.
    pub ignored: usize,
    /// Events of a category or type that is newer than this code, or without an id that can be read.
    pub unknown: usize,
}

/// Keeps the invoice events.
#[must_use]
pub fn reduce(payload: &Payload<'_>) -> Reduced {
    let mut invoices: BTreeMap<TenantId, BTreeMap<InvoiceId, Option<Timestamp>>> = BTreeMap::new();
    let (mut ignored, mut unknown) = (0, 0);
    for event in &payload.events {
        match (event.category(), event.tenant(), event.invoice()) {
            (Category::Invoice, Some(tenant), Some(invoice)) => {
                // Whatever happened to it: the hint is followed, and an unknown type is counted besides.
                unknown += usize::from(event.kind() == EventType::Other);
                let at = event.happened_at();
                let known = invoices.entry(tenant).or_default().entry(invoice).or_insert(at);
                *known = latest(*known, at);
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
    let sequence = Sequence::of(payload.first_event_sequence, payload.last_event_sequence);
    Reduced { entries: numbered(hints, sequence), ignored, unknown }
}

/// Once is enough: an entry is taken together with its numbers or not at all, and then the delivery is repeated.
fn numbered(mut hints: Vec<Hint>, sequence: Option<Sequence>) -> Vec<Entry> {
    if let Some(first) = hints.first_mut() {
        first.sequence = sequence;
        return hints.into_iter().map(Entry::Hint).collect();
    }
    let alone = sequence.map(|sequence| Entry::Numbers(Numbers { version: HINT_VERSION, sequence }));
    alone.into_iter().collect()
}

fn cut(tenant_id: TenantId, invoices: BTreeMap<InvoiceId, Option<Timestamp>>) -> Vec<Hint> {
    let invoices: Vec<(InvoiceId, Option<Timestamp>)> = invoices.into_iter().collect();
    let hint = |some: &[(InvoiceId, Option<Timestamp>)]| {
        let (version, invoice_ids) = (HINT_VERSION, some.iter().map(|(id, _)| *id).collect());
        let changed_at = some.iter().map(|(_, at)| *at).reduce(latest).flatten();
        Hint { version, tenant_id, invoice_ids, changed_at, sequence: None }
    };
    invoices.chunks(MAX_INVOICES).map(hint).collect()
}

/// The later of two moments; none where one of them is not known.
fn latest(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    Some(one?.max(other?))
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

    fn hints(reduced: &Reduced) -> Vec<&Hint> {
        let hints =
            reduced.entries.iter().filter_map(|entry| if let Entry::Hint(hint) = entry { Some(hint) } else { None });
        hints.collect()
    }

    fn delivery(events: &[String]) -> String {
        format!(r#"{{"events":[{}],"firstEventSequence":1,"lastEventSequence":9,"entropy":"X"}}"#, events.join(","))
    }

    #[test]
    fn an_invoice_that_is_named_twice_is_asked_for_once_per_tenant() {
        let events = [event(1, "INVOICE", 1), event(1, "invoice", 1), event(2, "INVOICE", 1), event(1, "CONTACT", 2)];
        let body = delivery(&events);
        let reduced = reduce(&Payload::parse(body.as_bytes()).unwrap());
        assert_eq!(hints(&reduced).len(), 2);
        assert!(hints(&reduced).iter().all(|hint| hint.invoice_ids.len() == 1));
        assert_eq!((reduced.ignored, reduced.unknown), (1, 0));
    }

    #[test]
    fn what_is_newer_than_this_code_is_counted_and_does_no_harm() {
        let odd = event(1, "INVOICE", 2).replace("Update", "Archive");
        let without_id = event(1, "INVOICE", 3).replace("resourceId", "otherId");
        let body = delivery(&[event(1, "QUOTE", 1), odd, without_id, event(1, "Payment", 4)]);
        let reduced = reduce(&Payload::parse(body.as_bytes()).unwrap());
        assert_eq!(hints(&reduced).len(), 1);
        assert_eq!((reduced.ignored, reduced.unknown), (1, 3));
    }

    #[test]
    fn a_hint_says_when_the_last_of_its_invoices_changed_unless_one_of_them_does_not_say() {
        let later = event(1, "INVOICE", 1).replace("42:11.902", "42:12");
        let changed_at = |events: &[String]| {
            let body = delivery(events);
            hints(&reduce(&Payload::parse(body.as_bytes()).unwrap()))[0].changed_at
        };
        let events = [later, event(1, "INVOICE", 1), event(1, "INVOICE", 2)];
        assert_eq!(changed_at(&events), Some("2026-11-20T09:42:12Z".parse().unwrap()));
        let silent = event(1, "INVOICE", 3).replace("eventDateUtc", "otherDate");
        assert_eq!(changed_at(&[events[0].clone(), silent]), None);
    }

    #[test]
    fn a_hint_has_at_most_a_hundred_invoices() {
        let events: Vec<String> = (0..250).map(|invoice| event(1, "INVOICE", invoice)).collect();
        let body = delivery(&events);
        let reduced = reduce(&Payload::parse(body.as_bytes()).unwrap());
        let sizes: Vec<usize> = hints(&reduced).iter().map(|hint| hint.invoice_ids.len()).collect();
        assert_eq!(sizes, [100, 100, 50]);
    }

    #[test]
    fn the_intent_to_receive_has_no_events_and_gives_no_hints() {
        let body = r#"{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, "entropy": "S0M3"}"#;
        assert_eq!(
            reduce(&Payload::parse(body.as_bytes()).unwrap()),
            Reduced { entries: vec![], ignored: 0, unknown: 0 }
        );
    }

    #[test]
    fn the_numbers_of_a_delivery_travel_once_with_the_first_hint_or_alone() {
        let whole = Some(Sequence { first: 1, last: 9 });
        let body = delivery(&[event(1, "INVOICE", 1), event(2, "INVOICE", 2), event(3, "INVOICE", 3)]);
        let reduced = reduce(&Payload::parse(body.as_bytes()).unwrap());
        let carried: Vec<Option<Sequence>> = reduced.entries.iter().map(Entry::sequence).collect();
        assert_eq!(carried, [whole, None, None]);
        let body = delivery(&[event(1, "CONTACT", 1)]);
        let reduced = reduce(&Payload::parse(body.as_bytes()).unwrap());
        assert!(matches!(reduced.entries[..], [Entry::Numbers(_)]));
        assert_eq!((reduced.entries[0].sequence(), reduced.ignored), (whole, 1));
    }
}
