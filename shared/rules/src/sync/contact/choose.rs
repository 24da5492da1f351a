//! Which of the contacts of a name may stand for somebody: none that is another client's, by our number or by what is
//! stored, so that nobody's invoice goes to somebody else. A client and a supplier of one name share theirs.

use super::create::NewParty;
use super::{ContactReference, PartyRole};
use crate::session::Session;
use crate::sync::{Job, Stop, Sync};
use xero::ContactId;
use xero::models::Contact;

impl Sync<'_> {
    /// The active contact of exactly this name that may be taken, if there is one: the one with the same e-mail
    /// address first, then the one with the name to the letter.
    pub(super) async fn contact_of_name(&self, session: &Session<'_>, new: &NewParty) -> Result<Option<Contact>, Stop> {
        let name = &new.party.name;
        let result = crate::call_xero!(session, |tenant| tenant.contacts_by_name(name));
        let mut named = self.or_stop(session, result).await?;
        let lower = name.to_lowercase();
        named.retain(|contact| super::is_usable(contact) && contact.name.to_lowercase() == lower);
        if named.is_empty() {
            return Ok(None);
        }
        let known = self.contacts.contacts(&new.reference.account, new.reference.tenant).await?;
        named.retain(|contact| may_stand_for(contact, new, &known));
        let differs = |contact: &Contact| {
            let theirs = contact.email_address.as_deref().map(str::to_lowercase);
            theirs.is_none() || theirs != new.party.email.as_deref().map(str::to_lowercase)
        };
        // The order of those with the name to the letter is kept.
        Ok(named.into_iter().min_by_key(differs))
    }
}

impl Sync<'_> {
    /// Whether a document in Xero is for the client of a job: for its contact, or the one that this was merged into; where
    /// none is known yet, for one of exactly its name that is nobody else's.
    pub(in crate::sync) async fn is_for(
        &self,
        session: &Session<'_>,
        job: &Job,
        known: Option<ContactId>,
        shown: Option<&Contact>,
    ) -> Result<bool, Stop> {
        let (Some(account), Some(party), Some(shown)) = (job.account(), job.party(), shown) else { return Ok(false) };
        let Some(known) = known else {
            let others = self.contacts.contacts(account, session.tenant_id()).await?;
            let free = keeper(shown, party.role, Some(&party.id), &others).is_none();
            return Ok(free && shown.name.to_lowercase() == party.name.to_lowercase());
        };
        if known == shown.contact_id {
            return Ok(true);
        }
        let read = crate::call_xero!(session, |tenant| tenant.contact(known));
        let Some(contact) = self.or_stop(session, read).await? else { return Ok(false) };
        Ok(self.survivor(session, &contact).await?.contact_id == shown.contact_id)
    }
}

fn may_stand_for(contact: &Contact, new: &NewParty, known: &[ContactReference]) -> bool {
    let ours = &new.reference.organisation;
    carries_number(contact, ours) || keeper(contact, new.party.role, Some(ours), known).is_none()
}

/// Whose contact it is already, by what is stored or else by our number: somebody with whom nobody else on this side may
/// share it.
pub(super) fn keeper<'r>(
    contact: &Contact,
    role: PartyRole,
    ours: Option<&str>,
    known: &'r [ContactReference],
) -> Option<&'r ContactReference> {
    let others = known.iter().filter(|other| Some(other.organisation.as_str()) != ours && !may_share(role, other.role));
    let stored = others.clone().find(|other| other.contact == Some(contact.contact_id));
    stored.or_else(|| others.clone().find(|other| carries_number(contact, &other.organisation)))
}

fn carries_number(contact: &Contact, organisation: &str) -> bool {
    contact.contact_number.as_deref().is_some_and(|number| number.eq_ignore_ascii_case(organisation))
}

/// Whether one on this side may share the contact of another.
fn may_share(ours: PartyRole, theirs: Option<PartyRole>) -> bool {
    match (ours, theirs) {
        (PartyRole::Client, Some(PartyRole::Supplier)) => true,
        // What is not known may be a client, which a supplier may share with.
        (PartyRole::Supplier, Some(PartyRole::Client) | None) => true,
        (PartyRole::Client, Some(PartyRole::Client) | None) | (PartyRole::Supplier, Some(PartyRole::Supplier)) => false,
    }
}
