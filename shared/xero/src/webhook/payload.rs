//! The payload, borrowed from the body.
//!
//! Every field may be missing and every enumeration is open, so that an event newer than this crate
//! does not spoil the others. `resourceUrl` is not even read: addresses are built from `resourceId`.

use std::borrow::Cow;

use serde::Deserialize;

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
    #[serde(borrow, default)]
    pub resource_id: Option<Cow<'a, str>>,
    /// The organisation (or the app, for subscriptions).
    #[serde(borrow, default)]
    pub tenant_id: Option<Cow<'a, str>>,
    /// `ORGANISATION` or `APPLICATION`.
    #[serde(borrow, default)]
    pub tenant_type: Option<Cow<'a, str>>,
    /// Such as `INVOICE`.
    #[serde(borrow, default)]
    pub event_category: Option<Cow<'a, str>>,
    /// `CREATE` or `UPDATE`.
    #[serde(borrow, default)]
    pub event_type: Option<Cow<'a, str>>,
    /// When, in UTC without a zone letter.
    #[serde(borrow, default)]
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

    /// The invoice, if the event is about one.
    pub fn invoice(&self) -> Option<InvoiceId> {
        let id = self.resource_id.as_deref()?;
        (self.category() == Category::Invoice).then(|| id.parse().ok())?
    }
}

fn named<T: Copy>(text: Option<&str>, known: &[(&str, T)]) -> Option<T> {
    let text = text?;
    known.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, value)| *value)
}
