//! The Xero stand-in as a part of the stack, and its controls: what happens at Xero without this service.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use serde_json::json;
use xero_stand_in::control::{AppRegistration, Client, Tier, WebhookSettings};

use crate::layout::{Layout, StackFolder};
use crate::part::{Part, Start};
use crate::ports::Ports;
use crate::python::Python;

/// It starts at once; a machine under load may need longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The same for every local stack, so that a signed sample event can be in the repository. It opens nothing
/// else.
const WEBHOOK_KEY: &str = "the-webhook-key-of-every-local-stack";

/// The stand-in while it runs.
#[derive(Debug)]
pub struct StandIn {
    /// Login, identity and API.
    pub xero: String,
    /// Its controls.
    pub control: String,
    /// Its process.
    pub part: Part,
}

/// The line it prints when it is ready.
#[derive(Deserialize)]
struct Ready {
    xero: String,
    control: String,
}

/// The service as an app of Xero's developer portal.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct App {
    /// Its client id.
    pub client_id: String,
    /// Its client secret.
    pub client_secret: String,
    /// What it signs webhooks with.
    pub webhook_key: String,
}

impl App {
    /// The value of the credentials secret.
    pub fn credentials(&self) -> String {
        json!({ "client_id": self.client_id, "client_secret": self.client_secret }).to_string()
    }

    /// The stack's own, made on the first start.
    pub fn of(folder: &StackFolder) -> anyhow::Result<Self> {
        let path = folder.file("app.json");
        if let Ok(bytes) = fs::read(&path) {
            return serde_json::from_slice(&bytes).context("app.json is of another version");
        }
        let random = || uuid::Uuid::new_v4().simple().to_string();
        let app =
            Self { client_id: random().to_uppercase(), client_secret: random(), webhook_key: WEBHOOK_KEY.to_owned() };
        fs::write(&path, serde_json::to_vec(&app)?).context("failed to write app.json")?;
        Ok(app)
    }
}

/// Starts it and waits for its word.
pub async fn start(
    layout: &Layout,
    python: &Python,
    folder: &StackFolder,
    ports: Ports,
    keeps_state: bool,
) -> anyhow::Result<StandIn> {
    let path = |name: &str| folder.file(name).display().to_string();
    let mut command = vec![path("bin/xero-stand-in")];
    command.extend(["--port".into(), ports.xero.to_string()]);
    command.extend(["--control-port".into(), ports.xero_control.to_string()]);
    if keeps_state {
        command.extend(["--state".into(), path("xero.json")]);
    }
    let output = folder.file("tmp").join("xero-stand-in.ready");
    let mut part = Part::start(
        layout,
        python,
        Start {
            name: "the Xero stand-in",
            command,
            environment: vec![("RUST_BACKTRACE", "1".into())],
            log: folder.log("xero-stand-in"),
            output: Some(&output),
        },
    )?;
    let began = Instant::now();
    loop {
        let said = fs::read_to_string(&output).unwrap_or_default();
        if let Some((line, _)) = said.split_once('\n') {
            let ready: Ready = serde_json::from_str(line).context("the Xero stand-in said something unexpected")?;
            return Ok(StandIn { xero: ready.xero, control: ready.control, part });
        }
        part.check()?;
        if began.elapsed() > PATIENCE {
            bail!("the Xero stand-in does not start\n{}", part.tail());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What is asked for only when somebody chooses spend money for expenses.
const LATER_SCOPE: &str = "accounting.banktransactions";

/// What an app may ask for that asks for these at first: more is asked for when a choice needs it.
#[must_use]
pub fn registered_scopes(scopes: &str) -> Vec<String> {
    scopes.split_whitespace().filter(|scope| *scope != LATER_SCOPE).chain([LATER_SCOPE]).map(str::to_owned).collect()
}

/// Registers the service as an app, as its owner does once in Xero's developer portal.
pub async fn register(control: &str, app: &App, front: &str, scopes: &str) -> anyhow::Result<()> {
    let registration = AppRegistration {
        client_id: app.client_id.clone(),
        client_secret: app.client_secret.clone(),
        name: "Sessional".to_owned(),
        redirect_uris: vec![format!("{front}/oauth/callback")],
        scopes: registered_scopes(scopes),
        // Every story connects an organisation of its own, and some consents cover several.
        tier: Tier::Advanced,
        certified: true,
        webhook: Some(WebhookSettings::new(format!("{front}/webhooks/accounting"), &app.webhook_key)),
    };
    Client::new(control)?.register_app(&registration).await.context("failed to register the app with the stand-in")
}
