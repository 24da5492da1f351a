//! What Sessional's backend is told. A notification is written together with the change that causes it
//! and sent afterwards, so it may come twice (with the same id) and is never lost, and never says
//! something that the record does not.

use crate::account::AccountId;
use crate::action::Action;
use crate::event::{Event, EventRefusal, RefusalDetail};
use crate::failure::Cause;
use crate::random;
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The version of the notification contract.
pub const VERSION: u32 = 1;
/// The note that goes with a payment that came from Xero.
pub const PAYMENT_NOTE: &str = "Payment detected in Xero";

/// A message to Sessional's backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Version of the contract.
    pub version: u32,
    /// The same for every repeat of the same notification.
    pub id: String,
    /// Whose it is.
    pub account_id: AccountId,
    /// When the change was noticed.
    pub occurred_at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub details: Details,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Details {
    /// An invoice is paid in full in Xero.
    #[serde(rename = "invoice.paid")]
    InvoicePaid {
        /// Sessional's id.
        invoice_id: String,
        /// The day of the last payment.
        paid_on: Date,
        /// What was paid.
        amount: Decimal,
        /// For the user: that Xero detected it, or that credit settled it.
        note: String,
    },
    /// A part of an invoice is paid.
    #[serde(rename = "invoice.part_paid")]
    InvoicePartPaid {
        /// Sessional's id.
        invoice_id: String,
        /// What was paid so far.
        amount: Decimal,
        /// What is still due.
        amount_due: Decimal,
        /// For the user.
        note: String,
    },
    /// A payment was taken back in Xero.
    #[serde(rename = "invoice.payment_reversed")]
    InvoicePaymentReversed {
        /// Sessional's id.
        invoice_id: String,
        /// What is due again.
        amount_due: Decimal,
        /// For the user.
        note: String,
    },
    /// A document could not be synced and somebody has to act.
    #[serde(rename = "record.failed")]
    RecordFailed {
        /// `invoice` or `expense`.
        kind: String,
        /// Sessional's id of the invoice or expense; the notification has an `id` of its own.
        #[serde(rename = "record_id")]
        id: String,
        /// Stable word for the cause.
        cause: Cause,
        /// The sentence for the user.
        message: String,
        /// What the user can do.
        action: Action,
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
        #[serde(default = "connect")]
        action: Action,
    },
    /// The connection was lost.
    #[serde(rename = "connection.error")]
    ConnectionError {
        /// Stable word for the reason.
        reason: String,
        /// The sentence for the user.
        message: String,
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

fn connect() -> Action {
    Action::Connect
}

impl Details {
    /// The type as the contract spells it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::InvoicePaid { .. } => "invoice.paid",
            Self::InvoicePartPaid { .. } => "invoice.part_paid",
            Self::InvoicePaymentReversed { .. } => "invoice.payment_reversed",
            Self::RecordFailed { .. } => "record.failed",
            Self::EventRefused { .. } => "event.refused",
            Self::Connected { .. } => "connection.connected",
            Self::Disconnected { .. } => "connection.disconnected",
            Self::ConnectionError { .. } => "connection.error",
        }
    }

    fn subject(&self) -> &str {
        match self {
            Self::InvoicePaid { invoice_id, .. }
            | Self::InvoicePartPaid { invoice_id, .. }
            | Self::InvoicePaymentReversed { invoice_id, .. } => invoice_id,
            Self::RecordFailed { id, .. } => id,
            Self::EventRefused { event_id, .. } => event_id.as_deref().unwrap_or("event"),
            Self::Connected { .. } | Self::Disconnected { .. } | Self::ConnectionError { .. } => "connection",
        }
    }
}

impl Notification {
    /// A notification about a change of something that stood at `revision` before it.
    #[must_use]
    pub fn new(account: &AccountId, revision: u64, now: Timestamp, details: Details) -> Self {
        let id = format!("{}:{}:{}:{revision}", details.kind(), account, details.subject());
        Self { version: VERSION, id, account_id: account.clone(), occurred_at: now, details }
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
        Self { version: VERSION, id, account_id: account.clone(), occurred_at: now, details }
    }
}
