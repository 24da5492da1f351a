//! What people do in Xero's own pages, and how it shows over the API.

use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;
use xero_stand_in::control::{Act, JournalQuery, OrganisationChange};
use xero_stand_in::{HARBOUR_SOUND, QUAYSIDE_COACHING};

use crate::support::{World, invoice, messages, send, with};

#[tokio::test]
async fn a_demo_company_that_is_reset_has_another_tenant_and_nothing_connected() {
    let world = World::connected().await;
    let demo = OrganisationChange { is_demo: Some(true), ..OrganisationChange::default() };
    world.control().change_organisation(QUAYSIDE_COACHING, &demo).await.unwrap();
    let new = world.control().act(HARBOUR_SOUND, &Act::ResetDemo).await.unwrap().id.unwrap();
    assert_ne!(new, HARBOUR_SOUND);
    assert_eq!(world.get("/Organisation").await.status, 403);
    assert!(world.connections().await.is_empty());
}

#[tokio::test]
async fn an_invoice_made_and_edited_by_hand_is_not_made_by_the_app() {
    let world = World::connected().await;
    let contact = world.contact("Harbour Hall").await;
    let by_hand = Act::CreateInvoice { fields: invoice("HAND-1", &contact) };
    let id: Uuid = world.control().act(HARBOUR_SOUND, &by_hand).await.unwrap().id.unwrap();
    let edit = Act::EditInvoice { invoice: id, fields: json!({"Reference": "by hand", "DueDate": "2027-01-31"}) };
    world.control().act(HARBOUR_SOUND, &edit).await.unwrap();
    assert_eq!(world.read_invoice(id).await["Reference"], "by hand");
    assert_eq!(world.get("/Invoices?createdByMyApp=true").await.json()["Invoices"], json!([]));
    let refused = world.control().act(HARBOUR_SOUND, &by_hand).await;
    assert!(format!("{refused:?}").contains("Invoice # must be unique."));
}

#[tokio::test]
async fn codes_and_rates_change_under_the_feet_of_an_integration() {
    let world = World::connected().await;
    let contact = world.contact("Harbour Hall").await;
    let recode = Act::RecodeAccount { code: "200".to_owned(), to: "201".to_owned() };
    world.control().act(HARBOUR_SOUND, &recode).await.unwrap();
    let answer = world.put("/Invoices", &json!({"Invoices": [invoice("SES-1", &contact)]})).await;
    assert_eq!(messages(&answer.json()["Elements"]), ["Account code '200' is not a valid code for this document."]);
    let gone = Act::SetTaxRate { tax_type: "OUTPUT2".to_owned(), status: "DELETED".to_owned() };
    world.control().act(HARBOUR_SOUND, &gone).await.unwrap();
    let line = json!([{"Description": "x", "Quantity": 1, "UnitAmount": 1, "AccountCode": "201"}]);
    let element = with(invoice("SES-1", &contact), json!({"LineItems": line}));
    let answer = world.put("/Invoices", &json!({"Invoices": [element]})).await;
    assert!(messages(&answer.json()["Elements"]).concat().contains("TaxType code OUTPUT2 does not exist"));
}

#[tokio::test]
async fn part_payments_removal_and_totals_agree() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    let part = world.control().part_pay(HARBOUR_SOUND, id, Decimal::new(10_050, 2)).await.unwrap();
    let totals = world.control().totals(HARBOUR_SOUND).await.unwrap();
    assert_eq!((totals.paid, totals.invoiced), (Decimal::new(10_050, 2), Decimal::new(54_000, 2)));
    let too_much = world.control().part_pay(HARBOUR_SOUND, id, Decimal::ONE_THOUSAND).await;
    assert!(format!("{too_much:?}").contains("exceeds the amount outstanding"));
    world.control().remove_payment(HARBOUR_SOUND, part).await.unwrap();
    assert_eq!(world.control().totals(HARBOUR_SOUND).await.unwrap().paid, Decimal::ZERO);
    let on = "2026-11-25".parse().unwrap();
    world.control().pay_on(HARBOUR_SOUND, id, on).await.unwrap();
    assert_eq!(world.read_invoice(id).await["FullyPaidOnDate"], "/Date(1795564800000+0000)/");
}

#[tokio::test]
async fn the_journal_knows_who_asked_for_what_and_never_a_token() {
    let world = World::connected().await;
    world.get("/Currencies").await;
    send(world.http.get(world.url("/api.xro/2.0/Currencies")).header("xero-tenant-id", HARBOUR_SOUND.to_string()))
        .await;
    world.refreshed(&world.refresh).await;
    let all = world.control().journal(&JournalQuery { bodies: true, ..JournalQuery::default() }).await.unwrap();
    let shown = format!("{all:?}");
    for secret in [&world.access, &world.refresh, &crate::support::SECRET.to_owned()] {
        assert!(!shown.contains(secret.as_str()));
    }
    assert!(all.iter().any(|entry| entry.operation == "token.refresh_token" && entry.response_body.is_empty()));
    let currencies = JournalQuery { operation: Some("getCurrencies".to_owned()), ..JournalQuery::default() };
    let found = world.control().journal(&currencies).await.unwrap();
    assert_eq!(found.iter().map(|entry| entry.status).collect::<Vec<_>>(), [200, 401]);
    assert!(found.iter().all(|entry| entry.tenant == Some(HARBOUR_SOUND) && entry.response_body.is_empty()));
    let later = JournalQuery { since: found[0].sequence, ..JournalQuery::default() };
    assert!(world.control().journal(&later).await.unwrap().iter().all(|entry| entry.sequence > found[0].sequence));
    world.control().clear_journal().await.unwrap();
    assert!(world.control().journal(&JournalQuery::default()).await.unwrap().is_empty());
}
