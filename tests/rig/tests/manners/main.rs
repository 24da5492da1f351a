//! How the sync behaves towards Xero, the bookkeeper and whoever reads its log beyond being right: what it leaves to
//! others, the note that it leaves behind, and what it says of nobody.

use jiff::civil::date;
use rig::books::Books;
use rig::events::{Happening, Subject};
use rig::process::{self, batch};
use rig::tenant::{Tenant, Wishes};
use rig::worker::{World, Xero};
use rules::mapping::Mapping;
use rules::ports::{Connections as _, Mappings as _, Written};
use rules::session::DAY_RESERVE;
use xero_stand_in::control::{Fault, FaultKind, JournalQuery};

fn send(world: &mut World, tenant: &Tenant, index: usize, happening: Happening) {
    let account = tenant.account.as_str();
    let event = Subject::new("manners", index).event(account, happening);
    world.queue.send(account, &format!("{index} {happening:?}"), &event.to_string(), world.now());
}

async fn calls(xero: &Xero, tenant: &Tenant) -> anyhow::Result<usize> {
    let query = JournalQuery { tenant: Some(tenant.uuid()), ..JournalQuery::default() };
    Ok(xero.side.control.journal(&query).await?.len())
}

async fn documents(xero: &Xero, tenant: &Tenant) -> anyhow::Result<usize> {
    Ok(Books::of(&xero.side.control, tenant.uuid()).await?.documents.len())
}

/// How often the books say that Sessional made a document.
async fn notes(xero: &Xero, tenant: &Tenant) -> anyhow::Result<usize> {
    let snapshot = xero.side.control.snapshot(tenant.uuid()).await?;
    Ok(snapshot.get("HistoryRecords").cloned().unwrap_or_default().to_string().matches("Created by Sessional").count())
}

#[tokio::test]
async fn the_last_calls_of_a_day_are_left_to_what_users_do_by_hand() -> anyhow::Result<()> {
    let xero = Xero::start().await?;
    let mut world = xero.world().await?;
    let tenant = world.connect(&xero, "manners", &Wishes::default()).await?;
    send(&mut world, &tenant, 0, Happening::Created);
    world.drain(&xero).await?;
    // One more than the reserve and what a new contact with its invoice takes.
    xero.side.control.leave_of_day(xero.side.client_id(), tenant.uuid(), DAY_RESERVE + 3).await?;
    let before = calls(&xero, &tenant).await?;
    for index in 1..31 {
        send(&mut world, &tenant, index, Happening::Created);
    }
    for _ in 0..5 {
        world.work(&xero, 10).await?;
    }
    let used = calls(&xero, &tenant).await? - before;
    assert!((1..=6).contains(&used), "{used} calls: it stops at the reserve and does not try again at once");
    assert!(documents(&xero, &tenant).await? < 31, "some wait");

    // A new day comes, and what waited is there, once.
    world.drain(&xero).await?;
    assert_eq!(documents(&xero, &tenant).await?, 31);
    assert!(world.queue.dead().is_empty(), "waiting for Xero is no attempt at a document");
    Ok(())
}

/// Xero repeats its stored answer for minutes to whoever repeats a key, refusals too.
#[tokio::test]
async fn a_retry_at_once_after_the_cause_is_gone_gets_a_new_answer() -> anyhow::Result<()> {
    let xero = Xero::start().await?;
    let mut world = xero.world().await?;
    let tenant = world.connect(&xero, "manners", &Wishes::default()).await?;
    xero.side.control.lock_period(tenant.uuid(), Some(date(2027, 12, 31))).await?;
    send(&mut world, &tenant, 0, Happening::Created);
    world.drain(&xero).await?;
    assert_eq!(documents(&xero, &tenant).await?, 0);

    xero.side.control.lock_period(tenant.uuid(), None).await?;
    let account = tenant.account.as_str();
    let again = Subject::new("manners", 0).event(account, Happening::Created);
    world.queue.send(account, "retry", &again.to_string(), world.now());
    world.drain(&xero).await?;
    assert_eq!(documents(&xero, &tenant).await?, 1);
    Ok(())
}

/// The queue keeps an account's messages in one function at a time; should two ever run, they still agree.
#[tokio::test]
async fn two_functions_at_once_make_one_contact_for_two_invoices() -> anyhow::Result<()> {
    let world = process::World::start().await?;
    let tenant = world.connect(&Wishes::default()).await?;
    let (mut one, mut other) = (world.warm().await?, world.warm().await?);
    let name = tenant.account.as_str().trim_start_matches("acc_").to_owned();
    // Every third subject has the same other side.
    let event = |index| Subject::new(&name, index).event(tenant.account.as_str(), Happening::Created);
    let (first, second) = (batch(&tenant, &[event(0)]), batch(&tenant, &[event(3)]));
    let (first, second) = tokio::join!(one.invoke(&first), other.invoke(&second));
    first?.answer()?;
    second?.answer()?;
    // Who came second handed its message back.
    world.redeliver(&tenant, &[event(0), event(3)]).await?;
    let books = Books::of(&world.xero.control, tenant.uuid()).await?;
    assert_eq!((books.contacts.len(), books.documents.len()), (1, 2), "{books:?}");
    Ok(())
}

#[tokio::test]
async fn a_document_made_alone_gets_a_note_and_a_burst_spends_no_calls_on_them() -> anyhow::Result<()> {
    let xero = Xero::start().await?;
    let mut world = xero.world().await?;
    world.history_notes = true;
    let tenant = world.connect(&xero, "manners", &Wishes::default()).await?;
    send(&mut world, &tenant, 0, Happening::Created);
    world.drain(&xero).await?;
    assert_eq!(notes(&xero, &tenant).await?, 1);

    let before = calls(&xero, &tenant).await?;
    for index in 1..6 {
        send(&mut world, &tenant, index, Happening::Created);
    }
    world.work(&xero, 10).await?;
    assert_eq!(documents(&xero, &tenant).await?, 6);
    assert_eq!(notes(&xero, &tenant).await?, 1, "a burst shares its calls");
    assert!(calls(&xero, &tenant).await? - before <= 2, "contacts and invoices");
    Ok(())
}

#[tokio::test]
async fn a_note_that_cannot_be_written_is_no_failure_of_the_document() -> anyhow::Result<()> {
    let xero = Xero::start().await?;
    let mut world = xero.world().await?;
    world.history_notes = true;
    let tenant = world.connect(&xero, "manners", &Wishes::default()).await?;
    xero.side.control.fault(&Fault::once("createInvoiceHistory", FaultKind::ServerErrorBefore).times(50)).await?;
    send(&mut world, &tenant, 0, Happening::Created);
    world.drain(&xero).await?;
    assert_eq!((documents(&xero, &tenant).await?, notes(&xero, &tenant).await?), (1, 0));
    assert!(world.queue.dead().is_empty());
    Ok(())
}

#[tokio::test]
async fn without_the_switch_no_note_is_written() -> anyhow::Result<()> {
    let xero = Xero::start().await?;
    let mut world = xero.world().await?;
    let tenant = world.connect(&xero, "manners", &Wishes::default()).await?;
    send(&mut world, &tenant, 0, Happening::Created);
    world.drain(&xero).await?;
    assert_eq!((documents(&xero, &tenant).await?, notes(&xero, &tenant).await?), (1, 0));
    Ok(())
}

/// A process that reads ahead where an account's events went before is told by the connection where they go now.
#[tokio::test]
async fn a_warm_process_follows_an_account_to_its_new_organisation() -> anyhow::Result<()> {
    let world = process::World::start().await?;
    let (old, new) = (world.connect(&Wishes::default()).await?, world.connect(&Wishes::default()).await?);
    let mut function = world.warm().await?;
    let event = |index| Subject::new("follow", index).event(old.account.as_str(), Happening::Created);
    for index in 0..2 {
        let answer = function.invoke(&batch(&old, &[event(index)])).await?.answer()?;
        assert!(process::failed(&answer, &[event(index)]).is_empty(), "handed back: {answer}");
    }

    let (table, now) = (&world.cloud.table, world.xero.control.clock().await?.now);
    let theirs = table.connection(&new.account).await?.expect("it was connected");
    let mut ours = table.connection(&old.account).await?.expect("it was connected");
    ours.xero_user = theirs.xero_user;
    ours.choose(theirs.organisation.expect("one was chosen"), now);
    assert_eq!(table.put_connection(&mut ours).await?, Written::Done);
    let choices = table.mapping(&new.account, new.id).await?.expect("it was mapped").choices;
    let mut mapping = Mapping::new(old.account.clone(), new.id, now);
    mapping.change(choices, now);
    assert_eq!(table.put_mapping(&mut mapping).await?, Written::Done);

    for index in 2..4 {
        let answer = function.invoke(&batch(&old, &[event(index)])).await?.answer()?;
        assert!(process::failed(&answer, &[event(index)]).is_empty(), "handed back: {answer}");
    }
    for tenant in [&old, &new] {
        assert_eq!(Books::of(&world.xero.control, tenant.uuid()).await?.documents.len(), 2, "{tenant:?}");
    }
    function.kill().await
}

/// Libraries write whole requests below the level of information: contacts by name, headers that are signed.
#[tokio::test]
async fn whoever_asks_for_every_line_of_the_log_is_told_of_nobody_by_name() -> anyhow::Result<()> {
    let mut world = process::World::start().await?;
    world.log_level = Some("trace");
    let tenant = world.connect(&Wishes::default()).await?;
    let event = Subject::new("manners", 0).event(tenant.account.as_str(), Happening::Created);
    let events = std::slice::from_ref(&event);
    let process::Run::Answered(answer) = world.run(&tenant, events, None).await? else {
        anyhow::bail!("killed without a cut");
    };
    assert!(process::failed(&answer, events).is_empty(), "handed back: {answer}");

    let log = world.log_text("sync")?;
    assert!(log.contains("Xero was called"), "the log is of something else: {log}");
    let name = event.pointer("/invoice/organisation/name").and_then(serde_json::Value::as_str);
    let email = event.pointer("/invoice/organisation/email").and_then(serde_json::Value::as_str);
    let people = [name.expect("an invoice is for somebody"), email.expect("who has an address")];
    for told in people.into_iter().chain(["AWS4-HMAC-SHA256", "Bearer ", "refresh_token", "client_secret"]) {
        assert!(!log.contains(told), "{told:?} is in the log: {log}");
    }
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line)?;
        let level = line.get("level").and_then(serde_json::Value::as_str);
        assert!(matches!(level, Some("INFO" | "WARN" | "ERROR")), "{line}");
    }
    Ok(())
}
