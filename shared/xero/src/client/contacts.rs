//! Contacts: found by id, by our number or by name, searched for, created, and changed by id.

use reqwest::Method;
use serde::Serialize;

use super::envelope::Page;
use super::idempotency::IdempotencyKey;
use super::tenant::{EACH_ALONE, Tenant};
use crate::element::Element;
use crate::error::Error;
use crate::ids::ContactId;
use crate::models::{Contact, ContactStatus, ContactUpdate, NewContact};

const KEY: &str = "Contacts";

#[derive(Serialize)]
struct Body<'a, T> {
    #[serde(rename = "Contacts")]
    contacts: &'a [T],
}

impl Tenant<'_> {
    /// A contact by its id, archived or merged ones included.
    pub async fn contact(&self, id: ContactId) -> Result<Option<Contact>, Error> {
        self.find(&[KEY, &id.to_string()], &[], KEY).await
    }

    /// A contact by our own number for it.
    pub async fn contact_by_number(&self, number: &str) -> Result<Option<Contact>, Error> {
        // These would address the collection, and an id of ours never looks like this.
        if matches!(number, "" | "." | "..") {
            return Ok(None);
        }
        let found: Option<Contact> = self.find(&[KEY, number], &[], KEY).await?;
        Ok(found.filter(|contact| has_number(contact, number)))
    }

    /// The active contacts that have this name in Xero's eyes, which ignore case; those that have
    /// it to the letter come first.
    pub async fn contacts_by_name(&self, name: &str) -> Result<Vec<Contact>, Error> {
        let name = name.trim();
        let mut found: Vec<Contact> = if name.contains(['"', '\\']) {
            self.search_name(name).await?
        } else {
            let equal = format!("Name==\"{name}\"");
            self.pages(KEY, &[("where", &equal)]).await?
        };
        found.retain(|contact| contact.contact_status != ContactStatus::Archived);
        let (mut named, others): (Vec<Contact>, Vec<Contact>) =
            found.into_iter().partition(|contact| contact.name == name);
        named.extend(others);
        Ok(named)
    }

    /// One page of the contacts that are in use and in which Xero finds a text, by name: in their names, numbers and
    /// e-mail addresses, whatever the case. Little more is asked for than which they are.
    pub async fn search_contacts(&self, text: &str, most: usize) -> Result<Page<Contact>, Error> {
        let query = [("searchTerm", text), ("order", "Name ASC"), ("summaryOnly", "true")];
        self.page_of(most, KEY, &query, 1, None).await
    }

    /// Xero's expressions have no escape for a quote: search, and compare here.
    async fn search_name(&self, name: &str) -> Result<Vec<Contact>, Error> {
        let wanted = name.to_lowercase();
        let mut found: Vec<Contact> = self.pages(KEY, &[("searchTerm", name)]).await?;
        found.retain(|contact| contact.name.trim().to_lowercase() == wanted);
        Ok(found)
    }

    /// Creates contacts. One whose name is taken is refused, never merged into the other.
    pub async fn create_contacts(
        &self,
        contacts: &[NewContact],
        key: &IdempotencyKey,
    ) -> Result<Vec<Element<Contact>>, Error> {
        let json = body(contacts)?;
        self.write(Method::PUT, self.url(&[KEY], &[EACH_ALONE]), KEY, (&json, contacts.len()), key).await
    }

    /// Changes a contact.
    pub async fn update_contact(
        &self,
        update: &ContactUpdate,
        key: &IdempotencyKey,
    ) -> Result<Element<Contact>, Error> {
        let json = body(std::slice::from_ref(update))?;
        self.write_one(&[KEY, &update.contact_id.to_string()], &[], KEY, &json, key).await
    }
}

fn body<T: Serialize>(contacts: &[T]) -> Result<String, Error> {
    serde_json::to_string(&Body { contacts })
        .map_err(|_| Error::Malformed { what: "our own contacts", correlation_id: None })
}

fn has_number(contact: &Contact, number: &str) -> bool {
    let own = contact.contact_number.as_deref();
    own.is_some_and(|own| own.eq_ignore_ascii_case(number))
}
