//! What each command of `cargo local` does.

#![expect(clippy::print_stdout, reason = "a command's result goes to standard output")]

use std::io::IsTerminal as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};
use local::binaries::Build;
use local::browser::Browser;
use local::cargo;
use local::journey::Journey;
use local::layout::{Layout, tail};
use local::narrator::Aloud;
use local::ports::AskedPorts;
use local::progress::Progress;
use local::python::Python;
use local::stack::{self, Options, STACK_VARIABLE, Stack, StackInfo, WHOLE_RUN_VARIABLE};
use local::xero_side::Owner;

/// What every command gets.
pub(crate) struct Context {
    pub(crate) layout: Layout,
    pub(crate) progress: Progress,
    pub(crate) ports: AskedPorts,
    pub(crate) python: Option<String>,
    pub(crate) token_store: Option<String>,
}

impl Context {
    fn options(&self, name: &'static str, build: Build) -> Options {
        Options {
            name,
            keeps_state: false,
            build,
            ports: self.ports,
            watch: None,
            python: self.python.clone(),
            records: false,
            token_store: self.token_store.clone(),
        }
    }

    async fn start(&self, options: &Options) -> anyhow::Result<Stack> {
        Stack::start(&self.layout, options, &self.progress).await
    }
}

/// The name of the journey that people see: it is in the invoice's number and in the account's id.
const DEMO: &str = "000123";

/// What happens when the journey is told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Afterwards {
    /// The stack goes on, and the page can be opened, until Ctrl-C.
    Stay,
    /// The stack stops.
    Exit,
}

impl Afterwards {
    /// Asked for, else as somebody wants it who is there: a script or a CI must not wait for a Ctrl-C.
    pub(crate) fn of(keep: bool, exit: bool) -> Self {
        let somebody = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        let stays = keep || (!exit && somebody && std::env::var_os("CI").is_none());
        if stays { Self::Stay } else { Self::Exit }
    }
}

pub(crate) async fn demo(context: &Context, afterwards: Afterwards) -> anyhow::Result<ExitCode> {
    let mut running = context.start(&context.options("demo", Build::Binaries)).await?;
    let info = running.info.clone();
    let mut narrator = Aloud::default();
    let journey = async {
        let mut journey = Journey::prepare(&info, DEMO, Owner::alex(&info)?, &mut narrator).await?;
        journey.travel().await
    };
    let last = tokio::select! {
        last = journey => last.with_context(|| ended_early(&info))?,
        ended = running.watch() => return ended.map(|()| ExitCode::FAILURE),
    };
    println!("\n{last}");
    match afterwards {
        Afterwards::Stay => {
            println!("\nNow play both sides yourself, in a browser:\n\n  {}", page(&info, &format!("acc_{DEMO}")));
            show(&info);
            running.watch().await?;
        }
        // Not among the results: what is piped on ends with the journey.
        Afterwards::Exit => eprintln!("\nTo play both sides yourself in a browser: cargo local demo --keep"),
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn up(context: &Context, watch: Option<u16>) -> anyhow::Result<ExitCode> {
    let options = Options { keeps_state: true, watch, ..context.options("up", Build::Binaries) };
    let mut running = context.start(&options).await?;
    println!("\nOpen this in a browser:\n\n  {}", page(&running.info, "acc_demo"));
    show(&running.info);
    if let Some(port) = watch {
        println!("Functions are taken from port {port}: now run `cargo local lambda watch --invoke-port {port}`");
    }
    running.watch().await?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn test(context: &Context, arguments: &[String]) -> anyhow::Result<ExitCode> {
    let options = Options { records: true, token_store: None, ..context.options("test", Build::BinariesAndTests) };
    let mut running = context.start(&options).await?;
    Browser::ensure(&context.layout, &context.progress);
    let python = Python::ensure(&context.layout, context.python.as_deref(), &context.progress)?;
    python.ensure_tool(&context.layout, "schemathesis", &context.progress)?;
    let info = running.info.clone();
    let passed = tokio::select! {
        passed = run_tests(context, &info, arguments) => passed?,
        ended = running.watch() => return ended.map(|()| ExitCode::FAILURE),
    };
    if !passed {
        eprintln!("\nLogs of the stack are in {}", info.logs.display());
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Documentation tests first, unless something is asked for; the runner's closing line is the last.
async fn run_tests(context: &Context, info: &StackInfo, arguments: &[String]) -> anyhow::Result<bool> {
    let cargo = |line: &str| {
        let mut command = tokio::process::Command::from(cargo::command());
        command.args(line.split(' ')).current_dir(context.layout.root()).kill_on_drop(true);
        command.env(STACK_VARIABLE, info.folder.join("stack.json"));
        command
    };
    if arguments.is_empty() {
        context.progress.step("running the documentation's examples");
        // Three lines of nothing for each crate without examples: shown only when something is wrong.
        let output = cargo("test --workspace --doc --quiet").output().await.context("failed to run the examples")?;
        if !output.status.success() {
            eprintln!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            return Ok(false);
        }
    }
    let has_nextest = cargo("nextest --version").output().await.is_ok_and(|output| output.status.success());
    let (line, name, again) = match has_nextest {
        true => ("nextest run --workspace", "cargo nextest", "nextest run -p stories secrets:: whole_run::"),
        false => (
            "test --workspace --lib --bins --tests",
            "cargo test",
            "test -p stories --test stories -- secrets:: whole_run::",
        ),
    };
    context.progress.step(&format!("running all tests with {name}"));
    let status = cargo(line).args(arguments).status().await.context("failed to run the tests")?;
    if !status.success() || !arguments.is_empty() {
        return Ok(status.success());
    }
    // Once more at the end: now logs and calls are those of the whole run.
    let output = cargo(again).env(WHOLE_RUN_VARIABLE, "1").output().await;
    let output = output.context("failed to look at what the whole run has left")?;
    if !output.status.success() {
        eprintln!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.status.success())
}

pub(crate) fn reset(context: &Context) -> anyhow::Result<ExitCode> {
    for name in ["up", "demo", "test"] {
        let folder = context.layout.stack(name);
        if folder.path.exists() {
            let lock = stack::lock(&folder)?;
            folder.forget()?;
            drop(lock);
        }
    }
    println!("Forgotten. The next start begins with nothing. (To remove the installation too, delete .local)");
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn token(context: &Context, account: &str) -> anyhow::Result<ExitCode> {
    println!("{}", local::client::token(&running(&context.layout)?, account, "").await?);
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn lambda(context: &Context, arguments: &[String]) -> anyhow::Result<ExitCode> {
    let python = Python::ensure(&context.layout, context.python.as_deref(), &context.progress)?;
    let mut command = Command::new(python.ensure_cargo_lambda(&context.layout, &context.progress)?);
    command.arg("lambda").args(arguments).current_dir(context.layout.root());
    let what = arguments.first().map(String::as_str).unwrap_or_default();
    let says = |options: &[&str]| arguments.iter().any(|argument| options.contains(&argument.as_str()));
    if what == "watch" && !says(&["--env-file"]) {
        command.arg("--env-file").arg(running(&context.layout)?.folder.join("functions.env"));
    }
    // Left alone, it would listen on every interface.
    if ["watch", "invoke"].contains(&what) && !says(&["-A", "--invoke-address"]) {
        command.args(["--invoke-address", "127.0.0.1"]);
    }
    // Becomes cargo-lambda, so that Ctrl-C and its exit code are its own.
    Err(command.exec()).context("failed to run cargo-lambda")
}

/// The stack that people work with: `up`, or a `demo` that was kept.
fn running(layout: &Layout) -> anyhow::Result<StackInfo> {
    let files = ["up", "demo"].map(|name| layout.stack(name).file("stack.json"));
    match files.iter().find(|file| file.exists()) {
        Some(file) => StackInfo::read(file),
        None => bail!("no stack is running; start one in another terminal: cargo local up"),
    }
}

/// Where to look: the last words of every function that said something.
fn ended_early(info: &StackInfo) -> String {
    let logs = info.deployment.functions.keys().map(|function| info.logs.join(format!("{function}.log")));
    let words: Vec<String> = logs.filter(|log| log.exists()).map(|log| tail(&log, 4)).collect();
    format!("{}\nthe journey ended early; all logs are in {}", words.join("\n"), info.logs.display())
}

/// The console, for an account.
fn page(info: &StackInfo, account: &str) -> String {
    format!("{}/?account={account}", info.app_site)
}

fn show(info: &StackInfo) {
    println!("\nThe stack is running. Ctrl-C stops it.\n");
    println!("  the service          {}", info.front);
    println!("  the app (console)    {}", info.app_site);
    println!("  Xero (stand-in)      {}   the bookkeeper's desk: pay an invoice here", info.xero);
    println!("  its controls         {}", info.xero_control);
    println!("  AWS (emulator)       {}   region {}, any credentials", info.aws, local::aws::REGION);
    println!("  a token              cargo local token --account acc_demo");
    println!("  logs                 {}", info.logs.display());
    println!("  functions' variables {}", info.folder.join("functions.env").display());
}
