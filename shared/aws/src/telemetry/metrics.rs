//! The catalogue of metrics. A log line that has one of these fields is a metric in CloudWatch: nothing is
//! called for it, the line tells CloudWatch by its embedded metric format. The alarms and the dashboard of
//! `template.yaml` name no others, and a test holds that each is written.

use serde::Serialize;
use tracing::Metadata;
use tracing::field::FieldSet;

/// The namespace where the environment names none, as in tests.
pub const NAMESPACE: &str = "sessional-xero";

/// What a line counts as that says whose alarm it is.
pub(super) const ATTENTION: &str = "attention";
/// The field that says so.
const ALARM: &str = "alarm";

/// One metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// The field with the number.
    pub name: &'static str,
    /// CloudWatch's word for what it counts.
    pub unit: &'static str,
    /// The field by which it is also told apart. Words of a short list only: each value costs a metric.
    pub by: Option<&'static str>,
}

/// All of them.
pub const CATALOGUE: [Metric; 13] = [
    // Events of Sessional, by what became of them.
    counted("events.worked", Some("event.outcome")),
    // Requests to Xero's API, by what came back, and the bytes of the answers: Xero charges for these.
    counted("xero.calls", Some("xero.outcome")),
    Metric { name: "xero.egress", unit: "Bytes", by: None },
    // Seconds that a tenant is left alone, because Xero asked for it.
    Metric { name: "xero.wait", unit: "Seconds", by: None },
    // Uses of refresh tokens, by what came of them.
    counted("tokens.refreshed", Some("refresh.outcome")),
    // The oldest work that an account has waiting for its user.
    Metric { name: "held.oldest", unit: "Seconds", by: None },
    // Xero's deliveries, by what the webhook made of them.
    counted("webhook.deliveries", Some("webhook.verdict")),
    // Events of a category or type that is newer than this code; numbers of events that never came.
    counted("webhook.unknown", None),
    counted("webhook.events_missing", None),
    // Invoices in hints that nobody is connected to, and payments that no hint told of.
    counted("payments.hints_dropped", None),
    counted("payments.found_by_sweep", None),
    // Connections of the app at Xero that nothing here names, as of the last look.
    counted("connections.orphaned", None),
    // Lines that somebody should look at, by whose matter it is. A line has the second field and is given the first.
    counted(ATTENTION, Some(ALARM)),
];

const fn counted(name: &'static str, by: Option<&'static str>) -> Metric {
    Metric { name, unit: "Count", by }
}

/// The metrics of a line with these fields.
pub(super) fn of(fields: &FieldSet) -> impl Iterator<Item = &'static Metric> {
    let given = |metric: &Metric| if metric.name == ATTENTION { ALARM } else { metric.name };
    CATALOGUE.iter().filter(move |metric| fields.field(given(metric)).is_some())
}

/// Whether a line with these fields asks for somebody's attention.
pub(super) fn asks_for_attention(fields: &FieldSet) -> bool {
    fields.field(ALARM).is_some()
}

/// Whether a line with these fields is a metric.
pub(super) fn any_in(fields: &FieldSet) -> bool {
    of(fields).next().is_some()
}

/// What tells CloudWatch which fields of the line are metrics.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Directives<'a> {
    timestamp: i64,
    cloud_watch_metrics: Vec<Directive<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'a str,
    /// As a whole, and by the metric's dimension where the line has it.
    dimensions: Vec<Vec<&'static str>>,
    metrics: [Definition; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: &'static str,
    unit: &'static str,
}

/// The directives of a line with these fields, or none if it is no metric.
pub(super) fn directives<'a>(about: &Metadata<'_>, namespace: &'a str, now_ms: i64) -> Option<Directives<'a>> {
    let fields = about.fields();
    let directives: Vec<_> = of(fields).map(|metric| directive(metric, fields, namespace)).collect();
    (!directives.is_empty()).then_some(Directives { timestamp: now_ms, cloud_watch_metrics: directives })
}

fn directive<'a>(metric: &Metric, fields: &FieldSet, namespace: &'a str) -> Directive<'a> {
    let by = metric.by.filter(|by| fields.field(by).is_some());
    let dimensions = std::iter::once(Vec::new()).chain(by.map(|by| vec![by])).collect();
    Directive { namespace, dimensions, metrics: [Definition { name: metric.name, unit: metric.unit }] }
}
