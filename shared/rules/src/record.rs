//! The record of one document: its life from intent to paid, its reference in Xero, and the history that
//! the user reads. A record is written before every create and after every answer, so that a crash at any
//! point leaves something that the next run completes.

mod reference;

pub use reference::{DocumentKind, Intent, Reference};

use crate::account::AccountId;
use crate::divergence::Divergence;
use crate::failure::Failure;
use crate::notification::{Details, Notification};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use xero::TenantId;

/// The version of the stored record.
pub const VERSION: u32 = 1;
/// How long history is kept.
pub const HISTORY_AGE: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How many entries of history a record keeps: far more than a document's normal life has, and small
/// enough that the item stays a single write unit with its payload gone.
pub const HISTORY_ENTRIES: usize = 30;

/// What kind of document a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A sales invoice.
    Invoice,
    /// An expense: a bill, or spend money.
    Expense,
}

impl Kind {
    /// The word of the contract and of the table's keys.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::Expense => "expense",
        }
    }

    /// Reads the word of the contract.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Invoice, Self::Expense].into_iter().find(|kind| kind.word() == word)
    }
}

/// Which record: an account's object in one organisation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RecordKey {
    /// Whose it is.
    pub account: AccountId,
    /// The organisation that it was or will be sent to.
    pub tenant: TenantId,
    /// The kind of document.
    pub kind: Kind,
    /// Sessional's id.
    pub id: String,
}

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// About to be created in Xero; whether it was is looked up before anything is sent again.
    Intent,
    /// In Xero, nothing paid.
    Synced,
    /// In Xero, partly paid.
    PartPaid,
    /// In Xero and paid.
    Paid,
    /// Waits for a reason outside the document: the connection, or the mapping of sales.
    Held,
    /// Refused by Xero or by a check before; somebody has to act.
    Failed,
    /// Not sent, because its category has no account.
    Skipped,
    /// Was in Xero and is voided or deleted there at Sessional's word.
    Voided,
    /// Voided or deleted in Sessional before it was sent: it never is.
    Tombstone,
}

impl State {
    /// The word for it, in the contract and in metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Synced => "synced",
            Self::PartPaid => "part_paid",
            Self::Paid => "paid",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Voided => "voided",
            Self::Tombstone => "tombstone",
        }
    }
}

/// Both sides' amounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Amounts {
    /// The currency of all of them.
    pub currency: String,
    /// What Sessional shows the user.
    pub sessional_total: Option<Decimal>,
    /// What Xero computed.
    pub xero_total: Option<Decimal>,
    /// What is due in Xero.
    pub due: Option<Decimal>,
    /// What is paid in Xero.
    pub paid: Option<Decimal>,
    /// What credit settled in Xero.
    pub credited: Option<Decimal>,
}

/// One thing that happened to a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// The state that it led to.
    pub state: State,
    /// In plain English.
    pub message: String,
}

/// The record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of the stored form.
    pub version: u32,
    /// Which record.
    #[serde(flatten)]
    pub key: RecordKey,
    /// Counts every write; a write must name the one it read.
    pub revision: u64,
    /// Where it stands.
    pub state: State,
    /// The number on the document.
    pub number: String,
    /// The request under way.
    pub intent: Option<Intent>,
    /// The document in Xero.
    pub reference: Option<Reference>,
    /// Both sides' amounts.
    pub amounts: Amounts,
    /// The day that the invoice was paid in full.
    pub paid_on: Option<Date>,
    /// Why it failed or waits.
    pub failure: Option<Failure>,
    /// Something that the user should see although all went well, such as differing totals.
    pub remark: Option<String>,
    /// How the document in Xero was changed there; such changes do not come back.
    #[serde(default)]
    pub divergence: Option<Divergence>,
    /// How many tries at Xero ended without an answer, since the last success.
    pub attempts: u32,
    /// How often upkeep tried it again by itself, since somebody or something last changed it.
    #[serde(default)]
    pub self_retries: u32,
    /// The event, kept only while the record still needs it.
    pub event: Option<String>,
    /// Where a held record that is in Xero stood before.
    #[serde(default)]
    pub before_hold: Option<State>,
    /// Hash of the content that is in Xero, to see whether a sent invoice was changed.
    #[serde(default)]
    pub content: Option<String>,
    /// Whether the invoice is marked as sent in Xero.
    #[serde(default)]
    pub sent: bool,
    /// Notifications that are written with the change and sent after it.
    pub outbox: Vec<Notification>,
    /// What happened, oldest first.
    pub history: Vec<Entry>,
    /// When it was first written.
    pub created_at: Timestamp,
    /// When it last changed.
    pub changed_at: Timestamp,
}

impl Record {
    /// A record that is not stored yet.
    #[must_use]
    pub fn new(key: RecordKey, number: &str, now: Timestamp) -> Self {
        Self {
            version: VERSION,
            key,
            revision: 0,
            state: State::Intent,
            number: number.to_owned(),
            intent: None,
            reference: None,
            amounts: Amounts::default(),
            paid_on: None,
            failure: None,
            remark: None,
            divergence: None,
            attempts: 0,
            self_retries: 0,
            event: None,
            before_hold: None,
            content: None,
            sent: false,
            outbox: Vec::new(),
            history: Vec::new(),
            created_at: now,
            changed_at: now,
        }
    }

    /// Moves to a state and says so in the history.
    pub fn enter(&mut self, state: State, message: impl Into<String>, now: Timestamp) {
        self.state = state;
        self.changed_at = now;
        self.history.retain(|entry| now.duration_since(entry.at) < HISTORY_AGE);
        let excess = (self.history.len() + 1).saturating_sub(HISTORY_ENTRIES);
        self.history.drain(..excess);
        self.history.push(Entry { at: now, state, message: message.into() });
    }

    /// Notes the request that is about to be sent.
    pub fn intend(&mut self, intent: Intent, now: Timestamp) {
        self.intent = Some(intent);
        self.failure = None;
        self.enter(State::Intent, "Sending it to Xero", now);
    }

    /// Waits until a reason outside the document is gone; the event is kept.
    pub fn hold(&mut self, failure: Failure, event: String, now: Timestamp) {
        let same = self.state == State::Held && self.failure.as_ref() == Some(&failure);
        self.event = Some(event);
        if self.state != State::Held && self.reference.is_some() {
            self.before_hold = Some(self.state);
        }
        if !same {
            let message = failure.message.clone();
            self.failure = Some(failure);
            self.enter(State::Held, message, now);
        }
    }

    /// Could not be synced; the event is kept for a retry, and the backend is told. An intent stays, so that
    /// the retry looks up what may have arrived; [`Record::refuse`] is for when Xero has judged it.
    pub fn fail(&mut self, failure: Failure, event: Option<String>, now: Timestamp) {
        self.tell_failure(&failure, event, now);
        let message = failure.message.clone();
        self.failure = Some(failure);
        self.enter(State::Failed, message, now);
    }

    /// Something could not be done to a document that is in Xero: the document stays as it is, and the user
    /// is told why and what to do.
    pub fn complain(&mut self, failure: Failure, event: Option<String>, now: Timestamp) {
        self.tell_failure(&failure, event, now);
        let message = failure.message.clone();
        self.failure = Some(failure);
        self.enter(self.state, message, now);
    }

    /// Not sent, because its category has no account; the event is kept for a retry.
    pub fn skip(&mut self, failure: Failure, event: String, now: Timestamp) {
        self.event = Some(event);
        let message = failure.message.clone();
        self.failure = Some(failure);
        self.enter(State::Skipped, message, now);
    }

    /// Is never sent, because Sessional took it back before.
    pub fn bury(&mut self, now: Timestamp) {
        self.clear();
        self.enter(State::Tombstone, "Taken back in Sessional before it was sent: nothing goes to Xero", now);
    }

    /// Is voided or deleted in Xero.
    pub fn void(&mut self, message: &str, now: Timestamp) {
        self.clear();
        // However it differed in Xero: nothing is left to be done about it.
        self.divergence = None;
        self.enter(State::Voided, message, now);
    }

    /// Nothing is under way any more, and nothing needs the event.
    pub fn clear(&mut self) {
        self.intent = None;
        self.event = None;
        self.failure = None;
        self.before_hold = None;
        self.attempts = 0;
        self.self_retries = 0;
    }

    /// Goes back to where it stood before it was held.
    pub fn unhold(&mut self) {
        if self.state == State::Held
            && let Some(before) = self.before_hold.take()
        {
            self.state = before;
        }
    }

    fn tell_failure(&mut self, failure: &Failure, event: Option<String>, now: Timestamp) {
        self.event = event.or(self.event.take());
        let details = Details::RecordFailed {
            kind: self.key.kind.word().to_owned(),
            id: self.key.id.clone(),
            cause: failure.cause,
            message: failure.message.clone(),
            action: failure.action,
        };
        self.outbox.push(Notification::new(&self.key.account, self.revision, now, details));
    }

    /// Xero, or a check before it, has judged the document: it is certain that nothing was made.
    pub fn refuse(&mut self, failure: Failure, event: Option<String>, now: Timestamp) {
        self.intent = None;
        self.fail(failure, event, now);
    }

    /// Whether the document is in Xero and a payment of it is still awaited.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let gone = self.divergence.as_ref().is_some_and(|divergence| divergence.change.is_final());
        self.key.kind == Kind::Invoice && matches!(self.state, State::Synced | State::PartPaid) && !gone
    }

    /// Whether it waits for somebody or something, and its event can be run again.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.failure.is_some() && self.event.is_some()
    }

    /// Whether the document is in Xero.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        match self.state {
            State::Synced | State::PartPaid | State::Paid => true,
            State::Intent | State::Held | State::Failed | State::Skipped | State::Voided | State::Tombstone => false,
        }
    }
}
