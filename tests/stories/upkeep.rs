//! What happens without anybody asking: lost connections are noticed, and those that are back go on.

use jiff::{SignedDuration, Timestamp};
use local::journey::Journey;
use local::narrator::Silence;
use local::xero_side::Owner;
use rules::AccountId;
use rules::action::Action;
use rules::connection::{Connection, ErrorReason, Status};
use rules::mapping::{Choices, Mapping, Target};
use rules::ports::{Clock as _, Mappings as _, Organisations as _, Written};
use rules::status;
use rules::tokens::Memory;
use rules::upkeep::{Message, Outcome, Round, Task, hour_of_look};
use serde_json::json;
use xero_stand_in::control::{Client, OrganisationChange, Role};

use crate::inside::{Inside, Person};

async fn connected(inside: &Inside) -> anyhow::Result<(AccountId, Person)> {
    let (account, person) = (inside.account()?, inside.person(1).await?);
    inside.connected(&account, &person, person.first()?).await?;
    Ok((account, person))
}

/// Checks the connection, twice, and gives it with what the app shows of its error.
async fn check(inside: &Inside, account: &AccountId) -> anyhow::Result<(Connection, Option<Action>)> {
    for _ in 0..2 {
        assert_eq!(inside.work(account, Task::CheckConnection).await, Outcome::Done);
    }
    let connection = inside.connection(account).await?;
    let shown = status::draw(Some(connection.clone()), None, None, None, None, Vec::new());
    Ok((connection, shown.error.map(|error| error.action)))
}

#[tokio::test]
async fn a_disconnect_made_in_xero_is_found_and_told_with_what_to_do() -> anyhow::Result<()> {
    let inside = Inside::new().await?;
    let (account, person) = connected(&inside).await?;
    inside.xero().disconnect_app(*person.tenants[0].as_uuid(), inside.client_id()).await?;
    let (connection, action) = check(&inside, &account).await?;
    assert_eq!((connection.status, connection.error), (Status::Error, Some(ErrorReason::OrganisationGone)));
    assert_eq!(action, Some(Action::Reauthorise));
    assert_eq!(inside.told(&account, "connection.error").await?["reason"], "organisation_gone");
    Ok(())
}

#[tokio::test]
async fn a_refresh_that_is_refused_after_a_disconnect_is_the_same_to_the_user() -> anyhow::Result<()> {
    let inside = Inside::new().await?;
    let (account, person) = connected(&inside).await?;
    inside.xero().set_switches(&json!({ "refresh_fails_after_disconnect": true })).await?;
    inside.xero().disconnect_app(*person.tenants[0].as_uuid(), inside.client_id()).await?;
    let (connection, action) = check(&inside, &account).await?;
    assert_eq!((connection.error, action), (Some(ErrorReason::GrantRevoked), Some(Action::Reauthorise)));
    Ok(())
}

#[tokio::test]
async fn a_user_who_lost_their_role_is_told_so_and_goes_on_when_it_is_back() -> anyhow::Result<()> {
    let inside = Inside::new().await?;
    let (account, person) = connected(&inside).await?;
    let (tenant, user) = (*person.tenants[0].as_uuid(), *person.user.as_uuid());
    for role in [None, Some(Role::ReadOnly)] {
        inside.xero().change_role(tenant, user, role).await?;
        let (connection, action) = check(&inside, &account).await?;
        assert_eq!((connection.error, action), (Some(ErrorReason::AccessRefused), Some(Action::FixXeroSubscription)));

        inside.pass(SignedDuration::from_hours(24)).await?;
        inside.xero().change_role(tenant, user, Some(Role::Standard)).await?;
        let (connection, action) = check(&inside, &account).await?;
        assert_eq!((connection.status, action), (Status::Connected, None));
        assert_eq!(connection.last_checked_at, Some(inside.clock.now()));
    }
    Ok(())
}

#[tokio::test]
async fn an_organisation_that_is_offline_is_not_lost() -> anyhow::Result<()> {
    let inside = Inside::new().await?;
    let (account, person) = connected(&inside).await?;
    let offline = OrganisationChange { offline: Some(true), ..OrganisationChange::default() };
    inside.xero().change_organisation(*person.tenants[0].as_uuid(), &offline).await?;
    assert!(matches!(inside.work(&account, Task::CheckConnection).await, Outcome::Again(_)));
    assert_eq!(inside.connection(&account).await?.status, Status::Connected);
    Ok(())
}

#[tokio::test]
async fn a_mapped_account_that_was_archived_and_a_new_name_are_noted() -> anyhow::Result<()> {
    let inside = Inside::new().await?;
    let (account, person) = connected(&inside).await?;
    let tenant = person.tenants[0];
    check(&inside, &account).await?;
    let facts = inside.table.facts(&account, tenant).await?.unwrap();
    let sales = facts.accounts.iter().find(|account| account.code.as_deref() == Some("200")).unwrap().account_id;
    let now = inside.clock.now();
    let mut mapping = Mapping::new(account.clone(), tenant, now);
    mapping.change(Choices { sales: Some(Target { account_id: sales }), ..Choices::default() }, now);
    assert_eq!(inside.table.put_mapping(&mut mapping).await?, Written::Done);
    assert!(check(&inside, &account).await?.0.archived_categories.is_empty());

    inside.xero().archive_account(*tenant.as_uuid(), "200").await?;
    let renamed = OrganisationChange { name: Some("Another name".to_owned()), ..OrganisationChange::default() };
    inside.xero().change_organisation(*tenant.as_uuid(), &renamed).await?;
    let (connection, _) = check(&inside, &account).await?;
    assert_eq!(connection.archived_categories, ["sales"]);
    let facts = inside.table.facts(&account, tenant).await?.unwrap();
    let broken = status::broken(&mapping.choices, &facts, &[]);
    let shown = serde_json::to_value(status::draw(Some(connection), Some(&mapping), None, None, None, broken))?;
    let expected =
        json!([{ "category": "sales", "account": "Sales", "reason": "It is archived in Xero", "waiting": 0 }]);
    assert_eq!(shown["setup"]["broken"], expected);
    assert_eq!(shown["organisation"]["name"], "Another name");
    Ok(())
}

#[tokio::test]
async fn a_token_that_nobody_uses_is_renewed_after_a_week_and_lives_on() -> anyhow::Result<()> {
    let inside = Inside::new().await?;
    let (account, person) = connected(&inside).await?;
    // Nothing is sent for a connection whose permission is missing, so nothing else would use its token.
    let seen = inside.connection(&account).await?;
    let (told, missing) = (crate::inside::Silent, ErrorReason::PermissionMissing);
    rules::lost::lose_unless_renewed(&inside.table, &told, &inside.clock, &seen, missing).await?;
    let refreshes = async || anyhow::Ok(inside.calls("token.refresh_token").await?.len());
    let before = refreshes().await?;
    for day in 1..=70 {
        inside.pass(SignedDuration::from_hours(24)).await?;
        assert_eq!(inside.work(&account, Task::CheckConnection).await, Outcome::Done);
        assert_eq!(refreshes().await? - before, day / 7, "on day {day}");
    }
    let connection = inside.connected(&account, &person, person.tenants[0]).await?;
    inside.use_token(&connection).await
}

#[tokio::test]
async fn a_day_of_rounds_plans_each_task_of_an_account_at_its_time_and_may_begin_twice() -> anyhow::Result<()> {
    let inside = Inside::new().await?;
    let (account, _) = connected(&inside).await?;
    let (idle, stranger) = (inside.account()?, inside.person(1).await?);
    inside.connected(&idle, &stranger, stranger.tenants[0]).await?;
    inside.disconnect().run(&idle).await?;
    let memory = Memory::default();
    let tokens = inside.tokens(&memory);
    let upkeep = inside.upkeep(&tokens);
    let planned = |task: Task| {
        let of_account = inside.planned.of(&account).into_iter();
        of_account.filter(move |(planned, _)| *planned == task).count()
    };
    let midnight: Timestamp = "2026-11-21T00:00:00Z".parse()?;
    for quarter in 0..96 {
        // A schedule that nobody answered begins the same round again, whatever the time is then.
        for _ in 0..if quarter < 4 { 2 } else { 1 } {
            let at = midnight + SignedDuration::from_mins(quarter * 15);
            upkeep.begin(Round::Quarter { at }).await?;
        }
        if quarter == 3 {
            assert_eq!((planned(Task::Tidy), planned(Task::SweepPayments)), (2, 2), "once an hour, twice begun");
        }
    }
    assert_eq!((planned(Task::Tidy), planned(Task::SweepPayments)), (25, 25));
    // Once a day; the first hour was begun twice.
    assert_eq!(planned(Task::CheckConnection), if hour_of_look(&account) == 0 { 2 } else { 1 });
    upkeep.begin(Round::Whole).await?;
    // Held work may still be let go after a connection that is so young.
    let all = inside.planned.of(&account);
    let last: Vec<Task> = all.iter().rev().take(3).map(|(task, _)| *task).collect();
    assert_eq!(last, [Task::CheckConnection, Task::SweepPayments, Task::Tidy]);
    assert!(all.iter().all(|(_, delay)| *delay == all[0].1 && delay.as_secs() < 900), "{all:?}");
    assert!(inside.planned.of(&idle).is_empty(), "a disconnected account costs nothing");

    inside.pass(SignedDuration::from_mins(11)).await?;
    assert_eq!(inside.work(&account, Task::Tidy).await, Outcome::Done);
    assert!(!inside.connection(&account).await?.has_loose_ends());
    Ok(())
}

#[tokio::test]
async fn the_deployed_function_begins_rounds_and_works_messages() -> anyhow::Result<()> {
    let stage = crate::stage::Stage::shared()?;
    let stack = &stage.stack;
    let name = crate::stage::new_name();
    let mut silence = Silence;
    let owner = Owner::new(stack, &name).await?;
    let mut journey = Journey::prepare(stack, &name, owner, &mut silence).await?;
    journey.connect().await?;
    let function = stack.deployment.functions.get("upkeep").map(String::as_str).unwrap_or_default();
    let aws = stack.aws()?;
    let batch = |bodies: &[String]| {
        let records = bodies.iter().enumerate().map(|(number, body)| {
            json!({ "messageId": format!("m{number}"), "receiptHandle": "r", "body": body, "attributes": {},
                "messageAttributes": {}, "eventSource": "aws:sqs" })
        });
        json!({ "Records": records.collect::<Vec<_>>() })
    };
    let message = |task: Task| Message::new(&AccountId::parse(&journey.sessional.account).unwrap(), task);
    let check = serde_json::to_string(&message(Task::CheckConnection))?;

    // A round that meets nobody here; the others would meet every account of the other stories.
    let answer = aws.invoke(function, &json!({ "round": "refreshes" })).await?;
    assert_eq!(answer["batchItemFailures"], json!([]));
    assert!(aws.invoke(function, &json!({ "round": "yearly" })).await.is_err(), "an unknown round is an error");

    let answer = aws.invoke(function, &batch(&[check.clone(), r#"{"version":9}"#.to_owned()])).await?;
    assert_eq!(
        answer["batchItemFailures"],
        json!([{ "itemIdentifier": "m1" }]),
        "an unknown version is left to the redrive"
    );
    let shown = journey.sessional.call("GET", "/connection", None).await?.json();
    assert_eq!(shown["status"], "connected");
    assert_ne!(shown["last_checked_at"], shown["connected_at"]);

    let xero = Client::new(&stack.xero_control)?;
    xero.disconnect_app(journey.owner.tenant, &stack.app.client_id).await?;
    let answer = aws.invoke(function, &batch(&[check])).await?;
    assert_eq!(answer["batchItemFailures"], json!([]));
    let shown = journey.sessional.call("GET", "/connection", None).await?.json();
    assert_eq!((shown["status"].as_str(), shown["error"]["action"].as_str()), (Some("error"), Some("reauthorise")));
    journey.wait_for_notification("connection.error").await?;
    // Authorised again, everything is as it was.
    journey.connect().await
}
