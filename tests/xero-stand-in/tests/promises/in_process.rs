//! The stand-in without sockets: the same world by calls, and the same ids for the same seed.

use std::cell::RefCell;

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use uuid::Uuid;
use xero_stand_in::control::{Fault, FaultKind, JournalQuery, WebhookSettings};
use xero_stand_in::{ALEX, Config, HARBOUR_SOUND, InProcess, StandIn};

use crate::support::{CLIENT_ID, REDIRECT, START, app, authorise_url, basic, query_of};

const TENANT: &str = "9a1d3c55-0000-4000-8000-000000000003";

async fn call(world: &InProcess, method: &str, path: &str, headers: &[(&str, &str)], body: String) -> (u16, Value) {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = world.call(request.body(Bytes::from(body)).unwrap()).await.expect("an answer");
    let read = serde_json::from_slice(answer.body()).unwrap_or_else(|_| {
        let location = answer.headers().get("location").map(|value| value.to_str().unwrap());
        json!(location)
    });
    (answer.status().as_u16(), read)
}

/// Consent, tokens and a contact, all by calls; the token and what the journal heard.
async fn journey(seed: u64) -> (InProcess, String, Value) {
    let config = Config { frozen_at: Some(START.parse().unwrap()), seed: Some(seed), ..Config::default() };
    let world = StandIn::in_process(&config).unwrap();
    let webhook = Some(WebhookSettings::new("https://api.sessional.example/hook", "a key"));
    let registration = xero_stand_in::control::AppRegistration { webhook, ..app() };
    world.control().register_app(&registration).await.unwrap();
    let url = authorise_url("", "offline_access accounting.contacts", "a state");
    let asked = url.split_once('?').unwrap().1.to_owned();
    let tenant = HARBOUR_SOUND.to_string();
    let (user, decision) = (ALEX.to_string(), "allow".to_owned());
    let form = [("request", asked), ("user", user), ("decision", decision), ("tenant", tenant)];
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let typed = ("content-type", "application/x-www-form-urlencoded");
    let (status, location) = call(&world, "POST", "/identity/connect/authorize", &[typed], form).await;
    assert_eq!(status, 302);
    let code = query_of(location.as_str().unwrap(), "code").unwrap();
    let form = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", REDIRECT)];
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let basic = basic();
    let headers = [typed, ("authorization", basic.as_str())];
    let (status, tokens) = call(&world, "POST", "/connect/token", &headers, form).await;
    assert_eq!(status, 200, "{tokens}");
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let made = contact(&world, &bearer, "Harbour Hall").await.expect("an answer");
    (world, bearer, made)
}

async fn contact(world: &InProcess, bearer: &str, name: &str) -> Option<Value> {
    let request = Request::builder().method("PUT").uri("/api.xro/2.0/Contacts").header("authorization", bearer);
    let request = request.header("xero-tenant-id", TENANT).header("accept", "application/json");
    let request = request.header("content-type", "application/json");
    let body = json!({"Contacts": [{"Name": name}]}).to_string();
    let answer = world.call(request.body(Bytes::from(body)).unwrap()).await?;
    Some(serde_json::from_slice(answer.body()).unwrap())
}

#[tokio::test]
async fn one_seed_gives_the_same_answers_twice_and_another_seed_gives_others() {
    let (world, token, made) = journey(7).await;
    let (again, token_again, made_again) = journey(7).await;
    assert_eq!((&token, &made), (&token_again, &made_again));
    assert_ne!(made, journey(8).await.2);
    let journal = async |world: &InProcess| {
        let query = JournalQuery { bodies: true, operation: Some("createContacts".to_owned()), ..Default::default() };
        serde_json::to_value(world.control().journal(&query).await.unwrap()).unwrap()
    };
    assert_eq!(journal(&world).await, journal(&again).await);
    assert_eq!(journal(&world).await[0]["client_id"], CLIENT_ID);
}

#[tokio::test]
async fn a_dropped_connection_is_no_answer_and_the_work_may_be_done() {
    let (world, bearer, _) = journey(7).await;
    world.control().fault(&Fault::once("createContacts", FaultKind::DropAfter)).await.unwrap();
    assert_eq!(contact(&world, &bearer, "Quay House").await, None);
    assert_eq!(world.control().totals(HARBOUR_SOUND).await.unwrap().contacts, 2);
    let refused = world.control().totals(Uuid::nil()).await.unwrap_err();
    assert!(refused.to_string().contains("422"), "{refused}");
}

#[tokio::test]
async fn a_delivery_goes_where_the_test_takes_it_and_is_due_again_when_answered_badly() {
    let (world, ..) = journey(7).await;
    let seen = RefCell::new(Vec::new());
    let post = async |url: &str, delivery: &xero_stand_in::control::Delivery| {
        seen.borrow_mut().push((url.to_owned(), delivery.tries.len()));
        if seen.borrow().len() < 3 { 500 } else { 200 }
    };
    world.deliver(&post).await;
    assert_eq!(seen.borrow().len(), 2, "again at once, then not before its time");
    world.deliver(&post).await;
    assert_eq!(seen.borrow().len(), 2);
    world.control().advance_clock(15 * 60).await.unwrap();
    world.deliver(&post).await;
    assert_eq!(seen.borrow().last().unwrap(), &("https://api.sessional.example/hook".to_owned(), 2));
    assert!(world.control().deliveries().await.unwrap().iter().all(|delivery| delivery.delivered));
}
