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
