//! Accounts, tax rates, currencies, lock dates and plans: what a document may refer to, and when.

use serde_json::{Value, json};
use xero_stand_in::control::{Act, Choice, OrganisationChange};
use xero_stand_in::{BLAKE, HARBOUR_SOUND};

use crate::support::{SCOPES, World, invoice, messages, with};

async fn refused(world: &World, element: Value) -> String {
    let answer = world.put("/Invoices", &json!({"Invoices": [element]})).await;
    messages(&answer.json()["Elements"]).join(" ")
}

fn on_account(contact: &str, code: &str, tax_type: Option<&str>) -> Value {
    let mut line = json!({"Description": "x", "Quantity": 1, "UnitAmount": 10, "AccountCode": code});
    if let Some(tax_type) = tax_type {
        line["TaxType"] = json!(tax_type);
    }
    with(invoice(&format!("SES-{code}-{tax_type:?}"), contact), json!({"LineItems": [line]}))
}

#[tokio::test]
async fn point_12_the_uk_chart_has_archived_and_system_accounts_and_a_bank_account_without_code() {
    let world = World::connected().await;
    let accounts = world.get("/Accounts").await.json()["Accounts"].as_array().unwrap().clone();
    let has = |check: &dyn Fn(&Value) -> bool| accounts.iter().any(check);
    assert!(has(&|a| a["Code"] == "200" && a["Class"] == "REVENUE" && a["TaxType"] == "OUTPUT2"));
    assert!(has(&|a| a["Code"] == "610" && a["SystemAccount"] == "DEBTORS"));
    assert!(has(&|a| a["Code"] == "800" && a["SystemAccount"] == "CREDITORS"));
    assert!(has(&|a| a["Code"] == "820" && a["SystemAccount"] == "GST"));
    assert!(has(&|a| a["Status"] == "ARCHIVED" && a["Class"] == "EXPENSE"));
    assert!(has(&|a| a["Type"] == "BANK" && a.get("Code").is_none() && a["Status"] == "ACTIVE"));
    let rates = world.get("/TaxRates").await.json()["TaxRates"].as_array().unwrap().clone();
    assert!(rates.iter().any(|rate| rate["Status"] == "DELETED"));
    let banks = world.get("/Accounts?where=Type%3D%3D%22BANK%22%20AND%20Status%3D%3D%22ACTIVE%22").await.json();
    assert_eq!(banks["Accounts"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn point_12_a_line_takes_only_an_ordinary_active_account_and_a_fitting_tax_rate() {
    let world = World::connected().await;
    let contact = world.contact("Harbour Hall").await;
    let not_valid = |code: &str| format!("Account code '{code}' is not a valid code for this document.");
    for (code, tax_type, expected) in [
        ("999", None, not_valid("999")),
        ("610", None, not_valid("610")),
        ("820", None, not_valid("820")),
        ("091", None, not_valid("091")),
        (
            "280",
            None,
            "Account code '280' has been archived, or has been deleted. Each line item must reference a valid account."
                .into(),
        ),
        (
            "200",
            Some("INPUT2"),
            "The TaxType code INPUT2 does not exist or cannot be used for this type of transaction.".into(),
        ),
        (
            "200",
            Some("TAX001"),
            "The TaxType code TAX001 does not exist or cannot be used for this type of transaction.".into(),
        ),
        (
            "200",
            Some("NOPE"),
            "The TaxType code NOPE does not exist or cannot be used for this type of transaction.".into(),
        ),
        ("200", Some("CAPEXOUTPUT2"), "The TaxType code 'CAPEXOUTPUT2' cannot be used with account code '200'.".into()),
    ] {
        assert_eq!(refused(&world, on_account(&contact, code, tax_type)).await, expected, "{code} {tax_type:?}");
    }
    let fine =
        world.put("/Invoices", &json!({"Invoices": [on_account(&contact, "200", None)]})).await.first("Invoices");
    assert_eq!(fine["LineItems"][0]["TaxType"], "OUTPUT2", "the account's default");
    world.control().archive_account(HARBOUR_SOUND, "260").await.unwrap();
    assert!(refused(&world, on_account(&contact, "260", None)).await.contains("archived"));
}

#[tokio::test]
async fn an_organisation_that_pays_no_tax_refuses_a_taxed_line() {
    let world = World::connected().await;
    let contact = world.contact("Harbour Hall").await;
    let change = OrganisationChange { pays_tax: Some(false), ..OrganisationChange::default() };
    world.control().change_organisation(HARBOUR_SOUND, &change).await.unwrap();
    assert!(refused(&world, on_account(&contact, "200", Some("OUTPUT2"))).await.contains("TaxType code"));
    assert_eq!(refused(&world, on_account(&contact, "200", Some("NONE"))).await, "");
}

#[tokio::test]
async fn point_14_lock_dates_bind_the_day_itself_and_the_adviser_only_at_year_end() {
    let mut world = World::connected().await;
    let contact = world.contact("Harbour Hall").await;
    let old = world.invoice("SES-OLD").await;
    world.control().lock_period(HARBOUR_SOUND, Some("2026-11-20".parse().unwrap())).await.unwrap();
    let sentence = "The document date cannot be before the period lock date, currently set at 20 November 2026";
    assert_eq!(refused(&world, invoice("SES-1", &contact)).await, sentence);
    let void = world.post(&format!("/Invoices/{old}"), &json!({"Status": "VOIDED"})).await;
    assert_eq!(messages(&void.json()["Elements"]), [sentence], "a void inside the locked period");
    let later = with(invoice("SES-2", &contact), json!({"Date": "2026-11-21"}));
    assert_eq!(refused(&world, later).await, "");

    world.consent(SCOPES, &Choice::allow(BLAKE, HARBOUR_SOUND)).await;
    assert_eq!(refused(&world, invoice("SES-3", &contact)).await, "", "the adviser passes");
    let year_end = Act::LockPeriod { until: Some("2026-11-20".parse().unwrap()), end_of_year: true };
    world.control().act(HARBOUR_SOUND, &year_end).await.unwrap();
    assert!(refused(&world, invoice("SES-4", &contact)).await.contains("end of year lock date"));
    let shown = world.get("/Organisation").await.first("Organisations");
    assert_eq!(shown["PeriodLockDate"], "/Date(1795132800000+0000)/");
}

#[tokio::test]
async fn point_14_a_currency_must_be_subscribed() {
    let world = World::connected().await;
    let contact = world.contact("Harbour Hall").await;
    let dollars = with(invoice("SES-1", &contact), json!({"CurrencyCode": "USD"}));
    assert_eq!(refused(&world, dollars).await, "Organisation is not subscribed to currency USD");
    let euros = with(invoice("SES-2", &contact), json!({"CurrencyCode": "EUR"}));
    let made = world.put("/Invoices", &json!({"Invoices": [euros]})).await.first("Invoices");
    assert_eq!((&made["CurrencyCode"], &made["CurrencyRate"]), (&json!("EUR"), &json!(1.1718)));
}

#[tokio::test]
async fn point_14_a_small_plan_approves_so_many_documents_and_takes_drafts_all_the_same() {
    let world = World::connected().await;
    let contact = world.contact("Harbour Hall").await;
    let change = OrganisationChange { approvals_left: Some(1), ..OrganisationChange::default() };
    world.control().change_organisation(HARBOUR_SOUND, &change).await.unwrap();
    assert_eq!(refused(&world, invoice("SES-1", &contact)).await, "");
    assert_eq!(
        refused(&world, invoice("SES-2", &contact)).await,
        "You have reached the limit of invoices you can approve"
    );
    assert_eq!(refused(&world, with(invoice("SES-2", &contact), json!({"Status": "DRAFT"}))).await, "");
    let actions = world.get("/Organisation/Actions").await.json()["Actions"].as_array().unwrap().clone();
    let approve = actions.iter().find(|action| action["Name"] == "CreateApprovedInvoice").unwrap();
    assert_eq!(approve["Status"], "NOT-ALLOWED");
}

#[tokio::test]
async fn accounts_tax_rates_and_currencies_know_no_pages() {
    let world = World::connected().await;
    for collection in ["Accounts", "TaxRates", "Currencies"] {
        let listed = world.get(&format!("/{collection}?page=2&pageSize=1")).await.json();
        assert!(listed[collection].as_array().unwrap().len() > 1 && listed.get("pagination").is_none());
    }
}
