//! What the rig found in the rules, each as its smallest case: mended since, and kept so by these tests.

use rig::books::Books;
use rig::events::{Happening, Subject};
use rig::tenant::{Tenant, Wishes};
use rig::worker::{World, Xero};
use rules::AccountId;
use rules::action::Action;
use rules::failure::{Cause, Failure};
use rules::notification::Notification;
use rules::record::{Kind, Record, RecordKey};
use xero_stand_in::control::{Fault, FaultKind};

fn send(world: &mut World, tenant: &Tenant, index: usize, happening: Happening) {
    let account = tenant.account.as_str();
    let event = Subject::new("found", index).event(account, happening);
    world.queue.send(account, &format!("{index} {happening:?}"), &event.to_string(), world.now());
}

#[test]
fn a_notification_of_a_failure_can_be_read_back() {
    let account = AccountId::parse("acc_1").unwrap();
    let tenant = xero::TenantId::from_uuid(uuid::Uuid::from_bytes([1; 16]));
    let key = RecordKey { account, tenant, kind: Kind::Invoice, id: "inv_1".to_owned() };
    let now = "2026-11-22T09:00:00Z".parse().unwrap();
    let mut record = Record::new(key, "SES-1", now);
    record.fail(Failure::new(Cause::NumberClash, "A sentence.", Action::ChangeNumber), now);
    let written = record.outbox.pop().unwrap();
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
