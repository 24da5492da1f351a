//! How many requests a second the stand-in serves: a mix of reads and creates over kept connections.
//!
//! `cargo run --release -p xero-stand-in --example throughput` prints what it measured.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use xero_stand_in::control::{self, AppRegistration, Choice, Tier};
use xero_stand_in::{ALEX, Config, HARBOUR_SOUND, StandIn};

const CLIENTS: usize = 16;
const LASTS: Duration = Duration::from_secs(5);
const REDIRECT: &str = "http://localhost:4000/callback";
const SCOPES: &str = "offline_access accounting.invoices accounting.contacts accounting.settings";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let begun = Instant::now();
    let stand_in = StandIn::start(Config::default()).await?;
    let start = begun.elapsed();
    let token = connected(&stand_in).await?;
    let contact = contact(&stand_in, &token).await?;
    let served = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..CLIENTS {
        let caller = Caller {
            http: reqwest_client()?,
            base: format!("{}/api.xro/2.0", stand_in.xero_url()),
            token: token.clone(),
            contact: contact.clone(),
            client,
        };
        clients.spawn(caller.run(begun, served.clone()));
    }
    while let Some(done) = clients.join_next().await {
        done??;
    }
    let took = begun.elapsed();
    let served = served.load(Ordering::Relaxed);
    let per_second = u128::try_from(served)? * 1000 / took.as_millis().max(1);
    writeln!(std::io::stdout(), "start: {start:?}")?;
    writeln!(std::io::stdout(), "served: {served} requests in {took:?}, {per_second} a second")?;
    Ok(())
}

/// One client over one connection.
struct Caller {
    http: reqwest::Client,
    base: String,
    token: String,
    contact: String,
    client: usize,
}

impl Caller {
    async fn run(self, begun: Instant, served: Arc<AtomicUsize>) -> anyhow::Result<()> {
        for round in 0_usize.. {
            if begun.elapsed() > LASTS {
                break;
            }
            let request = match round % 8 {
                0 => self.http.put(format!("{}/Invoices", self.base)).json(&self.invoice(round)),
                1 => self.http.get(format!("{}/Accounts", self.base)),
                2 => self.http.get(format!("{}/Contacts/{}", self.base, self.contact)),
                3 => self.http.get(format!("{}/Invoices?InvoiceNumbers=T-0-0", self.base)),
                _ => self.http.get(format!("{}/Organisation", self.base)),
            };
            let request = request.bearer_auth(&self.token).header("accept", "application/json");
            let answer = request.header("xero-tenant-id", HARBOUR_SOUND.to_string()).send().await?;
            ensure!(answer.status().is_success(), "refused with {}", answer.status());
            answer.bytes().await?;
            served.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    fn invoice(&self, round: usize) -> Value {
        json!({"Invoices": [{"Type": "ACCREC", "Status": "AUTHORISED", "InvoiceNumber": format!("T-{}-{round}", self.client),
            "Contact": {"ContactID": self.contact}, "Date": "2026-11-20", "DueDate": "2026-12-20",
            "LineItems": [{"Description": "Session", "Quantity": 3, "UnitAmount": 150, "AccountCode": "200"}]}]})
    }
}

async fn connected(stand_in: &StandIn) -> anyhow::Result<String> {
    let app = AppRegistration {
        client_id: "THROUGHPUT".to_owned(),
        client_secret: "secret".to_owned(),
        redirect_uris: vec![REDIRECT.to_owned()],
        scopes: SCOPES.split_whitespace().map(str::to_owned).collect(),
        tier: Tier::Core,
        ..AppRegistration::default()
    };
    stand_in.control().register_app(&app).await?;
    stand_in.control().set_switches(&json!({"limits": false})).await?;
    let query = [
        ("response_type", "code"),
        ("client_id", app.client_id.as_str()),
        ("redirect_uri", REDIRECT),
        ("scope", SCOPES),
        ("state", "x"),
    ];
    let url = url::Url::parse_with_params(&format!("{}/identity/connect/authorize", stand_in.xero_url()), query)?;
    let location = control::consent(url.as_str(), Choice::allow(ALEX, HARBOUR_SOUND)).await?;
    let location = url::Url::parse(&location)?;
    let code = location.query_pairs().find(|(key, _)| key == "code").context("no code")?.1.into_owned();
    let form = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", REDIRECT)];
    let request = reqwest_client()?.post(format!("{}/connect/token", stand_in.xero_url()));
    let tokens: Value = request.basic_auth(&app.client_id, Some("secret")).form(&form).send().await?.json().await?;
    Ok(tokens.get("access_token").and_then(Value::as_str).context("no token")?.to_owned())
}

async fn contact(stand_in: &StandIn, token: &str) -> anyhow::Result<String> {
    let request = reqwest_client()?.put(format!("{}/api.xro/2.0/Contacts", stand_in.xero_url()));
    let request = request.bearer_auth(token).header("accept", "application/json");
    let request = request.header("xero-tenant-id", HARBOUR_SOUND.to_string());
    let answer: Value = request.json(&json!({"Contacts": [{"Name": "Harbour Hall"}]})).send().await?.json().await?;
    let id = answer.pointer("/Contacts/0/ContactID").and_then(Value::as_str);
    Ok(id.context("no contact")?.to_owned())
}

/// A client that never speaks TLS.
fn reqwest_client() -> anyhow::Result<reqwest::Client> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let tls = tls.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    Ok(reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls).build()?)
}
