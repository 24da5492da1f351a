//! `Idempotency-Key`: six minutes, the same request, the stored answer.

use reqwest::Method;
use serde_json::{Value, json};
use xero_stand_in::HARBOUR_SOUND;
use xero_stand_in::control::{Fault, FaultKind};

use crate::support::{Answer, World, messages, send};

async fn keyed(world: &World, key: &str, body: &Value) -> Answer {
    send(world.api(Method::PUT, "/Contacts").header("idempotency-key", key).json(body)).await
}

#[tokio::test]
async fn point_09_the_same_key_and_request_replay_the_stored_answer_for_six_minutes() {
    let world = World::connected().await;
    let body = json!({"Contacts": [{"Name": "Harbour Hall"}]});
    let first = keyed(&world, "k1", &body).await;
    world.control().advance_clock(359).await.unwrap();
    let second = keyed(&world, "k1", &body).await;
    assert_eq!((second.status, &second.text), (200, &first.text));
    assert_eq!(world.control().totals(HARBOUR_SOUND).await.unwrap().contacts, 1);

    world.control().advance_clock(1).await.unwrap();
    let forgotten = keyed(&world, "k1", &body).await;
    assert_eq!(forgotten.status, 400, "after six minutes the request runs again");
    assert!(messages(&forgotten.json()).concat().contains("already assigned to another contact"));
}

#[tokio::test]
async fn point_09_a_key_that_meets_another_request_is_refused() {
    let world = World::connected().await;
    keyed(&world, "k1", &json!({"Contacts": [{"Name": "A"}]})).await;
    let other = keyed(&world, "k1", &json!({"Contacts": [{"Name": "B"}]})).await;
    assert_eq!(other.status, 400);
    assert_eq!(other.json()["Message"], "Idempotency Key: k1 is used with a different request.");
    assert_eq!(keyed(&world, &"k".repeat(129), &json!({"Contacts": [{"Name": "B"}]})).await.status, 400);
    assert_eq!(keyed(&world, &"k".repeat(128), &json!({"Contacts": [{"Name": "B"}]})).await.status, 200);
}

#[tokio::test]
async fn point_09_a_stored_500_is_replayed_although_everything_was_saved() {
    let world = World::connected().await;
    world.control().fault(&Fault::once("createContacts", FaultKind::ServerErrorAfter)).await.unwrap();
    let body = json!({"Contacts": [{"Name": "Harbour Hall"}]});
    assert_eq!(keyed(&world, "k1", &body).await.status, 500);
    assert_eq!(keyed(&world, "k1", &body).await.status, 500, "the stored error");
    assert_eq!(world.control().totals(HARBOUR_SOUND).await.unwrap().contacts, 1);
    assert_eq!(keyed(&world, "k2", &body).await.status, 400, "a new key finds the name taken");
}

#[tokio::test]
async fn point_09_replays_count_against_the_limit() {
    let world = World::connected().await;
    let body = json!({"Contacts": [{"Name": "Harbour Hall"}]});
    let first = keyed(&world, "k1", &body).await;
    let second = keyed(&world, "k1", &body).await;
    let left = |answer: &Answer| answer.header("x-daylimit-remaining").unwrap().parse::<u32>().unwrap();
    assert_eq!(left(&second), left(&first) - 1);
}

#[tokio::test]
async fn a_key_is_ignored_on_reads_and_its_store_may_be_down() {
    let world = World::connected().await;
    for path in ["/Contacts", "/Currencies"] {
        assert_eq!(send(world.api(Method::GET, path).header("idempotency-key", "k")).await.status, 200);
    }
    world.control().set_switches(&json!({"idempotency_down": true})).await.unwrap();
    assert_eq!(keyed(&world, "k", &json!({"Contacts": [{"Name": "A"}]})).await.status, 500);
    assert_eq!(world.control().totals(HARBOUR_SOUND).await.unwrap().contacts, 0);
}
