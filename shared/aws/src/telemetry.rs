//! Logs and metrics: one JSON line for each outcome, with dotted fields, written once at the boundary. A line
//! with a field of the catalogue in [`metrics`] is a metric as well. Nothing here or anywhere writes a token,
//! a secret, a body, a name or an e-mail address.

mod lines;
pub mod metrics;

use lines::Lines;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{FilterFn, LevelFilter};
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts logging at the level of `LOG_LEVEL` (`error`, `warn`, `info`; default `info`), with metrics in the namespace
/// that `METRIC_NAMESPACE` names. Metrics are written whatever the level is.
///
/// There is nothing below `info`, whatever the variable says: libraries write whole requests there, bodies and names
/// included, so it is left out when a function is built (`max_level_info` of `tracing`).
pub fn start() {
    let level = crate::config::optional("LOG_LEVEL").and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let namespace = crate::config::optional("METRIC_NAMESPACE").unwrap_or_else(|| metrics::NAMESPACE.to_owned());
    let counts = FilterFn::new(move |about| *about.level() <= level || metrics::any_in(about.fields()))
        .with_max_level_hint(level.max(LevelFilter::INFO));
    let layer = tracing_subscriber::fmt::layer().event_format(Lines::new(namespace)).fmt_fields(JsonFields::new());
    // A second start in one process, as in tests, keeps the first.
    if tracing_subscriber::registry().with(layer.with_filter(counts)).try_init().is_err() {
        tracing::info!("logging had been started before");
    }
}
