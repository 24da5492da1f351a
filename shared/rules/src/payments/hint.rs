//! What the webhook puts into the queue of payments: which invoices of a tenant changed, and which numbers
//! Xero gave to the events of a delivery. It may keep nothing itself, so the numbers travel along.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use xero::{InvoiceId, TenantId};

/// The version of the message from the webhook.
pub const HINT_VERSION: u32 = 1;
/// Most invoices in one message: what one call to Xero can name.
pub const MAX_INVOICES: usize = 100;

/// An entry of the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Entry {
    /// Invoices to look at.
    Hint(Hint),
    /// A delivery without any: nothing to look at, and its numbers are not missing.
    Numbers(Numbers),
}

/// These invoices of this tenant changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// Version of the message.
    pub version: u32,
    /// The tenant.
    pub tenant_id: TenantId,
    /// The invoices, at most [`MAX_INVOICES`].
    pub invoice_ids: Vec<InvoiceId>,
    /// When Xero noticed the last of these changes, where the delivery says so of each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
    /// The numbers of the delivery, on the first of its entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<Sequence>,
}

/// An invoice that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedInvoice {
    /// Which.
    pub id: InvoiceId,
    /// Not later than this; none when nobody knows.
    pub changed_at: Option<Timestamp>,
}

/// The numbers of a delivery that names no invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbers {
    /// Version of the message.
    pub version: u32,
    /// The numbers.
    pub sequence: Sequence,
}

/// The numbers of a delivery's events, from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
}

impl Sequence {
    /// What a delivery says of its numbers; none where it has none, as a test of the endpoint.
    #[must_use]
    pub fn of(first: i64, last: i64) -> Option<Self> {
        let (first, last) = (u64::try_from(first).ok()?, u64::try_from(last).ok()?);
        (first > 0 && first <= last).then_some(Self { first, last })
    }
}

impl Entry {
    /// Reads an entry.
    ///
    /// # Errors
    /// The reason why it can never be worked.
    pub fn parse(body: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let unreadable = |_| "the message is no hint of payments".to_owned();
        let Versioned { version } = serde_json::from_str(body).map_err(unreadable)?;
        if version != HINT_VERSION {
            return Err(format!("version {version} of a hint is not known"));
        }
        serde_json::from_str(body).map_err(unreadable)
    }

    /// The numbers that it carries.
    #[must_use]
    pub fn sequence(&self) -> Option<Sequence> {
        match self {
            Self::Hint(hint) => hint.sequence,
            Self::Numbers(numbers) => Some(numbers.sequence),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_written_as_the_contract_says_and_reads_back() {
        let (tenant, invoice) = ("9a1d3c55-0000-4000-8000-000000000003", "1d0f0000-0000-4000-8000-000000000020");
        let plain = format!(r#"{{"version":1,"tenant_id":"{tenant}","invoice_ids":["{invoice}"]}}"#);
        let numbered = plain.replace("]}", r#"],"sequence":{"first":41,"last":43}}"#);
        let dated = plain.replace("]}", r#"],"changed_at":"2026-11-20T09:42:11.902Z"}"#);
        let numbers = r#"{"version":1,"sequence":{"first":41,"last":43}}"#;
        let whole = Some(Sequence { first: 41, last: 43 });
        for (body, sequence) in [(plain.as_str(), None), (&dated, None), (&numbered, whole), (numbers, whole)] {
            let entry = Entry::parse(body).unwrap();
            assert_eq!((serde_json::to_string(&entry).unwrap().as_str(), entry.sequence()), (body, sequence));
        }
    }

    #[test]
    fn an_unknown_version_is_named_and_anything_else_is_refused() {
        assert_eq!(Entry::parse(r#"{"version":9}"#), Err("version 9 of a hint is not known".to_owned()));
        for body in ["", "[]", "{}", r#"{"version":1}"#, r#"{"version":1,"invoice_ids":[]}"#] {
            assert!(Entry::parse(body).unwrap_err().contains("no hint"), "{body}");
        }
    }

    #[test]
    fn only_numbers_that_count_events_are_a_sequence() {
        assert_eq!(Sequence::of(41, 43), Some(Sequence { first: 41, last: 43 }));
        for (first, last) in [(0, 0), (0, 3), (-1, 3), (4, 3), (4, -4)] {
            assert_eq!(Sequence::of(first, last), None, "{first} to {last}");
        }
    }
}
