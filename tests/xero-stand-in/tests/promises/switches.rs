//! The switches: what is strict by default, and what each of them changes.

use reqwest::Method;
use serde_json::{Value, json};
use xero_stand_in::control::{AppRegistration, Choice, Fault, FaultKind, OrganisationChange, Switches, Tier};
use xero_stand_in::{ALEX, HARBOUR_SOUND, QUAYSIDE_COACHING};

use crate::support::{SCOPES, World, app, authorise_url, invoice, messages, send, with};

/// What becomes of an invoice: its status, or the complaints.
async fn outcome(world: &World, element: &Value) -> String {
    let answer = world.put("/Invoices", &json!({"Invoices": [element]})).await;
    match answer.status {
        200 => "fine".to_owned(),
        _ => messages(&answer.json()["Elements"]).join(" "),
    }
}

#[test]
fn every_switch_is_listed_on_the_page_of_the_crate() {
    let page = include_str!("../../README.md");
    let all = serde_json::to_value(Switches::default()).unwrap();
    for name in all.as_object().unwrap().keys() {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}

#[tokio::test]
async fn an_unknown_switch_is_refused_by_its_name() {
    let world = World::connected().await;
    let refused = world.control().set_switches(&json!({"be_kind": true})).await;
    assert!(format!("{refused:?}").contains("be_kind"));
    assert!(!world.control().switches().await.unwrap().halves_to_even);
}

#[tokio::test]
async fn each_leniency_for_invoices_is_off_until_it_is_switched_on() {
    let world = World::connected().await;
    world.control().set_switches(&json!({"limits": false})).await.unwrap();
    let contact = world.contact("Harbour Hall").await;
    let voided = world.invoice("SES-V").await;
    world.control().void(HARBOUR_SOUND, voided).await.unwrap();
    let line = |fields: Value| json!({"LineItems": [with(json!({"Description": "x", "AccountCode": "200"}), fields)]});
    for (number, (switch, change)) in [
        ("numbers_come_back", json!({"InvoiceNumber": "SES-V"})),
        ("quantity_defaults_to_one", line(json!({"UnitAmount": 5}))),
        ("quoted_decimals", line(json!({"UnitAmount": "5", "Quantity": "1"}))),
        ("correct_wrong_tax", line(json!({"UnitAmount": 5, "Quantity": 1, "TaxAmount": 0.5}))),
    ]
    .into_iter()
    .enumerate()
    {
        let element = with(invoice(&format!("SES-{number}"), &contact), change);
        assert_ne!(outcome(&world, &element).await, "fine", "{switch}");
        world.control().set_switches(&json!({switch: true})).await.unwrap();
        assert_eq!(outcome(&world, &element).await, "fine", "{switch}");
    }
}

#[tokio::test]
async fn lock_day_and_missing_registration_have_their_leniency() {
    let world = World::connected().await;
    let contact = world.contact("Harbour Hall").await;
    world.control().lock_period(HARBOUR_SOUND, Some("2026-11-20".parse().unwrap())).await.unwrap();
    assert_ne!(outcome(&world, &invoice("SES-1", &contact)).await, "fine");
    world.control().set_switches(&json!({"lock_day_is_open": true})).await.unwrap();
    assert_eq!(outcome(&world, &invoice("SES-1", &contact)).await, "fine");
    let change = OrganisationChange { pays_tax: Some(false), ..OrganisationChange::default() };
    world.control().change_organisation(HARBOUR_SOUND, &change).await.unwrap();
    assert_ne!(outcome(&world, &invoice("SES-2", &contact)).await, "fine");
    world.control().set_switches(&json!({"tax_without_registration": true})).await.unwrap();
    assert_eq!(outcome(&world, &invoice("SES-2", &contact)).await, "fine");
}

#[tokio::test]
async fn halves_go_away_from_zero_or_to_the_even_neighbour() {
    let world = World::connected().await;
    let contact = world.contact("Harbour Hall").await;
    let line =
        json!([{"Description": "x", "Quantity": 1, "UnitAmount": 0.1, "AccountCode": "200", "TaxType": "RROUTPUT"}]);
    for (even, tax) in [(false, 0.01), (true, 0.0)] {
        world.control().set_switches(&json!({"halves_to_even": even})).await.unwrap();
        let element = with(invoice(&format!("SES-{even}"), &contact), json!({"LineItems": line}));
        let made = world.put("/Invoices", &json!({"Invoices": [element]})).await.first("Invoices");
        assert_eq!(made["TotalTax"], json!(tax));
    }
}

#[tokio::test]
async fn a_submitted_invoice_and_a_bill_of_the_same_number_have_their_leniency() {
    let world = World::connected().await;
    let contact = world.contact("Harbour Hall").await;
    let submitted = with(invoice("SES-1", &contact), json!({"Status": "SUBMITTED"}));
    let id = world.put("/Invoices", &json!({"Invoices": [submitted]})).await.first("Invoices")["InvoiceID"].clone();
    let path = format!("/Invoices/{}", id.as_str().unwrap());
    assert_eq!(world.post(&path, &json!({"Status": "DRAFT"})).await.status, 400);
    world.control().set_switches(&json!({"submitted_back_to_draft": true})).await.unwrap();
    assert_eq!(world.post(&path, &json!({"Status": "DRAFT"})).await.status, 200);

    let line = json!([{"Description": "x", "Quantity": 1, "UnitAmount": 1, "AccountCode": "429"}]);
    let bill = with(invoice("B-1", &contact), json!({"Type": "ACCPAY", "LineItems": line}));
    for (switch, bills) in [(false, 1), (true, 3)] {
        world.control().set_switches(&json!({"bills_never_match_by_number": switch})).await.unwrap();
        for _ in 0..2 {
            assert_eq!(world.post("/Invoices", &json!({"Invoices": [bill]})).await.status, 200);
        }
        assert_eq!(world.control().totals(HARBOUR_SOUND).await.unwrap().bills, bills);
    }
}

#[tokio::test]
async fn names_may_mind_their_case_and_listings_their_second() {
    let world = World::connected().await;
    world.contact("Harbour Hall").await;
    let other = json!({"Contacts": [{"Name": "HARBOUR HALL"}]});
    assert_eq!(world.put("/Contacts", &other).await.status, 400);
    let since = async || {
        let request = world.api(Method::GET, "/Contacts").header("if-modified-since", "2026-11-20T09:42:11");
        send(request).await
    };
    assert_eq!(since().await.json()["Contacts"], json!([]));
    world.control().set_switches(&json!({"answer_304": true})).await.unwrap();
    assert_eq!((since().await.status, since().await.text.as_str()), (304, ""));
    let both = json!({"contact_names_mind_case": true, "modified_since_inclusive": true});
    world.control().set_switches(&both).await.unwrap();
    assert_eq!(since().await.json()["Contacts"].as_array().unwrap().len(), 1);
    assert_eq!(world.put("/Contacts", &other).await.status, 200);
}

#[tokio::test]
async fn older_tokens_connection_ids_and_pkce_have_their_leniency() {
    let mut world = World::connected().await;
    let lenient = json!({"consent_keeps_older_tokens": true, "reconnect_changes_connection_id": true,
        "pkce_for_web_apps": true});
    world.control().set_switches(&lenient).await.unwrap();
    let (old, id) = (world.refresh.clone(), world.connections().await[0]["id"].clone());
    world.consent(SCOPES, &Choice::allow(ALEX, HARBOUR_SOUND)).await;
    assert_eq!(world.refreshed(&old).await.status, 200);
    assert_ne!(world.connections().await[0]["id"], id);
    let url = authorise_url(world.stand_in.xero_url(), SCOPES, "x");
    let pkce = format!("{url}&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256");
    let location = xero_stand_in::control::consent(&pkce, Choice::allow(ALEX, HARBOUR_SOUND)).await.unwrap();
    let code = crate::support::query_of(&location, "code").unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", crate::support::REDIRECT),
        ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    ];
    assert_eq!(world.token(&form).await.status, 200);
}

#[tokio::test]
async fn a_key_in_use_answers_409_and_another_tenant_is_another_request() {
    let mut world = World::connected().await;
    world.consent(SCOPES, &Choice::allow(ALEX, QUAYSIDE_COACHING)).await;
    let body = json!({"Contacts": [{"Name": "Harbour Hall"}]});
    let keyed = |world: &World| world.api(Method::PUT, "/Contacts").header("idempotency-key", "k").json(&body);
    world.control().fault(&Fault::once("createContacts", FaultKind::Slow { milliseconds: 60_000 })).await.unwrap();
    let first = tokio::spawn(send(keyed(&world)));
    while world.control().totals(HARBOUR_SOUND).await.unwrap().contacts == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(send(keyed(&world)).await.status, 409);
    world.control().set_switches(&json!({"idempotency_waits": true})).await.unwrap();
    let replayed = send(keyed(&world)).await;
    assert_eq!(replayed.first("Contacts")["Name"], "Harbour Hall");
    first.abort();
    world.tenant = QUAYSIDE_COACHING;
    assert_eq!(send(keyed(&world)).await.status, 400);
    world.control().set_switches(&json!({"idempotency_ignores_tenant": true})).await.unwrap();
    assert_eq!(send(keyed(&world)).await.text, replayed.text, "the other tenant's answer");
    assert_eq!(world.control().totals(QUAYSIDE_COACHING).await.unwrap().contacts, 0);
}

#[tokio::test]
async fn a_plus_app_is_not_limited_in_the_first_half_hour_after_connecting() {
    let plus = AppRegistration { tier: Tier::Plus, certified: true, ..app() };
    let world = World::with(plus, SCOPES, &Choice::allow(ALEX, HARBOUR_SOUND)).await;
    world.control().exhaust_limit(crate::support::CLIENT_ID, HARBOUR_SOUND, true).await.unwrap();
    assert_eq!(world.get("/Currencies").await.status, 200);
    world.control().advance_clock(29 * 60 + 59).await.unwrap();
    assert_eq!(world.get("/Currencies").await.status, 200);
}

#[tokio::test]
async fn a_request_that_is_too_large_is_refused() {
    let world = World::connected().await;
    world.control().set_switches(&json!({"body_limit": 20})).await.unwrap();
    assert_eq!(world.put("/Contacts", &json!({"Contacts": [{"Name": "Harbour Hall"}]})).await.status, 413);
    world.control().set_switches(&json!({"body_limit": 2000, "listing_limit": 0})).await.unwrap();
    world.contact("Harbour Hall").await;
    assert_eq!(world.get("/Contacts").await.status, 400);
    assert_eq!(world.get("/Contacts?page=1").await.status, 200);
}
