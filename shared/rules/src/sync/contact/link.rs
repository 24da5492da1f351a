//! A client's contact that the user chooses: a search in Xero to choose from, and the choice itself, which stays.
//! Nothing is written to Xero, and documents that are there keep the contact that they have.

use super::choose::keeper;
use super::{ContactReference, PartyRole, is_usable};
use crate::account::AccountId;
use crate::event::SessionalId;
use crate::input;
use crate::ports::{Contacts, Unavailable, Written};
use crate::problem::Problem;
use crate::session::{Interruption, Session};
use crate::sync::party::Digests;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use utoipa::ToSchema;
use xero::ContactId;
use xero::models::Contact;

/// Most contacts that a search shows: who sees more of them types more of the name.
pub const MOST_CHOICES: usize = 20;
/// How long the text of a search may be.
const SEARCH_LENGTH: RangeInclusive<usize> = 1..=100;
/// How often a choice is stored before somebody else's write is told as a conflict.
const TRIES: u32 = 2;

/// What the user searches for.
#[derive(Debug, PartialEq, Eq)]
pub struct SearchText(String);

impl SearchText {
    /// Reads the parameter of a call.
    ///
    /// # Errors
    /// A [`Problem`] that names it.
    pub fn parse(text: Option<&str>) -> Result<Self, Problem> {
        let text = text.unwrap_or_default().trim();
        if SEARCH_LENGTH.contains(&text.chars().count()) {
            return Ok(Self(text.to_owned()));
        }
        Err(Problem::invalid("search", "Search for 1 to 100 characters of a contact's name, e-mail address or number"))
    }

    /// It as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The answer of `GET /contacts`.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ContactChoices {
    /// The contacts that were found, by name.
    #[schema(max_items = 20)]
    pub contacts: Vec<ContactChoice>,
    /// Whether Xero has found more than are shown: search for more of the name.
    pub more: bool,
}

/// A contact that may be chosen.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ContactChoice {
    /// Xero's id of it.
    #[schema(value_type = String, format = Uuid)]
    pub contact_id: ContactId,
    /// Its name in Xero.
    pub name: String,
    /// Sessional's id of the organisation that it belongs to already: nobody else can be linked to it.
    pub linked_to: Option<String>,
}

/// The body of `PUT /contacts/{organisation_id}`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    /// The contact, by its id in Xero.
    #[schema(value_type = String, format = Uuid)]
    pub contact_id: ContactId,
}

impl LinkRequest {
    /// Parses the body.
    ///
    /// # Errors
    /// A [`Problem`] that names the field.
    pub fn parse(json: &[u8]) -> Result<Self, Problem> {
        input::read(json).map_err(|wrong| Problem::invalid(wrong.path, wrong.reason))
    }
}

/// The answer of `PUT /contacts/{organisation_id}`.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LinkedContact {
    /// Sessional's id of the client.
    pub organisation_id: String,
    /// Xero's id of its contact.
    #[schema(value_type = String, format = Uuid)]
    pub contact_id: ContactId,
    /// The contact's name in Xero.
    pub name: String,
}

/// Why a search or a choice came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// It cannot be done as it was asked; the user is told why.
    #[error("{}", .0.detail)]
    Refused(Problem),
    /// Xero or a store gave no result.
    #[error(transparent)]
    Interrupted(#[from] Interruption),
}

impl From<Unavailable> for LinkError {
    fn from(error: Unavailable) -> Self {
        Self::Interrupted(error.into())
    }
}

/// The contacts of the session's organisation in which Xero finds a text; one call.
///
/// # Errors
/// When Xero does not take the text, or there is no answer.
pub async fn search(
    contacts: &dyn Contacts,
    session: &Session<'_>,
    account: &AccountId,
    text: &SearchText,
) -> Result<ContactChoices, LinkError> {
    let text = text.as_str();
    let page = match crate::call_xero!(session, |tenant| tenant.search_contacts(text, MOST_CHOICES)) {
        Ok(page) => page,
        Err(Interruption::Refused(_)) => {
            let detail = "Xero cannot search for this. Search for another part of the contact's name";
            return Err(LinkError::Refused(Problem::invalid("search", detail)));
        }
        Err(interruption) => return Err(interruption.into()),
    };
    let known = contacts.contacts(account, session.tenant_id()).await?;
    let found = page.items.into_iter().filter(is_usable).take(MOST_CHOICES);
    let choices = found.map(|contact| ContactChoice {
        linked_to: keeper(&contact, PartyRole::Client, None, &known).map(|other| other.organisation.clone()),
        contact_id: contact.contact_id,
        name: contact.name,
    });
    Ok(ContactChoices { contacts: choices.collect(), more: page.has_more })
}

/// Links a client to the contact that the user chose; one call to Xero, which reads it. The same choice again changes
/// nothing, another one takes its place.
///
/// # Errors
/// When the contact cannot be chosen, somebody else writes at the same moment, or there is no answer.
pub async fn link(
    contacts: &dyn Contacts,
    session: &Session<'_>,
    account: &AccountId,
    organisation: &SessionalId,
    chosen: ContactId,
) -> Result<LinkedContact, LinkError> {
    let read = crate::call_xero!(session, |tenant| tenant.contact(chosen))?;
    let contact = usable(read).map_err(LinkError::Refused)?;
    let (tenant, organisation) = (session.tenant_id(), organisation.as_str());
    for _ in 0..TRIES {
        let mut known = contacts.contacts(account, tenant).await?;
        let ours = known.iter().position(|reference| reference.organisation == organisation);
        let mut reference = match ours {
            Some(at) => known.swap_remove(at),
            None => ContactReference::new(account.clone(), tenant, organisation.to_owned(), PartyRole::Client),
        };
        let role = reference.role.unwrap_or(PartyRole::Client);
        if let Some(other) = keeper(&contact, role, Some(organisation), &known) {
            return Err(LinkError::Refused(belongs_to(other, &contact)));
        }
        if !reference.choose(contact.contact_id) || contacts.put_contact(&mut reference).await? == Written::Done {
            tracing::info!(xero.tenant_id = %tenant, "a client is linked to a contact by hand");
            let (organisation_id, contact_id) = (reference.organisation, contact.contact_id);
            return Ok(LinkedContact { organisation_id, contact_id, name: contact.name });
        }
    }
    Err(LinkError::Refused(Problem::conflict()))
}

impl ContactReference {
    /// Notes the user's choice; false when it is what was chosen before.
    fn choose(&mut self, contact: ContactId) -> bool {
        if self.linked_by_hand && self.contact == Some(contact) {
            return false;
        }
        self.contact = Some(contact);
        self.linked_by_hand = true;
        // What it says of itself is the user's from now on, whoever wrote it.
        self.is_made = false;
        if let Some(told) = &mut self.told {
            told.written = Digests::default();
        }
        true
    }
}

/// The contact, if documents can be made for it.
fn usable(read: Option<Contact>) -> Result<Contact, Problem> {
    let none = "There is no such contact in the connected organisation. Search for it again";
    let contact = read.ok_or_else(|| Problem::not_found(none))?;
    if is_usable(&contact) {
        return Ok(contact);
    }
    Err(Problem::contact_not_usable(match contact.merged_to {
        Some(_) => "This contact was merged into another in Xero. Choose that one",
        None => "This contact is archived in Xero. Restore it there (Contacts, Archived), or choose another",
    }))
}

fn belongs_to(other: &ContactReference, contact: &Contact) -> Problem {
    Problem::contact_not_usable(match other.contact == Some(contact.contact_id) {
        true => {
            "Another of your clients is linked to this contact. Choose another, or link that client to another first"
        }
        false => "This contact carries the number of another of your clients. Choose another, or add a new one in Xero",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_has_1_to_100_characters_without_the_blanks_around() {
        for wrong in [None, Some(""), Some(" \t\n"), Some(&*"\u{e9}".repeat(101))] {
            let problem = SearchText::parse(wrong).unwrap_err();
            assert_eq!((problem.status, problem.field.as_deref()), (400, Some("search")), "{wrong:?}");
        }
        assert_eq!(SearchText::parse(Some("  Ines ")).unwrap().as_str(), "Ines");
        assert!(SearchText::parse(Some(&format!(" {} ", "\u{e9}".repeat(100)))).is_ok());
    }

    #[test]
    fn a_body_names_one_contact_and_nothing_else() {
        for (wrong, field) in [
            (r#"{}"#, ""),
            (r#"{"contact_id":"Ines Falk"}"#, "contact_id"),
            (r#"{"contact_id":"c0ffee00-0000-4000-8000-000000000010","name":"Ines Falk"}"#, "name"),
        ] {
            let problem = LinkRequest::parse(wrong.as_bytes()).unwrap_err();
            assert_eq!(problem.field.as_deref(), Some(field), "{wrong}");
            assert!(!problem.detail.contains("Ines"), "{}", problem.detail);
        }
    }
}
