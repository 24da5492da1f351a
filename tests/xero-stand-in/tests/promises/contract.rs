//! Every answer of the stand-in against Xero's published specification.

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;
use xero_stand_in::contract::{Contract, EXCEPTIONS, Exception};
use xero_stand_in::control::{Act, JournalQuery};
use xero_stand_in::{BANK, HARBOUR_SOUND};

use crate::support::{World, invoice, payment, send, with};

/// Calls every operation at least once, the refusals included.
async fn tour(world: &World) {
    world.control().set_switches(&json!({"limits": false})).await.unwrap();
    for path in [
        "/Organisation",
        "/Organisation/Actions",
        "/Accounts",
        "/Accounts/acc00000-0000-4000-8000-000000000901",
        "/TaxRates",
        "/TaxRates/OUTPUT2",
        "/Currencies",
        "/Contacts?where=x%3D%3D1",
        "/Contacts?IDs=x",
        "/Invoices/unknown",
    ] {
        world.get(path).await;
    }
    let id = world.invoice("SES-1").await;
    let contact = world.contact("Harbour Hall").await;
    let bad = with(invoice("SES-1", &contact), json!({"CurrencyCode": "USD"}));
    world.put("/Invoices?unitdp=4", &json!({"Invoices": [bad]})).await;
    world.put("/Invoices?summarizeErrors=false", &json!({"Invoices": [bad]})).await;
    world.post("/Invoices", &json!({"Invoices": [invoice("SES-1", &contact)]})).await;
    world.post(&format!("/Invoices/{id}"), &json!({"InvoiceID": id, "SentToContact": true})).await;
    world.put(&format!("/Invoices/{id}/History"), &json!({"HistoryRecords": [{"Details": "A note"}]})).await;
    world
        .post("/Contacts?summarizeErrors=false", &json!({"Contacts": [{"Name": "Harbour Hall", "EmailAddress": "x"}]}))
        .await;
    let person = json!({"EmailAddress": "a@b.example", "ContactPersons": [{"FirstName": "P", "IncludeInEmails": true}],
        "Phones": [{"PhoneType": "MOBILE", "PhoneNumber": "1"}], "Addresses": [{"AddressType": "STREET", "City": "Hull"}]});
    world.post(&format!("/Contacts/{contact}"), &json!({"Contacts": [person]})).await;
    world.put(&format!("/Contacts/{contact}/History"), &json!({"HistoryRecords": [{"Details": "A note"}]})).await;
    world.post(&format!("/Invoices/{id}/Email"), &json!({})).await;
    let paid = world.put("/Payments", &payment(id, 40.0)).await.first("Payments")["PaymentID"].clone();
    world.post("/Payments", &payment(id, 4000.0)["Payments"][0]).await;
    world.control().part_pay(HARBOUR_SOUND, id, rust_decimal::Decimal::ONE).await.unwrap();
    money(world, id, &contact).await;
    prepaid(world).await;
    for path in [
        format!("/Invoices/{id}"),
        format!("/Invoices/{id}/History"),
        format!("/Invoices/{id}/OnlineInvoice"),
        format!("/Contacts/{contact}"),
        format!("/Contacts/{contact}/History"),
        format!("/Payments/{}", paid.as_str().unwrap()),
    ] {
        world.get(&path).await;
    }
    world.post(&format!("/Payments/{}", paid.as_str().unwrap()), &json!({"Status": "DELETED"})).await;
    for collection in ["Invoices", "Contacts", "CreditNotes", "BankTransactions", "Payments"] {
        for query in ["", "?page=1", "?page=1&pageSize=2&order=UpdatedDateUTC"] {
            world.get(&format!("/{collection}{query}")).await;
        }
    }
    world.get("/Contacts?includeArchived=true&summaryOnly=true&searchTerm=h").await;
    world.get(&format!("/Invoices?IDs={id}&Statuses=PAID,AUTHORISED&unitdp=4&summaryOnly=true")).await;
    send(world.http.get(world.url("/connections")).bearer_auth(&world.access)).await;
    let unknown = world.url(&format!("/connections/{}", Uuid::new_v4()));
    send(world.http.delete(unknown).bearer_auth(&world.access)).await;
    send(world.http.get(world.url("/api.xro/2.0/Organisation"))).await;
}

/// Overpayments and prepayments, allocated and taken back.
async fn prepaid(world: &World) {
    let invoice = world.invoice("SES-9").await;
    let contact = world.read_invoice(invoice).await["Contact"]["ContactID"].as_str().unwrap().parse().unwrap();
    for (overpayment, collection) in [(true, "Overpayments"), (false, "Prepayments")] {
        let act = Act::Prepay { contact, amount: 10.into(), overpayment, spend: false };
        let credit = world.control().act(HARBOUR_SOUND, &act).await.unwrap().id.unwrap();
        let path = format!("/{collection}/{credit}");
        let body = json!({"Allocations": [{"Amount": 5, "Date": "2026-11-20", "Invoice": {"InvoiceID": invoice}}]});
        let made = world.put(&format!("{path}/Allocations"), &body).await.first("Allocations");
        world.get(&path).await;
        world.get(&format!("/{collection}?page=1")).await;
        world.get(&format!("/Invoices/{invoice}")).await;
        let gone = format!("{path}/Allocations/{}", made["AllocationID"].as_str().unwrap());
        send(world.api(Method::DELETE, &gone)).await;
    }
}

/// Credit notes, bank transactions and a file.
async fn money(world: &World, invoice: Uuid, contact: &str) {
    let line = json!([{"Description": "Rebate", "Quantity": 1, "UnitAmount": 10, "AccountCode": "200"}]);
    let note = json!({"Type": "ACCRECCREDIT", "Contact": {"ContactID": contact}, "Date": "2026-11-20", "DueDate": "2026-12-20", "LineItems": line});
    let made = world.put("/CreditNotes", &json!({"CreditNotes": [note]})).await.first("CreditNotes");
    let note = format!("/CreditNotes/{}", made["CreditNoteID"].as_str().unwrap());
    world.post(&note, &json!({"CreditNotes": [{"Status": "AUTHORISED"}]})).await;
    world.get(&note).await;
    let open = json!({"Amount": 5, "Date": "2026-11-20", "Invoice": {"InvoiceID": invoice}});
    assert_eq!(world.put(&format!("{note}/Allocations"), &json!({"Allocations": [open]})).await.status, 200);
    world.control().credit(HARBOUR_SOUND, invoice).await.unwrap();
    let line = json!([{"Description": "Strings", "Quantity": 1, "UnitAmount": 12, "AccountCode": "429"}]);
    let spend = json!({"Type": "SPEND", "BankAccount": {"AccountID": BANK}, "Contact": {"ContactID": contact},
        "Date": "2026-11-20", "LineItems": line});
    let batch = json!({"BankTransactions": [spend]});
    let made = world.put("/BankTransactions?summarizeErrors=false", &batch).await.first("BankTransactions");
    let id: Uuid = made["BankTransactionID"].as_str().unwrap().parse().unwrap();
    let path = format!("/BankTransactions/{id}");
    world.get(&path).await;
    let file =
        world.api(Method::PUT, &format!("{path}/Attachments/receipt.pdf")).header("content-type", "application/pdf");
    assert_eq!(send(file.body("%PDF")).await.status, 200);
    world.get(&format!("{path}/Attachments")).await;
    world.control().act(HARBOUR_SOUND, &Act::Reconcile { id, reconciled: true }).await.unwrap();
    world.post(&path, &json!({"BankTransactions": [{"BankTransactionID": id, "Status": "DELETED"}]})).await;
}

#[tokio::test]
async fn every_answer_keeps_to_the_published_specification() {
    let world = World::connected().await;
    tour(&world).await;
    let contract = Contract::load().unwrap();
    let journal = world.control().journal(&JournalQuery { bodies: true, ..JournalQuery::default() }).await.unwrap();
    let judged = journal.iter().flat_map(|entry| {
        let of_entry = |complaint| format!("{} {}: {complaint}", entry.operation, entry.status);
        contract.response(entry).into_iter().map(of_entry).collect::<Vec<_>>()
    });
    let complaints: Vec<String> = judged.collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
    let mut operations: Vec<&str> = journal.iter().map(|entry| entry.operation.as_str()).collect();
    operations.sort_unstable();
    operations.dedup();
    assert!(operations.len() > 35, "{operations:?}");
}

#[tokio::test]
async fn every_request_of_the_tour_keeps_to_the_published_specification_and_a_misspelt_one_does_not() {
    let world = World::connected().await;
    tour(&world).await;
    let contract = Contract::load().unwrap();
    let journal = world.control().journal(&JournalQuery { bodies: true, ..JournalQuery::default() }).await.unwrap();
    let sane = journal.iter().filter(|entry| !entry.query.contains("IDs=x"));
    let complaints: Vec<String> = sane
        .flat_map(|entry| contract.request(entry).into_iter().map(|it| format!("{}: {it}", entry.operation)))
        .collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
    let create = journal.iter().find(|entry| entry.operation == "createInvoices").unwrap();
    for (right, wrong) in
        [("\"DueDate\"", "\"DueOn\""), ("\"ACCREC\"", "\"ACCRECC\""), ("\"UnitAmount\":150", "\"UnitAmount\":\"150\"")]
    {
        let mut entry = create.clone();
        entry.request_body = entry.request_body.replace(right, wrong);
        assert_ne!(entry.request_body, create.request_body, "{right}");
        assert_eq!(contract.request(&entry).len(), 1, "{wrong}: {:?}", contract.request(&entry));
    }
    let mut entry = create.clone();
    entry.query = "summariseErrors=false".to_owned();
    assert_eq!(contract.request(&entry).len(), 1);
}

#[tokio::test]
async fn every_webhook_delivery_keeps_to_the_published_specification() {
    let settings = xero_stand_in::control::WebhookSettings {
        categories: vec!["INVOICE".to_owned(), "CONTACT".to_owned(), "CREDITNOTE".to_owned()],
        ..xero_stand_in::control::WebhookSettings::new("http://127.0.0.1:9/", "key")
    };
    let registered = xero_stand_in::control::AppRegistration { webhook: Some(settings), ..crate::support::app() };
    let choice = xero_stand_in::control::Choice::allow(xero_stand_in::ALEX, HARBOUR_SOUND);
    let world = World::with(registered, crate::support::SCOPES, &choice).await;
    let id = world.invoice("SES-1").await;
    world.control().credit(HARBOUR_SOUND, id).await.unwrap();
    world.control().settle_webhooks().await.unwrap();
    let contract = Contract::load().unwrap();
    let deliveries = world.control().deliveries().await.unwrap();
    assert!(!deliveries.is_empty());
    let complaints: Vec<String> = deliveries.iter().flat_map(|delivery| contract.delivery(delivery)).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[tokio::test]
async fn every_exception_has_a_reason_and_is_needed() {
    let world = World::connected().await;
    tour(&world).await;
    let journal = world.control().journal(&JournalQuery { bodies: true, ..JournalQuery::default() }).await.unwrap();
    let mut idle = Vec::new();
    for exception in EXCEPTIONS {
        assert!(exception.reason.len() > 20, "{exception:?}");
        let others: Vec<Exception> = EXCEPTIONS.iter().copied().filter(|other| other != exception).collect();
        let contract = Contract::with(&others).unwrap();
        let complains = |entry| !contract.response(entry).is_empty() || !contract.request(entry).is_empty();
        let sane = journal.iter().filter(|entry| !entry.query.contains("IDs=x"));
        if !sane.into_iter().any(complains) {
            idle.push((exception.schema, exception.field));
        }
    }
    assert_eq!(idle, [], "nothing shows these faults");
}
