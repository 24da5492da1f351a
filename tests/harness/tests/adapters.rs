//! The adapters over AWS in memory: every conditional write has a loser, every batch answer may have a refused part, and
//! what could not be done is said.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test that uses them")]

use std::time::Duration;

use aws::batch::{self, Verdict};
use aws_lambda_events::sqs::SqsMessage;
use harness::weather::{OutageWay, Place};
use harness::with_service;
use jiff::Timestamp;
use rules::AccountId;
use rules::connection::{ConnectedOrganisation, Connection};
use rules::grant::{self, Grant, TokenPointer};
use rules::mapping::Mapping;
use rules::payments::sweep::Standing;
use rules::payments::{Entry, HINT_VERSION, Numbers, Sequence};
use rules::ports::{
    Answer, Claims as _, Connections as _, Contacts as _, Cooldowns as _, DisplacedHolder, Grants as _, Leases as _,
    Mappings as _, Outage, OutageScope, Ownership as _, Queued, ReadAhead as _, Records as _, Sweeps as _,
    SyncQueue as _, Upcoming, Wakes as _, Written,
};
use rules::record::{Kind, Record, RecordKey, Reference, WaitReason};
use rules::sync::contact::ContactReference;
use serde_json::json;
use xero::models::Invoice;
use xero::{TenantId, XeroUserId};

const TENANT: &str = "9a1d3c55-0000-4000-8000-000000000003";
const USER: &str = "7a1d3c55-0000-4000-8000-000000000007";
const INVOICE: &str = "1d0f0000-0000-4000-8000-000000000020";

fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

fn tenant() -> TenantId {
    TENANT.parse().unwrap()
}

fn user() -> XeroUserId {
    USER.parse().unwrap()
}

fn now() -> Timestamp {
    "2026-11-02T07:00:00Z".parse().unwrap()
}

fn grant() -> Grant {
    let token = TokenPointer("simulation/tokens/1".to_owned());
    let accounts = vec![account("acc_1")];
    Grant { version: grant::VERSION, user: user(), revision: 0, token, spare: None, accounts }
}

/// Two write what they both read: the one that comes later has lost, for a first write and for a change.
async fn race<T: Clone>(start: T, write: impl AsyncFn(&mut T) -> Answer<Written>) {
    let (mut one, mut other) = (start.clone(), start);
    assert_eq!(write(&mut one).await.unwrap(), Written::Done);
    assert_eq!(write(&mut other).await.unwrap(), Written::Conflict);
    let mut late = one.clone();
    assert_eq!(write(&mut one).await.unwrap(), Written::Done);
    assert_eq!(write(&mut late).await.unwrap(), Written::Conflict);
}

#[test]
fn of_two_that_write_what_they_both_read_one_has_lost() {
    with_service(1, async |service| {
        let (table, account) = (service.table(), account("acc_1"));
        race(Connection::none(account.clone()), async |it| table.put_connection(it).await).await;
        race(Mapping::new(account.clone(), tenant(), now()), async |it| table.put_mapping(it).await).await;
        race(record("acc_1"), async |it| table.put_record(it).await).await;
        race(grant(), async |it| table.put_grant(it).await).await;
        let contact: ContactReference = serde_json::from_value(json!({ "version": 1, "account": "acc_1",
            "tenant": TENANT, "organisation": "org_1", "revision": 0, "contact": null }))
        .unwrap();
        race(contact, async |it| table.put_contact(it).await).await;
        let sweep: Standing = serde_json::from_value(json!({ "version": 1, "account": "acc_1", "tenant": TENANT,
            "revision": 0, "swept_to": now(), "unfinished": null, "checked_at": now() }))
        .unwrap();
        race(sweep, async |it| table.put_sweep(it).await).await;
    })
    .unwrap();
}

#[test]
fn a_grant_that_somebody_joined_since_it_was_read_is_not_deleted() {
    with_service(9, async |service| {
        let (table, mut grant) = (service.table(), grant());
        assert_eq!(table.put_grant(&mut grant).await.unwrap(), Written::Done);
        let read = grant.clone();
        grant.accounts.push(account("acc_2"));
        assert_eq!(table.put_grant(&mut grant).await.unwrap(), Written::Done);
        assert_eq!(table.delete_grant(&read).await.unwrap(), Written::Conflict);
        assert_eq!(table.grant(user()).await.unwrap().as_ref(), Some(&grant));
        assert_eq!(table.delete_grant(&grant).await.unwrap(), Written::Done);
    })
    .unwrap();
}

/// A connection to the one tenant, as it is before it is stored.
fn connected(name: &str) -> Connection {
    let mut connection = Connection::none(account(name));
    let organisation = json!({ "connection": USER, "tenant": TENANT, "name": "Books" });
    connection.choose(serde_json::from_value::<ConnectedOrganisation>(organisation).unwrap(), now());
    connection
}

#[test]
fn a_tenant_is_connected_together_with_its_claim_or_not_at_all() {
    with_service(10, async |service| {
        let (table, mut one, mut other) = (service.table(), connected("acc_1"), connected("acc_2"));
        assert_eq!(table.connect_tenant(&mut one, None).await.unwrap(), Written::Done);
        let read = one.clone();
        assert_eq!(table.put_connection(&mut one).await.unwrap(), Written::Done);
        assert_eq!(table.connect_tenant(&mut read.clone(), None).await.unwrap(), Written::Conflict, "it has changed");
        assert_eq!(table.connection(&one.account).await.unwrap().as_ref(), Some(&one));

        assert_eq!(table.connect_tenant(&mut other, None).await.unwrap(), Written::Conflict, "it is another's");
        let mut holder = DisplacedHolder { connection: read, is_changed: false };
        let displacing = table.connect_tenant(&mut other, Some(&mut holder)).await.unwrap();
        assert_eq!(displacing, Written::Conflict, "whoever has it is not what was read");
        assert!(table.connection(&other.account).await.unwrap().is_none(), "a half of it was written");
        assert_eq!(table.holder(tenant()).await.unwrap().as_ref(), Some(&one.account));
        holder.connection = one;
        assert_eq!(table.connect_tenant(&mut other, Some(&mut holder)).await.unwrap(), Written::Done);
        assert_eq!(table.holder(tenant()).await.unwrap(), Some(other.account));
    })
    .unwrap();
}

#[test]
fn a_tenant_is_claimed_once_and_released_by_its_holder_alone() {
    with_service(2, async |service| {
        let (table, one, other) = (service.table(), account("acc_1"), account("acc_2"));
        assert_eq!(table.claim(tenant(), &one, None).await.unwrap(), Written::Done);
        assert_eq!(table.claim(tenant(), &other, None).await.unwrap(), Written::Conflict);
        table.release(tenant(), &other).await.unwrap();
        assert_eq!(table.holder(tenant()).await.unwrap(), Some(one.clone()));
        assert_eq!(table.claim(tenant(), &other, Some(&one)).await.unwrap(), Written::Done);
        assert_eq!(table.holder(tenant()).await.unwrap(), Some(other));
    })
    .unwrap();
}

#[test]
fn a_shorter_cool_down_never_ends_a_longer_one() {
    with_service(3, async |service| {
        let table = service.table();
        let (soon, late) = (now() + Duration::from_secs(60), now() + Duration::from_secs(3_600));
        table.cool_down(tenant(), late).await.unwrap();
        table.cool_down(tenant(), soon).await.unwrap();
        assert_eq!(table.cooling_until(tenant(), now()).await.unwrap(), Some(late));
    })
    .unwrap();
}

#[test]
fn a_shorter_outage_never_ends_a_longer_one() {
    with_service(11, async |service| {
        let (table, scope) = (service.table(), OutageScope::App);
        let (since, soon, late) = (now(), now() + Duration::from_secs(60), now() + Duration::from_secs(3_600));
        table.begin_outage(scope, since, late).await.unwrap();
        table.begin_outage(scope, soon, soon).await.unwrap();
        assert_eq!(table.outage(scope).await.unwrap(), Some(Outage { since, until: late }));
        let later = late + Duration::from_secs(60);
        table.begin_outage(scope, soon, later).await.unwrap();
        assert_eq!(table.outage(scope).await.unwrap(), Some(Outage { since, until: later }), "it began when it began");
    })
    .unwrap();
}

#[test]
fn a_wake_is_never_put_off_and_is_cleared_only_as_it_was_read() {
    with_service(12, async |service| {
        let (table, account) = (service.table(), account("acc_1"));
        let (soon, late) = (now() + Duration::from_secs(60), now() + Duration::from_secs(3_600));
        for (by, due) in [(late, late), (soon, soon), (late, soon)] {
            table.wake_by(&account, by, WaitReason::Answer, now()).await.unwrap();
            assert_eq!(table.wake(&account).await.unwrap().map(|wake| wake.due_at), Some(due));
        }
        let read = table.wake(&account).await.unwrap().unwrap();
        // Somebody begins to wait meanwhile.
        table.wake_by(&account, late, WaitReason::Answer, now()).await.unwrap();
        assert_eq!(table.put_wake(&mut read.clone()).await.unwrap(), Written::Conflict);
        table.clear_wake(&read).await.unwrap();
        let wake = table.wake(&account).await.unwrap().unwrap();
        table.clear_wake(&wake).await.unwrap();
        assert!(table.wake(&account).await.unwrap().is_none());
    })
    .unwrap();
}

#[test]
fn what_a_read_of_several_leaves_unread_is_read_when_it_is_asked_for() {
    with_service(13, async |service| {
        let (table, account) = (service.table().for_a_run(), account("acc_1"));
        let mut mapping = Mapping::new(account.clone(), tenant(), now());
        assert_eq!(table.put_mapping(&mut mapping).await.unwrap(), Written::Done);
        let (account, tenant) = (&account, tenant());
        let upcoming = Upcoming { account, connection: true, tenant, records: Vec::new(), contacts: Vec::new() };
        for unread in [0, 1, 100] {
            service.cloud.leave_unread(unread);
            table.read_ahead(&upcoming).await.unwrap();
            assert_eq!(table.mapping(account, tenant).await.unwrap().as_ref(), Some(&mapping), "{unread}");
        }
    })
    .unwrap();
}

#[test]
fn a_lease_has_one_owner_and_none_when_it_has_run_out() {
    with_service(4, async |service| {
        let table = service.table();
        let minute = Duration::from_secs(60);
        let lease = table.acquire(user(), now(), minute).await.unwrap().unwrap();
        assert!(table.acquire(user(), now(), minute).await.unwrap().is_none());
        assert!(table.holds(&lease, now()).await.unwrap());
        let later = now() + minute * 2;
        assert!(!table.holds(&lease, later).await.unwrap());
        let next = table.acquire(user(), later, minute).await.unwrap().unwrap();
        assert!(!table.holds(&lease, later).await.unwrap(), "who held it before has it again");
        table.release_lease(&lease).await.unwrap();
        assert!(table.holds(&next, later).await.unwrap(), "a release by who held it before took it away");
        table.leave_lease(&lease, later).await.unwrap();
        assert!(table.holds(&next, later).await.unwrap(), "who held it before left it in doubt");
    })
    .unwrap();
}

fn record(of: &str) -> Record {
    let key = RecordKey { account: account(of), tenant: tenant(), kind: Kind::Invoice, id: "inv_1".to_owned() };
    Record::new(key, "SES-1", now())
}

#[test]
fn a_document_is_found_for_the_account_that_has_it_and_for_no_other() {
    with_service(5, async |service| {
        let table = service.table();
        let invoice: Invoice = serde_json::from_value(json!({ "InvoiceID": INVOICE, "InvoiceNumber": "SES-1",
            "Type": "ACCREC", "Status": "AUTHORISED", "Total": 12.0, "AmountDue": 12.0, "UpdatedDateUTC": "/Date(1789344000123+0000)/" }))
        .unwrap();
        let mut earlier = record("acc_1");
        earlier.reference = Some(Reference::written(&invoice));
        assert_eq!(table.put_record(&mut earlier).await.unwrap(), Written::Done);
        let found = table.record_of(&account("acc_1"), tenant(), invoice.invoice_id).await.unwrap();
        assert_eq!(found.map(|record| record.key), Some(earlier.key));
        assert!(table.record_of(&account("acc_2"), tenant(), invoice.invoice_id).await.unwrap().is_none());
    })
    .unwrap();
}

fn queued(number: u32) -> Queued {
    Queued { account: account("acc_1"), deduplication: format!("evt_{number}"), event: "{}".to_owned() }
}

#[test]
fn what_a_queue_refuses_of_a_batch_is_not_called_sent() {
    with_service(6, async |service| {
        let queue = service.queue("SyncQueue");
        service.cloud.refuse_entries(1);
        let taken = queue.enqueue(&[queued(1), queued(2)]).await.unwrap();
        assert_eq!(taken, [false, true]);
        let sequence = Sequence { first: 1, last: 1 };
        let entry = Entry::Numbers(Numbers { version: HINT_VERSION, sequence });
        service.cloud.refuse_entries(1);
        assert!(service.queue("PaymentQueue").hint(&[entry]).await.is_err());
    })
    .unwrap();
}

#[test]
fn nothing_is_sent_after_what_a_queue_has_refused() {
    with_service(14, async |service| {
        let many: Vec<Queued> = (1..=11).map(queued).collect();
        service.cloud.refuse_entries(1);
        let taken = service.queue("SyncQueue").enqueue(&many).await.unwrap();
        assert_eq!((taken.len(), taken.first(), taken.last()), (11, Some(&false), Some(&false)), "{taken:?}");
        assert_eq!(service.cloud.messages("SyncQueue").0.len(), 9);
    })
    .unwrap();
}

#[test]
fn a_message_that_cannot_be_hidden_comes_again_all_the_same() {
    with_service(15, async |service| {
        // It was received again since, and this receipt is good for nothing.
        let message: SqsMessage =
            serde_json::from_value(json!({ "messageId": "1", "body": "{}", "receiptHandle": "gone" })).unwrap();
        let judged = vec![(message, Verdict::Again(Duration::from_secs(60)))];
        let answer = batch::settle(&service.queue("UpkeepQueue"), None, judged).await;
        let failed: Vec<&str> = answer.batch_item_failures.iter().map(|it| it.item_identifier.as_str()).collect();
        assert_eq!(failed, ["1"]);
    })
    .unwrap();
}

#[test]
fn an_event_that_the_queue_does_not_take_is_not_called_accepted() {
    with_service(7, async |service| {
        let mut connection = Connection::none(account("acc_1"));
        connection.status = rules::connection::Status::Error;
        assert_eq!(service.table().put_connection(&mut connection).await.unwrap(), Written::Done);
        let event = json!({ "version": 1, "id": "evt_1", "type": "expense.deleted", "account_id": "acc_1",
            "occurred_at": now(), "expense": { "id": "exp_1" } });
        let body = json!({ "events": [event] });
        service.cloud.refuse_entries(1);
        let answer = service.request("POST", "/events", Some("acc_1"), Some(&body), &[]).await.unwrap();
        assert_eq!(answer.body.pointer("/results/0/status"), Some(&json!("refused")), "{:?}", answer.body);
        let answer = service.request("POST", "/events", Some("acc_1"), Some(&body), &[]).await.unwrap();
        assert_eq!(answer.body.pointer("/results/0/status"), Some(&json!("accepted")), "{:?}", answer.body);
    })
    .unwrap();
}

#[test]
fn a_message_that_cannot_be_parked_comes_again() {
    with_service(8, async |service| {
        let message: SqsMessage = serde_json::from_value(json!({ "messageId": "1", "body": "{}",
            "attributes": { "MessageGroupId": "acc_1" } }))
        .unwrap();
        let (queue, parking) = (service.queue("SyncQueue"), service.queue("SyncDeadLetterQueue"));
        let park = || vec![(message.clone(), Verdict::Park("nobody can read it".to_owned()))];
        let out = Place::Queue("SyncDeadLetterQueue".to_owned());
        service.weather.begin(out.clone(), OutageWay::Refuses);
        let answer = batch::settle(&queue, Some(&parking), park()).await;
        assert_eq!(answer.batch_item_failures.len(), 1, "it was acknowledged and is nowhere");
        service.weather.end(&out);
        let answer = batch::settle(&queue, Some(&parking), park()).await;
        assert!(answer.batch_item_failures.is_empty());
        let (parked, _) = service.cloud.messages("SyncDeadLetterQueue");
        assert_eq!(parked.first().and_then(|message| message.reason.as_deref()), Some("nobody can read it"));
    })
    .unwrap();
}
