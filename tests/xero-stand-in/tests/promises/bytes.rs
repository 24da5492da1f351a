//! What Xero's bytes look like (facts 10.1).

use serde_json::json;
use xero_stand_in::HARBOUR_SOUND;

use crate::support::{World, invoice};

#[tokio::test]
async fn answers_are_indented_by_two_end_lines_with_crlf_and_escape_the_slashes_of_dates() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    let text = world.get(&format!("/Invoices/{id}?unitdp=4")).await.text;
    assert!(text.starts_with("{\r\n  \"Id\": \""), "{text}");
    assert!(text.contains("\r\n      \"Date\": \"\\/Date(1795132800000+0000)\\/\",\r\n"), "{text}");
    assert!(text.contains("\"DateString\": \"2026-11-20T00:00:00\""));
    let compact = serde_json::to_string(&serde_json::from_str::<serde_json::Value>(&text).unwrap()).unwrap();
    let ratio = text.len() as f64 / compact.len() as f64;
    assert!((1.33..=1.74).contains(&ratio), "recorded answers are 1.33 to 1.74 times as large, this one {ratio}");
    let refused = world.put("/Invoices", &json!({"Invoices": [invoice("SES-1", "")]})).await;
    assert!(refused.text.starts_with("{\r\n  \"ErrorNumber\": 10,\r\n"), "{}", refused.text);
}

#[tokio::test]
async fn numbers_have_a_fixed_scale() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    world.control().part_pay(HARBOUR_SOUND, id, 40.into()).await.unwrap();
    let fine = world.get(&format!("/Invoices/{id}?unitdp=4")).await.text;
    for number in [
        "\"Total\": 540.00",
        "\"AmountPaid\": 40.00",
        "\"Quantity\": 3.0000",
        "\"UnitAmount\": 150.0000",
        "\"LineAmount\": 450.00",
        "\"CurrencyRate\": 1.0000000000",
    ] {
        assert!(fine.contains(number), "{number} in {fine}");
    }
    assert!(world.get(&format!("/Invoices/{id}")).await.text.contains("\"UnitAmount\": 150.00,"));
}

#[tokio::test]
async fn an_unpaid_invoice_in_a_list_has_no_payments_no_credit_and_no_rate() {
    let world = World::connected().await;
    let (unpaid, paid) = (world.invoice("SES-1").await, world.invoice("SES-2").await);
    world.control().part_pay(HARBOUR_SOUND, paid, 40.into()).await.unwrap();
    for path in ["/Invoices?page=1", "/Invoices"] {
        let listed = world.get(path).await.json();
        let find = |id: uuid::Uuid| {
            let all = listed["Invoices"].as_array().unwrap();
            all.iter().find(|invoice| invoice["InvoiceID"] == json!(id)).unwrap().as_object().unwrap().clone()
        };
        for field in ["Payments", "AmountCredited", "CurrencyRate"] {
            assert!(!find(unpaid).contains_key(field), "{path}: {field}");
            assert!(find(paid).contains_key(field), "{path}: {field}");
        }
    }
    assert_eq!(world.read_invoice(unpaid).await["Payments"], json!([]), "read by itself it has them");
}

#[tokio::test]
async fn system_account_is_empty_on_ordinary_accounts_and_report_tax_type_has_words_of_its_own() {
    let world = World::connected().await;
    let accounts = world.get("/Accounts").await.json();
    let sales = accounts["Accounts"].as_array().unwrap().iter().find(|account| account["Code"] == "200").unwrap();
    assert_eq!(sales["SystemAccount"], "");
    let rates = world.get("/TaxRates").await.json();
    let word = |tax_type: &str| {
        let all = rates["TaxRates"].as_array().unwrap();
        all.iter().find(|rate| rate["TaxType"] == tax_type).unwrap()["ReportTaxType"].clone()
    };
    assert_eq!(
        (word("OUTPUT2"), word("INPUT2"), word("NONE"), word("CAPEXINPUT2"), word("TAX001")),
        (json!("OUTPUT"), json!("INPUT"), json!("NONE"), json!("CAPEXINPUT"), json!("NONE"))
    );
}
