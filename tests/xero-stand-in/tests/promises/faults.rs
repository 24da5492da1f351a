//! Failures on order, one of each kind.

use reqwest::Method;
use serde_json::json;
use xero_stand_in::control::{Fault, FaultKind};
use xero_stand_in::{HARBOUR_SOUND, QUAYSIDE_COACHING};

use crate::support::{World, send};

async fn contacts(world: &World) -> usize {
    world.control().totals(HARBOUR_SOUND).await.unwrap().contacts
}

#[tokio::test]
async fn point_15_a_500_comes_before_or_after_saving() {
    let world = World::connected().await;
    let body = json!({"Contacts": [{"Name": "A"}]});
    world.control().fault(&Fault::once("createContacts", FaultKind::ServerErrorBefore)).await.unwrap();
    let answer = world.put("/Contacts", &body).await;
    assert_eq!((answer.status, answer.json()["Title"].as_str()), (500, Some("An error occurred")));
    assert_eq!(contacts(&world).await, 0);
    world.control().fault(&Fault::once("createContacts", FaultKind::ServerErrorAfter)).await.unwrap();
    assert_eq!(world.put("/Contacts", &body).await.status, 500);
    assert_eq!(contacts(&world).await, 1);
    assert_eq!(world.put("/Contacts", &body).await.status, 400, "the fault is used up, the name taken");
}

#[tokio::test]
async fn point_15_a_connection_drops_before_or_after_saving() {
    let world = World::connected().await;
    for (kind, saved) in [(FaultKind::DropBefore, 0), (FaultKind::DropAfter, 1)] {
        world.control().fault(&Fault::once("createContacts", kind)).await.unwrap();
        let request = world.api(Method::PUT, "/Contacts").json(&json!({"Contacts": [{"Name": "A"}]}));
        assert!(request.send().await.is_err(), "no answer at all");
        assert_eq!(contacts(&world).await, saved);
    }
}

#[tokio::test]
async fn point_15_text_503_empty_404_429_and_any_other_answer_come_on_order() {
    let world = World::connected().await;
    let control = world.control();
    control.fault(&Fault::once("getOrganisations", FaultKind::Offline)).await.unwrap();
    let answer = world.get("/Organisation").await;
    assert_eq!((answer.status, answer.text.as_str()), (503, "The Organisation is offline"));
    control.fault(&Fault::once("getOrganisations", FaultKind::NotFound)).await.unwrap();
    let answer = world.get("/Organisation").await;
    assert_eq!((answer.status, answer.text.as_str()), (404, ""));
    let kind = FaultKind::TooManyRequests { problem: "day".to_owned(), retry_after: Some(7200) };
    control.fault(&Fault::once("getOrganisations", kind)).await.unwrap();
    let answer = world.get("/Organisation").await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("7200")));
    let kind = FaultKind::Answer { status: 502, content_type: "text/html".to_owned(), body: "<h1>Bad</h1>".to_owned() };
    control.fault(&Fault::once("getOrganisations", kind)).await.unwrap();
    assert_eq!(world.get("/Organisation").await.status, 502);
}

#[tokio::test]
async fn point_15_faults_are_counted_delayed_and_kept_to_a_tenant() {
    let world = World::connected().await;
    let fault = Fault::once("*", FaultKind::Offline).after(1).times(2).only(HARBOUR_SOUND);
    world.control().fault(&fault).await.unwrap();
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(world.get("/Currencies").await.status);
    }
    assert_eq!(statuses, [200, 503, 503, 200]);
    world.control().fault(&Fault::once("*", FaultKind::Offline)).await.unwrap();
    world.control().clear_faults().await.unwrap();
    assert!(world.control().faults().await.unwrap().is_empty());
    assert_eq!(world.get("/Currencies").await.status, 200);
}

#[tokio::test]
async fn point_15_the_token_endpoint_fails_too_and_a_lost_answer_is_healed_by_the_grace() {
    let world = World::connected().await;
    world.control().fault(&Fault::once("token.refresh_token", FaultKind::Offline)).await.unwrap();
    assert_eq!(world.refreshed(&world.refresh).await.status, 503);
    world.control().fault(&Fault::once("token.refresh_token", FaultKind::DropAfter)).await.unwrap();
    let form = [("grant_type", "refresh_token"), ("refresh_token", world.refresh.as_str())];
    let lost = world.http.post(world.url("/connect/token"));
    let lost = lost.basic_auth(crate::support::CLIENT_ID, Some(crate::support::SECRET)).form(&form).send().await;
    assert!(lost.is_err());
    assert_eq!(world.refreshed(&world.refresh).await.status, 200);
}

#[tokio::test]
async fn point_15_a_slow_answer_is_the_right_one() {
    let world = World::connected().await;
    let slow = FaultKind::Slow { milliseconds: 30 };
    world.control().fault(&Fault::once("getCurrencies", slow)).await.unwrap();
    assert_eq!(send(world.api(Method::GET, "/Currencies")).await.status, 200);
}

#[tokio::test]
async fn the_orders_of_one_organisation_are_taken_back_without_the_others() {
    let world = World::connected().await;
    for tenant in [HARBOUR_SOUND, QUAYSIDE_COACHING] {
        world.control().fault(&Fault::once("createContacts", FaultKind::Offline).only(tenant)).await.unwrap();
    }
    let mine = format!("{}/faults?tenant={HARBOUR_SOUND}", world.stand_in.control_url());
    assert_eq!(send(world.http.delete(mine)).await.status, 204);
    let left: Vec<_> = world.control().faults().await.unwrap().iter().map(|fault| fault.tenant).collect();
    assert_eq!(left, [Some(QUAYSIDE_COACHING)]);
    world.control().clear_faults().await.unwrap();
    assert!(world.control().faults().await.unwrap().is_empty());
}

fn contacts_named(names: &[&str]) -> serde_json::Value {
    json!({"Contacts": names.iter().map(|name| json!({"Name": name})).collect::<Vec<_>>()})
}

#[tokio::test]
async fn behind_a_gateway_that_gave_up_the_request_goes_on_and_lands_later() {
    let world = World::connected().await;
    let kind = FaultKind::GatewayTimeout { lands_after: Some(40) };
    world.control().fault(&Fault::once("createContacts", kind)).await.unwrap();
    let keyed = || {
        let request = world.api(Method::PUT, "/Contacts").json(&contacts_named(&["A"]));
        send(request.header("Idempotency-Key", "a key"))
    };
    let answer = keyed().await;
    assert_eq!((answer.status, answer.header("content-type")), (504, Some("text/html; charset=utf-8")));
    assert_eq!(contacts(&world).await, 0, "nothing yet");
    assert_eq!(keyed().await.status, 409, "the key is in use for as long as it runs");
    world.control().advance_clock(39).await.unwrap();
    assert_eq!(contacts(&world).await, 0);
    world.control().advance_clock(1).await.unwrap();
    assert_eq!(contacts(&world).await, 1);
    let snapshot = world.control().snapshot(HARBOUR_SOUND).await.unwrap();
    let repeated = keyed().await;
    assert_eq!(repeated.first("Contacts")["ContactID"], snapshot["Contacts"][0]["ContactID"], "the stored answer");
    world.control().advance_clock(6 * 60).await.unwrap();
    assert_eq!(keyed().await.status, 400, "the key is forgotten, the name taken");
}

#[tokio::test]
async fn an_update_lands_late_over_what_was_written_meanwhile_or_never_lands() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    let write = async |reference: &str| {
        let body = json!({"Invoices": [{"InvoiceID": id, "Reference": reference}]});
        world.post(&format!("/Invoices/{id}"), &body).await.status
    };
    for (lands_after, expected) in [(Some(10), "late"), (None, "meanwhile")] {
        let kind = FaultKind::GatewayTimeout { lands_after };
        world.control().fault(&Fault::once("updateInvoice", kind)).await.unwrap();
        assert_eq!((write("late").await, write("meanwhile").await), (504, 200));
        world.control().advance_clock(60).await.unwrap();
        assert_eq!(world.read_invoice(id).await["Reference"], expected);
    }
}

#[tokio::test]
async fn one_document_spoils_its_call_and_the_good_ones_are_saved_all_the_same_or_not() {
    for (saves_others, saved) in [(true, 2), (false, 0)] {
        for status in [400, 500] {
            let world = World::connected().await;
            let kind = FaultKind::Poisoned { text: "Poison".to_owned(), status, saves_others };
            world.control().fault(&Fault::once("createContacts", kind).times(9)).await.unwrap();
            let answer = world.put("/Contacts?summarizeErrors=false", &contacts_named(&["A", "Poison", "B"])).await;
            assert_eq!((answer.status, contacts(&world).await), (status, saved));
            assert_eq!(world.put("/Contacts", &contacts_named(&["C"])).await.status, 200, "without it all is well");
            assert_eq!(world.put("/Contacts", &contacts_named(&["Poison"])).await.status, status, "it never is");
        }
    }
}

#[tokio::test]
async fn half_of_an_answer_comes_framed_as_a_whole_one_or_broken_off() {
    let world = World::connected().await;
    let request = |name: &str| world.api(Method::PUT, "/Contacts").json(&contacts_named(&[name]));
    world.control().fault(&Fault::once("createContacts", FaultKind::CutShort { framed: true })).await.unwrap();
    let answer = send(request("A")).await;
    assert_eq!(answer.status, 200);
    assert!(serde_json::from_str::<serde_json::Value>(&answer.text).is_err());
    world.control().fault(&Fault::once("createContacts", FaultKind::CutShort { framed: false })).await.unwrap();
    let answer = request("B").send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert!(answer.text().await.is_err(), "the connection ends in the middle");
    assert_eq!(contacts(&world).await, 2, "both were saved");
}

#[tokio::test]
async fn a_429_of_any_kind_comes_with_and_without_a_time_and_503_is_plain() {
    let world = World::connected().await;
    for problem in ["minute", "day", "appminute", "concurrent"] {
        for retry_after in [Some(26), None] {
            let kind = FaultKind::TooManyRequests { problem: problem.to_owned(), retry_after };
            world.control().fault(&Fault::once("getCurrencies", kind)).await.unwrap();
            let answer = world.get("/Currencies").await;
            assert_eq!((answer.status, answer.text.as_str()), (429, ""), "facts 2.1: empty");
            assert_eq!(answer.header("x-rate-limit-problem"), Some(problem));
            assert_eq!(answer.header("retry-after"), retry_after.map(|_| "26"));
        }
    }
    world.control().fault(&Fault::once("getCurrencies", FaultKind::Unavailable)).await.unwrap();
    let answer = world.get("/Currencies").await;
    assert_eq!((answer.status, answer.header("content-type")), (503, Some("text/plain; charset=utf-8")));
}
