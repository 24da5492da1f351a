//! An account's connection to one Xero organisation: its states, and what the user is told of an error.

use crate::account::AccountId;
use crate::notification::{Details, Notification};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use xero::{ConnectionId, TenantId, XeroUserId};

/// The version of the stored connection.
pub const VERSION: u32 = 1;

/// The connection of one account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// Version of the stored form.
    pub version: u32,
    /// Whose it is.
    pub account: AccountId,
    /// Counts every write; a write must name the one it read.
    pub revision: u64,
    /// Where it stands.
    pub status: Status,
    /// The organisation, once chosen; it stays after a disconnect, because references belong to it.
    pub organisation: Option<ConnectedOrganisation>,
    /// The organisations of a consent that has none chosen yet.
    #[serde(default)]
    pub choices: Vec<ConnectedOrganisation>,
    /// The Xero user who consented, whose tokens are used.
    pub xero_user: Option<XeroUserId>,
    /// When they consented last: access tokens of an earlier consent are not used any more.
    pub consented_at: Option<Timestamp>,
    /// Connections that nobody uses and that have still to be removed at Xero, where they count.
    #[serde(default)]
    pub leftovers: Vec<ConnectedOrganisation>,
    /// When the organisation was chosen.
    pub connected_at: Option<Timestamp>,
    /// When Xero last answered for it.
    pub last_checked_at: Option<Timestamp>,
    /// Why it is in error.
    pub error: Option<ErrorReason>,
    /// Notifications that are written with a change and sent after it.
    #[serde(default)]
    pub outbox: Vec<Notification>,
}

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Work is synced.
    Connected,
    /// The consent covered several organisations and none is chosen yet.
    ChooseOrganisation,
    /// Nothing is synced.
    Disconnected,
    /// Xero refuses; work is held until it is authorised again.
    Error,
}

/// A Xero organisation that the user allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectedOrganisation {
    /// Xero's connection, the thing that a disconnect removes.
    pub connection: ConnectionId,
    /// The organisation.
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
}

/// Why a connection is in error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorReason {
    /// Xero revoked the grant, or it was not used for 60 days.
    GrantRevoked,
    /// The organisation no longer allows Sessional, or the user lost access to it.
    OrganisationGone,
    /// The consent lacks a permission that the sync needs.
    PermissionMissing,
}

impl ErrorReason {
    /// The sentence for the user.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::GrantRevoked => {
                "Xero no longer accepts Sessional's access. This happens when access was removed in Xero, or \
                 was not used for 60 days. Authorise it again and everything that waits is sent in order."
            }
            Self::OrganisationGone => {
                "Xero says that Sessional may not reach this organisation any more. It may have been \
                 disconnected in Xero, its subscription may have ended, or your role in it may have changed."
            }
            Self::PermissionMissing => {
                "Sessional's access to Xero lacks a permission that it needs. Authorise it again and leave \
                 every permission ticked."
            }
        }
    }

    /// What the user does about it.
    #[must_use]
    pub fn action(self) -> &'static str {
        match self {
            Self::GrantRevoked | Self::OrganisationGone | Self::PermissionMissing => "reauthorise",
        }
    }

    /// The stable word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::GrantRevoked => "grant_revoked",
            Self::OrganisationGone => "organisation_gone",
            Self::PermissionMissing => "permission_missing",
        }
    }
}

impl Connection {
    /// An account that was never connected.
    #[must_use]
    pub fn none(account: AccountId) -> Self {
        Self {
            version: VERSION,
            account,
            revision: 0,
            status: Status::Disconnected,
            organisation: None,
            choices: Vec::new(),
            xero_user: None,
            consented_at: None,
            leftovers: Vec::new(),
            connected_at: None,
            last_checked_at: None,
            error: None,
            outbox: Vec::new(),
        }
    }

    /// The organisation to which work may be sent at this moment; none unless connected.
    #[must_use]
    pub fn tenant(&self) -> Option<TenantId> {
        match self.status {
            Status::Connected => self.organisation.as_ref().map(|organisation| organisation.tenant),
            Status::ChooseOrganisation | Status::Disconnected | Status::Error => None,
        }
    }

    /// Chooses an organisation: from now on work is sent to it.
    pub fn choose(&mut self, organisation: ConnectedOrganisation, now: Timestamp) {
        let details = Details::Connected { organisation: organisation.name.clone() };
        self.outbox.push(Notification::new(&self.account, self.revision, now, details));
        self.status = Status::Connected;
        // What the consent offered and nobody chose counts toward the plan; what was left over and is chosen
        // now stays.
        self.leftovers.append(&mut self.choices);
        self.leftovers.retain(|unused| unused.tenant != organisation.tenant);
        self.organisation = Some(organisation);
        self.connected_at = Some(now);
        self.last_checked_at = Some(now);
        self.error = None;
    }

    /// Stops: from now on nothing is sent, whatever is still to be removed.
    pub fn disconnect(&mut self, now: Timestamp) {
        let organisation = self.organisation.as_ref().filter(|_| self.status != Status::Disconnected);
        self.leftovers.extend(organisation.into_iter().chain(&self.choices).cloned());
        if self.status != Status::Disconnected {
            self.outbox.push(Notification::new(&self.account, self.revision, now, Details::Disconnected));
        }
        self.status = Status::Disconnected;
        self.choices = Vec::new();
        self.error = None;
    }

    /// Marks the connection as lost; work is held from now on. Nothing changes when it already is.
    pub fn lose(&mut self, reason: ErrorReason, now: Timestamp) {
        if self.status == Status::Error && self.error == Some(reason) {
            return;
        }
        self.status = Status::Error;
        self.error = Some(reason);
        self.last_checked_at = Some(now);
        let details =
            Details::ConnectionError { reason: reason.word().to_owned(), message: reason.message().to_owned() };
        self.outbox.push(Notification::new(&self.account, self.revision, now, details));
    }
}
