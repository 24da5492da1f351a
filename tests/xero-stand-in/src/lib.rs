//! A stateful stand-in for Xero over HTTP, as unforgiving as Xero.
//!
//! [`StandIn::start`] runs it inside a test on free ports; the binary of the same crate runs it by
//! itself. One port is Xero (consent, tokens, connections, Accounting API, and the bookkeeper's page
//! at `/`), the other is the [`control`] API, through which tests move the clock, order failures, act
//! as the bookkeeper and look behind the scenes. What it imitates and where it had to choose is in
//! the crate's README.

mod accounting;
pub mod contract;
pub mod control;
mod faults;
mod gateway;
mod http;
mod identity;
mod ids;
mod in_process;
mod json;
mod pages;
mod server;
mod state;
mod switches;
mod time;
mod webhooks;
mod world;

use std::path::PathBuf;

use jiff::Timestamp;
use tokio::task::JoinHandle;

pub use crate::in_process::InProcess;
pub use crate::world::seed::{ALEX, BANK, BLAKE, HARBOUR_SOUND, QUAYSIDE_COACHING};

use crate::server::Shared;
use crate::time::Clock;
use crate::world::World;

/// The operations that the Accounting API and the connections serve, by their `operationId`.
#[must_use]
pub fn operations() -> Vec<&'static str> {
    accounting::routes::operations().chain(["getConnections", "deleteConnection"]).collect()
}

/// How a stand-in starts.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The port of the Xero side; 0 finds a free one.
    pub port: u16,
    /// The port of the control API; 0 finds a free one.
    pub control_port: u16,
    /// Where the world is kept between runs.
    pub state: Option<PathBuf>,
    /// Starts without the seeded organisations.
    pub empty: bool,
    /// The clock stands still at this moment until it is moved.
    pub frozen_at: Option<Timestamp>,
    /// Ids follow from this seed: the same requests make the same ones. Random without it.
    pub seed: Option<u64>,
}

/// A running stand-in; it stops when it is dropped.
#[derive(Debug)]
pub struct StandIn {
    xero_url: String,
    control_url: String,
    control: control::Client,
    shared: Shared,
    state: Option<PathBuf>,
    tasks: Vec<JoinHandle<()>>,
}

impl StandIn {
    /// Binds both ports and serves.
    ///
    /// # Errors
    /// When a port is taken or the kept state cannot be read.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        let (xero, port) = server::bind(config.port).await?;
        let (control, control_port) = server::bind(config.control_port).await?;
        let xero_url = format!("http://localhost:{port}");
        let control_url = format!("http://localhost:{control_port}");
        let shared = shared(&config, &xero_url)?;
        let tasks = vec![
            tokio::spawn(server::serve(xero, shared.clone())),
            tokio::spawn(server::serve_control(control, shared.clone())),
            tokio::spawn(webhooks::courier::run(shared.clone())),
        ];
        let client = control::Client::new(&control_url)?;
        Ok(Self { xero_url, control_url, control: client, shared, state: config.state, tasks })
    }

    /// The same without sockets and tasks, for a test that owns all time: requests are calls, and webhooks
    /// go where [`InProcess::deliver`] takes them.
    ///
    /// # Errors
    /// When the kept state cannot be read.
    pub fn in_process(config: &Config) -> anyhow::Result<InProcess> {
        Ok(InProcess::new(shared(config, "http://localhost")?))
    }

    /// The address under which it plays Xero.
    #[must_use]
    pub fn xero_url(&self) -> &str {
        &self.xero_url
    }

    /// The address of the control API.
    #[must_use]
    pub fn control_url(&self) -> &str {
        &self.control_url
    }

    /// A client of the control API.
    #[must_use]
    pub fn control(&self) -> &control::Client {
        &self.control
    }

    /// Stops, and writes the state file when there is one.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn stop(self) -> anyhow::Result<()> {
        match &self.state {
            Some(path) => self.shared.with(|world| state::save(path, world)),
            None => Ok(()),
        }
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// The world of a configuration, kept or new, ready to be worked on.
fn shared(config: &Config, xero_url: &str) -> anyhow::Result<Shared> {
    let kept = match &config.state {
        Some(path) => state::load(path)?,
        None => None,
    };
    let mut world = kept.unwrap_or_else(|| new_world(config));
    xero_url.clone_into(&mut world.xero_url);
    Shared::new(world)
}

fn new_world(config: &Config) -> World {
    let clock = config.frozen_at.map(Clock::frozen).unwrap_or_default();
    let ids = config.seed.map(ids::Series::seeded).unwrap_or_default();
    let mut world = World { clock, ids, ..World::default() };
    if !config.empty {
        world::seed::uk(&mut world);
    }
    world
}
