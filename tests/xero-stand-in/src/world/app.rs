//! Apps of the developer portal, people with a login, and the connections between them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::control::types::{Tier, WebhookSettings};

/// An app as its owner registered it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct App {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) name: String,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) tier: Tier,
    pub(crate) certified: bool,
    pub(crate) webhook: Option<WebhookSettings>,
    /// The webhook was switched off after failing for too long.
    pub(crate) webhook_disabled: bool,
}

impl App {
    /// The person at the desk, in the place of an app.
    pub(crate) fn bookkeeper() -> Self {
        Self {
            client_id: String::new(),
            client_secret: String::new(),
            name: "Xero".to_owned(),
            redirect_uris: Vec::new(),
            scopes: BTreeSet::new(),
            tier: Tier::Starter,
            certified: true,
            webhook: None,
            webhook_disabled: false,
        }
    }
}

/// A person who can sign in to Xero.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: Uuid,
    pub(crate) email: String,
    pub(crate) given_name: String,
    pub(crate) family_name: String,
}

impl User {
    /// The identity service's id of the user: 32 hexadecimal digits, unlike `xero_userid`.
    pub(crate) fn subject(&self) -> String {
        let (high, low) = self.id.as_u64_pair();
        Uuid::from_u64_pair(low, high).simple().to_string()
    }
}

/// What a user may do in an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May write into a locked period.
    Adviser,
    /// Everyday work.
    Standard,
    /// Not enough for an integration: the API answers 403.
    ReadOnly,
}

/// One user's connection of one organisation to one app.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Connection {
    pub(crate) id: Uuid,
    pub(crate) client_id: String,
    pub(crate) user: Uuid,
    pub(crate) tenant: Uuid,
    pub(crate) auth_event: Uuid,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    /// Set for an organisation of another kind, such as PRACTICE.
    pub(crate) tenant_type: String,
}
