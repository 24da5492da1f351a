//! A dry run: what a sync would send to Xero for each event, and what would stop it. It is told from the
//! connection, the mapping, the records and what is known of the organisation; it asks Xero nothing, sends
//! nothing and stores nothing, so what Xero alone knows (a number that is taken) it cannot tell.

mod forecast;
mod requests;

pub use forecast::{Forecast, Prospect, Request};

use super::create;
use super::job::Job;
use super::mark::AppLinks;
use super::party::Party;
use super::update::{DocumentUpdate, Wanted};
use crate::account::AccountId;
use crate::connection::{Connection, Status};
use crate::event::Event;
use crate::failure::Failure;
use crate::mapping::Choices;
use crate::organisation::Facts;
use crate::ports::{Answer, Connections, Contacts, Mappings, Organisations, Records};
use crate::record::{Acceptance, Record, RecordKey, Standing, Want};
use crate::sync::document::Document;
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use xero::TenantId;

/// The dry run of one account's events.
pub struct DryRun<'a> {
    /// Connections.
    pub connections: &'a dyn Connections,
    /// Mappings.
    pub mappings: &'a dyn Mappings,
    /// What is known of organisations.
    pub organisations: &'a dyn Organisations,
    /// Records.
    pub records: &'a dyn Records,
    /// References to contacts.
    pub contacts: &'a dyn Contacts,
    /// How links into the app are made.
    pub links: &'a AppLinks,
}

/// What is known of the account, and what the events before this one would have changed.
struct World {
    account: AccountId,
    tenant: TenantId,
    lost: bool,
    choices: Choices,
    facts: Option<Arc<Facts>>,
    now: Timestamp,
    records: HashMap<RecordKey, Record>,
    new_contacts: HashSet<String>,
}

impl DryRun<'_> {
    /// What would become of each event, in their order; none for an account without a connected organisation.
    ///
    /// # Errors
    /// When a store cannot be reached.
    pub async fn run(
        &self,
        account: &AccountId,
        events: Vec<(Event, String)>,
        now: Timestamp,
    ) -> Answer<Option<Vec<Forecast>>> {
        let connection = self.connections.connection(account).await?;
        let Some((tenant, lost)) = connection.as_ref().and_then(receives) else { return Ok(None) };
        let mapping = self.mappings.mapping(account, tenant).await?;
        let mut world = World {
            account: account.clone(),
            tenant,
            lost,
            choices: mapping.map(|mapping| mapping.choices).unwrap_or_default(),
            facts: self.organisations.facts(account, tenant).await?,
            now,
            records: HashMap::new(),
            new_contacts: HashSet::new(),
        };
        let mut forecasts = Vec::with_capacity(events.len());
        for (event, raw) in events {
            forecasts.push(self.forecast(&mut world, Job::new(event, raw)).await?);
        }
        Ok(Some(forecasts))
    }

    async fn forecast(&self, world: &mut World, mut job: Job) -> Answer<Forecast> {
        let Some((kind, id, number)) = job.subject() else { return Ok(Forecast::nothing("It is no event")) };
        let key = RecordKey { account: world.account.clone(), tenant: world.tenant, kind, id };
        let known = match world.records.get(&key) {
            Some(record) => Some(record.clone()),
            None => self.records.record(&key).await?,
        };
        let record = known.unwrap_or_else(|| Record::new(key.clone(), &number, world.now));
        let accepted = job.take_record(record, world.now);
        if let Some(forecast) = accepted.and_then(unchanged) {
            return Ok(forecast);
        }
        let forecast = match job.step() {
            Want::Nothing => Forecast::nothing("Nothing is left to do: Xero has it already, or it was taken back"),
            Want::TakeBack => take_back(&mut job, world),
            Want::Create | Want::Update | Want::Remove if world.lost => Forecast::hold(Failure::connection_lost()),
            Want::Remove => remove(&mut job, world),
            Want::Update => self.update(world, &mut job).await?,
            Want::Create => self.create(world, &mut job).await?,
        };
        if let Some(record) = job.record {
            world.records.insert(key, record);
        }
        Ok(forecast)
    }

    async fn create(&self, world: &mut World, job: &mut Job) -> Answer<Forecast> {
        if let Some(forecast) = unmapped(job, &world.choices) {
            return Ok(forecast);
        }
        let contact = self.contact(world, job).await?;
        let drawn = match self.draw(world, job) {
            Ok(drawn) => drawn,
            Err(failure) => return Ok(Forecast::fail(failure)),
        };
        world.new_contacts.extend(contact.iter().map(|party| party.id.clone()));
        let mut forecast = Forecast::of(Prospect::WouldCreate, create_message(job));
        forecast.requests.extend(contact.map(|party| requests::contact(&party)));
        forecast.requests.push(requests::create(&drawn));
        let told = job.told();
        if let Some(record) = job.record.as_mut() {
            record.reference = Some(requests::unknown_reference(&drawn));
            record.content_hash = Some(drawn.content());
            record.told = told;
            record.sent = matches!(&drawn, Document::Invoice(invoice) if invoice.sent_to_contact == Some(true));
            record.clear();
            record.stands = Standing::Synced;
        }
        Ok(forecast)
    }

    async fn update(&self, world: &mut World, job: &mut Job) -> Answer<Forecast> {
        if job.invoice().is_some() && world.choices.sales.is_none() {
            return Ok(Forecast::hold(Failure::sales_not_mapped()));
        }
        let Some(wanted) = Wanted::of(job) else { return Ok(Forecast::nothing("It is no event")) };
        if wanted.is_nothing() {
            return Ok(Forecast::nothing("Xero has this content already"));
        }
        let stands = job.record.as_ref().map_or(Standing::NotInXero, |record| record.stands);
        if let Some(failure) = unchangeable(job, &wanted, stands) {
            return Ok(Forecast::fail(failure));
        }
        let contact = self.contact(world, job).await?;
        let drawn = match wanted.parts.is_empty() {
            true => None,
            false => match self.draw(world, job) {
                Ok(drawn) => Some(drawn),
                Err(failure) => return Ok(Forecast::fail(failure)),
            },
        };
        world.new_contacts.extend(contact.iter().map(|party| party.id.clone()));
        let (changed, told) = (!wanted.parts.is_empty(), wanted.told.clone());
        let Some(facts) = world.facts.clone() else { return Ok(Forecast::fail(Failure::no_answer())) };
        let change = match wanted.compose(job, drawn, None, &facts) {
            Ok(change) => change,
            Err(failure) => return Ok(Forecast::fail(failure)),
        };
        let mut forecast = match (changed, change.mark) {
            (true, true) => Forecast::of(Prospect::WouldUpdate, "It would be updated in Xero and marked as sent"),
            (true, false) => Forecast::of(Prospect::WouldUpdate, "It would be updated in Xero"),
            (false, _) => Forecast::of(Prospect::WouldMarkSent, "It would be marked as sent in Xero"),
        };
        forecast.requests.extend(contact.map(|party| requests::contact(&party)));
        forecast.requests.push(match &change.update {
            DocumentUpdate::Invoice(update) => requests::update(update),
            DocumentUpdate::SpendMoney(update) => requests::update_spend_money(update),
        });
        if let Some(record) = job.record.as_mut() {
            record.told = Some(told);
            record.sent |= change.mark;
            record.clear();
        }
        Ok(forecast)
    }

    fn draw(&self, world: &World, job: &Job) -> Result<Document, Failure> {
        let facts = world.facts.as_ref().ok_or_else(Failure::no_answer)?;
        create::draw(&world.choices, facts, self.links, job)
    }

    /// Gives the job its contact; a contact that would have to be made is given back.
    async fn contact(&self, world: &World, job: &mut Job) -> Answer<Option<Party>> {
        let Some(party) = job.party() else { return Ok(None) };
        let stored = self.contacts.contact(&world.account, world.tenant, &party.id).await?;
        let known = stored.and_then(|reference| reference.contact);
        job.contact = Some(known.unwrap_or_else(requests::unknown_contact));
        let new = known.is_none() && !world.new_contacts.contains(&party.id);
        Ok(new.then_some(party))
    }
}

/// Where work goes, and whether it is held.
fn receives(connection: &Connection) -> Option<(TenantId, bool)> {
    let tenant = connection.organisation.as_ref()?.tenant;
    match connection.status {
        Status::Connected => Some((tenant, false)),
        Status::Error => Some((tenant, true)),
        Status::ChooseOrganisation | Status::Disconnected => None,
    }
}

fn unmapped(job: &Job, choices: &Choices) -> Option<Forecast> {
    if job.invoice().is_some() && choices.sales.is_none() {
        return Some(Forecast::hold(Failure::sales_not_mapped()));
    }
    let expense = job.expense()?;
    let unmapped = !choices.expenses.contains_key(&expense.category);
    unmapped.then(|| Forecast::skip(Failure::category_not_mapped(expense.category.word())))
}

fn create_message(job: &Job) -> &'static str {
    if job.maybe_sent {
        return "An earlier try may have arrived: it would be looked up in Xero, and created if it is not there";
    }
    "It would be created in Xero"
}

/// What is told of an event that changes nothing.
fn unchanged(accepted: Acceptance) -> Option<Forecast> {
    match accepted {
        Acceptance::Taken | Acceptance::Repeated => None,
        Acceptance::Ignored(why) => Some(Forecast::nothing(why)),
        Acceptance::NotSentYet => Some(Forecast::skip(Failure::not_sent_yet())),
    }
}

/// What is known to be refused without a look at Xero.
fn unchangeable(job: &Job, wanted: &Wanted, stands: Standing) -> Option<Failure> {
    let subject = create::subject(job);
    match stands {
        Standing::Voided | Standing::Deleted => Some(Failure::voided_in_xero(&subject)),
        Standing::Paid if job.invoice().is_some() => {
            let kept: Vec<&str> = wanted.parts.iter().map(|part| part.as_str()).collect();
            Some(Failure::paid_cannot_be_changed(&subject, false, &kept))
        }
        _ => None,
    }
}

fn take_back(job: &mut Job, world: &World) -> Forecast {
    if let Some(record) = job.record.as_mut() {
        record.take_back(world.now);
    }
    Forecast::nothing("It was never sent: nothing goes to Xero, and a create that comes later is not sent either")
}

fn remove(job: &mut Job, world: &World) -> Forecast {
    let subject = create::subject(job);
    let Some(record) = job.record.as_mut() else { return Forecast::nothing("There is no record of it") };
    if matches!(record.stands, Standing::PartPaid | Standing::Paid) {
        return Forecast::fail(Failure::paid_cannot_be_removed(&subject));
    }
    let Some(reference) = record.reference.clone() else { return Forecast::nothing("It is not in Xero") };
    record.void(Standing::Voided, "Voided in Xero", world.now);
    requests::remove(&reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_yet_is_named_and_never_a_real_id() {
        let unknown = requests::unknown_contact();
        let request = requests::shown("PUT", "/Contacts", "", &format!(r#"{{"ContactID":"{unknown}"}}"#));
        assert_eq!(request.body["ContactID"], "(ContactID of the new contact)");
    }
}
