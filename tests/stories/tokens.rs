//! Staying connected: one refresh for many, nothing lost when somebody dies, and no more versions of a secret than
//! its store allows.

use std::time::{Duration, Instant};

use aws::tokens::Store;
use futures::future::{join_all, try_join_all};
use jiff::SignedDuration;
use local::journey::Journey;
use local::narrator::Silence;
use local::workers;
use local::xero_side::Owner;
use rules::AccountId;
use rules::connection::{Connection, Status};
use rules::grant::{StoredToken, TokenHistory, TokenPointer};
use rules::ports::{Answer, TokenVault, Written};
use rules::session::{Interruption, Session};
use rules::tokens::{Memory, TokenFailure, Tokens};
use rules::upkeep::{Outcome, Round, Task};
use serde_json::json;
use xero::XeroUserId;
use xero_stand_in::control::{Client, Fault, FaultKind};

use crate::inside::Inside;
use crate::stage::{Stage, new_name};
use crate::stores::over_both_stores;

const REFRESH: &str = "token.refresh_token";
/// After this an access token is not used any more.
const EXPIRED: SignedDuration = SignedDuration::from_mins(29);

async fn connected(inside: &Inside) -> anyhow::Result<(AccountId, Connection)> {
    let account = inside.account()?;
    let person = inside.person(1).await?;
    let connection = inside.connected(&account, &person, person.first()?).await?;
    Ok((account, connection))
}

async fn fifty_uses_at_once_of_an_expired_token_make_one_refresh(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (_, connection) = connected(&inside).await?;
    let memory = Memory::default();
    let tokens = inside.tokens(&memory);
    tokens.access(&connection).await?;
    inside.pass(EXPIRED).await?;
    let before = inside.calls(REFRESH).await?.len();
    let tokens = try_join_all((0..50).map(|_| tokens.access(&connection))).await?;
    assert_eq!(inside.calls(REFRESH).await?.len() - before, 1);
    assert!(tokens.windows(2).all(|pair| pair[0].expose() == pair[1].expose()));
    Ok(())
}

async fn many_processes_at_once_refresh_one_after_the_other_and_lose_nothing(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (_, connection) = connected(&inside).await?;
    for _ in 0..3 {
        let results = join_all((0..8).map(|_| inside.use_token(&connection))).await;
        // Whoever waited too long comes again; nobody is told that the grant is gone.
        for error in results.into_iter().filter_map(Result::err) {
            assert!(matches!(error.downcast_ref(), Some(TokenFailure::Busy)), "{error:#}");
        }
        inside.pass(EXPIRED).await?;
    }
    assert!(inside.calls(REFRESH).await?.iter().all(|call| call.status == 200));
    inside.use_token(&connection).await
}

/// A store whose process dies in the moment in which it should store a rotated token.
struct Dying<'a>(&'a dyn TokenVault);

#[async_trait::async_trait]
impl TokenVault for Dying<'_> {
    async fn stored(&self, pointer: &TokenPointer, account: &AccountId) -> Answer<Option<StoredToken>> {
        self.0.stored(pointer, account).await
    }

    async fn history(&self, pointer: &TokenPointer) -> Answer<Option<TokenHistory>> {
        self.0.history(pointer).await
    }

    fn is_full(&self, history: &TokenHistory) -> bool {
        self.0.is_full(history)
    }

    fn place(&self, user: XeroUserId) -> TokenPointer {
        self.0.place(user)
    }

    async fn keep(&self, pointer: &TokenPointer, token: &StoredToken) -> Answer<()> {
        self.0.keep(pointer, token).await
    }

    async fn replace(&self, _: &TokenPointer, _: &StoredToken) -> Answer<Written> {
        std::future::pending().await
    }

    async fn forget(&self, pointer: &TokenPointer, account: &AccountId) -> Answer<()> {
        self.0.forget(pointer, account).await
    }

    async fn destroy(&self, pointer: &TokenPointer) -> Answer<()> {
        self.0.destroy(pointer).await
    }
}

/// Refreshes, and dies before the new token is stored and the lease given back.
async fn die_in_a_refresh(inside: &Inside, connection: &Connection) -> anyhow::Result<()> {
    let memory = Memory::default();
    let dying = Dying(&*inside.vault);
    let tokens = Tokens { vault: &dying, ..inside.tokens(&memory) };
    let before = inside.calls(REFRESH).await?.len();
    let ends = tokio::time::timeout(Duration::from_secs(2), tokens.access(connection)).await;
    assert!(ends.is_err(), "it was not killed");
    assert_eq!(inside.calls(REFRESH).await?.len() - before, 1, "it was killed too early");
    Ok(())
}

async fn a_process_killed_between_the_refresh_and_its_storing_loses_nothing(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (_, connection) = connected(&inside).await?;
    die_in_a_refresh(&inside, &connection).await?;
    // The lease of the dead runs out; Xero takes the token that is stored for half an hour.
    inside.pass(SignedDuration::from_secs(31)).await?;
    inside.use_token(&connection).await?;
    inside.pass(SignedDuration::from_hours(24)).await?;
    inside.use_token(&connection).await
}

/// The same with a deployed function: it is killed while Xero's answer, with the token rotated already, is on its way.
#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "processes are found through /proc")]
async fn a_function_killed_before_the_answer_of_a_refresh_arrives_loses_nothing() -> anyhow::Result<()> {
    let stage = Stage::alone()?;
    let stack = stage.stack.clone();
    let name = new_name();
    let mut silence = Silence;
    let owner = Owner::new(&stack, &name).await?;
    let mut journey = Journey::prepare(&stack, &name, owner, &mut silence).await?;
    journey.connect().await?;
    let xero = Client::new(&stack.xero_control)?;
    xero.fault(&Fault::once(REFRESH, FaultKind::Slow { milliseconds: 3_000 })).await?;
    let mut app = journey.sessional.clone();
    let cut_off = tokio::spawn(async move { app.call("GET", "/accounts", None).await });
    // Xero has begun to answer as soon as the order for its slowness is gone.
    while !xero.faults().await?.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(workers::kill(&stack, "settings")? > 0, "nobody was there to be killed");
    assert!(cut_off.await?.is_ok_and(|answer| answer.status >= 500), "it was killed too late");

    // The lease of the dead runs out after half a minute, and no clock of ours moves the functions'.
    let began = Instant::now();
    loop {
        let answer = journey.sessional.call("GET", "/accounts", None).await?;
        if answer.status == 200 {
            break;
        }
        assert!(answer.status >= 500 && began.elapsed() < Duration::from_secs(90), "{} {}", answer.status, answer.text);
    }
    assert_eq!(journey.sessional.call("GET", "/connection", None).await?.text_at("/status")?, "connected");
    Ok(())
}

async fn a_broken_refresh_that_nobody_repeats_is_finished_by_upkeep_in_time(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (account, connection) = connected(&inside).await?;
    die_in_a_refresh(&inside, &connection).await?;
    inside.pass(SignedDuration::from_mins(11)).await?;
    let memory = Memory::default();
    let tokens = inside.tokens(&memory);
    inside.upkeep(&tokens).begin(Round::Refreshes).await?;
    assert_eq!(inside.planned.of(&account), [(Task::FinishRefresh, Duration::ZERO)]);
    assert_eq!(inside.work(&account, Task::FinishRefresh).await, Outcome::Done);
    // Long after the half hour in which Xero would have taken the old one.
    inside.pass(SignedDuration::from_hours(48)).await?;
    inside.use_token(&connection).await?;
    inside.upkeep(&tokens).begin(Round::Refreshes).await?;
    assert_eq!(inside.planned.of(&account).len(), 1, "a lease that was given back is not broken");
    Ok(())
}

async fn a_hundred_and_twenty_refreshes_in_a_day_stay_below_the_quota_of_versions(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (_, connection) = connected(&inside).await?;
    let user = connection.xero_user.unwrap();
    let aws = inside.aws()?;
    let mut places = std::collections::BTreeSet::new();
    for _ in 0..120 {
        inside.pass(SignedDuration::from_mins(12)).await?;
        inside.use_token(&connection).await?;
        let place = inside.grant(user).await?.unwrap().token.0;
        if store == Store::SecretsManager {
            let asked = json!({ "SecretId": place, "IncludeDeprecated": true });
            let listed = aws.call("secretsmanager.ListSecretVersionIds", &asked).await?;
            let versions = listed["Versions"].as_array().map(Vec::len).unwrap_or_default();
            let counted = inside.vault.history(&TokenPointer(place.clone())).await?.unwrap().rotations;
            assert!(versions <= 90 && counted <= 90, "{versions} versions, {counted} counted");
        }
        places.insert(place);
    }
    assert_eq!(inside.calls(REFRESH).await?.len(), 120);
    // An item of the table has no versions that could run out.
    assert_eq!(places.len(), if store == Store::SecretsManager { 2 } else { 1 });
    assert_eq!(inside.places_of(user).await?.len(), 1, "the old secret is gone");
    Ok(())
}

async fn no_failure_of_the_token_endpoint_but_invalid_grant_is_a_lost_connection(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (account, connection) = connected(&inside).await?;
    let refused = |status, error: &str| FaultKind::Answer {
        status,
        content_type: "application/json".to_owned(),
        body: format!(r#"{{"error":"{error}"}}"#),
    };
    let failures = [
        FaultKind::ServerErrorBefore,
        FaultKind::Offline,
        FaultKind::TooManyRequests { problem: "minute".to_owned(), retry_after: Some(7) },
        FaultKind::DropAfter,
        refused(400, "invalid_client"),
        refused(400, "unauthorized_client"),
        refused(400, "invalid_scope"),
    ];
    for failure in failures {
        inside.xero().fault(&Fault::once(REFRESH, failure.clone())).await?;
        let outcome = inside.work(&account, Task::CheckConnection).await;
        assert!(matches!(outcome, Outcome::Again(_)), "{failure:?}: {outcome:?}");
        assert_eq!(inside.connection(&account).await?.status, Status::Connected, "{failure:?}");
        // Whose answer was lost keeps its lease: nobody else asks before it has run out.
        inside.pass(SignedDuration::from_secs(31)).await?;
    }
    inside.use_token(&connection).await
}

async fn a_rejected_token_is_renewed_once_and_a_missing_scope_never(store: Store) -> anyhow::Result<()> {
    let inside = Inside::over(store).await?;
    let (_, connection) = connected(&inside).await?;
    let memory = Memory::default();
    let tokens = inside.tokens(&memory);
    tokens.access(&connection).await?;
    let session = Session::open(&inside.client, &tokens, &connection).unwrap();
    // Only Xero's clock moves: here the token looks good.
    inside.xero().advance_clock(31 * 60).await?;
    let before = inside.calls(REFRESH).await?.len();
    rules::call_xero!(session, |tenant| tenant.organisation())?;
    assert_eq!(inside.calls(REFRESH).await?.len() - before, 1);

    // Bank transactions are not among the scopes that are asked for.
    let listed = rules::call_xero!(session, |tenant| tenant.spend_money_on(jiff::civil::date(2026, 11, 20)));
    assert!(matches!(listed, Err(Interruption::ScopeMissing)), "{listed:?}");
    assert_eq!(inside.calls(REFRESH).await?.len() - before, 1);
    Ok(())
}

over_both_stores!(
    fifty_uses_at_once_of_an_expired_token_make_one_refresh,
    many_processes_at_once_refresh_one_after_the_other_and_lose_nothing,
    a_process_killed_between_the_refresh_and_its_storing_loses_nothing,
    a_broken_refresh_that_nobody_repeats_is_finished_by_upkeep_in_time,
    a_hundred_and_twenty_refreshes_in_a_day_stay_below_the_quota_of_versions,
    no_failure_of_the_token_endpoint_but_invalid_grant_is_a_lost_connection,
    a_rejected_token_is_renewed_once_and_a_missing_scope_never,
);
