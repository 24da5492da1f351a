//! A connected app in a world whose clock stands still.

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;
use xero_stand_in::control::{self, AppRegistration, Choice, Tier};
use xero_stand_in::{ALEX, BANK, Config, HARBOUR_SOUND, StandIn};

pub(crate) const CLIENT_ID: &str = "5E55104A10000000000000000000A001";
pub(crate) const SECRET: &str = "a-secret_with-signs";
pub(crate) const REDIRECT: &str = "http://localhost:4000/oauth/callback";
pub(crate) const SCOPES: &str = "openid profile email offline_access accounting.invoices accounting.contacts \
     accounting.settings.read accounting.payments accounting.banktransactions accounting.attachments";
pub(crate) const START: &str = "2026-11-20T09:42:11Z";

/// An app, the stand-in it talks to, and the tokens it has.
pub(crate) struct World {
    pub(crate) stand_in: StandIn,
    pub(crate) http: reqwest::Client,
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) tenant: Uuid,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The first element of a collection.
    pub(crate) fn first(&self, collection: &str) -> Value {
        self.json()[collection][0].clone()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// A stand-in without any app.
pub(crate) async fn bare() -> StandIn {
    let frozen_at = Some(START.parse().unwrap());
    StandIn::start(Config { frozen_at, ..Config::default() }).await.unwrap()
}

pub(crate) fn app() -> AppRegistration {
    AppRegistration {
        client_id: CLIENT_ID.to_owned(),
        client_secret: SECRET.to_owned(),
        name: "Sessional".to_owned(),
        redirect_uris: vec![REDIRECT.to_owned()],
        scopes: SCOPES.split_whitespace().map(str::to_owned).collect(),
        tier: Tier::Core,
        ..AppRegistration::default()
    }
}

/// The app's Basic header.
pub(crate) fn basic() -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{CLIENT_ID}:{SECRET}")))
}

pub(crate) fn http() -> reqwest::Client {
    // No TLS is spoken here, but the client wants to know which one it would be.
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    builder.no_proxy().tls_backend_preconfigured(tls).build().unwrap()
}

pub(crate) fn authorise_url(base: &str, scopes: &str, state: &str) -> String {
    let base = if base.is_empty() { "http://localhost" } else { base };
    let mut url = url::Url::parse(&format!("{base}/identity/connect/authorize")).unwrap();
    url.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", CLIENT_ID),
        ("redirect_uri", REDIRECT),
        ("scope", scopes),
        ("state", state),
    ]);
    url.into()
}

pub(crate) fn query_of(location: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(location).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

impl World {
    /// Alex connected Harbour Sound with every scope.
    pub(crate) async fn connected() -> Self {
        Self::with(app(), SCOPES, &Choice::allow(ALEX, HARBOUR_SOUND)).await
    }

    pub(crate) async fn with(app: AppRegistration, scopes: &str, choice: &Choice) -> Self {
        let stand_in = bare().await;
        stand_in.control().register_app(&app).await.unwrap();
        let mut world =
            Self { stand_in, http: http(), access: String::new(), refresh: String::new(), tenant: HARBOUR_SOUND };
        world.consent(scopes, choice).await;
        world
    }

    /// A consent and its exchange; the tokens are replaced.
    pub(crate) async fn consent(&mut self, scopes: &str, choice: &Choice) -> Value {
        let url = authorise_url(self.stand_in.xero_url(), scopes, "a state");
        let location = control::consent(&url, choice.clone()).await.unwrap();
        let code = query_of(&location, "code").unwrap();
        let answer =
            self.token(&[("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", REDIRECT)]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        self.keep(&answer.json());
        answer.json()
    }

    pub(crate) fn keep(&mut self, tokens: &Value) {
        self.access = tokens["access_token"].as_str().unwrap().to_owned();
        self.refresh = tokens["refresh_token"].as_str().unwrap_or_default().to_owned();
    }

    pub(crate) fn control(&self) -> &control::Client {
        self.stand_in.control()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.stand_in.xero_url())
    }

    pub(crate) async fn token(&self, form: &[(&str, &str)]) -> Answer {
        let request = self.http.post(self.url("/connect/token")).basic_auth(CLIENT_ID, Some(SECRET)).form(form);
        send(request).await
    }

    pub(crate) async fn refreshed(&self, token: &str) -> Answer {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    /// A request to the Accounting API with all that it wants.
    pub(crate) fn api(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, self.url(&format!("/api.xro/2.0{path}")))
            .bearer_auth(&self.access)
            .header("xero-tenant-id", self.tenant.to_string())
            .header("accept", "application/json")
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.api(Method::GET, path)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        send(self.api(Method::PUT, path).json(body)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.api(Method::POST, path).json(body)).await
    }

    pub(crate) async fn connections(&self) -> Vec<Value> {
        let answer = send(self.http.get(self.url("/connections")).bearer_auth(&self.access)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json().as_array().unwrap().clone()
    }

    /// A contact by name; its id.
    pub(crate) async fn contact(&self, name: &str) -> String {
        let answer = self.put("/Contacts", &json!({"Contacts": [{"Name": name}]})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.first("Contacts")["ContactID"].as_str().unwrap().to_owned()
    }

    /// An approved invoice over 540.00; its id.
    pub(crate) async fn invoice(&self, number: &str) -> Uuid {
        let contact = self.contact(&format!("Customer of {number}")).await;
        let answer = self.put("/Invoices", &json!({"Invoices": [invoice(number, &contact)]})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.first("Invoices")["InvoiceID"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) async fn read_invoice(&self, id: Uuid) -> Value {
        self.get(&format!("/Invoices/{id}")).await.first("Invoices")
    }
}

/// An approved invoice: three sessions at 150.00 and VAT.
pub(crate) fn invoice(number: &str, contact: &str) -> Value {
    json!({"Type": "ACCREC", "Status": "AUTHORISED", "InvoiceNumber": number, "Reference": "PO 77",
        "Contact": {"ContactID": contact}, "Date": "2026-11-20", "DueDate": "2026-12-20",
        "LineAmountTypes": "Exclusive", "CurrencyCode": "GBP",
        "LineItems": [{"Description": "Studio session", "Quantity": 3, "UnitAmount": 150, "AccountCode": "200",
            "TaxType": "OUTPUT2"}]})
}

/// The same with other or further fields.
pub(crate) fn with(mut element: Value, fields: Value) -> Value {
    element.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    element
}

/// A payment from the bank account.
pub(crate) fn payment(invoice: Uuid, amount: f64) -> Value {
    json!({"Payments": [{"Invoice": {"InvoiceID": invoice}, "Account": {"AccountID": BANK}, "Date": "2026-11-20",
        "Amount": amount}]})
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    assert_ne!(status, StatusCode::SWITCHING_PROTOCOLS);
    Answer { status: status.as_u16(), headers, text: response.text().await.unwrap() }
}

/// All messages of an element, its nested objects included.
pub(crate) fn messages(element: &Value) -> Vec<String> {
    match element {
        Value::Object(members) => members
            .iter()
            .flat_map(|(key, value)| match (key.as_str(), value) {
                ("Message", Value::String(text)) => vec![text.clone()],
                _ => messages(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(messages).collect(),
        _ => Vec::new(),
    }
}
