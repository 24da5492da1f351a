//! Contacts: found by id, by our number or by name, and created.

use reqwest::Method;
use serde::Serialize;

use super::idempotency::IdempotencyKey;
use super::tenant::Tenant;
use crate::element::Element;
use crate::error::Error;
use crate::ids::ContactId;
use crate::models::{Contact, NewContact};

const KEY: &str = "Contacts";

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "Contacts")]
    contacts: &'a [NewContact],
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
        Ok(found.filter(|contact| contact.contact_number.as_deref() == Some(number)))
    }

    /// The active contacts of this name, whatever its case.
    pub async fn contacts_by_name(&self, name: &str) -> Result<Vec<Contact>, Error> {
        let same = name.trim().to_lowercase();
        let mut found: Vec<Contact> = if name.contains(['"', '\\']) {
            // Xero's expressions have no escape for a quote: search, and compare here.
            self.pages(KEY, &[("searchTerm", name)]).await?
        } else {
            let equal = format!("Name==\"{}\"", name.trim());
            self.pages(KEY, &[("where", &equal)]).await?
        };
        found.retain(|contact| contact.name.trim().to_lowercase() == same);
        Ok(found)
    }

    /// Creates contacts. One whose name is taken is refused, never merged into the other.
    pub async fn create_contacts(
        &self,
        contacts: &[NewContact],
        key: &IdempotencyKey,
    ) -> Result<Vec<Element<Contact>>, Error> {
        let json = serde_json::to_string(&Body { contacts }).map_err(|_| Error::Malformed {
            what: "our own contacts",
            correlation_id: None,
        })?;
        self.write(Method::PUT, &[KEY], KEY, (&json, contacts.len()), key)
            .await
    }
}
