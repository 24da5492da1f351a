//! The stack as a whole: starts the parts in order, says where they are, takes them down together.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::aws::{Aws, REGION};
use crate::backend::Inbox;
use crate::binaries::{self, Build};
use crate::deploy::{self, Deployment};
use crate::emulator;
use crate::front::Front;
use crate::issuer::{ACCOUNT_CLAIM, AUDIENCE, Issuer, LIFETIME_SECONDS, SECOND_FACTOR};
use crate::layout::{Layout, StackFolder};
use crate::part::Part;
use crate::ports::{AskedPorts, Ports};
use crate::progress::Progress;
use crate::python::Python;
use crate::recorder::Recorder;
use crate::site::{APP_HOST, AppSite, ISSUER_PATH, RETURN_PATH, Surroundings, XERO_PAGES_HOST};
use crate::stand_in::{self, App};

/// Names the file that says where a running stack is; the stories read it.
pub const STACK_VARIABLE: &str = "SESSIONAL_STACK";

/// Says that every test has run: what they leave together can be judged.
pub const WHOLE_RUN_VARIABLE: &str = "SESSIONAL_WHOLE_RUN";

/// Seconds until a killed function's batch comes again. Minutes on AWS; here somebody is waiting.
const QUEUE_VISIBILITY_TIMEOUT: &str = "8";

/// The file of a stack in which the recorder notes.
const CALLS: &str = "calls.txt";

/// How to start a stack.
#[derive(Clone, Debug)]
pub struct Options {
    /// `up`, `demo`, `test`, or that of a story.
    pub name: &'static str,
    /// Goes on where it was stopped; otherwise it begins with nothing.
    pub keeps_state: bool,
    /// What to build first.
    pub build: Build,
    /// Ports the user named.
    pub ports: AskedPorts,
    /// The port of a `cargo lambda watch` that runs the functions instead of the emulator.
    pub watch: Option<u16>,
    /// The interpreter the user named.
    pub python: Option<String>,
    /// Notes what the functions ask of AWS, for the story about permissions.
    pub records: bool,
    /// The template's `TokenStore`; none is its default.
    pub token_store: Option<String>,
}

/// Where a running stack is. Written to `stack.json`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct StackInfo {
    /// `up`, `demo` or `test`.
    pub name: String,
    /// The service: API, webhooks, callback.
    pub front: String,
    /// The app's own site: the console, as browsers open it.
    pub app_site: String,
    /// The same for programs: what is below `/_local`.
    pub app_local: String,
    /// The AWS emulator.
    pub aws: String,
    /// The recorder in front of the emulator, on a stack that records.
    pub recorder: Option<String>,
    /// The Xero stand-in.
    pub xero: String,
    /// The Xero stand-in's controls.
    pub xero_control: String,
    /// The app as registered with the stand-in, secrets and all: they open nothing outside this machine.
    pub app: App,
    /// The stack's folder.
    pub folder: PathBuf,
    /// The logs.
    pub logs: PathBuf,
    /// What was deployed.
    pub deployment: Deployment,
}

impl StackInfo {
    /// Reads where a stack is.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let bytes = fs::read(path).with_context(|| format!("failed to read {}", path.display()))?;
        serde_json::from_slice(&bytes).with_context(|| format!("{} is of another version", path.display()))
    }

    /// The stack that tests run against: the one named by the environment, else a running `cargo local up`.
    pub fn for_tests(layout: &Layout) -> anyhow::Result<Self> {
        let path =
            std::env::var_os(STACK_VARIABLE).map_or_else(|| layout.stack("up").file("stack.json"), PathBuf::from);
        Self::read(&path)
            .context("no stack is running; run `cargo local test`, or `cargo local up` in another terminal")
    }

    /// What was asked of AWS until now, line by line, on a stack that records.
    pub fn calls(&self) -> anyhow::Result<String> {
        fs::read_to_string(self.folder.join(CALLS)).context("this stack does not record: run `cargo local test`")
    }

    /// The emulator behind this stack.
    pub fn aws(&self) -> anyhow::Result<Aws> {
        Aws::new(&self.aws)
    }
}

/// A running stack; dropping it stops it.
#[derive(Debug)]
pub struct Stack {
    /// Where everything is.
    pub info: StackInfo,
    folder: StackFolder,
    tasks: Vec<JoinHandle<()>>,
    // In the order they are stopped: the emulator (with the functions) first, then what they call.
    emulator: Part,
    stand_in: Part,
    // Released when everything else is down.
    _lock: File,
}

impl Stack {
    /// Installs, builds, starts and deploys everything.
    pub async fn start(layout: &Layout, options: &Options, progress: &Progress) -> anyhow::Result<Self> {
        let folder = layout.stack(options.name);
        fs::create_dir_all(&folder.path).context("failed to create the stack's folder")?;
        let lock = lock(&folder)?;
        let python = Python::ensure(layout, options.python.as_deref(), progress)?;
        progress.step("building the functions and the Xero stand-in");
        let built = binaries::build(layout, &options.build)?;
        if !options.keeps_state {
            folder.forget()?;
        }
        folder.prepare()?;
        let recorder = if options.records { Some(Recorder::bind().await?) } else { None };
        let bootstraps = binaries::stage(&built, &folder, recorder.as_ref())?;
        let recorder_url = recorder.as_ref().map(|recorder| recorder.url().to_owned());

        let ports = Ports::choose(options.ports, &folder.file("ports.json"))?;
        let front_url = format!("http://localhost:{}", ports.front);
        let app_site = format!("http://{APP_HOST}:{}", ports.app);
        let app_local = format!("http://localhost:{}", ports.app);
        let xero_pages = format!("http://{XERO_PAGES_HOST}:{}", ports.xero);
        let issuer = Issuer::open(layout, &python, &folder, format!("{app_local}{ISSUER_PATH}"))?;
        let inbox = Inbox::default();
        let (front, site) = (Front::default(), AppSite::new(issuer.clone(), inbox.clone()));
        let mut tasks = vec![
            tokio::spawn(served("the service's address", front.clone().serve(listen(ports.front).await?))),
            tokio::spawn(served("the app's site", site.clone().serve(listen(ports.app).await?))),
        ];

        progress.step("starting the AWS emulator and the Xero stand-in");
        let stand_in = stand_in::start(layout, &python, &folder, ports, options.keeps_state).await?;
        let app = App::of(&folder)?;
        let emulator = emulator::start(layout, &python, &folder, ports, options.keeps_state).await?;
        if let Some(recorder) = recorder {
            tasks.push(recorder.start(emulator::endpoint(ports), &folder.file(CALLS))?);
        }

        progress.step("deploying template.yaml");
        let request = deploy::Request {
            endpoint: emulator::endpoint(ports),
            parameters: parameters(&front_url, &app_site, issuer.url(), (&xero_pages, &stand_in.xero), options),
            bootstraps,
            proxies: options.watch.map(|port| proxies(&built, port)).unwrap_or_default(),
            secrets: [("AppCredentials", app.credentials()), ("WebhookKey", app.webhook_key.clone())].into(),
        };
        let deployment = deploy::deploy(layout, &python, &request).await?;
        let scopes = deployment.variable("connect", "OAUTH_SCOPES")?;
        stand_in::register(&stand_in.control, &app, &front_url, scopes).await?;
        front.open(ports.aws, &deployment.api_id)?;
        let surroundings = Surroundings { api: front_url.clone(), xero: xero_pages, client_id: app.client_id.clone() };
        site.open(ports.xero_control, surroundings)?;
        let info = StackInfo {
            name: folder.name.clone(),
            front: front_url,
            app_site,
            app_local,
            aws: emulator::endpoint(ports),
            recorder: recorder_url,
            xero: stand_in.xero.clone(),
            xero_control: stand_in.control.clone(),
            app,
            folder: folder.path.clone(),
            logs: folder.logs.clone(),
            deployment,
        };
        let queue = info.deployment.resource("NotificationQueue")?.to_owned();
        tasks.push(tokio::spawn(inbox.read(info.aws()?, queue)));
        write_environment(&info, &folder)?;
        fs::write(folder.file("stack.json"), serde_json::to_vec_pretty(&info)?)
            .context("failed to write stack.json")?;
        progress.step("ready");
        Ok(Self { info, folder, tasks, emulator, stand_in: stand_in.part, _lock: lock })
    }

    /// Fails as soon as a part has ended by itself.
    pub async fn watch(&mut self) -> anyhow::Result<()> {
        loop {
            self.emulator.check()?;
            self.stand_in.check()?;
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        // Nobody may think that a stopped stack is there. (It may be gone already: `reset` of another tool.)
        if let Err(error) = fs::remove_file(self.folder.file("stack.json")) {
            eprintln!("stack.json was not removed: {error}");
        }
    }
}

/// One tool per stack.
pub fn lock(folder: &StackFolder) -> anyhow::Result<File> {
    let path = folder.file("lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.with_context(|| format!("failed to open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "the stack `{}` is running already in another terminal{}; stop it there with Ctrl-C",
            folder.name,
            StackInfo::read(&folder.file("stack.json")).map(|info| format!(" ({})", info.front)).unwrap_or_default(),
        ),
        Err(TryLockError::Error(error)) => Err(error).context("failed to lock the stack"),
    }
}

async fn listen(port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.context("failed to listen")
}

async fn served(what: &str, serving: impl Future<Output = std::io::Result<()>>) {
    if let Err(error) = serving.await {
        eprintln!("{what} has stopped answering: {error}");
    }
}

/// What the template is given here instead of the real thing.
fn parameters(
    front: &str,
    app: &str,
    issuer: &str,
    (pages, xero): (&str, &str),
    options: &Options,
) -> BTreeMap<&'static str, String> {
    let mut parameters = BTreeMap::from([
        ("Architecture", if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }.to_owned()),
        ("JwtIssuer", issuer.to_owned()),
        ("JwtAudience", AUDIENCE.to_owned()),
        ("AccountClaim", ACCOUNT_CLAIM.to_owned()),
        // Asked for here too, so that what the gateway makes of a list is met on the way to every connection.
        ("SecondFactorClaim", "amr".to_owned()),
        ("SecondFactorValues", SECOND_FACTOR.to_owned()),
        ("SecondFactorMaxAge", LIFETIME_SECONDS.to_string()),
        ("XeroLoginUrl", pages.to_owned()),
        ("XeroIdentityUrl", xero.to_owned()),
        ("XeroApiUrl", xero.to_owned()),
        ("OauthRedirectUri", format!("{front}/oauth/callback")),
        ("AppReturnUrl", format!("{app}{RETURN_PATH}")),
        ("QueueVisibilityTimeout", QUEUE_VISIBILITY_TIMEOUT.to_owned()),
        ("SyncVisibilityTimeout", QUEUE_VISIBILITY_TIMEOUT.to_owned()),
    ]);
    parameters.extend(options.token_store.clone().map(|store| ("TokenStore", store)));
    parameters
}

fn proxies(built: &BTreeMap<String, PathBuf>, port: u16) -> BTreeMap<String, String> {
    let address = |name: &String| format!("http://127.0.0.1:{port}/2015-03-31/functions/{name}/invocations");
    built.keys().map(|name| (name.clone(), address(name))).collect()
}

/// The functions' variables as a file for `cargo lambda watch --env-file`; they agree with each other by
/// construction.
fn write_environment(info: &StackInfo, folder: &StackFolder) -> anyhow::Result<()> {
    let mut all: BTreeMap<&str, &str> = [
        ("AWS_ENDPOINT_URL", info.aws.as_str()),
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", "000000000000"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ]
    .into();
    for variables in info.deployment.environment.values() {
        all.extend(variables.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    }
    let text: String = all.iter().map(|(name, value)| format!("{name}=\"{value}\"\n")).collect();
    fs::write(folder.file("functions.env"), text).context("failed to write functions.env")
}
