//! Contacts as Xero returns them.

use serde::Deserialize;

use super::new_contact::{Address, Phone};
use super::open::open_enum;
use super::{lenient, shows};
use crate::ids::ContactId;

open_enum! {
    /// Whether a contact may be used.
    ContactStatus {
        /// In use.
        Active = "ACTIVE",
        /// Put away; documents for it are refused.
        Archived = "ARCHIVED",
        /// Erased on request.
        GdprRequest = "GDPRREQUEST",
    }
}

/// A contact. Inside a list of invoices only the id and the name are there.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Contact {
    /// The stable name of the contact.
    #[serde(rename = "ContactID")]
    pub contact_id: ContactId,
    /// Our own key for it.
    #[serde(default, deserialize_with = "lenient::non_empty")]
    pub contact_number: Option<String>,
    /// Whether it may be used.
    #[serde(default)]
    pub contact_status: ContactStatus,
    /// Unique among active contacts.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// Where Xero would send invoices.
    #[serde(default, deserialize_with = "lenient::non_empty")]
    pub email_address: Option<String>,
    /// Its telephone numbers, where it is read by itself.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub phones: Vec<Phone>,
    /// Its postal addresses, where it is read by itself.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub addresses: Vec<Address>,
    /// The contact this one was merged into. Only in paged lists and reads of one contact.
    #[serde(default, rename = "MergedToContactID", deserialize_with = "lenient::id")]
    pub merged_to: Option<ContactId>,
}

shows!(Contact { contact_id, contact_status, merged_to });
