//! What Sessional's backend is told. A notification is written together with the change that causes it
//! and sent afterwards, so it may come twice (with the same id) and is never lost, and never says
//! something that the record does not.
//!
//! Each is a snapshot: it carries where its record stands, with all amounts cumulative, and an order number. A receiver
//! that drops repeats by the id, and of one record everything but the highest number, loses nothing.

mod snapshot;

pub use snapshot::{RecordSnapshot, SnapshotReference, link};

use crate::account::AccountId;
use crate::action::Action;
use crate::divergence::{self, ChangedField};
use crate::event::{Event, EventRefusal, RefusalDetail};
use crate::failure::Cause;
use crate::random;
use crate::record::WaitReason;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use xero::TenantId;

/// The version of the notification contract.
pub const VERSION: u32 = 2;
/// The note that goes with a payment that came from Xero.
pub const PAYMENT_NOTE: &str = "Payment detected in Xero";

/// A message to Sessional's backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Version of the contract.
    pub version: u32,
    /// The same for every repeat of the same notification, and never that of another organisation's.
    pub id: String,
    /// Whose it is.
    pub account_id: AccountId,
    /// The organisation in Xero that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<TenantId>,
    /// Grows with every notification of the same record, or of the same account's connection.
    #[serde(default)]
    pub order: u64,
    /// When the change was noticed.
    pub occurred_at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub details: Details,
    /// Where the record stands, of those about one.
    #[serde(flatten)]
    pub record: Option<RecordSnapshot>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Details {
    /// Nothing of an invoice is due any more in Xero, and a payment had its part in it.
    #[serde(rename = "invoice.paid")]
    InvoicePaid {
        /// Sessional's id.
        invoice_id: String,
        /// The day of the last payment.
        paid_on: Date,
        /// For the user: that Xero detected it.
        note: String,
    },
    /// A part of an invoice is paid.
    #[serde(rename = "invoice.part_paid")]
    InvoicePartPaid {
        /// Sessional's id.
        invoice_id: String,
        /// The day of the last payment, where Xero shows one.
        #[serde(default)]
        paid_on: Option<Date>,
        /// For the user.
        note: String,
    },
    /// Nothing of an invoice is due any more in Xero, and nobody paid.
    #[serde(rename = "invoice.settled_by_credit")]
    InvoiceSettledByCredit {
        /// Sessional's id.
        invoice_id: String,
        /// The day since when nothing is due.
        settled_on: Date,
        /// For the user: what settled it.
        note: String,
    },
    /// Less of an invoice is paid or credited than before: a part, or nothing.
    #[serde(rename = "invoice.payment_reversed")]
    InvoicePaymentReversed {
        /// Sessional's id.
        invoice_id: String,
        /// For the user.
        note: String,
    },
    /// A document is in Xero as Sessional has it.
    #[serde(rename = "record.synced")]
    RecordSynced {
        /// The sentence for the user.
        message: String,
    },
    /// A document could not be synced and somebody has to act.
    #[serde(rename = "record.failed")]
    RecordFailed {
        /// Stable word for the cause.
        cause: Cause,
        /// The sentence for the user.
        message: String,
        /// What the user can do.
        action: Action,
    },
    /// Work of the connection has been waiting for something outside for two minutes, or nothing waits any more.
    #[serde(rename = "record.waiting")]
    WorkWaiting {
        /// What for.
        reason: WaitReason,
        /// The sentence for the user.
        message: String,
        /// Since when.
        since: Timestamp,
        /// When it is tried next; absent when nothing waits any more.
        next_try: Option<Timestamp>,
    },
    /// What came by the queue cannot be read, and is not synced.
    #[serde(rename = "event.refused")]
    EventRefused {
        /// The event's id, where it could be read.
        event_id: Option<String>,
        /// The field that is wrong, as a path into the event; empty for the whole.
        field: String,
        /// What is wrong with it.
        detail: RefusalDetail,
    },
    /// A document in Xero was changed there.
    #[serde(rename = "record.diverged")]
    RecordDiverged {
        /// What happened to it.
        change: divergence::Change,
        /// What is other than it was sent, of an edit.
        fields: Vec<ChangedField>,
        /// The day that it happened, as Xero tells it.
        changed_on: Date,
        /// The sentence for the user.
        message: String,
        /// What the user can do.
        action: Action,
    },
    /// An organisation is connected.
    #[serde(rename = "connection.connected")]
    Connected {
        /// Its name in Xero.
        organisation: String,
    },
    /// The account was disconnected.
    #[serde(rename = "connection.disconnected")]
    Disconnected {
        /// Why.
        #[serde(default)]
        reason: DisconnectReason,
        /// The sentence for the user.
        #[serde(default)]
        message: String,
        /// What the user can do.
        #[serde(default = "connect_again")]
        action: Action,
    },
    /// The connection was lost.
    #[serde(rename = "connection.error")]
    ConnectionError {
        /// Stable word for the reason.
        reason: String,
        /// The sentence for the user.
        message: String,
        /// What the user can do.
        #[serde(default = "authorise_again")]
        action: Action,
    },
}

/// Why an account was disconnected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisconnectReason {
    /// Somebody of the account asked for it.
    #[default]
    Requested,
    /// A consent offered several organisations, and for a day nobody chose one.
    NothingChosen,
    /// The organisation was lost at Xero, and another account is connected to it now.
    TakenOver,
}

impl DisconnectReason {
    /// The sentence for the user.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::Requested => "The account was disconnected from Xero. What is in Xero stays there.",
            Self::NothingChosen => {
                "No organisation was chosen within a day, so access to Xero was given back. Connect again and choose one."
            }
            Self::TakenOver => {
                "The connection to Xero was lost, and the organisation is connected to another Sessional account now. Your \
                 records stay. What was waiting was not sent."
            }
        }
    }
}

fn connect_again() -> Action {
    Action::Connect
}

fn authorise_again() -> Action {
    Action::Reauthorise
}

impl Details {
    /// Whether the sync tells of it, and nobody who follows Xero.
    #[must_use]
    pub fn is_of_sync(&self) -> bool {
        matches!(self, Self::RecordSynced { .. } | Self::RecordFailed { .. } | Self::WorkWaiting { .. })
    }

    /// The type as the contract spells it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::InvoicePaid { .. } => "invoice.paid",
            Self::InvoicePartPaid { .. } => "invoice.part_paid",
            Self::InvoiceSettledByCredit { .. } => "invoice.settled_by_credit",
            Self::InvoicePaymentReversed { .. } => "invoice.payment_reversed",
            Self::RecordSynced { .. } => "record.synced",
            Self::RecordFailed { .. } => "record.failed",
            Self::WorkWaiting { .. } => "record.waiting",
            Self::RecordDiverged { .. } => "record.diverged",
            Self::EventRefused { .. } => "event.refused",
            Self::Connected { .. } => "connection.connected",
            Self::Disconnected { .. } => "connection.disconnected",
            Self::ConnectionError { .. } => "connection.error",
        }
    }
}

impl Notification {
    /// A notification about an account's connection, with the number that follows `told`, the last one.
    #[must_use]
    pub fn of_connection(
        account: &AccountId,
        tenant: Option<TenantId>,
        told: &mut u64,
        now: Timestamp,
        details: Details,
    ) -> Self {
        *told = next_order(*told, now);
        let id = format!("{}:{account}:{}:connection:{told}", details.kind(), named(tenant));
        Self {
            version: VERSION,
            id,
            account_id: account.clone(),
            tenant_id: tenant,
            order: *told,
            occurred_at: now,
            details,
            record: None,
        }
    }

    /// A notification about an account's work that has waited since then, from a wake of this revision.
    #[must_use]
    pub fn of_work(account: &AccountId, since: Timestamp, revision: u64, now: Timestamp, details: Details) -> Self {
        let id = format!("{}:{account}:work:{}:{revision}", details.kind(), since.as_millisecond());
        Self::of_account(account, id, now, details)
    }

    /// A notification that a message in the account's group was refused; the same for every repeat of the message.
    #[must_use]
    pub fn refused(account: &AccountId, message: &str, refusal: &EventRefusal, now: Timestamp) -> Self {
        let details = Details::EventRefused {
            event_id: Event::id_of(message).map(String::from),
            field: refusal.field.clone(),
            detail: refusal.detail,
        };
        let id = format!("{}:{account}:{}", details.kind(), random::digest(message));
        Self::of_account(account, id, now, details)
    }

    /// One that is about neither a record nor a connection.
    fn of_account(account: &AccountId, id: String, now: Timestamp, details: Details) -> Self {
        Self {
            version: VERSION,
            id,
            account_id: account.clone(),
            tenant_id: None,
            order: next_order(0, now),
            occurred_at: now,
            details,
            record: None,
        }
    }

    /// A notification about a record as it stands, with the number that follows `told`, the last one.
    #[must_use]
    pub fn of_record(
        account: &AccountId,
        tenant: TenantId,
        told: &mut u64,
        now: Timestamp,
        details: Details,
        record: RecordSnapshot,
    ) -> Self {
        *told = next_order(*told, now);
        let (what, subject) = (record.kind.word(), &record.record_id);
        let id = format!("{}:{account}:{tenant}:{what}:{subject}:{told}", details.kind());
        Self {
            version: VERSION,
            id,
            account_id: account.clone(),
            tenant_id: Some(tenant),
            order: *told,
            occurred_at: now,
            details,
            record: Some(record),
        }
    }
}

/// Milliseconds of the clock, so that a table that was restored does not fall behind what was told before; and in any
/// case more than the last.
fn next_order(told: u64, now: Timestamp) -> u64 {
    let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or_default();
    milliseconds.max(told.saturating_add(1))
}

fn named(tenant: Option<TenantId>) -> String {
    tenant.map_or_else(|| "none".to_owned(), |tenant| tenant.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Kind, Record, RecordKey};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn record(tenant: u8) -> Record {
        let key = RecordKey {
            account: AccountId::parse("acc_1").unwrap(),
            tenant: TenantId::from_uuid(uuid::Uuid::from_bytes([tenant; 16])),
            kind: Kind::Invoice,
            id: "inv_1".to_owned(),
        };
        Record::new(key, "SES-1", NOW)
    }

    fn told(record: &mut Record, now: Timestamp) -> Notification {
        record.tell(Details::RecordSynced { message: "Created in Xero".to_owned() }, now);
        record.outbox.last().unwrap().clone()
    }

    #[test]
    fn a_number_is_higher_than_the_last_and_never_behind_the_clock() {
        let mut record = record(1);
        let later: Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
        let orders: Vec<u64> = [NOW, NOW, later, NOW].map(|at| told(&mut record, at).order).into();
        let clock = u64::try_from(later.as_millisecond()).unwrap();
        assert_eq!(orders, [1, 2, clock, clock + 1]);
    }

    #[test]
    fn two_organisations_never_share_an_id() {
        let (one, other) = (told(&mut record(1), NOW), told(&mut record(2), NOW));
        assert_eq!(one.order, other.order);
        assert_ne!(one.id, other.id);
    }

    #[test]
    fn a_notification_is_flat_and_reads_back() {
        let written = told(&mut record(1), NOW);
        let json = serde_json::to_value(&written).unwrap();
        for field in ["type", "order", "record_id", "stands", "under_way", "tenant_id", "amount_paid", "currency"] {
            assert!(json.get(field).is_some(), "{field}: {json}");
        }
        assert_eq!(serde_json::from_value::<Notification>(json).unwrap(), written);
    }

    #[test]
    fn what_an_earlier_version_left_in_an_outbox_is_still_read() {
        for json in [
            r#"{"version":1,"id":"a","account_id":"acc_1","occurred_at":"2026-11-22T09:00:00Z","type":"invoice.paid",
                "invoice_id":"inv_1","paid_on":"2026-11-22","amount":"540.00","note":"Payment detected in Xero"}"#,
            r#"{"version":1,"id":"b","account_id":"acc_1","occurred_at":"2026-11-22T09:00:00Z",
                "type":"connection.disconnected"}"#,
            r#"{"version":1,"id":"c","account_id":"acc_1","occurred_at":"2026-11-22T09:00:00Z","type":"record.failed",
                "kind":"invoice","record_id":"inv_1","cause":"paid","message":"m","action":"open_xero"}"#,
        ] {
            let read: Notification = serde_json::from_str(json).unwrap();
            assert_eq!((read.order, read.record), (0, None), "{json}");
        }
    }
}
