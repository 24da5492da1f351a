//! A typed client of the control API.

use axum::Router;
use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt as _;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;
use jiff::civil::Date;
use reqwest::RequestBuilder;
use rust_decimal::Decimal;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use super::browser::plain_http;
use super::types::{
    Act, AppRegistration, ClockMove, ClockState, ConnectionState, Delivery, Done, Exhaust, Fault, IntentToReceive,
    JournalEntry, JournalQuery, NewOrganisation, NewUser, OrganisationChange, Release, Role, Switches, Totals,
};

/// Why a control call failed.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The stand-in could not be reached, or its answer not read.
    #[error("the control API cannot be reached")]
    Http(#[from] reqwest::Error),
    /// It answered that it cannot do this.
    #[error("refused with {status}: {message}")]
    Refused {
        /// The status of the answer.
        status: u16,
        /// Its sentence; for acts this is Xero's.
        message: String,
    },
    /// The page is not what was expected.
    #[error("unexpected page: {0}")]
    Page(String),
}

pub(super) type Result<T, E = ControlError> = std::result::Result<T, E>;

/// The control API of a running stand-in.
#[derive(Clone, Debug)]
pub struct Client(Way);

/// How the control API is reached.
#[derive(Clone, Debug)]
enum Way {
    Http { base: String, http: reqwest::Client },
    Inside(Router),
}

impl Client {
    /// A client for the control address that the stand-in printed.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new(control_url: impl Into<String>) -> Result<Self> {
        let base = control_url.into().trim_end_matches('/').to_owned();
        Ok(Self(Way::Http { base, http: plain_http()? }))
    }

    /// A client that calls the API's router in this process.
    pub(crate) fn inside(router: Router) -> Self {
        Self(Way::Inside(router))
    }

    /// Registers an app, or updates it.
    ///
    /// # Errors
    /// When a redirect address is not one that Xero would take.
    pub async fn register_app(&self, app: &AppRegistration) -> Result<()> {
        self.nothing(Method::PUT, &format!("/apps/{}", app.client_id), app).await
    }

    /// Adds a person who can sign in.
    ///
    /// # Errors
    /// When the stand-in cannot be reached.
    pub async fn add_user(&self, user: &NewUser) -> Result<Uuid> {
        self.id(Method::POST, "/users", user).await
    }

    /// Adds an organisation with the UK chart of accounts.
    ///
    /// # Errors
    /// When the stand-in cannot be reached.
    pub async fn add_organisation(&self, organisation: &NewOrganisation) -> Result<Uuid> {
        self.id(Method::POST, "/organisations", organisation).await
    }

    /// Changes an organisation's settings.
    ///
    /// # Errors
    /// When the organisation is unknown.
    pub async fn change_organisation(&self, tenant: Uuid, change: &OrganisationChange) -> Result<()> {
        self.nothing(Method::PATCH, &format!("/organisations/{tenant}"), change).await
    }

    /// Does something that a person does in Xero.
    ///
    /// # Errors
    /// Xero's sentence when it refuses.
    pub async fn act(&self, tenant: Uuid, act: &Act) -> Result<Done> {
        self.send(Method::POST, &format!("/organisations/{tenant}/acts"), act).await
    }

    /// Pays all that is due; the payment's id.
    ///
    /// # Errors
    /// Xero's sentence when it refuses.
    pub async fn pay(&self, tenant: Uuid, document: Uuid) -> Result<Uuid> {
        self.made(tenant, Act::Pay { document, amount: None, date: None, reconciled: false }).await
    }

    /// Pays a part; the payment's id.
    ///
    /// # Errors
    /// Xero's sentence when it refuses.
    pub async fn part_pay(&self, tenant: Uuid, document: Uuid, amount: Decimal) -> Result<Uuid> {
        self.made(tenant, Act::Pay { document, amount: Some(amount), date: None, reconciled: false }).await
    }

    /// Pays all that is due on a given day; the payment's id.
    ///
    /// # Errors
    /// Xero's sentence when it refuses.
    pub async fn pay_on(&self, tenant: Uuid, document: Uuid, date: Date) -> Result<Uuid> {
        self.made(tenant, Act::Pay { document, amount: None, date: Some(date), reconciled: false }).await
    }

    /// Removes a payment.
    ///
    /// # Errors
    /// Xero's sentence when it refuses.
    pub async fn remove_payment(&self, tenant: Uuid, payment: Uuid) -> Result<()> {
        self.act(tenant, &Act::RemovePayment { payment }).await.map(drop)
    }

    /// Settles what is due with a credit note; its id.
    ///
    /// # Errors
    /// Xero's sentence when it refuses.
    pub async fn credit(&self, tenant: Uuid, invoice: Uuid) -> Result<Uuid> {
        self.made(tenant, Act::Credit { invoice, amount: None }).await
    }

    /// Voids an invoice, or deletes a draft.
    ///
    /// # Errors
    /// Xero's sentence when it refuses.
    pub async fn void(&self, tenant: Uuid, invoice: Uuid) -> Result<()> {
        self.act(tenant, &Act::Void { invoice }).await.map(drop)
    }

    /// Archives a contact.
    ///
    /// # Errors
    /// When the contact is unknown.
    pub async fn archive_contact(&self, tenant: Uuid, contact: Uuid) -> Result<()> {
        self.act(tenant, &Act::ArchiveContact { contact, archived: true }).await.map(drop)
    }

    /// Archives an account.
    ///
    /// # Errors
    /// When the code is unknown.
    pub async fn archive_account(&self, tenant: Uuid, code: &str) -> Result<()> {
        self.act(tenant, &Act::ArchiveAccount { code: code.to_owned(), archived: true }).await.map(drop)
    }

    /// Restores an archived account.
    ///
    /// # Errors
    /// When the code is unknown.
    pub async fn restore_account(&self, tenant: Uuid, code: &str) -> Result<()> {
        self.act(tenant, &Act::ArchiveAccount { code: code.to_owned(), archived: false }).await.map(drop)
    }

    /// Merges a contact into another.
    ///
    /// # Errors
    /// When either is unknown.
    pub async fn merge_contacts(&self, tenant: Uuid, loser: Uuid, winner: Uuid) -> Result<()> {
        self.act(tenant, &Act::MergeContacts { loser, winner }).await.map(drop)
    }

    /// Locks everything up to a day.
    ///
    /// # Errors
    /// When the organisation is unknown.
    pub async fn lock_period(&self, tenant: Uuid, until: Option<Date>) -> Result<()> {
        self.act(tenant, &Act::LockPeriod { until, end_of_year: false }).await.map(drop)
    }

    /// Disconnects an app for all users.
    ///
    /// # Errors
    /// When the stand-in cannot be reached.
    pub async fn disconnect_app(&self, tenant: Uuid, client_id: &str) -> Result<()> {
        self.act(tenant, &Act::DisconnectApp { client_id: client_id.to_owned(), user: None }).await.map(drop)
    }

    /// Changes what a user may do; none removes the user.
    ///
    /// # Errors
    /// When the organisation is unknown.
    pub async fn change_role(&self, tenant: Uuid, user: Uuid, role: Option<Role>) -> Result<()> {
        self.act(tenant, &Act::ChangeRole { user, role }).await.map(drop)
    }

    /// Counts and sums of an organisation.
    ///
    /// # Errors
    /// When the organisation is unknown.
    pub async fn totals(&self, tenant: Uuid) -> Result<Totals> {
        self.get(&format!("/organisations/{tenant}/totals")).await
    }

    /// All contacts and documents of an organisation: `Contacts`, `Invoices`, `CreditNotes`,
    /// `BankTransactions`, `Payments`, `HistoryRecords`.
    ///
    /// # Errors
    /// When the organisation is unknown.
    pub async fn snapshot(&self, tenant: Uuid) -> Result<Value> {
        self.get(&format!("/organisations/{tenant}/snapshot")).await
    }

    /// All connections of all apps.
    ///
    /// # Errors
    /// When the stand-in cannot be reached.
    pub async fn connections(&self) -> Result<Vec<ConnectionState>> {
        self.get("/connections").await
    }

    /// The switches as they are.
    ///
    /// # Errors
    /// When the stand-in cannot be reached.
    pub async fn switches(&self) -> Result<Switches> {
        self.get("/switches").await
    }

    /// Sets some switches by name, such as `{"limits": false}`.
    ///
    /// # Errors
    /// When a name is unknown or a value of the wrong kind.
    pub async fn set_switches(&self, change: &Value) -> Result<Switches> {
        self.send(Method::PATCH, "/switches", change).await
    }

    /// The stand-in's time.
    ///
    /// # Errors
    /// When the stand-in cannot be reached.
    pub async fn clock(&self) -> Result<ClockState> {
        self.get("/clock").await
    }

    /// Moves the time forward.
    ///
    /// # Errors
    /// When the stand-in cannot be reached.
    pub async fn advance_clock(&self, seconds: i64) -> Result<ClockState> {
        self.send(Method::POST, "/clock", &ClockMove::Advance(seconds)).await
    }

    /// Sets the time.
    ///
    /// # Errors
    /// When the stand-in cannot be reached.
    pub async fn set_clock(&self, to: Timestamp) -> Result<ClockState> {
        self.send(Method::POST, "/clock", &ClockMove::Set(to)).await
    }

    /// Stops the time, or lets it run again.
    ///
    /// # Errors
    /// When the stand-in cannot be reached.
    pub async fn freeze_clock(&self, frozen: bool) -> Result<ClockState> {
        self.send(Method::POST, "/clock", &ClockMove::Freeze(frozen)).await
    }

    /// Orders a failure.
    ///
    /// # Errors
    /// When the stand-in cannot be reached.
    pub async fn fault(&self, fault: &Fault) -> Result<()> {
        self.nothing(Method::POST, "/faults", fault).await
    }

    /// The failures that still wait.
    ///
    /// # Errors
    /// When the stand-in cannot be reached.
    pub async fn faults(&self) -> Result<Vec<Fault>> {
        self.get("/faults").await
    }

    /// Takes all orders for failures back.
    ///
    /// # Errors
    /// When the stand-in cannot be reached.
    pub async fn clear_faults(&self) -> Result<()> {
        self.nothing(Method::DELETE, "/faults", &()).await
    }

    /// Uses up the calls that an app has left for a tenant in this minute, or day.
    ///
    /// # Errors
    /// When the stand-in cannot be reached.
    pub async fn exhaust_limit(&self, client_id: &str, tenant: Uuid, day: bool) -> Result<()> {
        let wanted = Exhaust { client_id: client_id.to_owned(), tenant, day, leave: 0 };
        self.nothing(Method::POST, "/limits/exhaust", &wanted).await
    }

    /// Leaves so many calls of the day to an app and tenant.
    ///
    /// # Errors
    /// When the stand-in cannot be reached.
    pub async fn leave_of_day(&self, client_id: &str, tenant: Uuid, leave: u32) -> Result<()> {
        let wanted = Exhaust { client_id: client_id.to_owned(), tenant, day: true, leave };
        self.nothing(Method::POST, "/limits/exhaust", &wanted).await
    }

    /// The requests that the Xero side received.
    ///
    /// # Errors
    /// When the stand-in cannot be reached.
    pub async fn journal(&self, wanted: &JournalQuery) -> Result<Vec<JournalEntry>> {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("since", &wanted.since.to_string()).append_pair("bodies", &wanted.bodies.to_string());
        if let Some(operation) = &wanted.operation {
            query.append_pair("operation", operation);
        }
        if let Some(tenant) = wanted.tenant {
            query.append_pair("tenant", &tenant.to_string());
        }
        self.get(&format!("/journal?{}", query.finish())).await
    }

    /// Forgets all requests so far.
    ///
    /// # Errors
    /// When the stand-in cannot be reached.
    pub async fn clear_journal(&self) -> Result<()> {
        self.nothing(Method::DELETE, "/journal", &()).await
    }

    /// All webhook deliveries and their fate.
    ///
    /// # Errors
    /// When the stand-in cannot be reached.
    pub async fn deliveries(&self) -> Result<Vec<Delivery>> {
        self.get("/webhooks").await
    }

    /// Delivers all that is due now, and returns when it is done.
    ///
    /// # Errors
    /// When the stand-in cannot be reached.
    pub async fn settle_webhooks(&self) -> Result<()> {
        self.nothing(Method::POST, "/webhooks/settle", &()).await
    }

    /// Keeps events back from now on.
    ///
    /// # Errors
    /// When the stand-in cannot be reached.
    pub async fn hold_webhooks(&self) -> Result<()> {
        self.nothing(Method::POST, "/webhooks/hold", &()).await
    }

    /// Lets held events go: in a batch, one by one, reversed, with copies. Returns when they are delivered.
    ///
    /// # Errors
    /// When the stand-in cannot be reached.
    pub async fn release_webhooks(&self, form: &Release) -> Result<()> {
        self.nothing(Method::POST, "/webhooks/release", form).await
    }

    /// Sends a delivery once more.
    ///
    /// # Errors
    /// When the delivery is unknown.
    pub async fn redeliver(&self, delivery: Uuid) -> Result<Uuid> {
        self.id(Method::POST, &format!("/webhooks/{delivery}/redeliver"), &()).await
    }

    /// Runs the intent-to-receive series against an app's webhook.
    ///
    /// # Errors
    /// When the app has no webhook.
    pub async fn intent_to_receive(&self, client_id: &str) -> Result<IntentToReceive> {
        self.send(Method::POST, &format!("/apps/{client_id}/webhook/intent"), &()).await
    }

    /// Switches a disabled webhook on again.
    ///
    /// # Errors
    /// When the app is unknown.
    pub async fn enable_webhook(&self, client_id: &str) -> Result<()> {
        self.nothing(Method::POST, &format!("/apps/{client_id}/webhook/enable"), &()).await
    }

    /// Sends a body of one's own to an app's webhook, signed with its key.
    ///
    /// # Errors
    /// When the app has no webhook.
    pub async fn send_webhook(&self, client_id: &str, body: impl Into<String>) -> Result<Uuid> {
        let path = format!("/apps/{client_id}/webhook/send");
        id_of(&read(&self.exchange(Method::POST, &path, "text/plain", body.into()).await?)?)
    }

    async fn made(&self, tenant: Uuid, act: Act) -> Result<Uuid> {
        let done = self.act(tenant, &act).await?;
        done.id.ok_or_else(|| ControlError::Page("an act without an id".to_owned()))
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        read(&self.exchange(Method::GET, path, "application/json", String::new()).await?)
    }

    async fn send<T: DeserializeOwned>(&self, method: Method, path: &str, body: &impl Serialize) -> Result<T> {
        read(&self.posted(method, path, body).await?)
    }

    async fn id(&self, method: Method, path: &str, body: &impl Serialize) -> Result<Uuid> {
        id_of(&self.send::<Value>(method, path, body).await?)
    }

    async fn nothing(&self, method: Method, path: &str, body: &impl Serialize) -> Result<()> {
        self.posted(method, path, body).await.map(drop)
    }

    async fn posted(&self, method: Method, path: &str, body: &impl Serialize) -> Result<String> {
        let body = serde_json::to_string(body).map_err(|error| ControlError::Page(error.to_string()))?;
        self.exchange(method, path, "application/json", body).await
    }

    /// One request: the text of the answer, or the refusal as an error.
    async fn exchange(&self, method: Method, path: &str, content_type: &str, body: String) -> Result<String> {
        match &self.0 {
            Way::Http { base, http } => {
                let request = http.request(method, format!("{base}{path}")).header("content-type", content_type);
                Ok(checked(request.body(body)).await?.text().await?)
            }
            Way::Inside(router) => {
                let page = |error: http::Error| ControlError::Page(error.to_string());
                let request = Request::builder().method(method).uri(path).header("content-type", content_type);
                let request = request.body(Body::from(body)).map_err(page)?;
                let answer = TowerToHyperService::new(router.clone()).call(request).await;
                let answer = answer.unwrap_or_else(|never| match never {});
                let status = answer.status();
                let text = answer.into_body().collect().await.map_err(|error| ControlError::Page(error.to_string()))?;
                let text = String::from_utf8_lossy(&text.to_bytes()).into_owned();
                if status.is_success() { Ok(text) } else { Err(refused(status.as_u16(), text)) }
            }
        }
    }
}

fn id_of(value: &Value) -> Result<Uuid> {
    let id = value.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
    id.ok_or_else(|| ControlError::Page(json!({"no id in": value}).to_string()))
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| ControlError::Page(error.to_string()))
}

/// The answer, or the refusal as an error.
pub(super) async fn checked(request: RequestBuilder) -> Result<reqwest::Response> {
    let answer = request.send().await?;
    let status = answer.status();
    if status.is_success() || status.is_redirection() {
        return Ok(answer);
    }
    Err(refused(status.as_u16(), answer.text().await?))
}

fn refused(status: u16, text: String) -> ControlError {
    let told: Option<Value> = serde_json::from_str(&text).ok();
    let message = told.and_then(|value| value.get("error").and_then(Value::as_str).map(str::to_owned));
    ControlError::Refused { status, message: message.unwrap_or(text) }
}
