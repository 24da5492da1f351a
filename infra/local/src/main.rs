//! `cargo local`: starts the local stack, runs the journey or the tests against it, and takes it down again.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use local::layout::Layout;
use local::ports::AskedPorts;
use local::progress::Progress;
use tokio::signal::unix::{SignalKind, signal};

mod commands;

use commands::Afterwards;

/// Runs Sessional × Xero on this machine, without AWS and without Xero.
#[derive(Debug, Parser)]
#[command(name = "cargo local", bin_name = "cargo local", version)]
struct Cli {
    /// The Python interpreter to use (3.11 or newer)
    #[arg(long, global = true)]
    python: Option<String>,
    /// Where `demo` and `up` keep refresh tokens: the template's TokenStore
    #[arg(long, global = true, value_parser = ["secrets-manager", "kms-table"])]
    token_store: Option<String>,
    #[command(flatten)]
    ports: AskedPorts,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Set everything up and go through the journey: connect, map, invoice, paid; in a terminal the stack then
    /// goes on, with a page to play both sides
    Demo {
        /// Leave the stack running afterwards, until Ctrl-C: what happens in a terminal
        #[arg(long)]
        keep: bool,
        /// End with the journey: what happens in a script or in CI
        #[arg(long, conflicts_with = "keep")]
        exit: bool,
    },
    /// Start the stack and leave it running until Ctrl-C; it goes on where it was stopped
    Up {
        /// Let a `cargo local lambda watch` on this port run the functions: an edit counts at the next event
        #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "9000")]
        watch: Option<u16>,
    },
    /// Set everything up and run all tests of the workspace
    Test {
        /// For the test runner, after `--`
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Forget what stopped stacks remember
    Reset,
    /// Print a token of the running stack for an account
    Token {
        /// The Sessional account
        #[arg(long, default_value = "acc_demo")]
        account: String,
    },
    /// Run cargo-lambda (installed on first use), for example: cargo local lambda watch
    Lambda {
        /// What cargo-lambda is told
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        arguments: Vec<String>,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    // Stopping means dropping: whatever was started goes down with the future that started it.
    let result = tokio::select! {
        result = run(cli) => result,
        signal = interrupted() => {
            eprintln!("\nstopping ({signal})");
            Ok(ExitCode::from(130))
        }
    };
    result.unwrap_or_else(|error| {
        eprintln!("\nerror: {error:#}");
        ExitCode::FAILURE
    })
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let context = commands::Context {
        layout: Layout::of_this_repository(),
        progress: Progress::begin(),
        ports: cli.ports,
        python: cli.python,
        token_store: cli.token_store,
    };
    match cli.command {
        Command::Demo { keep, exit } => commands::demo(&context, Afterwards::of(keep, exit)).await,
        Command::Up { watch } => commands::up(&context, watch).await,
        Command::Test { arguments } => commands::test(&context, &arguments).await,
        Command::Reset => commands::reset(&context),
        Command::Token { account } => commands::token(&context, &account).await,
        Command::Lambda { arguments } => commands::lambda(&context, &arguments),
    }
}

/// Resolves when somebody wants the tool to end: Ctrl-C, a closed terminal, or a polite kill.
async fn interrupted() -> &'static str {
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()), signal(SignalKind::hangup()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => "Ctrl-C",
        _ = terminate.recv() => "asked to",
        _ = hangup.recv() => "the terminal is gone",
    }
}
