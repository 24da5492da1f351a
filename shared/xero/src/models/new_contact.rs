//! Contacts as we create and change them.

use serde::{Deserialize, Serialize};

use super::{lenient, shows};
use crate::ids::ContactId;

/// What `PUT /Contacts` takes. Only the name is required.
#[derive(Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewContact {
    /// Our own key for it, at most 50 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_number: Option<String>,
    /// Unique among active contacts, at most 255 characters, without `<` and `>`.
    pub name: String,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_address: Option<String>,
    /// Telephone numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<Phone>,
    /// Postal addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Address>,
}

/// What changes a contact: only what is set is sent. A list replaces the one that is there, so all of it is sent.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ContactUpdate {
    /// The contact.
    #[serde(rename = "ContactID")]
    pub contact_id: ContactId,
    /// Another e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_address: Option<String>,
    /// All telephone numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phones: Option<Vec<Phone>>,
    /// All postal addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addresses: Option<Vec<Address>>,
}

/// A telephone number.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Phone {
    /// `DEFAULT`, `DDI`, `MOBILE`, `FAX` or `OFFICE`.
    #[serde(deserialize_with = "lenient::or_default")]
    pub phone_type: String,
    /// The number, at most 50 characters.
    #[serde(deserialize_with = "lenient::or_default")]
    pub phone_number: String,
    /// Its area, where somebody has written it apart.
    #[serde(deserialize_with = "lenient::non_empty", skip_serializing_if = "Option::is_none")]
    pub phone_area_code: Option<String>,
    /// Its country, where somebody has written it apart.
    #[serde(deserialize_with = "lenient::non_empty", skip_serializing_if = "Option::is_none")]
    pub phone_country_code: Option<String>,
}

/// A postal address.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Address {
    /// `POBOX` (what invoices are sent to) or `STREET`.
    #[serde(deserialize_with = "lenient::or_default")]
    pub address_type: String,
    /// The first line.
    #[serde(deserialize_with = "lenient::non_empty", skip_serializing_if = "Option::is_none")]
    pub address_line1: Option<String>,
    /// The second line.
    #[serde(deserialize_with = "lenient::non_empty", skip_serializing_if = "Option::is_none")]
    pub address_line2: Option<String>,
    /// The third line.
    #[serde(deserialize_with = "lenient::non_empty", skip_serializing_if = "Option::is_none")]
    pub address_line3: Option<String>,
    /// The fourth line.
    #[serde(deserialize_with = "lenient::non_empty", skip_serializing_if = "Option::is_none")]
    pub address_line4: Option<String>,
    /// The town.
    #[serde(deserialize_with = "lenient::non_empty", skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// The county.
    #[serde(deserialize_with = "lenient::non_empty", skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The post code.
    #[serde(deserialize_with = "lenient::non_empty", skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// The country, letters only.
    #[serde(deserialize_with = "lenient::non_empty", skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// To whose attention.
    #[serde(deserialize_with = "lenient::non_empty", skip_serializing_if = "Option::is_none")]
    pub attention_to: Option<String>,
}

shows!(NewContact {});
shows!(ContactUpdate { contact_id });
shows!(Phone { phone_type });
shows!(Address { address_type });
