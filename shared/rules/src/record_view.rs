//! A record as the app shows it: its state, its Xero reference with a link, both sides' amounts, and what
//! happened to it in plain English.

use crate::divergence::Divergence;
use crate::failure::Failure;
use crate::notification;
use crate::record::{
    Amounts, Entry, HISTORY_AGE, Kind, Record, Reference, ShownPayment, Standing, State, UnderWay, Waiting,
};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use xero::InvoiceId;

/// The answer of `GET /records/{kind}/{id}`, and an element of `GET /records`.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordView {
    /// The kind of document.
    pub kind: Kind,
    /// Sessional's id.
    pub id: String,
    /// The number on the document.
    pub number: String,
    /// Where it stands, in one word.
    pub state: State,
    /// Where the document stands.
    pub stands: Standing,
    /// What is under way with it.
    pub under_way: UnderWay,
    /// What it waits for, since when, and when it is tried next.
    pub waiting: Option<Waiting>,
    /// The document in Xero; absent means that the sync did not complete, and the message says why.
    pub xero: Option<XeroView>,
    /// Both sides' amounts.
    pub amounts: Amounts,
    /// The payments that Xero shows, each by itself.
    pub payments: Vec<ShownPayment>,
    /// The day that it was paid in full.
    pub paid_on: Option<Date>,
    /// The last thing that happened, in plain English.
    pub message: String,
    /// Why it waits or failed, and what the user can do.
    pub failure: Option<Failure>,
    /// Something to know although all went well.
    pub remark: Option<String>,
    /// How the document was changed in Xero, where such changes stay, and what the user can do.
    pub divergence: Option<Divergence>,
    /// When it last changed.
    pub changed_at: Timestamp,
    /// What happened in the last 90 days, newest first.
    pub history: Vec<Entry>,
}

/// A document in Xero.
#[derive(Debug, Serialize, ToSchema)]
pub struct XeroView {
    /// Xero's id.
    #[schema(value_type = String, format = Uuid)]
    pub id: InvoiceId,
    /// Its number there.
    pub number: Option<String>,
    /// Where it can be opened in Xero.
    pub url: Option<String>,
}

/// Draws a record; the organisation's short code makes the link.
#[must_use]
pub fn draw(record: Record, short_code: Option<&str>, now: Timestamp) -> RecordView {
    let link = |reference: &Reference| short_code.map(|code| notification::link(reference, code));
    let state = record.state();
    let mut history = record.history;
    history.retain(|entry| now.duration_since(entry.at) < HISTORY_AGE);
    history.reverse();
    RecordView {
        kind: record.key.kind,
        id: record.key.id,
        number: record.number,
        state,
        stands: record.stands,
        under_way: record.under_way,
        waiting: record.waiting,
        xero: record.reference.map(|reference| XeroView {
            url: link(&reference),
            id: reference.id,
            number: reference.number,
        }),
        amounts: in_pence(record.amounts),
        payments: record.payments,
        paid_on: record.paid_on,
        message: history.first().map(|entry| entry.message.clone()).unwrap_or_default(),
        failure: record.failure,
        remark: record.remark,
        divergence: record.divergence,
        changed_at: record.changed_at,
        history,
    }
}

/// The amounts in one scale, however Sessional, Xero or an older version of us wrote them.
fn in_pence(mut amounts: Amounts) -> Amounts {
    let Amounts { sessional_total, xero_total, due, paid, credited, .. } = &mut amounts;
    for amount in [sessional_total, xero_total, due, paid, credited] {
        *amount = amount.map(xero::money::in_pence);
    }
    amounts
}
