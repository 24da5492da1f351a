//! Every way in which an invoice gets or loses its money, times how the webhook behaves, times what is under way with the
//! record: in the end the record, and the last that was told of it, say what Xero says.

use jiff::civil::{Date, date};
use rules::action::Action;
use rules::failure::{Cause, Failure};
use rules::ports::{Clock as _, Records as _, Written};
use rules::record::{Record, Standing, UnderWay, WaitReason};
use rust_decimal::Decimal;
use uuid::Uuid;
use xero::InvoiceId;
use xero_stand_in::control::Act;

use crate::office::{HOUR, MOMENT, Office};

/// A step of the bookkeeper's.
#[derive(Clone, Copy, Debug)]
enum Step {
    Pay(i64, Date),
    /// Through the bank account of the invoice's currency, at another rate than the invoice's.
    PayAtRate(i64),
    /// A batch that pays another invoice as well.
    PayBatch,
    Credit(i64),
    /// A prepayment of this size is allocated, as much as fits.
    Prepayment(i64),
    /// The same of an overpayment.
    Overpayment(i64),
    WriteOff,
    /// Removes the payment that was made in this step.
    Remove(usize),
    /// Removes the batch of this step.
    RemoveBatch(usize),
    /// Edits the payment of this step: Xero removes it and makes another.
    Edit(usize, i64),
    /// Takes back the allocation of this step.
    TakeBack(usize),
    Void,
}

use Step::{
    Credit, Edit, Overpayment, Pay, PayAtRate, PayBatch, Prepayment, Remove, RemoveBatch, TakeBack, Void, WriteOff,
};

const PAST: Date = date(2026, 10, 1);
const TODAY: Date = date(2026, 11, 22);
const FUTURE: Date = date(2027, 2, 1);

/// The way, its steps, what is told when each is heard of at once, and where the invoice over 540 stands then.
type Way = (&'static str, &'static [Step], &'static [&'static str], (Standing, i64, i64, i64));

const WAYS: [Way; 22] = [
    ("paid", &[Pay(540, TODAY)], &["invoice.paid"], (Standing::Paid, 540, 0, 0)),
    ("dated before the invoice", &[Pay(540, PAST)], &["invoice.paid"], (Standing::Paid, 540, 0, 0)),
    ("dated in the future", &[Pay(540, FUTURE)], &["invoice.paid"], (Standing::Paid, 540, 0, 0)),
    ("part", &[Pay(200, TODAY)], &["invoice.part_paid"], (Standing::PartPaid, 200, 0, 340)),
    (
        "several on a day",
        &[Pay(200, TODAY), Pay(100, TODAY), Pay(240, TODAY)],
        &["invoice.part_paid", "invoice.part_paid", "invoice.paid"],
        (Standing::Paid, 540, 0, 0),
    ),
    ("credited", &[Credit(540)], &["invoice.settled_by_credit"], (Standing::Paid, 0, 540, 0)),
    (
        "written off but for a payment",
        &[Pay(500, TODAY), Credit(40)],
        &["invoice.part_paid", "invoice.paid"],
        (Standing::Paid, 500, 40, 0),
    ),
    (
        "taken back",
        &[Pay(540, TODAY), Remove(0)],
        &["invoice.paid", "invoice.payment_reversed"],
        (Standing::Synced, 0, 0, 540),
    ),
    (
        "taken back in part",
        &[Pay(200, TODAY), Pay(340, TODAY), Remove(1)],
        &["invoice.part_paid", "invoice.paid", "invoice.payment_reversed"],
        (Standing::PartPaid, 200, 0, 340),
    ),
    (
        "edited: removed and made again",
        &[Pay(540, TODAY), Remove(0), Pay(530, PAST)],
        &["invoice.paid", "invoice.payment_reversed", "invoice.part_paid"],
        (Standing::PartPaid, 530, 0, 10),
    ),
    (
        "a payment becomes credit",
        &[Pay(540, TODAY), Remove(0), Credit(540)],
        &["invoice.paid", "invoice.payment_reversed", "invoice.settled_by_credit"],
        (Standing::Paid, 0, 540, 0),
    ),
    ("in another currency", &[PayAtRate(540)], &["invoice.paid"], (Standing::Paid, 540, 0, 0)),
    (
        "in another currency and in part",
        &[PayAtRate(200), PayAtRate(340), Remove(0)],
        &["invoice.part_paid", "invoice.paid", "invoice.payment_reversed"],
        (Standing::PartPaid, 340, 0, 200),
    ),
    ("in a batch", &[PayBatch], &["invoice.paid"], (Standing::Paid, 540, 0, 0)),
    (
        "in a batch that is removed",
        &[PayBatch, RemoveBatch(0)],
        &["invoice.paid", "invoice.payment_reversed"],
        (Standing::Synced, 0, 0, 540),
    ),
    (
        "edited in one go",
        &[Pay(540, TODAY), Edit(0, 530)],
        &["invoice.paid", "invoice.payment_reversed"],
        (Standing::PartPaid, 530, 0, 10),
    ),
    ("prepaid in part", &[Prepayment(200)], &["invoice.part_paid"], (Standing::PartPaid, 0, 200, 340)),
    (
        "an overpayment and the rest in money",
        &[Overpayment(40), Pay(500, TODAY)],
        &["invoice.part_paid", "invoice.paid"],
        (Standing::Paid, 500, 40, 0),
    ),
    (
        "an overpayment that is taken back",
        &[Overpayment(600), TakeBack(0)],
        &["invoice.settled_by_credit", "invoice.payment_reversed"],
        (Standing::Synced, 0, 0, 540),
    ),
    (
        "a credit note that is taken back from a paid invoice",
        &[Credit(40), Pay(500, TODAY), TakeBack(0)],
        &["invoice.part_paid", "invoice.paid", "invoice.payment_reversed"],
        (Standing::PartPaid, 500, 0, 40),
    ),
    ("written off", &[WriteOff], &["invoice.settled_by_credit"], (Standing::Paid, 0, 540, 0)),
    (
        "voided after the payment was removed",
        &[Pay(540, TODAY), Remove(0), Void],
        &["invoice.paid", "invoice.payment_reversed", "record.diverged"],
        (Standing::Voided, 0, 0, 0),
    ),
];

/// How the webhook tells of the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Webhook {
    Arrives,
    Twice,
    /// All at the end.
    Late,
    /// Never: the sweep finds it.
    Lost,
}

const WEBHOOKS: [Webhook; 4] = [Webhook::Arrives, Webhook::Twice, Webhook::Late, Webhook::Lost];

const STATES: [UnderWay; 4] = [UnderWay::Nothing, UnderWay::Waiting, UnderWay::Held, UnderWay::Failed];

#[tokio::test]
async fn whatever_the_webhook_does_and_whatever_is_under_way_the_record_says_what_xero_says() -> anyhow::Result<()> {
    let office = Office::open().await?;
    office.invoice("another").await?;
    office.sweep().await;
    let mut number = 0;
    for (way, steps, kinds, end) in WAYS {
        for (webhook, under_way) in WEBHOOKS.into_iter().flat_map(|hook| STATES.map(|state| (hook, state))) {
            number += 1;
            let (name, what) = (format!("w{number}"), format!("{way}, {webhook:?}, {under_way:?}"));
            let foreign = steps.iter().any(|step| matches!(step, PayAtRate(_)));
            let id = office.invoice_in(&name, if foreign { "EUR" } else { "GBP" }).await?;
            set(&office, &name, under_way).await?;
            walk(&office, id, steps, webhook).await?;
            check(&office, &name, &what, end);
            let told: Vec<&str> = told(&office, &name).iter().map(|told| told.details.kind()).collect();
            if matches!(webhook, Webhook::Arrives | Webhook::Twice) {
                assert_eq!(told, kinds, "{what}");
            }
        }
    }
    Ok(())
}

fn told(office: &Office, name: &str) -> Vec<rules::notification::Notification> {
    let about = |told: &rules::notification::Notification| {
        told.record.as_ref().is_some_and(|record| record.record_id == name) && told.details.kind() != "record.failed"
    };
    office.shelf.notifications().into_iter().filter(about).collect()
}

/// The record stands as Xero says, and so does the newest that was told of it.
fn check(office: &Office, name: &str, what: &str, (stands, paid, credited, due): (Standing, i64, i64, i64)) {
    let record = office.record(name);
    let amounts = &record.amounts;
    let number = |amount: Option<Decimal>| amount.unwrap_or_default();
    let expected = (stands, Decimal::from(paid), Decimal::from(credited), Decimal::from(due));
    assert_eq!(
        (record.stands, number(amounts.paid), number(amounts.credited), number(amounts.due)),
        expected,
        "{what}"
    );
    let all = told(office, name);
    let ids: std::collections::BTreeSet<&str> = all.iter().map(|told| told.id.as_str()).collect();
    assert_eq!(ids.len(), all.len(), "{what}: a repeat");
    if let Some(newest) = all.iter().max_by_key(|told| told.order).and_then(|told| told.record.as_ref()) {
        let told = (newest.stands, newest.amount_paid, newest.amount_credited, newest.amount_due);
        assert_eq!(told, (expected.0, Some(expected.1), Some(expected.2), Some(expected.3)), "{what}");
    } else {
        assert_eq!(stands, Standing::Synced, "{what}: nothing was told");
    }
}

/// Something is under way with the record.
async fn set(office: &Office, name: &str, under_way: UnderWay) -> anyhow::Result<()> {
    let (mut record, now): (Record, _) = (office.record(name), office.clock.now());
    let failure = Failure::new(Cause::Paid, "A sentence.", Action::OpenXero);
    match under_way {
        UnderWay::Waiting => record.wait(WaitReason::Organisation, failure, now, now),
        UnderWay::Held => record.hold(failure, now),
        UnderWay::Failed => record.fail(failure, now),
        UnderWay::Nothing | UnderWay::Intent | UnderWay::Skipped => return Ok(()),
    }
    assert_eq!(office.shelf.put_record(&mut record).await?, Written::Done);
    Ok(())
}

async fn walk(office: &Office, id: InvoiceId, steps: &[Step], webhook: Webhook) -> anyhow::Result<()> {
    let mut made: Vec<Option<Uuid>> = Vec::new();
    for step in steps {
        office.pass(MOMENT).await?;
        made.push(take(office, *id.as_uuid(), *step, &made).await?);
        office.pass(MOMENT).await?;
        let times = match webhook {
            Webhook::Arrives => 1,
            Webhook::Twice => 2,
            Webhook::Late | Webhook::Lost => 0,
        };
        for _ in 0..times {
            office.hint(&[id]).await;
        }
    }
    match webhook {
        Webhook::Arrives | Webhook::Twice => {}
        Webhook::Late => {
            for _ in steps {
                office.hint(&[id]).await;
            }
        }
        Webhook::Lost => {
            office.pass(HOUR).await?;
            office.sweep().await;
        }
    }
    Ok(())
}

/// Does a step; the id of what it made.
async fn take(office: &Office, document: Uuid, step: Step, made: &[Option<Uuid>]) -> anyhow::Result<Option<Uuid>> {
    let tenant = office.tenant.uuid();
    let act = async |act: Act| office.control().act(tenant, &act).await;
    let of = |step: usize| made.get(step).copied().flatten().unwrap_or_default();
    let done = match step {
        Pay(amount, date) => {
            let (amount, date) = (Some(amount.into()), Some(date));
            act(Act::Pay { document, amount, date, reconciled: false }).await?
        }
        PayAtRate(amount) => {
            let (amount, currency_rate) = (Some(amount.into()), Some(Decimal::new(117, 2)));
            let (date, account, reference) = (Some(TODAY), None, None);
            act(Act::RecordPayment { document, amount, date, account, currency_rate, reference }).await?
        }
        PayBatch => {
            let other = office.invoice(&format!("beside-{document}")).await?;
            act(Act::PayBatch { documents: vec![*other.as_uuid(), document], date: None }).await?
        }
        Credit(amount) => act(Act::Credit { invoice: document, amount: Some(amount.into()) }).await?,
        Prepayment(amount) | Overpayment(amount) => {
            let shown = office.shown(InvoiceId::from_uuid(document)).await?;
            let contact = shown.pointer("/Contact/ContactID").and_then(serde_json::Value::as_str);
            let contact = contact.unwrap_or_default().parse()?;
            let overpayment = matches!(step, Overpayment(_));
            let credit = act(Act::Prepay { contact, amount: amount.into(), overpayment, spend: false }).await?;
            let id = credit.id.unwrap_or_default();
            act(Act::Allocate { credit: id, invoice: document, amount: None }).await?;
            credit
        }
        WriteOff => act(Act::WriteOff { invoice: document, account: "400".to_owned() }).await?,
        Remove(step) => act(Act::RemovePayment { payment: of(step) }).await?,
        RemoveBatch(step) => act(Act::RemoveBatch { batch: of(step) }).await?,
        Edit(step, amount) => {
            act(Act::EditPayment { payment: of(step), amount: Some(amount.into()), date: None }).await?
        }
        TakeBack(step) => act(Act::TakeBack { credit: of(step), invoice: document }).await?,
        Void => {
            office.control().void(tenant, document).await?;
            return Ok(None);
        }
    };
    Ok(done.id)
}
