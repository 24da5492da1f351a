//! The way through: connect, write an invoice, pay it, read it.

use serde_json::json;
use xero_stand_in::HARBOUR_SOUND;
use xero_stand_in::control::JournalQuery;

use crate::support::World;

#[tokio::test]
async fn an_app_connects_writes_an_invoice_and_sees_it_paid() {
    let world = World::connected().await;
    let connections = world.connections().await;
    assert_eq!(connections.len(), 1);
    assert_eq!(connections[0]["tenantName"], "Harbour Sound Ltd");
    assert_eq!(world.get("/Organisation").await.first("Organisations")["BaseCurrency"], "GBP");
    assert!(world.get("/Accounts").await.json()["Accounts"].as_array().unwrap().len() > 30);
    assert_eq!(world.get("/TaxRates").await.first("TaxRates")["TaxType"], "OUTPUT2");
    assert_eq!(world.get("/Currencies").await.status, 200);

    let id = world.invoice("SES-000123").await;
    let written = world.read_invoice(id).await;
    assert_eq!(written["Total"], json!(540.0));
    world.control().pay(HARBOUR_SOUND, id).await.unwrap();
    let paid = world.read_invoice(id).await;
    assert_eq!((&paid["Status"], &paid["AmountDue"]), (&json!("PAID"), &json!(0.0)));
    assert_eq!(paid["FullyPaidOnDate"], "/Date(1795132800000+0000)/");

    let totals = world.control().totals(HARBOUR_SOUND).await.unwrap();
    assert_eq!((totals.invoices, totals.payments), (1, 1));
    let snapshot = world.control().snapshot(HARBOUR_SOUND).await.unwrap();
    assert_eq!(snapshot["Payments"][0]["Amount"], json!(540.0));
    let journal = world.control().journal(&JournalQuery { bodies: true, ..JournalQuery::default() }).await.unwrap();
    let create = journal.iter().find(|entry| entry.operation == "createInvoices").unwrap();
    assert!(create.request_body.contains("SES-000123"));
    assert!(journal.iter().all(|entry| !format!("{entry:?}").contains(&world.refresh)));
}
