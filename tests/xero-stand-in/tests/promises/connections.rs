//! Connections: several users, several organisations, renewal and removal.

use serde_json::json;
use xero_stand_in::control::{Choice, Role};
use xero_stand_in::{ALEX, BLAKE, HARBOUR_SOUND, QUAYSIDE_COACHING};

use crate::support::{CLIENT_ID, SCOPES, SECRET, World, send};

#[tokio::test]
async fn point_03_connections_are_a_bare_list_of_everything_the_user_ever_connected() {
    let mut world = World::connected().await;
    world.control().advance_clock(3600).await.unwrap();
    world.consent(SCOPES, &Choice::allow(ALEX, QUAYSIDE_COACHING)).await;
    let all = world.connections().await;
    assert_eq!(all.len(), 2);
    assert_eq!(all[0]["tenantId"], json!(HARBOUR_SOUND), "the first is not the newest");
    assert_eq!(all[1]["createdDateUtc"], "2026-11-20T10:42:11.0000000");

    let event = all[1]["authEventId"].as_str().unwrap();
    let filtered =
        send(world.http.get(world.url(&format!("/connections?authEventId={event}"))).bearer_auth(&world.access));
    let filtered = filtered.await.json();
    assert_eq!(filtered.as_array().unwrap().len(), 1);
    assert_eq!(filtered[0]["tenantId"], json!(QUAYSIDE_COACHING));
}

#[tokio::test]
async fn point_03_a_renewed_connection_keeps_its_id_and_moves_its_date() {
    let mut world = World::connected().await;
    let before = world.connections().await[0].clone();
    world.control().advance_clock(60).await.unwrap();
    world.consent(SCOPES, &Choice::allow(ALEX, HARBOUR_SOUND)).await;
    let after = world.connections().await;
    assert_eq!(after.len(), 1);
    assert_eq!(after[0]["id"], before["id"]);
    assert_eq!(after[0]["createdDateUtc"], before["createdDateUtc"]);
    assert_ne!(after[0]["updatedDateUtc"], before["updatedDateUtc"]);
    assert_ne!(after[0]["authEventId"], before["authEventId"]);
}

#[tokio::test]
async fn point_03_a_second_user_makes_a_second_connection_of_the_same_tenant() {
    let mut world = World::connected().await;
    world.consent(SCOPES, &Choice::allow(BLAKE, HARBOUR_SOUND)).await;
    let of_blake = world.connections().await;
    assert_eq!(of_blake.len(), 1);
    let all = world.control().connections().await.unwrap();
    assert_eq!(all.iter().filter(|connection| connection.tenant == HARBOUR_SOUND).count(), 2);

    let app_token = world.token(&[("grant_type", "client_credentials"), ("scope", "app.connections")]).await.json();
    let token = app_token["access_token"].as_str().unwrap();
    let list = send(world.http.get(world.url("/connections")).bearer_auth(token)).await.json();
    assert_eq!(list.as_array().unwrap().len(), 2, "the app sees the connections of all users");
}

#[tokio::test]
async fn point_03_a_connection_is_deleted_once_and_then_unknown() {
    let world = World::connected().await;
    let id = world.connections().await[0]["id"].as_str().unwrap().to_owned();
    let url = world.url(&format!("/connections/{id}"));
    let deleted = send(world.http.delete(&url).bearer_auth(&world.access)).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    assert_eq!(send(world.http.delete(&url).bearer_auth(&world.access)).await.status, 404);
    assert!(world.connections().await.is_empty());
    assert_eq!(world.get("/Organisation").await.status, 403);
    assert_eq!(world.refreshed(&world.refresh).await.status, 200, "the token set stays");
}

#[tokio::test]
async fn point_03_revocation_removes_all_connections_of_the_user() {
    let mut world = World::connected().await;
    world.consent(SCOPES, &Choice::allow(ALEX, QUAYSIDE_COACHING)).await;
    let request = world.http.post(world.url("/connect/revocation")).basic_auth(CLIENT_ID, Some(SECRET));
    let revoked = send(request.form(&[("token", world.refresh.as_str())])).await;
    assert_eq!((revoked.status, revoked.text.as_str()), (200, ""));
    assert!(world.control().connections().await.unwrap().is_empty());
    assert_eq!(world.refreshed(&world.refresh).await.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn after_a_disconnect_in_xero_refresh_works_and_calls_are_forbidden() {
    let world = World::connected().await;
    world.control().disconnect_app(HARBOUR_SOUND, CLIENT_ID).await.unwrap();
    let answer = world.get("/Organisation").await;
    assert_eq!((answer.status, answer.json()["Detail"].as_str()), (403, Some("AuthenticationUnsuccessful")));
    let refreshed = world.refreshed(&world.refresh).await.json();
    world.control().set_switches(&json!({"refresh_fails_after_disconnect": true})).await.unwrap();
    let token = refreshed["refresh_token"].as_str().unwrap();
    assert_eq!(world.refreshed(token).await.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn a_user_whose_role_is_reduced_is_forbidden() {
    let world = World::connected().await;
    for role in [Some(Role::ReadOnly), None] {
        world.control().change_role(HARBOUR_SOUND, ALEX, role).await.unwrap();
        assert_eq!(world.get("/Organisation").await.status, 403);
    }
    world.control().change_role(HARBOUR_SOUND, ALEX, Some(Role::Standard)).await.unwrap();
    assert_eq!(world.get("/Organisation").await.status, 200);
}
