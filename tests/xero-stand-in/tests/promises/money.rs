//! Every way an invoice gets or loses its money, as the desk does it (facts 4.6 and 4.8).

use serde_json::{Value, json};
use uuid::Uuid;
use xero_stand_in::control::{Act, OrganisationChange};
use xero_stand_in::{BANK, HARBOUR_SOUND};

use crate::support::{World, invoice, messages, payment, with};

async fn act(world: &World, act: Value) -> Option<Uuid> {
    let act: Act = serde_json::from_value(act).unwrap();
    world.control().act(HARBOUR_SOUND, &act).await.unwrap().id
}

async fn refused(world: &World, act: Value) -> String {
    let act: Act = serde_json::from_value(act).unwrap();
    world.control().act(HARBOUR_SOUND, &act).await.unwrap_err().to_string()
}

/// Status, due, paid, credited.
async fn stands(world: &World, id: Uuid) -> (String, f64, f64, f64) {
    let read = world.read_invoice(id).await;
    let number = |field: &str| read[field].as_f64().unwrap();
    (read["Status"].as_str().unwrap().to_owned(), number("AmountDue"), number("AmountPaid"), number("AmountCredited"))
}

fn as_tuple(status: &str, due: f64, paid: f64, credited: f64) -> (String, f64, f64, f64) {
    (status.to_owned(), due, paid, credited)
}

#[tokio::test]
async fn overpayments_and_prepayments_are_allocated_and_taken_back_at_the_desk_and_over_the_api() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    let contact = world.read_invoice(id).await["Contact"]["ContactID"].clone();
    for (overpayment, list, key) in [(true, "Overpayments", "OverpaymentID"), (false, "Prepayments", "PrepaymentID")] {
        let made = json!({"prepay": {"contact": contact, "amount": "600", "overpayment": overpayment}});
        let credit = act(&world, made).await.unwrap();
        act(&world, json!({"allocate": {"credit": credit, "invoice": id}})).await;
        assert_eq!(stands(&world, id).await, as_tuple("PAID", 0.0, 0.0, 540.0), "settled without any payment");
        let read = world.read_invoice(id).await;
        assert_eq!((&read["Payments"], &read["CreditNotes"]), (&json!([]), &json!([])));
        assert_eq!((&read[list][0][key], &read[list][0]["AppliedAmount"]), (&json!(credit), &json!(540.0)));
        let shown = world.get(&format!("/{list}/{credit}")).await.first(list);
        assert_eq!((&shown["RemainingCredit"], &shown["Status"]), (&json!(60.0), &json!("AUTHORISED")));
        act(&world, json!({"take_back": {"credit": credit, "invoice": id}})).await;
        assert_eq!(stands(&world, id).await, as_tuple("AUTHORISED", 540.0, 0.0, 0.0));

        let path = format!("/{list}/{credit}/Allocations");
        let body = json!({"Allocations": [{"Amount": 40.5, "Invoice": {"InvoiceID": id}}]});
        let allocated = world.put(&path, &body).await.first("Allocations");
        assert_eq!(stands(&world, id).await, as_tuple("AUTHORISED", 499.5, 0.0, 40.5));
        let gone = format!("{path}/{}", allocated["AllocationID"].as_str().unwrap());
        assert_eq!(crate::support::send(world.api(reqwest::Method::DELETE, &gone)).await.status, 200);
        assert_eq!(stands(&world, id).await, as_tuple("AUTHORISED", 540.0, 0.0, 0.0));
        assert_eq!(world.get(&format!("/{list}?page=1")).await.json()["pagination"]["itemCount"], 1);
    }
    let other = world.contact("Somebody else").await;
    let foreign = act(&world, json!({"prepay": {"contact": other, "amount": "10"}})).await;
    let sentence = refused(&world, json!({"allocate": {"credit": foreign, "invoice": id}})).await;
    assert!(sentence.contains("same contact"), "{sentence}");
}

#[tokio::test]
async fn a_batch_pays_several_its_payments_cannot_be_deleted_alone_and_go_together() {
    let world = World::connected().await;
    let (one, two) = (world.invoice("SES-1").await, world.invoice("SES-2").await);
    let batch = act(&world, json!({"pay_batch": {"documents": [one, two]}})).await.unwrap();
    let read = world.read_invoice(one).await;
    assert_eq!(read["Status"], "PAID");
    let payment = read["Payments"][0]["PaymentID"].as_str().unwrap().to_owned();
    let whole = world.get(&format!("/Payments/{payment}")).await.first("Payments");
    assert_eq!(whole["BatchPaymentID"], json!(batch));
    let answer = world.post(&format!("/Payments/{payment}"), &json!({"Status": "DELETED"})).await;
    assert_eq!(messages(&answer.json()["Elements"]), ["Payments within a batch cannot be deleted."]);
    act(&world, json!({"remove_batch": {"batch": batch}})).await;
    for id in [one, two] {
        assert_eq!(stands(&world, id).await, as_tuple("AUTHORISED", 540.0, 0.0, 0.0));
    }
}

#[tokio::test]
async fn a_payment_that_is_edited_is_another_payment_and_one_that_cannot_be_made_changes_nothing() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    let first = world.control().pay(HARBOUR_SOUND, id).await.unwrap();
    let edit = json!({"edit_payment": {"payment": first, "amount": "500", "date": "2026-11-25"}});
    let second = act(&world, edit).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(stands(&world, id).await, as_tuple("AUTHORISED", 40.0, 500.0, 0.0));
    assert_eq!(world.get(&format!("/Payments/{first}")).await.first("Payments")["Status"], "DELETED");
    refused(&world, json!({"edit_payment": {"payment": second, "amount": "541"}})).await;
    assert_eq!(stands(&world, id).await, as_tuple("AUTHORISED", 40.0, 500.0, 0.0));
    assert_eq!(world.read_invoice(id).await["Payments"][0]["PaymentID"], json!(second));
}

#[tokio::test]
async fn facts_10_1_a_payment_before_its_invoice_is_taken_with_a_warning_and_one_of_the_future_without() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    let dated = |date: &str| with(payment(id, 10.0)["Payments"][0].clone(), json!({"Date": date}));
    let body = |date: &str| json!({"Payments": [dated(date)]});
    let early = world.put("/Payments?summarizeErrors=false", &body("2026-11-01")).await.first("Payments");
    assert_eq!(early["StatusAttributeString"], "WARNING");
    assert_eq!(messages(&early["Warnings"]).len(), 1);
    let late = world.put("/Payments?summarizeErrors=false", &body("2027-03-01")).await.first("Payments");
    assert_eq!((&late["StatusAttributeString"], late.get("Warnings")), (&json!("OK"), None));
    act(&world, json!({"record_payment": {"document": id, "date": "2026-10-01"}})).await;
    let read = world.read_invoice(id).await;
    assert_eq!((&read["Status"], &read["FullyPaidOnDate"]), (&json!("PAID"), &json!("/Date(1803859200000+0000)/")));
}

#[tokio::test]
async fn a_payment_of_another_currency_has_its_own_rate_and_what_the_bank_saw() {
    let world = World::connected().await;
    let contact = world.contact("Café Zoë").await;
    let euro = with(invoice("SES-1", &contact), json!({"CurrencyCode": "EUR"}));
    let made = world.put("/Invoices", &json!({"Invoices": [euro]})).await.first("Invoices");
    let id: Uuid = made["InvoiceID"].as_str().unwrap().parse().unwrap();
    let mut pounds = payment(id, 270.0);
    pounds["Payments"][0]["CurrencyRate"] = json!(1.2);
    let paid = world.put("/Payments", &pounds).await.first("Payments");
    assert_eq!(
        (&paid["Amount"], &paid["BankAmount"], &paid["CurrencyRate"]),
        (&json!(270.0), &json!(225.0), &json!(1.2))
    );
    let rest = act(&world, json!({"record_payment": {"document": id}})).await.unwrap();
    let rest = world.get(&format!("/Payments/{rest}")).await.first("Payments");
    assert_eq!((&rest["Amount"], &rest["BankAmount"]), (&json!(270.0), &json!(270.0)), "into the euro account");
    assert_eq!(stands(&world, id).await, as_tuple("PAID", 0.0, 540.0, 0.0));
    let home = world.invoice("SES-2").await;
    let euros = world.control().snapshot(HARBOUR_SOUND).await.unwrap();
    assert_eq!(euros["Payments"].as_array().unwrap().len(), 2);
    let mut wrong = payment(home, 1.0);
    wrong["Payments"][0]["Account"] = json!({"AccountID": "acc00000-0000-4000-8000-000000000904"});
    assert_eq!(world.put("/Payments", &wrong).await.status, 400, "pounds do not go into a euro account");
    assert_ne!(json!(BANK), wrong["Payments"][0]["Account"]["AccountID"]);
}

#[tokio::test]
async fn what_is_written_off_is_credited_and_comes_back_when_the_credit_is_taken_back() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    world.control().part_pay(HARBOUR_SOUND, id, 500.into()).await.unwrap();
    let note = act(&world, json!({"write_off": {"invoice": id, "account": "429"}})).await.unwrap();
    assert_eq!(stands(&world, id).await, as_tuple("PAID", 0.0, 500.0, 40.0));
    act(&world, json!({"take_back": {"credit": note, "invoice": id}})).await;
    assert_eq!(stands(&world, id).await, as_tuple("AUTHORISED", 40.0, 500.0, 0.0));
}

#[tokio::test]
async fn payments_go_into_accounts_that_have_it_enabled() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    let into = |code: &str| {
        let mut body = payment(id, 1.0);
        body["Payments"][0]["Account"] = json!({"Code": code});
        body
    };
    assert_eq!(world.put("/Payments", &into("835")).await.status, 200, "the director's loan");
    assert_eq!(world.put("/Payments", &into("880")).await.status, 400);
    act(&world, json!({"enable_payments": {"code": "880", "enabled": true}})).await;
    let accounts = world.get("/Accounts?where=Code%3D%3D%22880%22").await.first("Accounts");
    assert_eq!(accounts["EnablePaymentsToAccount"], true);
    assert_eq!(world.put("/Payments", &into("880")).await.status, 200);
}

#[tokio::test]
async fn a_merge_moves_documents_and_payments_without_touching_their_updated_date() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    let before = world.read_invoice(id).await;
    let winner = world.contact("Harbour Group").await;
    world.control().advance_clock(600).await.unwrap();
    let loser = before["Contact"]["ContactID"].as_str().unwrap().parse().unwrap();
    world.control().merge_contacts(HARBOUR_SOUND, loser, winner.parse().unwrap()).await.unwrap();
    let after = world.read_invoice(id).await;
    assert_eq!((&after["Contact"]["ContactID"], &after["UpdatedDateUTC"]), (&json!(winner), &before["UpdatedDateUTC"]));
    let lost = world.get(&format!("/Contacts/{loser}")).await.first("Contacts");
    assert_eq!((&lost["ContactStatus"], &lost["MergedToContactID"]), (&json!("ARCHIVED"), &json!(winner)));
    let body = json!({"Invoices": [invoice("SES-2", &loser.to_string())]});
    let told = messages(&world.put("/Invoices", &body).await.json()["Elements"]).join(" ");
    assert_eq!(told, "The status 'ARCHIVED' is not valid for contacts");
}

#[tokio::test]
async fn several_active_contacts_share_a_name_only_where_the_switch_says_so() {
    let world = World::connected().await;
    let first = world.contact("Ines Falk").await;
    let put = async || world.put("/Contacts", &json!({"Contacts": [{"Name": "Ines Falk"}]})).await.status;
    assert_eq!(put().await, 400);
    world.control().set_switches(&json!({"contact_names_may_repeat": true})).await.unwrap();
    assert_eq!(put().await, 200);
    world.control().set_switches(&json!({"contact_names_may_repeat": false})).await.unwrap();
    let named = json!({"Contacts": [{"ContactID": first, "Name": "Ines Falk"}]});
    assert_eq!(world.post("/Contacts", &named).await.status, 400, "its name is another's too");
}

#[tokio::test]
async fn facts_10_3_simple_takes_five_bills_beyond_draft_in_its_own_month() {
    let world = World::connected().await;
    let plan = |class: &str| OrganisationChange { class: Some(class.to_owned()), ..OrganisationChange::default() };
    world.control().change_organisation(HARBOUR_SOUND, &plan("SIMPLE")).await.unwrap();
    let contact = world.contact("Supplier").await;
    let bill = async |status: &str| {
        let line = json!([{"Description": "Strings", "Quantity": 1, "UnitAmount": 12, "AccountCode": "429"}]);
        let fields = json!({"Type": "ACCPAY", "Status": status, "LineItems": line});
        world.put("/Invoices", &json!({"Invoices": [with(invoice("B", &contact), fields)]})).await
    };
    for status in ["AUTHORISED", "SUBMITTED", "AUTHORISED", "AUTHORISED", "AUTHORISED"] {
        assert_eq!(bill(status).await.status, 200);
    }
    for status in ["AUTHORISED", "SUBMITTED"] {
        let told = messages(&bill(status).await.json()["Elements"]).join(" ");
        assert_eq!(told, "You have reached the limit of invoices you can approve");
    }
    let draft = bill("DRAFT").await;
    assert_eq!(draft.status, 200);
    let draft = draft.first("Invoices")["InvoiceID"].as_str().unwrap().to_owned();
    let approve = json!({"Invoices": [{"Status": "AUTHORISED"}]});
    assert_eq!(world.post(&format!("/Invoices/{draft}"), &approve).await.status, 400);
    let sale = json!({"Invoices": [invoice("SES-1", &contact)]});
    assert_eq!(world.put("/Invoices", &sale).await.status, 200, "sales have no limit");
    let actions = world.get("/Organisation/Actions").await.json();
    assert!(
        actions["Actions"]
            .as_array()
            .unwrap()
            .contains(&json!({"Name": "CreateApprovedBill", "Status": "NOT-ALLOWED"}))
    );
    world.control().set_clock("2026-12-19T23:00:00Z".parse().unwrap()).await.unwrap();
    let mut world = world;
    let refreshed = world.refreshed(&world.refresh).await.json();
    world.keep(&refreshed);
    assert_eq!(world.post(&format!("/Invoices/{draft}"), &approve).await.status, 400, "not yet");
    world.control().advance_clock(3600).await.unwrap();
    let refreshed = world.refreshed(&world.refresh).await.json();
    world.keep(&refreshed);
    assert_eq!(world.post(&format!("/Invoices/{draft}"), &approve).await.status, 200, "its month has turned");
}

#[tokio::test]
async fn facts_10_3_cashbook_and_ledger_have_no_invoicing_until_the_plan_changes() {
    let world = World::connected().await;
    let contact = world.contact("Harbour Hall").await;
    for class in ["LEDGER", "GST_CASHBOOK", "NON_GST_CASHBOOK"] {
        let plan = OrganisationChange { class: Some(class.to_owned()), ..OrganisationChange::default() };
        world.control().change_organisation(HARBOUR_SOUND, &plan).await.unwrap();
        assert_eq!(world.get("/Organisation").await.first("Organisations")["Class"], class);
        for kind in ["ACCREC", "ACCPAY"] {
            let element = with(invoice("SES-1", &contact), json!({"Type": kind, "Status": "DRAFT"}));
            let answer = world.put("/Invoices", &json!({"Invoices": [element]})).await;
            let told = messages(&answer.json()["Elements"]).join(" ");
            assert_eq!((answer.status, told.contains("plan does not include")), (400, true), "{told}");
        }
    }
    let plan = OrganisationChange { class: Some("GROW".to_owned()), ..OrganisationChange::default() };
    world.control().change_organisation(HARBOUR_SOUND, &plan).await.unwrap();
    assert_eq!(world.put("/Invoices", &json!({"Invoices": [invoice("SES-1", &contact)]})).await.status, 200);
}

#[tokio::test]
async fn facts_10_4_a_document_takes_ten_files_of_ten_megabytes() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    let attach = async |name: &str, size: usize| {
        let path = format!("/Invoices/{id}/Attachments/{name}");
        let request = world.api(reqwest::Method::PUT, &path).header("content-type", "image/png");
        crate::support::send(request.body(vec![0_u8; size])).await.status
    };
    assert_eq!(attach("large.png", 10_000_001).await, 413);
    assert_eq!(attach("full.png", 10_000_000).await, 200);
    for place in 1..10 {
        assert_eq!(attach(&format!("{place}.png"), 1).await, 200);
    }
    assert_eq!(attach("eleventh.png", 1).await, 400);
    assert_eq!(attach("full.png", 2).await, 200, "the same name is the same file");
}
