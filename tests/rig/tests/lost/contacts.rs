//! Contacts: whatever Xero has under somebody's number and name, the document is for the right one, nobody is doubled,
//! and nobody's invoice goes to somebody else.

use rules::failure::Cause;
use rules::record::{Kind, Record, State};
use serde_json::{Value, json};
use uuid::Uuid;
use xero_stand_in::control::{Act, FaultKind, JournalQuery};

use crate::lab::{Lab, expense, invoice};

/// Whose contact the rows are about.
const OURS: &str = "org_our";
const NAME: &str = "Ines Falk";
/// Its name in Xero, where that is another.
const OTHER_NAME: &str = "Falk and Daughters";

/// What is known of our number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    Unknown,
    /// A contact in Xero carries it, under another name; nothing is stored.
    InXero,
    InXeroMerged,
    InXeroArchived,
    Stored,
    StoredRenamed,
    StoredMerged,
    StoredArchived,
}

/// Who has the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Nobody,
    Active,
    OtherCase,
    /// An active one with a number that is none of ours.
    ForeignNumber,
    /// Another client of the account.
    OtherClient,
    Archived,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Happens {
    Created,
    Updated,
    Voided,
    Logged,
}

/// What has to come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// A new contact of this name.
    New(&'static str),
    /// The one that has the name.
    Named,
    /// The one that our number or our reference leads to.
    Known,
    /// The one that it was merged into.
    Survivor,
    /// Nothing: the contact is archived, and the user is told.
    Refused,
}

const NAMES: [Name; 6] =
    [Name::Nobody, Name::Active, Name::OtherCase, Name::ForeignNumber, Name::OtherClient, Name::Archived];

fn rows() -> Vec<(Number, Name, Happens, Expected)> {
    let mut rows = Vec::new();
    for name in NAMES {
        let (client, supplier) = match name {
            Name::Nobody | Name::Archived => (Expected::New(NAME), Expected::New(NAME)),
            Name::Active | Name::OtherCase | Name::ForeignNumber => (Expected::Named, Expected::Named),
            // A client and a supplier of one name share theirs; two clients never do.
            Name::OtherClient => (Expected::New("Ines Falk (2)"), Expected::Named),
        };
        rows.push((Number::Unknown, name, Happens::Created, client));
        rows.push((Number::Unknown, name, Happens::Logged, supplier));
        for happens in [Happens::Created, Happens::Logged] {
            rows.push((Number::InXero, name, happens, Expected::Known));
        }
    }
    for happens in [Happens::Created, Happens::Logged] {
        rows.push((Number::InXeroMerged, Name::Nobody, happens, Expected::Survivor));
        rows.push((Number::InXeroArchived, Name::Nobody, happens, Expected::Refused));
    }
    for happens in [Happens::Created, Happens::Updated, Happens::Voided, Happens::Logged] {
        rows.push((Number::Stored, Name::Active, happens, Expected::Known));
        rows.push((Number::Stored, Name::OtherClient, happens, Expected::Known));
        rows.push((Number::StoredRenamed, Name::Active, happens, Expected::Known));
        let (merged, archived) = match happens {
            // What is in Xero keeps the contact that it has there; a merge has moved it to the survivor.
            Happens::Voided | Happens::Updated => (Expected::Survivor, Expected::Known),
            Happens::Created | Happens::Logged => (Expected::Survivor, Expected::Refused),
        };
        rows.push((Number::StoredMerged, Name::Nobody, happens, merged));
        rows.push((Number::StoredArchived, Name::Nobody, happens, archived));
    }
    rows
}

/// Who is where before it happens.
#[derive(Debug, Default)]
struct Scene {
    named: Option<Uuid>,
    known: Option<Uuid>,
    survivor: Option<Uuid>,
}

async fn contact(lab: &Lab, fields: Value) -> anyhow::Result<Uuid> {
    Ok(lab.act(&Act::CreateContact { fields }).await?.expect("a contact has an id"))
}

fn ours(event: &mut Value, name: &str) {
    event["organisation"] = json!({ "id": OURS, "name": name });
}

async fn set(lab: &mut Lab, number: Number, name: Name) -> anyhow::Result<Scene> {
    let mut scene = Scene::default();
    let (control, tenant) = (lab.xero.side.control.clone(), lab.tenant.uuid());
    match number {
        Number::Unknown => {}
        Number::InXero | Number::InXeroMerged | Number::InXeroArchived => {
            scene.known = Some(contact(lab, json!({ "Name": OTHER_NAME, "ContactNumber": OURS })).await?);
        }
        Number::Stored | Number::StoredRenamed | Number::StoredMerged | Number::StoredArchived => {
            lab.run(&invoice("invoice.created", "early", |event| ours(event, OTHER_NAME))).await?;
            scene.known = lab.documents().await?.first().map(|document| document.contact);
        }
    }
    let known = scene.known.unwrap_or_default();
    match number {
        Number::Unknown | Number::InXero | Number::Stored => {}
        Number::StoredRenamed => {
            lab.act(&Act::EditContact { contact: known, fields: json!({ "Name": "Falk Holdings" }) }).await?;
        }
        Number::InXeroMerged | Number::StoredMerged => {
            let survivor = contact(lab, json!({ "Name": "Falk Group" })).await?;
            control.merge_contacts(tenant, known, survivor).await?;
            scene.survivor = Some(survivor);
        }
        Number::InXeroArchived | Number::StoredArchived => control.archive_contact(tenant, known).await?,
    }
    scene.named = match name {
        Name::Nobody => None,
        Name::Active => Some(contact(lab, json!({ "Name": NAME })).await?),
        Name::OtherCase => Some(contact(lab, json!({ "Name": "INES FALK" })).await?),
        Name::ForeignNumber => Some(contact(lab, json!({ "Name": NAME, "ContactNumber": "CRM-77" })).await?),
        Name::OtherClient => {
            lab.run(&invoice("invoice.created", "theirs", |event| {
                event["organisation"] = json!({ "id": "org_other", "name": NAME, "email": "ines@other.example" });
            }))
            .await?;
            lab.documents().await?.iter().find(|it| it.text.contains("theirs")).map(|document| document.contact)
        }
        Name::Archived => {
            let archived = contact(lab, json!({ "Name": NAME })).await?;
            control.archive_contact(tenant, archived).await?;
            Some(archived)
        }
    };
    Ok(scene)
}

async fn happen(lab: &mut Lab, happens: Happens) -> anyhow::Result<(Record, Option<Uuid>)> {
    let (kind, id) = match happens {
        Happens::Created => {
            lab.run(&invoice("invoice.created", "now", |event| ours(event, NAME))).await?;
            (Kind::Invoice, "now")
        }
        Happens::Updated => {
            lab.run(&invoice("invoice.sent", "early", |event| {
                ours(event, NAME);
                event["lines"][0]["unit_amount"] = json!("250.00");
                event["total"] = json!("300.00");
            }))
            .await?;
            (Kind::Invoice, "early")
        }
        Happens::Voided => {
            lab.run(&invoice("invoice.voided", "early", |event| ours(event, NAME))).await?;
            (Kind::Invoice, "early")
        }
        Happens::Logged => {
            let supplier = json!({ "id": OURS, "name": NAME });
            lab.run(&expense("expense.logged", "now", |event| event["supplier"] = supplier)).await?;
            (Kind::Expense, "now")
        }
    };
    let record = lab.record(kind, id);
    let reference = record.reference.as_ref().map(|reference| *reference.id.as_uuid());
    let documents = lab.documents().await?;
    let contact = documents.iter().find(|document| Some(document.id) == reference).map(|document| document.contact);
    Ok((record, contact))
}

#[tokio::test]
async fn every_situation_of_a_contact_ends_with_the_right_one() -> anyhow::Result<()> {
    let rows = rows();
    assert!(rows.len() >= 40, "{} rows", rows.len());
    let mut wrong = Vec::new();
    for (number, name, happens, expected) in rows {
        let row = format!("{number:?}, {name:?}, {happens:?}: {expected:?}");
        let mut lab = Lab::open().await?;
        let scene = set(&mut lab, number, name).await?;
        let before = lab.books().await?.contacts.len();
        let (record, contact) = happen(&mut lab, happens).await?;
        let books = lab.books().await?;
        let made = books.contacts.len() - before;
        let name_of = |id: Uuid| books.contacts.iter().find(|it| it.id == id).map(|it| it.name.clone());
        let right = match expected {
            Expected::New(name) => {
                made == 1 && contact.and_then(name_of).as_deref() == Some(name) && contact != scene.named
            }
            Expected::Named => made == 0 && contact == scene.named,
            Expected::Known => made == 0 && contact == scene.known,
            Expected::Survivor => made == 0 && contact == scene.survivor,
            Expected::Refused => {
                let told = record.failure.as_ref().is_some_and(|failure| failure.cause == Cause::ContactArchived);
                made == 0 && told
            }
        };
        let state = match (happens, expected) {
            (Happens::Voided, _) => State::Voided,
            (Happens::Created | Happens::Logged, Expected::Refused) => State::Failed,
            _ => State::Synced,
        };
        if !right || record.state() != state || !lab.world.queue.dead().is_empty() {
            wrong.push(format!("{row}\n  made {made}, for {contact:?} of {scene:?}\n  {record:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} rows are wrong:\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}

#[tokio::test]
async fn clients_of_one_name_are_as_many_contacts_and_the_user_is_told() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    for place in 0..4 {
        lab.send(&invoice("invoice.created", &format!("i{place}"), |event| {
            event["organisation"] =
                json!({ "id": format!("org_{place}x"), "name": NAME, "email": format!("ines{place}@one.example") });
        }));
    }
    lab.drain().await?;
    let books = lab.books().await?;
    let mut names: Vec<&str> =
        books.contacts.iter().map(|contact| contact.name.as_str()).filter(|name| name.starts_with(NAME)).collect();
    names.sort_unstable();
    assert_eq!(names, ["Ines Falk", "Ines Falk (2)", "Ines Falk (3)", "Ines Falk (4)"]);
    for place in 0..4 {
        let record = lab.invoice(&format!("i{place}"));
        let document = books.documents.iter().find(|it| it.text.contains(&format!("session i{place}"))).expect("made");
        let contact = books.contacts.iter().find(|it| it.id == document.contact).expect("it is for somebody");
        assert_eq!(contact.number.as_deref(), Some(format!("org_{place}x").as_str()));
        let told = record.remark.as_ref().is_some_and(|remark| remark.contains("is called"));
        assert_eq!(told, contact.name != NAME, "{record:?}");
    }
    Ok(())
}

#[tokio::test]
async fn names_with_signs_find_their_contact() -> anyhow::Result<()> {
    let long = "x".repeat(255);
    for name in [
        "Bob \"The Builder\" Ltd",
        "A\\B Ltd",
        "O'Brien & Sons",
        "Caf\u{e9} M\u{fc}ller",
        "100% Ltd",
        "A=B AND C",
        "  Two   Spaces  ",
        &long,
    ] {
        let mut lab = Lab::open().await?;
        // Whoever types it into Xero leaves the doubled blanks away.
        let typed = name.split_whitespace().collect::<Vec<_>>().join(" ");
        let known = contact(&lab, json!({ "Name": typed })).await?;
        lab.run(&invoice("invoice.created", "a", |event| {
            event["organisation"] = json!({ "id": OURS, "name": name });
        }))
        .await?;
        let documents = lab.documents().await?;
        assert_eq!(documents.first().map(|document| document.contact), Some(known), "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn one_contact_that_xero_refuses_keeps_no_other_clients_documents_out() -> anyhow::Result<()> {
    for status in [400, 500] {
        let mut lab = Lab::open().await?;
        let poison = FaultKind::Poisoned { text: "Poison Ltd".to_owned(), status, saves_others: false };
        lab.fault("createContacts", poison, 1_000).await?;
        for place in 0..8 {
            let name = if place == 3 { "Poison Ltd".to_owned() } else { format!("Client {place}") };
            lab.send(&invoice("invoice.created", &format!("i{place}"), |event| {
                event["organisation"] = json!({ "id": format!("org_{place}x"), "name": name });
            }));
        }
        lab.drain().await?;
        let states: Vec<State> = (0..8).map(|place| lab.invoice(&format!("i{place}")).state()).collect();
        let good = states.iter().filter(|state| **state == State::Synced).count();
        assert_eq!((good, states.get(3)), (7, Some(&State::Failed)), "{status}: {states:?}");
        assert!(lab.world.queue.dead().is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn a_contact_whose_answer_was_lost_is_made_once() -> anyhow::Result<()> {
    for face in [
        FaultKind::DropBefore,
        FaultKind::DropAfter,
        FaultKind::ServerErrorBefore,
        FaultKind::ServerErrorAfter,
        FaultKind::CutShort { framed: true },
        FaultKind::GatewayTimeout { lands_after: Some(45) },
        FaultKind::GatewayTimeout { lands_after: None },
    ] {
        let mut lab = Lab::open().await?;
        let before = lab.books().await?.contacts.len();
        lab.fault("createContacts", face.clone(), 1).await?;
        lab.run(&invoice("invoice.created", "a", |event| ours(event, NAME))).await?;
        let made = lab.books().await?.contacts.len() - before;
        assert_eq!((made, lab.invoice("a").state()), (1, State::Synced), "{face:?}");
        let query =
            JournalQuery { operation: Some("createContacts".to_owned()), bodies: true, ..JournalQuery::default() };
        let calls = lab.xero.side.control.journal(&query).await?;
        let sent = calls.iter().filter(|call| call.request_body.contains(OURS));
        let is_saved = matches!(face, FaultKind::DropAfter | FaultKind::ServerErrorAfter | FaultKind::CutShort { .. });
        assert_eq!(sent.count(), if is_saved { 1 } else { 2 }, "{face:?}: it is looked for before it is sent again");
    }
    Ok(())
}

fn told(id: &str, hour: u32, details: Value) -> Value {
    let mut event = invoice("invoice.created", id, |event| {
        event["organisation"] = json!({ "id": OURS, "name": NAME });
        for (field, value) in details.as_object().expect("an object of details") {
            event["organisation"][field] = value.clone();
        }
    });
    event["occurred_at"] = json!(format!("2026-11-20T{hour:02}:00:00Z"));
    event
}

async fn shown(lab: &Lab) -> anyhow::Result<Value> {
    let all = lab.xero.side.control.snapshot(lab.tenant.uuid()).await?;
    let contacts = all["Contacts"].as_array().cloned().unwrap_or_default();
    let ours = contacts.into_iter().find(|contact| contact["Name"].as_str().is_some_and(|name| name.starts_with(NAME)));
    Ok(ours.expect("there is a contact of the name"))
}

#[tokio::test]
async fn details_that_changed_in_sessional_reach_the_contact_that_sessional_made_once() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    let old =
        json!({ "email": "old@one.example", "phone": "020 1", "address": { "line1": "4 Quay Row", "city": "Fowey" } });
    let new = json!({ "email": "new@one.example", "phone": "020 2", "address": { "line1": "9 Hill Street", "city": "Fowey" } });
    lab.run(&told("a", 9, old.clone())).await?;
    let contact = shown(&lab).await?;
    let address = &contact["Addresses"][0];
    assert_eq!((&address["AddressType"], &address["AddressLine1"]), (&json!("POBOX"), &json!("4 Quay Row")), "printed");
    let before = lab.calls().await?.len();
    lab.run(&told("b", 10, new.clone())).await?;
    let contact = shown(&lab).await?;
    assert_eq!(contact["EmailAddress"], "new@one.example");
    assert!(
        contact["Phones"].to_string().contains("020 2") && contact["Addresses"].to_string().contains("9 Hill Street")
    );
    assert_eq!(lab.calls().await?.len() - before, 3, "a look, a change and the invoice");

    // The same again costs nothing, and what is older changes nothing.
    let before = lab.calls().await?.len();
    lab.run(&told("c", 11, new)).await?;
    lab.run(&told("d", 8, old)).await?;
    assert_eq!(lab.calls().await?.len() - before, 2, "two invoices");
    assert_eq!(shown(&lab).await?["EmailAddress"], "new@one.example");
    Ok(())
}

#[tokio::test]
async fn what_somebody_changed_in_xero_stays_and_the_record_says_so() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(&told("a", 9, json!({ "email": "old@one.example", "phone": "020 1" }))).await?;
    let id: Uuid = shown(&lab).await?["ContactID"].as_str().expect("an id").parse()?;
    let fields = json!({ "EmailAddress": "books@one.example", "Phones": [
        { "PhoneType": "DEFAULT", "PhoneNumber": "020 1" }, { "PhoneType": "MOBILE", "PhoneNumber": "07700 1" }] });
    lab.act(&Act::EditContact { contact: id, fields }).await?;
    lab.run(&told("b", 10, json!({ "email": "new@one.example", "phone": "020 2" }))).await?;
    let contact = shown(&lab).await?;
    assert_eq!(contact["EmailAddress"], "books@one.example");
    let phones = contact["Phones"].to_string();
    assert!(phones.contains("020 2") && phones.contains("07700 1"), "{phones}");
    let remark = lab.invoice("b").remark.expect("it is said");
    assert!(remark.contains("e-mail address") && remark.contains("stays as it is"), "{remark}");
    // Once for each change.
    lab.run(&told("c", 11, json!({ "email": "new@one.example", "phone": "020 2" }))).await?;
    assert_eq!(lab.invoice("c").remark, None);
    Ok(())
}

#[tokio::test]
async fn a_contact_that_sessional_did_not_make_is_never_changed() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    contact(&lab, json!({ "Name": NAME, "EmailAddress": "theirs@one.example" })).await?;
    lab.run(&told("a", 9, json!({ "email": "old@one.example" }))).await?;
    lab.run(&told("b", 10, json!({ "email": "new@one.example" }))).await?;
    assert_eq!(shown(&lab).await?["EmailAddress"], "theirs@one.example");
    let remark = lab.invoice("b").remark.expect("it is said");
    assert!(remark.contains("not made by Sessional"), "{remark}");
    Ok(())
}

#[tokio::test]
async fn a_new_name_is_offered_and_not_applied() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(&told("a", 9, json!({}))).await?;
    lab.run(&told("b", 10, json!({ "name": "Ines Falk-Moor" }))).await?;
    assert_eq!(shown(&lab).await?["Name"], NAME);
    let remark = lab.invoice("b").remark.expect("it is said");
    assert!(remark.contains("Ines Falk-Moor") && remark.contains("keeps its name"), "{remark}");
    Ok(())
}

#[tokio::test]
async fn an_address_that_only_xero_refuses_is_left_out_and_said() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    let refused = json!({ "Contacts": [{ "ContactID": Uuid::nil(), "HasValidationErrors": true, "StatusAttributeString": "ERROR",
        "ValidationErrors": [{ "Message": "Email address must be valid." }] }] });
    let answer =
        FaultKind::Answer { status: 200, content_type: "application/json".to_owned(), body: refused.to_string() };
    lab.fault("createContacts", answer, 1).await?;
    lab.run(&told("a", 9, json!({ "email": "ada@one.example" }))).await?;
    assert_eq!(lab.invoice("a").state(), State::Synced);
    assert!(lab.invoice("a").remark.is_some_and(|remark| remark.contains("e-mail address")));
    Ok(())
}
