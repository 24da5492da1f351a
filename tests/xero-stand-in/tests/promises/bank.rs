//! Bank transactions: inclusive by default, deletable, fixed once reconciled.

use serde_json::{Value, json};
use uuid::Uuid;
use xero_stand_in::control::Act;
use xero_stand_in::{BANK, HARBOUR_SOUND};

use crate::support::{World, messages, with};

async fn spend(world: &World) -> Value {
    let contact = world.contact("Music Shop").await;
    json!({"Type": "SPEND", "BankAccount": {"AccountID": BANK}, "Contact": {"ContactID": contact}, "Date": "2026-11-20",
        "Reference": "exp_1", "LineItems":
            [{"Description": "Strings", "Quantity": 1, "UnitAmount": 12, "AccountCode": "429"}]})
}

async fn put(world: &World, element: Value) -> crate::support::Answer {
    world.put("/BankTransactions", &json!({"BankTransactions": [element]})).await
}

#[tokio::test]
async fn point_13_spend_money_is_inclusive_by_default_and_is_deleted_by_status() {
    let world = World::connected().await;
    let made = put(&world, spend(&world).await).await.first("BankTransactions");
    assert_eq!(
        (&made["LineAmountTypes"], &made["Total"], &made["TotalTax"]),
        (&json!("Inclusive"), &json!(12.0), &json!(2.0))
    );
    assert_eq!((&made["Status"], &made["Reference"]), (&json!("AUTHORISED"), &json!("exp_1")));
    let id = made["BankTransactionID"].as_str().unwrap();
    let delete = json!({"BankTransactionID": id, "Status": "DELETED"});
    let gone = world.post(&format!("/BankTransactions/{id}"), &delete).await.first("BankTransactions");
    assert_eq!(gone["Status"], "DELETED");
    let again = world.post(&format!("/BankTransactions/{id}"), &delete).await;
    assert_eq!(again.status, 400, "deleted is final");
}

#[tokio::test]
async fn point_13_a_reconciled_one_can_neither_be_edited_nor_deleted() {
    let world = World::connected().await;
    let made = put(&world, spend(&world).await).await.first("BankTransactions");
    let id: Uuid = made["BankTransactionID"].as_str().unwrap().parse().unwrap();
    world.control().act(HARBOUR_SOUND, &Act::Reconcile { id, reconciled: true }).await.unwrap();
    for change in [json!({"Status": "DELETED"}), json!({"Reference": "other"})] {
        let answer = world.post(&format!("/BankTransactions/{id}"), &change).await;
        assert_eq!(
            messages(&answer.json()["Elements"]),
            ["This Bank Transaction cannot be edited as it has been reconciled with a Bank Statement."]
        );
    }
    world.control().set_switches(&json!({"reconciled_may_be_deleted": true})).await.unwrap();
    assert_eq!(world.post(&format!("/BankTransactions/{id}"), &json!({"Status": "DELETED"})).await.status, 200);
}

#[tokio::test]
async fn a_bank_transaction_needs_a_bank_account_a_contact_and_a_positive_total() {
    let world = World::connected().await;
    let good = spend(&world).await;
    for (change, fragment) in [
        (json!({"BankAccount": {"Code": "200"}}), "bank account"),
        (json!({"BankAccount": null}), "BankAccount must be specified"),
        (json!({"Contact": null}), "Contact must be specified"),
        (json!({"Type": "ACCPAY"}), "SPEND or RECEIVE"),
        (json!({"Status": "DRAFT"}), "AUTHORISED"),
        (json!({"CurrencyCode": "EUR"}), "currency"),
        (json!({"LineItems": []}), "line items"),
        (
            json!({"LineItems": [{"Description": "x", "Quantity": 1, "UnitAmount": -5, "AccountCode": "429"}]}),
            "greater than zero",
        ),
        (
            json!({"LineItems": [{"Description": "x", "Quantity": 0, "UnitAmount": 5, "AccountCode": "429"}]}),
            "Quantity",
        ),
    ] {
        let answer = put(&world, with(good.clone(), change.clone())).await;
        let sentence = messages(&answer.json()["Elements"]).join(" ");
        assert!(answer.status == 400 && sentence.contains(fragment), "{change}: {sentence}");
    }
}

#[tokio::test]
async fn bank_transactions_are_found_by_type_and_contact() {
    let world = World::connected().await;
    let element = spend(&world).await;
    put(&world, element.clone()).await;
    let contact = element["Contact"]["ContactID"].as_str().unwrap();
    let path = format!(
        "/BankTransactions?page=1&where=Type%3D%3D%22SPEND%22%20AND%20Contact.ContactID%3D%3DGuid(%22{contact}%22)"
    );
    let listed = world.get(&path).await.json();
    assert_eq!(listed["pagination"]["itemCount"], 1);
    assert_eq!(listed["BankTransactions"][0]["BankAccount"]["AccountID"], json!(BANK));
}
