//! Contacts that the user chose: a client's documents go there, whatever Xero has under its number and its name, and
//! nothing but another choice or a merge leads elsewhere.

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use rig::shelf::Shelf;
use rules::failure::Cause;
use rules::ports::{Answer, Contacts, Written};
use rules::record::{Kind, State};
use rules::sync::contact::ContactReference;
use rules::sync::contact::link::{ContactChoices, LinkError, LinkedContact};
use rules::sync::message::run_record;
use rules::{AccountId, Problem};
use serde_json::{Value, json};
use uuid::Uuid;
use xero::{ContactId, TenantId};
use xero_stand_in::control::Act;

use crate::lab::{Lab, expense, invoice};

/// The client whose contact is chosen.
const OURS: &str = "org_our";
const NAME: &str = "Ines Falk";

fn told(id: &str, organisation: &str, name: &str, email: Option<&str>) -> Value {
    invoice("invoice.created", id, |event| {
        event["organisation"] = json!({ "id": organisation, "name": name });
        if let Some(email) = email {
            event["organisation"]["email"] = json!(email);
        }
    })
}

impl Lab {
    async fn contact(&self, fields: Value) -> anyhow::Result<Uuid> {
        Ok(self.act(&Act::CreateContact { fields }).await?.expect("a contact has an id"))
    }

    async fn search(&self, text: &str) -> anyhow::Result<ContactChoices> {
        Ok(self.world.search_contacts(&self.xero, &self.tenant, text).await??)
    }

    async fn choose(
        &self,
        contacts: &dyn Contacts,
        organisation: &str,
        contact: Uuid,
    ) -> anyhow::Result<Result<LinkedContact, LinkError>> {
        self.world.link_contact(&self.xero, contacts, &self.tenant, organisation, contact).await
    }

    async fn link(&self, organisation: &str, contact: Uuid) -> anyhow::Result<LinkedContact> {
        Ok(self.choose(&self.world.shelf, organisation, contact).await??)
    }

    /// What the user is told of a choice that is refused.
    async fn refused(&self, organisation: &str, contact: Uuid) -> anyhow::Result<Problem> {
        match self.choose(&self.world.shelf, organisation, contact).await? {
            Err(LinkError::Refused(problem)) => Ok(problem),
            other => anyhow::bail!("it was not refused: {other:?}"),
        }
    }

    async fn reference(&self, organisation: &str) -> anyhow::Result<Option<ContactReference>> {
        Ok(self.world.shelf.contact(&self.tenant.account, self.tenant.id, organisation).await?)
    }

    /// Whose the invoice of an id is.
    async fn contact_of(&self, id: &str) -> anyhow::Result<Option<Uuid>> {
        let documents = self.documents().await?;
        let number = format!("SES-{id}");
        Ok(documents.iter().find(|it| it.number.as_deref() == Some(&*number)).map(|document| document.contact))
    }

    /// The user presses retry.
    async fn retry(&mut self, id: &str) -> anyhow::Result<()> {
        let record = self.invoice(id);
        let run = run_record("retry", &record.key, record.revision);
        let now = self.world.now();
        self.world.queue.send(run.account.as_str(), &run.deduplication, &run.event, now);
        self.drain().await
    }
}

fn chosen(reference: Option<&ContactReference>) -> Option<(Uuid, bool, bool)> {
    let reference = reference?;
    Some((*reference.contact?.as_uuid(), reference.linked_by_hand, reference.is_made))
}

#[tokio::test]
async fn an_invoice_goes_to_the_chosen_contact_whatever_the_name_and_the_number_say() -> anyhow::Result<()> {
    for known in ["nothing", "the name", "the number", "a contact that Sessional made", "a name that was found"] {
        let mut lab = Lab::open().await?;
        match known {
            "the name" => drop(lab.contact(json!({ "Name": NAME })).await?),
            "the number" => drop(lab.contact(json!({ "Name": "Falk", "ContactNumber": OURS })).await?),
            "a contact that Sessional made" => lab.run(&told("early", OURS, NAME, Some("old@one.example"))).await?,
            "a name that was found" => {
                lab.contact(json!({ "Name": NAME })).await?;
                lab.run(&told("early", OURS, NAME, None)).await?;
            }
            _ => {}
        }
        let early = lab.contact_of("early").await?;
        let wanted = lab.contact(json!({ "Name": "Falk Holdings", "EmailAddress": "books@falk.example" })).await?;
        let before = lab.calls().await?.len();
        let linked = lab.link(OURS, wanted).await?;
        let expected = ("org_our", ContactId::from_uuid(wanted), "Falk Holdings");
        assert_eq!((&*linked.organisation_id, linked.contact_id, &*linked.name), expected, "{known}");
        let revision = lab.reference(OURS).await?.map(|reference| reference.revision);
        // The same again stores nothing.
        assert_eq!(lab.link(OURS, wanted).await?, linked, "{known}");
        assert_eq!(lab.reference(OURS).await?.map(|reference| reference.revision), revision, "{known}");
        let methods: Vec<String> = lab.calls().await?.into_iter().skip(before).map(|call| call.method).collect();
        assert_eq!(methods, ["GET", "GET"], "{known}: each choice is one look");

        let (contacts, calls) = (lab.books().await?.contacts.len(), lab.calls().await?.len());
        lab.run(&told("now", OURS, NAME, Some("new@one.example"))).await?;
        assert_eq!(lab.contact_of("now").await?, Some(wanted), "{known}");
        assert_eq!((lab.books().await?.contacts.len(), lab.calls().await?.len()), (contacts, calls + 1), "{known}");
        assert_eq!(lab.invoice("now").state(), State::Synced, "{known}");
        assert_eq!(chosen(lab.reference(OURS).await?.as_ref()), Some((wanted, true, false)), "{known}");
        assert_eq!(lab.contact_of("early").await?, early, "{known}: what is in Xero keeps its contact");
    }
    Ok(())
}

#[tokio::test]
async fn the_chosen_contact_is_never_changed_and_its_name_does_not_matter() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(&told("early", OURS, NAME, Some("old@one.example"))).await?;
    let made = lab.contact_of("early").await?.expect("it is for somebody");
    // Even one that Sessional made is the user's from then on.
    lab.link(OURS, made).await?;
    lab.act(&Act::EditContact { contact: made, fields: json!({ "Name": "Falk Holdings" }) }).await?;
    lab.contact(json!({ "Name": "Ines Falk-Moor" })).await?;
    let mut renamed = told("now", OURS, "Ines Falk-Moor", Some("new@one.example"));
    renamed["occurred_at"] = json!("2026-11-20T11:00:00Z");
    lab.run(&renamed).await?;
    assert_eq!(lab.contact_of("now").await?, Some(made));
    let remark = lab.invoice("now").remark.expect("it is said");
    assert!(remark.contains("you chose the contact in Xero yourself") && remark.contains("keeps its name"), "{remark}");
    let all = lab.xero.side.control.snapshot(lab.tenant.uuid()).await?;
    let contacts = all["Contacts"].as_array().cloned().unwrap_or_default();
    let shown = contacts.iter().find(|contact| contact["ContactID"] == json!(made)).expect("it is there");
    assert_eq!((&shown["Name"], &shown["EmailAddress"]), (&json!("Falk Holdings"), &json!("old@one.example")));
    Ok(())
}

#[tokio::test]
async fn a_merge_of_the_chosen_contact_is_followed_and_the_choice_stays_one() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    let wanted = lab.contact(json!({ "Name": "Falk Holdings" })).await?;
    lab.link(OURS, wanted).await?;
    let survivor = lab.contact(json!({ "Name": "Falk Group" })).await?;
    lab.xero.side.control.merge_contacts(lab.tenant.uuid(), wanted, survivor).await?;
    lab.contact(json!({ "Name": NAME })).await?;
    for id in ["a", "b"] {
        lab.run(&told(id, OURS, NAME, None)).await?;
        assert_eq!((lab.contact_of(id).await?, lab.invoice(id).state()), (Some(survivor), State::Synced));
    }
    assert_eq!(chosen(lab.reference(OURS).await?.as_ref()), Some((survivor, true, false)));
    Ok(())
}

#[tokio::test]
async fn an_archived_choice_fails_the_document_until_another_is_chosen() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    let (wanted, other) =
        (lab.contact(json!({ "Name": "Falk Holdings" })).await?, lab.contact(json!({ "Name": "Falk Group" })).await?);
    lab.link(OURS, wanted).await?;
    lab.xero.side.control.archive_contact(lab.tenant.uuid(), wanted).await?;
    // Somebody of the very name is there, and is not taken.
    lab.contact(json!({ "Name": NAME, "ContactNumber": OURS })).await?;
    lab.run(&told("a", OURS, NAME, None)).await?;
    let record = lab.invoice("a");
    let failure = record.failure.as_ref().expect("it says why");
    assert_eq!((record.state(), failure.cause), (State::Failed, Cause::ContactArchived), "{failure:?}");
    assert_eq!(lab.contact_of("a").await?, None);

    lab.link(OURS, other).await?;
    assert_eq!(lab.invoice("a").state(), State::Failed, "nothing goes by itself");
    lab.retry("a").await?;
    assert_eq!((lab.contact_of("a").await?, lab.invoice("a").state()), (Some(other), State::Synced));
    assert_eq!(chosen(lab.reference(OURS).await?.as_ref()), Some((other, true, false)));
    Ok(())
}

#[tokio::test]
async fn what_failed_for_a_contact_that_was_looked_up_goes_to_the_chosen_one() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    let archived = lab.contact(json!({ "Name": "Falk", "ContactNumber": OURS })).await?;
    lab.xero.side.control.archive_contact(lab.tenant.uuid(), archived).await?;
    lab.run(&told("a", OURS, NAME, None)).await?;
    assert_eq!(lab.invoice("a").failure.map(|failure| failure.cause), Some(Cause::ContactArchived));
    let wanted = lab.contact(json!({ "Name": "Falk Holdings" })).await?;
    lab.link(OURS, wanted).await?;
    lab.retry("a").await?;
    assert_eq!((lab.contact_of("a").await?, lab.invoice("a").state()), (Some(wanted), State::Synced));
    Ok(())
}

#[tokio::test]
async fn two_clients_are_never_linked_to_one_contact() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    let wanted = lab.contact(json!({ "Name": "Falk Holdings" })).await?;
    lab.link("org_other", wanted).await?;
    let problem = lab.refused(OURS, wanted).await?;
    assert_eq!((problem.r#type, problem.status), ("/problems/contact-not-usable", 409));
    assert!(problem.detail.starts_with("Another of your clients is linked to this contact"), "{}", problem.detail);
    // Nor by its name.
    lab.run(&told("a", OURS, "Falk Holdings", None)).await?;
    let ours = lab.contact_of("a").await?.expect("it is for somebody");
    assert_ne!(ours, wanted);

    // A contact that carries our number of somebody else is theirs, whoever they are linked to now.
    lab.run(&told("b", "org_third", "Third Ltd", None)).await?;
    let third = lab.contact_of("b").await?.expect("it is for somebody");
    let free = lab.contact(json!({ "Name": "Third Holdings" })).await?;
    lab.link("org_third", free).await?;
    let problem = lab.refused(OURS, third).await?;
    assert!(problem.detail.starts_with("This contact carries the number of another"), "{}", problem.detail);
    assert_eq!(chosen(lab.reference(OURS).await?.as_ref()), Some((ours, false, true)), "nothing was stored");

    // It is free again for who it is named after; and a supplier shares with a client.
    lab.link("org_third", third).await?;
    lab.link(OURS, free).await?;
    lab.run(&expense("expense.logged", "e", |event| event["supplier"] = json!({ "id": "sup_1", "name": "Fuel Ltd" })))
        .await?;
    let fuel = lab.reference("sup_1").await?.and_then(|reference| reference.contact).expect("it has a contact");
    lab.link("org_fuel", *fuel.as_uuid()).await?;
    assert_eq!(lab.record(Kind::Expense, "e").state(), State::Synced);
    Ok(())
}

#[tokio::test]
async fn a_contact_that_no_document_can_be_made_for_cannot_be_chosen() -> anyhow::Result<()> {
    let lab = Lab::open().await?;
    let (tenant, control) = (lab.tenant.uuid(), &lab.xero.side.control);
    let problem = lab.refused(OURS, Uuid::from_u128(7)).await?;
    assert_eq!((problem.r#type, problem.status), ("/problems/not-found", 404));
    let archived = lab.contact(json!({ "Name": "Falk Holdings" })).await?;
    control.archive_contact(tenant, archived).await?;
    let merged = lab.contact(json!({ "Name": "Falk" })).await?;
    let survivor = lab.contact(json!({ "Name": "Falk Group" })).await?;
    control.merge_contacts(tenant, merged, survivor).await?;
    for (contact, says) in [(archived, "archived in Xero"), (merged, "merged into another")] {
        let problem = lab.refused(OURS, contact).await?;
        assert_eq!(problem.r#type, "/problems/contact-not-usable");
        assert!(problem.detail.contains(says), "{}", problem.detail);
    }
    assert_eq!(lab.reference(OURS).await?, None);
    Ok(())
}

#[tokio::test]
async fn a_search_shows_whom_a_client_can_be_linked_to_and_who_is_taken() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(&told("a", "org_made", "Falk & Daughters", None)).await?;
    let plain = lab.contact(json!({ "Name": "Ines FALK", "EmailAddress": "ines@quay.example" })).await?;
    let quoted =
        lab.contact(json!({ "Name": "Bob \"The Builder\" + Sons = 100% & #1", "ContactNumber": "CRM-77" })).await?;
    let linked = lab.contact(json!({ "Name": "Zoe", "FirstName": "Falka" })).await?;
    lab.link("org_linked", linked).await?;
    let archived = lab.contact(json!({ "Name": "Falk Holdings" })).await?;
    lab.xero.side.control.archive_contact(lab.tenant.uuid(), archived).await?;

    let before = lab.calls().await?.len();
    let found = lab.search(" falk ").await?;
    assert_eq!(lab.calls().await?.len() - before, 1, "one call");
    let shown: Vec<(&str, Option<&str>)> =
        found.contacts.iter().map(|choice| (&*choice.name, choice.linked_to.as_deref())).collect();
    assert_eq!(shown, [("Falk & Daughters", Some("org_made")), ("Ines FALK", None), ("Zoe", Some("org_linked"))]);
    assert!(!found.more);
    for (text, contact) in [
        ("ines@QUAY", plain),
        ("crm-77", quoted),
        ("\"the builder\"", quoted),
        ("100% & #", quoted),
        ("+ Sons = 1", quoted),
    ] {
        let found = lab.search(text).await?.contacts;
        let ids: Vec<Uuid> = found.iter().map(|choice| *choice.contact_id.as_uuid()).collect();
        assert_eq!(ids, [contact], "{text}");
    }
    assert!(lab.search("nobody").await?.contacts.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_search_shows_twenty_and_says_that_there_are_more() -> anyhow::Result<()> {
    let lab = Lab::open().await?;
    for number in 0..21 {
        lab.contact(json!({ "Name": format!("Quay {number:02}") })).await?;
    }
    let found = lab.search("quay").await?;
    assert_eq!((found.contacts.len(), found.more), (20, true));
    assert_eq!(found.contacts.first().map(|choice| choice.name.as_str()), Some("Quay 00"));
    let found = lab.search("quay 2").await?;
    assert_eq!((found.contacts.len(), found.more), (1, false));
    Ok(())
}

/// References that somebody else writes just before, so many times.
struct Contested<'a> {
    shelf: &'a Shelf,
    left: AtomicU32,
}

#[async_trait]
impl Contacts for Contested<'_> {
    async fn contact(&self, account: &AccountId, tenant: TenantId, id: &str) -> Answer<Option<ContactReference>> {
        self.shelf.contact(account, tenant, id).await
    }

    async fn contacts(&self, account: &AccountId, tenant: TenantId) -> Answer<Vec<ContactReference>> {
        self.shelf.contacts(account, tenant).await
    }

    async fn put_contact(&self, contact: &mut ContactReference) -> Answer<Written> {
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            let stored = self.shelf.contact(&contact.account, contact.tenant, &contact.organisation).await?;
            let written = self.shelf.put_contact(&mut stored.expect("there is one to be written")).await?;
            assert_eq!(written, Written::Done);
        }
        self.shelf.put_contact(contact).await
    }
}

#[tokio::test]
async fn a_choice_is_stored_again_over_what_was_written_meanwhile_and_no_third_time() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(&told("a", OURS, NAME, None)).await?;
    let made = lab.contact_of("a").await?.expect("it is for somebody");
    let wanted = lab.contact(json!({ "Name": "Falk Holdings" })).await?;
    for (writes, expected) in [(2, (made, false, true)), (1, (wanted, true, false))] {
        let before = lab.calls().await?.len();
        let contested = Contested { shelf: &lab.world.shelf, left: AtomicU32::new(writes) };
        let linked = lab.choose(&contested, OURS, wanted).await?;
        let refused = matches!(&linked, Err(LinkError::Refused(problem)) if problem.r#type == "/problems/conflict");
        assert_eq!((refused, linked.is_ok()), (writes == 2, writes == 1), "{linked:?}");
        assert_eq!(chosen(lab.reference(OURS).await?.as_ref()), Some(expected));
        assert_eq!(lab.calls().await?.len() - before, 1, "Xero is asked once");
    }
    Ok(())
}
