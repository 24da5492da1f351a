//! Webhooks: their settings, deliveries, and the ways to disturb them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
