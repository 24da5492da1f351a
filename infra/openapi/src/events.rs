//! The body of `POST /events`. The function reads an event field by field, so that a wrong one is refused by
//! itself; these say the same as schemas, around the types that it reads.

use rules::AccountId;
use rules::event::{EventId, Expense, Instant, Invoice, Removed, Revision};
use utoipa::ToSchema;

/// 1 to 100 events, each judged by itself.
#[derive(ToSchema)]
#[expect(dead_code, reason = "drawn, never made")]
pub(crate) struct Events {
    /// The events, in the order in which they happened.
    #[schema(min_items = 1, max_items = 100)]
    events: Vec<Event>,
}

/// Something that happened in Sessional, in at most 65,536 bytes of JSON.
#[derive(ToSchema)]
#[expect(dead_code, reason = "drawn, never made")]
#[serde(untagged)]
pub(crate) enum Event {
    /// An invoice that should be in Xero.
    Invoice(Box<InvoiceEvent>),
    /// An invoice that was voided.
    InvoiceVoided(InvoiceVoidedEvent),
    /// An expense that should be in Xero.
    Expense(Box<ExpenseEvent>),
    /// An expense that was deleted.
    ExpenseDeleted(ExpenseDeletedEvent),
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident { $kind:ident = $($word:ident $text:tt)|+, $field:ident: $body:ty })*) => {$(
        $(#[$doc])*
        #[derive(ToSchema)]
        #[expect(dead_code, reason = "drawn, never made")]
        pub(crate) struct $name {
            /// The version of the contract: 1.
            #[schema(minimum = 1, maximum = 1)]
            version: u32,
            /// Unique for each event; a repeat within five minutes is dropped.
            id: EventId,
            /// What happened.
            r#type: $kind,
            /// The account of the access token.
            account_id: AccountId,
            /// When it happened.
            occurred_at: Instant,
            /// Grows with every edit of the document. Where both of two events have one, it says which is newer, and
            /// otherwise `occurred_at` does.
            revision: Option<Revision>,
            /// What it happened to.
            $field: $body,
        }

        /// What happened.
        #[derive(ToSchema)]
        #[expect(dead_code, reason = "drawn, never made")]
        pub(crate) enum $kind {
            $(
                #[serde(rename = $text)]
                $word,
            )+
        }
    )*};
}

events! {
    /// An invoice was made, changed or sent: it is pushed if it is new, brought up to date if it changed, and marked as sent.
    InvoiceEvent { InvoiceEventType = Created "invoice.created" | Updated "invoice.updated" | Sent "invoice.sent", invoice: Invoice }
    /// An invoice was voided: it is voided in Xero, or deleted if it is still a draft.
    InvoiceVoidedEvent { InvoiceVoidedEventType = Voided "invoice.voided", invoice: Removed }
    /// An expense was logged or changed: it becomes a bill, or spend money.
    ExpenseEvent { ExpenseEventType = Logged "expense.logged" | Updated "expense.updated", expense: Expense }
    /// An expense was deleted: its document is taken out of Xero.
    ExpenseDeletedEvent { ExpenseDeletedEventType = Deleted "expense.deleted", expense: Removed }
}
