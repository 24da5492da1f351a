//! The way in: order of the checks, limits, formats, and the bodies of refusals.

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;
use xero_stand_in::control::{Choice, Fault, FaultKind, OrganisationChange};
use xero_stand_in::{ALEX, HARBOUR_SOUND};

use crate::support::{CLIENT_ID, World, app, send};

#[tokio::test]
async fn point_04_the_gateway_asks_for_token_then_tenant_then_scope_then_limit() {
    let world = World::with(app(), "offline_access accounting.contacts", &Choice::allow(ALEX, HARBOUR_SOUND)).await;
    let url = world.url("/api.xro/2.0/Invoices");
    let bare = send(world.http.get(&url)).await;
    assert_eq!((bare.status, bare.json()["Detail"].as_str()), (401, Some("AuthenticationUnsuccessful")));
    assert_eq!(bare.json()["Title"], "Unauthorized");
    assert_eq!(bare.json()["Extensions"], json!({}));

    let no_tenant = send(world.http.get(&url).bearer_auth(&world.access)).await;
    assert_eq!((no_tenant.status, no_tenant.json()["Title"].as_str()), (403, Some("Forbidden")));
    let other = world.http.get(&url).bearer_auth(&world.access).header("xero-tenant-id", Uuid::new_v4().to_string());
    assert_eq!(send(other).await.status, 403);

    world.control().exhaust_limit(CLIENT_ID, HARBOUR_SOUND, false).await.unwrap();
    let no_scope = world.get("/Invoices").await;
    assert_eq!((no_scope.status, no_scope.json()["Detail"].as_str()), (401, Some("AuthorizationUnsuccessful")));
    let limited = world.api(Method::GET, "/Contacts").header("idempotency-key", "k");
    assert_eq!(send(limited).await.status, 429);
}

#[tokio::test]
async fn point_04_a_read_scope_reads_and_does_not_write() {
    let scopes = "offline_access accounting.settings.read accounting.contacts";
    let world = World::with(app(), scopes, &Choice::allow(ALEX, HARBOUR_SOUND)).await;
    assert_eq!(world.get("/Accounts").await.status, 200);
    assert_eq!(world.get("/Payments").await.status, 401);
    assert_eq!(world.put("/Contacts", &json!({"Contacts": [{"Name": "A"}]})).await.status, 200);
}

#[tokio::test]
async fn point_04_problem_keys_may_be_lower_case() {
    let world = World::connected().await;
    world.control().set_switches(&json!({"lowercase_problems": true})).await.unwrap();
    let answer = send(world.http.get(world.url("/api.xro/2.0/Organisation"))).await;
    assert_eq!(answer.json()["detail"], "AuthenticationUnsuccessful");
    assert!(answer.json().get("Detail").is_none());
}

#[tokio::test]
async fn point_05_the_sixty_first_call_of_a_minute_gets_an_empty_429() {
    let world = World::connected().await;
    world.control().exhaust_limit(CLIENT_ID, HARBOUR_SOUND, false).await.unwrap();
    world.control().advance_clock(60).await.unwrap();
    for used in 1..=60 {
        let answer = world.get("/Currencies").await;
        assert_eq!(answer.status, 200, "call {used}");
        assert_eq!(answer.header("x-minlimit-remaining"), Some((60 - used).to_string().as_str()));
    }
    let refused = world.get("/Currencies").await;
    assert_eq!((refused.status, refused.text.as_str()), (429, ""));
    assert_eq!(refused.header("content-type"), None);
    assert_eq!(refused.header("x-rate-limit-problem"), Some("minute"));
    assert_eq!(refused.header("x-minlimit-remaining"), Some("0"));
    let wait: i64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait));

    world.control().advance_clock(wait - 1).await.unwrap();
    assert_eq!(world.get("/Currencies").await.status, 429, "the window is fixed");
    world.control().advance_clock(1).await.unwrap();
    assert_eq!(world.get("/Currencies").await.status, 200);
}

#[tokio::test]
async fn point_05_a_starter_app_has_a_thousand_calls_a_day_and_others_five_thousand() {
    let mut world = World::connected().await;
    assert_eq!(world.get("/Currencies").await.header("x-daylimit-remaining"), Some("4999"));
    let starter = xero_stand_in::control::AppRegistration { tier: xero_stand_in::control::Tier::Starter, ..app() };
    world.control().register_app(&starter).await.unwrap();
    assert_eq!(world.get("/Currencies").await.header("x-daylimit-remaining"), Some("998"));
    world.control().exhaust_limit(CLIENT_ID, HARBOUR_SOUND, true).await.unwrap();
    let refused = world.get("/Currencies").await;
    assert_eq!((refused.status, refused.header("x-rate-limit-problem")), (429, Some("day")));
    let wait: i64 = refused.header("retry-after").unwrap().parse().unwrap();
    world.control().advance_clock(wait).await.unwrap();
    let tokens = world.refreshed(&world.refresh).await.json();
    world.keep(&tokens);
    assert_eq!(world.get("/Currencies").await.status, 200);
}

#[tokio::test]
async fn point_05_a_sixth_call_in_flight_is_refused_without_retry_after() {
    let world = World::connected().await;
    let slow = FaultKind::Slow { milliseconds: 60_000 };
    world.control().fault(&Fault::once("getCurrencies", slow).times(5)).await.unwrap();
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..5 {
        running.spawn(send(world.api(Method::GET, "/Currencies")));
    }
    // The journal has all five once they are being worked on.
    let begun = || async {
        let query =
            xero_stand_in::control::JournalQuery { operation: Some("getCurrencies".to_owned()), ..Default::default() };
        world.control().journal(&query).await.unwrap().len()
    };
    while begun().await < 5 {
        tokio::task::yield_now().await;
    }
    let sixth = world.get("/Currencies").await;
    assert_eq!((sixth.status, sixth.header("x-rate-limit-problem")), (429, Some("concurrent")));
    assert_eq!(sixth.header("retry-after"), None);
    // Callers who hang up free their places.
    running.shutdown().await;
    while world.get("/Currencies").await.status == 429 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.get("/Currencies").await.status, 200);
}

#[tokio::test]
async fn point_06_without_accept_json_the_answer_is_a_406_in_xml() {
    let world = World::connected().await;
    for accept in [None, Some("*/*"), Some("application/xml")] {
        let request = world.http.get(world.url("/api.xro/2.0/Organisation")).bearer_auth(&world.access);
        let request = request.header("xero-tenant-id", world.tenant.to_string());
        let answer = send(accept.into_iter().fold(request, |request, accept| request.header("accept", accept))).await;
        assert_eq!(answer.status, 406);
        assert!(answer.header("content-type").unwrap().starts_with("text/xml"));
        assert!(answer.text.starts_with("<ApiException>"));
    }
}

#[tokio::test]
async fn point_17_an_access_token_expires_after_thirty_minutes_by_the_moved_clock() {
    let world = World::connected().await;
    world.control().advance_clock(1799).await.unwrap();
    assert_eq!(world.get("/Currencies").await.status, 200);
    world.control().advance_clock(1).await.unwrap();
    let expired = world.get("/Currencies").await;
    assert_eq!(expired.status, 401);
    assert_eq!(expired.json()["Detail"], "TokenExpired: token expired at 11/20/2026 10:12:11");
}

#[tokio::test]
async fn point_17_the_clock_is_read_set_frozen_and_let_run() {
    let world = World::connected().await;
    let set = world.control().set_clock("2027-01-01T00:00:00Z".parse().unwrap()).await.unwrap();
    assert_eq!((set.now.to_string().as_str(), set.frozen), ("2027-01-01T00:00:00Z", true));
    assert!(!world.control().freeze_clock(false).await.unwrap().frozen);
    let running = world.control().clock().await.unwrap();
    assert!(running.now.to_string().starts_with("2027-01-01T00:0"));
}

#[tokio::test]
async fn an_organisation_that_is_offline_says_so_in_plain_text() {
    let world = World::connected().await;
    let offline = OrganisationChange { offline: Some(true), ..OrganisationChange::default() };
    world.control().change_organisation(HARBOUR_SOUND, &offline).await.unwrap();
    let answer = world.get("/Organisation").await;
    assert_eq!((answer.status, answer.text.as_str()), (503, "The Organisation is offline"));
    assert!(answer.header("content-type").unwrap().starts_with("text/plain"));
}

#[tokio::test]
async fn a_write_that_is_not_json_is_refused_by_its_content_type() {
    let world = World::connected().await;
    let request = world.api(Method::PUT, "/Contacts").header("content-type", "text/plain").body("{}");
    assert_eq!(send(request).await.status, 415);
    let garbage = world.api(Method::PUT, "/Contacts").header("content-type", "application/json").body("{\"Contacts\":");
    let answer = send(garbage).await;
    assert_eq!((answer.status, answer.json()["Type"].as_str()), (400, Some("PostDataInvalidException")));
    assert_eq!(answer.json()["ErrorNumber"], 17);
}
