//! Two thousand documents of one account, made or edited while Xero did not answer for an hour.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use rig::books::Books;
use rig::events::{Happening, Subject};
use rig::tenant::{Tenant, Wishes};
use rig::worker::{World, Xero};
use rules::notification::Details;
use rules::record::{Standing, UnderWay};
use xero_stand_in::control::{Fault, FaultKind, JournalEntry, JournalQuery};

/// Documents that wait to be made, ten to a call.
const NEW: usize = 1_700;
/// Documents that wait to be changed, each by itself.
const EDITED: usize = 300;
const DOCUMENTS: usize = NEW + EDITED;
/// Documents that one call makes.
const A_CALL: usize = 10;
/// Calls a minute that a drain takes of the 60 that Xero allows (`PROTOCOL`, 3: 50).
const A_MINUTE: usize = 50;
const MINUTE: Duration = Duration::from_secs(60);

fn send(world: &mut World, tenant: &Tenant, index: usize, happening: Happening) {
    let account = tenant.account.as_str();
    let event = Subject::new("backlog", index).event(account, happening);
    world.queue.send(account, &format!("{index} {happening:?}"), &event.to_string(), world.now());
}

/// A minute of schedule and queue.
async fn minute(world: &mut World, xero: &Xero) -> anyhow::Result<()> {
    world.tick().await?;
    while world.queue.next_at(world.now()).is_some_and(|at| at <= world.now()) {
        world.work(xero, 10).await?;
    }
    world.clock.advance(MINUTE);
    Ok(())
}

fn under_way(world: &World, state: UnderWay) -> usize {
    world.shelf.records_now().iter().filter(|record| record.under_way == state).count()
}

async fn calls(xero: &Xero, tenant: &Tenant, since: Timestamp) -> anyhow::Result<Vec<JournalEntry>> {
    let query = JournalQuery { tenant: Some(tenant.uuid()), ..JournalQuery::default() };
    let all = xero.side.control.journal(&query).await?;
    Ok(all.into_iter().filter(|call| call.at >= since).collect())
}

#[tokio::test]
async fn two_thousand_documents_drain_as_fast_as_xero_allows_with_new_work_first() -> anyhow::Result<()> {
    let xero = Xero::start().await?;
    let mut world = xero.world().await?;
    let tenant = world.connect(&xero, "backlog", &Wishes::default()).await?;
    for index in 0..EDITED {
        send(&mut world, &tenant, index, Happening::Created);
    }
    world.drain(&xero).await?;
    let kept = world.shelf.notifications().len();

    let all_day = Fault { tenant: Some(tenant.uuid()), ..Fault::once("*", FaultKind::Unavailable).times(u32::MAX) };
    xero.side.control.fault(&all_day).await?;
    for part in 0..60 {
        for index in (0..DOCUMENTS).filter(|index| index % 60 == part) {
            let happening = if index < EDITED { Happening::Sent } else { Happening::Created };
            send(&mut world, &tenant, index, happening);
        }
        minute(&mut world, &xero).await?;
    }
    assert_eq!(
        (under_way(&world, UnderWay::Waiting), world.queue.next_at(world.now())),
        (DOCUMENTS, None),
        "all wait, and no message"
    );

    xero.side.control.clear_faults().await?;
    let recovered = world.now();
    let (mut first, mut pressed) = (None, false);
    while world.shelf.next_wake().is_some() {
        minute(&mut world, &xero).await?;
        let waits = under_way(&world, UnderWay::Waiting);
        if waits < DOCUMENTS && first.is_none() {
            first = Some(world.now());
        }
        if first.is_some() && !pressed && waits > 0 {
            pressed = true;
            send(&mut world, &tenant, DOCUMENTS, Happening::Created);
            world.work(&xero, 10).await?;
            let new = Subject::new("backlog", DOCUMENTS);
            let new = world.shelf.records_now().into_iter().find(|record| record.key.id == new.id);
            assert_eq!(new.map(|record| record.stands), Some(Standing::Synced), "new work does not wait for old");
            assert!(under_way(&world, UnderWay::Waiting) > 0);
        }
        anyhow::ensure!(world.now().duration_since(recovered).as_secs() < 3_600, "{waits} still wait after an hour");
    }

    let first = first.expect("something drained").duration_since(recovered).as_secs() / 60;
    let whole = world.now().duration_since(recovered).as_secs() / 60;
    let calls = calls(&xero, &tenant, recovered).await?;
    // An edit is read and written; what Xero did not answer is looked up, ten at a time, before it is made.
    assert!(calls.len() <= 2 * (EDITED + NEW / A_CALL) + A_CALL, "{} calls", calls.len());
    let fastest = i64::try_from(calls.len().div_ceil(A_MINUTE - A_CALL))?;
    assert!(first <= 15, "tried again after {first} min");
    assert!(whole <= first + fastest + 1, "drained in {whole} min, {first} until the first; {fastest} were enough");
    let mut minutes: BTreeMap<i64, usize> = BTreeMap::new();
    for call in &calls {
        let minute = || calls.iter().filter(|other| other.at.duration_since(call.at).as_secs().abs() < 60).count();
        assert_ne!(
            call.status,
            429,
            "too much for Xero at {}: {} calls around it, {}",
            call.at,
            minute(),
            call.operation
        );
        *minutes.entry(call.at.as_second() / 60).or_default() += 1;
    }
    assert!(minutes.values().all(|calls| *calls <= A_MINUTE + A_CALL), "{minutes:?}");

    assert!(pressed && world.queue.dead().is_empty());
    assert_eq!(Books::of(&xero.side.control, tenant.uuid()).await?.documents.len(), DOCUMENTS + 1, "each of them once");
    assert!(world.shelf.records_now().iter().all(|record| record.attempts == 0 && record.stands == Standing::Synced));
    let told = world.shelf.notifications();
    let waiting = |over: bool| {
        let is_it =
            |details: &Details| matches!(details, Details::WorkWaiting { next_try, .. } if next_try.is_none() == over);
        told.iter().skip(kept).filter(|notification| is_it(&notification.details)).count()
    };
    assert_eq!((waiting(false), waiting(true)), (1, 1), "told once that it waits, and once that it is over");
    Ok(())
}
