//! Contacts: Sessional's organisation becomes one contact in Xero, found or created, never doubled.
//!
//! A reference that is stored counts. Without one the contact is created under our contact number; when
//! Xero says that the name is taken, the active contact of exactly that name is used, and not changed. A
//! reference found as an intent may have been created already, so our number is looked up first.

use super::party::Party;
use super::{Job, STORE_WAIT, Stop, Sync};
use crate::account::AccountId;
use crate::failure::Failure;
use crate::ports::Written;
use crate::record::Want;
use crate::session::{Interruption, Session};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use xero::models::{Contact, ContactStatus, NewContact};
use xero::refusal::Refusal;
use xero::{ContactId, Element, IdempotencyKey, TenantId};

/// The version of the stored reference.
pub const VERSION: u32 = 1;

/// Which contact stands for an organisation of Sessional in one Xero organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactReference {
    /// Version of the stored form.
    pub version: u32,
    /// Whose it is.
    pub account: AccountId,
    /// The Xero organisation.
    pub tenant: TenantId,
    /// Sessional's id of the organisation; our contact number in Xero.
    pub organisation: String,
    /// Counts every write.
    pub revision: u64,
    /// The contact; none while it is about to be created.
    pub contact: Option<ContactId>,
}

/// What was found for an organisation.
enum Found {
    Contact(ContactId),
    Refused(Failure),
}

impl Sync<'_> {
    /// Gives every job its contact; a job whose contact Xero refuses gets a failed record.
    pub(super) async fn resolve_contacts(&self, session: &Session<'_>, jobs: &mut [Job]) -> Result<(), Stop> {
        let mut wanted: BTreeMap<String, Party> = BTreeMap::new();
        for party in jobs.iter().filter(|job| needs_contact(job)).filter_map(Job::party) {
            wanted.entry(party.id.clone()).or_insert(party);
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let Some(account) = jobs.iter().find_map(Job::account).cloned() else { return Ok(()) };
        let mut found = BTreeMap::new();
        let result = self.find_contacts(session, &account, wanted, &mut found).await;
        for job in jobs.iter_mut().filter(|job| needs_contact(job)) {
            let Some(id) = job.party().map(|party| party.id) else { continue };
            match found.get(&id) {
                Some(Found::Contact(contact)) => job.contact = Some(*contact),
                Some(Found::Refused(failure)) => self.refuse(job, failure.clone()).await?,
                None if result.is_ok() => job.outcome = Some(super::Outcome::Again(STORE_WAIT)),
                None => {}
            }
        }
        match result {
            // Who has a contact goes on: only those that wait for the answer have none.
            Err(Stop::Unanswered(why)) => {
                let waits = |job: &&mut Job| needs_contact(job) && job.contact.is_none();
                let mut waiting: Vec<&mut Job> = jobs.iter_mut().filter(waits).collect();
                self.unanswered(&mut waiting, &why, true).await
            }
            other => other,
        }
    }

    async fn find_contacts(
        &self,
        session: &Session<'_>,
        account: &AccountId,
        wanted: BTreeMap<String, Party>,
        found: &mut BTreeMap<String, Found>,
    ) -> Result<(), Stop> {
        let tenant = session.tenant_id();
        let mut create: Vec<(ContactReference, Party)> = Vec::new();
        for (id, party) in wanted {
            let stored = self.contacts.contact(account, tenant, &id).await?;
            let known = stored.as_ref().and_then(|reference| reference.contact);
            let number = stored.as_ref().map(|reference| reference.organisation.clone());
            match (known, number, stored) {
                (Some(contact), _, _) => {
                    found.insert(id, Found::Contact(contact));
                }
                (None, Some(number), Some(reference)) => match self.by_number(session, &number).await? {
                    Some(contact) => {
                        let contact = self.remember(reference, &contact).await?;
                        found.insert(id, contact);
                    }
                    // Xero repeats a stored error for the same key: the raised revision makes a new one.
                    None => create.push((self.intend_again(reference).await?, party)),
                },
                (None, _, _) => match self.intend_contact(account, tenant, &id).await? {
                    Some(reference) => create.push((reference, party)),
                    // Another function is creating it at this moment: these jobs come again.
                    None => continue,
                },
            }
        }
        if !create.is_empty() {
            self.create_contacts(session, create, found).await?;
        }
        Ok(())
    }

    async fn intend_again(&self, mut reference: ContactReference) -> Result<ContactReference, Stop> {
        match self.contacts.put_contact(&mut reference).await? {
            Written::Done => Ok(reference),
            Written::Conflict => Err(Stop::Again(STORE_WAIT)),
        }
    }

    async fn intend_contact(
        &self,
        account: &AccountId,
        tenant: TenantId,
        id: &str,
    ) -> Result<Option<ContactReference>, Stop> {
        let mut reference = ContactReference {
            version: VERSION,
            account: account.clone(),
            tenant,
            organisation: id.to_owned(),
            revision: 0,
            contact: None,
        };
        match self.contacts.put_contact(&mut reference).await? {
            Written::Done => Ok(Some(reference)),
            Written::Conflict => Ok(None),
        }
    }

    async fn by_number(&self, session: &Session<'_>, number: &str) -> Result<Option<Contact>, Stop> {
        let result = crate::call_xero!(session, |tenant| tenant.contact_by_number(number));
        self.or_stop(session, result).await
    }

    async fn create_contacts(
        &self,
        session: &Session<'_>,
        create: Vec<(ContactReference, Party)>,
        found: &mut BTreeMap<String, Found>,
    ) -> Result<(), Stop> {
        let new: Vec<NewContact> = create.iter().map(|(_, party)| party.draw()).collect();
        let key = idempotency_key(session.tenant_id(), &create);
        let result = crate::call_xero!(session, |tenant| tenant.create_contacts(&new, &key));
        let elements = self.or_stop(session, result).await?;
        for ((reference, party), element) in create.into_iter().zip(elements) {
            let id = reference.organisation.clone();
            let outcome = match element {
                Element::Ok(entity, _) => self.remember(reference, &entity).await?,
                Element::Refused { errors, .. } => self.name_taken(session, reference, &party, &errors).await?,
            };
            found.insert(id, outcome);
        }
        Ok(())
    }

    /// Uses the active contact of exactly this name, where Xero says that the name is taken.
    async fn name_taken(
        &self,
        session: &Session<'_>,
        reference: ContactReference,
        party: &Party,
        sentences: &[String],
    ) -> Result<Found, Stop> {
        let name = party.name.clone();
        let subject = format!("The document for \u{201c}{name}\u{201d}");
        if !sentences.iter().any(|sentence| Refusal::of(sentence) == Refusal::ContactNameTaken) {
            return Ok(Found::Refused(Failure::refused(sentences, &subject)));
        }
        let result = crate::call_xero!(session, |tenant| tenant.contacts_by_name(&name));
        let named = self.or_stop(session, result).await?;
        let lower = name.to_lowercase();
        let active = named
            .iter()
            .find(|contact| contact.contact_status == ContactStatus::Active && contact.name.to_lowercase() == lower);
        match active {
            Some(contact) => self.remember(reference, contact).await,
            None => Ok(Found::Refused(Failure::refused(sentences, &subject))),
        }
    }

    /// Stores which contact it is; an archived one is reported, a merged one followed.
    async fn remember(&self, mut reference: ContactReference, contact: &Contact) -> Result<Found, Stop> {
        let id = match (&contact.contact_status, contact.merged_to) {
            (_, Some(survivor)) => survivor,
            (ContactStatus::Active, None) => contact.contact_id,
            // A create's answer may leave the status out; only a status that says otherwise counts.
            (ContactStatus::Other(status), None) if status.is_empty() => contact.contact_id,
            (ContactStatus::Archived | ContactStatus::GdprRequest | ContactStatus::Other(_), None) => {
                return Ok(Found::Refused(Failure::contact_archived(&contact.name)));
            }
        };
        reference.contact = Some(id);
        match self.contacts.put_contact(&mut reference).await? {
            Written::Done => Ok(Found::Contact(id)),
            Written::Conflict => Err(Stop::Again(STORE_WAIT)),
        }
    }

    /// The contact that an archived one was merged into, if it was; the reference follows it.
    pub(super) async fn follow_merge(&self, session: &Session<'_>, job: &Job) -> Result<Option<ContactId>, Stop> {
        let (Some(account), Some(party), Some(contact)) = (job.account(), job.party(), job.contact) else {
            return Ok(None);
        };
        let result = crate::call_xero!(session, |tenant| tenant.contact(contact));
        let survivor = self.or_stop(session, result).await?.and_then(|contact| contact.merged_to);
        let Some(survivor) = survivor else { return Ok(None) };
        if let Some(mut reference) = self.contacts.contact(account, session.tenant_id(), &party.id).await? {
            reference.contact = Some(survivor);
            if self.contacts.put_contact(&mut reference).await? == Written::Conflict {
                return Err(Stop::Again(STORE_WAIT));
            }
        }
        Ok(Some(survivor))
    }

    /// The result of a call, or what it means for the run.
    pub(super) async fn or_stop<T>(&self, session: &Session<'_>, result: Result<T, Interruption>) -> Result<T, Stop> {
        match result {
            Ok(value) => Ok(value),
            Err(interruption) => Err(self.interrupted(session, interruption).await?),
        }
    }
}

/// The key covers what is sent: the same organisations of the same tenant have the same.
fn idempotency_key(tenant: TenantId, create: &[(ContactReference, Party)]) -> IdempotencyKey {
    let mut hash = Sha256::new();
    hash.update(tenant.to_string());
    for (reference, _) in create {
        hash.update(reference.organisation.as_bytes());
        hash.update(reference.revision.to_be_bytes());
    }
    super::create::key_of("contacts", hash)
}

fn needs_contact(job: &Job) -> bool {
    !job.is_over() && matches!(job.step(), Want::Create | Want::Update)
}
