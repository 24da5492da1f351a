//! Connecting: a consent ends in a connection, a choice or a reason, and whatever dies in between is tidied up.

use aws::tokens::Store;
use jiff::SignedDuration;
use local::client::Sessional;
use local::xero_side::Owner;
use rules::AccountId;
use rules::connect::{Finished, Refusal};
use rules::connection::{Connection, ErrorReason, Status};
use rules::failure::Failure;
use rules::lost;
use rules::ports::{Claims as _, Connections as _, Records as _};
use rules::record::{Kind, Record, RecordKey};
use rules::upkeep::{Outcome, Task};
use serde_json::{Value, json};
use xero::TenantId;
use xero_stand_in::control::{Choice, Fault, FaultKind, consent};

use crate::inside::{Inside, Person, die_after};
use crate::stage::{Stage, new_name};
use crate::stores::over_both_stores;

/// The reason in the redirect of a callback, which always leads to the app and nowhere else.
async fn reason(browser: &Sessional, stage: &Stage, url: &str) -> anyhow::Result<String> {
    let answer = browser.open(url).await?;
    let back = answer.header("location").unwrap_or_default().to_owned();
    let app = stage.stack.deployment.variable("connect", "APP_RETURN_URL")?;
    assert_eq!((answer.status, answer.text.as_str()), (302, ""));
    assert!(back.starts_with(app), "{back}");
    let back = url::Url::parse(&back)?;
    let part = |name: &str| back.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    assert_eq!(part("connection").as_deref(), Some("error"));
    Ok(part("reason").unwrap_or_default())
}

#[tokio::test]
async fn a_consent_link_finished_in_another_browser_connects_nothing() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let name = new_name();
    let victim = Owner::new(&stage.stack, &name).await?;
    let mut attacker = Sessional::sign_in(&stage.stack, &format!("acc_{name}")).await?;
    let link = attacker.call("POST", "/connection", None).await?.text_at("/authorise_url")?;
    let back = victim.allow(&link).await?;

    let mut other = Sessional::sign_in(&stage.stack, &format!("acc_{}", new_name())).await?;
    other.call("POST", "/connection", None).await?;
    assert_eq!(reason(&other, &stage, &back).await?, "other_browser");
    // Not even the attacker's own browser can finish it now.
    assert_eq!(reason(&attacker, &stage, &back).await?, "unknown_state");
    let shown = attacker.call("GET", "/connection", None).await?;
    assert_eq!(shown.text_at("/status")?, "disconnected");
    let secrets = stage.stack.aws()?.secrets().await?;
    assert!(!secrets.iter().any(|secret| secret.contains(&victim.user.to_string())), "a token was stored");
    Ok(())
}

#[tokio::test]
async fn every_wrong_turn_ends_in_a_redirect_to_the_app_with_its_reason() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let name = new_name();
    let owner = Owner::new(&stage.stack, &name).await?;
    let mut app = Sessional::sign_in(&stage.stack, &format!("acc_{name}")).await?;
    let callback = format!("{}/oauth/callback", stage.stack.front);
    let nobody = Sessional::with_token(&stage.stack, "acc_nobody", None)?;
    for query in ["", "?code=a", "?state=unknown&code=a", "?state=a&return_url=https://evil.example/"] {
        assert_eq!(reason(&nobody, &stage, &format!("{callback}{query}")).await?, "unknown_state", "{query}");
    }

    let link = app.call("POST", "/connection", None).await?.text_at("/authorise_url")?;
    let cancelled = consent(&link, Choice::Cancel).await?;
    assert_eq!(reason(&app, &stage, &cancelled).await?, "cancelled");

    // Whatever Xero sends instead of a code, such as the limit of a plan; and nothing at all.
    for (wrong, expected) in
        [("error=plan_limit", "refused_by_xero"), ("", "refused_by_xero"), ("code=wrong", "code_refused")]
    {
        let link = app.call("POST", "/connection", None).await?.text_at("/authorise_url")?;
        let link = url::Url::parse(&link)?;
        let state = link.query_pairs().find(|(key, _)| key == "state").map(|(_, state)| state.into_owned());
        let url = format!("{callback}?state={}&{wrong}", state.unwrap_or_default());
        assert_eq!(reason(&app, &stage, &url).await?, expected, "{wrong}");
        assert_eq!(reason(&app, &stage, &url).await?, "unknown_state", "a state is used once");
    }

    let link = app.call("POST", "/connection", None).await?.text_at("/authorise_url")?;
    let without_cookie = owner.allow(&link).await?;
    assert_eq!(reason(&nobody, &stage, &without_cookie).await?, "other_browser");
    assert_eq!(app.call("GET", "/connection", None).await?.text_at("/status")?, "disconnected");
    Ok(())
}

async fn a_consent_that_took_longer_than_its_time_connects_nothing(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (account, person) = (inside.account()?, inside.person(1).await?);
    let (callback, secret) = inside.come_back(&account, person.allows(&person.tenants)).await?;
    inside.pass(SignedDuration::from_mins(10)).await?;
    let late = inside.connect().finish(&callback, Some(&secret)).await;
    assert!(matches!(late, Err(Refusal::Expired)), "{late:?}");
    assert_eq!(inside.calls("token.authorization_code").await?.len(), 0);
    Ok(())
}

/// Nothing is stored about somebody whose consent came to nothing, and nothing counts at Xero.
async fn assert_nothing_is_left(inside: &Inside, person: &Person) -> anyhow::Result<()> {
    assert_eq!(inside.grant(person.user).await?, None);
    assert!(inside.places_of(person.user).await?.is_empty());
    assert!(inside.at_xero(person).await?.is_empty());
    Ok(())
}

async fn a_consent_without_an_organisation_leaves_nothing_behind(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (account, person) = (inside.account()?, inside.person(0).await?);
    let practice = inside.organisation("A practice", *person.user.as_uuid(), Some("PRACTICE")).await?;
    let refused = inside.consent(&account, person.allows(&[practice])).await?;
    assert!(matches!(refused, Err(Refusal::NoOrganisation)), "{refused:?}");
    assert_nothing_is_left(&inside, &person).await
}

async fn an_organisation_of_another_account_is_refused_and_the_other_keeps_working(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (holder, second) = (inside.account()?, inside.account()?);
    let person = inside.person(1).await?;
    let tenant = person.tenants[0];
    let connection = inside.connected(&holder, &person, tenant).await?;

    // Through the same user: Xero ends the holder's tokens with the new consent, and they are replaced.
    let refused = inside.consent(&second, person.allows(&[tenant])).await?;
    assert!(matches!(refused, Err(Refusal::OrganisationTaken)), "{refused:?}");
    inside.use_token(&connection).await?;
    assert_eq!(inside.work(&holder, Task::CheckConnection).await, Outcome::Done);
    assert_eq!(inside.connection(&holder).await?.status, Status::Connected);
    assert_eq!(inside.grant(person.user).await?.map(|grant| grant.accounts), Some(vec![holder.clone()]));
    assert_eq!(inside.at_xero(&person).await?, [tenant]);

    // Through another user, who has a connection of their own then: it is removed again.
    let other = inside.person(0).await?;
    inside.xero().change_role(*tenant.as_uuid(), *other.user.as_uuid(), Some(standard())).await?;
    let refused = inside.consent(&second, other.allows(&[tenant])).await?;
    assert!(matches!(refused, Err(Refusal::OrganisationTaken)), "{refused:?}");
    assert_nothing_is_left(&inside, &other).await?;
    assert_eq!(inside.work(&holder, Task::CheckConnection).await, Outcome::Done);
    assert_eq!(inside.connection(&holder).await?.status, Status::Connected);
    assert_eq!(inside.connection(&second).await?.status, Status::Disconnected);
    Ok(())
}

fn standard() -> xero_stand_in::control::Role {
    xero_stand_in::control::Role::Standard
}

async fn of_several_organisations_one_is_chosen_and_the_others_are_given_back(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (account, person) = (inside.account()?, inside.person(3).await?);
    let [a, b, c] = [person.tenants[0], person.tenants[1], person.tenants[2]];
    assert_eq!(inside.consent(&account, person.allows(&[a, b])).await??, Finished::ChooseOrganisation);
    assert_eq!(inside.connection(&account).await?.status, Status::ChooseOrganisation);
    let not_offered = inside.connect().choose(&account, c).await;
    assert!(matches!(not_offered, Err(Refusal::NotOffered)), "{not_offered:?}");

    // The user thinks again and allows others.
    assert_eq!(inside.consent(&account, person.allows(&[b, c])).await??, Finished::ChooseOrganisation);
    inside.connect().choose(&account, c).await?;
    inside.connect().choose(&account, c).await?;
    let connection = inside.connection(&account).await?;
    assert_eq!(connection.tenant(), Some(c));
    assert!(!connection.leftovers.iter().any(|left| left.tenant == c));
    assert_eq!(inside.at_xero(&person).await?, [c]);
    inside.use_token(&connection).await
}

async fn an_offer_does_not_interrupt_what_is_connected_and_ends_after_a_day(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (account, person) = (inside.account()?, inside.person(3).await?);
    let [a, b, c] = [person.tenants[0], person.tenants[1], person.tenants[2]];
    inside.connected(&account, &person, a).await?;
    assert_eq!(inside.consent(&account, person.allows(&[a, b, c])).await??, Finished::ChooseOrganisation);
    let connection = inside.connection(&account).await?;
    assert_eq!(connection.tenant(), Some(a), "work goes on");
    inside.use_token(&connection).await?;
    inside.pass(SignedDuration::from_hours(25)).await?;
    assert_eq!(inside.work(&account, Task::Tidy).await, Outcome::Done);
    let connection = inside.connection(&account).await?;
    assert!(connection.choices.is_empty());
    assert_eq!((connection.tenant(), inside.at_xero(&person).await?), (Some(a), vec![a]));
    inside.use_token(&connection).await
}

fn record(account: &AccountId, tenant: TenantId, id: &str, inside: &Inside) -> Record {
    use rules::ports::Clock as _;
    let key = RecordKey { account: account.clone(), tenant, kind: Kind::Invoice, id: id.to_owned() };
    Record::new(key, id, inside.clock.now())
}

/// That a record goes on, as it stands in the queue.
fn event(id: &str) -> Value {
    json!({ "version": 1, "run": { "kind": "invoice", "id": id } })
}

/// Holds some work, the first one longest.
async fn hold(inside: &Inside, account: &AccountId, tenant: TenantId) -> anyhow::Result<()> {
    use rules::ports::Clock as _;
    for id in ["inv_1", "inv_2", "inv_3"] {
        inside.pass(SignedDuration::from_secs(1)).await?;
        let mut held = record(account, tenant, id, inside);
        held.hold(Failure::connection_lost(), inside.clock.now());
        assert_eq!(inside.table.put_record(&mut held).await?, rules::ports::Written::Done);
    }
    Ok(())
}

/// The events that were let go, in their order.
async fn let_go(inside: &Inside) -> anyhow::Result<Vec<Value>> {
    let messages = inside.aws()?.receive(&inside.sync_queue_url, 1).await?;
    Ok(messages.into_iter().map(|message| serde_json::from_str(&message.body)).collect::<Result<_, _>>()?)
}

async fn lose(inside: &Inside, account: &AccountId, seen: &Connection) -> anyhow::Result<()> {
    let told = crate::inside::Silent;
    let reason = ErrorReason::GrantRevoked;
    lost::lose_unless_renewed(&inside.table, &told, &inside.clock, seen, reason).await?;
    assert_eq!(inside.connection(account).await?.status, Status::Error);
    Ok(())
}

async fn authorising_the_same_organisation_again_brings_everything_back_in_order(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (account, person) = (inside.account()?, inside.person(1).await?);
    let tenant = person.tenants[0];
    let seen = inside.connected(&account, &person, tenant).await?;
    lose(&inside, &account, &seen).await?;
    hold(&inside, &account, tenant).await?;

    let connection = inside.connected(&account, &person, tenant).await?;
    assert_eq!((connection.status, connection.error), (Status::Connected, None));
    assert_eq!(let_go(&inside).await?, ["inv_1", "inv_2", "inv_3"].map(event));
    assert_eq!(inside.at_xero(&person).await?, [tenant]);
    // What was seen of the old consent says nothing about the new one.
    let told = crate::inside::Silent;
    let lost = lost::lose_unless_renewed(&inside.table, &told, &inside.clock, &seen, ErrorReason::GrantRevoked);
    assert_eq!(lost.await?, None);
    assert_eq!(inside.connection(&account).await?.status, Status::Connected);
    Ok(())
}

async fn another_organisation_leaves_the_old_ones_references_and_held_work_where_they_are(
    store: Store,
) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (account, person) = (inside.account()?, inside.person(2).await?);
    let [old, new] = [person.tenants[0], person.tenants[1]];
    let seen = inside.connected(&account, &person, old).await?;
    lose(&inside, &account, &seen).await?;
    hold(&inside, &account, old).await?;

    inside.connected(&account, &person, new).await?;
    assert!(let_go(&inside).await?.is_empty());
    assert_eq!(inside.table.holder(old).await?, None);
    assert_eq!(inside.table.holder(new).await?, Some(account.clone()));
    assert_eq!(inside.at_xero(&person).await?, [new]);
    assert_eq!(inside.table.records(&account, old, None, None).await?.records.len(), 3);
    assert!(inside.table.records(&account, new, None, None).await?.records.is_empty());
    Ok(())
}

async fn another_user_of_the_same_organisation_takes_the_place_of_the_first(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (account, first, second) = (inside.account()?, inside.person(1).await?, inside.person(0).await?);
    let tenant = first.tenants[0];
    inside.connected(&account, &first, tenant).await?;
    inside.xero().change_role(*tenant.as_uuid(), *second.user.as_uuid(), Some(standard())).await?;
    let connection = inside.connected(&account, &second, tenant).await?;
    assert_eq!(connection.xero_user, Some(second.user));
    assert_nothing_is_left(&inside, &first).await?;
    assert_eq!(inside.at_xero(&second).await?, [tenant]);
    inside.use_token(&connection).await
}

async fn a_xero_that_fails_during_a_consent_ends_it_with_try_again(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (account, person) = (inside.account()?, inside.person(1).await?);
    for operation in ["token.authorization_code", "getConnections"] {
        inside.xero().fault(&Fault::once(operation, FaultKind::ServerErrorBefore)).await?;
        let failed = inside.consent(&account, person.allows(&person.tenants)).await?;
        assert!(matches!(failed, Err(Refusal::TryAgain(_))), "{operation}: {failed:?}");
        assert_eq!(inside.grant(person.user).await?, None, "{operation}");
        assert!(inside.places_of(person.user).await?.is_empty(), "{operation}");
    }
    let connection = inside.connected(&account, &person, person.tenants[0]).await?;
    inside.use_token(&connection).await
}

async fn whoever_dies_in_a_callback_leaves_a_connection_or_nothing(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (mut steps, mut through) = (1, false);
    while !through {
        let (account, person) = (inside.account()?, inside.person(1).await?);
        let (callback, secret) = inside.come_back(&account, person.allows(&person.tenants)).await?;
        let connect = inside.connect();
        through = die_after(steps, connect.finish(&callback, Some(&secret))).await;
        // What was sent just before the death still arrives, here and now; then the next round of upkeep comes.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        inside.pass(SignedDuration::from_mins(16)).await?;
        inside.work(&account, Task::Tidy).await;
        match inside.table.connection(&account).await? {
            Some(connection) if connection.status == Status::Connected => {
                inside.use_token(&connection).await?;
                assert_eq!(inside.at_xero(&person).await?, person.tenants, "after {steps} steps");
                assert!(connection.leaving.is_empty() && connection.leftovers.is_empty(), "{connection:?}");
            }
            _ => {
                assert!(!through);
                assert_eq!(inside.grant(person.user).await?, None, "after {steps} steps");
                assert!(inside.places_of(person.user).await?.is_empty(), "after {steps} steps");
                // The user tries again, and nothing of the first try is in the way.
                let connection = inside.connected(&account, &person, person.tenants[0]).await?;
                inside.use_token(&connection).await?;
            }
        }
        steps += 4;
    }
    assert!(steps > 20, "it was through at once");
    Ok(())
}

over_both_stores!(
    a_consent_that_took_longer_than_its_time_connects_nothing,
    a_consent_without_an_organisation_leaves_nothing_behind,
    an_organisation_of_another_account_is_refused_and_the_other_keeps_working,
    of_several_organisations_one_is_chosen_and_the_others_are_given_back,
    an_offer_does_not_interrupt_what_is_connected_and_ends_after_a_day,
    authorising_the_same_organisation_again_brings_everything_back_in_order,
    another_organisation_leaves_the_old_ones_references_and_held_work_where_they_are,
    another_user_of_the_same_organisation_takes_the_place_of_the_first,
    a_xero_that_fails_during_a_consent_ends_it_with_try_again,
    whoever_dies_in_a_callback_leaves_a_connection_or_nothing,
);
