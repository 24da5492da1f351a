//! Suggestions for four charts: Xero's UK default, a custom one, one that has codes only, and one with nothing
//! that fits.

use super::*;
use serde_json::{Value, json};

fn facts(accounts: &[(&str, &str, &str, &str, Option<&str>)]) -> Facts {
    let account = |(index, (code, name, kind, class, reporting)): (usize, &(&str, &str, &str, &str, Option<&str>))| {
        json!({ "AccountID": format!("00000000-0000-4000-8000-{index:012}"), "Code": code, "Name": name, "Type": kind,
                "Class": class, "Status": "ACTIVE", "ReportingCode": reporting })
    };
    let accounts: Vec<Value> = accounts.iter().enumerate().map(account).collect();
    let facts = json!({ "version": 4, "fetched_at": "2026-11-20T09:00:00Z", "organisation": { "OrganisationID": "00000000-0000-4000-8000-00000000000f" }, "accounts": accounts,
                        "tax_rates": [], "currencies": [] });
    serde_json::from_value(facts).unwrap()
}

/// Category, account by its name, confidence.
fn suggested(facts: &Facts) -> Vec<(&'static str, String, Confidence)> {
    let name = |id| facts.account(id).map(|account| account.name.clone()).unwrap_or_default();
    suggest(facts).into_iter().map(|found| (found.category, name(found.account_id), found.confidence)).collect()
}

const UK: &[(&str, &str, &str, &str, Option<&str>)] = &[
    ("200", "Sales", "REVENUE", "REVENUE", None),
    ("260", "Other Revenue", "REVENUE", "REVENUE", None),
    ("270", "Interest Income", "REVENUE", "REVENUE", None),
    ("401", "Audit & Accountancy fees", "OVERHEADS", "EXPENSE", None),
    ("412", "Consulting", "OVERHEADS", "EXPENSE", None),
    ("416", "Depreciation Expense", "DEPRECIATN", "EXPENSE", None),
    ("429", "General Expenses", "OVERHEADS", "EXPENSE", None),
    ("433", "Insurance", "OVERHEADS", "EXPENSE", None),
    ("441", "Legal Expenses", "OVERHEADS", "EXPENSE", None),
    ("449", "Motor Vehicle Expenses", "OVERHEADS", "EXPENSE", None),
    ("463", "IT Software and Consumables", "OVERHEADS", "EXPENSE", None),
    ("479", "Employers National Insurance", "OVERHEADS", "EXPENSE", None),
    ("480", "Staff Training", "OVERHEADS", "EXPENSE", None),
    ("483", "Medical Insurance", "OVERHEADS", "EXPENSE", None),
    ("485", "Subscriptions", "OVERHEADS", "EXPENSE", None),
    ("493", "Travel - National", "OVERHEADS", "EXPENSE", None),
    ("710", "Office Equipment", "FIXED", "ASSET", None),
    ("711", "Less Accumulated Depreciation on Office Equipment", "FIXED", "ASSET", None),
];

#[test]
fn the_uk_default_chart_has_an_account_for_each_category() {
    let found = suggested(&facts(UK));
    let expected = [
        ("sales", "Sales", High),
        ("fuel", "Motor Vehicle Expenses", Medium),
        ("mileage", "Motor Vehicle Expenses", Medium),
        ("equipment", "IT Software and Consumables", Low),
        ("training", "Staff Training", High),
        ("insurance", "Insurance", High),
        ("subscriptions", "Subscriptions", High),
        ("professional_fees", "Audit & Accountancy fees", High),
        ("other", "General Expenses", High),
    ];
    assert_eq!(found, expected.map(|(category, name, sure)| (category, name.to_owned(), sure)));
}

#[test]
fn a_custom_chart_is_read_by_its_own_names_and_reporting_codes() {
    let found = suggested(&facts(&[
        ("GIG", "Gigs and sessions", "REVENUE", "REVENUE", Some("REV.TRA.SER")),
        ("ROY", "Royalties", "OTHERINCOME", "REVENUE", Some("REV.OTH")),
        ("PET", "Petrol", "EXPENSE", "EXPENSE", Some("EXP")),
        ("KIT", "Studio equipment under \u{a3}500", "EXPENSE", "EXPENSE", Some("EXP")),
    ]));
    let expected = [
        ("sales", "Gigs and sessions", High),
        ("fuel", "Petrol", High),
        ("equipment", "Studio equipment under \u{a3}500", High),
    ];
    assert_eq!(found, expected.map(|(category, name, sure)| (category, name.to_owned(), sure)));
}

#[test]
fn a_chart_of_codes_only_is_guessed_from_the_uk_defaults_and_says_so() {
    let chart = facts(&[("200", "200", "REVENUE", "REVENUE", None), ("433", "433", "OVERHEADS", "EXPENSE", None)]);
    let found = suggested(&chart);
    assert_eq!(found, [("sales", "200".to_owned(), Low), ("insurance", "433".to_owned(), Low)]);
    let reason = &suggest(&chart)[1].reason;
    assert_eq!(reason, "Its code 433 is \u{201c}Insurance\u{201d} in Xero\u{2019}s UK chart of accounts");
}

#[test]
fn where_nothing_fits_nothing_is_suggested() {
    let chart = facts(&[
        ("100", "Capital", "EQUITY", "EQUITY", None),
        ("499", "Corporation Tax", "OVERHEADS", "EXPENSE", None),
        ("416", "Depreciation of equipment", "DEPRECIATN", "EXPENSE", None),
    ]);
    assert_eq!(suggest(&chart), []);
}
