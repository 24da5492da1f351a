//! What has to wait: for a limit, an organisation, Xero's edge, a slip of its gateway, a token, the user. None of it is
//! held against a document, and nothing is lost by it.

use jiff::SignedDuration;
use rig::shelf::Trouble;
use rules::connection::{ErrorReason, Status};
use rules::failure::Cause;
use rules::lost::lose_unless_renewed;
use rules::ports::{BrokenRefreshes as _, Connections as _, Waiting as _, Written};
use rules::record::{Kind, State, UnderWay};
use rules::sync::message::run_record;
use rules::tokens::{Memory, TokenFailure, Tokens};
use serde_json::{Value, json};
use xero_stand_in::control::{FaultKind, OrganisationChange, Role};

use crate::lab::{Lab, expense, invoice};

const MINUTE: u64 = 60;

/// Lets the queue and the schedule of a minute do their work for so long.
async fn go_on(lab: &mut Lab, minutes: u64) -> anyhow::Result<()> {
    for _ in 0..minutes {
        lab.world.tick().await?;
        lab.work().await?;
        lab.pass(MINUTE).await?;
    }
    Ok(())
}

/// Nothing is made yet, and nobody is to blame.
async fn waits_for(lab: &Lab, cause: Cause) -> anyhow::Result<()> {
    for record in [lab.invoice("a"), lab.expense("e")] {
        let found = (record.state(), record.attempts, record.failure.as_ref().map(|failure| failure.cause));
        assert_eq!(found, (State::Waiting, 0, Some(cause)), "{record:?}");
    }
    assert!(lab.documents().await?.is_empty());
    Ok(())
}

/// Each is made once, and the connection is as it was.
async fn is_made(lab: &mut Lab) -> anyhow::Result<()> {
    lab.drain().await?;
    assert_eq!((lab.invoice("a").state(), lab.expense("e").state()), (State::Synced, State::Synced));
    assert_eq!(lab.documents().await?.len(), 2);
    assert!(lab.world.queue.dead().is_empty(), "{:?}", lab.world.queue.dead());
    let connection = lab.world.shelf.connection(&lab.tenant.account).await?.expect("it is connected");
    assert_eq!((connection.status, connection.error), (Status::Connected, None));
    let told = lab.world.shelf.notifications();
    assert!(told.iter().all(|told| !matches!(told.details.kind(), "record.failed" | "connection.error")), "{told:?}");
    Ok(())
}

fn send_both(lab: &mut Lab) {
    lab.send(&invoice("invoice.created", "a", |_| {}));
    lab.send(&expense("expense.logged", "e", |_| {}));
}

#[tokio::test]
async fn a_limit_that_does_not_say_when_it_ends_is_waited_for() -> anyhow::Result<()> {
    for problem in ["minute", "appminute", "concurrent"] {
        let mut lab = Lab::open().await?;
        let limit = FaultKind::TooManyRequests { problem: problem.to_owned(), retry_after: None };
        lab.fault("*", limit, 100_000).await?;
        send_both(&mut lab);
        go_on(&mut lab, 20).await?;
        waits_for(&lab, Cause::RequestLimit).await?;
        lab.xero.side.control.clear_faults().await?;
        is_made(&mut lab).await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_has_no_time_left_before_the_function_is_stopped_is_not_begun() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    let before = lab.calls().await?.len();
    lab.world.deadline = Some(lab.world.now() + SignedDuration::from_secs(10));
    send_both(&mut lab);
    lab.work().await?;
    assert_eq!(lab.calls().await?.len(), before, "no call that the function might not outlive");
    waits_for(&lab, Cause::WaitsItsTurn).await?;
    lab.world.deadline = None;
    is_made(&mut lab).await
}

#[tokio::test]
async fn an_organisation_that_is_out_for_an_evening_is_waited_for() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    let (control, tenant) = (lab.xero.side.control.clone(), lab.tenant.uuid());
    let offline = |offline| OrganisationChange { offline: Some(offline), ..OrganisationChange::default() };
    control.change_organisation(tenant, &offline(true)).await?;
    send_both(&mut lab);
    go_on(&mut lab, 4 * 60).await?;
    waits_for(&lab, Cause::OrganisationOffline).await?;
    control.change_organisation(tenant, &offline(false)).await?;
    is_made(&mut lab).await
}

#[tokio::test]
async fn a_page_of_xeros_edge_that_says_unavailable_is_waited_for() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    let (content_type, body) = ("text/html".to_owned(), "<html><h1>503 Service Unavailable</h1></html>".to_owned());
    lab.fault("*", FaultKind::Answer { status: 503, content_type, body }, 100_000).await?;
    send_both(&mut lab);
    go_on(&mut lab, 10).await?;
    waits_for(&lab, Cause::XeroUnavailable).await?;
    lab.xero.side.control.clear_faults().await?;
    is_made(&mut lab).await
}

/// Xero's gateway says so at times of organisations that are as connected as ever, and a repeat under the same key gets
/// the same answer.
#[tokio::test]
async fn a_single_refusal_of_an_organisation_that_is_still_listed_ends_no_connection() -> anyhow::Result<()> {
    let somebody_new = |invoice: &mut Value| invoice["organisation"] = json!({ "id": "org_new", "name": "New Ltd" });
    for operation in ["createContacts", "createInvoices", "updateInvoice"] {
        let mut lab = Lab::open().await?;
        lab.fault(operation, forbidden(), 1).await?;
        lab.send(&invoice("invoice.created", "a", somebody_new));
        lab.send(&expense("expense.logged", "e", |_| {}));
        lab.send(&invoice("invoice.sent", "a", |invoice| {
            somebody_new(invoice);
            invoice["due_on"] = json!("2026-12-31");
        }));
        let began = lab.world.now();
        is_made(&mut lab).await?;
        assert!(lab.xero.side.control.faults().await?.is_empty(), "{operation} was not called");
        assert!(lab.invoice("a").sent, "{operation}: what came last is there");
        let took = lab.world.now().duration_since(began);
        assert!(took < SignedDuration::from_mins(20), "{operation}: {took}");
    }
    Ok(())
}

fn forbidden() -> FaultKind {
    let body = json!({ "Type": null, "Title": "Forbidden", "Status": 403, "Detail": "AuthenticationUnsuccessful" });
    FaultKind::Answer { status: 403, content_type: "application/json".to_owned(), body: body.to_string() }
}

#[tokio::test]
async fn what_is_refused_for_one_kind_of_call_alone_fails_what_needs_it_and_nothing_else() -> anyhow::Result<()> {
    for operation in ["createContacts", "createInvoices", "updateInvoice"] {
        let mut lab = Lab::open().await?;
        lab.run(&invoice("invoice.created", "early", |_| {})).await?;
        lab.fault(operation, forbidden(), 100_000).await?;
        let (word, id) =
            if operation == "updateInvoice" { ("invoice.sent", "early") } else { ("invoice.created", "a") };
        lab.run(&invoice(word, id, |invoice| {
            if operation == "createContacts" {
                invoice["organisation"] = json!({ "id": "org_new", "name": "New Ltd" });
            }
        }))
        .await?;
        let failure = lab.invoice(id).failure.expect("somebody has to look at it");
        assert_eq!((lab.invoice(id).under_way, failure.cause), (UnderWay::Failed, Cause::NoAnswer), "{operation}");
        let connection = lab.world.shelf.connection(&lab.tenant.account).await?.expect("it is connected");
        assert_eq!((connection.status, connection.error), (Status::Connected, None), "{operation}");
    }
    Ok(())
}

#[tokio::test]
async fn an_organisation_that_lets_the_user_in_no_more_is_told_and_its_work_is_held() -> anyhow::Result<()> {
    for role in [None, Some(Role::ReadOnly)] {
        let mut lab = Lab::open().await?;
        lab.xero.side.control.change_role(lab.tenant.uuid(), *lab.tenant.user.as_uuid(), role).await?;
        send_both(&mut lab);
        lab.drain().await?;
        let connection = lab.world.shelf.connection(&lab.tenant.account).await?.expect("it was connected");
        assert_eq!(
            (connection.status, connection.error),
            (Status::Error, Some(ErrorReason::AccessRefused)),
            "{role:?}"
        );
        assert_eq!((lab.invoice("a").state(), lab.expense("e").state()), (State::Held, State::Held), "{role:?}");
    }
    Ok(())
}

#[tokio::test]
async fn what_an_older_consent_was_refused_says_nothing_of_a_newer() -> anyhow::Result<()> {
    let lab = Lab::open().await?;
    let (shelf, clock) = (&lab.world.shelf, &lab.world.clock);
    let seen = shelf.connection(&lab.tenant.account).await?.expect("it is connected");
    let mut renewed = seen.clone();
    renewed
        .choose(seen.organisation.clone().expect("to an organisation"), lab.world.now() + SignedDuration::from_mins(1));
    assert_eq!(shelf.put_connection(&mut renewed).await?, Written::Done);
    for (seen, is_lost) in [(seen, false), (renewed, true)] {
        let lost = lose_unless_renewed(shelf, shelf, clock, &seen, ErrorReason::GrantRevoked).await?;
        let connection = shelf.connection(&lab.tenant.account).await?.expect("there is one");
        assert_eq!((lost.is_some(), connection.status == Status::Error), (is_lost, is_lost));
    }
    Ok(())
}

/// Whoever looks at a page needs a token once; nobody else may have use for one for days.
#[tokio::test]
async fn a_refresh_whose_answer_was_lost_is_left_for_upkeep_to_finish() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    let connection = lab.world.shelf.connection(&lab.tenant.account).await?.expect("it is connected");
    lab.fault("token.refresh_token", FaultKind::DropAfter, 1).await?;
    let lost = tokens(&lab, &Memory::default()).access(&connection).await;
    assert!(matches!(lost, Err(TokenFailure::AnswerLost)), "{lost:?}");

    // Upkeep looks every ten minutes, and Xero takes the token that is stored for half an hour.
    lab.pass(11 * MINUTE).await?;
    let user = connection.xero_user.expect("somebody consented");
    assert_eq!(lab.world.shelf.broken_refreshes(lab.world.now()).await?, [user]);
    tokens(&lab, &Memory::default()).finish_refresh(&connection).await?;
    assert_eq!(lab.world.shelf.broken_refreshes(lab.world.now()).await?, []);

    lab.pass(48 * 60 * MINUTE).await?;
    tokens(&lab, &Memory::default()).access(&connection).await?;
    Ok(())
}

/// A gateway gave up, and the request goes on: whoever arrives last has the token that counts.
#[tokio::test]
async fn a_refresh_right_after_a_lost_answer_is_done_once_more_by_upkeep() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    let connection = lab.world.shelf.connection(&lab.tenant.account).await?.expect("it is connected");
    let user = connection.xero_user.expect("somebody consented");
    lab.fault("token.refresh_token", FaultKind::DropAfter, 1).await?;
    let lost = tokens(&lab, &Memory::default()).access(&connection).await;
    assert!(matches!(lost, Err(TokenFailure::AnswerLost)), "{lost:?}");
    lab.pass(MINUTE).await?;
    tokens(&lab, &Memory::default()).access(&connection).await?;
    assert_eq!(lab.world.shelf.broken_refreshes(lab.world.now()).await?, [user], "free, and in doubt");
    tokens(&lab, &Memory::default()).access(&connection).await?;
    lab.pass(10 * MINUTE).await?;
    assert_eq!(lab.world.shelf.broken_refreshes(lab.world.now()).await?, [user]);
    tokens(&lab, &Memory::default()).finish_refresh(&connection).await?;
    lab.pass(MINUTE).await?;
    assert_eq!(lab.world.shelf.broken_refreshes(lab.world.now()).await?, [], "nothing is on its way any more");
    Ok(())
}

#[tokio::test]
async fn a_token_that_was_rotated_and_could_not_be_stored_is_refreshed_again_in_time() -> anyhow::Result<()> {
    // The lease, the grant, the token; then Xero, and the look at the lease, and the token.
    for failing in [3, 4] {
        let mut lab = Lab::open().await?;
        let connection = lab.world.shelf.connection(&lab.tenant.account).await?.expect("it is connected");
        let user = connection.xero_user.expect("somebody consented");
        lab.world.shelf.order(failing, Trouble::FailsBefore);
        let failed = tokens(&lab, &Memory::default()).access(&connection).await;
        assert!(matches!(failed, Err(TokenFailure::Unavailable(_))), "{failing}: {failed:?}");
        lab.pass(11 * MINUTE).await?;
        assert_eq!(lab.world.shelf.broken_refreshes(lab.world.now()).await?, [user], "{failing}");
        tokens(&lab, &Memory::default()).finish_refresh(&connection).await?;
        lab.pass(48 * 60 * MINUTE).await?;
        tokens(&lab, &Memory::default()).access(&connection).await?;
    }
    Ok(())
}

/// What nothing can mend is not tried every ten minutes for ever.
#[tokio::test]
async fn a_doubt_ends_with_the_grant() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    let connection = lab.world.shelf.connection(&lab.tenant.account).await?.expect("it is connected");
    lab.fault("token.refresh_token", FaultKind::DropAfter, 1).await?;
    let lost = tokens(&lab, &Memory::default()).access(&connection).await;
    assert!(matches!(lost, Err(TokenFailure::AnswerLost)), "{lost:?}");
    lab.pass(31 * MINUTE).await?;
    let late = tokens(&lab, &Memory::default()).finish_refresh(&connection).await;
    assert!(matches!(late, Err(TokenFailure::Revoked)), "{late:?}");
    lab.pass(11 * MINUTE).await?;
    assert_eq!(lab.world.shelf.broken_refreshes(lab.world.now()).await?, []);
    Ok(())
}

fn tokens<'a>(lab: &'a Lab, memory: &'a Memory) -> Tokens<'a> {
    let shelf = &lab.world.shelf;
    let identity = &lab.xero.side.identity;
    Tokens { identity, vault: shelf, grants: shelf, leases: shelf, clock: &lab.world.clock, memory }
}

#[tokio::test]
async fn a_lost_answer_is_cleared_up_after_the_user_has_disconnected_and_come_back() -> anyhow::Result<()> {
    for (kind, face) in [
        (Kind::Invoice, FaultKind::DropAfter),
        (Kind::Invoice, FaultKind::DropBefore),
        // A bill has no number that Xero would refuse a second time.
        (Kind::Expense, FaultKind::DropAfter),
        (Kind::Expense, FaultKind::DropBefore),
    ] {
        let (mut lab, what) = (Lab::open().await?, format!("{kind:?} {face:?}"));
        lab.run(&expense("expense.logged", "supplier", |_| {})).await?;
        lab.fault("createInvoices", face, 1).await?;
        match kind {
            Kind::Invoice => lab.send(&invoice("invoice.created", "a", |_| {})),
            Kind::Expense => lab.send(&expense("expense.logged", "a", |_| {})),
        }
        lab.work().await?;
        let shelf = &lab.world.shelf;
        let mut connection = shelf.connection(&lab.tenant.account).await?.expect("it is connected");
        let organisation = connection.organisation.clone().expect("to an organisation");
        connection.disconnect(lab.world.now());
        assert_eq!(shelf.put_connection(&mut connection).await?, Written::Done);
        let before = lab.calls().await?.len();
        lab.drain().await?;
        assert_eq!(lab.calls().await?.len(), before, "{what}: nothing is asked of Xero meanwhile");
        let held = lab.record(kind, "a");
        let cause = held.failure.as_ref().map(|failure| failure.cause);
        assert_eq!((held.state(), cause), (State::Held, Some(Cause::NotConnected)), "{what}");

        // What waits is what a new connection lets go on.
        connection.choose(organisation, lab.world.now());
        assert_eq!(lab.world.shelf.put_connection(&mut connection).await?, Written::Done);
        let waiting = lab.world.shelf.waiting(&lab.tenant.account, lab.tenant.id, None).await?.records;
        let [record] = waiting.as_slice() else { anyhow::bail!("{what}: {held:?}") };
        let run = run_record("reconnect", &record.key, record.revision);
        lab.world.queue.send(run.account.as_str(), &run.deduplication, &run.event, lab.world.now());
        lab.drain().await?;
        let (documents, record) = (lab.documents().await?, lab.record(kind, "a"));
        let made: Vec<_> = documents.iter().filter(|document| document.text.contains(" a\"")).collect();
        let [document] = made.as_slice() else { anyhow::bail!("{what}: {documents:?}") };
        assert_eq!(record.state(), State::Synced, "{what}");
        assert_eq!(record.reference.map(|reference| *reference.id.as_uuid()), Some(document.id), "{what}");
    }
    Ok(())
}
