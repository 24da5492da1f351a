//! Clients written by somebody else: Xero's own SDKs for Node and Python, unchanged, run against the stand-in.
//!
//! Each is installed below the build folder; where no registry answers the test says so and passes. What they
//! called is read from the journal, and every operation that the stand-in serves must be among it.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test they serve")]

mod install;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tokio::process::Command;
use xero_stand_in::control::{self, Act, AppRegistration, Choice, JournalQuery, Tier};
use xero_stand_in::{ALEX, BANK, Config, HARBOUR_SOUND, StandIn};

const SCOPES: &str = "openid profile email offline_access accounting.invoices accounting.contacts \
     accounting.settings accounting.payments accounting.banktransactions accounting.attachments";
const REDIRECT: &str = "http://localhost:4000/callback";

fn say(sentence: &str) {
    eprintln!("{sentence}");
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk").join(name)
}

fn app() -> AppRegistration {
    AppRegistration {
        client_id: "5E55104A10000000000000000000A002".to_owned(),
        client_secret: "secret".to_owned(),
        name: "SDK".to_owned(),
        redirect_uris: vec![REDIRECT.to_owned()],
        scopes: SCOPES.split_whitespace().map(str::to_owned).collect(),
        tier: Tier::Core,
        ..AppRegistration::default()
    }
}

async fn started() -> StandIn {
    let stand_in = StandIn::start(Config::default()).await.unwrap();
    stand_in.control().register_app(&app()).await.unwrap();
    stand_in.control().set_switches(&json!({"limits": false})).await.unwrap();
    stand_in
}

/// Tokens of a consent, as `(access, refresh)`.
async fn tokens(stand_in: &StandIn) -> (String, String) {
    let mut url = url::Url::parse(&format!("{}/identity/connect/authorize", stand_in.xero_url())).unwrap();
    let app = app();
    url.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", &app.client_id),
        ("redirect_uri", REDIRECT),
        ("scope", SCOPES),
        ("state", "x"),
    ]);
    let location = control::consent(url.as_str(), Choice::allow(ALEX, HARBOUR_SOUND)).await.unwrap();
    let location = url::Url::parse(&location).unwrap();
    let code = location.query_pairs().find(|(key, _)| key == "code").unwrap().1.into_owned();
    let form = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", REDIRECT)];
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = install::http()
        .post(format!("{}/connect/token", stand_in.xero_url()))
        .basic_auth(&app.client_id, Some(&app.client_secret))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    let answer: Value = serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap();
    let token = |name: &str| answer.get(name).and_then(Value::as_str).unwrap().to_owned();
    (token("access_token"), token("refresh_token"))
}

/// Runs a program that is to call everything, and checks that it did.
async fn calls_everything(sdk: &str, mut program: Command) {
    let stand_in = started().await;
    let control = stand_in.control();
    let act = async |act: Act| control.act(HARBOUR_SOUND, &act).await.unwrap().id.unwrap();
    let contact = act(Act::CreateContact { fields: json!({"Name": "Prepaid Customer"}) }).await;
    let amount = rust_decimal::Decimal::ONE_HUNDRED;
    let over = act(Act::Prepay { contact, amount, overpayment: true, spend: false }).await;
    let pre = act(Act::Prepay { contact, amount, overpayment: false, spend: false }).await;
    let (access, refresh) = tokens(&stand_in).await;
    let app = app();
    let run = program
        .env("BASE", stand_in.xero_url())
        .env("CLIENT_ID", &app.client_id)
        .env("CLIENT_SECRET", &app.client_secret)
        .env("REDIRECT_URI", REDIRECT)
        .env("SCOPES", SCOPES)
        .env("ACCESS_TOKEN", access)
        .env("REFRESH_TOKEN", refresh)
        .env("BANK", BANK.to_string())
        .env("CONTACT", contact.to_string())
        .env("OVERPAYMENT", over.to_string())
        .env("PREPAYMENT", pre.to_string())
        .output()
        .await
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{out}{err}");
    let journal = control.journal(&JournalQuery::default()).await.unwrap();
    let answered = journal.iter().filter(|entry| (200..300).contains(&entry.status));
    let called: BTreeSet<&str> = answered.map(|entry| entry.operation.as_str()).collect();
    let served: BTreeSet<&str> = xero_stand_in::operations().into_iter().collect();
    let missing: Vec<_> = served.difference(&called).collect();
    assert!(missing.is_empty(), "{sdk} did not call {missing:?}");
    say(&format!("{sdk}: {} of {} operations", served.intersection(&called).count(), served.len()));
}

#[tokio::test]
async fn xeros_sdk_for_node_calls_every_operation_and_reads_every_answer() {
    let Some(modules) = install::node().await else {
        return say(&format!("SKIPPED: {} cannot be installed here (node, npm and a registry)", install::NODE_SDK));
    };
    let mut program = Command::new("node");
    program.arg(script("every_call.cjs")).env("NODE_PATH", modules);
    calls_everything(install::NODE_SDK, program).await;
}

#[tokio::test]
async fn xeros_sdk_for_python_calls_every_operation_and_reads_every_answer() {
    let Some(packages) = install::python().await else {
        return say(&format!("SKIPPED: {} cannot be installed here (python and a registry)", install::PYTHON_SDK));
    };
    let mut program = Command::new("python3");
    program.arg(script("client.py")).env("PYTHONPATH", packages);
    calls_everything(install::PYTHON_SDK, program).await;
}

#[tokio::test]
async fn xeros_own_sdk_connects_writes_pays_and_gets_the_error_of_a_duplicate_number() {
    let Some(modules) = install::node().await else {
        return say(&format!("SKIPPED: {} cannot be installed here (node, npm and a registry)", install::NODE_SDK));
    };
    let stand_in = started().await;
    let app = app();
    let run = Command::new("node")
        .arg(script("client.cjs"))
        .arg(stand_in.xero_url())
        .env("NODE_PATH", modules)
        .env("CLIENT_ID", &app.client_id)
        .env("CLIENT_SECRET", &app.client_secret)
        .env("REDIRECT_URI", REDIRECT)
        .env("SCOPES", SCOPES)
        .output()
        .await
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{out}{err}");
}
