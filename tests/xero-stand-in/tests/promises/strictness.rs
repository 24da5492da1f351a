//! What Xero refuses for its form, and what it never lets change; each with its place in the facts.

use serde_json::{Value, json};
use uuid::Uuid;
use xero_stand_in::HARBOUR_SOUND;

use crate::support::{World, invoice, messages, with};

const HAS_PAYMENT: &str = "This document cannot be edited as it has a payment or credit note allocated to it.";
const IMMUTABLE: &str = "Invoice not of valid status for modification";

async fn change(world: &World, id: Uuid, fields: Value) -> (u16, String) {
    let answer = world.post(&format!("/Invoices/{id}"), &json!({"Invoices": [fields]})).await;
    let told = if answer.status == 400 { messages(&answer.json()["Elements"]).join(" ") } else { String::new() };
    (answer.status, told)
}

#[tokio::test]
async fn facts_2_10_another_tax_basis_of_an_approved_document_is_a_500_for_ever() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    let line =
        json!([{"Description": "Session", "Quantity": 1, "UnitAmount": 1, "AccountCode": "200", "TaxType": "BAD"}]);
    for basis in ["Inclusive", "NoTax", "inclusive"] {
        for fields in [json!({"LineAmountTypes": basis}), json!({"LineAmountTypes": basis, "LineItems": line})] {
            for _ in 0..3 {
                assert_eq!(change(&world, id, fields.clone()).await.0, 500, "{fields}");
            }
        }
    }
    assert_eq!(change(&world, id, json!({"LineAmountTypes": "EXCLUSIVE", "Reference": "PO 9"})).await.0, 200);
    let contact = world.contact("Harbour Hall").await;
    let draft = with(invoice("SES-2", &contact), json!({"Status": "DRAFT"}));
    let draft = world.put("/Invoices", &json!({"Invoices": [draft]})).await.first("Invoices");
    let draft = draft["InvoiceID"].as_str().unwrap().parse().unwrap();
    assert_eq!(change(&world, draft, json!({"LineAmountTypes": "Inclusive"})).await.0, 200, "a draft is still open");
}

#[tokio::test]
async fn facts_2_10_the_500_of_one_document_takes_the_call_along_and_not_its_neighbours_changes() {
    let world = World::connected().await;
    let (one, two) = (world.invoice("SES-1").await, world.invoice("SES-2").await);
    let body =
        json!({"Invoices": [{"InvoiceID": one, "LineAmountTypes": "NoTax"}, {"InvoiceID": two, "Reference": "x"}]});
    assert_eq!(world.post("/Invoices?summarizeErrors=false", &body).await.status, 500);
    assert_eq!(world.read_invoice(two).await["Reference"], "x");
}

#[tokio::test]
async fn facts_4_6_a_paid_sales_invoice_takes_nothing_and_a_part_paid_one_two_fields() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    world.control().part_pay(HARBOUR_SOUND, id, 10.into()).await.unwrap();
    for fields in [
        json!({"Reference": "x"}),
        json!({"Date": "2026-11-19"}),
        json!({"InvoiceNumber": "SES-9"}),
        json!({"Url": "https://app.sessional.example/1"}),
    ] {
        assert_eq!(change(&world, id, fields.clone()).await, (400, HAS_PAYMENT.to_owned()), "{fields}");
    }
    assert_eq!(change(&world, id, json!({"DueDate": "2027-01-31", "SentToContact": true})).await.0, 200);
    world.control().pay(HARBOUR_SOUND, id).await.unwrap();
    for fields in [json!({"DueDate": "2027-02-28"}), json!({"SentToContact": true}), json!({"Reference": "PO 77"})] {
        assert_eq!(change(&world, id, fields.clone()).await, (400, HAS_PAYMENT.to_owned()), "{fields}");
    }
}

#[tokio::test]
async fn an_invoice_over_nothing_is_paid_at_once_and_can_be_neither_changed_nor_voided() {
    let world = World::connected().await;
    let contact = world.contact("Harbour Hall").await;
    let free = json!([{"Description": "Trial", "Quantity": 1, "UnitAmount": 0, "AccountCode": "200"}]);
    let free = with(invoice("SES-1", &contact), json!({"LineItems": free}));
    let made = world.put("/Invoices", &json!({"Invoices": [free]})).await.first("Invoices");
    assert_eq!((&made["Status"], &made["AmountDue"]), (&json!("PAID"), &json!(0.0)));
    let id = made["InvoiceID"].as_str().unwrap().parse().unwrap();
    for fields in [json!({"Reference": "x"}), json!({"Status": "VOIDED"}), json!({"SentToContact": true})] {
        assert_eq!(change(&world, id, fields.clone()).await, (400, IMMUTABLE.to_owned()), "{fields}");
    }
}

#[tokio::test]
async fn facts_4_6_a_paid_bill_takes_its_texts_and_refuses_its_amounts() {
    let world = World::connected().await;
    let contact = world.contact("Supplier").await;
    let line = json!([{"Description": "Strings", "Quantity": 1, "UnitAmount": 12, "AccountCode": "429"}]);
    let bill = with(invoice("B-1", &contact), json!({"Type": "ACCPAY", "LineItems": line}));
    let made = world.put("/Invoices", &json!({"Invoices": [bill]})).await.first("Invoices");
    let id: Uuid = made["InvoiceID"].as_str().unwrap().parse().unwrap();
    world.control().pay(HARBOUR_SOUND, id).await.unwrap();
    let line = &made["LineItems"][0]["LineItemID"];
    let recoded = json!([{"LineItemID": line, "Description": "Guitar strings", "AccountCode": "461"}]);
    let texts = json!({"InvoiceNumber": "B-2", "DueDate": "2027-01-20", "LineItems": recoded});
    assert_eq!(change(&world, id, texts).await.0, 200);
    let dearer = json!([{"LineItemID": line, "UnitAmount": 13}]);
    for fields in [json!({"LineItems": dearer}), json!({"Date": "2026-11-19"}), json!({"CurrencyCode": "EUR"})] {
        assert_eq!(change(&world, id, fields.clone()).await, (400, HAS_PAYMENT.to_owned()), "{fields}");
    }
    assert_eq!(change(&world, id, json!({"Status": "VOIDED"})).await.0, 400);
    assert_eq!(world.read_invoice(id).await["Status"], "PAID");
}

#[tokio::test]
async fn the_number_of_a_voided_invoice_stays_taken() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    world.control().void(HARBOUR_SOUND, id).await.unwrap();
    let contact = world.contact("Harbour Hall").await;
    let answer = world.put("/Invoices", &json!({"Invoices": [invoice("SES-1", &contact)]})).await;
    assert_eq!(messages(&answer.json()["Elements"]), ["Invoice # must be unique."]);
}

#[tokio::test]
async fn a_control_character_anywhere_fails_the_whole_call_and_saves_nothing() {
    let world = World::connected().await;
    let contact = world.contact("Harbour Hall").await;
    for bad in ['\u{0}', '\u{1f}', '\u{b}', '\u{fffe}'] {
        let spoiled = with(invoice("SES-2", &contact), json!({"Reference": format!("PO{bad}77")}));
        let body = json!({"Invoices": [invoice("SES-1", &contact), spoiled]});
        let answer = world.put("/Invoices?summarizeErrors=false", &body).await;
        assert_eq!((answer.status, &answer.json()["Type"]), (400, &json!("PostDataInvalidException")));
        assert!(answer.json()["Message"].as_str().unwrap().contains("is an invalid character"));
    }
    assert_eq!(world.control().totals(HARBOUR_SOUND).await.unwrap().invoices, 0);
    let lone = world.api(reqwest::Method::PUT, "/Contacts").header("content-type", "application/json");
    let lone = crate::support::send(lone.body(r#"{"Contacts":[{"Name":"A\ud800"}]}"#)).await;
    assert_eq!(lone.status, 400, "half of a pair is no character");
    let fine = json!({"Contacts": [{"Name": "Zoë \u{1f3b8}", "FirstName": "Tab\there"}]});
    assert_eq!(world.put("/Contacts", &fine).await.status, 200);
}

#[tokio::test]
async fn facts_4_5_and_4_6_texts_have_their_length_and_not_one_more() {
    let world = World::connected().await;
    world.control().set_switches(&json!({"limits": false})).await.unwrap();
    let contact = |fields: Value| json!({"Contacts": [with(json!({"Name": "A"}), fields)]});
    let address = |field: &str, text: String| json!({"Addresses": [{"AddressType": "POBOX", field: text}]});
    let long = |count: usize| "x".repeat(count);
    let email = move |count: usize| format!("{}@harbour.example", long(count - "@harbour.example".len()));
    type Case = (&'static str, usize, Box<dyn Fn(usize) -> Value>);
    let contacts: Vec<Case> = vec![
        ("Name", 255, Box::new(move |n| json!({"Name": long(n)}))),
        ("EmailAddress", 255, Box::new(move |n| json!({"EmailAddress": email(n)}))),
        ("ContactNumber", 50, Box::new(move |n| json!({"ContactNumber": long(n)}))),
        ("AddressLine1", 500, Box::new(move |n| address("AddressLine1", long(n)))),
        ("City", 255, Box::new(move |n| address("City", long(n)))),
        ("PostalCode", 50, Box::new(move |n| address("PostalCode", long(n)))),
        ("Country", 50, Box::new(move |n| address("Country", long(n)))),
        ("PhoneNumber", 50, Box::new(move |n| json!({"Phones": [{"PhoneType": "DEFAULT", "PhoneNumber": long(n)}]}))),
    ];
    for (field, most, fields) in contacts {
        let longer = world.put("/Contacts", &contact(fields(most + 1))).await;
        let told = messages(&longer.json()["Elements"]).join(" ");
        assert!(told.contains(&format!("The length of {field} must not exceed {most} characters.")), "{told}");
        let fits = world.put("/Contacts", &contact(fields(most))).await.first("Contacts");
        let archived = json!({"ContactID": fits["ContactID"], "ContactStatus": "ARCHIVED", "ContactNumber": ""});
        assert_eq!(world.post("/Contacts", &json!({"Contacts": [archived]})).await.status, 200, "{field} {fits}");
    }
    let customer = world.contact("Harbour Hall").await;
    let written = async |fields: Value| {
        let element = with(invoice("", &customer), fields);
        world.put("/Invoices", &json!({"Invoices": [element]})).await.status
    };
    let line = |text: String| json!({"LineItems": [{"Description": text, "Quantity": 1, "UnitAmount": 1, "AccountCode": "200"}]});
    for (most, fields) in [
        (255, &(|n: usize| json!({"Reference": "x".repeat(n)})) as &dyn Fn(usize) -> Value),
        (255, &|n| json!({"InvoiceNumber": "x".repeat(n)})),
        (4000, &|n| line("é".repeat(n))),
    ] {
        assert_eq!((written(fields(most)).await, written(fields(most + 1)).await), (200, 400));
    }
}

#[tokio::test]
async fn facts_4_5_addresses_of_mail_are_plain() {
    let world = World::connected().await;
    world.control().set_switches(&json!({"limits": false})).await.unwrap();
    let mut number = 0;
    let mut taken = async |email: &str| {
        number += 1;
        let body = json!({"Contacts": [{"Name": format!("C{number}"), "EmailAddress": email}]});
        world.put("/Contacts", &body).await.status == 200
    };
    for good in ["ines@one.example", "ines.falk+music@one-two.co.uk", "o'brien@harbour.example", "i@a.bc", ""] {
        assert!(taken(good).await, "{good}");
    }
    for bad in [
        "ines",
        "ines@",
        "@one.example",
        "ines@one",
        "ines@one..example",
        "in es@one.example",
        "ines@one.example.",
        "jürgen@one.example",
        "ines@müller.example",
        "a@b@one.example",
        "ines.@one.example",
        ".ines@one.example",
        "in..es@one.example",
        "<ines@one.example>",
        "\"ines falk\"@one.example",
        "ines@-one.example",
        "ines@one.e",
        "ines@127.0.0.1",
        "ines@one.example;falk@one.example",
        "ines@one_two.example",
    ] {
        assert!(!taken(bad).await, "{bad}");
    }
    let person = json!([{"FirstName": "I", "EmailAddress": "no address"}]);
    let body = json!({"Contacts": [{"Name": "P", "EmailAddress": "p@one.example", "ContactPersons": person}]});
    assert_eq!(world.put("/Contacts", &body).await.status, 400);
}

#[tokio::test]
async fn facts_4_5_a_contact_has_a_postal_and_a_street_address_and_no_delivery_address() {
    let world = World::connected().await;
    let put = async |kind: &str| {
        let body =
            json!({"Contacts": [{"Name": kind, "Addresses": [{"AddressType": kind, "AddressLine1": "4 Quay Row"}]}]});
        world.put("/Contacts", &body).await.status
    };
    assert_eq!((put("POBOX").await, put("STREET").await, put("DELIVERY").await), (200, 200, 400));
    let body = json!({"Contacts": [{"Name": "Abroad", "Addresses": [{"AddressType": "POBOX", "Country": "Area 51"}]}]});
    assert_eq!(world.put("/Contacts", &body).await.status, 400, "letters alone");
}

#[tokio::test]
async fn facts_4_6_amounts_keep_their_size_and_a_total_is_never_below_nothing() {
    let world = World::connected().await;
    let contact = world.contact("Harbour Hall").await;
    let put = async |lines: Value| {
        let element = with(invoice("", &contact), json!({"LineAmountTypes": "NoTax", "LineItems": lines}));
        let answer = world.put("/Invoices?unitdp=4", &json!({"Invoices": [element]})).await;
        (answer.status, answer.json())
    };
    let line = |quantity: &str, unit: &str| {
        serde_json::from_str::<Value>(&format!(
            r#"{{"Description":"x","Quantity":{quantity},"UnitAmount":{unit},"AccountCode":"200"}}"#
        ))
        .unwrap()
    };
    assert_eq!(put(json!([line("1", "9999999999.99")])).await.0, 200);
    assert_eq!(put(json!([line("1", "10000000000")])).await.0, 400);
    assert_eq!(put(json!([line("1", "-0.01")])).await.0, 400);
    assert_eq!(put(json!([line("1", "100"), line("1", "-12.50")])).await.0, 200, "a line may be below nothing");
    let fine = put(json!([line("1.23456", "100")])).await.1;
    let made = &fine["Invoices"][0];
    assert_eq!((&made["LineItems"][0]["Quantity"], &made["Total"]), (&json!(1.2346), &json!(123.46)));
}
