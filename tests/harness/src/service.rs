//! The whole service on one calendar: functions are invoked by queues, schedules and requests, as AWS invokes them;
//! Sessional's backend reads what it is told; Xero delivers its webhooks.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use lambda_http::Body;
use serde_json::{Value, json};
use xero_stand_in::control::{self, AppRegistration, Tier, WebhookSettings};
use xero_stand_in::{Config, StandIn};

use crate::calendar::Calendar;
use crate::cloud::Cloud;
use crate::functions::{CREDENTIALS, Parts, REDIRECT, SCOPES, WEBHOOK_KEY};
use crate::logs::Logs;
use crate::process::Run;
use crate::template::Template;
use crate::weather::Weather;
use crate::xero_side::XeroSide;

/// Our app at Xero.
pub const CLIENT_ID: &str = "5E55104A10000000000000000000A001";
/// Its secret.
pub const CLIENT_SECRET: &str = "a-secret_with-signs";
/// The key of its webhook.
pub const KEY: &str = "the-key-of-the-webhook";
/// How long a process lives at most; Lambda gives no promise.
const LIFE: u32 = 40;

/// How Xero's deliveries travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Post {
    /// At once.
    #[default]
    Prompt,
    /// Not at all.
    Lost,
    /// Twice.
    Twice,
    /// Some time later, each after its own.
    Late,
}

/// How schedules fire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bell {
    /// When they should.
    #[default]
    Rings,
    /// Not.
    Silent,
    /// Twice.
    Twice,
}

/// Something that Sessional's backend was told.
#[derive(Clone, Debug)]
pub struct Told {
    /// When it read it.
    pub at: Timestamp,
    /// The notification.
    pub notification: Value,
}

/// An answer of the API.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status; 0 when the function did not answer.
    pub status: u16,
    /// Where it sends the browser.
    pub location: Option<String>,
    /// Cookies that it sets.
    pub cookies: Vec<String>,
    /// The body.
    pub body: Value,
}

/// A warm process: the function, how far its clock is off, how often it ran.
struct Warm<A>(A, SignedDuration, u32);
type Pool<A> = RefCell<Vec<Warm<A>>>;

#[derive(Default)]
struct Pools {
    sync: Pool<sync::App>,
    payments: Pool<payments::App>,
    upkeep: Pool<upkeep::App>,
    connect: Pool<connect::App>,
    callback: Pool<callback::App>,
    settings: Pool<settings::App>,
    ingest: Pool<ingest::App>,
    webhook: Pool<webhook::App>,
}

/// The service.
pub struct Service {
    /// Time.
    pub calendar: Calendar,
    /// What is out of order.
    pub weather: Weather,
    /// AWS.
    pub cloud: Cloud,
    /// Xero.
    pub xero: XeroSide,
    /// What the stand-in can be told to do.
    pub control: control::Client,
    /// What was logged.
    pub logs: Logs,
    /// How deliveries travel.
    pub post: Cell<Post>,
    /// How schedules fire.
    pub bell: Cell<Bell>,
    /// By how many seconds the clocks of new processes may be off.
    pub skew: Cell<i64>,
    /// Whether Sessional's backend reads.
    pub backend_reads: Cell<bool>,
    pub(crate) template: Template,
    pub(crate) told: RefCell<Vec<Told>>,
    parts: Parts,
    pools: Pools,
    dice: RefCell<fastrand::Rng>,
    _logs: tracing::subscriber::DefaultGuard,
}

impl Service {
    /// Deploys the service at a moment. Everything random in it follows from the seed; the runtime's time has to be
    /// paused and its threads to be one.
    ///
    /// # Errors
    /// When the template cannot be read or the stand-in not be set up.
    pub async fn deploy(seed: u64, begin: Timestamp) -> anyhow::Result<Rc<Self>> {
        rules::random::simulation::seed(seed ^ 0xA5A5);
        fastrand::seed(seed);
        let template = Template::read()?;
        let calendar = Calendar::beginning(begin);
        let (logs, guard) = Logs::begin(calendar);
        let weather = Weather::default();
        let cloud = Cloud::new(&template, calendar, weather.clone());
        let credentials = json!({ "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET });
        cloud.put_secret(CREDENTIALS, &credentials.to_string());
        cloud.put_secret(WEBHOOK_KEY, KEY);
        let config = Config { frozen_at: Some(begin), empty: true, seed: Some(seed ^ 0x5A5A), ..Config::default() };
        let inside = StandIn::in_process(&config)?;
        let control = inside.control().clone();
        let registration = AppRegistration {
            client_id: CLIENT_ID.to_owned(),
            client_secret: CLIENT_SECRET.to_owned(),
            name: "Sessional".to_owned(),
            redirect_uris: vec![REDIRECT.to_owned()],
            scopes: SCOPES.split_whitespace().map(str::to_owned).collect(),
            tier: Tier::Plus,
            certified: true,
            webhook: Some(WebhookSettings::new("https://api.sessional.example/webhooks/accounting", KEY)),
        };
        control.register_app(&registration).await?;
        let xero = XeroSide::new(inside, calendar, weather.clone());
        let (dice, sealed) = dice_of(seed);
        let parts = Parts::new(&cloud, &xero, sealed)?;
        let service = Rc::new(Self {
            calendar,
            weather,
            cloud,
            xero,
            control,
            logs,
            post: Cell::default(),
            bell: Cell::default(),
            skew: Cell::new(0),
            backend_reads: Cell::new(true),
            template,
            told: RefCell::default(),
            parts,
            pools: Pools::default(),
            dice: RefCell::new(dice),
            _logs: guard,
        });
        crate::triggers::start(&service);
        Ok(service)
    }

    /// The table as functions reach it.
    #[must_use]
    pub fn table(&self) -> aws::table::Table {
        self.parts.table()
    }

    /// A queue as functions reach it.
    #[must_use]
    pub fn queue(&self, name: &str) -> aws::queues::Queue {
        self.parts.queue(name)
    }

    /// What Sessional's backend was told so far, in the order in which it read it.
    #[must_use]
    pub fn told(&self) -> Vec<Told> {
        self.told.borrow().clone()
    }

    /// A number below another.
    pub(crate) fn draw(&self, below: usize) -> usize {
        self.dice.borrow_mut().usize(..below.max(1))
    }

    /// A number of seconds below another.
    pub(crate) fn draw_seconds(&self, below: u64) -> Duration {
        Duration::from_secs(self.dice.borrow_mut().u64(..below.max(1)))
    }

    /// All processes end, as at a deployment.
    pub fn recycle(&self) {
        self.pools.sync.borrow_mut().clear();
        self.pools.payments.borrow_mut().clear();
        self.pools.upkeep.borrow_mut().clear();
        self.pools.connect.borrow_mut().clear();
        self.pools.callback.borrow_mut().clear();
        self.pools.settings.borrow_mut().clear();
        self.pools.ingest.borrow_mut().clear();
        self.pools.webhook.borrow_mut().clear();
    }

    /// Runs a function once, in a warm process or a new one; none when it failed, ran out of time or was killed.
    async fn invoke<A, T>(
        &self,
        pool: &Pool<A>,
        (function, subjects): (&'static str, Vec<String>),
        build: impl AsyncFnOnce(&Parts) -> anyhow::Result<A>,
        work: impl AsyncFnOnce(&A, Timestamp) -> T,
    ) -> Option<T> {
        let warm = pool.borrow_mut().pop().filter(|Warm(_, _, runs)| *runs < LIFE);
        let skew = warm.as_ref().map_or_else(|| self.new_skew(), |Warm(_, skew, _)| *skew);
        let run = Run::new(function, skew, subjects);
        let timeout = self.template.timeouts.get(function).copied().unwrap_or(Duration::from_secs(30));
        let deadline = self.calendar.now() + timeout;
        let life = run.live(async {
            let Warm(app, skew, runs) = match warm {
                Some(warm) => warm,
                None => Warm(build(&self.parts).await.ok()?, skew, 0),
            };
            let done = work(&app, deadline).await;
            Some((Warm(app, skew, runs + 1), done))
        });
        let (warm, done) = tokio::time::timeout(timeout, life).await.ok()???;
        pool.borrow_mut().push(warm);
        Some(done)
    }

    fn new_skew(&self) -> SignedDuration {
        let most = self.skew.get();
        if most == 0 {
            SignedDuration::ZERO
        } else {
            SignedDuration::from_secs(self.dice.borrow_mut().i64(-most..=most))
        }
    }

    /// Gives a batch to a function; the ids of the messages that come again, or none when all of them do.
    pub(crate) async fn batch(&self, function: &str, records: &Value) -> Option<Vec<String>> {
        let subjects = subjects(function, records);
        let pools = &self.pools;
        let answer = match function {
            "sync" => {
                let event = serde_json::from_value(records.clone()).ok()?;
                let work = async |app: &sync::App, deadline| app.handle(event, Some(deadline)).await.ok();
                self.invoke(&pools.sync, ("sync", subjects), Parts::sync, work).await??
            }
            "payments" => {
                let event = serde_json::from_value(records.clone()).ok()?;
                let work = async |app: &payments::App, _| app.handle(event).await.ok();
                self.invoke(&pools.payments, ("payments", subjects), Parts::payments, work).await??
            }
            "upkeep" => {
                let event = serde_json::from_value(records.clone()).ok()?;
                let work = async |app: &upkeep::App, _| app.handle(event).await.ok();
                self.invoke(&pools.upkeep, ("upkeep", subjects), Parts::upkeep, work).await??
            }
            _ => return None,
        };
        Some(answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect())
    }

    /// A schedule starts a function; whether it went well.
    pub(crate) async fn ring(&self, function: &str, input: &Value) -> bool {
        let Ok(event) = serde_json::from_value(input.clone()) else { return false };
        if function != "upkeep" {
            return false;
        }
        let work = async |app: &upkeep::App, _| app.handle(event).await.is_ok();
        let subjects = ("upkeep", vec!["schedule".to_owned()]);
        self.invoke(&self.pools.upkeep, subjects, Parts::upkeep, work).await == Some(true)
    }

    /// Calls the API as somebody with a token of this account, or as nobody.
    pub async fn request(
        &self,
        method: &str,
        path: &str,
        account: Option<&str>,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let request = gateway(method, path, account, body, headers, self.calendar.now());
        let request = lambda_http::request::from_str(&request.to_string()).context("the gateway's event is wrong")?;
        let route = path.split('?').next().unwrap_or_default();
        let about = |what: &str| vec![what.to_owned()];
        let pools = &self.pools;
        let response = match (method, route) {
            ("POST", "/webhooks/accounting") => {
                let work = async |app: &webhook::App, _| app.handle(request).await.ok();
                self.invoke(&pools.webhook, ("webhook", about("webhook")), Parts::webhook, work).await.flatten()
            }
            (_, "/oauth/callback") | ("DELETE", "/connection/confirmation") => {
                let work = async |app: &callback::App, _| app.handle(request).await.ok();
                self.invoke(&pools.callback, ("callback", about("callback")), Parts::callback, work).await.flatten()
            }
            ("POST" | "DELETE", "/connection")
            | (_, "/connection/confirmation" | "/connection/organisations" | "/connection/organisation") => {
                let work = async |app: &connect::App, _| app.handle(request).await.ok();
                self.invoke(&pools.connect, ("connect", about("connect")), Parts::connect, work).await.flatten()
            }
            ("POST", "/events") => {
                let work = async |app: &ingest::App, _| app.handle(request).await.ok();
                self.invoke(&pools.ingest, ("ingest", about("ingest")), Parts::ingest, work).await.flatten()
            }
            _ => {
                let work = async |app: &settings::App, _| app.handle(request).await.ok();
                self.invoke(&pools.settings, ("settings", about("settings")), Parts::settings, work).await.flatten()
            }
        };
        let Some(response) = response else {
            return Ok(Answer { status: 0, location: None, cookies: Vec::new(), body: Value::Null });
        };
        let texts = |name: &str| {
            let all = response.headers().get_all(name).iter();
            all.filter_map(|value| value.to_str().ok()).map(str::to_owned).collect::<Vec<_>>()
        };
        let body = match response.body() {
            Body::Text(text) => serde_json::from_str(text).unwrap_or(Value::Null),
            _ => Value::Null,
        };
        Ok(Answer {
            status: response.status().as_u16(),
            location: texts("location").into_iter().next(),
            cookies: texts("set-cookie"),
            body,
        })
    }
}

/// The dice of a seed, and whether its tokens are sealed in the table.
fn dice_of(seed: u64) -> (fastrand::Rng, bool) {
    let mut dice = fastrand::Rng::with_seed(seed ^ 0x0D1C_E000);
    let sealed = dice.bool();
    (dice, sealed)
}

/// Whether tokens are sealed in the table in the service of this seed; otherwise they are secrets.
#[must_use]
pub fn seals_tokens(seed: u64) -> bool {
    dice_of(seed).1
}

/// What a batch is about, for those who count what met what.
fn subjects(function: &str, records: &Value) -> Vec<String> {
    let all = records.get("Records").and_then(Value::as_array);
    let subject = |record: &Value| {
        let body = record.get("body").and_then(Value::as_str).unwrap_or_default();
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        match (function, body.get("type").and_then(Value::as_str)) {
            ("sync", Some(of_type)) => of_type.to_owned(),
            ("sync", None) => "run".to_owned(),
            ("payments", _) => "hint".to_owned(),
            _ => "upkeep".to_owned(),
        }
    };
    let mut subjects: Vec<String> = all.into_iter().flatten().map(subject).collect();
    subjects.sort();
    subjects.dedup();
    subjects
}

/// A request as the gateway hands it to a function.
fn gateway(
    method: &str,
    path: &str,
    account: Option<&str>,
    body: Option<&Value>,
    headers: &[(&str, &str)],
    now: Timestamp,
) -> Value {
    let (route, query) = path.split_once('?').unwrap_or((path, ""));
    let mut all = json!({ "content-type": "application/json", "host": "api.sessional.example" });
    let mut cookies = Vec::new();
    for (name, value) in headers {
        match (*name, all.as_object_mut()) {
            ("cookie", _) => cookies.push(*value),
            (name, Some(all)) => {
                all.insert(name.to_owned(), json!(value));
            }
            (_, None) => {}
        }
    }
    let pairs = url::form_urlencoded::parse(query.as_bytes()).into_owned();
    let parameters: serde_json::Map<String, Value> = pairs.map(|(name, value)| (name, json!(value))).collect();
    let mut context = json!({
        "accountId": "123456789012", "apiId": "api", "domainName": "api.sessional.example", "domainPrefix": "api",
        "http": { "method": method, "path": route, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "app" },
        "requestId": "request", "routeKey": "$default", "stage": "$default", "time": now.to_string(),
        "timeEpoch": now.as_millisecond(),
    });
    if let (Some(account), Some(context)) = (account, context.as_object_mut()) {
        let claims = json!({ "jwt": { "claims": { "sub": account }, "scopes": null } });
        context.insert("authorizer".to_owned(), claims);
    }
    // A delivery's body is signed to the byte: it is handed over as text and not written anew.
    let body = body.map(|body| body.as_str().map_or_else(|| body.to_string(), str::to_owned));
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": route, "rawQueryString": query, "headers": all,
        "cookies": cookies, "queryStringParameters": parameters, "requestContext": context, "body": body,
        "isBase64Encoded": false,
    })
}
