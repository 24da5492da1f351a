//! Xero, as the functions reach it: the stand-in in this process, behind the weather. What it was asked, by whom and for
//! which organisation, is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::{Request, Response};
use tokio::sync::Notify;
use uuid::Uuid;
use xero::http::{Exchange, Exchanged, Failure, TOTAL_TIMEOUT};
use xero_stand_in::InProcess;

use crate::calendar::Calendar;
use crate::process::{self, Run};
use crate::weather::{Fault, Moment, Place, Weather};

/// How long Xero takes for a call.
const LATENCY: Duration = Duration::from_millis(250);

/// A call that arrived at Xero.
#[derive(Clone, Debug)]
pub struct Asked {
    /// When.
    pub at: Timestamp,
    /// By which function; none for one that goes on by itself.
    pub function: &'static str,
    /// Its name.
    pub call: String,
    /// For which organisation.
    pub tenant: Option<String>,
    /// How it was answered; 0 when it was not.
    pub status: u16,
}

/// Xero. Clones are the same.
#[derive(Clone)]
pub struct XeroSide {
    /// The stand-in.
    pub inside: InProcess,
    calendar: Calendar,
    weather: Weather,
    asked: Arc<Mutex<Vec<Asked>>>,
    rotations: Arc<Mutex<TokenRotations>>,
    /// A document with this in it makes Xero fail the whole call.
    poison: Arc<Mutex<Option<String>>>,
    /// Wakes whoever delivers webhooks.
    pub happened: Arc<Notify>,
}

impl fmt::Debug for XeroSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("XeroSide")
    }
}

impl XeroSide {
    /// Xero as this stand-in plays it.
    #[must_use]
    pub fn new(inside: InProcess, calendar: Calendar, weather: Weather) -> Self {
        let (asked, rotations) = (Arc::default(), Arc::default());
        let (poison, happened) = (Arc::default(), Arc::new(Notify::new()));
        Self { inside, calendar, weather, asked, rotations, poison, happened }
    }

    /// What arrived so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether Xero itself ended a user's grant since: it rotated a refresh token, no answer to that ever arrived, and
    /// its half an hour is over.
    #[must_use]
    pub fn took_away(&self, user: Uuid, since: Timestamp) -> bool {
        let rotations = self.rotations.lock().unwrap_or_else(PoisonError::into_inner);
        rotations.taken.get(&user).is_some_and(|at| *at >= since)
    }

    /// From now on a call fails as a whole when a document in it contains this.
    pub fn choke_on(&self, text: Option<String>) {
        *self.poison.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }

    async fn carry(self, run: Option<Arc<Run>>, request: Request) -> Result<Response, Failure> {
        let lost = |cause: &str| Failure { timed_out: false, sent: true, cause: cause.to_owned() };
        let body = request.body().and_then(reqwest::Body::as_bytes).map(Bytes::copy_from_slice).unwrap_or_default();
        let request: http::Request<reqwest::Body> = request.try_into()?;
        let request = request.map(|_| body);
        let call = call(&request);
        let tenant = request.headers().get("xero-tenant-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        let place = match &tenant {
            Some(tenant) => Place::Organisation(tenant.clone()),
            None if call.contains("connect/") => Place::XeroTokens,
            None => Place::XeroApi,
        };
        let fault = self.weather.at(run.as_deref(), &place, &call).or_else(|| self.choked(&request));
        tokio::time::sleep(LATENCY).await;
        let function = run.as_ref().map_or("", |run| run.function);
        let asked = Asked { at: self.calendar.now(), function, call, tenant, status: 0 };
        let Some(fault) = fault else {
            let token = refresh_token(&request);
            let answer = self.done(asked, request).await.ok_or_else(|| lost("the connection was dropped"))?;
            if let Some(token) = token.filter(|_| answer.status().is_success()) {
                self.rotations.lock().unwrap_or_else(PoisonError::into_inner).arrived(token);
            }
            return Ok(answer.into());
        };
        match (&fault, run) {
            (Fault::Killed(Moment::Before), Some(run)) => match run.die().await {},
            (Fault::Killed(_), Some(run)) => {
                self.done(asked, request).await;
                match run.die().await {}
            }
            (Fault::Error(Moment::Before), _) => Ok(error(503, &place)),
            (Fault::Error(_), _) => {
                self.done(asked, request).await;
                Ok(error(500, &place))
            }
            (Fault::Silence(Moment::Before), _) => {
                tokio::time::sleep(TOTAL_TIMEOUT).await;
                Err(Failure { timed_out: true, ..lost("timed out") })
            }
            (Fault::Silence(_) | Fault::Killed(_), _) => {
                self.done(asked, request).await;
                tokio::time::sleep(TOTAL_TIMEOUT).await;
                Err(Failure { timed_out: true, ..lost("timed out") })
            }
            (Fault::Gateway(seconds), _) => {
                let (me, later) = (self.clone(), Duration::from_secs(*seconds));
                tokio::spawn(async move {
                    tokio::time::sleep(later).await;
                    me.done(Asked { function: "", ..asked }, request).await;
                });
                Ok(plain(504, "", &[]))
            }
            (Fault::TooMany(problem, wait), _) => {
                let mut headers = vec![("x-rate-limit-problem", (*problem).to_owned())];
                headers.extend(wait.map(|wait| ("retry-after", wait.to_string())));
                Ok(plain(429, "", &headers))
            }
            (Fault::Whole(status, moment), _) => {
                if *moment != Moment::Before {
                    self.done(asked, request).await;
                }
                let body = r#"{"Type":null,"Title":"An error occurred","Detail":"An error occurred in Xero"}"#;
                Ok(plain(*status, body, &[("content-type", "application/json".to_owned())]))
            }
            (Fault::Cut, _) => {
                let answer = self.done(asked, request).await.ok_or_else(|| lost("the connection was dropped"))?;
                let (parts, body) = answer.into_parts();
                let half = body.slice(..body.len() / 2);
                Ok(http::Response::from_parts(parts, half).into())
            }
        }
    }

    /// Xero does what it is asked.
    async fn done(&self, asked: Asked, request: http::Request<Bytes>) -> Option<http::Response<Bytes>> {
        self.inside.set_time(self.calendar.now());
        let token = refresh_token(&request);
        let answer = self.inside.call(request).await;
        let status = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
        if let Some(token) = token {
            let user = self.inside.user_of(&token);
            self.rotations.lock().unwrap_or_else(PoisonError::into_inner).note(
                token,
                user,
                status,
                self.calendar.now(),
            );
        }
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(Asked { status, ..asked });
        self.happened.notify_one();
        answer
    }

    fn choked(&self, request: &http::Request<Bytes>) -> Option<Fault> {
        let poison = self.poison.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let writes = request.method() == http::Method::PUT;
        let chokes = writes && String::from_utf8_lossy(request.body()).contains(&poison);
        chokes.then_some(Fault::Whole(500, Moment::Before))
    }
}

/// What Xero did with refresh tokens, and whose answers never arrived.
#[derive(Debug, Default)]
struct TokenRotations {
    /// Tokens that were rotated, of which no answer has arrived.
    lost: BTreeSet<String>,
    /// Tokens of which an answer has arrived: what becomes of it is ours to keep.
    known: BTreeSet<String>,
    /// Whose grant ended so, and when.
    taken: BTreeMap<Uuid, Timestamp>,
}

impl TokenRotations {
    fn arrived(&mut self, token: String) {
        self.lost.remove(&token);
        self.known.insert(token);
    }

    fn note(&mut self, token: String, user: Option<Uuid>, status: u16, now: Timestamp) {
        match status {
            200 if !self.known.contains(&token) => drop(self.lost.insert(token)),
            400 if self.lost.contains(&token) => drop(user.map(|user| self.taken.insert(user, now))),
            _ => {}
        }
    }
}

/// The refresh token that a request uses.
fn refresh_token(request: &http::Request<Bytes>) -> Option<String> {
    let form = url::form_urlencoded::parse(request.body());
    let is_token = request.uri().path().ends_with("connect/token");
    form.filter(|_| is_token).find(|(name, _)| name == "refresh_token").map(|(_, value)| value.into_owned())
}

fn error(status: u16, place: &Place) -> Response {
    let text = if matches!(place, Place::Organisation(_)) && status == 503 {
        "The Organisation is offline"
    } else {
        "Service Unavailable"
    };
    plain(status, text, &[("content-type", "text/plain".to_owned())])
}

fn plain(status: u16, body: &str, headers: &[(&'static str, String)]) -> Response {
    let mut answer = http::Response::new(Bytes::copy_from_slice(body.as_bytes()));
    *answer.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let Ok(value) = http::HeaderValue::from_str(value) {
            answer.headers_mut().insert(*name, value);
        }
    }
    answer.into()
}

/// A call's name without ids: `PUT Invoices`, `GET Invoices ?InvoiceNumbers`, `POST connect/token`.
fn call(request: &http::Request<Bytes>) -> String {
    let path = request.uri().path().trim_start_matches('/').trim_start_matches("api.xro/2.0/");
    let segments = path.split('/').map(|part| if uuid::Uuid::parse_str(part).is_ok() { "{id}" } else { part });
    let path = segments.collect::<Vec<_>>().join("/");
    let query = request.uri().query().unwrap_or_default();
    let names: Vec<&str> = query.split('&').filter_map(|pair| pair.split('=').next()).collect();
    let known = ["InvoiceNumbers", "where", "IDs", "searchTerm", "ContactNumber"];
    match known.into_iter().find(|key| names.iter().any(|name| name.eq_ignore_ascii_case(key))) {
        Some(key) => format!("{} {path} ?{key}", request.method()),
        None => format!("{} {path}", request.method()),
    }
}

impl Exchange for XeroSide {
    fn exchange(&self, request: Request) -> Exchanged {
        Box::pin(self.clone().carry(process::current(), request))
    }
}
