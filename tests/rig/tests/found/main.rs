//! What the rig found in the rules, each as its smallest case: mended since, and kept so by these tests.

use rig::books::Books;
use rig::events::{Happening, Subject};
use rig::tenant::{Tenant, Wishes};
use rig::worker::{World, Xero};
use rules::AccountId;
use rules::action::Action;
use rules::failure::Cause;
use rules::notification::{Details, Notification};
use xero_stand_in::control::{Fault, FaultKind};

fn send(world: &mut World, tenant: &Tenant, index: usize, happening: Happening) {
    let account = tenant.account.as_str();
    let event = Subject::new("found", index).event(account, happening);
    world.queue.send(account, &format!("{index} {happening:?}"), &event.to_string(), world.now());
}

#[test]
fn a_notification_of_a_failure_can_be_read_back() {
    let details = Details::RecordFailed {
        kind: "invoice".to_owned(),
        id: "inv_1".to_owned(),
        cause: Cause::NumberClash,
        message: "A sentence.".to_owned(),
        action: Action::ChangeNumber,
    };
    let account = AccountId::parse("acc_1").unwrap();
    let written = Notification::new(&account, 1, "2026-11-22T09:00:00Z".parse().unwrap(), details);
    let json = serde_json::to_string(&written).unwrap();
    let read: Notification = serde_json::from_str(&json).unwrap();
    assert_eq!(read, written, "{json}");
}

#[tokio::test]
async fn a_contact_that_xero_answered_with_500_is_made_by_the_next_try() -> anyhow::Result<()> {
    let xero = Xero::start().await?;
    let mut world = xero.world().await?;
    let tenant = world.connect(&xero, "found", &Wishes::default()).await?;
    xero.side.control.fault(&Fault::once("createContacts", FaultKind::ServerErrorBefore)).await?;
    send(&mut world, &tenant, 0, Happening::Created);
    world.drain(&xero).await?;
    assert!(world.queue.dead().is_empty(), "given up: {:?}", world.queue.dead());
    assert_eq!(Books::of(&xero.side.control, tenant.uuid()).await?.documents.len(), 1);
    Ok(())
}

#[tokio::test]
async fn an_update_is_not_given_up_when_another_messages_contact_has_no_answer() -> anyhow::Result<()> {
    let xero = Xero::start().await?;
    let mut world = xero.world().await?;
    let tenant = world.connect(&xero, "found", &Wishes::default()).await?;
    send(&mut world, &tenant, 0, Happening::Created);
    world.drain(&xero).await?;
    xero.side.control.fault(&Fault::once("createContacts", FaultKind::ServerErrorBefore).times(10)).await?;
    // The first needs a new contact, which Xero does not make for now; the second needs none.
    send(&mut world, &tenant, 1, Happening::Created);
    send(&mut world, &tenant, 0, Happening::Sent);
    world.drain(&xero).await?;
    let books = Books::of(&xero.side.control, tenant.uuid()).await?;
    let subject = Subject::new("found", 0);
    let totals: Vec<_> = books.about(&subject.id).map(|document| document.total).collect();
    assert_eq!(totals, [subject.total(Happening::Sent)]);
    Ok(())
}
