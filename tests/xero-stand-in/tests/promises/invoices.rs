//! Invoices and bills: the status machine, numbers, lines, taxes and rounding.

use serde_json::{Value, json};
use uuid::Uuid;
use xero_stand_in::HARBOUR_SOUND;

use crate::support::{Answer, World, invoice, messages, with};

const IMMUTABLE: &str = "Invoice not of valid status for modification";

async fn put(world: &World, element: Value) -> Answer {
    world.put("/Invoices?unitdp=4", &json!({"Invoices": [element]})).await
}

async fn written(world: &World, element: Value) -> Value {
    let answer = put(world, element).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.first("Invoices")
}

async fn refused(world: &World, element: Value) -> String {
    let answer = put(world, element).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    messages(&answer.json()["Elements"]).join(" ")
}

/// Asks for a status; the new status or the complaint.
async fn become_status(world: &World, id: &Value, status: &str) -> String {
    let id = id.as_str().unwrap();
    let body = json!({"Invoices": [{"InvoiceID": id, "Status": status}]});
    let answer = world.post(&format!("/Invoices/{id}?summarizeErrors=false"), &body).await;
    let element = answer.first("Invoices");
    match element["StatusAttributeString"].as_str().unwrap() {
        "OK" => element["Status"].as_str().unwrap().to_owned(),
        _ => messages(&element).join(" "),
    }
}

#[tokio::test]
async fn point_11_the_status_machine_goes_one_way() {
    let world = World::connected().await;
    let contact = world.contact("Harbour Hall").await;
    let number = std::cell::Cell::new(0);
    let fresh = async |status: &str| {
        number.set(number.get() + 1);
        let element = with(invoice(&format!("SES-{}", number.get()), &contact), json!({"Status": status}));
        written(&world, element).await["InvoiceID"].clone()
    };
    world.control().set_switches(&json!({"limits": false})).await.unwrap();
    let not_voided = IMMUTABLE;
    for (from, to, outcome) in [
        ("DRAFT", "SUBMITTED", "SUBMITTED"),
        ("DRAFT", "AUTHORISED", "AUTHORISED"),
        ("DRAFT", "DELETED", "DELETED"),
        ("DRAFT", "VOIDED", not_voided),
        ("DRAFT", "PAID", IMMUTABLE),
        ("SUBMITTED", "AUTHORISED", "AUTHORISED"),
        ("SUBMITTED", "DELETED", "DELETED"),
        ("SUBMITTED", "DRAFT", IMMUTABLE),
        ("AUTHORISED", "VOIDED", "VOIDED"),
        ("AUTHORISED", "DELETED", IMMUTABLE),
        ("AUTHORISED", "DRAFT", IMMUTABLE),
        ("AUTHORISED", "PAID", IMMUTABLE),
    ] {
        assert_eq!(become_status(&world, &fresh(from).await, to).await, outcome, "{from} to {to}");
    }
    let gone = fresh("AUTHORISED").await;
    become_status(&world, &gone, "VOIDED").await;
    for to in ["AUTHORISED", "DRAFT", "VOIDED"] {
        assert_eq!(become_status(&world, &gone, to).await, IMMUTABLE);
    }
    let id: Uuid = gone.as_str().unwrap().parse().unwrap();
    assert_eq!(world.read_invoice(id).await["Status"], "VOIDED", "a voided document stays readable");
}

#[tokio::test]
async fn point_11_put_needs_a_new_number_and_post_overwrites_by_number() {
    let world = World::connected().await;
    let contact = world.contact("Harbour Hall").await;
    let first = written(&world, invoice("SES-1", &contact)).await;
    assert_eq!(refused(&world, invoice("SES-1", &contact)).await, "Invoice # must be unique.");
    let post = with(invoice("SES-1", &contact), json!({"Reference": "overwritten"}));
    let answer = world.post("/Invoices", &json!({"Invoices": [post]})).await.first("Invoices");
    assert_eq!((&answer["InvoiceID"], &answer["Reference"]), (&first["InvoiceID"], &json!("overwritten")));
    become_status(&world, &first["InvoiceID"], "VOIDED").await;
    assert_eq!(refused(&world, invoice("SES-1", &contact)).await, "Invoice # must be unique.", "not even after a void");
    let generated = invoice("", &contact);
    assert_eq!(written(&world, generated.clone()).await["InvoiceNumber"], "INV-0001");
    assert_eq!(written(&world, generated).await["InvoiceNumber"], "INV-0002");
    let bill = |number| {
        with(
            invoice(number, &contact),
            json!({"Type": "ACCPAY", "LineItems":
            [{"Description": "Strings", "Quantity": 1, "UnitAmount": 12, "AccountCode": "429"}]}),
        )
    };
    let bills = (written(&world, bill("B-1")).await, written(&world, bill("B-1")).await);
    assert_ne!(bills.0["InvoiceID"], bills.1["InvoiceID"], "a supplier's number is not unique");
    assert!(bills.0.get("Reference").is_none(), "a bill's reference is ignored");
}

#[tokio::test]
async fn point_11_lines_are_changed_by_id_added_without_and_removed_by_absence() {
    let world = World::connected().await;
    let contact = world.contact("Harbour Hall").await;
    let line = |text: &str| json!({"Description": text, "Quantity": 1, "UnitAmount": 10, "AccountCode": "200"});
    let draft = with(invoice("SES-1", &contact), json!({"LineItems": [line("one"), line("two")]}));
    let made = written(&world, draft).await;
    let (id, kept) = (made["InvoiceID"].as_str().unwrap(), &made["LineItems"][0]["LineItemID"]);
    let lines = json!([{"LineItemID": kept, "UnitAmount": 20}, line("three")]);
    let body = json!({"Invoices": [{"InvoiceID": id, "LineItems": lines}]});
    let after = world.post(&format!("/Invoices/{id}"), &body).await.first("Invoices");
    let shown: Vec<(&Value, &Value)> =
        after["LineItems"].as_array().unwrap().iter().map(|line| (&line["Description"], &line["LineAmount"])).collect();
    assert_eq!(shown, [(&json!("one"), &json!(20.0)), (&json!("three"), &json!(10.0))]);
    assert_eq!(after["LineItems"][0]["LineItemID"], *kept);
    assert_eq!(after["Total"], json!(36.0));
}

#[tokio::test]
async fn point_11_tax_is_rounded_per_line_and_unit_amounts_are_cut_without_unitdp() {
    let world = World::connected().await;
    let contact = world.contact("Harbour Hall").await;
    let line = |unit: f64| json!({"Description": "x", "Quantity": 1, "UnitAmount": unit, "AccountCode": "200"});
    let lines = json!({"LineItems": [line(0.13), line(0.13), line(0.13)]});
    let made = written(&world, with(invoice("SES-1", &contact), lines.clone())).await;
    // 0.13 at 20% is 0.026: three times 0.03, not once 0.08.
    assert_eq!((&made["TotalTax"], &made["Total"]), (&json!(0.09), &json!(0.48)));
    let inclusive = with(invoice("SES-2", &contact), with(lines, json!({"LineAmountTypes": "Inclusive"})));
    let made = written(&world, inclusive).await;
    assert_eq!((&made["SubTotal"], &made["TotalTax"], &made["Total"]), (&json!(0.33), &json!(0.06), &json!(0.39)));

    let four =
        json!([{"Description": "x", "Quantity": 3, "UnitAmount": 33.3333, "AccountCode": "200", "TaxType": "NONE"}]);
    let precise = with(invoice("SES-3", &contact), json!({"LineItems": four}));
    assert_eq!(written(&world, precise.clone()).await["Total"], json!(100.0));
    let cut = with(precise, json!({"InvoiceNumber": "SES-4"}));
    let cut = world.put("/Invoices", &json!({"Invoices": [cut]})).await.first("Invoices");
    assert_eq!((&cut["Total"], &cut["LineItems"][0]["UnitAmount"]), (&json!(99.99), &json!(33.33)));
    let none = with(invoice("SES-5", &contact), json!({"LineAmountTypes": "NoTax"}));
    assert_eq!(written(&world, none).await["TotalTax"], json!(0.0));
}

#[tokio::test]
async fn point_11_a_void_still_shows_what_was_due_in_its_answer_and_nothing_later() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    let body = json!({"InvoiceID": id, "Status": "VOIDED"});
    let voided = world.post(&format!("/Invoices/{id}"), &body).await.first("Invoices");
    assert_eq!((&voided["Status"], &voided["AmountDue"]), (&json!("VOIDED"), &json!(540.0)));
    assert_eq!(world.read_invoice(id).await["AmountDue"], json!(0.0));
}

#[tokio::test]
async fn an_approved_invoice_needs_dates_and_accounts_and_a_draft_does_not() {
    let world = World::connected().await;
    let contact = world.contact("Harbour Hall").await;
    let bare = json!({"Type": "ACCREC", "Contact": {"ContactID": contact}, "LineItems": []});
    assert_eq!(written(&world, bare.clone()).await["Status"], "DRAFT", "even without lines");
    let without = |field: &str| {
        let mut element = invoice("SES-1", &contact);
        element.as_object_mut().unwrap().remove(field);
        element
    };
    assert_eq!(refused(&world, without("DueDate")).await, "The document DueDate field must be specified.");
    assert_eq!(refused(&world, without("Date")).await, "The Date field must be specified.");
    assert!(refused(&world, without("Contact")).await.contains("Contact must be specified"));
    let no_account = json!({"LineItems": [{"Description": "x", "Quantity": 1, "UnitAmount": 1}]});
    assert!(refused(&world, with(invoice("SES-1", &contact), no_account)).await.contains("Account code"));
    let no_lines = with(bare, json!({"Status": "AUTHORISED", "Date": "2026-11-20", "DueDate": "2026-12-20"}));
    assert!(refused(&world, no_lines).await.contains("line items"));
}

#[tokio::test]
async fn amounts_must_agree_and_exponents_mislead() {
    let world = World::connected().await;
    let contact = world.contact("Harbour Hall").await;
    let line = |fields: Value| {
        let line = with(json!({"Description": "x", "AccountCode": "200"}), fields);
        with(invoice("SES-1", &contact), json!({"LineItems": [line]}))
    };
    let sentence = refused(&world, line(json!({"Quantity": 2, "UnitAmount": 3, "LineAmount": 7}))).await;
    assert_eq!(sentence, "The line total 7 does not match the expected line total 6.00");
    assert!(refused(&world, line(json!({"UnitAmount": 3}))).await.starts_with("Two of Quantity"));
    assert!(refused(&world, line(json!({"Quantity": "1", "UnitAmount": 3}))).await.contains("must be a number"));
    let wrong_tax = json!({"Quantity": 1, "UnitAmount": 10, "TaxAmount": 1.99});
    assert!(refused(&world, line(wrong_tax)).await.contains("does not match the expected tax amount"));
    for monstrous in [
        json!({"Quantity": 9_999_999_999_999_i64, "UnitAmount": 9_999_999_999_999_i64}),
        json!({"Quantity": 0.000_000_000_000_1, "LineAmount": 1}),
        json!({"Quantity": 1, "UnitAmount": 10_000_000_000_i64}),
        json!({"Quantity": u64::MAX, "UnitAmount": u64::MAX}),
    ] {
        refused(&world, line(monstrous)).await;
    }
    let derived = written(&world, line(json!({"Quantity": 4, "LineAmount": 10}))).await;
    assert_eq!(derived["LineItems"][0]["UnitAmount"], json!(2.5));

    let raw = format!(
        r#"{{"Invoices":[{{"Type":"ACCREC","InvoiceNumber":"SES-2","Contact":{{"ContactID":"{contact}"}},
            "LineItems":[{{"Description":"x","Quantity":1,"UnitAmount":1E+2,"AccountCode":"200"}}]}}]}}"#
    );
    let request = world.api(reqwest::Method::PUT, "/Invoices").header("content-type", "application/json").body(raw);
    let answer = crate::support::send(request).await;
    assert_eq!(messages(&answer.json()["Elements"]), ["Account must be valid."]);
}

#[tokio::test]
async fn a_url_is_absolute_and_says_nothing_of_the_one_who_reads_it() {
    let world = World::connected().await;
    let contact = world.contact("Harbour Hall").await;
    for (url, fine) in [
        ("https://app.sessional.example/invoices/1", true),
        ("/invoices/1", false),
        ("https://app.sessional.example/xero/1", false),
        ("https://xero.example/1", false),
    ] {
        let number = format!("SES-{}", url.len());
        let answer = put(&world, with(invoice(&number, &contact), json!({"Url": url}))).await;
        assert_eq!(answer.status == 200, fine, "{url}");
    }
}

#[tokio::test]
async fn only_an_approved_sales_invoice_is_marked_as_sent() {
    let world = World::connected().await;
    let contact = world.contact("Harbour Hall").await;
    let sent = with(invoice("SES-1", &contact), json!({"SentToContact": true}));
    assert_eq!(written(&world, sent.clone()).await["SentToContact"], true);
    let draft = with(sent, json!({"InvoiceNumber": "SES-2", "Status": "DRAFT"}));
    assert_eq!(written(&world, draft).await["SentToContact"], false);
}

#[tokio::test]
async fn changing_line_amount_types_of_an_approved_invoice_is_a_500() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    let answer = world.post(&format!("/Invoices/{id}"), &json!({"LineAmountTypes": "Inclusive"})).await;
    assert_eq!((answer.status, answer.json()["Title"].as_str()), (500, Some("An error occurred")));
    assert_eq!(world.read_invoice(id).await["LineAmountTypes"], "Exclusive");
}

#[tokio::test]
async fn history_and_links_hang_on_a_document() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    let note = json!({"HistoryRecords": [{"Details": "Pushed by Sessional"}]});
    assert_eq!(world.put(&format!("/Invoices/{id}/History"), &note).await.status, 200);
    let read = world.get(&format!("/Invoices/{id}/History")).await.first("HistoryRecords");
    assert_eq!(read["Details"], "Pushed by Sessional");
    assert_eq!(world.get(&format!("/Invoices/{}/History", Uuid::new_v4())).await.status, 404);
    let link = world.get(&format!("/Invoices/{id}/OnlineInvoice")).await.first("OnlineInvoices");
    assert!(link["OnlineInvoiceUrl"].as_str().unwrap().starts_with("https://"));
    let mail = world.post(&format!("/Invoices/{id}/Email"), &json!({})).await;
    assert_eq!(mail.status, 400, "the contact has no address");
    let demo = xero_stand_in::control::OrganisationChange { is_demo: Some(true), ..Default::default() };
    world.control().change_organisation(HARBOUR_SOUND, &demo).await.unwrap();
    assert_eq!(world.post(&format!("/Invoices/{id}/Email"), &json!({})).await.status, 500);
}
