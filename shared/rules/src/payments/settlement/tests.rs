//! Every way in which a document gets or loses its money, as Xero shows it before and after.

use super::*;
use crate::account::AccountId;
use crate::record::RecordKey;
use serde_json::{Value, json};
use xero::TenantId;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn record(kind: Kind) -> Record {
    let key = RecordKey {
        account: AccountId::parse("acc_1").unwrap(),
        tenant: TenantId::from_uuid(uuid::Uuid::nil()),
        kind,
        id: "inv_1".to_owned(),
    };
    let mut record = Record::new(key, "SES-1", NOW);
    record.stand(Standing::Synced, "Created in Xero", NOW);
    record.amounts.xero_total = Some(540.into());
    record.amounts.due = Some(540.into());
    record
}

/// An invoice over 540 with these payments (day of December, amount) and this credit.
fn shown(payments: &[(i8, i64)], credited: i64) -> Value {
    let paid: i64 = payments.iter().map(|(_, amount)| amount).sum();
    let due = 540 - paid - credited;
    let last = payments.iter().map(|(day, _)| *day).max().unwrap_or(24);
    let list: Vec<Value> = payments
        .iter()
        .map(|(day, amount)| {
            json!({ "PaymentID": format!("00000000-0000-4000-8000-0000000{day:02}{amount:03}"),
                "Date": format!("2026-12-{day:02}T00:00:00"), "Amount": amount })
        })
        .collect();
    json!({ "InvoiceID": "1d0f0000-0000-4000-8000-000000000020", "Type": "ACCREC",
        "Status": if due > 0 { "AUTHORISED" } else { "PAID" }, "Total": 540, "AmountDue": due, "AmountPaid": paid,
        "AmountCredited": credited, "Payments": list,
        "FullyPaidOnDate": (due <= 0).then(|| format!("2026-12-{last:02}T00:00:00")) })
}

fn follow(record: &mut Record, shown: &Value) -> Vec<&'static str> {
    let told = record.outbox.len();
    let before = record.clone();
    let changed = follow_settlement(record, &serde_json::from_value(shown.clone()).unwrap(), NOW);
    assert_eq!(changed, *record != before, "{shown}");
    record.outbox[told..].iter().map(|notification| notification.details.kind()).collect()
}

#[test]
fn every_way_to_get_or_lose_money_is_told_once_and_in_order() {
    let ways: [(&str, &[Value], &[&str]); 13] = [
        ("paid at once", &[shown(&[(1, 540)], 0)], &["invoice.paid"]),
        (
            "paid in parts",
            &[shown(&[(1, 200)], 0), shown(&[(1, 200), (2, 340)], 0)],
            &["invoice.part_paid", "invoice.paid"],
        ),
        ("several payments on a day", &[shown(&[(1, 200), (1, 340)], 0)], &["invoice.paid"]),
        ("credited", &[shown(&[], 540)], &["invoice.settled_by_credit"]),
        ("credited in part", &[shown(&[], 40), shown(&[(3, 500)], 40)], &["invoice.part_paid", "invoice.paid"]),
        (
            "credit taken back",
            &[shown(&[], 540), shown(&[], 0)],
            &["invoice.settled_by_credit", "invoice.payment_reversed"],
        ),
        ("taken back", &[shown(&[(1, 540)], 0), shown(&[], 0)], &["invoice.paid", "invoice.payment_reversed"]),
        (
            "taken back in part",
            &[shown(&[(1, 200), (2, 340)], 0), shown(&[(1, 200)], 0)],
            &["invoice.paid", "invoice.payment_reversed"],
        ),
        (
            "edited between two looks: smaller",
            &[shown(&[(1, 300)], 0), shown(&[(1, 200)], 0)],
            &["invoice.part_paid", "invoice.payment_reversed"],
        ),
        (
            "edited between two looks: another day",
            &[shown(&[(1, 540)], 0), shown(&[(4, 540)], 0)],
            &["invoice.paid", "invoice.paid"],
        ),
        (
            "a payment becomes credit",
            &[shown(&[(1, 540)], 0), shown(&[], 540)],
            &["invoice.paid", "invoice.payment_reversed", "invoice.settled_by_credit"],
        ),
        (
            "credit becomes a payment",
            &[shown(&[], 540), shown(&[(5, 540)], 0)],
            &["invoice.settled_by_credit", "invoice.paid"],
        ),
        (
            "part of a payment becomes credit",
            &[shown(&[(1, 540)], 0), shown(&[(1, 200)], 340)],
            &["invoice.paid", "invoice.payment_reversed", "invoice.paid"],
        ),
    ];
    for (way, looks, expected) in ways {
        let mut record = record(Kind::Invoice);
        let mut told = Vec::new();
        for look in looks {
            told.extend(follow(&mut record, look));
            assert_eq!(follow(&mut record, look), [""; 0], "{way}: a repeat");
            let amounts = record.outbox.last().and_then(|it| it.record.clone()).unwrap();
            let number = |name: &str| Some(look[name].to_string().parse::<Decimal>().unwrap());
            let of_xero = (number("Total"), number("AmountPaid"), number("AmountCredited"), number("AmountDue"));
            let of_record =
                (record.amounts.xero_total, amounts.amount_paid, amounts.amount_credited, amounts.amount_due);
            assert_eq!(of_record, of_xero, "{way}");
            assert_eq!(record.payments.len(), look["Payments"].as_array().unwrap().len(), "{way}");
        }
        assert_eq!(told, expected, "{way}");
        let orders: Vec<u64> = record.outbox.iter().map(|notification| notification.order).collect();
        assert!(orders.is_sorted_by(|one, next| one < next), "{way}: {orders:?}");
    }
}

#[test]
fn a_paid_bill_says_so_and_nobody_is_told() {
    let mut bill = record(Kind::Expense);
    assert_eq!(follow(&mut bill, &shown(&[(1, 540)], 0)), [""; 0]);
    assert_eq!((bill.stands, bill.paid_on), (Standing::Paid, Some(jiff::civil::date(2026, 12, 1))));
    assert_eq!(follow(&mut bill, &shown(&[], 0)), [""; 0]);
    assert_eq!((bill.stands, bill.paid_on, bill.payments.len()), (Standing::Synced, None, 0));
    assert!(bill.history.last().unwrap().message.contains("removed in Xero: 540.00 is due now"), "{:?}", bill.history);
}

#[test]
fn a_document_that_is_voided_after_its_payment_was_removed_is_due_nothing() {
    let mut record = record(Kind::Invoice);
    follow(&mut record, &shown(&[(1, 200)], 0));
    let mut voided = shown(&[], 0);
    voided["Status"] = json!("VOIDED");
    assert_eq!(follow(&mut record, &voided), ["invoice.payment_reversed"]);
    assert_eq!((record.stands, record.amounts.due), (Standing::Voided, Some(Decimal::ZERO)), "Xero still shows 540");
}

#[test]
fn what_an_answer_leaves_out_follows_from_what_it_has() {
    let cases: [(&[&str], (i64, i64)); 4] = [
        (&["AmountPaid"], (200, 340)),
        (&["AmountCredited"], (200, 340)),
        (&["AmountPaid", "AmountDue"], (200, 340)),
        (&["AmountCredited", "Payments", "FullyPaidOnDate"], (200, 340)),
    ];
    for (absent, (paid, credited)) in cases {
        let mut record = record(Kind::Invoice);
        let mut shown = shown(&[(1, 200)], 340);
        for name in absent {
            shown.as_object_mut().unwrap().remove(*name);
        }
        assert_eq!(follow(&mut record, &shown), ["invoice.paid"], "{absent:?}");
        let expected = (Some(Decimal::from(paid)), Some(Decimal::from(credited)));
        assert_eq!((record.amounts.paid, record.amounts.credited), expected, "{absent:?}");
        assert_eq!(follow(&mut record, &shown), [""; 0], "{absent:?}: a repeat, on another day");
    }
}

#[test]
fn a_list_without_payments_keeps_those_that_still_add_up() {
    let mut record = record(Kind::Invoice);
    follow(&mut record, &shown(&[(1, 200)], 0));
    let mut reduced = shown(&[(1, 200)], 0);
    reduced["Payments"] = json!([]);
    assert_eq!((follow(&mut record, &reduced).len(), record.payments.len()), (0, 1));
    let mut more = shown(&[(1, 300)], 0);
    more["Payments"] = json!([]);
    assert_eq!((follow(&mut record, &more), record.payments.len()), (vec!["invoice.part_paid"], 0));
}

#[test]
fn a_status_that_is_newer_than_this_code_changes_nothing() {
    let mut record = record(Kind::Invoice);
    let mut odd = shown(&[(1, 540)], 0);
    odd["Status"] = json!("DISPUTED");
    assert_eq!((follow(&mut record, &odd).len(), record.stands), (0, Standing::Synced));
}
