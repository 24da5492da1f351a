//! An invoice that somebody made in Xero and that is the same as ours, through the deployed functions: offered, taken
//! over at the user's word, and followed from then on like any other.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail the test that uses them")]

mod desk;

use std::time::Duration;

use desk::{Desk, TENANT};
use harness::service::Post;
use harness::with_service;
use serde_json::{Value, json};
use uuid::Uuid;
use xero_stand_in::control::Act;

/// Within which a payment is found that no delivery told of.
const SWEPT: Duration = Duration::from_secs(8 * 3_600);

impl Desk {
    /// A client's invoice that is offered for `b`, and the same in Xero that a stranger made.
    async fn offered(&self) -> Uuid {
        self.send("a", client()).await;
        self.record("a", "synced").await;
        let theirs = self.made_by_hand("SES-b", 50.0).await;
        self.send("b", client()).await;
        let failure = &self.record("b", "failed").await["failure"];
        let offer = ["cause", "action", "adoptable"].map(|name| failure[name].clone());
        assert_eq!(offer, [json!("in_xero_already"), json!("adopt"), json!(theirs)], "{failure}");
        theirs
    }

    /// Two of something for the first client, as a stranger typed it in Xero.
    async fn made_by_hand(&self, number: &str, each: f64) -> Uuid {
        let books = serde_json::to_value(self.0.control.snapshot(TENANT).await.unwrap()).unwrap();
        let contact = &books["Invoices"][0]["Contact"]["ContactID"];
        let fields = json!({
            "Type": "ACCREC", "Status": "AUTHORISED", "InvoiceNumber": number, "Contact": { "ContactID": contact },
            "Date": "2026-11-01", "DueDate": "2026-11-30", "LineAmountTypes": "Exclusive", "CurrencyCode": "GBP",
            "LineItems": [{ "Description": "By hand", "Quantity": 2, "UnitAmount": each, "AccountCode": "260",
                "TaxType": "OUTPUT2" }],
        });
        self.0.control.act(TENANT, &Act::CreateInvoice { fields }).await.unwrap().id.unwrap()
    }

    async fn adopt(&self, id: &str) -> (u16, Value) {
        let answer = self.call("POST", &format!("/records/invoice/{id}/adopt"), None).await;
        (answer.status, answer.body)
    }

    /// What was asked of Xero's invoices since then.
    fn asked(&self, since: usize) -> Vec<String> {
        let asked = self.0.xero.asked().split_off(since).into_iter().map(|asked| asked.call);
        asked.filter(|call| call.contains("Invoices")).collect()
    }
}

fn client() -> Value {
    json!({ "id": "org_1", "name": "Ines Falk" })
}

#[test]
fn what_is_the_same_in_xero_is_taken_over_and_its_payment_is_found_even_where_no_delivery_tells_of_it() {
    with_service(31, async |service| {
        let desk = Desk::open(service).await;
        let theirs = desk.offered().await;
        let asked = desk.0.xero.asked().len();
        assert_eq!(desk.adopt("b").await, (202, json!({ "queued": true, "send_again": false })));
        let record = desk.record("b", "synced").await;
        assert_eq!((&record["xero"]["id"], &record["failure"]), (&json!(theirs), &Value::Null), "{record}");
        assert!(record["xero"]["url"].as_str().unwrap().contains(&theirs.to_string()), "{record}");
        assert_eq!(desk.asked(asked), ["GET Invoices/{id}"], "nothing was written");
        // Nothing is offered any more, nor was it for the other.
        for id in ["a", "b"] {
            let (status, problem) = desk.adopt(id).await;
            assert_eq!((status, &problem["type"]), (409, &json!("/problems/not-possible")), "{id}: {problem}");
        }

        // Everything that is due is listed once a week: the first time is over.
        tokio::time::sleep(Duration::from_secs(26 * 3_600)).await;
        desk.0.post.set(Post::Lost);
        let pay = Act::Pay { document: theirs, amount: None, date: None, reconciled: false };
        desk.0.control.act(TENANT, &pay).await.unwrap();
        let began = desk.0.calendar.now();
        while desk.call("GET", "/records/invoice/b", None).await.body["state"] != "paid" {
            assert!(desk.0.calendar.now().duration_since(began).unsigned_abs() < SWEPT, "no sweep has found it");
            tokio::time::sleep(Duration::from_secs(600)).await;
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
        let told = desk.0.told();
        let paid = told.iter().filter(|told| told.notification["type"] == "invoice.paid");
        assert_eq!(paid.map(|told| &told.notification["invoice_id"]).collect::<Vec<_>>(), [&json!("b")]);
    })
    .unwrap();
}

#[test]
fn of_two_records_that_want_one_document_one_has_it_though_the_index_lags() {
    with_service(33, async |service| {
        let desk = Desk::open(service).await;
        let theirs = desk.offered().await;
        desk.send_numbered("c", "SES-b", client()).await;
        assert_eq!(desk.record("c", "failed").await["failure"]["adoptable"], json!(theirs));
        desk.0.cloud.lag(Duration::from_secs(5));
        for id in ["b", "c"] {
            assert_eq!(desk.adopt(id).await.0, 202);
        }
        assert_eq!(desk.record("b", "synced").await["xero"]["id"], json!(theirs));
        tokio::time::sleep(Duration::from_secs(60)).await;
        let other = desk.record("c", "failed").await;
        assert_eq!(
            (&other["failure"]["cause"], &other["xero"]),
            (&json!("number_of_another"), &Value::Null),
            "{other}"
        );
    })
    .unwrap();
}

#[test]
fn without_an_offer_or_a_connection_nothing_is_chosen_and_the_reason_is_said() {
    with_service(32, async |service| {
        let desk = Desk::open(service).await;
        desk.offered().await;
        let (status, problem) = desk.adopt("unheard_of").await;
        assert_eq!((status, &problem["type"]), (404, &json!("/problems/not-found")), "{problem}");
        desk.send("c", json!({ "id": "org_2", "name": "Another" })).await;
        desk.record("c", "synced").await;
        let (status, problem) = desk.adopt("c").await;
        let reason = json!("In Xero it is as Sessional sent it, or it was voided or deleted there");
        assert_eq!((status, &problem["detail"]), (409, &reason), "{problem}");

        // Somebody has its number, for another total.
        desk.made_by_hand("SES-d", 51.0).await;
        desk.send("d", client()).await;
        assert_eq!(desk.record("d", "failed").await["failure"]["cause"], "number_clash");
        let (status, problem) = desk.adopt("d").await;
        let reason = json!("No invoice in Xero was found to be the same as this one");
        assert_eq!((status, &problem["detail"]), (409, &reason), "{problem}");

        let before = desk.call("GET", "/records/invoice/b", None).await.body;
        assert_eq!(desk.call("DELETE", "/connection", None).await.status, 204);
        let asked = desk.0.xero.asked().len();
        let (status, problem) = desk.adopt("b").await;
        assert_eq!((status, &problem["type"]), (409, &json!("/problems/not-connected")), "{problem}");
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(desk.call("GET", "/records/invoice/b", None).await.body, before);
        assert_eq!(desk.asked(asked), Vec::<String>::new());
    })
    .unwrap();
}
