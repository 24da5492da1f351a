//! The record of one document: its life from intent to paid, its reference in Xero, and the history that
//! the user reads. A record is written before every create and after every answer, so that a crash at any
//! point leaves something that the next run completes.

mod accept;
mod order;
mod payment;
mod reference;
mod standing;
mod told;
pub mod upgrade;
mod waiting;

pub use accept::{Acceptance, Want};
pub use order::{ContentRegister, EventOrder, Registers};
pub use payment::ShownPayment;
pub use reference::{Call, DocumentKind, Intent, Reference};
pub use standing::{Standing, State, UnderWay};
pub use told::{Part, ToldContent, ToldLine};
pub use waiting::{WaitReason, Waiting};

use crate::account::AccountId;
use crate::divergence::Divergence;
use crate::failure::Failure;
use crate::notification::{Details, Notification, RecordSnapshot};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use xero::{InvoiceId, TenantId};

/// The version of the stored record.
pub const VERSION: u32 = 2;
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

/// Documents that sweeps look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// Something is due of them.
    Open,
    /// Paid in this year: a payment may be taken back.
    Paid {
        /// The year.
        year: i16,
    },
    /// Xero does not list them as this app's.
    Foreign,
    /// Spend money, which is in another list of Xero's; paid as it is made.
    SpendMoney,
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
    /// Where the document stands.
    pub stands: Standing,
    /// What is under way with it.
    pub under_way: UnderWay,
    /// The newest events that were accepted for it.
    #[serde(default)]
    pub registers: Registers,
    /// Which document of this id it is: one that is made again after it was removed is the next generation.
    #[serde(default)]
    pub generation: u32,
    /// The number on the document.
    pub number: String,
    /// The request under way, or whose answer was lost.
    pub intent: Option<Intent>,
    /// The document in Xero.
    pub reference: Option<Reference>,
    /// The documents of earlier generations, which are gone from the books.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Reference>,
    /// Both sides' amounts.
    pub amounts: Amounts,
    /// The payments that Xero shows, each by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payments: Vec<ShownPayment>,
    /// The day that the document was paid in full.
    pub paid_on: Option<Date>,
    /// Why it failed, is held or skipped, or waits.
    pub failure: Option<Failure>,
    /// The invoice in Xero that the user wants taken over, until it is, or is seen to be another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_adopt: Option<InvoiceId>,
    /// What it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
    /// Something that the user should see although all went well, such as differing totals.
    pub remark: Option<String>,
    /// How the document in Xero was changed there; such changes do not come back.
    #[serde(default)]
    pub divergence: Option<Divergence>,
    /// How many tries at Xero the document itself was refused or lost, since the last success.
    pub attempts: u32,
    /// Whether it goes to Xero in a call of its own, because one that it shared with others was refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub goes_alone: bool,
    /// How often upkeep tried it again by itself, since somebody or something last changed it.
    #[serde(default)]
    pub self_retries: u32,
    /// The newest event with content, kept only while the record still needs it.
    pub event: Option<String>,
    /// Hash of the content that is in Xero, to see whether a document was changed.
    #[serde(default, rename = "content")]
    pub content_hash: Option<String>,
    /// What Sessional last told that is in Xero, part by part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<ToldContent>,
    /// The content, by its digest, of which the user accepted the total that Xero computes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_total: Option<String>,
    /// Whether the invoice is marked as sent in Xero.
    #[serde(default)]
    pub sent: bool,
    /// Whether it is never marked as sent: it was overdue when it came to Xero, which reminds the customers of those.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mark_withheld: bool,
    /// The organisation's time zone as Xero names it, where it is another than the UK's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Notifications that are written with the change and sent after it.
    pub outbox: Vec<Notification>,
    /// The number of the last notification.
    #[serde(default)]
    pub last_order: u64,
    /// The short code of the organisation, for links into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short_code: Option<String>,
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
            stands: Standing::NotInXero,
            under_way: UnderWay::Nothing,
            registers: Registers::default(),
            generation: 0,
            number: number.to_owned(),
            intent: None,
            reference: None,
            earlier: Vec::new(),
            amounts: Amounts::default(),
            payments: Vec::new(),
            paid_on: None,
            failure: None,
            to_adopt: None,
            waiting: None,
            remark: None,
            divergence: None,
            attempts: 0,
            goes_alone: false,
            self_retries: 0,
            event: None,
            content_hash: None,
            told: None,
            accepted_total: None,
            sent: false,
            mark_withheld: false,
            timezone: None,
            outbox: Vec::new(),
            last_order: 0,
            short_code: None,
            history: Vec::new(),
            created_at: now,
            changed_at: now,
        }
    }

    /// Where it stands, in one word.
    #[must_use]
    pub fn state(&self) -> State {
        State::new(self.stands, self.under_way)
    }

    /// Adds a line to the history; the same line is not added twice running.
    pub fn note(&mut self, message: impl Into<String>, now: Timestamp) {
        let (state, message) = (self.state(), message.into());
        self.changed_at = now;
        self.history.retain(|entry| now.duration_since(entry.at) < HISTORY_AGE);
        if self.history.last().is_some_and(|last| last.state == state && last.message == message) {
            return;
        }
        let excess = (self.history.len() + 1).saturating_sub(HISTORY_ENTRIES);
        self.history.drain(..excess);
        self.history.push(Entry { at: now, state, message });
    }

    /// The document stands so from now on, and the history says why.
    pub fn stand(&mut self, stands: Standing, message: impl Into<String>, now: Timestamp) {
        self.stands = stands;
        self.note(message, now);
    }

    /// Notes the request that is about to be sent.
    pub fn intend(&mut self, intent: Intent, now: Timestamp) {
        self.intent = Some(intent);
        self.failure = None;
        self.waiting = None;
        self.under_way = UnderWay::Intent;
        self.note("Sending it to Xero", now);
    }

    /// Waits for something outside; it goes on by itself. An intent stays, so that what may have arrived is looked up.
    pub fn wait(&mut self, reason: WaitReason, failure: Failure, next_try: Timestamp, now: Timestamp) {
        let before = self.waiting.take().filter(|_| self.under_way == UnderWay::Waiting);
        let (since, told_at) = before.map_or((now, None), |before| (before.since, before.told_at));
        self.waiting = Some(Waiting { reason, since, next_try, told_at });
        self.under_way = UnderWay::Waiting;
        let message = failure.message.clone();
        self.failure = Some(failure);
        self.note(message, now);
    }

    /// Waits until a reason outside the document is gone, which nobody tries out before; what it wants is kept.
    pub fn hold(&mut self, failure: Failure, now: Timestamp) {
        self.waiting = None;
        self.under_way = UnderWay::Held;
        let message = failure.message.clone();
        self.failure = Some(failure);
        self.note(message, now);
    }

    /// What it wants could not be done, and somebody has to act; the document stands where it did, and the backend is
    /// told. An intent stays, so that a retry looks up what may have arrived; [`Record::refuse`] is for when Xero has
    /// judged it.
    pub fn fail(&mut self, failure: Failure, now: Timestamp) {
        self.waiting = None;
        self.to_adopt = None;
        self.under_way = UnderWay::Failed;
        let (cause, message, action) = (failure.cause, failure.message.clone(), failure.action);
        self.failure = Some(failure);
        self.note(message.clone(), now);
        self.tell(Details::RecordFailed { cause, message, action }, now);
    }

    /// Xero, or a check before it, has judged the document: it is certain that nothing was made.
    pub fn refuse(&mut self, failure: Failure, now: Timestamp) {
        self.intent = None;
        self.fail(failure, now);
    }

    /// Not sent, and nothing is wrong; what it wants is kept for a retry.
    pub fn skip(&mut self, failure: Failure, now: Timestamp) {
        self.waiting = None;
        self.under_way = UnderWay::Skipped;
        let message = failure.message.clone();
        self.failure = Some(failure);
        self.note(message, now);
    }

    /// Is never sent, because Sessional took it back before.
    pub fn take_back(&mut self, now: Timestamp) {
        self.clear();
        self.stand(Standing::TakenBack, "Taken back in Sessional before it was sent: nothing goes to Xero", now);
    }

    /// Is voided or deleted in Xero.
    pub fn void(&mut self, stands: Standing, message: &str, now: Timestamp) {
        self.clear();
        // However it differed in Xero: nothing is left to be done about it.
        self.divergence = None;
        self.amounts.due = self.amounts.due.map(|_| Decimal::ZERO);
        self.stand(stands, message, now);
        self.tell(Details::RecordSynced { message: message.to_owned() }, now);
    }

    /// Nothing is under way any more, and nothing needs the event.
    pub fn clear(&mut self) {
        self.under_way = UnderWay::Nothing;
        self.intent = None;
        self.event = None;
        self.failure = None;
        self.to_adopt = None;
        self.waiting = None;
        self.attempts = 0;
        self.goes_alone = false;
        self.self_retries = 0;
    }

    /// Puts a notification into the outbox, with where the record stands: whatever it tells of has to be written before.
    /// Each is a whole snapshot, so what the sync told before is told by the newer one.
    pub fn tell(&mut self, details: Details, now: Timestamp) {
        self.outbox.retain(|earlier| !earlier.details.is_of_sync());
        let snapshot = RecordSnapshot::new(self);
        let (account, tenant) = (&self.key.account, self.key.tenant);
        let notification = Notification::of_record(account, tenant, &mut self.last_order, now, details, snapshot);
        self.outbox.push(notification);
    }

    /// Whether the document is in Xero and a payment of it is still awaited.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let is_followed = self.reference.as_ref().is_some_and(Reference::is_followed);
        is_followed && matches!(self.stands, Standing::Synced | Standing::PartPaid)
    }

    /// Among which documents a sweep finds it; none where Xero can tell nothing more of it.
    #[must_use]
    pub fn watch(&self) -> Option<Watch> {
        let reference = self.reference.as_ref()?;
        match self.stands {
            Standing::Synced if !reference.is_followed() => Some(Watch::SpendMoney),
            Standing::Synced | Standing::PartPaid | Standing::Paid if reference.foreign => Some(Watch::Foreign),
            Standing::Synced | Standing::PartPaid => Some(Watch::Open),
            Standing::Paid => {
                let changed_on = self.changed_at.to_zoned(jiff::tz::TimeZone::UTC).date();
                Some(Watch::Paid { year: self.paid_on.unwrap_or(changed_on).year() })
            }
            Standing::NotInXero | Standing::Voided | Standing::Deleted | Standing::Unlinked | Standing::TakenBack => {
                None
            }
        }
    }

    /// Whether something is left to do that waits for somebody or something.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        match self.under_way {
            UnderWay::Waiting | UnderWay::Held | UnderWay::Failed => true,
            // What was never sent to anybody waits for its sending, which brings the content along.
            UnderWay::Skipped => self.event.is_some(),
            UnderWay::Nothing | UnderWay::Intent => false,
        }
    }

    /// Whether the document is in Xero.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        self.stands.is_in_xero()
    }

    /// The invoice in Xero that the user may have taken over in its place.
    #[must_use]
    pub fn adoptable(&self) -> Option<InvoiceId> {
        let can_be = self.under_way == UnderWay::Failed && self.reference.is_none() && self.event.is_some();
        self.failure.as_ref().and_then(|failure| failure.adoptable).filter(|_| can_be)
    }

    /// Whether a call that may have made the document is without an answer.
    #[must_use]
    pub fn may_be_in_xero(&self) -> bool {
        self.intent.is_some() && self.reference.is_none()
    }
}
