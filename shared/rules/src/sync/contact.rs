//! Contacts: Sessional's organisation becomes one contact in Xero, found or created, never doubled.
//!
//! A reference that is stored counts. Without one the contact is created under our contact number, which Xero keeps
//! unique as it does names: what it refuses is looked up, by the number and by the name. A reference found as an intent
//! may have been created already, so the number is looked up first. What is told of somebody later is compared with
//! what was told before. A reference that the user linked by hand ([`link`]) is never looked up again.

mod choose;
mod create;
mod details;
pub mod link;

use super::party::{Digests, Party};
use super::{Job, Outcome, STORE_WAIT, Stop, Sync};
use crate::account::AccountId;
use crate::failure::Failure;
use crate::ports::Written;
use crate::record::{EventOrder, Want};
use crate::session::{Interruption, Session};
use create::NewParty;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use xero::models::{Contact, ContactStatus};
use xero::{ContactId, TenantId};

/// The version of the stored reference.
pub const VERSION: u32 = 1;
/// Contacts that were merged into one that was merged itself are followed so far.
const MOST_MERGES: u32 = 5;

/// On which side of the books somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartyRole {
    /// Is invoiced.
    Client,
    /// Is paid.
    Supplier,
}

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
    /// On which side it was met first; not known of those from before this was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<PartyRole>,
    /// Whether Sessional made the contact: only then are its details brought up to date.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_made: bool,
    /// Whether the user chose the contact: only another choice, or a merge in Xero, leads to another one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub linked_by_hand: bool,
    /// What was last told of it; not known of those from before this was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<ToldDetails>,
}

impl ContactReference {
    /// The reference of somebody who has no contact yet.
    fn new(account: AccountId, tenant: TenantId, organisation: String, role: PartyRole) -> Self {
        Self {
            version: VERSION,
            account,
            tenant,
            organisation,
            revision: 0,
            contact: None,
            role: Some(role),
            is_made: false,
            linked_by_hand: false,
            told: None,
        }
    }
}

/// What Sessional last told of somebody, and what of it is in Xero: hashes, since the details themselves are no
/// business of a table's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldDetails {
    /// The order of the event that told it: older never comes over newer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<EventOrder>,
    /// The name.
    pub name: String,
    /// What was told.
    pub details: Digests,
    /// What we last wrote to Xero.
    pub written: Digests,
}

/// What was found for an organisation.
enum Found {
    /// The contact, and what the user should know of it.
    Contact(ContactId, Vec<String>),
    /// Its documents cannot be made.
    Refused(Failure),
    /// Xero did not answer; how often it failed for this contact alone is counted.
    NoAnswer { counts: bool },
    /// There was no place for it in this run any more.
    Later,
}

/// Somebody whose contact is wanted.
struct Wanted {
    party: Party,
    order: Option<EventOrder>,
}

impl Sync<'_> {
    /// Gives every job its contact; a job whose contact Xero refuses gets a failed record.
    pub(super) async fn resolve_contacts(&self, session: &Session<'_>, jobs: &mut [Job]) -> Result<(), Stop> {
        let mut wanted: BTreeMap<String, Wanted> = BTreeMap::new();
        for job in jobs.iter().filter(|job| needs_contact(job)) {
            let Some(party) = job.party() else { continue };
            let new = Wanted { order: order_of(job), party };
            match wanted.get_mut(&new.party.id) {
                Some(known) if new.order.is_some_and(|order| order.is_after(known.order.as_ref())) => *known = new,
                Some(_) => {}
                None => drop(wanted.insert(new.party.id.clone(), new)),
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let Some(account) = jobs.iter().find_map(Job::account).cloned() else { return Ok(()) };
        let mut found = BTreeMap::new();
        let result = self.find_contacts(session, &account, wanted, &mut found).await;
        for job in jobs.iter_mut().filter(|job| needs_contact(job)) {
            let Some(party) = job.party() else { continue };
            match found.get(&party.id) {
                Some(Found::Contact(contact, remarks)) => {
                    job.contact = Some(*contact);
                    job.remarks.clone_from(remarks);
                }
                Some(Found::Refused(failure)) => self.refuse(job, failure.clone()).await?,
                Some(Found::NoAnswer { counts }) => self.not_reached(job, *counts).await?,
                Some(Found::Later) => self.wait_for_turn(job).await?,
                None if result.is_ok() => job.outcome = Some(Outcome::Again(STORE_WAIT)),
                None => {}
            }
        }
        match result {
            // Who has a contact goes on: only those that wait for the answer have none.
            Err(Stop::Unanswered(why)) => {
                tracing::warn!(error = why, "a contact has no answer from Xero");
                for job in jobs.iter_mut().filter(|job| needs_contact(job) && job.contact.is_none()) {
                    self.not_reached(job, false).await?;
                }
                Ok(())
            }
            other => other,
        }
    }

    async fn find_contacts(
        &self,
        session: &Session<'_>,
        account: &AccountId,
        wanted: BTreeMap<String, Wanted>,
        found: &mut BTreeMap<String, Found>,
    ) -> Result<(), Stop> {
        let tenant = session.tenant_id();
        let mut create: Vec<NewParty> = Vec::new();
        for (id, wanted) in wanted {
            let Some(reference) = self.contacts.contact(account, tenant, &id).await? else {
                match self.intend_contact(account, tenant, &wanted.party).await? {
                    Some(reference) => create.push(NewParty::new(reference, wanted, false)),
                    // Another function is creating it at this moment: these jobs come again.
                    None => continue,
                }
                continue;
            };
            if let Some(contact) = reference.contact {
                let remarks = self.bring_up_to_date(session, reference, contact, &wanted).await?;
                found.insert(id, Found::Contact(contact, remarks));
                continue;
            }
            match self.by_number(session, &reference.organisation).await? {
                // An earlier try made it, and its answer was lost.
                Some(contact) => {
                    let new = NewParty::new(reference, wanted, true);
                    let contact = self.store_contact(session, new, &contact, true).await?;
                    found.insert(id, contact);
                }
                // Xero repeats a stored error for the same key: the raised revision makes a new one.
                None => create.push(NewParty::new(self.intend_again(reference).await?, wanted, true)),
            }
        }
        self.create_contacts(session, create, found).await
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
        party: &Party,
    ) -> Result<Option<ContactReference>, Stop> {
        let mut reference = ContactReference::new(account.clone(), tenant, party.id.clone(), party.role);
        match self.contacts.put_contact(&mut reference).await? {
            Written::Done => Ok(Some(reference)),
            Written::Conflict => Ok(None),
        }
    }

    async fn by_number(&self, session: &Session<'_>, number: &str) -> Result<Option<Contact>, Stop> {
        let result = crate::call_xero!(session, |tenant| tenant.contact_by_number(number));
        self.or_stop(session, result).await
    }

    /// Stores which contact it is; an archived one is reported, a merged one followed. `made` when Sessional made it.
    async fn store_contact(
        &self,
        session: &Session<'_>,
        new: NewParty,
        contact: &Contact,
        made: bool,
    ) -> Result<Found, Stop> {
        let survivor = self.survivor(session, contact).await?;
        let is_itself = survivor.contact_id == contact.contact_id;
        if !is_usable(&survivor) {
            return Ok(Found::Refused(Failure::contact_archived(&survivor.name)));
        }
        let NewParty { mut reference, party, order, remarks, .. } = new;
        let is_ours = contact.contact_number.as_deref().is_some_and(|number| number.eq_ignore_ascii_case(&party.id));
        reference.contact = Some(survivor.contact_id);
        reference.is_made = made && is_ours && is_itself;
        let details = party.digests();
        let written = if reference.is_made { details.clone() } else { Digests::default() };
        reference.told = Some(ToldDetails { order, name: details::name_digest(&party.name), details, written });
        match self.contacts.put_contact(&mut reference).await? {
            Written::Done => Ok(Found::Contact(survivor.contact_id, remarks)),
            Written::Conflict => Err(Stop::Again(STORE_WAIT)),
        }
    }

    /// The contact that one was merged into, as far as that goes.
    pub(super) async fn survivor(&self, session: &Session<'_>, contact: &Contact) -> Result<Contact, Stop> {
        let mut at = contact.clone();
        for _ in 0..MOST_MERGES {
            let Some(next) = at.merged_to else { break };
            let result = crate::call_xero!(session, |tenant| tenant.contact(next));
            match self.or_stop(session, result).await? {
                Some(next) => at = next,
                None => break,
            }
        }
        Ok(at)
    }

    /// The contact that an archived one was merged into, if it was; the reference follows it. Where the user has chosen
    /// another contact meanwhile, that is the one.
    pub(super) async fn follow_merge(&self, session: &Session<'_>, job: &Job) -> Result<Option<ContactId>, Stop> {
        let (Some(account), Some(party), Some(contact)) = (job.account(), job.party(), job.contact) else {
            return Ok(None);
        };
        let reference = self.contacts.contact(account, session.tenant_id(), &party.id).await?;
        let chosen = reference.as_ref().and_then(|reference| reference.contact).filter(|chosen| *chosen != contact);
        if chosen.is_some() {
            return Ok(chosen);
        }
        let result = crate::call_xero!(session, |tenant| tenant.contact(contact));
        let Some(read) = self.or_stop(session, result).await? else { return Ok(None) };
        let survivor = self.survivor(session, &read).await?;
        if survivor.contact_id == contact || !is_usable(&survivor) {
            return Ok(None);
        }
        if let Some(mut reference) = reference {
            reference.contact = Some(survivor.contact_id);
            // What the survivor says of itself was written by others.
            reference.is_made = false;
            if self.contacts.put_contact(&mut reference).await? == Written::Conflict {
                return Err(Stop::Again(STORE_WAIT));
            }
        }
        Ok(Some(survivor.contact_id))
    }

    /// The result of a call, or what it means for the run.
    pub(super) async fn or_stop<T>(&self, session: &Session<'_>, result: Result<T, Interruption>) -> Result<T, Stop> {
        match result {
            Ok(value) => Ok(value),
            Err(interruption) => Err(self.interrupted(session, interruption).await?),
        }
    }
}

/// Whether documents can be made for a contact.
fn is_usable(contact: &Contact) -> bool {
    match &contact.contact_status {
        ContactStatus::Active => contact.merged_to.is_none(),
        // A create's answer may leave the status out; only a status that says otherwise counts.
        ContactStatus::Other(status) => status.is_empty() && contact.merged_to.is_none(),
        ContactStatus::Archived | ContactStatus::GdprRequest => false,
    }
}

fn order_of(job: &Job) -> Option<EventOrder> {
    job.record.as_ref()?.registers.content.as_ref().map(|content| content.order)
}

fn needs_contact(job: &Job) -> bool {
    !job.is_over() && matches!(job.step(), Want::Create | Want::Update)
}
