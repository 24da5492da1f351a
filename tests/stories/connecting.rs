//! Connecting: a consent ends in a connection, a choice or a reason, and whatever dies in between is tidied up.

use aws::tokens::Store;
use jiff::SignedDuration;
use local::client::{Answer, Sessional};
use local::xero_side::Owner;
use rules::AccountId;
use rules::callback::{CallbackError, CallbackOutcome};
use rules::connect::confirmation::CONFIRMATION_TIME;
use rules::connect::{CONSENT_TIME, ConnectAgain, ConnectError};
use rules::connection::{Connection, ErrorReason, Status};
use rules::failure::Failure;
use rules::lost;
use rules::permission::Permission;
use rules::ports::{Claims as _, Connections as _, Records as _};
use rules::record::{Kind, Record, RecordKey};
use rules::session::Session;
use rules::tokens::Memory;
use rules::upkeep::{Outcome, Round, Task};
use serde_json::{Value, json};
use xero::TenantId;
use xero_stand_in::control::{Choice, Fault, FaultKind, consent};

use crate::inside::{Inside, Person, die_after};
use crate::stage::{Stage, new_name};
use crate::stores::over_both_stores;

#[tokio::test]
async fn a_consent_link_that_somebody_else_answered_connects_nothing() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let name = new_name();
    let victim = Owner::new(&stage.stack, &name).await?;
    let mut attacker = Sessional::sign_in(&stage.stack, &format!("acc_{name}")).await?;
    let sent = attacker.call("POST", "/connection", None).await?;
    let back = victim.allow(&sent.text_at("/authorise_url")?).await?;

    // The victim's browser lands on the app, where it has a session of its own, and a consent of its own is open.
    let mut other = Sessional::sign_in(&stage.stack, &format!("acc_{}", new_name())).await?;
    let own = other.call("POST", "/connection", None).await?.text_at("/browser_key")?;
    let confirmation = other.come_back(&back).await?.confirmation.unwrap_or_default();
    assert_problem(&other.confirm(&confirmation, &own).await?, 403, "/problems/confirmation-refused");
    // Not even the attacker can use it now, with the right key and a guess at what the victim saw.
    let key = sent.text_at("/browser_key")?;
    assert_problem(&attacker.confirm(&confirmation, &key).await?, 403, "/problems/confirmation-refused");
    let shown = attacker.call("GET", "/connection", None).await?;
    assert_eq!(shown.text_at("/status")?, "disconnected");
    let secrets = stage.stack.aws()?.secrets().await?;
    assert!(!secrets.iter().any(|secret| secret.contains(&victim.user.to_string())), "a token was stored");
    Ok(())
}

fn assert_problem(answer: &Answer, status: u16, kind: &str) {
    assert_eq!(
        (answer.status, answer.text_at("/type").unwrap_or_default().as_str()),
        (status, kind),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn every_wrong_turn_at_xero_leads_to_the_app_with_its_reason() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let name = new_name();
    let owner = Owner::new(&stage.stack, &name).await?;
    let mut app = Sessional::sign_in(&stage.stack, &format!("acc_{name}")).await?;
    let callback = format!("{}/oauth/callback", stage.stack.front);
    let page = stage.stack.deployment.variable("callback", "APP_RETURN_URL")?.to_owned();
    let unknown = "a".repeat(43);
    for query in ["", "?code=a", "?state=short&code=a", "?state=a&return_url=https://evil.example/"] {
        let found = app.come_back(&format!("{callback}{query}")).await?;
        assert!(found.page.as_str().starts_with(&page), "{}", found.page);
        assert_eq!((found.connection.as_str(), found.reason.as_deref()), ("error", Some("unknown_state")), "{query}");
    }
    let found = app.come_back(&format!("{callback}?state={unknown}&code=a")).await?;
    assert_eq!((found.reason.as_deref(), found.confirmation), (Some("unknown_state"), None));

    let link = app.call("POST", "/connection", None).await?.text_at("/authorise_url")?;
    let cancelled = consent(&link, Choice::Cancel).await?;
    let found = app.come_back(&cancelled).await?;
    assert_eq!((found.connection.as_str(), found.reason.as_deref()), ("error", Some("cancelled")));

    // Whatever Xero sends instead of a code, such as the limit of a plan; and nothing at all. The back button repeats it.
    for wrong in ["error=plan_limit", "", "code="] {
        let link = app.call("POST", "/connection", None).await?.text_at("/authorise_url")?;
        let link = url::Url::parse(&link)?;
        let state = link.query_pairs().find(|(key, _)| key == "state").map(|(_, state)| state.into_owned());
        let url = format!("{callback}?state={}&{wrong}", state.unwrap_or_default());
        let found = app.come_back(&url).await?;
        assert_eq!((found.connection.as_str(), found.reason.as_deref()), ("error", Some("refused_by_xero")), "{wrong}");
        assert_eq!(app.come_back(&url).await?.connection, "already", "a state is used once");
    }

    let started = app.call("POST", "/connection", None).await?;
    let back = owner.allow(&started.text_at("/authorise_url")?).await?;
    let found = app.come_back(&back).await?;
    assert_eq!((found.connection.as_str(), app.come_back(&back).await?.connection.as_str()), ("confirm", "already"));
    assert_eq!(
        app.call("GET", "/connection", None).await?.text_at("/status")?,
        "disconnected",
        "nothing is redeemed yet"
    );
    let (confirmation, key) = (found.confirmation.unwrap_or_default(), started.text_at("/browser_key")?);
    let confirmed = app.confirm(&confirmation, &key).await?;
    assert_eq!((confirmed.status, confirmed.text_at("/status")?.as_str()), (200, "connected"), "{}", confirmed.text);
    // A reload, or a page that posts twice.
    let again = app.confirm(&confirmation, &key).await?;
    assert_eq!((again.status, again.text), (200, confirmed.text));
    Ok(())
}

#[tokio::test]
async fn a_page_without_the_key_burns_what_it_got() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let name = new_name();
    let owner = Owner::new(&stage.stack, &name).await?;
    let mut app = Sessional::sign_in(&stage.stack, &format!("acc_{name}")).await?;
    let started = app.call("POST", "/connection", None).await?;
    let back = owner.allow(&started.text_at("/authorise_url")?).await?;
    let confirmation = app.come_back(&back).await?.confirmation.unwrap_or_default();
    // On a telephone, where nobody is signed in.
    let mut other = Sessional::with_token(&stage.stack, "acc_nobody", None)?;
    for _ in 0..2 {
        let burned =
            other.call("DELETE", "/connection/confirmation", Some(&json!({ "confirmation": confirmation }))).await?;
        assert_eq!((burned.status, burned.text.as_str()), (204, ""));
    }
    let key = started.text_at("/browser_key")?;
    assert_problem(&app.confirm(&confirmation, &key).await?, 403, "/problems/confirmation-refused");
    let garbage = other.call("DELETE", "/connection/confirmation", Some(&json!({ "confirmation": 7 }))).await?;
    assert_problem(&garbage, 400, "/problems/invalid-request");
    Ok(())
}

#[tokio::test]
async fn no_answer_of_connecting_sets_a_cookie() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let name = new_name();
    let owner = Owner::new(&stage.stack, &name).await?;
    let mut app = Sessional::sign_in(&stage.stack, &format!("acc_{name}")).await?;
    let started = app.call("POST", "/connection", None).await?;
    let back = app.open(&owner.allow(&started.text_at("/authorise_url")?).await?).await?;
    let confirmed = app.confirm("unknown", &started.text_at("/browser_key")?).await?;
    for answer in [started, back, confirmed] {
        assert_eq!(answer.header("set-cookie"), None);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    Ok(())
}

async fn a_consent_that_took_longer_than_its_time_connects_nothing(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (account, person) = (inside.account()?, inside.person(1).await?);
    let began = inside.come_back(&account, person.allows(&person.tenants)).await?;
    inside.pass(CONSENT_TIME).await?;
    let late = inside.callback().receive(&began.query).await;
    assert!(matches!(late, CallbackOutcome::Failed(CallbackError::Expired)), "{late:?}");

    let began = inside.come_back(&account, person.allows(&person.tenants)).await?;
    let confirmation = inside.received(&began.query).await?;
    inside.pass(CONFIRMATION_TIME).await?;
    for expected in ["ConnectAgain(TooLate)", "ConfirmationRefused"] {
        let late = inside.connect().confirm(&began.caller, &confirmation, &began.browser_key).await;
        assert_eq!(format!("{:?}", late.unwrap_err()), expected);
    }
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
    assert!(matches!(refused, Err(ConnectError::NoOrganisation)), "{refused:?}");
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
    assert!(matches!(refused, Err(ConnectError::OrganisationTaken)), "{refused:?}");
    inside.use_token(&connection).await?;
    assert_eq!(inside.work(&holder, Task::CheckConnection).await, Outcome::Done);
    assert_eq!(inside.connection(&holder).await?.status, Status::Connected);
    assert_eq!(inside.grant(person.user).await?.map(|grant| grant.accounts), Some(vec![holder.clone()]));
    assert_eq!(inside.at_xero(&person).await?, [tenant]);

    // Through another user, who has a connection of their own then: it is removed again.
    let other = inside.person(0).await?;
    inside.xero().change_role(*tenant.as_uuid(), *other.user.as_uuid(), Some(standard())).await?;
    let refused = inside.consent(&second, other.allows(&[tenant])).await?;
    assert!(matches!(refused, Err(ConnectError::OrganisationTaken)), "{refused:?}");
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
    assert_eq!(inside.consent(&account, person.allows(&[a, b])).await??.status, Status::ChooseOrganisation);
    let not_offered = inside.connect().choose(&account, c).await;
    assert!(matches!(not_offered, Err(ConnectError::NotOffered)), "{not_offered:?}");

    // The user thinks again and allows others.
    assert_eq!(inside.consent(&account, person.allows(&[b, c])).await??.status, Status::ChooseOrganisation);
    inside.connect().choose(&account, c).await?;
    inside.connect().choose(&account, c).await?;
    let connection = inside.connection(&account).await?;
    assert_eq!(connection.tenant(), Some(c));
    assert!(!connection.leftovers.iter().any(|left| left.tenant == c));
    assert_eq!(inside.at_xero(&person).await?, [c]);
    inside.use_token(&connection).await
}

async fn what_a_choice_needs_is_asked_for_then_and_ever_after(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (account, person) = (inside.account()?, inside.person(1).await?);
    let scope = Permission::SpendMoney.scope();
    let may_spend = async |connection: &Connection| {
        let memory = Memory::default();
        let tokens = inside.tokens(&memory);
        let session = Session::open(&inside.client, &tokens, connection).expect("it is connected");
        session.has_scope(scope).await
    };
    let connection = inside.connected(&account, &person, person.tenants[0]).await?;
    assert!(!may_spend(&connection).await?, "the first consent asks for as little as it can");

    let began = inside.come_back_with(&account, person.allows(&person.tenants), &[Permission::SpendMoney]).await?;
    let confirmation = inside.received(&began.query).await?;
    inside.connect().confirm(&began.caller, &confirmation, &began.browser_key).await?;
    let connection = inside.connection(&account).await?;
    assert_eq!(
        (connection.status, connection.permissions.as_slice()),
        (Status::Connected, &[Permission::SpendMoney][..])
    );
    assert!(may_spend(&connection).await?);

    // Whoever connects again, for whatever reason, is not asked to allow it once more afterwards.
    inside.disconnect().run(&account).await?;
    let started = inside.connect().start(&began.caller, &[]).await?;
    let asked =
        started.authorise_url.query_pairs().find(|(name, _)| name == "scope").map(|(_, scopes)| scopes.into_owned());
    let asked = asked.unwrap_or_default();
    assert_eq!(asked.split(' ').filter(|asked| *asked == scope).count(), 1, "{asked}");
    Ok(())
}

async fn an_offer_does_not_interrupt_what_is_connected_and_ends_after_a_day(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (account, person) = (inside.account()?, inside.person(3).await?);
    let [a, b, c] = [person.tenants[0], person.tenants[1], person.tenants[2]];
    inside.connected(&account, &person, a).await?;
    assert_eq!(inside.consent(&account, person.allows(&[a, b, c])).await??.choices.len(), 3);
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

async fn a_xero_that_fails_during_a_consent_means_connecting_again(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (account, person) = (inside.account()?, inside.person(1).await?);
    for (operation, why) in
        [("token.authorization_code", ConnectAgain::XeroUnavailable), ("getConnections", ConnectAgain::Interrupted)]
    {
        inside.xero().fault(&Fault::once(operation, FaultKind::ServerErrorBefore)).await?;
        let failed = inside.consent(&account, person.allows(&person.tenants)).await?;
        let again = matches!(failed, Err(ConnectError::ConnectAgain(again)) if again == why);
        assert!(again, "{operation}: {failed:?}");
        assert_eq!(inside.grant(person.user).await?, None, "{operation}");
        assert!(inside.places_of(person.user).await?.is_empty(), "{operation}");
    }
    let connection = inside.connected(&account, &person, person.tenants[0]).await?;
    inside.use_token(&connection).await
}

async fn whoever_dies_redeeming_a_confirmation_leaves_a_connection_or_nothing(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (mut steps, mut through) = (1, false);
    while !through {
        let (account, person) = (inside.account()?, inside.person(1).await?);
        let began = inside.come_back(&account, person.allows(&person.tenants)).await?;
        let confirmation = inside.received(&began.query).await?;
        let connect = inside.connect();
        let redeemed = connect.confirm(&began.caller, &confirmation, &began.browser_key);
        through = die_after(steps, redeemed).await;
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
                // Dead between Xero's answer and the first thing stored, only Xero knows of it.
                inside.pass(SignedDuration::from_hours(2)).await?;
                let memory = Memory::default();
                inside.upkeep(&inside.tokens(&memory)).begin(Round::Orphans).await?;
                assert!(inside.at_xero(&person).await?.is_empty(), "after {steps} steps");
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
    what_a_choice_needs_is_asked_for_then_and_ever_after,
    an_offer_does_not_interrupt_what_is_connected_and_ends_after_a_day,
    authorising_the_same_organisation_again_brings_everything_back_in_order,
    another_organisation_leaves_the_old_ones_references_and_held_work_where_they_are,
    another_user_of_the_same_organisation_takes_the_place_of_the_first,
    a_xero_that_fails_during_a_consent_means_connecting_again,
    whoever_dies_redeeming_a_confirmation_leaves_a_connection_or_nothing,
);
