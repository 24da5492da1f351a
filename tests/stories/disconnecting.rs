//! Disconnecting: tokens are gone at once, whatever Xero answers, and what is left there is removed later.

use aws::tokens::Store;
use jiff::SignedDuration;
use local::journey::Journey;
use local::narrator::Silence;
use local::xero_side::Owner;
use rules::connection::Status;
use rules::ports::Claims as _;
use rules::tokens::Memory;
use rules::upkeep::{Outcome, Round, Task};
use xero::XeroUserId;
use xero_stand_in::control::{Client, Fault, FaultKind};

use crate::inside::{Inside, die_after};
use crate::stage::{Stage, new_name};
use crate::stores::{self, over_both_stores};

const DELETE: &str = "deleteConnection";
const REVOKE: &str = "revocation";

#[tokio::test]
async fn after_a_disconnect_there_is_no_secret_no_route_and_no_effect_of_a_webhook() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let name = new_name();
    let mut silence = Silence;
    let owner = Owner::new(&stage.stack, &name).await?;
    let mut journey = Journey::prepare(&stage.stack, &name, owner, &mut silence).await?;
    journey.connect().await?;
    journey.map_accounts().await?;
    journey.create_invoice().await?;
    let synced = journey.wait_until_synced().await?;
    let user = XeroUserId::from_uuid(journey.owner.user);
    assert!(has_a_token(&stage, user).await?, "the token is somewhere while it is connected");

    let xero = Client::new(&stage.stack.xero_control)?;
    let gone = journey.sessional.call("DELETE", "/connection", None).await?;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    assert_eq!(journey.sessional.call("DELETE", "/connection", None).await?.status, 204);

    assert!(!has_a_token(&stage, user).await?, "no secret is left");
    let left = xero.connections().await?;
    assert!(!left.iter().any(|known| known.tenant == journey.owner.tenant), "no connection is left at Xero");
    let shown = journey.sessional.call("GET", "/connection", None).await?;
    assert_eq!(shown.text_at("/status")?, "disconnected");
    let items = stage.stack.aws()?.scan(stage.stack.deployment.resource("Table")?).await?;
    let route = format!("TENANT#{}", journey.owner.tenant);
    assert!(!items.iter().any(|item| item["pk"]["S"] == *route && item["sk"]["S"] == "CLAIM"), "no route is left");
    assert!(!items.iter().any(|item| item["pk"]["S"] == *format!("XERO-USER#{user}")), "no grant is left");

    // Paid in Xero, and Xero still tells us: the record stays what it was.
    journey.pay().await?;
    let document = synced.pointer("/xero/id").and_then(serde_json::Value::as_str).unwrap_or_default();
    let body = webhook(&journey.owner.tenant.to_string(), document);
    xero.send_webhook(&stage.stack.app.client_id, body).await?;
    let queue = stage.stack.deployment.resource("PaymentQueue")?;
    while stage.stack.aws()?.depth(queue).await? > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let record = journey.sessional.call("GET", &format!("/records/invoice/inv_{name}"), None).await?;
    assert_eq!(record.text_at("/state")?, "synced", "the reference stays, and nothing comes in any more");
    Ok(())
}

async fn has_a_token(stage: &Stage, user: XeroUserId) -> anyhow::Result<bool> {
    let table = stage.stack.deployment.resource("Table")?;
    Ok(!stores::places_of(&stage.stack.aws()?, table, user).await?.is_empty())
}

fn webhook(tenant: &str, document: &str) -> String {
    let event = serde_json::json!({
        "resourceUrl": format!("https://api.xero.com/api.xro/2.0/Invoices/{document}"),
        "resourceId": document,
        "tenantId": tenant,
        "tenantType": "ORGANISATION",
        "eventCategory": "INVOICE",
        "eventType": "UPDATE",
        "eventDateUtc": "2026-11-20T09:30:00.000",
    });
    serde_json::json!({ "events": [event], "firstEventSequence": 1, "lastEventSequence": 1, "entropy": new_name() })
        .to_string()
}

async fn the_connection_is_deleted_and_the_grant_revoked_at_xero(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (account, person) = (inside.account()?, inside.person(1).await?);
    inside.connected(&account, &person, person.tenants[0]).await?;
    inside.disconnect().run(&account).await?;
    let deleted = inside.calls(DELETE).await?;
    assert_eq!(deleted.iter().map(|call| (call.method.as_str(), call.status)).collect::<Vec<_>>(), [("DELETE", 204)]);
    assert_eq!(inside.calls(REVOKE).await?.len(), 1);
    assert_eq!(inside.told(&account, "connection.disconnected").await?["account_id"], account.as_str());
    let connection = inside.connection(&account).await?;
    assert!(!connection.has_loose_ends() && connection.organisation.is_some(), "{connection:?}");
    inside.disconnect().run(&account).await?;
    assert_eq!(inside.calls(DELETE).await?.len(), 1, "done already is done");
    Ok(())
}

async fn with_xero_down_the_tokens_are_gone_and_upkeep_removes_the_rest_with_the_apps_own_token(
    store: Store,
) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (account, person) = (inside.account()?, inside.person(1).await?);
    let tenant = person.tenants[0];
    inside.connected(&account, &person, tenant).await?;
    for operation in ["token.client_credentials", REVOKE] {
        inside.xero().fault(&Fault::once(operation, FaultKind::DropBefore)).await?;
    }
    inside.disconnect().run(&account).await?;
    assert_eq!(inside.connection(&account).await?.status, Status::Disconnected);
    assert!(inside.places_of(person.user).await?.is_empty());
    assert_eq!(inside.grant(person.user).await?, None);
    assert_eq!(inside.table.holder(tenant).await?, None);
    assert_eq!(inside.at_xero(&person).await?, [tenant], "it is still there");

    let memory = Memory::default();
    let tokens = inside.tokens(&memory);
    inside.upkeep(&tokens).begin(Round::Whole).await?;
    assert_eq!(inside.planned.of(&account).first().map(|(task, _)| *task), Some(Task::Tidy));
    let before = inside.calls("token.refresh_token").await?.len();
    for _ in 0..2 {
        assert_eq!(inside.work(&account, Task::Tidy).await, Outcome::Done);
    }
    assert!(inside.at_xero(&person).await?.is_empty());
    assert_eq!(inside.calls("token.refresh_token").await?.len(), before, "no user's token was needed");
    assert_eq!(inside.calls(DELETE).await?.len(), 1, "twice does nothing more");
    Ok(())
}

async fn disconnected_at_xero_already_is_disconnected(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (account, person) = (inside.account()?, inside.person(1).await?);
    let tenant = person.tenants[0];
    inside.connected(&account, &person, tenant).await?;
    inside.xero().disconnect_app(*tenant.as_uuid(), inside.client_id()).await?;
    inside.disconnect().run(&account).await?;
    let connection = inside.connection(&account).await?;
    assert!(connection.status == Status::Disconnected && connection.leftovers.is_empty(), "{connection:?}");
    assert!(inside.places_of(person.user).await?.is_empty());
    Ok(())
}

async fn a_user_whom_two_accounts_share_is_revoked_by_the_last_one_only(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (one, other, person) = (inside.account()?, inside.account()?, inside.person(2).await?);
    inside.connected(&one, &person, person.tenants[0]).await?;
    let theirs = inside.connected(&other, &person, person.tenants[1]).await?;
    inside.disconnect().run(&one).await?;
    assert_eq!(inside.calls(REVOKE).await?.len(), 0);
    assert_eq!(inside.at_xero(&person).await?, [person.tenants[1]]);
    inside.use_token(&theirs).await?;
    inside.disconnect().run(&other).await?;
    assert_eq!(inside.calls(REVOKE).await?.len(), 1);
    assert!(inside.places_of(person.user).await?.is_empty());
    Ok(())
}

async fn every_state_can_be_disconnected(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    // Never connected.
    inside.disconnect().run(&inside.account()?).await?;
    // A choice that was not made.
    let (account, person) = (inside.account()?, inside.person(2).await?);
    inside.consent(&account, person.allows(&person.tenants)).await??;
    inside.disconnect().run(&account).await?;
    assert!(inside.at_xero(&person).await?.is_empty());
    assert!(inside.places_of(person.user).await?.is_empty());
    // In error, because the grant is gone.
    let (account, person) = (inside.account()?, inside.person(1).await?);
    inside.connected(&account, &person, person.tenants[0]).await?;
    inside.pass(SignedDuration::from_hours(61 * 24)).await?;
    assert_eq!(inside.work(&account, Task::CheckConnection).await, Outcome::Done);
    assert_eq!(inside.connection(&account).await?.status, Status::Error);
    inside.disconnect().run(&account).await?;
    let connection = inside.connection(&account).await?;
    assert_eq!((connection.status, connection.error), (Status::Disconnected, None));
    assert!(inside.at_xero(&person).await?.is_empty());
    assert!(inside.places_of(person.user).await?.is_empty());
    Ok(())
}

async fn whoever_dies_in_a_disconnect_leaves_a_connection_or_nothing(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (mut steps, mut through) = (1, false);
    while !through {
        let (account, person) = (inside.account()?, inside.person(1).await?);
        let connection = inside.connected(&account, &person, person.tenants[0]).await?;
        through = die_after(steps, inside.disconnect().run(&account)).await;
        // What was sent just before the death still arrives, here and now; then the next round of upkeep comes.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        inside.pass(SignedDuration::from_mins(1)).await?;
        inside.work(&account, Task::Tidy).await;
        if inside.connection(&account).await?.status == Status::Connected {
            assert!(!through);
            inside.use_token(&connection).await?;
        } else {
            assert_eq!(inside.grant(person.user).await?, None, "after {steps} steps");
            assert!(inside.places_of(person.user).await?.is_empty(), "after {steps} steps");
            assert!(inside.at_xero(&person).await?.is_empty(), "after {steps} steps");
        }
        steps += 3;
    }
    assert!(steps > 15, "it was through at once");
    Ok(())
}

over_both_stores!(
    the_connection_is_deleted_and_the_grant_revoked_at_xero,
    with_xero_down_the_tokens_are_gone_and_upkeep_removes_the_rest_with_the_apps_own_token,
    disconnected_at_xero_already_is_disconnected,
    a_user_whom_two_accounts_share_is_revoked_by_the_last_one_only,
    every_state_can_be_disconnected,
    whoever_dies_in_a_disconnect_leaves_a_connection_or_nothing,
);
