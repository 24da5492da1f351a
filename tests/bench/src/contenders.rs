//! What is measured: the seven functions and their peers, each with the one event that is typical of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use rig::function::Setup;
use rig::process::batch;
use rig::tenant::Tenant;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::peers::Peers;
use crate::scene::{BARE, SAME, Scene};
use crate::{KEY, invoice_event};

/// The functions, by the names of their packages.
pub const FUNCTIONS: [&str; 8] = ["webhook", "sync", "ingest", "settings", "connect", "callback", "payments", "upkeep"];
/// Cold starts of those that are compared with a peer, and of the peers.
const COLD_STARTS: usize = 31;
/// Cold starts of the others.
const FEWER_COLD_STARTS: usize = 11;

/// One of them.
pub struct Contender {
    /// Its name in the table, which the baseline knows it by.
    pub name: &'static str,
    /// How it is started.
    pub setup: Setup,
    /// How large its code is.
    pub code_bytes: u64,
    /// How often it is started.
    pub cold_starts: usize,
    event: Event,
}

/// What it is given.
enum Event {
    /// A signed delivery about one invoice.
    Delivery,
    /// An invoice of three lines, a new one each time, whose contact is known.
    Invoice(Tenant),
    /// The same, for the intake over HTTP.
    Intake(Tenant),
    /// A consent that an account begins, another account each time: one alone may begin five.
    Consent,
    /// A request, always the same.
    Request(Value),
    /// A message of a queue, always the same.
    Message(Value),
}

impl Contender {
    /// Its event; the number makes it one that was never there before.
    ///
    /// # Errors
    /// When a sample is not what it was.
    pub fn event(&self, number: u64) -> anyhow::Result<Value> {
        Ok(match &self.event {
            Event::Delivery => delivery(number),
            Event::Invoice(tenant) => batch(tenant, &[invoice_event(tenant.account.as_str(), number)]),
            Event::Intake(tenant) => {
                let mut request = sample(include_str!("../../events/ingest.json"), tenant.account.as_str())?;
                let body = json!({ "events": [invoice_event(tenant.account.as_str(), number)] });
                *request.get_mut("body").context("a sample has no body")? = body.to_string().into();
                request
            }
            Event::Consent => sample(include_str!("../../events/connect.json"), &format!("acc_connect_{number}"))?,
            Event::Request(event) | Event::Message(event) => event.clone(),
        })
    }

    /// Whether it did what it was asked: nothing refused, nothing handed back.
    ///
    /// # Errors
    /// With its answer, when it did not.
    pub fn accept(&self, answer: &Value) -> anyhow::Result<()> {
        let done = match answer.get("statusCode").and_then(Value::as_u64) {
            // The callback's answer is a redirect, whatever came.
            Some(status) => status < 400,
            None => answer.get("batchItemFailures").and_then(Value::as_array).is_some_and(Vec::is_empty),
        };
        ensure!(done, "{} did not do its job: {answer}", self.name);
        Ok(())
    }
}

/// One delivery of the webhook.
#[must_use]
pub fn delivery(number: u64) -> Value {
    let event = drive::deliveries::event(Uuid::from_u128(1), Uuid::from_u128(u128::from(number)));
    let body = drive::deliveries::body(&[event], i64::try_from(number).unwrap_or(1).max(1));
    drive::deliveries::gateway_event(&body, &drive::deliveries::sign(KEY, body.as_bytes()), false)
}

/// The functions, in the order of the table.
///
/// # Errors
/// When one was not built.
pub async fn functions(scene: &Scene, binaries: &BTreeMap<String, PathBuf>) -> anyhow::Result<Vec<Contender>> {
    let sync = function(scene, binaries, "sync", Event::Invoice(scene.tenant("sync")?.clone()))?;
    // The first invoice of an account makes its contact and reads its organisation; and payments need one to look at.
    for account in ["sync", "payments", SAME] {
        first_invoice(&sync, scene.tenant(account)?).await.context("an account cannot be prepared")?;
    }
    let payments = scene.tenant("payments")?;
    let hint = json!({ "version": 1, "tenant_id": payments.id, "invoice_ids": [scene.invoice("payments").await?] });
    let upkeep = scene.tenant("upkeep")?;
    let check = json!({ "version": 1, "account_id": upkeep.account, "task": "check_connection" });
    let settings = scene.tenant("settings")?.account.as_str();
    let status = sample(include_str!("../../events/settings.json"), settings)?;
    let callback = serde_json::from_str(include_str!("../../events/callback.json"))?;
    let of = |name, event| function(scene, binaries, name, event);
    Ok(vec![
        of("webhook", Event::Delivery)?,
        sync,
        of("ingest", Event::Intake(scene.tenant("ingest")?.clone()))?,
        of("settings", Event::Request(status))?,
        of("connect", Event::Consent)?,
        of("callback", Event::Request(callback))?,
        of("payments", Event::Message(batch(payments, &[hint])))?,
        of("upkeep", Event::Message(batch(upkeep, &[check])))?,
    ])
}

/// The peers.
///
/// # Errors
/// When a bundle is missing.
pub fn peers(scene: &Scene, peers: &Peers) -> anyhow::Result<Vec<Contender>> {
    let peer = |name, handler: &str, account: Option<&str>| {
        let tenant = account.map(|account| scene.tenant(account).cloned()).transpose()?;
        let bundle = peers.bundle(handler);
        anyhow::Ok(Contender {
            name,
            setup: Setup {
                name: handler.to_owned(),
                binary: peers.node.clone(),
                arguments: peers.arguments(handler),
                environment: scene.environment(),
                log: log(),
            },
            code_bytes: size(&bundle)?,
            cold_starts: COLD_STARTS,
            event: tenant.map_or(Event::Delivery, Event::Invoice),
        })
    };
    Ok(vec![
        peer(WEBHOOK_PEER, "webhook", None)?,
        peer(BARE_PEER, "sync", Some(BARE))?,
        peer(SAME_PEER, "sync-same-calls", Some(SAME))?,
    ])
}

/// The webhook in Node.
pub const WEBHOOK_PEER: &str = "webhook in Node";
/// An invoice to Xero and one write, in Node.
pub const BARE_PEER: &str = "sync in Node, bare";
/// The sync in Node with all the calls that ours makes.
pub const SAME_PEER: &str = "sync in Node, same calls";

fn function(
    scene: &Scene,
    binaries: &BTreeMap<String, PathBuf>,
    name: &'static str,
    event: Event,
) -> anyhow::Result<Contender> {
    let binary = binaries.get(name).with_context(|| format!("{name} was not built"))?.clone();
    let has_peer = ["webhook", "sync"].contains(&name);
    Ok(Contender {
        name,
        code_bytes: size(&binary)?,
        setup: Setup {
            name: name.to_owned(),
            binary,
            arguments: Vec::new(),
            environment: scene.environment(),
            log: log(),
        },
        cold_starts: if has_peer { COLD_STARTS } else { FEWER_COLD_STARTS },
        event,
    })
}

async fn first_invoice(sync: &Contender, tenant: &Tenant) -> anyhow::Result<()> {
    let mut function = rig::function::Function::start(&sync.setup).await?;
    function.ready().await?;
    let event = batch(tenant, &[invoice_event(tenant.account.as_str(), 0)]);
    sync.accept(&function.invoke(&event).await?.answer()?)?;
    function.kill().await
}

/// A sample event of the repository, from somebody's token.
fn sample(text: &str, account: &str) -> anyhow::Result<Value> {
    let mut event: Value = serde_json::from_str(text)?;
    let claim = event.pointer_mut("/requestContext/authorizer/jwt/claims/sub").context("a sample names nobody")?;
    *claim = account.into();
    Ok(event)
}

/// Where their output goes, when one of them fails and somebody has to see why: `RIG_LOG` names a file.
fn log() -> Option<PathBuf> {
    std::env::var_os("RIG_LOG").map(PathBuf::from)
}

fn size(path: &Path) -> anyhow::Result<u64> {
    Ok(path.metadata().with_context(|| format!("failed to find {}", path.display()))?.len())
}
