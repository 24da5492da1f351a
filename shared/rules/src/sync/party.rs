//! Whom a document is for or from: a customer of Sessional's user, or a supplier. One contact in Xero each.

use crate::event::{Address, Expense, Invoice};
use xero::models::{Address as XeroAddress, NewContact, Phone};

/// The contact of expenses that name no supplier: Xero wants one on every bill.
const NO_SUPPLIER: (&str, &str) = ("sessional-expenses", "Expenses logged in Sessional");

/// Whom a document is for or from.
#[derive(Clone, Debug)]
pub(super) struct Party {
    /// Sessional's id, our contact number in Xero.
    pub(super) id: String,
    /// The name as Xero stores it.
    pub(super) name: String,
    email: Option<String>,
    phone: Option<String>,
    address: Option<Address>,
}

impl Party {
    pub(super) fn of_invoice(invoice: &Invoice) -> Self {
        let organisation = &invoice.organisation;
        Self {
            id: organisation.id.to_string(),
            name: organisation.name.clone(),
            email: organisation.email.clone(),
            phone: organisation.phone.clone(),
            address: organisation.address.clone(),
        }
    }

    pub(super) fn of_expense(expense: &Expense) -> Self {
        let supplier = expense.supplier.as_ref();
        let (id, name) = supplier.map_or_else(
            || (NO_SUPPLIER.0.to_owned(), NO_SUPPLIER.1.to_owned()),
            |supplier| (supplier.id.to_string(), supplier.name.clone()),
        );
        Self { id, name, email: None, phone: None, address: None }
    }

    /// The contact that Xero should create.
    pub(super) fn draw(&self) -> NewContact {
        let phone = self.phone.clone();
        NewContact {
            contact_number: Some(self.id.clone()),
            name: self.name.clone(),
            email_address: self.email.clone(),
            phones: phone.map(|phone_number| Phone { phone_type: "DEFAULT", phone_number }).into_iter().collect(),
            addresses: self.address.as_ref().map(draw_address).into_iter().collect(),
        }
    }
}

fn draw_address(address: &Address) -> XeroAddress {
    XeroAddress {
        address_type: "STREET",
        address_line1: address.line1.clone(),
        address_line2: address.line2.clone(),
        city: address.city.clone(),
        region: address.region.clone(),
        postal_code: address.postal_code.clone(),
        country: address.country.clone(),
        ..XeroAddress::default()
    }
}
