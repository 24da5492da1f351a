//! The stand-in as a program: it prints where it listens and serves until it is told to stop.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use xero_stand_in::{Config, StandIn, control};

/// A stand-in for Xero on this machine.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// Port of the Xero side; 0 finds a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Port of the control API; 0 finds a free one.
    #[arg(long, default_value_t = 0)]
    control_port: u16,
    /// Keeps the world in this file between runs.
    #[arg(long)]
    state: Option<PathBuf>,
    /// What a new world contains.
    #[arg(long, default_value = "uk", value_parser = ["uk", "empty"])]
    seed: String,
    /// Registers an app at the start: its client id.
    #[arg(long, env = "XERO_CLIENT_ID", requires = "client_secret")]
    client_id: Option<String>,
    /// The secret of that app.
    #[arg(long, env = "XERO_CLIENT_SECRET", hide_env_values = true)]
    client_secret: Option<String>,
    /// A redirect address of that app.
    #[arg(long, env = "XERO_REDIRECT_URI")]
    redirect_uri: Vec<String>,
    /// The scopes of that app, separated by spaces.
    #[arg(long, env = "XERO_SCOPES", default_value = "")]
    scopes: String,
    /// Where that app receives webhooks.
    #[arg(long, env = "XERO_WEBHOOK_URL", requires = "webhook_key")]
    webhook_url: Option<String>,
    /// The key that signs them.
    #[arg(long, env = "XERO_WEBHOOK_KEY", hide_env_values = true)]
    webhook_key: Option<String>,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stand_in = StandIn::start(Config {
        port: options.port,
        control_port: options.control_port,
        state: options.state.clone(),
        empty: options.seed == "empty",
        frozen_at: None,
        seed: None,
    })
    .await?;
    if let Some(app) = registration(&options) {
        stand_in.control().register_app(&app).await?;
    }
    let (xero, control) = (stand_in.xero_url(), stand_in.control_url());
    writeln!(std::io::stdout(), r#"{{"xero":"{xero}","control":"{control}"}}"#)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    stand_in.stop()
}

fn registration(options: &Options) -> Option<control::AppRegistration> {
    let webhook = options.webhook_url.as_ref().zip(options.webhook_key.as_ref());
    Some(control::AppRegistration {
        client_id: options.client_id.clone()?,
        client_secret: options.client_secret.clone()?,
        redirect_uris: options.redirect_uri.clone(),
        scopes: options.scopes.split_whitespace().map(str::to_owned).collect(),
        webhook: webhook.map(|(url, key)| control::WebhookSettings::new(url, key)),
        ..control::AppRegistration::default()
    })
}
