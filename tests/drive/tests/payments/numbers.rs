//! The webhook's numbers in a store that others write to as well.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rig::clock::FakeClock;
use rules::payments::Sequence;
use rules::payments::gaps::{self, Heard, PATIENCE, SweepPace};
use rules::ports::{Answer, Clock as _, Sequences, Unavailable, Written};

/// Somebody else is faster so often; and so often the store does not answer.
#[derive(Default)]
struct Store {
    heard: Mutex<Option<Heard>>,
    conflicts: Mutex<u32>,
    failures: Mutex<u32>,
}

fn take_one(from: &Mutex<u32>) -> bool {
    let mut left = from.lock().unwrap();
    let any = *left > 0;
    *left = left.saturating_sub(1);
    any
}

#[async_trait]
impl Sequences for Store {
    async fn heard(&self) -> Answer<Option<Heard>> {
        match take_one(&self.failures) {
            true => Err(Unavailable { what: "read what was heard", source: "the store is out of order".into() }),
            false => Ok(self.heard.lock().unwrap().clone()),
        }
    }

    async fn put_heard(&self, heard: &mut Heard) -> Answer<Written> {
        let mut stored = self.heard.lock().unwrap();
        let known = stored.as_ref().map_or(0, |stored| stored.revision);
        if take_one(&self.conflicts) || known != heard.revision {
            return Ok(Written::Conflict);
        }
        heard.revision += 1;
        *stored = Some(heard.clone());
        Ok(Written::Done)
    }
}

fn clock() -> FakeClock {
    FakeClock::at("2026-11-20T09:00:00Z".parse::<Timestamp>().unwrap())
}

fn one(number: u64) -> Sequence {
    Sequence { first: number, last: number }
}

#[tokio::test]
async fn what_is_heard_is_stored_although_others_store_and_the_table_stumbles() {
    let (store, clock) = (Store::default(), clock());
    for number in 41..50 {
        *store.conflicts.lock().unwrap() = 3;
        *store.failures.lock().unwrap() = 2;
        gaps::note(&store, &clock, &[one(number)]).await;
    }
    let heard = store.heard.lock().unwrap().clone().unwrap();
    assert_eq!((heard.to, heard.beyond.len(), heard.revision), (49, 0, 9));
    gaps::note(&store, &clock, &[one(44), one(49)]).await;
    gaps::note(&store, &clock, &[]).await;
    assert_eq!(store.heard.lock().unwrap().clone().unwrap(), heard, "repeats write nothing");
}

#[tokio::test]
async fn a_gap_that_stands_makes_one_round_and_a_day_of_silence_makes_sweeps_hourly() {
    let (store, clock) = (Store::default(), clock());
    let pace = async || gaps::pace(&store, clock.now()).await.unwrap();
    let minutes = |count: u64| clock.advance(Duration::from_secs(count * 60));
    assert_eq!(pace().await, SweepPace::Hourly, "nothing was ever heard");
    gaps::note(&store, &clock, &[one(41)]).await;
    assert_eq!(pace().await, SweepPace::SixHourly);
    gaps::note(&store, &clock, &[one(43)]).await;
    minutes(15);
    assert_eq!(pace().await, SweepPace::SixHourly, "it may be repeated");
    minutes(15);
    let paces = [
        pace().await,
        {
            minutes(15);
            pace().await
        },
        {
            minutes(30);
            pace().await
        },
        {
            minutes(15);
            pace().await
        },
    ];
    assert_eq!(paces, [SweepPace::BeginRound, SweepPace::Round, SweepPace::Round, SweepPace::SixHourly]);
    // Another gap waits until six hours are over.
    gaps::note(&store, &clock, &[one(45)]).await;
    minutes(60);
    assert_eq!(pace().await, SweepPace::SixHourly);
    minutes(5 * 60);
    assert_eq!(pace().await, SweepPace::BeginRound);
    minutes(24 * 60);
    assert_eq!(pace().await, SweepPace::Hourly);
    gaps::note(&store, &clock, &[one(46)]).await;
    assert_ne!(pace().await, SweepPace::Hourly, "one was heard");
}

#[tokio::test]
async fn a_gap_is_closed_when_its_time_is_over() {
    let (store, clock) = (Store::default(), clock());
    gaps::note(&store, &clock, &[one(41), one(45)]).await;
    assert_eq!(store.heard.lock().unwrap().as_ref().map(|heard| (heard.to, heard.beyond.len())), Some((41, 1)));
    clock.advance(Duration::try_from(PATIENCE).unwrap());
    gaps::note(&store, &clock, &[one(46)]).await;
    assert_eq!(store.heard.lock().unwrap().as_ref().map(|heard| (heard.to, heard.beyond.len())), Some((46, 0)));
    assert!(clock.now() > "2026-11-21T09:00:00Z".parse().unwrap());
}
