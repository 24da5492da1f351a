//! Money against documents: payments, credit, paid and unpaid again, and what then cannot change.

use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;
use xero_stand_in::HARBOUR_SOUND;
use xero_stand_in::control::{Act, Choice};

use crate::support::{World, app, messages, payment, with};

#[tokio::test]
async fn point_11_paid_comes_by_itself_and_goes_when_the_payment_is_removed() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    let part = world.put("/Payments", &payment(id, 40.0)).await;
    assert_eq!(part.status, 200, "{part:?}");
    assert_eq!(part.first("Payments")["PaymentType"], "ACCRECPAYMENT");
    let read = world.read_invoice(id).await;
    assert_eq!(
        (&read["Status"], &read["AmountDue"], &read["AmountPaid"]),
        (&json!("AUTHORISED"), &json!(500.0), &json!(40.0))
    );
    let rest = world.control().pay(HARBOUR_SOUND, id).await.unwrap();
    let read = world.read_invoice(id).await;
    assert_eq!((&read["Status"], &read["Payments"].as_array().unwrap().len()), (&json!("PAID"), &2));
    assert!(read.get("FullyPaidOnDate").is_some());

    let removed = world.post(&format!("/Payments/{rest}"), &json!({"Status": "DELETED"})).await;
    assert_eq!(removed.first("Payments")["Status"], "DELETED");
    let read = world.read_invoice(id).await;
    assert_eq!((&read["Status"], &read["AmountDue"]), (&json!("AUTHORISED"), &json!(500.0)));
    assert!(read.get("FullyPaidOnDate").is_none());
}

#[tokio::test]
async fn point_11_a_payment_blocks_the_void_and_most_edits() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    world.control().part_pay(HARBOUR_SOUND, id, Decimal::new(1000, 2)).await.unwrap();
    let post = async |fields: serde_json::Value| {
        let answer = world.post(&format!("/Invoices/{id}?summarizeErrors=false"), &json!({"Invoices": [fields]})).await;
        messages(&answer.first("Invoices")).join(" ")
    };
    assert_eq!(
        post(json!({"Status": "VOIDED"})).await,
        "The status VOIDED cannot be applied to the invoice because it has payments or credit notes allocated to it."
    );
    assert_eq!(
        post(json!({"Reference": "PO 78"})).await,
        "This document cannot be edited as it has a payment or credit note allocated to it."
    );
    world.control().advance_clock(60).await.unwrap();
    let before = world.read_invoice(id).await["UpdatedDateUTC"].clone();
    assert_eq!(post(json!({"DueDate": "2027-01-20", "SentToContact": true})).await, "");
    let after = world.read_invoice(id).await;
    assert_eq!((&after["DueDateString"], &after["SentToContact"]), (&json!("2027-01-20T00:00:00"), &json!(true)));
    assert_eq!(after["UpdatedDateUTC"], before, "such a change does not raise the date");
}

#[tokio::test]
async fn a_part_paid_bill_accepts_its_texts_and_refuses_its_amounts() {
    let world = World::connected().await;
    let contact = world.contact("Supplier").await;
    let bill = with(
        crate::support::invoice("B-1", &contact),
        json!({"Type": "ACCPAY", "LineItems":
        [{"Description": "Strings", "Quantity": 1, "UnitAmount": 12, "AccountCode": "429"}]}),
    );
    let made = world.put("/Invoices", &json!({"Invoices": [bill]})).await.first("Invoices");
    let id: Uuid = made["InvoiceID"].as_str().unwrap().parse().unwrap();
    world.control().part_pay(HARBOUR_SOUND, id, Decimal::ONE).await.unwrap();
    let line = &made["LineItems"][0]["LineItemID"];
    let text = json!({"InvoiceNumber": "B-2", "LineItems": [{"LineItemID": line, "Description": "Guitar strings"}]});
    assert_eq!(world.post(&format!("/Invoices/{id}"), &text).await.status, 200);
    let amount = json!({"LineItems": [{"LineItemID": line, "UnitAmount": 13}]});
    assert_eq!(world.post(&format!("/Invoices/{id}"), &amount).await.status, 400);
}

#[tokio::test]
async fn payments_keep_within_what_is_due_and_on_approved_documents() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    let refused = async |body| messages(&world.put("/Payments", &body).await.json()["Elements"]).join(" ");
    assert_eq!(refused(payment(id, 540.01)).await, "Payment amount exceeds the amount outstanding on this document");
    world.control().void(HARBOUR_SOUND, id).await.unwrap();
    assert_eq!(refused(payment(id, 1.0)).await, "Payments can only be made against Authorised documents");
    let mut nowhere = payment(id, 1.0);
    nowhere["Payments"][0]["Account"] = json!({"Code": "200"});
    assert!(refused(nowhere).await.contains("cannot be used for payments"));
}

#[tokio::test]
async fn a_reconciled_payment_is_not_deleted_by_the_api_but_by_the_bookkeeper() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    let act = Act::Pay { document: id, amount: None, date: None, reconciled: true };
    let payment = world.control().act(HARBOUR_SOUND, &act).await.unwrap().id.unwrap();
    let answer = world.post(&format!("/Payments/{payment}"), &json!({"Status": "DELETED"})).await;
    assert_eq!(messages(&answer.json()["Elements"]), ["This payment has been reconciled and cannot be deleted"]);
    world.control().remove_payment(HARBOUR_SOUND, payment).await.unwrap();
    assert_eq!(world.read_invoice(id).await["Status"], "AUTHORISED");
}

#[tokio::test]
async fn credit_settles_an_invoice_without_any_payment() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    world.control().credit(HARBOUR_SOUND, id).await.unwrap();
    let read = world.read_invoice(id).await;
    assert_eq!(
        (&read["Status"], &read["AmountCredited"], &read["AmountPaid"]),
        (&json!("PAID"), &json!(540.0), &json!(0.0))
    );
    assert_eq!(read["Payments"], json!([]));
    assert_eq!(read["CreditNotes"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_credit_note_is_written_approved_allocated_and_taken_back_over_the_api() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    let contact = world.read_invoice(id).await["Contact"]["ContactID"].clone();
    let note = json!({"Type": "ACCRECCREDIT", "Status": "AUTHORISED", "Contact": {"ContactID": contact},
        "Date": "2026-11-20", "LineItems": [{"Description": "Rebate", "Quantity": 1, "UnitAmount": 100, "AccountCode": "200"}]});
    let made = world.put("/CreditNotes", &json!({"CreditNotes": [note]})).await.first("CreditNotes");
    assert_eq!((&made["RemainingCredit"], &made["CreditNoteNumber"]), (&json!(120.0), &json!("CN-0001")));
    let path = format!("/CreditNotes/{}/Allocations", made["CreditNoteID"].as_str().unwrap());
    let allocation =
        |amount: f64| json!({"Allocations": [{"Amount": amount, "Date": "2026-11-20", "Invoice": {"InvoiceID": id}}]});
    assert_eq!(world.put(&path, &allocation(120.01)).await.status, 400);
    let allocated = world.put(&path, &allocation(120.0)).await.first("Allocations");
    assert_eq!(world.read_invoice(id).await["AmountDue"], json!(420.0));
    let gone = format!("{path}/{}", allocated["AllocationID"].as_str().unwrap());
    assert_eq!(crate::support::send(world.api(reqwest::Method::DELETE, &gone)).await.status, 200);
    assert_eq!(world.read_invoice(id).await["AmountDue"], json!(540.0));
}

#[tokio::test]
async fn without_a_payments_scope_an_invoice_shows_no_payments() {
    let scopes = "offline_access accounting.invoices accounting.contacts";
    let world = World::with(app(), scopes, &Choice::allow(xero_stand_in::ALEX, HARBOUR_SOUND)).await;
    let id = world.invoice("SES-1").await;
    world.control().pay(HARBOUR_SOUND, id).await.unwrap();
    let read = world.read_invoice(id).await;
    assert_eq!((&read["Status"], &read["Payments"]), (&json!("PAID"), &json!([])));
    world.control().set_switches(&json!({"payments_without_scope": true})).await.unwrap();
    assert_eq!(world.read_invoice(id).await["Payments"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn payments_are_listed_by_the_invoice_they_pay() {
    let world = World::connected().await;
    let (one, two) = (world.invoice("SES-1").await, world.invoice("SES-2").await);
    world.control().pay(HARBOUR_SOUND, one).await.unwrap();
    world.control().pay(HARBOUR_SOUND, two).await.unwrap();
    let path = format!("/Payments?where=Invoice.InvoiceID%3D%3DGuid(%22{one}%22)&page=1");
    let listed = world.get(&path).await.json();
    assert_eq!(listed["pagination"]["itemCount"], 1);
    assert_eq!(listed["Payments"][0]["Invoice"]["InvoiceID"], json!(one));
}
