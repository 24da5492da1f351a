//! Contacts that a user chooses, through the deployed functions: the search, the choice, and where the next invoice goes.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail the test that uses them")]

mod desk;

use std::time::Duration;

use desk::{ACCOUNT, Desk, TENANT};
use harness::service::Answer;
use harness::with_service;
use rules::AccountId;
use rules::ports::{Contacts as _, Records as _, Written};
use rules::record::{Kind, RecordKey};
use rules::sync::contact::ContactReference;
use serde_json::{Value, json};
use uuid::Uuid;
use xero::{ContactId, TenantId};
use xero_stand_in::control::Act;

impl Desk {
    async fn link(&self, organisation: &str, contact: &str) -> Answer {
        let body = json!({ "contact_id": contact });
        self.call("PUT", &format!("/contacts/{organisation}"), Some(&body)).await
    }

    async fn contact(&self, fields: Value) -> String {
        let made = self.0.control.act(TENANT, &Act::CreateContact { fields }).await.unwrap();
        made.id.unwrap().to_string()
    }

    /// Whose the invoice of an id is in Xero.
    async fn contact_of(&self, id: &str) -> Value {
        let books = serde_json::to_value(self.0.control.snapshot(TENANT).await.unwrap()).unwrap();
        let invoices = books["Invoices"].as_array().unwrap();
        let number = format!("SES-{id}");
        invoices.iter().find(|invoice| invoice["InvoiceNumber"] == *number).unwrap()["Contact"]["ContactID"].clone()
    }

    async fn reference(&self, organisation: &str) -> Option<ContactReference> {
        let account = AccountId::parse(ACCOUNT).unwrap();
        self.0.table().contact(&account, TenantId::from_uuid(TENANT), organisation).await.unwrap()
    }
}

#[test]
fn a_client_is_linked_to_the_contact_that_its_user_found() {
    with_service(21, async |service| {
        let desk = Desk::open(service).await;
        let wanted = desk.contact(json!({ "Name": "Falk Holdings", "EmailAddress": "books@falk.example" })).await;
        desk.contact(json!({ "Name": "Ines Falk", "ContactNumber": "org_1" })).await;
        let asked = desk.0.xero.asked().len();
        let found = desk.call("GET", "/contacts?search=%20BOOKS%40falk+", None).await;
        let choice = json!({ "contact_id": wanted, "name": "Falk Holdings", "linked_to": null });
        assert_eq!((found.status, found.body), (200, json!({ "contacts": [choice], "more": false })));
        let linked = desk.link("org_1", &wanted).await;
        let expected = json!({ "organisation_id": "org_1", "contact_id": wanted, "name": "Falk Holdings" });
        assert_eq!((linked.status, &linked.body), (200, &expected));
        assert_eq!(desk.link("org_1", &wanted).await.body, expected);
        let calls: Vec<String> = desk.0.xero.asked().split_off(asked).into_iter().map(|asked| asked.call).collect();
        assert_eq!(calls, ["GET Contacts ?searchTerm", "GET Contacts/{id}", "GET Contacts/{id}"]);
        let found = desk.call("GET", "/contacts?search=falk%20h", None).await.body;
        assert_eq!(found.pointer("/contacts/0/linked_to"), Some(&json!("org_1")));

        desk.send("a", json!({ "id": "org_1", "name": "Ines Falk" })).await;
        desk.record("a", "synced").await;
        assert_eq!(desk.contact_of("a").await, json!(wanted));
        let logs = format!("{:?}", desk.0.logs.take());
        assert!(logs.contains("linked to a contact by hand"), "{logs}");
        assert!(!logs.to_lowercase().contains("falk"), "a name or an address was logged: {logs}");
    })
    .unwrap();
}

#[test]
fn what_cannot_be_chosen_is_refused_with_its_reason() {
    with_service(22, async |service| {
        let nobody = service.request("GET", "/contacts?search=a", Some(ACCOUNT), None, &[]).await.unwrap();
        assert_eq!((nobody.status, &nobody.body["type"]), (409, &json!("/problems/not-connected")));
        let desk = Desk::open(service).await;
        let contact = desk.contact(json!({ "Name": "Falk Holdings" })).await;
        let asked = desk.0.xero.asked().len();
        for path in
            ["/contacts", "/contacts?search=", "/contacts?search=%20", &format!("/contacts?search={}", "x".repeat(101))]
        {
            let answer = desk.call("GET", path, None).await;
            let (kind, field) = (&answer.body["type"], &answer.body["field"]);
            assert_eq!(
                (answer.status, kind, field),
                (400, &json!("/problems/invalid-request"), &json!("search")),
                "{path}"
            );
        }
        for (organisation, body, field) in [
            ("not$an$id", json!({ "contact_id": contact }), "organisation_id"),
            ("org_1", json!({ "contact_id": "Falk Holdings" }), "contact_id"),
            ("org_1", json!({ "contact_id": contact, "linked": true }), "linked"),
        ] {
            let answer = desk.call("PUT", &format!("/contacts/{organisation}"), Some(&body)).await;
            assert_eq!((answer.status, &answer.body["field"]), (400, &json!(field)), "{answer:?}");
        }
        assert_eq!(desk.0.xero.asked().len(), asked, "Xero was asked for nothing");
        assert_eq!(desk.link("org_1", &contact).await.status, 200);
        let taken = desk.link("org_2", &contact).await;
        assert_eq!((taken.status, &taken.body["type"]), (409, &json!("/problems/contact-not-usable")), "{taken:?}");
        let missing = desk.link("org_2", &Uuid::from_u128(7).to_string()).await;
        assert_eq!((missing.status, &missing.body["type"]), (404, &json!("/problems/not-found")));
        assert!(desk.reference("org_2").await.is_none());
    })
    .unwrap();
}

/// An invoice is on its way to a contact that was merged, and the user chooses another meanwhile.
#[test]
fn a_choice_is_not_overwritten_by_a_merge_that_is_followed_at_the_same_moment() {
    with_service(24, async |service| {
        let desk = Desk::open(service).await;
        let client = json!({ "id": "org_1", "name": "Ines Falk" });
        desk.send("a", client.clone()).await;
        desk.record("a", "synced").await;
        let made = desk.contact_of("a").await.as_str().unwrap().parse().unwrap();
        let survivor = desk.contact(json!({ "Name": "Falk Group" })).await;
        let chosen = desk.contact(json!({ "Name": "Falk Holdings" })).await;
        desk.0.control.merge_contacts(TENANT, made, survivor.parse().unwrap()).await.unwrap();

        desk.send("b", client).await;
        let account = AccountId::parse(ACCOUNT).unwrap();
        let tenant = TenantId::from_uuid(TENANT);
        let key = RecordKey { account, tenant, kind: Kind::Invoice, id: "b".to_owned() };
        // The intent is stored before the invoice is sent, for the contact that was merged.
        while desk.0.table().record(&key).await.unwrap().is_none_or(|record| record.intent.is_none()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let mut reference = desk.reference("org_1").await.unwrap();
        assert_eq!(reference.contact, Some(ContactId::from_uuid(made)), "it is too late for what this is about");
        reference.contact = Some(chosen.parse().unwrap());
        reference.linked_by_hand = true;
        assert_eq!(desk.0.table().put_contact(&mut reference).await.unwrap(), Written::Done);

        desk.record("b", "synced").await;
        assert_eq!(desk.contact_of("b").await, json!(chosen));
        assert_eq!(desk.reference("org_1").await.unwrap().contact.unwrap().to_string(), chosen);
    })
    .unwrap();
}
