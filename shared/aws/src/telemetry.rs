//! Logs: one JSON line for each outcome, with dotted fields, written once at the boundary. Nothing here or
//! anywhere writes a token, a secret, a body, a name or an e-mail address.

use tracing_subscriber::filter::LevelFilter;

/// Starts logging at the level of `LOG_LEVEL` (`error`, `warn`, `info`, `debug`, `trace`; default `info`).
pub fn start() {
    let level = crate::config::optional("LOG_LEVEL").and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let builder = tracing_subscriber::fmt().json().flatten_event(true).with_current_span(false).with_max_level(level);
    // A second start in one process, as in tests, keeps the first.
    if builder.try_init().is_err() {
        tracing::debug!("logging had been started before");
    }
}
