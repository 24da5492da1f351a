//! Contacts: names unique among the active, numbers as keys, archives and merges.

use serde_json::{Value, json};
use uuid::Uuid;
use xero_stand_in::HARBOUR_SOUND;
use xero_stand_in::control::Act;

use crate::support::{World, invoice, messages};

async fn refused(world: &World, path: &str, contact: Value) -> String {
    let answer = world.post(&format!("{path}?summarizeErrors=false"), &json!({"Contacts": [contact]})).await;
    assert_eq!(answer.status, 200);
    let element = answer.first("Contacts");
    assert_eq!(element["StatusAttributeString"], "ERROR", "{element}");
    assert_eq!(element["HasValidationErrors"], true);
    messages(&element).join(" ")
}

#[tokio::test]
async fn point_10_a_name_is_unique_among_active_contacts_whatever_its_case() {
    let world = World::connected().await;
    let first = world.contact("Harbour Hall").await;
    let again = world.put("/Contacts", &json!({"Contacts": [{"Name": "  HARBOUR   hall "}]})).await;
    assert_eq!(again.status, 400);
    let element = &again.json()["Elements"][0];
    assert_eq!(element["ContactID"], "00000000-0000-0000-0000-000000000000");
    assert_eq!(element["HasValidationErrors"], true);
    assert_eq!(
        messages(element),
        [
            "The contact name HARBOUR hall is already assigned to another contact. The contact name must be unique across all active contacts."
        ]
    );
    world.control().archive_contact(HARBOUR_SOUND, first.parse().unwrap()).await.unwrap();
    assert_eq!(world.put("/Contacts", &json!({"Contacts": [{"Name": "Harbour Hall"}]})).await.status, 200);
}

#[tokio::test]
async fn point_10_post_upserts_by_id_then_number_then_name_and_keeps_what_it_omits() {
    let world = World::connected().await;
    let new = json!({"Name": "Harbour Hall", "ContactNumber": "org_1", "EmailAddress": "a@b.example"});
    let made = world.post("/Contacts", &json!({"Contacts": [new]})).await.first("Contacts");
    let by_number = json!({"ContactNumber": "org_1", "Name": "Harbour Hall Trust"});
    let renamed = world.post("/Contacts", &json!({"Contacts": [by_number]})).await.first("Contacts");
    assert_eq!(renamed["ContactID"], made["ContactID"]);
    assert_eq!(renamed["EmailAddress"], "a@b.example");
    let by_name = json!({"Name": "harbour hall trust", "FirstName": "Sam"});
    let named = world.post("/Contacts", &json!({"Contacts": [by_name]})).await.first("Contacts");
    assert_eq!((&named["ContactID"], &named["FirstName"]), (&made["ContactID"], &json!("Sam")));
    let id = made["ContactID"].as_str().unwrap();
    let by_id = world.post(&format!("/Contacts/{id}"), &json!({"LastName": "Lee"})).await.first("Contacts");
    assert_eq!((&by_id["FirstName"], &by_id["LastName"]), (&json!("Sam"), &json!("Lee")));
}

#[tokio::test]
async fn point_10_a_contact_is_read_by_id_and_by_contact_number() {
    let world = World::connected().await;
    world.put("/Contacts", &json!({"Contacts": [{"Name": "Harbour Hall", "ContactNumber": "org_1"}]})).await;
    let by_number = world.get("/Contacts/org_1").await.first("Contacts");
    assert_eq!(by_number["Name"], "Harbour Hall");
    let by_id = world.get(&format!("/Contacts/{}", by_number["ContactID"].as_str().unwrap())).await;
    assert_eq!(by_id.first("Contacts"), by_number);
    assert_eq!(world.get("/Contacts/org_2").await.status, 404);
}

#[tokio::test]
async fn point_10_an_archived_contact_cannot_be_edited_and_takes_no_invoice() {
    let world = World::connected().await;
    let id = world.contact("Harbour Hall").await;
    let archive = json!({"Contacts": [{"ContactID": id, "ContactStatus": "ARCHIVED"}]});
    assert_eq!(world.post("/Contacts", &archive).await.first("Contacts")["ContactStatus"], "ARCHIVED");
    let sentence = refused(&world, "/Contacts", json!({"ContactID": id, "Name": "Other"})).await;
    assert!(sentence.starts_with("The specified contact details matched an archived contact."));
    let answer = world.put("/Invoices", &json!({"Invoices": [invoice("SES-1", &id)]})).await;
    assert_eq!(answer.status, 400);
    let element = &answer.json()["Elements"][0];
    assert_eq!(element["ValidationErrors"], json!([]), "the trouble is told inside the contact");
    assert_eq!(messages(&element["Contact"]), ["The status 'ARCHIVED' is not valid for contacts"]);
    assert!(world.get("/Contacts").await.json()["Contacts"].as_array().unwrap().is_empty());
    assert_eq!(world.get("/Contacts?includeArchived=true").await.first("Contacts")["ContactID"], json!(id));
}

#[tokio::test]
async fn fields_have_limits_and_forms() {
    let world = World::connected().await;
    for (contact, fragment) in [
        (json!({"EmailAddress": "x@y.example"}), "at least 1 of the following elements"),
        (json!({"Name": "A <b>"}), "cannot contain"),
        (json!({"Name": "x".repeat(256)}), "must not exceed 255"),
        (json!({"Name": "A", "EmailAddress": "müller@example.com"}), "Email address must be valid."),
        (json!({"Name": "A", "ContactNumber": "n".repeat(51)}), "must not exceed 50"),
        (json!({"Name": "A", "ContactPersons": [{"FirstName": "P"}]}), "Additional people cannot be added"),
        (json!({"Name": "A", "Addresses": [{"AddressType": "STREET", "Country": "UK1"}]}), "letters only"),
        (json!({"ContactID": Uuid::new_v4(), "Name": "A"}), "could not be found"),
    ] {
        let sentence = refused(&world, "/Contacts", contact.clone()).await;
        assert!(sentence.contains(fragment), "{contact}: {sentence}");
    }
    assert_eq!(world.control().totals(HARBOUR_SOUND).await.unwrap().contacts, 0);
}

#[tokio::test]
async fn a_merged_contact_points_to_the_one_that_stays() {
    let world = World::connected().await;
    let (loser, winner) = (world.contact("Harbour Hal").await, world.contact("Harbour Hall").await);
    let bill = world.put("/Invoices", &json!({"Invoices": [invoice("SES-1", &loser)]})).await.first("Invoices");
    let (from, to) = (loser.parse().unwrap(), winner.parse().unwrap());
    world.control().merge_contacts(HARBOUR_SOUND, from, to).await.unwrap();
    let read = world.get(&format!("/Contacts/{loser}")).await.first("Contacts");
    assert_eq!((&read["ContactStatus"], &read["MergedToContactID"]), (&json!("ARCHIVED"), &json!(winner)));
    let listed = world.get("/Contacts?includeArchived=true").await.json();
    assert!(listed["Contacts"].as_array().unwrap().iter().all(|it| it.get("MergedToContactID").is_none()));
    let id: Uuid = bill["InvoiceID"].as_str().unwrap().parse().unwrap();
    assert_eq!(world.read_invoice(id).await["Contact"]["ContactID"], json!(winner));
}

#[tokio::test]
async fn further_fields_in_an_invoice_wipe_the_people_they_do_not_list() {
    let world = World::connected().await;
    let new = json!({"Name": "Harbour Hall", "EmailAddress": "a@b.example", "ContactPersons":
        [{"FirstName": "Pat", "EmailAddress": "p@b.example", "IncludeInEmails": true}]});
    let id = world.put("/Contacts", &json!({"Contacts": [new]})).await.first("Contacts")["ContactID"].clone();
    let read = async || world.get(&format!("/Contacts/{}", id.as_str().unwrap())).await.first("Contacts");
    let mut draft = invoice("SES-1", id.as_str().unwrap());
    world.put("/Invoices", &json!({"Invoices": [draft]})).await;
    assert_eq!(read().await["ContactPersons"].as_array().unwrap().len(), 1, "the id alone changes nothing");
    draft["InvoiceNumber"] = json!("SES-2");
    draft["Contact"] = json!({"ContactID": id, "FirstName": "Sam"});
    world.put("/Invoices", &json!({"Invoices": [draft]})).await;
    assert_eq!((&read().await["ContactPersons"], &read().await["FirstName"]), (&json!([]), &json!("Sam")));
}

#[tokio::test]
async fn the_bookkeeper_edits_and_takes_contacts_back() {
    let world = World::connected().await;
    let contact: Uuid = world.contact("Harbour Hall").await.parse().unwrap();
    let edit = Act::EditContact { contact, fields: json!({"Name": "Harbour Hall Trust"}) };
    world.control().act(HARBOUR_SOUND, &edit).await.unwrap();
    world.control().archive_contact(HARBOUR_SOUND, contact).await.unwrap();
    world.control().act(HARBOUR_SOUND, &Act::ArchiveContact { contact, archived: false }).await.unwrap();
    let read = world.get(&format!("/Contacts/{contact}")).await.first("Contacts");
    assert_eq!((&read["Name"], &read["ContactStatus"]), (&json!("Harbour Hall Trust"), &json!("ACTIVE")));
}
