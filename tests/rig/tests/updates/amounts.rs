//! Totals: what Xero would compute is compared with what Sessional shows before anything is sent.

use super::decimal;
use super::lab::{HOUR, Lab, invoice, price, said, same};
use rules::failure::Cause;
use rules::ports::Records as _;
use rules::record::{Kind, Standing};
use serde_json::{Value, json};
use xero_stand_in::control::Act;

#[tokio::test]
async fn no_wrong_total_is_posted_neither_by_a_create_nor_by_an_update() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", price("200.00", "999.00"))).await?;
    let record = lab.invoice("a");
    assert_eq!(record.failure.as_ref().map(|failure| failure.cause), Some(Cause::TotalDiffers));
    assert!(said(&record).contains("GBP 999.00") && said(&record).contains("GBP 240.00"), "{}", said(&record));
    assert_eq!(lab.documents().await?.len(), 0, "nothing was sent");

    lab.run(invoice("invoice.created", "a", price("200.00", "240.00"))).await?;
    lab.run(invoice("invoice.sent", "a", price("300.00", "999.00"))).await?;
    assert_eq!(lab.invoice("a").failure.map(|failure| failure.cause), Some(Cause::TotalDiffers));
    assert_eq!(lab.document().await?.total, decimal("240"), "nothing was sent");
    Ok(())
}

/// "Send as Xero computes" is said of one content and of no other.
#[tokio::test]
async fn the_user_may_accept_what_xero_computes_for_the_content_that_they_saw() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", price("200.00", "999.00"))).await?;
    let mut record = lab.invoice("a");
    assert!(rules::retry::accept_total(&mut record));
    assert_eq!(lab.world.shelf.put_record(&mut record).await?, rules::ports::Written::Done);
    lab.retry(Kind::Invoice, "a").await?;
    let record = lab.invoice("a");
    assert_eq!((record.failure.is_none(), lab.document().await?.total), (true, decimal("240")));
    assert!(record.remark.is_some_and(|remark| remark.contains("999.00")), "the difference is still said");

    lab.run(invoice("invoice.updated", "a", price("300.00", "999.00"))).await?;
    assert_eq!(lab.invoice("a").failure.map(|failure| failure.cause), Some(Cause::TotalDiffers));
    Ok(())
}

/// Three lines of 0.33 at 20 %: 1.19 on the sum, as the client sees it, and 1.20 line by line.
#[tokio::test]
async fn a_penny_of_rounding_is_closed_by_one_line_and_redrawn_with_every_update() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    let pennies = |count: usize, total: &'static str| {
        move |i: &mut Value| {
            let line =
                json!({ "description": "Stem export", "quantity": "1", "unit_amount": "0.33", "tax_rate": "20" });
            i["lines"] = Value::Array(vec![line; count]);
            i["total"] = json!(total);
        }
    };
    lab.run(invoice("invoice.created", "a", pennies(3, "1.19"))).await?;
    let (record, shown) = (lab.invoice("a"), lab.shown().await?);
    assert_eq!((said(&record), lab.document().await?.total), (String::new(), decimal("1.19")));
    assert_eq!(shown["LineItems"][3]["Description"], json!("Rounding"));
    assert_eq!(
        (&shown["LineItems"][3]["TaxType"], &shown["LineItems"][3]["AccountCode"]),
        (&json!("NONE"), &json!("200"))
    );
    assert!(record.remark.is_some_and(|remark| remark.contains("Rounding")), "it is said");

    // Six of them: 2.38 on the sum, 2.40 line by line.
    lab.run(invoice("invoice.updated", "a", pennies(6, "2.38"))).await?;
    let shown = lab.shown().await?;
    let rounding = |shown: &Value| shown["LineItems"].to_string().matches("Rounding").count();
    assert_eq!((rounding(&shown), lab.document().await?.total), (1, decimal("2.38")));

    // One: there is nothing to close any more.
    lab.run(invoice("invoice.sent", "a", pennies(1, "0.40"))).await?;
    assert_eq!((rounding(&lab.shown().await?), lab.document().await?.total), (0, decimal("0.40")));
    assert_eq!(lab.invoice("a").remark, None);
    Ok(())
}

#[tokio::test]
async fn who_pays_what_a_rounded_invoice_says_owes_nothing_more() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    let pennies = |i: &mut Value| {
        let line = json!({ "description": "Stem export", "quantity": "1", "unit_amount": "0.33", "tax_rate": "20" });
        i["lines"] = json!([line, line, line]);
        i["total"] = json!("1.19");
    };
    lab.run(invoice("invoice.created", "a", pennies)).await?;
    assert_eq!(lab.invoice("a").amounts.due, Some(decimal("1.19")));
    lab.xero.side.control.part_pay(lab.tenant.uuid(), lab.id(Kind::Invoice, "a"), decimal("1.19")).await?;
    assert_eq!(lab.document().await?.status, "PAID");
    Ok(())
}

/// A line is rounded before its tax, and the tax by itself; halves go away from zero.
#[tokio::test]
async fn whatever_is_rounded_xero_computes_what_was_predicted() -> anyhow::Result<()> {
    // How many, for how much each, at which rate; and what it comes to with tax on top, and with tax in it or none.
    let cases = [
        ("1", "0.125", "20", "0.16", "0.13"),
        ("3", "0.115", "20", "0.42", "0.35"),
        ("1.3333", "7.7777", "20", "12.44", "10.37"),
        ("0.0001", "0.0001", "20", "0.00", "0.00"),
        ("7", "14.2857", "5", "105.00", "100.00"),
        ("2.5", "33.333", "0", "83.33", "83.33"),
        ("0.5", "0.01", "20", "0.01", "0.01"),
        ("1", "12.50", "5", "13.13", "12.50"),
        ("12.3456", "0.9999", "20", "14.81", "12.34"),
        ("-1", "0.125", "20", "-0.16", "-0.13"),
    ];
    let mut lab = Lab::open().await?;
    for (place, (quantity, price, rate, on_top, contained)) in cases.into_iter().enumerate() {
        // Another line of one pound, at the account's own rate.
        let totals = [
            ("exclusive", decimal(on_top) + decimal("1.20")),
            ("inclusive", decimal(contained) + decimal("1.00")),
            ("no_tax", decimal(contained) + decimal("1.00")),
        ];
        for (basis, total) in totals {
            let id = format!("{place}-{basis}");
            let rounded = |i: &mut Value| {
                i["line_amounts"] = json!(basis);
                i["lines"] = json!([
                    { "description": "Stem export", "quantity": quantity, "unit_amount": price, "tax_rate": rate },
                    { "description": "Postage", "quantity": "1", "unit_amount": "1.00" },
                ]);
                i["total"] = json!(total.to_string());
            };
            lab.run(invoice("invoice.created", &id, rounded)).await?;
            let record = lab.invoice(&id);
            let what = format!("{quantity} for {price} at {rate}, {basis}");
            assert_eq!((said(&record), record.remark), (String::new(), None), "{what}");
            assert_eq!(record.amounts.xero_total, Some(total), "{what}");
        }
    }
    assert_eq!(lab.documents().await?.len(), cases.len() * 3);
    Ok(())
}

#[tokio::test]
async fn an_invoice_over_nothing_gets_words_of_its_own() -> anyhow::Result<()> {
    for heard in [false, true] {
        let mut lab = Lab::open().await?;
        lab.run(invoice("invoice.created", "a", price("0.00", "0.00"))).await?;
        lab.pass(HOUR).await?;
        if heard {
            lab.hear(Kind::Invoice, "a", Standing::Paid).await?;
        }
        lab.run(invoice("invoice.sent", "a", price("100.00", "120.00"))).await?;
        let record = lab.invoice("a");
        assert!(said(&record).contains("0.00") && !said(&record).contains("payment"), "{}", said(&record));

        lab.run(invoice("invoice.voided", "a", same)).await?;
        let record = lab.invoice("a");
        assert_eq!(record.failure, None, "there is no payment to remove and nothing to credit");
        assert!(record.remark.is_some_and(|remark| remark.contains("nothing is owed")), "heard {heard}");
        // The advice: a new one under another number.
        lab.run(invoice("invoice.created", "b", price("100.00", "120.00"))).await?;
        assert_eq!(said(&lab.invoice("b")), "");
    }
    Ok(())
}

#[tokio::test]
async fn a_discount_line_and_a_line_over_nothing_are_taken() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    let change = |i: &mut Value| {
        let lines = i["lines"].as_array_mut().expect("it has lines");
        lines.push(json!({ "description": "Loyalty", "quantity": "1", "unit_amount": "-12.50", "tax_rate": "20" }));
        lines.push(json!({ "description": "Free extra", "quantity": "1", "unit_amount": "0", "tax_rate": "20" }));
        i["total"] = json!("105.00");
    };
    lab.run(invoice("invoice.created", "a", change)).await?;
    assert_eq!((said(&lab.invoice("a")), lab.invoice("a").remark), (String::new(), None));
    assert_eq!(lab.document().await?.total, decimal("105"));
    Ok(())
}

/// Xero reminds customers of overdue invoices that are marked as sent.
#[tokio::test]
async fn an_invoice_that_is_overdue_when_it_comes_to_xero_is_never_marked_as_sent() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    let old = |i: &mut Value| {
        i["issued_on"] = json!("2026-09-01");
        i["due_on"] = json!("2026-10-01");
    };
    lab.run(invoice("invoice.sent", "a", old)).await?;
    assert!(!lab.document().await?.sent);
    let record = lab.invoice("a");
    assert!(record.remark.is_some_and(|remark| remark.contains("overdue")), "the record says so");
    lab.run(invoice("invoice.sent", "a", old)).await?;
    assert!(!lab.document().await?.sent, "not by a repeat either");

    // One that comes in time and is sent late is marked.
    lab.run(invoice("invoice.created", "b", |i| i["due_on"] = json!("2026-11-25"))).await?;
    lab.pass(HOUR * 24 * 5).await?;
    lab.run(invoice("invoice.sent", "b", |i| i["due_on"] = json!("2026-11-25"))).await?;
    let marked: Vec<bool> = lab.documents().await?.iter().map(|document| document.sent).collect();
    assert_eq!(marked.iter().filter(|sent| **sent).count(), 1, "{marked:?}");
    Ok(())
}

#[tokio::test]
async fn a_total_that_differs_for_what_was_done_in_xero_says_so() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    let line = lab.shown().await?["LineItems"][0]["LineItemID"].clone();
    let dearer = json!({ "LineItems": [
        { "LineItemID": line, "Description": "Studio session", "Quantity": 1, "UnitAmount": 150.0, "AccountCode": "200" },
    ] });
    lab.act(&Act::EditInvoice { invoice: lab.id(Kind::Invoice, "a"), fields: dearer }).await?;
    lab.pass(HOUR).await?;
    let add = |i: &mut Value| {
        let line = json!({ "description": "Travel", "quantity": "1", "unit_amount": "10.00", "tax_rate": "20" });
        i["lines"].as_array_mut().expect("it has lines").push(line);
        i["total"] = json!("132.00");
    };
    lab.run(invoice("invoice.updated", "a", add)).await?;
    assert_eq!(lab.invoice("a").failure.map(|failure| failure.cause), Some(Cause::TotalDiffers));
    assert_eq!(lab.document().await?.total, decimal("180"), "neither side's change is wiped");
    Ok(())
}
