//! Details that changed in Sessional are brought up to date in Xero: only of contacts that we made, only where Xero
//! still has what we last wrote, and once for each change. A new name is offered and not applied, since it would stand
//! on old invoices too. Whatever comes of it, the document goes on.

use super::{ContactReference, ToldDetails, Wanted};
use crate::ports::Written;
use crate::random;
use crate::session::Session;
use crate::sync::create::key_of;
use crate::sync::party::{Digests, FIRST_PHONE, INVOICE_ADDRESS, Party};
use crate::sync::{Stop, Sync};
use sha2::{Digest as _, Sha256};
use xero::models::{Contact, ContactUpdate, Phone};
use xero::{ContactId, Element};

/// One detail of somebody, as it is named to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Detail {
    Email,
    Phone,
    Address,
}

impl Detail {
    const ALL: [Self; 3] = [Self::Email, Self::Phone, Self::Address];

    fn as_str(self) -> &'static str {
        match self {
            Self::Email => "e-mail address",
            Self::Phone => "telephone number",
            Self::Address => "postal address",
        }
    }

    fn of(self, digests: &Digests) -> Option<&String> {
        match self {
            Self::Email => digests.email.as_ref(),
            Self::Phone => digests.phone.as_ref(),
            Self::Address => digests.address.as_ref(),
        }
    }

    fn set(self, digests: &mut Digests, value: Option<String>) {
        match self {
            Self::Email => digests.email = value,
            Self::Phone => digests.phone = value,
            Self::Address => digests.address = value,
        }
    }
}

impl Sync<'_> {
    /// Compares what is told of somebody now with what was told before; what the user should know of it.
    pub(super) async fn bring_up_to_date(
        &self,
        session: &Session<'_>,
        mut reference: ContactReference,
        contact: ContactId,
        wanted: &Wanted,
    ) -> Result<Vec<String>, Stop> {
        let Some(told) = reference.told.clone() else { return Ok(Vec::new()) };
        let is_older = wanted.order.is_some_and(|order| order.is_before(told.order.as_ref()));
        let party = &wanted.party;
        let (name, details) = (name_digest(&party.name), party.digests());
        // What is not told any more is not taken away: nobody has said that it is wrong.
        let changed: Vec<Detail> = Detail::ALL
            .into_iter()
            .filter(|detail| detail.of(&details).is_some() && detail.of(&details) != detail.of(&told.details))
            .collect();
        if is_older || (changed.is_empty() && name == told.name) {
            return Ok(Vec::new());
        }
        let mut remarks = Vec::new();
        if name != told.name {
            remarks.push(format!(
                "The name is now \u{201c}{}\u{201d} in Sessional. The contact in Xero keeps its name, because a new one \
                 would stand on its old invoices too: rename it in Xero if that is right.",
                party.name
            ));
        }
        let mut now =
            ToldDetails { order: wanted.order, name, details: told.details.clone(), written: told.written.clone() };
        for detail in &changed {
            detail.set(&mut now.details, detail.of(&details).cloned());
        }
        if !changed.is_empty() {
            remarks.extend(match (reference.linked_by_hand, reference.is_made) {
                (true, _) => vec![kept(&changed, party, "you chose the contact in Xero yourself")],
                (false, true) => self.write_details(session, contact, party, &changed, &mut now).await?,
                (false, false) => vec![kept(&changed, party, "the contact in Xero was not made by Sessional")],
            });
        }
        reference.told = Some(now);
        match self.contacts.put_contact(&mut reference).await? {
            Written::Done => {}
            // Somebody else was faster; what is told next is compared again.
            Written::Conflict => tracing::info!("a contact was changed by somebody else meanwhile"),
        }
        Ok(remarks)
    }

    /// Writes what is still as we last wrote it.
    async fn write_details(
        &self,
        session: &Session<'_>,
        contact: ContactId,
        party: &Party,
        changed: &[Detail],
        now: &mut ToldDetails,
    ) -> Result<Vec<String>, Stop> {
        let read = crate::call_xero!(session, |tenant| tenant.contact(contact));
        let Some(shown) = self.or_stop(session, read).await?.filter(super::is_usable) else {
            return Ok(vec![kept(changed, party, "the contact is archived in Xero")]);
        };
        let theirs = Digests::of_contact(&shown);
        let (ours, foreign): (Vec<Detail>, Vec<Detail>) =
            changed.iter().partition(|detail| detail.of(&theirs) == detail.of(&now.written));
        let mut remarks = Vec::new();
        if !foreign.is_empty() {
            remarks.push(kept(&foreign, party, "somebody has changed it in Xero"));
        }
        if ours.is_empty() {
            return Ok(remarks);
        }
        let update = draw_update(&shown, party, &ours);
        let mut hash = Sha256::new();
        hash.update(session.tenant_id().to_string());
        hash.update(contact.to_string());
        for detail in &ours {
            hash.update(detail.of(&now.details).map(String::as_str).unwrap_or_default());
        }
        hash.update(self.clock.now().as_millisecond().to_be_bytes());
        let key = key_of("contact", hash);
        let result = crate::call_xero!(session, |tenant| tenant.update_contact(&update, &key));
        match result {
            Ok(Element::Ok(..)) => {
                let written = party.digests();
                for detail in ours {
                    detail.set(&mut now.written, detail.of(&written).cloned());
                }
                tracing::info!("a contact's details were brought up to date");
            }
            Ok(Element::Refused { .. }) => remarks.push(kept(&ours, party, "Xero does not accept it")),
            Err(error) => {
                tracing::info!(reason = %error, "a contact's details could not be brought up to date");
                remarks.push(kept(&ours, party, "Xero did not take it"));
            }
        }
        Ok(remarks)
    }
}

/// Lists are replaced as a whole, so what else is in them is sent along.
fn draw_update(shown: &Contact, party: &Party, changed: &[Detail]) -> ContactUpdate {
    let phones = party.phone.clone().filter(|_| changed.contains(&Detail::Phone)).map(|number| {
        let others =
            shown.phones.iter().filter(|phone| phone.phone_type != FIRST_PHONE && !phone.phone_number.is_empty());
        let ours = Phone { phone_type: FIRST_PHONE.to_owned(), phone_number: number, ..Phone::default() };
        others.cloned().chain([ours]).collect()
    });
    let addresses = party.address.clone().filter(|_| changed.contains(&Detail::Address)).map(|address| {
        let others = shown.addresses.iter().filter(|address| address.address_type != INVOICE_ADDRESS);
        others.cloned().chain([address]).collect()
    });
    ContactUpdate {
        contact_id: shown.contact_id,
        email_address: party.email.clone().filter(|_| changed.contains(&Detail::Email)),
        phones,
        addresses,
    }
}

fn kept(details: &[Detail], party: &Party, why: &str) -> String {
    let what: Vec<&str> = details.iter().map(|detail| detail.as_str()).collect();
    format!(
        "The {} of \u{201c}{}\u{201d} changed in Sessional and stays as it is in Xero: {why}.",
        what.join(" and the "),
        party.name
    )
}

pub(super) fn name_digest(name: &str) -> String {
    random::digest(&name.to_lowercase())
}
