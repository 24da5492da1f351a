//! Whom a document is for or from: a client of Sessional's user, or a supplier. One contact in Xero each.
//! What Xero would refuse of somebody's details was left out when the event was read.

use super::contact::PartyRole;
use crate::event::{Address, Expense, Invoice};
use crate::random;
use xero::models::{Address as XeroAddress, Contact, NewContact, Phone};

/// The contact of expenses that name no supplier: Xero wants one on every bill.
const NO_SUPPLIER: (&str, &str) = ("sessional-expenses", "Expenses logged in Sessional");
/// The kind of address that Xero prints on invoices.
pub(super) const INVOICE_ADDRESS: &str = "POBOX";
/// The telephone number that Xero shows first.
pub(super) const FIRST_PHONE: &str = "DEFAULT";
/// Longest name of a contact in Xero.
const LONGEST_NAME: usize = 255;

/// Whom a document is for or from.
#[derive(Clone, Debug)]
pub(super) struct Party {
    /// Sessional's id, our contact number in Xero.
    pub(super) id: String,
    /// The name as Xero stores it.
    pub(super) name: String,
    /// Which side it is on.
    pub(super) role: PartyRole,
    /// The e-mail address.
    pub(super) email: Option<String>,
    /// The telephone number.
    pub(super) phone: Option<String>,
    /// The postal address, if there is one.
    pub(super) address: Option<XeroAddress>,
}

impl Party {
    pub(super) fn of_invoice(invoice: &Invoice) -> Self {
        let organisation = &invoice.organisation;
        Self {
            email: organisation.email.clone(),
            phone: organisation.phone.clone(),
            address: organisation.address.as_ref().map(draw_address).filter(has_content),
            ..Self::named(organisation.id.to_string(), &organisation.name, PartyRole::Client)
        }
    }

    pub(super) fn of_expense(expense: &Expense) -> Self {
        match &expense.supplier {
            Some(supplier) => Self::named(supplier.id.to_string(), &supplier.name, PartyRole::Supplier),
            None => Self::named(NO_SUPPLIER.0.to_owned(), NO_SUPPLIER.1, PartyRole::Supplier),
        }
    }

    fn named(id: String, name: &str, role: PartyRole) -> Self {
        Self { id, name: name.to_owned(), role, email: None, phone: None, address: None }
    }

    /// The contact that Xero should create.
    pub(super) fn draw(&self) -> NewContact {
        let phone = self.phone.clone();
        let phone =
            phone.map(|number| Phone { phone_type: FIRST_PHONE.to_owned(), phone_number: number, ..Phone::default() });
        NewContact {
            contact_number: Some(self.id.clone()),
            name: self.name.clone(),
            email_address: self.email.clone(),
            phones: phone.into_iter().collect(),
            addresses: self.address.clone().into_iter().collect(),
        }
    }

    /// The name with the suffix that a person would choose for the next of the same name.
    pub(super) fn name_with_suffix(&self, number: u32) -> String {
        let suffix = format!(" ({number})");
        let kept = LONGEST_NAME - suffix.chars().count();
        let name: String = self.name.chars().take(kept).collect();
        format!("{}{suffix}", name.trim_end())
    }

    /// Hashes of the details, each by itself: whether one was changed can be told, and what it was cannot.
    pub(super) fn digests(&self) -> Digests {
        Digests {
            email: self.email.as_deref().map(email_digest),
            phone: self.phone.as_deref().map(phone_digest),
            address: self.address.as_ref().map(address_digest),
        }
    }
}

/// Hashes of a contact's details.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Digests {
    /// Of the e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Of the telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Of the postal address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl Digests {
    /// Of what Xero shows of a contact.
    pub(super) fn of_contact(contact: &Contact) -> Self {
        let phone = contact.phones.iter().find(|phone| phone.phone_type == FIRST_PHONE);
        let phone = phone.map(whole_number).filter(|number| !number.is_empty());
        let address = contact.addresses.iter().find(|address| address.address_type == INVOICE_ADDRESS);
        Self {
            email: contact.email_address.as_deref().map(email_digest),
            phone: phone.as_deref().map(phone_digest),
            address: address.filter(|address| has_content(address)).map(address_digest),
        }
    }
}

fn whole_number(phone: &Phone) -> String {
    let parts = [phone.phone_country_code.as_deref(), phone.phone_area_code.as_deref(), Some(&*phone.phone_number)];
    parts.into_iter().flatten().collect()
}

fn has_content(address: &XeroAddress) -> bool {
    parts(address).into_iter().any(|part| part.is_some())
}

fn parts(address: &XeroAddress) -> [Option<&String>; 9] {
    [
        address.address_line1.as_ref(),
        address.address_line2.as_ref(),
        address.address_line3.as_ref(),
        address.address_line4.as_ref(),
        address.city.as_ref(),
        address.region.as_ref(),
        address.postal_code.as_ref(),
        address.country.as_ref(),
        address.attention_to.as_ref(),
    ]
}

fn email_digest(email: &str) -> String {
    random::digest(&email.trim().to_lowercase())
}

/// How a number is spaced plays no part.
fn phone_digest(phone: &str) -> String {
    let signs: String = phone.chars().filter(|sign| !sign.is_whitespace()).collect();
    random::digest(&signs)
}

fn address_digest(address: &XeroAddress) -> String {
    let lines = parts(address).map(|part| part.map(|part| part.trim()).unwrap_or_default());
    random::digest(&lines.join("\n"))
}

fn draw_address(address: &Address) -> XeroAddress {
    XeroAddress {
        address_type: INVOICE_ADDRESS.to_owned(),
        address_line1: address.line1.clone(),
        address_line2: address.line2.clone(),
        city: address.city.clone(),
        region: address.region.clone(),
        postal_code: address.postal_code.clone(),
        country: address.country.clone(),
        ..XeroAddress::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_never_makes_a_name_too_long() {
        let party = Party::named("org_1".to_owned(), &"x".repeat(255), PartyRole::Client);
        let name = party.name_with_suffix(2);
        assert_eq!(name.chars().count(), 255);
        assert!(name.ends_with("x (2)"));
    }
}
