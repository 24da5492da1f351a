//! Contacts as we create them.

use serde::Serialize;

use super::shows;

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

/// A telephone number.
#[derive(Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Phone {
    /// `DEFAULT`, `DDI`, `MOBILE`, `FAX` or `OFFICE`.
    pub phone_type: &'static str,
    /// The number, at most 50 characters.
    pub phone_number: String,
}

/// A postal address.
#[derive(Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Address {
    /// `POBOX` (where invoices go) or `STREET`.
    pub address_type: &'static str,
    /// The first line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_line1: Option<String>,
    /// The second line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_line2: Option<String>,
    /// The third line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_line3: Option<String>,
    /// The fourth line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_line4: Option<String>,
    /// The town.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// The county.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The post code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// The country, letters only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

shows!(NewContact {});
shows!(Phone { phone_type });
shows!(Address { address_type });
