//! The table of failures in the architecture page, class by class: each is brought about, and what comes of it has to be
//! what its row says. A way to fail without a row does not pass.

#![expect(clippy::indexing_slicing, reason = "helpers of tests fail the test that uses them")]

mod classes;
mod table;

use std::collections::BTreeSet;

use rig::tenant::Wishes;
use rules::action::Action;
use rules::connection::{ErrorReason, Status};
use rules::failure::policy::Pause;
use rules::failure::{Cause, Failure};
use rules::record::{Kind, State, UnderWay, WaitReason};
use rules::session::Interruption;

use classes::{Class, Observed, Scene, expense, invoice};
use table::Row;

#[tokio::test]
async fn every_class_of_failure_ends_as_its_row_says() -> anyhow::Result<()> {
    let rows = table::read()?;
    let mut missing: BTreeSet<String> = rows.iter().map(|row| row.class.clone()).collect();
    for class in Class::ALL {
        let row = rows.iter().find(|row| row.class == class.word());
        let row = row.unwrap_or_else(|| panic!("{} has no row", class.word()));
        let observed = class.observe().await.map_err(|error| error.context(format!("{class:?}")))?;
        assert_eq!(said(row), seen(&observed), "{class:?}");
        missing.remove(class.word());
    }
    assert!(missing.is_empty(), "rows of nothing: {missing:?}");
    Ok(())
}

/// What a row says, and what was seen of it, as far as a program can compare it.
type Compared = (Vec<String>, Option<i64>, Vec<String>, String);

fn said(row: &Row) -> Compared {
    (row.stored.clone(), row.tried_after, row.told.clone(), row.ends.clone())
}

fn seen(observed: &Observed) -> Compared {
    (observed.stored.clone(), observed.tried_after, observed.told.clone(), observed.ends.clone())
}

/// Whatever interrupts a call belongs to a class: a new variant does not compile without one.
#[test]
fn every_interruption_of_a_call_has_its_class() {
    let class = |interruption: &Interruption| match interruption {
        Interruption::Wait(pause) => match (pause.reason, pause.cause) {
            (WaitReason::Credentials, _) => Class::Operator,
            (WaitReason::TokenEndpoint, _) => Class::SignIn,
            (WaitReason::Answer, _) => Class::LostAnswer,
            (WaitReason::Turn, _) => Class::Turn,
            (WaitReason::Organisation, Cause::RequestLimit) => Class::Limit,
            (WaitReason::Organisation, Cause::OrganisationOffline) => Class::Offline,
            (WaitReason::Organisation, _) => Class::Unavailable,
        },
        Interruption::ScopeMissing => Class::Permission,
        Interruption::NotConnected => Class::Disconnected,
        Interruption::NoAnswer(_) => Class::NoAnswer,
        Interruption::Lost(ErrorReason::GrantRevoked) => Class::GrantLost,
        Interruption::Lost(
            ErrorReason::OrganisationGone
            | ErrorReason::AccessRefused
            | ErrorReason::PermissionMissing
            | ErrorReason::PermissionWithheld,
        ) => Class::AccessLost,
        Interruption::Refused(_) => Class::Refused,
        Interruption::Operator(_) => Class::Operator,
        Interruption::Unavailable(_) => Class::Store,
    };
    let pauses = WaitReason::ALL.map(|reason| class(&Interruption::Wait(Pause::of(reason))));
    let expected = [Class::Operator, Class::SignIn, Class::Unavailable, Class::LostAnswer, Class::Turn];
    assert_eq!(pauses, expected);
    let limit = Pause::asked(Cause::RequestLimit, None, std::time::Duration::ZERO);
    assert_eq!(class(&Interruption::Wait(limit)), Class::Limit);
}

/// What a record can be besides done is in some row.
#[test]
fn every_state_that_is_not_done_and_every_reason_to_wait_stands_in_a_row() -> anyhow::Result<()> {
    let stored: BTreeSet<String> = table::read()?.into_iter().flat_map(|row| row.stored).collect();
    for reason in WaitReason::ALL {
        assert!(stored.contains(reason.word()), "{}", reason.word());
    }
    for state in [UnderWay::Waiting, UnderWay::Held, UnderWay::Failed, UnderWay::Skipped] {
        let word = format!("{state:?}").to_lowercase();
        assert!(stored.contains(&word), "{word}");
    }
    Ok(())
}

/// A sentence says that something goes on by itself only where it does.
#[test]
fn what_waits_says_that_it_goes_on_by_itself() {
    for reason in WaitReason::ALL {
        let Failure { message, action, .. } = Pause::of(reason).failure();
        assert!(action == Action::Wait && message.ends_with("It goes on by itself."), "{message}");
    }
}

/// The consent lacks the permission for spend money alone: invoices go on, and the connection is well.
#[tokio::test]
async fn a_missing_permission_stops_what_needs_it_and_no_more() -> anyhow::Result<()> {
    let without_scope = Some("accounting.banktransactions");
    let mut scene = Scene::open(&Wishes { spend_money: true, without_scope, ..Wishes::default() }).await?;
    for event in [expense("a", "fuel"), invoice("b", "invoice.created"), expense("c", "fuel")] {
        scene.queue(&event);
    }
    scene.world.drain(&scene.xero).await?;
    let state = |kind, id| scene.peek(kind, id).map(|record| record.state());
    let held = Some(State::Held);
    let states = (state(Kind::Expense, "a"), state(Kind::Invoice, "b"), state(Kind::Expense, "c"));
    assert_eq!(states, (held, Some(State::Synced), held));
    assert_eq!(scene.connection().await?.status, Status::Connected);
    assert!(scene.world.queue.dead().is_empty());
    Ok(())
}
