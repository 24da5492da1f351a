//! The Xero stand-in as a part of the stack, and its controls: what happens at Xero without this service.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::layout::{Layout, StackFolder};
use crate::part::{Part, Start};
use crate::ports::Ports;
use crate::python::Python;
use crate::stack::StackInfo;

/// It starts at once; a machine under load may need longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The same for every local stack, so that a signed sample event can be in the repository. It opens nothing else.
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
    fn of(folder: &StackFolder) -> anyhow::Result<Self> {
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

/// Registers the service as an app, as its owner does once in Xero's developer portal.
pub async fn register(stand_in: &StandIn, folder: &StackFolder, front: &str) -> anyhow::Result<App> {
    let app = App::of(folder)?;
    let registration = json!({
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "name": "Sessional",
        "redirect_uris": [format!("{front}/oauth/callback")],
        "webhook": { "url": format!("{front}/webhooks/accounting"), "key": app.webhook_key },
    });
    Control::new(&stand_in.control)?.post("/apps", &registration).await?;
    Ok(app)
}

/// Its controls.
#[derive(Clone, Debug)]
pub struct Control {
    address: String,
    client: reqwest::Client,
}

impl Control {
    /// The controls at this address.
    pub fn new(address: &str) -> anyhow::Result<Self> {
        Ok(Self { address: address.to_owned(), client: crate::http::client()? })
    }

    /// The controls of a running stack.
    pub fn of(stack: &StackInfo) -> anyhow::Result<Self> {
        Self::new(&stack.xero_control)
    }

    /// Asks for something to happen at Xero.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let answer = self.client.post(format!("{}{path}", self.address)).json(body).send().await;
        read(path, answer.with_context(|| format!("failed to call the stand-in's {path}"))?).await
    }

    /// Looks at what Xero knows.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.client.get(format!("{}{path}", self.address)).send().await;
        read(path, answer.with_context(|| format!("failed to call the stand-in's {path}"))?).await
    }
}

async fn read(path: &str, answer: reqwest::Response) -> anyhow::Result<Value> {
    let status = answer.status();
    let text = answer.text().await.context("failed to read the stand-in's answer")?;
    if !status.is_success() {
        bail!("the stand-in's {path} answered {status}: {text}");
    }
    Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
}
