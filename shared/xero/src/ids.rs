//! Xero's identifiers, one type each, so that a contact's cannot stand where an invoice's belongs.
//!
//! All are UUIDs, written hyphenated and in lower case. They are read in any case.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The text is not a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct InvalidId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID itself.
            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }

            /// Whether this is the zero UUID that Xero echoes for what it did not save.
            pub const fn is_nil(&self) -> bool {
                self.0.is_nil()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.as_hyphenated())
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self).map_err(|_| InvalidId)
            }
        }
    )*};
}

ids! {
    /// A Xero organisation, as `xero-tenant-id` names it.
    TenantId;
    /// One connection between a user, an organisation and the app.
    ConnectionId;
    /// One consent; the access token and `GET /connections` both name it.
    AuthenticationEventId;
    /// A Xero user, across organisations.
    XeroUserId;
    /// An account of the chart of accounts.
    AccountId;
    /// A contact.
    ContactId;
    /// A sales invoice or a bill.
    InvoiceId;
    /// A line of a document.
    LineItemId;
    /// A payment.
    PaymentId;
    /// A spend-money or receive-money transaction.
    BankTransactionId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_in_any_case_and_written_in_lower_case() {
        let id: TenantId = "9A1D3C55-0000-4000-8000-00000000000F".parse().unwrap();
        assert_eq!(id.to_string(), "9a1d3c55-0000-4000-8000-00000000000f");
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"9a1d3c55-0000-4000-8000-00000000000f\"");
        assert_eq!(format!("{id:?}"), "TenantId(9a1d3c55-0000-4000-8000-00000000000f)");
    }

    #[test]
    fn what_is_not_a_uuid_is_refused() {
        assert_eq!("SES-000123".parse::<InvoiceId>(), Err(InvalidId));
        assert!(serde_json::from_str::<InvoiceId>("\"\"").is_err());
    }

    #[test]
    fn an_id_survives_json() {
        let id = PaymentId::from_uuid(Uuid::from_u128(7));
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<PaymentId>(&json).unwrap(), id);
    }
}
