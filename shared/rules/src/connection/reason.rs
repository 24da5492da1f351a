//! Why a connection is in error, what the user is told of it, and what they can do.

use crate::action::Action;
use serde::{Deserialize, Serialize};

/// Why a connection is in error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorReason {
    /// Xero revoked the grant, or it was not used for 60 days.
    GrantRevoked,
    /// Xero does not list the organisation among the user's connections any more.
    OrganisationGone,
    /// Xero lists the connection and refuses the calls: the subscription ended or the user's role changed.
    AccessRefused,
    /// The consent lacks a permission that the sync needs.
    PermissionMissing,
    /// A new consent lacks it too: nothing that the user does helps.
    PermissionWithheld,
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
                "The organisation is no longer connected to Sessional in Xero. It was disconnected there, or reset. \
                 Authorise it again and everything that waits is sent in order."
            }
            Self::AccessRefused => {
                "Xero still lists the connection but refuses access to the organisation. Its subscription or trial may \
                 have ended, or your role in it may have changed. As soon as that is put right in Xero, everything that \
                 waits is sent in order, within a day or when you authorise it again."
            }
            Self::PermissionMissing => {
                "Sessional's access to Xero lacks a permission that it needs. Authorise it again and leave \
                 every permission ticked."
            }
            Self::PermissionWithheld => {
                "Xero does not give Sessional a permission that it needs, even after a new authorisation. Contact \
                 support; everything that waits is kept."
            }
        }
    }

    /// What the user does about it.
    #[must_use]
    pub fn action(self) -> Action {
        match self {
            Self::GrantRevoked | Self::OrganisationGone | Self::PermissionMissing => Action::Reauthorise,
            Self::AccessRefused => Action::FixXeroSubscription,
            Self::PermissionWithheld => Action::ContactSupport,
        }
    }

    /// The stable word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::GrantRevoked => "grant_revoked",
            Self::OrganisationGone => "organisation_gone",
            Self::PermissionMissing => "permission_missing",
            Self::AccessRefused => "access_refused",
            Self::PermissionWithheld => "permission_withheld",
        }
    }

    /// Whether the organisation itself is lost to the account, so that another may come to have it. A fault of access or
    /// of permission is not: whoever has it can put it right.
    #[must_use]
    pub fn is_loss(self) -> bool {
        match self {
            Self::GrantRevoked | Self::OrganisationGone => true,
            Self::AccessRefused | Self::PermissionMissing | Self::PermissionWithheld => false,
        }
    }

    /// Whether it may mend itself in Xero, so that a look each day is worth its call. A missing permission
    /// does not: another call may well be allowed, and the sync would lose the connection again.
    #[must_use]
    pub fn may_mend_itself(self) -> bool {
        match self {
            Self::GrantRevoked | Self::OrganisationGone | Self::AccessRefused => true,
            Self::PermissionMissing | Self::PermissionWithheld => false,
        }
    }
}
