//! The payload, borrowed from the body.
//!
//! Every field may be missing and every enumeration is open, so that an event newer than this crate
//! does not spoil the others. `resourceUrl` is not even read: addresses are built from `resourceId`.

use crate::dates;
use jiff::Timestamp;
use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

use crate::ids::{InvoiceId, TenantId};

/// The body is not a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the webhook body is not a payload")]
pub struct Unreadable;

/// One delivery.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payload<'a> {
    /// What happened. Empty in the calls that test an endpoint.
    #[serde(borrow, default)]
    pub events: Vec<Event<'a>>,
    /// The number of the first event; 0 in the calls that test an endpoint.
    #[serde(default)]
    pub first_event_sequence: i64,
    /// The number of the last event.
    #[serde(default)]
    pub last_event_sequence: i64,
}

impl<'a> Payload<'a> {
    /// Reads a body whose signature has been verified.
    pub fn parse(raw: &'a [u8]) -> Result<Self, Unreadable> {
        serde_json::from_slice(raw).map_err(|_| Unreadable)
    }
}

/// One change of one resource. The ids are of UUID form in what Xero sends; see the methods.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event<'a> {
    /// The resource that changed.
    #[serde(borrow, default, deserialize_with = "text")]
    pub resource_id: Option<Cow<'a, str>>,
    /// The organisation (or the app, for subscriptions).
    #[serde(borrow, default, deserialize_with = "text")]
    pub tenant_id: Option<Cow<'a, str>>,
    /// `ORGANISATION` or `APPLICATION`.
    #[serde(borrow, default, deserialize_with = "text")]
    pub tenant_type: Option<Cow<'a, str>>,
    /// Such as `INVOICE`.
    #[serde(borrow, default, deserialize_with = "text")]
    pub event_category: Option<Cow<'a, str>>,
    /// `CREATE` or `UPDATE`.
    #[serde(borrow, default, deserialize_with = "text")]
    pub event_type: Option<Cow<'a, str>>,
    /// When, in UTC without a zone letter.
    #[serde(borrow, default, deserialize_with = "text")]
    pub event_date_utc: Option<Cow<'a, str>>,
}

/// What kind of resource changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// A contact.
    Contact,
    /// A sales invoice or a bill.
    Invoice,
    /// A subscription in Xero's app store.
    Subscription,
    /// A credit note.
    CreditNote,
    /// A prepayment.
    Prepayment,
    /// An overpayment.
    Overpayment,
    /// A payment.
    Payment,
    /// Something newer than this crate.
    Other,
}

/// How it changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventType {
    /// It was made.
    Create,
    /// It was changed, archived, voided or deleted.
    Update,
    /// Something newer than this crate.
    Other,
}

impl Event<'_> {
    /// What kind of resource changed.
    pub fn category(&self) -> Category {
        let known = [
            ("CONTACT", Category::Contact),
            ("INVOICE", Category::Invoice),
            ("SUBSCRIPTION", Category::Subscription),
            ("CREDITNOTE", Category::CreditNote),
            ("PREPAYMENT", Category::Prepayment),
            ("OVERPAYMENT", Category::Overpayment),
            ("PAYMENT", Category::Payment),
        ];
        named(self.event_category.as_deref(), &known).unwrap_or(Category::Other)
    }

    /// How it changed.
    pub fn kind(&self) -> EventType {
        let known = [("CREATE", EventType::Create), ("UPDATE", EventType::Update)];
        named(self.event_type.as_deref(), &known).unwrap_or(EventType::Other)
    }

    /// The organisation, if the event is about one.
    pub fn tenant(&self) -> Option<TenantId> {
        let organisation = self.tenant_type.as_deref().is_none_or(|kind| kind.eq_ignore_ascii_case("ORGANISATION"));
        self.tenant_id.as_deref().filter(|_| organisation)?.parse().ok()
    }

    /// When Xero noticed it; none where it does not say so.
    pub fn happened_at(&self) -> Option<Timestamp> {
        self.event_date_utc.as_deref().and_then(dates::parse_instant)
    }

    /// The invoice, if the event is about one.
    pub fn invoice(&self) -> Option<InvoiceId> {
        let id = self.resource_id.as_deref()?;
        (self.category() == Category::Invoice).then(|| id.parse().ok())?
    }
}

/// Text that stays in the body, or nothing for `null`.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    Ok(Option::<Text<'de>>::deserialize(deserializer)?.map(|text| text.0))
}

fn named<T: Copy>(text: Option<&str>, known: &[(&str, T)]) -> Option<T> {
    let text = text?;
    known.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "9a1d3c55-0000-4000-8000-000000000003";
    const INVOICE: &str = "1d0f0000-0000-4000-8000-000000000020";

    fn event(fields: &str) -> String {
        format!("{{\"events\":[{{{fields}}}]}}")
    }

    #[test]
    fn an_invoice_event_names_its_tenant_and_invoice_and_borrows_the_body() {
        let body = event(&format!(
            r#""resourceUrl":"https://evil.test/","resourceId":"{INVOICE}","tenantId":"{TENANT}","tenantType":"ORGANISATION","eventCategory":"INVOICE","eventType":"UPDATE","eventDateUtc":"2026-11-20T09:42:11.902""#
        ));
        let payload = Payload::parse(body.as_bytes()).unwrap();
        let event = &payload.events[0];
        assert_eq!(event.tenant(), Some(TENANT.parse().unwrap()));
        assert_eq!(event.invoice(), Some(INVOICE.parse().unwrap()));
        assert_eq!((event.category(), event.kind()), (Category::Invoice, EventType::Update));
        assert!(matches!(event.resource_id, Some(Cow::Borrowed(_))));
        assert!(!format!("{payload:?}").contains("evil.test"));
    }

    #[test]
    fn the_call_that_tests_an_endpoint_is_a_payload_without_events() {
        let body =
            br#"{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, "entropy": "QWERTYUIOPASDFGHJKLZ"}"#;
        let payload = Payload::parse(body).unwrap();
        assert_eq!((payload.events.len(), payload.first_event_sequence), (0, 0));
    }

    #[test]
    fn names_are_compared_without_regard_to_case_and_may_be_new() {
        let body = event(r#""eventCategory":"Invoice","eventType":"Update""#);
        let payload = Payload::parse(body.as_bytes()).unwrap();
        assert_eq!(payload.events[0].category(), Category::Invoice);
        assert_eq!(payload.events[0].kind(), EventType::Update);
        let body = event(r#""eventCategory":"QUOTE","eventType":"DELETE","data":{"Type":"X"}"#);
        let payload = Payload::parse(body.as_bytes()).unwrap();
        assert_eq!(payload.events[0].category(), Category::Other);
        assert_eq!(payload.events[0].kind(), EventType::Other);
    }

    #[test]
    fn other_resources_and_other_tenants_are_not_invoices_of_organisations() {
        let body = event(&format!(
            r#""resourceId":"{INVOICE}","tenantId":"{TENANT}","tenantType":"APPLICATION","eventCategory":"SUBSCRIPTION","eventType":"UPDATE""#
        ));
        let payload = Payload::parse(body.as_bytes()).unwrap();
        assert_eq!(payload.events[0].tenant(), None);
        assert_eq!(payload.events[0].invoice(), None);
    }

    #[test]
    fn missing_null_and_garbled_fields_spoil_nothing_else() {
        let body = event(
            r#""resourceId":null,"tenantId":"not a uuid","eventCategory":"INVOICE"},{},{"eventType":"CRE\u0041TE""#,
        );
        let payload = Payload::parse(body.as_bytes()).unwrap();
        assert_eq!(payload.events[0].tenant(), None);
        assert_eq!(payload.events[0].invoice(), None);
        assert_eq!(payload.events[1].category(), Category::Other);
        assert_eq!(payload.events[2].kind(), EventType::Create);
    }

    #[test]
    fn what_is_not_a_payload_is_unreadable_and_not_quoted() {
        for body in [&b""[..], b"planted", b"\xff", b"{\"events\":1}"] {
            assert_eq!(Payload::parse(body), Err(Unreadable));
        }
        assert!(!format!("{0} {0:?}", Unreadable).contains("planted"));
    }
}
