//! Attacks on connecting, each refused without a trace of the victim: the link that is sent, the code that is swapped, the
//! confirmation that somebody else tries, the state that is forged, and what comes after a disconnect.

use jiff::SignedDuration;
use rules::AccountId;
use rules::callback::{CallbackError, CallbackOutcome, CallbackQuery};
use rules::connect::attempts::{MAX_CONFIRMATIONS, MAX_OPEN_CONSENTS};
use rules::connect::{CONSENT_TIME, Caller, ConnectAgain, ConnectError};
use rules::connection::{Connection, Status};
use rules::ports::{Connections as _, ConsentStarts as _};
use xero_stand_in::control::Choice;

use crate::inside::{Began, Inside, Person, die_after};

const EXCHANGE: &str = "token.authorization_code";

fn caller(account: &AccountId, subject: &str) -> Caller {
    Caller { account: account.clone(), subject: subject.to_owned() }
}

fn is_refused(result: &Result<Connection, ConnectError>) -> bool {
    matches!(result, Err(ConnectError::ConfirmationRefused))
}

/// Nothing of a person's is stored, and Xero was not asked for their tokens.
async fn assert_no_trace(inside: &Inside, person: &Person) -> anyhow::Result<()> {
    assert_eq!(inside.calls(EXCHANGE).await?.len(), 0, "no code was redeemed");
    assert_eq!(inside.grant(person.user).await?, None);
    assert!(inside.places_of(person.user).await?.is_empty());
    let items = inside.aws()?.scan(&inside.table_name).await?;
    let user = person.user.to_string();
    assert!(!items.iter().any(|item| item.to_string().contains(&user)), "the victim is in the table");
    Ok(())
}

/// A consent that an account began, answered by a person: what their browser got.
async fn answered(inside: &Inside, account: &AccountId, person: &Person) -> anyhow::Result<(Began, String)> {
    let began = inside.come_back(account, person.allows(&person.tenants)).await?;
    let confirmation = inside.received(&began.query).await?;
    Ok((began, confirmation))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sent_link_gives_its_sender_nothing_even_when_the_address_is_pasted_back() -> anyhow::Result<()> {
    let inside = Inside::new().await?;
    let (attacker, victim) = (inside.account()?, inside.person(1).await?);
    let (began, confirmation) = answered(&inside, &attacker, &victim).await?;
    // The page in the victim's browser has no key for it and burns it: signed in, signed out, or no user at all.
    inside.callback().burn(&confirmation).await?;
    let again = inside.callback().receive(&began.query).await;
    assert!(matches!(again, CallbackOutcome::Already), "{again:?}");
    let tried = inside.connect().confirm(&began.caller, &confirmation, &began.browser_key).await;
    assert!(is_refused(&tried), "{tried:?}");
    assert_no_trace(&inside, &victim).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmation_is_good_for_whoever_began_and_burns_for_anybody_else() -> anyhow::Result<()> {
    let inside = Inside::new().await?;
    let (account, foreign, person) = (inside.account()?, inside.account()?, inside.person(1).await?);
    for attack in 0..4 {
        let (began, confirmation) = answered(&inside, &account, &person).await?;
        let key = began.browser_key.clone();
        let own_key_of_another = inside.connect().start(&began.caller, &[]).await?.browser_key;
        let (caller, key) = match attack {
            // A colleague of the same account, with the key.
            0 => (caller(&account, "user|colleague"), key),
            // The same person in another account.
            1 => (caller(&foreign, &began.caller.subject), key),
            // Another browser of the same person, with the key of another consent, and with none.
            2 => (began.caller.clone(), own_key_of_another.expose().to_owned()),
            _ => (began.caller.clone(), String::new()),
        };
        let tried = inside.connect().confirm(&caller, &confirmation, &key).await;
        assert!(is_refused(&tried), "{attack}: {tried:?}");
        let owner = inside.connect().confirm(&began.caller, &confirmation, &began.browser_key).await;
        assert!(is_refused(&owner), "{attack}: it is burned: {owner:?}");
        inside.pass(SignedDuration::from_hours(1)).await?;
    }
    assert_no_trace(&inside, &person).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmation_is_redeemed_once_and_a_repeat_is_told_what_is_there() -> anyhow::Result<()> {
    let inside = Inside::new().await?;
    let (account, person) = (inside.account()?, inside.person(1).await?);
    let (began, confirmation) = answered(&inside, &account, &person).await?;
    let connect = inside.connect();
    let redeem = || connect.confirm(&began.caller, &confirmation, &began.browser_key);
    let (one, other) = tokio::join!(redeem(), redeem());
    assert_eq!((one?.tenant(), other?.tenant()), (Some(person.first()?), Some(person.first()?)));
    assert_eq!(redeem().await?.status, Status::Connected);
    // Somebody else who has all of it is refused, and spoils nothing.
    let stranger = caller(&inside.account()?, "user|stranger");
    assert!(is_refused(&connect.confirm(&stranger, &confirmation, &began.browser_key).await));
    assert_eq!(inside.calls(EXCHANGE).await?.len(), 1);
    // The present outcome, and not that of then.
    inside.disconnect().run(&account).await?;
    assert_eq!(redeem().await?.status, Status::Disconnected);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_state_is_one_read_and_no_write() -> anyhow::Result<()> {
    let inside = Inside::new().await?;
    for state in [None, Some(""), Some("short"), Some("a".repeat(43).as_str()), Some(&"a".repeat(4_000))] {
        let query = CallbackQuery { state: state.map(str::to_owned), code: Some("code".to_owned()), error: None };
        let outcome = inside.callback().receive(&query).await;
        assert!(matches!(outcome, CallbackOutcome::Failed(CallbackError::UnknownState)), "{outcome:?}");
    }
    inside.callback().burn(&"a".repeat(43)).await?;
    inside.callback().burn("garbage").await?;
    assert!(inside.aws()?.scan(&inside.table_name).await?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_swapped_code_connects_nobody_elses_organisation() -> anyhow::Result<()> {
    let inside = Inside::new().await?;
    let (attacker, victim) = (inside.person(1).await?, inside.person(1).await?);
    let account = inside.account()?;
    // A code that Xero never gave, in the attacker's own consent.
    let mut began = inside.come_back(&account, attacker.allows(&attacker.tenants)).await?;
    began.query.code = Some("code-of-another-app".to_owned());
    let confirmation = inside.received(&began.query).await?;
    let tried = inside.connect().confirm(&began.caller, &confirmation, &began.browser_key).await;
    let again = matches!(tried, Err(ConnectError::ConnectAgain(ConnectAgain::CodeRefused)));
    assert!(again, "{tried:?}");
    assert_eq!(inside.grant(victim.user).await?, None);
    assert_eq!(inside.table.connection(&account).await?, None);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_pkce_a_code_of_another_consent_is_not_taken() -> anyhow::Result<()> {
    let mut inside = Inside::new().await?;
    inside.xero().set_switches(&serde_json::json!({ "pkce_for_web_apps": true })).await?;
    inside.request.pkce = true;
    let (account, others) = (inside.account()?, inside.account()?);
    let (attacker, victim) = (inside.person(1).await?, inside.person(1).await?);
    let stolen = inside.come_back(&others, victim.allows(&victim.tenants)).await?.query.code;
    let mut began = inside.come_back(&account, attacker.allows(&attacker.tenants)).await?;
    began.query.code = stolen;
    let confirmation = inside.received(&began.query).await?;
    let tried = inside.connect().confirm(&began.caller, &confirmation, &began.browser_key).await;
    let again = matches!(tried, Err(ConnectError::ConnectAgain(ConnectAgain::CodeRefused)));
    assert!(again, "{tried:?}");
    assert_eq!(inside.grant(victim.user).await?, None);
    // And whoever uses their own code is connected.
    inside.connected(&account, &attacker, attacker.first()?).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_begun_before_a_disconnect_or_another_connection_connects_nothing() -> anyhow::Result<()> {
    let inside = Inside::new().await?;
    // Never connected, and disconnected all the same; connected and disconnected; connected in another tab.
    for attack in 0..3 {
        let (account, person) = (inside.account()?, inside.person(2).await?);
        if attack == 1 {
            inside.connected(&account, &person, person.tenants[1]).await?;
        }
        let (began, confirmation) = answered(&inside, &account, &person).await?;
        match attack {
            2 => drop(inside.connected(&account, &person, person.tenants[1]).await?),
            _ => inside.disconnect().run(&account).await?,
        }
        let before = inside.calls(EXCHANGE).await?.len();
        let tried = inside.connect().confirm(&began.caller, &confirmation, &began.browser_key).await;
        let again = matches!(tried, Err(ConnectError::ConnectAgain(ConnectAgain::ChangedMeanwhile)));
        assert!(again, "{attack}: {tried:?}");
        assert_eq!(inside.calls(EXCHANGE).await?.len(), before, "{attack}");
        let connected = inside.connection(&account).await?.tenant();
        assert_eq!(connected, (attack == 2).then_some(person.tenants[1]), "{attack}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_has_five_open_consents_and_ten_confirmations_an_hour() -> anyhow::Result<()> {
    let inside = Inside::new().await?;
    let (account, person) = (inside.account()?, inside.person(1).await?);
    let ours = caller(&account, "user|one");
    for _ in 0..MAX_OPEN_CONSENTS {
        inside.connect().start(&ours, &[]).await?;
    }
    let sixth = inside.connect().start(&ours, &[]).await;
    assert!(matches!(sixth, Err(ConnectError::TooManyConsents { .. })), "{sixth:?}");
    assert!(
        inside.connect().start(&caller(&inside.account()?, "user|one"), &[]).await.is_ok(),
        "another account has its own"
    );
    inside.pass(CONSENT_TIME).await?;
    // One that was answered makes room at once, whatever the answer was.
    for _ in 0..MAX_OPEN_CONSENTS + 2 {
        let began = inside.come_back(&account, Choice::Cancel).await?;
        let outcome = inside.callback().receive(&began.query).await;
        assert!(matches!(outcome, CallbackOutcome::Failed(CallbackError::Cancelled)), "{outcome:?}");
    }
    let (began, confirmation) = answered(&inside, &account, &person).await?;
    for _ in 0..MAX_CONFIRMATIONS {
        assert!(is_refused(&inside.connect().confirm(&began.caller, &"g".repeat(43), &began.browser_key).await));
    }
    let tried = inside.connect().confirm(&began.caller, &confirmation, &began.browser_key).await;
    assert!(matches!(tried, Err(ConnectError::TooManyConfirmations { .. })), "{tried:?}");
    assert_no_trace(&inside, &person).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_no_more_than_the_limit_get_through() -> anyhow::Result<()> {
    let inside = Inside::new().await?;
    let account = inside.account()?;
    let ours = caller(&account, "user|one");
    let connect = inside.connect();
    let all = futures::future::join_all((0..12).map(|_| connect.start(&ours, &[]))).await;
    let begun = all.iter().filter(|started| started.is_ok()).count();
    assert!(begun <= MAX_OPEN_CONSENTS, "{begun}");
    assert_eq!(inside.table.attempts(&account).await?.map(|attempts| attempts.open.len()), Some(begun));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callback_that_dies_at_any_call_leaves_nothing_that_lasts() -> anyhow::Result<()> {
    // It waits for its read and for its write. On a machine that is busy both may be there at once: then nothing was cut.
    for _ in 0..20 {
        if a_callback_dies_at_any_call(&Inside::new().await?).await? > 1 {
            return Ok(());
        }
    }
    anyhow::bail!("it was through at once every time");
}

/// How many steps it took until it was through.
async fn a_callback_dies_at_any_call(inside: &Inside) -> anyhow::Result<usize> {
    let (mut steps, mut through) = (0, false);
    while !through {
        let (account, person) = (inside.account()?, inside.person(1).await?);
        let began = inside.come_back(&account, person.allows(&person.tenants)).await?;
        through = die_after(steps, inside.callback().receive(&began.query)).await;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        // The gateway's error page, and a reload of it: the confirmation, or that the answer was seen.
        let again = inside.callback().receive(&began.query).await;
        let known = matches!(again, CallbackOutcome::Confirm(_) | CallbackOutcome::Already);
        assert!(known, "after {steps} steps: {again:?}");
        assert_eq!(inside.grant(person.user).await?, None, "after {steps} steps");
        assert_eq!(inside.table.connection(&account).await?, None, "after {steps} steps");
        // Whatever was stored has an end of its own.
        for item in inside.aws()?.scan(&inside.table_name).await? {
            assert!(item["expires_at"]["N"].is_string(), "after {steps} steps: {item}");
        }
        steps += 1;
    }
    Ok(steps)
}
