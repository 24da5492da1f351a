//! The values that go over the control API, the same for server and client.

mod acts;
mod faults;
mod journal;
mod webhooks;

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::acts::{Act, Done};
pub use self::faults::{Fault, FaultKind, FaultsOf};
pub use self::journal::{JournalEntry, JournalQuery};
pub use self::webhooks::{Delivery, IntentToReceive, Release, WebhookSettings};
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
    /// The plan (`Class`): `SIMPLE`, `STARTER` and `IGNITE` have limits a month, `LEDGER` and the cashbooks no
    /// invoicing.
    pub class: Option<String>,
    /// How many more documents may be approved.
    pub approvals_left: Option<u32>,
    /// Connected uncertified apps of other makers.
    pub other_uncertified_apps: Option<usize>,
    /// The codes of the subscribed currencies.
    pub currencies: Option<Vec<String>>,
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
    /// How many calls are left all the same.
    #[serde(default)]
    pub leave: u32,
}
