//! An account that is connected and mapped, by the calls that its user's browser makes, and what it sends and sees.

use std::rc::Rc;
use std::time::Duration;

use harness::XERO;
use harness::service::{Answer, Service};
use serde_json::{Value, json};
use uuid::Uuid;
use xero_stand_in::control::{NewOrganisation, NewUser, Role};

pub(crate) const ACCOUNT: &str = "acc_1";
pub(crate) const TENANT: Uuid = Uuid::from_u128(0x0B00_0000_0000_4000_8000_0000_0000_0001);
const USER: Uuid = Uuid::from_u128(0x0A11_CE00_0000_4000_8000_0000_0000_0001);
/// Longer than anything that is not out of order takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// The account's desk.
pub(crate) struct Desk(pub(crate) Rc<Service>);

impl Desk {
    pub(crate) async fn open(service: Rc<Service>) -> Self {
        let user = NewUser {
            id: Some(USER),
            email: "robin@person.example".to_owned(),
            given_name: "Robin".to_owned(),
            family_name: "Owner".to_owned(),
        };
        service.control.add_user(&user).await.unwrap();
        let members = [(USER, Role::Standard)].into();
        let organisation =
            NewOrganisation { id: Some(TENANT), name: "Books".to_owned(), members, ..NewOrganisation::default() };
        service.control.add_organisation(&organisation).await.unwrap();
        let desk = Self(service);
        let started = desk.call("POST", "/connection", None).await.body;
        let back = desk.allow(started["authorise_url"].as_str().unwrap()).await;
        let query = back.split_once('?').unwrap().1;
        let returned = desk.0.request("GET", &format!("/oauth/callback?{query}"), None, None, &[]).await.unwrap();
        let location = returned.location.unwrap();
        let confirmation = location.split_once("confirmation=").unwrap().1.to_owned();
        let body = json!({ "confirmation": confirmation, "browser_key": started["browser_key"] });
        let confirmed = desk.call("POST", "/connection/confirmation", Some(&body)).await;
        assert_eq!(confirmed.body["status"], "connected", "{confirmed:?}");
        let chart = desk.call("GET", "/accounts?refresh=true", None).await.body;
        let sales = chart["accounts"].as_array().unwrap().iter().find(|account| account["code"] == "200").unwrap();
        let mapping = json!({ "sales": { "account_id": sales["account_id"] } });
        assert_eq!(desk.call("PUT", "/account-mapping", Some(&mapping)).await.status, 200);
        desk
    }

    /// Goes through Xero's consent page.
    async fn allow(&self, url: &str) -> String {
        let inside = &self.0.xero.inside;
        inside.set_time(self.0.calendar.now());
        let address = format!("{url}&stand_in_user={USER}");
        let request = http::Request::get(address.trim_start_matches(XERO)).body(bytes::Bytes::new()).unwrap();
        let page = String::from_utf8_lossy(inside.call(request).await.unwrap().body()).into_owned();
        let between = |before: &str| page.split_once(before).unwrap().1.split('"').next().unwrap().to_owned();
        let request = between("name=\"request\" value=\"").replace("&quot;", "\"").replace("&amp;", "&");
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("request", &request)
            .append_pair("user", &USER.to_string())
            .append_pair("decision", "allow")
            .append_pair("tenant", &TENANT.to_string())
            .finish();
        let post =
            http::Request::post(between("action=\"")).header("content-type", "application/x-www-form-urlencoded");
        let answer = inside.call(post.body(bytes::Bytes::from(form)).unwrap()).await.unwrap();
        answer.headers().get("location").unwrap().to_str().unwrap().to_owned()
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.0.request(method, path, Some(ACCOUNT), body, &[]).await.unwrap()
    }

    pub(crate) async fn send(&self, id: &str, organisation: Value) {
        self.send_numbered(id, &format!("SES-{id}"), organisation).await;
    }

    pub(crate) async fn send_numbered(&self, id: &str, number: &str, organisation: Value) {
        self.tell("invoice.created", id, number, organisation).await;
    }

    /// Sends an event about an invoice.
    pub(crate) async fn tell(&self, of_type: &str, id: &str, number: &str, organisation: Value) {
        let event = json!({ "version": 1, "id": format!("evt_{id}_{of_type}"), "type": of_type, "account_id": ACCOUNT,
            "occurred_at": self.0.calendar.now(), "invoice": {
                "id": id, "number": number, "currency": "GBP", "issued_on": "2026-11-01",
                "due_on": "2026-12-01", "line_amounts": "exclusive", "total": "120.00", "organisation": organisation,
                "lines": [{ "description": "Studio session", "quantity": "1", "unit_amount": "100.00", "tax_rate": "20" }] } });
        let answer = self.call("POST", "/events", Some(&json!({ "events": [event] }))).await;
        assert_eq!(answer.body.pointer("/results/0/status"), Some(&json!("accepted")), "{answer:?}");
    }

    /// The record, once it is where it should be.
    pub(crate) async fn record(&self, id: &str, state: &str) -> Value {
        let begin = self.0.calendar.now();
        loop {
            let record = self.call("GET", &format!("/records/invoice/{id}"), None).await.body;
            if record["state"] == state {
                return record;
            }
            assert!(self.0.calendar.now().duration_since(begin).unsigned_abs() < PATIENCE, "{record}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
