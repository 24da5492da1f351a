//! The ports of a stack: free ones by default, remembered so that addresses stay the same, overridable one by
//! one.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use anyhow::{Context as _, bail};
use clap::Args;
use serde::{Deserialize, Serialize};

/// What the user asked for.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct AskedPorts {
    /// The API's address: routes, webhooks, OAuth callback
    #[arg(long, global = true)]
    pub port: Option<u16>,
    /// The app's own site: the console
    #[arg(long, global = true)]
    pub app_port: Option<u16>,
    /// The AWS emulator
    #[arg(long, global = true)]
    pub aws_port: Option<u16>,
    /// The Xero stand-in
    #[arg(long, global = true)]
    pub xero_port: Option<u16>,
    /// The Xero stand-in's controls
    #[arg(long, global = true)]
    pub xero_control_port: Option<u16>,
}

/// What a stack listens on, always on this machine only.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Ports {
    /// The API's address.
    pub front: u16,
    /// The app's own site.
    #[serde(default)]
    pub app: u16,
    /// The AWS emulator.
    pub aws: u16,
    /// The Xero stand-in.
    pub xero: u16,
    /// The Xero stand-in's controls.
    pub xero_control: u16,
}

impl Ports {
    /// Asked for, else remembered, else free; and remembers them.
    pub fn choose(asked: AskedPorts, memory: &Path) -> anyhow::Result<Self> {
        let remembered: Option<Self> = fs::read(memory).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let before = |port: fn(Self) -> u16| remembered.map(port);
        // Held until all are chosen, so that none is given out twice.
        let held = &mut Vec::new();
        let ports = Self {
            front: one(asked.port, before(|ports| ports.front), "--port", held)?,
            app: one(asked.app_port, before(|ports| ports.app), "--app-port", held)?,
            aws: emulator(asked.aws_port, before(|ports| ports.aws), held)?,
            xero: one(asked.xero_port, before(|ports| ports.xero), "--xero-port", held)?,
            xero_control: one(
                asked.xero_control_port,
                before(|ports| ports.xero_control),
                "--xero-control-port",
                held,
            )?,
        };
        fs::write(memory, serde_json::to_vec(&ports)?).context("failed to remember the ports")?;
        Ok(ports)
    }
}

/// The emulator's port is part of the addresses of the queues it has stored, so a stack cannot just move to
/// another.
fn emulator(asked: Option<u16>, remembered: Option<u16>, held: &mut Vec<TcpListener>) -> anyhow::Result<u16> {
    match (asked, remembered) {
        (Some(asked), Some(remembered)) if asked != remembered => bail!(
            "this stack's stored state belongs to --aws-port {remembered}; keep that port, or forget the state first: \
             cargo local reset"
        ),
        (None, Some(remembered)) => hold(remembered, held).with_context(|| {
            format!(
                "port {remembered} is in use, and this stack's stored state belongs to it; stop what listens there, or \
                 forget the state: cargo local reset"
            )
        }),
        _ => one(asked, remembered, "--aws-port", held),
    }
}

fn one(asked: Option<u16>, remembered: Option<u16>, option: &str, held: &mut Vec<TcpListener>) -> anyhow::Result<u16> {
    match (asked, remembered) {
        (Some(port), _) => hold(port, held).with_context(|| {
            format!("port {port} is in use; stop what listens there, or choose another one with {option}")
        }),
        (None, Some(port)) => Ok(hold(port, held).or_else(|_| hold(0, held))?),
        (None, None) => Ok(hold(0, held)?),
    }
}

/// Takes a port (0: any free one) until `held` is dropped.
fn hold(port: u16, held: &mut Vec<TcpListener>) -> std::io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let port = listener.local_addr()?.port();
    held.push(listener);
    Ok(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_stay_the_same_from_one_start_to_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let memory = folder.path().join("ports.json");
        let first = Ports::choose(AskedPorts::default(), &memory).unwrap();
        assert_eq!(Ports::choose(AskedPorts::default(), &memory).unwrap(), first);
    }

    #[test]
    fn a_port_in_use_is_refused_with_the_option_that_helps() {
        let folder = tempfile::tempdir().unwrap();
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let asked = AskedPorts { port: Some(port), ..AskedPorts::default() };
        let error = Ports::choose(asked, &folder.path().join("ports.json")).unwrap_err().to_string();
        assert!(error.contains(&format!("port {port} is in use")) && error.contains("--port"), "{error}");
    }
}
