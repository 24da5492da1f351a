//! The values that go over the control API, the same for server and client.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

pub use crate::switches::Switches;
pub use crate::world::app::Role;

/// The plan an app is on; it decides connections and limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// 5 connections, 1,000 calls a day.
    #[default]
    Starter,
    /// 50 connections, 5,000 calls a day.
    Core,
    /// 1,000 connections, Rapid Sync.
    Plus,
    /// 10,000 connections, several organisations per consent.
    Advanced,
}

impl Tier {
    /// How many connections the plan allows.
    #[must_use]
    pub fn connections(self) -> usize {
        match self {
            Self::Starter => 5,
            Self::Core => 50,
            Self::Plus => 1_000,
            Self::Advanced => 10_000,
        }
    }
}

/// An app as the developer portal knows it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct AppRegistration {
    /// 32 hexadecimal digits at Xero; any text here.
    pub client_id: String,
    /// The secret of the Basic header.
    pub client_secret: String,
    /// The name on the consent page and in `ProviderName`.
    #[serde(default)]
    pub name: String,
    /// Exact addresses; HTTPS, or `http://localhost`.
    pub redirect_uris: Vec<String>,
    /// The scopes the app may ask for.
    pub scopes: Vec<String>,
    /// The plan.
    #[serde(default)]
    pub tier: Tier,
    /// Certified apps do not count toward the two of an organisation.
    #[serde(default)]
    pub certified: bool,
    /// Where events go.
    #[serde(default)]
    pub webhook: Option<WebhookSettings>,
}

/// The webhook of an app.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WebhookSettings {
    /// Where deliveries are posted.
    pub url: String,
    /// The signing key, used as its literal characters.
    pub key: String,
    /// The categories the owner ticked.
    #[serde(default = "default_categories")]
    pub categories: Vec<String>,
}

fn default_categories() -> Vec<String> {
    vec!["INVOICE".to_owned(), "CONTACT".to_owned()]
}

impl WebhookSettings {
    /// A webhook for INVOICE and CONTACT events.
    #[must_use]
    pub fn new(url: impl Into<String>, key: impl Into<String>) -> Self {
        Self { url: url.into(), key: key.into(), categories: default_categories() }
    }
}

/// A person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewUser {
    /// Chosen, or a new one.
    #[serde(default)]
    pub id: Option<Uuid>,
    /// The address they sign in with.
    pub email: String,
    /// First name.
    pub given_name: String,
    /// Last name.
    pub family_name: String,
}

/// An organisation with the seeded UK chart of accounts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct NewOrganisation {
    /// Chosen, or a new one.
    #[serde(default)]
    pub id: Option<Uuid>,
    /// Its name.
    pub name: String,
    /// Who may do what in it.
    #[serde(default)]
    pub members: BTreeMap<Uuid, Role>,
    /// `ORGANISATION` unless given.
    #[serde(default)]
    pub tenant_type: Option<String>,
}

/// Changes to an organisation; what is absent stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrganisationChange {
    /// A new name.
    pub name: Option<String>,
    /// 503 with plain text on every call.
    pub offline: Option<bool>,
    /// Registered for VAT.
    pub pays_tax: Option<bool>,
    /// A demo company cannot send e-mail.
    pub is_demo: Option<bool>,
    /// How many more documents may be approved.
    pub approvals_left: Option<u32>,
    /// Connected uncertified apps of other makers.
    pub other_uncertified_apps: Option<usize>,
    /// The codes of the subscribed currencies.
    pub currencies: Option<Vec<String>>,
}

/// A failure on order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fault {
    /// An `operationId` of the specification, an identity operation such as `token.refresh_token`, or `*`.
    pub operation: String,
    /// Only for this tenant.
    #[serde(default)]
    pub tenant: Option<Uuid>,
    /// So many good calls come first.
    #[serde(default)]
    pub after: u32,
    /// So many calls fail.
    #[serde(default = "once")]
    pub count: u32,
    /// How they fail.
    pub kind: FaultKind,
}

fn once() -> u32 {
    1
}

impl Fault {
    /// The next call of an operation fails.
    #[must_use]
    pub fn once(operation: &str, kind: FaultKind) -> Self {
        Self { operation: operation.to_owned(), tenant: None, after: 0, count: 1, kind }
    }

    /// So many calls fail.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self { count, ..self }
    }

    /// So many good calls come first.
    #[must_use]
    pub fn after(self, after: u32) -> Self {
        Self { after, ..self }
    }

    /// Only calls for this tenant count.
    #[must_use]
    pub fn only(self, tenant: Uuid) -> Self {
        Self { tenant: Some(tenant), ..self }
    }
}

/// The ways to fail.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// 500 and nothing saved.
    ServerErrorBefore,
    /// 500 although everything was saved.
    ServerErrorAfter,
    /// 503 with plain text.
    Offline,
    /// 404 as HTML without body.
    NotFound,
    /// 429 with a chosen wait.
    TooManyRequests {
        /// `minute`, `day`, `appminute` or `concurrent`.
        problem: String,
        /// Seconds in `Retry-After`.
        retry_after: Option<i64>,
    },
    /// The connection closes before anything is saved.
    DropBefore,
    /// The connection closes after everything was saved.
    DropAfter,
    /// The right answer, late.
    Slow {
        /// By so many milliseconds.
        milliseconds: u64,
    },
    /// Any answer at all.
    Answer {
        /// The status.
        status: u16,
        /// The content type.
        content_type: String,
        /// The body.
        body: String,
    },
}

/// What moves the clock.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockMove {
    /// Forward by seconds; negative goes back.
    Advance(i64),
    /// To a moment.
    Set(Timestamp),
    /// Stands still, or runs again.
    Freeze(bool),
}

/// The stand-in's time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClockState {
    /// What it says now.
    pub now: Timestamp,
    /// Whether it stands still.
    pub frozen: bool,
}

/// One request that the Xero side received. Tokens and secrets never are in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JournalEntry {
    /// Counts from 1.
    pub sequence: u64,
    /// When it came, by the stand-in's clock.
    pub at: Timestamp,
    /// The HTTP method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The raw query; empty for consent and tokens.
    pub query: String,
    /// The `xero-tenant-id`, once the token was good.
    pub tenant: Option<Uuid>,
    /// The app behind the token.
    pub client_id: Option<String>,
    /// The status of the answer; 0 for a dropped connection.
    pub status: u16,
    /// The `operationId`, or an identity operation, or `unknown`.
    pub operation: String,
    /// The `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// The `If-Modified-Since`.
    pub if_modified_since: Option<String>,
    /// The body that came; empty unless asked for, and always for tokens.
    pub request_body: String,
    /// The body that went; empty unless asked for, and always for tokens.
    pub response_body: String,
    /// Its content type.
    pub response_type: Option<String>,
}

/// Which part of the journal is wanted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct JournalQuery {
    /// Only what came after this sequence number.
    pub since: u64,
    /// Only this operation.
    pub operation: Option<String>,
    /// Only this tenant.
    pub tenant: Option<Uuid>,
    /// With bodies.
    pub bodies: bool,
}

/// Counts and sums of one organisation.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Active contacts.
    pub contacts: usize,
    /// Sales invoices that are not voided or deleted.
    pub invoices: usize,
    /// Bills that are not voided or deleted.
    pub bills: usize,
    /// Credit notes that are not voided or deleted.
    pub credit_notes: usize,
    /// Bank transactions that are not deleted.
    pub bank_transactions: usize,
    /// Payments that are not deleted.
    pub payments: usize,
    /// The sum of those sales invoices.
    pub invoiced: Decimal,
    /// The sum of those bills.
    pub billed: Decimal,
    /// The sum of those bank transactions of type SPEND.
    pub spent: Decimal,
    /// The sum of those payments.
    pub paid: Decimal,
}

/// Something a person does in Xero.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Records a payment; all that is due unless an amount is given.
    Pay {
        /// The invoice, bill or credit note.
        document: Uuid,
        /// A part of it.
        #[serde(default)]
        amount: Option<Decimal>,
        /// Today unless given.
        #[serde(default)]
        date: Option<Date>,
        /// Through bank reconciliation: the payment cannot be deleted by the API.
        #[serde(default)]
        reconciled: bool,
    },
    /// Removes a payment, reconciled or not.
    RemovePayment {
        /// The payment.
        payment: Uuid,
    },
    /// Settles an invoice with a new credit note; all that is due unless an amount is given.
    Credit {
        /// The invoice or bill.
        invoice: Uuid,
        /// A part of it.
        #[serde(default)]
        amount: Option<Decimal>,
    },
    /// Voids an approved document, deletes a draft.
    Void {
        /// The invoice or bill.
        invoice: Uuid,
    },
    /// Changes an invoice; the fields are those of the API.
    EditInvoice {
        /// The invoice or bill.
        invoice: Uuid,
        /// What changes.
        fields: Value,
    },
    /// Makes an invoice or bill by hand; the fields are those of the API.
    CreateInvoice {
        /// The new document.
        fields: Value,
    },
    /// Changes a contact; the fields are those of the API.
    EditContact {
        /// The contact.
        contact: Uuid,
        /// What changes.
        fields: Value,
    },
    /// Makes a contact by hand; the fields are those of the API.
    CreateContact {
        /// The new contact.
        fields: Value,
    },
    /// Archives a contact or takes it back.
    ArchiveContact {
        /// The contact.
        contact: Uuid,
        /// False takes it back.
        archived: bool,
    },
    /// Merges one contact into another.
    MergeContacts {
        /// Disappears.
        loser: Uuid,
        /// Stays.
        winner: Uuid,
    },
    /// Archives an account or takes it back.
    ArchiveAccount {
        /// Its code.
        code: String,
        /// False takes it back.
        archived: bool,
    },
    /// Gives an account another code.
    RecodeAccount {
        /// Its code so far.
        code: String,
        /// Its new code.
        to: String,
    },
    /// Changes the status of a tax rate.
    SetTaxRate {
        /// Its tax type.
        tax_type: String,
        /// `ACTIVE`, `DELETED` or `ARCHIVED`.
        status: String,
    },
    /// Locks everything up to a date; none opens it.
    LockPeriod {
        /// The last locked day.
        until: Option<Date>,
        /// The year-end lock, which binds advisers too.
        #[serde(default)]
        end_of_year: bool,
    },
    /// Marks a bank transaction or payment as reconciled.
    Reconcile {
        /// The bank transaction or payment.
        id: Uuid,
        /// False undoes it.
        reconciled: bool,
    },
    /// Disconnects an app under Connected Apps; for one user or for all.
    DisconnectApp {
        /// The app.
        client_id: String,
        /// Only this user's connection.
        #[serde(default)]
        user: Option<Uuid>,
    },
    /// Changes what a user may do; none removes the user.
    ChangeRole {
        /// The user.
        user: Uuid,
        /// The new role.
        role: Option<Role>,
    },
    /// Resets a demo company: a new tenant id, nothing connected any more.
    ResetDemo,
}

/// What an act brought about.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Done {
    /// The id of what was made or changed, where there is one.
    pub id: Option<Uuid>,
}

/// A webhook delivery and its fate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Delivery {
    /// Names the delivery.
    pub id: Uuid,
    /// The app.
    pub client_id: String,
    /// The exact body.
    pub body: String,
    /// The signature header.
    pub signature: String,
    /// When each try was made.
    pub tries: Vec<Timestamp>,
    /// What each try was answered; 0 for none in time.
    pub statuses: Vec<u16>,
    /// When the next try is due; none once it is settled.
    pub due: Option<Timestamp>,
    /// Whether an answer was good.
    pub delivered: bool,
    /// What the answer should not have had: a body, a cookie.
    pub flaws: Vec<String>,
}

/// In which form held events are let go.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Release {
    /// One delivery per event instead of one batch.
    pub one_by_one: bool,
    /// The last event first.
    pub reversed: bool,
    /// So many further copies of each delivery.
    pub copies: u32,
}

/// The result of an intent-to-receive series.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IntentToReceive {
    /// Every good one got 200, every bad one 401, with empty bodies and no cookies.
    pub passed: bool,
    /// Each call: whether its signature was good, and the status of the answer.
    pub answers: Vec<(bool, u16)>,
    /// What went wrong.
    pub problems: Vec<String>,
}

/// A connection, seen from inside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConnectionState {
    /// The connection's id.
    pub id: Uuid,
    /// The app.
    pub client_id: String,
    /// The user.
    pub user: Uuid,
    /// The organisation.
    pub tenant: Uuid,
}

/// Which window of the limits is used up.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Exhaust {
    /// The app.
    pub client_id: String,
    /// The tenant.
    pub tenant: Uuid,
    /// The day instead of the minute.
    #[serde(default)]
    pub day: bool,
}
