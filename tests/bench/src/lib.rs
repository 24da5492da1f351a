//! How fast and how small the functions are, and what the benchmarks work on: deliveries, an event with three lines, an
//! organisation, and Xero's answers.
//!
//! `micro` measures the small things of each event in its own process. `processes` starts the functions as Lambda does
//! ([`contenders`]) where everything outside is local ([`scene`], [`cloud`]), beside the same jobs in Node ([`peers`]),
//! and prints what came out ([`measure`], [`instructions`], [`report`], [`targets`]). No test asserts a time.
//!
//! `cost` and `scale` measure nothing: they work out the tables of FIGURES.md ([`page`]) from counts, prices and
//! assumptions ([`cost`], [`scale`], [`template`]).

pub mod build;
pub mod callgrind;
pub mod cloud;
pub mod contenders;
pub mod cost;
pub mod figures;
pub mod instructions;
pub mod measure;
pub mod page;
pub mod peers;
pub mod process;
pub mod report;
pub mod scale;
pub mod scene;
pub mod targets;
pub mod template;
pub mod text;

use rules::event::{Body, Event};
use rules::organisation::Facts;
use rules::sync::document::draw_invoice;
use serde_json::{Value, json};
use uuid::Uuid;
use xero::ContactId;

/// The webhook's key.
pub const KEY: &str = "a-signing-key-of-the-benchmarks";

/// A body of Xero's with so many invoice events of one organisation.
#[must_use]
pub fn delivery(events: u128) -> String {
    let tenant = Uuid::from_u128(1);
    let events: Vec<Value> =
        (0..events).map(|number| drive::deliveries::event(tenant, Uuid::from_u128(number))).collect();
    drive::deliveries::body(&events, 1)
}

/// An `invoice.created` with three lines.
#[must_use]
pub fn invoice_created() -> String {
    invoice_event("acc_1", 1).to_string()
}

/// The same of an account, with a number of its own; who it is for stays the same.
#[must_use]
pub fn invoice_event(account: &str, number: u64) -> Value {
    let line = |number: u32| {
        json!({ "description": format!("Studio session {number}"), "quantity": "3", "unit_amount": "150.00",
                "tax_rate": "20" })
    };
    json!({
        "version": 1, "id": format!("evt_{number}"), "type": "invoice.created", "account_id": account,
        "occurred_at": "2026-11-20T09:30:00Z",
        "invoice": {
            "id": format!("inv_{number}"), "number": format!("SES-{number:06}"), "reference": "PO 77",
            "currency": "GBP", "issued_on": "2026-11-20", "due_on": "2026-12-20", "line_amounts": "exclusive",
            "total": "1620.00", "url": format!("https://app.sessional.example/invoices/{number}"),
            "organisation": { "id": "org_1", "name": "Harbour Sound Ltd" },
            "lines": [line(1), line(2), line(3)],
        },
    })
}

/// What the sync makes of an event before it calls Xero: the event read, and Xero's invoice as it is sent.
#[must_use]
pub fn draw(event: &str, facts: &Facts) -> Option<String> {
    let contact = ContactId::from_uuid(Uuid::from_u128(11));
    let account = xero::AccountId::from_uuid(sales());
    let Ok(Event { body: Body::InvoiceCreated(invoice), .. }) = Event::parse(event) else { return None };
    draw_invoice(&invoice, false, contact, account, facts).ok().map(|document| document.to_json())
}

/// An organisation with an account for sales and the ordinary rate.
///
/// # Errors
/// When they are not what the service stores.
pub fn facts() -> Result<Facts, serde_json::Error> {
    serde_json::from_value(json!({
        "version": 4, "fetched_at": "2026-11-20T09:00:00Z",
        "organisation": { "OrganisationID": Uuid::from_u128(1), "BaseCurrency": "GBP", "PaysTax": true },
        "accounts": [{ "AccountID": sales(), "Code": "200", "Name": "Sales", "Type": "REVENUE", "Class": "REVENUE",
                       "Status": "ACTIVE", "TaxType": "OUTPUT2" }],
        "tax_rates": [{ "Name": "20% (VAT on Income)", "TaxType": "OUTPUT2", "Status": "ACTIVE",
                        "EffectiveRate": 20.0, "CanApplyToRevenue": true }],
        "currencies": ["GBP"],
    }))
}

/// The account of sales.
#[must_use]
pub fn sales() -> Uuid {
    Uuid::from_u128(200)
}

/// So many invoices as Xero answers with them.
#[must_use]
pub fn invoices(count: u128) -> String {
    let line = json!({ "LineItemID": Uuid::from_u128(7), "Description": "Studio session", "Quantity": 3.0,
                       "UnitAmount": 150.0, "TaxType": "OUTPUT2", "TaxAmount": 90.0, "LineAmount": 450.0,
                       "AccountCode": "200", "Tracking": [] });
    let invoice = |number: u128| {
        json!({ "Type": "ACCREC", "InvoiceID": Uuid::from_u128(number), "InvoiceNumber": format!("SES-{number:06}"),
                "Reference": "PO 77", "Status": "AUTHORISED", "LineAmountTypes": "Exclusive", "CurrencyCode": "GBP",
                "Contact": { "ContactID": Uuid::from_u128(11), "Name": "Harbour Sound Ltd" },
                "DateString": "2026-11-20T00:00:00", "Date": "/Date(1795132800000+0000)/",
                "DueDate": "/Date(1797724800000+0000)/", "SubTotal": 1350.0, "TotalTax": 270.0, "Total": 1620.0,
                "AmountDue": 1620.0, "AmountPaid": 0.0, "AmountCredited": 0.0, "SentToContact": true,
                "UpdatedDateUTC": "/Date(1795170131902+0000)/", "LineItems": [line, line, line] })
    };
    Value::from_iter((0..count).map(invoice)).to_string()
}
