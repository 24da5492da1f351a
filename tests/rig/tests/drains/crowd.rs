//! A hundred thousand accounts whose work waits because our own secret at Xero is wrong: the minute's tick over all of
//! them. Each drain that it sends does what the sync does with it, a call to Xero aside.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rig::clock::FakeClock;
use rig::shelf::Shelf;
use rules::failure::policy::Pause;
use rules::ports::{Answer, Clock as _, Cooldowns as _, OutageScope, Queued, SyncQueue, Wakes as _};
use rules::record::WaitReason;
use rules::upkeep::tick::{TELL_AFTER, Tick};
use rules::{AccountId, pausing};
use xero::TenantId;

const ACCOUNTS: usize = 100_000;
/// Calls a minute that what has waited may take of those that Xero allows the app (`PROTOCOL`, 3).
const A_MINUTE: usize = 7_000;
/// How long the secret is wrong.
const WRONG: SignedDuration = SignedDuration::from_hours(3);

#[derive(Default)]
struct Sent(Mutex<Vec<AccountId>>);

#[async_trait]
impl SyncQueue for Sent {
    async fn enqueue(&self, events: &[Queued]) -> Answer<Vec<bool>> {
        let accounts = events.iter().map(|event| event.account.clone());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(accounts);
        Ok(vec![true; events.len()])
    }
}

/// What one drain does: it finds the secret wrong and puts everybody off, or it is answered and nothing waits any more.
async fn drain(shelf: &Shelf, account: &AccountId, is_wrong: bool, now: Timestamp) -> Answer<()> {
    let Some(wake) = shelf.wake(account).await? else { return Ok(()) };
    if is_wrong {
        let until = pausing::note(shelf, tenant(account), &Pause::operator(), Some(wake.since), now).await?;
        return shelf.wake_by(account, until, WaitReason::Credentials, now).await;
    }
    shelf.end_outage(OutageScope::App).await?;
    shelf.clear_wake(&wake).await
}

fn tenant(account: &AccountId) -> TenantId {
    let bytes = account.as_str().bytes().map(u128::from);
    TenantId::from_uuid(uuid::Uuid::from_u128(bytes.fold(7, |seed, byte| seed.wrapping_mul(1_000_003) ^ byte)))
}

#[tokio::test]
async fn a_hundred_thousand_accounts_wait_for_one_secret_and_go_on_within_the_limits_of_the_app() -> anyhow::Result<()>
{
    let (shelf, sent) = (Shelf::default(), Sent::default());
    let start: Timestamp = "2026-11-22T09:00:00Z".parse()?;
    let clock = FakeClock::at(start);
    let tick =
        Tick { due: &shelf, wakes: &shelf, cooldowns: &shelf, sync_queue: &sent, notifications: &shelf, clock: &clock };
    let accounts =
        (0..ACCOUNTS).map(|number| AccountId::parse(&format!("acc_{number}"))).collect::<Result<Vec<_>, _>>()?;
    let (mut probes, mut gone, mut last) = (0, HashMap::new(), start);
    let mut work = accounts.chunks(ACCOUNTS / 50);
    loop {
        let now = clock.now();
        let is_wrong = now < start + WRONG;
        // Their work comes in the first fifty minutes.
        for account in work.next().unwrap_or_default() {
            let until = pausing::note(&shelf, tenant(account), &Pause::operator(), None, now).await?;
            shelf.wake_by(account, until.min(now + TELL_AFTER), WaitReason::Credentials, now).await?;
        }
        let going = tick.run().await?;
        let drained: Vec<AccountId> = std::mem::take(&mut sent.0.lock().unwrap_or_else(PoisonError::into_inner));
        assert!(drained.len() == going && going <= A_MINUTE, "{going} accounts in one minute");
        if is_wrong {
            probes += going;
            assert!(going <= 1, "{going} accounts try out at {now} what is out for all");
        }
        for account in &drained {
            drain(&shelf, account, is_wrong, now).await?;
            if !is_wrong {
                gone.insert(account.clone(), now);
                last = now;
            }
        }
        if gone.len() == ACCOUNTS {
            break;
        }
        anyhow::ensure!(now.duration_since(start) < WRONG + SignedDuration::from_hours(2), "{} went on", gone.len());
        clock.advance(Duration::from_secs(60));
    }

    let recovered = start + WRONG;
    let first = gone.values().min().expect("all went on").duration_since(recovered).as_secs() / 60;
    let whole = last.duration_since(recovered).as_secs() / 60;
    let fastest = i64::try_from(ACCOUNTS.div_ceil(A_MINUTE))?;
    assert!(first <= 15, "tried again {first} min after the secret was right");
    assert!(whole <= 15 + fastest, "{whole} min until the last of them had its turn");
    assert!(probes <= 40, "{probes} tries in three hours, for all of them together");

    // Every one of them was told, once, and in time.
    let mut told: HashMap<String, Vec<Timestamp>> = HashMap::new();
    for notification in shelf.notifications() {
        told.entry(notification.account_id.to_string()).or_default().push(notification.occurred_at);
    }
    assert_eq!(told.len(), ACCOUNTS);
    for (number, account) in accounts.iter().enumerate() {
        let began = start + SignedDuration::from_mins(i64::try_from(number / (ACCOUNTS / 50))?);
        let times = told.get(account.as_str()).map(Vec::as_slice).unwrap_or_default();
        let [at] = times else { anyhow::bail!("{account} was told {} times", times.len()) };
        let minutes = at.duration_since(began).as_secs() / 60;
        assert!((2..=3).contains(&minutes), "{account} was told after {minutes} min");
    }
    Ok(())
}
