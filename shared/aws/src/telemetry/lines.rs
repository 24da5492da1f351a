//! How a line is written: the subscriber's own JSON, and at its end what makes it a metric.

use super::metrics;
use jiff::Timestamp;
use std::fmt;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{self, Format, Json, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

pub(super) struct Lines {
    json: Format<Json>,
    namespace: String,
}

impl Lines {
    pub(super) fn new(namespace: String) -> Self {
        Self { json: format::format().json().flatten_event(true).with_current_span(false), namespace }
    }
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut to: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let now = Timestamp::now().as_millisecond();
        let Some(directives) = metrics::directives(event.metadata(), &self.namespace, now) else {
            return self.json.format_event(context, to, event);
        };
        let directives = serde_json::to_string(&directives).map_err(|_| fmt::Error)?;
        let mut line = String::new();
        self.json.format_event(context, Writer::new(&mut line), event)?;
        // The line is one JSON object: what is told besides goes before its end.
        let open = line.trim_end().strip_suffix('}').ok_or(fmt::Error)?;
        if metrics::asks_for_attention(event.metadata().fields()) {
            write!(to, r#"{open},"{}":1,"_aws":{directives}}}"#, metrics::ATTENTION)?;
        } else {
            write!(to, r#"{open},"_aws":{directives}}}"#)?;
        }
        writeln!(to)
    }
}

#[cfg(test)]
mod tests;
