//! A document that is in Xero already: what Sessional changes in it, what the bookkeeper made of it, what Xero does
//! not let anybody change, and taking it out of the books.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests fail the test that uses them")]

mod advice;
mod amounts;
mod choices;
mod expenses;
mod lab;
mod numbers;
mod removing;
mod taking_over;

use lab::{HOUR, Lab, expense, invoice, price, said, same};
use rig::tenant::Wishes;
use rules::failure::Cause;
use rules::record::{Kind, Standing};
use serde_json::{Value, json};
use xero_stand_in::control::{Act, OrganisationChange};

fn decimal(text: &str) -> rust_decimal::Decimal {
    text.parse().expect("a decimal")
}

#[tokio::test]
async fn every_part_that_sessional_changes_is_changed_in_xero_and_in_the_record() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", |i| i["reference"] = json!("PO 77"))).await?;
    let change = |i: &mut Value| {
        i["number"] = json!("SES-NEW-7");
        i["due_on"] = json!("2027-01-31");
        i["issued_on"] = json!("2026-11-21");
        i["organisation"] = json!({ "id": "org_2", "name": "Other Sound Ltd" });
        i["lines"] = json!([{ "description": "Mixing", "quantity": "2", "unit_amount": "50.00", "tax_rate": "5" }]);
        i["total"] = json!("105.00");
    };
    lab.run(invoice("invoice.sent", "a", change)).await?;
    let (shown, record) = (lab.shown().await?, lab.invoice("a"));
    assert_eq!(record.failure, None);
    assert_eq!((&shown["InvoiceNumber"], &shown["SentToContact"]), (&json!("SES-NEW-7"), &json!(true)));
    assert!(shown["Reference"].as_str().unwrap_or_default().is_empty(), "it was taken away: {shown}");
    assert_eq!(
        (&shown["DueDateString"], &shown["DateString"]),
        (&json!("2027-01-31T00:00:00"), &json!("2026-11-21T00:00:00"))
    );
    assert_eq!(shown["LineItems"].as_array().map(Vec::len), Some(1), "the line was changed, and none was added");
    assert_eq!(lab.document().await?.total, decimal("105"));
    assert_eq!((record.number.as_str(), record.sent), ("SES-NEW-7", true));
    assert_eq!(record.amounts.sessional_total, Some(decimal("105.00")));
    assert_eq!((record.amounts.xero_total, record.amounts.due), (Some(decimal("105.00")), Some(decimal("105.00"))));
    Ok(())
}

#[tokio::test]
async fn content_that_comes_again_by_any_event_brings_the_document_up_to_date() -> anyhow::Result<()> {
    for again in ["invoice.created", "invoice.updated", "invoice.sent"] {
        let mut lab = Lab::open().await?;
        lab.run(invoice("invoice.created", "a", same)).await?;
        lab.run(invoice(again, "a", price("500.00", "600.00"))).await?;
        assert_eq!(lab.document().await?.total, decimal("600"), "{again}");
        assert_eq!(lab.invoice("a").amounts.sessional_total, Some(decimal("600.00")), "{again}");
    }
    for (again, spend_money) in [("expense.logged", false), ("expense.updated", false), ("expense.updated", true)] {
        let mut lab = Lab::with(Wishes { spend_money, ..Wishes::default() }).await?;
        lab.run(expense("expense.logged", "e", same)).await?;
        let change = |e: &mut Value| {
            e["amount"] = json!("600.00");
            e["incurred_on"] = json!("2026-11-19");
            e["description"] = json!("Diesel");
        };
        lab.run(expense(again, "e", change)).await?;
        let shown = lab.shown().await?;
        assert_eq!(lab.expense("e").failure, None, "{again}");
        assert_eq!(lab.document().await?.total, decimal("600"), "{again}, spend money {spend_money}");
        assert_eq!(shown["DateString"], json!("2026-11-19T00:00:00"), "{again}");
        assert_eq!(shown["LineItems"][0]["Description"], json!("Diesel"), "{again}");
        assert_eq!(shown["LineItems"].as_array().map(Vec::len), Some(1), "{again}: no line was added");
    }
    Ok(())
}

#[tokio::test]
async fn an_invoice_whose_contact_was_merged_is_changed_and_stays_with_the_survivor() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    let (control, tenant, loser) = (lab.xero.side.control.clone(), lab.tenant.uuid(), lab.document().await?.contact);
    let fields = json!({ "Name": "Harbour Sound Group" });
    let survivor = control.act(tenant, &Act::CreateContact { fields }).await?.id.expect("a contact has an id");
    lab.pass(HOUR).await?;
    control.merge_contacts(tenant, loser, survivor).await?;
    lab.run(invoice("invoice.sent", "a", price("250.00", "300.00"))).await?;
    let (document, record) = (lab.document().await?, lab.invoice("a"));
    assert_eq!((document.total, document.sent, document.contact), (decimal("300"), true, survivor));
    assert_eq!((record.stands, said(&record)), (Standing::Synced, String::new()));

    // One that was somebody else's becomes this client's.
    let other = |i: &mut Value| i["organisation"] = json!({ "id": "org_2", "name": "Other Sound Ltd" });
    lab.run(invoice("invoice.created", "b", other)).await?;
    lab.run(invoice("invoice.updated", "b", same)).await?;
    assert_eq!(said(&lab.invoice("b")), "");
    let contacts: Vec<_> = lab.documents().await?.iter().map(|document| document.contact).collect();
    assert_eq!(contacts, [survivor, survivor]);
    Ok(())
}

/// What the accountant chose for a line of which Sessional said nothing new is not ours to change.
#[tokio::test]
async fn the_bookkeepers_coding_survives_whatever_else_is_changed() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    let line = lab.shown().await?["LineItems"][0].clone();
    let recoded = json!({ "LineItems": [{
        "LineItemID": line["LineItemID"], "Description": "Studio session (as the accountant words it)",
        "Quantity": 1, "UnitAmount": 100.0, "AccountCode": "260", "TaxType": "OUTPUT2",
    }] });
    lab.act(&Act::EditInvoice { invoice: lab.id(Kind::Invoice, "a"), fields: recoded }).await?;
    lab.pass(HOUR).await?;

    lab.run(invoice("invoice.sent", "a", |i| i["due_on"] = json!("2026-12-31"))).await?;
    let after = lab.shown().await?;
    assert_eq!(after["DueDateString"], json!("2026-12-31T00:00:00"));
    assert_eq!(after["LineItems"][0]["AccountCode"], json!("260"));
    assert_eq!(after["LineItems"][0]["Description"], json!("Studio session (as the accountant words it)"));

    // A second line is new, and the first keeps what was made of it.
    let add = |i: &mut Value| {
        let line = json!({ "description": "Travel", "quantity": "1", "unit_amount": "10.00", "tax_rate": "20" });
        i["lines"].as_array_mut().expect("it has lines").push(line);
        i["due_on"] = json!("2026-12-31");
        i["total"] = json!("132.00");
    };
    lab.run(invoice("invoice.updated", "a", add)).await?;
    let after = lab.shown().await?;
    assert_eq!(lab.invoice("a").failure, None);
    assert_eq!(
        (&after["LineItems"][0]["AccountCode"], &after["LineItems"][1]["AccountCode"]),
        (&json!("260"), &json!("200"))
    );
    assert_eq!(after["LineItems"][0]["LineItemID"], line["LineItemID"]);

    // A new price of the first is new, and its account is not.
    let dearer = |i: &mut Value| {
        add(i);
        i["lines"][0]["unit_amount"] = json!("200.00");
        i["total"] = json!("252.00");
    };
    lab.run(invoice("invoice.updated", "a", dearer)).await?;
    let after = lab.shown().await?;
    assert_eq!(lab.document().await?.total, decimal("252"));
    assert_eq!(after["LineItems"][0]["AccountCode"], json!("260"));
    Ok(())
}

/// Xero answers a change of the tax basis with an error for ever.
#[tokio::test]
async fn prices_that_contain_tax_now_are_converted_into_the_basis_that_xero_has() -> anyhow::Result<()> {
    for (first, then) in [("exclusive", "inclusive"), ("inclusive", "exclusive")] {
        let mut lab = Lab::open().await?;
        let told = |basis: &'static str| {
            move |i: &mut Value| {
                let price = if basis == "exclusive" { "100.00" } else { "120.00" };
                i["line_amounts"] = json!(basis);
                i["lines"][0]["unit_amount"] = json!(price);
            }
        };
        lab.run(invoice("invoice.created", "a", told(first))).await?;
        lab.run(invoice("invoice.sent", "a", told(then))).await?;
        let (record, shown) = (lab.invoice("a"), lab.shown().await?);
        assert_eq!((record.failure, record.sent), (None, true), "{first} to {then}");
        assert!(shown["LineAmountTypes"].as_str().is_some_and(|basis| basis.eq_ignore_ascii_case(first)), "{shown}");
        assert_eq!(lab.document().await?.total, decimal("120"));
        assert!(lab.world.queue.dead().is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn a_document_with_tax_does_not_become_one_without_and_the_user_is_told() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    let untaxed = |i: &mut Value| {
        i["line_amounts"] = json!("no_tax");
        i["total"] = json!("100.00");
    };
    lab.run(invoice("invoice.sent", "a", untaxed)).await?;
    assert_eq!(lab.invoice("a").failure.map(|failure| failure.cause), Some(Cause::FixedInXero));
    assert_eq!(lab.document().await?.total, decimal("120"), "nothing was changed");
    Ok(())
}

#[tokio::test]
async fn an_invoice_from_before_the_vat_registration_is_sent_and_stays_without_vat() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    let register = |lab: &Lab, pays: bool| {
        let (control, tenant) = (lab.xero.side.control.clone(), lab.tenant.uuid());
        async move {
            let change = OrganisationChange { pays_tax: Some(pays), ..OrganisationChange::default() };
            control.change_organisation(tenant, &change).await
        }
    };
    register(&lab, false).await?;
    let untaxed = |i: &mut Value| {
        i["lines"][0].as_object_mut().expect("a line").remove("tax_rate");
        i["total"] = json!("100.00");
    };
    lab.run(invoice("invoice.created", "a", untaxed)).await?;
    register(&lab, true).await?;
    lab.pass(HOUR * 25).await?;
    lab.run(invoice("invoice.sent", "a", untaxed)).await?;
    assert!(lab.document().await?.sent);

    // Another description is sent as well, and adds no VAT.
    let reworded = |i: &mut Value| {
        untaxed(i);
        i["lines"][0]["description"] = json!("Studio session, evening");
    };
    lab.run(invoice("invoice.updated", "a", reworded)).await?;
    assert_eq!(said(&lab.invoice("a")), "");
    let shown = lab.shown().await?;
    assert_eq!(shown["LineItems"][0]["Description"], json!("Studio session, evening"));
    assert_eq!(lab.document().await?.total, decimal("100"));
    Ok(())
}

#[tokio::test]
async fn the_currency_of_an_approved_document_is_refused_by_name() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    lab.run(invoice("invoice.updated", "a", |i| i["currency"] = json!("EUR"))).await?;
    let record = lab.invoice("a");
    assert!(said(&record).contains("currency") || said(&record).contains("EUR"), "{record:?}");
    assert_eq!(record.amounts.currency, "GBP", "that is what it is in");
    Ok(())
}

#[tokio::test]
async fn a_paid_invoice_that_comes_again_unchanged_is_no_failure_after_its_account_got_another_code()
-> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    lab.xero.side.control.pay(lab.tenant.uuid(), lab.id(Kind::Invoice, "a")).await?;
    lab.hear(Kind::Invoice, "a", Standing::Paid).await?;
    lab.act(&Act::RecodeAccount { code: "200".into(), to: "2000".into() }).await?;
    lab.pass(HOUR * 25).await?;
    lab.run(invoice("invoice.sent", "a", same)).await?;
    assert_eq!(lab.invoice("a").failure, None, "nothing was changed in Sessional");
    Ok(())
}

#[tokio::test]
async fn a_part_paid_invoice_takes_its_due_date_and_the_mark_and_names_what_it_does_not_take() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    lab.xero.side.control.part_pay(lab.tenant.uuid(), lab.id(Kind::Invoice, "a"), decimal("20")).await?;
    // Nobody has told of the payment yet: the look before the change finds it.
    let change = |i: &mut Value| {
        i["due_on"] = json!("2027-01-15");
        price("500.00", "600.00")(i);
    };
    lab.run(invoice("invoice.sent", "a", change)).await?;
    let (shown, record) = (lab.shown().await?, lab.invoice("a"));
    assert_eq!((&shown["DueDateString"], &shown["SentToContact"]), (&json!("2027-01-15T00:00:00"), &json!(true)));
    assert_eq!(lab.document().await?.total, decimal("120"));
    assert!(said(&record).contains("lines and total stayed"), "{}", said(&record));
    assert!(!said(&record).contains("due date"), "that was changed: {}", said(&record));

    // The advice: without the payment, a retry does the rest.
    let payment = shown["Payments"][0]["PaymentID"].as_str().map(str::parse).transpose()?;
    lab.act(&Act::RemovePayment { payment: payment.expect("it has a payment") }).await?;
    lab.pass(HOUR).await?;
    lab.retry(Kind::Invoice, "a").await?;
    assert_eq!((said(&lab.invoice("a")), lab.document().await?.total), (String::new(), decimal("600")));
    Ok(())
}

#[tokio::test]
async fn a_paid_invoice_takes_nothing_and_says_what_stayed() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    lab.xero.side.control.pay(lab.tenant.uuid(), lab.id(Kind::Invoice, "a")).await?;
    lab.hear(Kind::Invoice, "a", Standing::Paid).await?;
    lab.run(invoice("invoice.sent", "a", |i| i["due_on"] = json!("2027-01-15"))).await?;
    let record = lab.invoice("a");
    assert!(said(&record).contains("is paid in Xero") && said(&record).contains("due date"), "{}", said(&record));
    assert_eq!(lab.shown().await?["DueDateString"], json!("2026-12-20T00:00:00"));
    Ok(())
}

#[tokio::test]
async fn a_document_that_the_bookkeeper_voided_is_not_made_again_by_an_update() -> anyhow::Result<()> {
    for heard in [false, true] {
        let mut lab = Lab::open().await?;
        lab.run(invoice("invoice.created", "a", same)).await?;
        lab.act(&Act::Void { invoice: lab.id(Kind::Invoice, "a") }).await?;
        if heard {
            lab.hear(Kind::Invoice, "a", Standing::Voided).await?;
        }
        lab.run(invoice("invoice.updated", "a", price("500.00", "600.00"))).await?;
        assert_eq!(lab.invoice("a").failure.map(|failure| failure.cause), Some(Cause::VoidedInXero), "heard {heard}");
        assert_eq!(lab.document().await?.status, "VOIDED");
    }
    Ok(())
}

/// A missing answer is no answer.
#[tokio::test]
async fn a_document_that_xero_does_not_show_for_a_moment_is_not_given_up() -> anyhow::Result<()> {
    use xero_stand_in::control::{Fault, FaultKind};
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    lab.xero.side.control.fault(&Fault::once("*", FaultKind::NotFound).times(50)).await?;
    lab.run(invoice("invoice.updated", "a", price("500.00", "600.00"))).await?;
    assert_eq!(lab.invoice("a").failure.map(|failure| failure.cause), Some(Cause::MissingInXero));
    assert_eq!(lab.invoice("a").stands, Standing::Synced);
    lab.xero.side.control.clear_faults().await?;
    lab.retry(Kind::Invoice, "a").await?;
    assert_eq!((said(&lab.invoice("a")), lab.document().await?.total), (String::new(), decimal("600")));
    Ok(())
}
