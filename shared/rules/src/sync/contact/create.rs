//! Creating contacts: all that are new in one call, every element judged alone, and a call that Xero refuses as a whole
//! sent in halves. What was tried before goes alone, so that nobody waits for somebody else's contact.

use super::{ContactReference, Found, Wanted};
use crate::failure::Failure;
use crate::record::EventOrder;
use crate::session::{Interruption, Session};
use crate::sync::create::key_of;
use crate::sync::party::Party;
use crate::sync::{Stop, Sync};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, VecDeque};
use xero::models::{Contact, NewContact};
use xero::refusal::Refusal;
use xero::{Element, IdempotencyKey, TenantId};

/// Most calls that one run creates contacts with.
const MAX_CALLS: u32 = 8;
/// The last suffix that is tried for a name; a person would have found another name long before.
const LAST_SUFFIX: u32 = 9;

/// Somebody whose contact is about to be created.
pub(super) struct NewParty {
    pub(super) reference: ContactReference,
    pub(super) party: Party,
    pub(super) order: Option<EventOrder>,
    /// What the user should know of the contact.
    pub(super) remarks: Vec<String>,
    /// The name that is tried, where the party's own is taken: its suffix.
    suffix: Option<u32>,
    /// Whether an earlier run has tried it.
    was_tried: bool,
}

impl NewParty {
    pub(super) fn new(reference: ContactReference, wanted: Wanted, was_tried: bool) -> Self {
        let Wanted { party, order } = wanted;
        let reference = ContactReference { role: reference.role.or(Some(party.role)), ..reference };
        Self { reference, party, order, remarks: Vec::new(), suffix: None, was_tried }
    }

    fn draw(&self) -> NewContact {
        NewContact { name: self.name(), ..self.party.draw() }
    }

    fn name(&self) -> String {
        self.suffix.map_or_else(|| self.party.name.clone(), |suffix| self.party.name_with_suffix(suffix))
    }
}

impl Sync<'_> {
    pub(super) async fn create_contacts(
        &self,
        session: &Session<'_>,
        create: Vec<NewParty>,
        found: &mut BTreeMap<String, Found>,
    ) -> Result<(), Stop> {
        let (alone, together): (Vec<NewParty>, Vec<NewParty>) = create.into_iter().partition(|new| new.was_tried);
        let mut groups: VecDeque<Vec<NewParty>> = VecDeque::from([together]);
        groups.extend(alone.into_iter().map(|new| vec![new]));
        let mut left = MAX_CALLS;
        while let Some(group) = groups.pop_front() {
            if group.is_empty() {
                continue;
            }
            if left == 0 {
                found.extend(group.into_iter().map(|new| (new.reference.organisation, Found::Later)));
                continue;
            }
            left -= 1;
            self.check_deadline()?;
            self.create_group(session, group, found, &mut groups).await?;
        }
        Ok(())
    }

    async fn create_group(
        &self,
        session: &Session<'_>,
        mut group: Vec<NewParty>,
        found: &mut BTreeMap<String, Found>,
        groups: &mut VecDeque<Vec<NewParty>>,
    ) -> Result<(), Stop> {
        let contacts: Vec<NewContact> = group.iter().map(NewParty::draw).collect();
        let key = idempotency_key(session.tenant_id(), &group);
        let result = crate::call_xero!(session, |tenant| tenant.create_contacts(&contacts, &key));
        match result {
            Ok(elements) => {
                for (new, element) in group.into_iter().zip(elements) {
                    let id = new.reference.organisation.clone();
                    let outcome = match element {
                        Element::Ok(contact, _) => Some(self.settle_new(session, new, &contact).await?),
                        Element::Refused { errors, .. } => self.refused_contact(session, new, &errors, groups).await?,
                    };
                    found.extend(outcome.map(|outcome| (id, outcome)));
                }
            }
            Err(Interruption::Refused(error)) => {
                tracing::warn!(xero.contacts = group.len(), error = %error, "Xero refused a call with contacts");
                if group.len() > 1 {
                    let second = group.split_off(group.len() / 2);
                    groups.push_front(second);
                    groups.push_front(group);
                    return Ok(());
                }
                for new in group {
                    let failure = Failure::refused(&[], &subject(&new.party));
                    found.insert(new.reference.organisation, Found::Refused(failure));
                }
            }
            Err(Interruption::NoAnswer(error)) => {
                tracing::warn!(xero.contacts = group.len(), error = %error, "contacts have no answer from Xero");
                let failed = matches!(error, xero::Error::Server { .. } | xero::Error::Forbidden { .. });
                let counts = failed && group.len() == 1 && self.answers_otherwise(session).await;
                found.extend(group.into_iter().map(|new| (new.reference.organisation, Found::NoAnswer { counts })));
            }
            Err(interruption) => return Err(self.interrupted(session, interruption).await?),
        }
        Ok(())
    }

    async fn settle_new(&self, session: &Session<'_>, mut new: NewParty, contact: &Contact) -> Result<Found, Stop> {
        if new.suffix.is_some() {
            let (name, party) = (new.name(), &new.party.name);
            new.remarks.push(format!(
                "The contact in Xero is called \u{201c}{name}\u{201d}, because another contact there is \u{201c}{party}\u{201d}."
            ));
        }
        // An answer may leave out what was sent; the number is what it was created under.
        let contact = Contact { contact_number: Some(new.party.id.clone()), ..contact.clone() };
        self.store_contact(session, new, &contact, true).await
    }

    /// What becomes of a contact that Xero refused; none when it is tried otherwise.
    async fn refused_contact(
        &self,
        session: &Session<'_>,
        mut new: NewParty,
        sentences: &[String],
        groups: &mut VecDeque<Vec<NewParty>>,
    ) -> Result<Option<Found>, Stop> {
        let says = |refusal: Refusal| sentences.iter().any(|sentence| Refusal::of(sentence) == refusal);
        let name_taken = says(Refusal::ContactNameTaken);
        // Under our number there is one already, whatever its name is by now.
        if !name_taken || says(Refusal::ContactNumberTaken) {
            let number = new.reference.organisation.clone();
            if let Some(contact) = self.by_number(session, &number).await? {
                return self.store_contact(session, new, &contact, true).await.map(Some);
            }
        }
        if says(Refusal::EmailInvalid) && new.party.email.is_some() {
            new.reference = self.intend_again(new.reference).await?;
            new.party.email = None;
            new.remarks.push(format!(
                "The e-mail address of \u{201c}{}\u{201d} was left out of its contact: Xero does not accept it.",
                new.party.name
            ));
            groups.push_front(vec![new]);
            return Ok(None);
        }
        if !name_taken {
            return Ok(Some(Found::Refused(Failure::refused(sentences, &subject(&new.party)))));
        }
        if new.suffix.is_none()
            && let Some(contact) = self.contact_of_name(session, &new).await?
        {
            return self.store_contact(session, new, &contact, false).await.map(Some);
        }
        let suffix = new.suffix.map_or(2, |suffix| suffix + 1);
        if suffix > LAST_SUFFIX {
            return Ok(Some(Found::Refused(Failure::refused(sentences, &subject(&new.party)))));
        }
        new.reference = self.intend_again(new.reference).await?;
        new.suffix = Some(suffix);
        groups.push_front(vec![new]);
        Ok(None)
    }
}

/// The key covers what is sent: the same organisations of the same tenant have the same.
fn idempotency_key(tenant: TenantId, create: &[NewParty]) -> IdempotencyKey {
    let mut hash = Sha256::new();
    hash.update(tenant.to_string());
    for new in create {
        hash.update(new.reference.organisation.as_bytes());
        hash.update(new.reference.revision.to_be_bytes());
        hash.update(new.suffix.unwrap_or_default().to_be_bytes());
    }
    key_of("contacts", hash)
}

fn subject(party: &Party) -> String {
    format!("The document for \u{201c}{}\u{201d}", party.name)
}
