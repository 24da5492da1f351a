//! Lines are held against what AWS publishes of the embedded metric format: its rules about members, names,
//! units, dimensions and targets.

use super::*;
use serde_json::Value;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt as _;

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lines_of(say: impl FnOnce()) -> Vec<Value> {
    let written = Written::default();
    let to = written.clone();
    let layer = tracing_subscriber::fmt::layer()
        .event_format(Lines::new("stack-x".to_owned()))
        .fmt_fields(JsonFields::new())
        .with_writer(move || to.clone());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), say);
    let bytes = written.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The specification's MUSTs, and the patterns and lengths of its schema.
fn assert_embedded_metrics(line: &Value) {
    let about = line["_aws"].as_object().expect("a metadata object");
    assert!(about["Timestamp"].is_i64() || about["Timestamp"].is_u64());
    for directive in about["CloudWatchMetrics"].as_array().expect("an array of directives") {
        assert!((1..=255).contains(&directive["Namespace"].as_str().expect("a namespace").len()));
        let sets = directive["Dimensions"].as_array().expect("an array of sets");
        assert!(!sets.is_empty());
        for set in sets {
            let set = set.as_array().expect("a set");
            assert!(set.len() <= 9);
            for key in set {
                let value = line[key.as_str().expect("a reference")].as_str().expect("a target that is a string");
                assert!((1..=255).contains(&value.len()));
            }
        }
        let metrics = directive["Metrics"].as_array().expect("an array of definitions");
        assert!((1..=100).contains(&metrics.len()));
        for metric in metrics {
            let name = metric["Name"].as_str().expect("a name");
            assert!((1..=255).contains(&name.len()));
            assert!(line[name].is_number(), "{name} is {}", line[name]);
            assert!(["Count", "Seconds", "Bytes"].contains(&metric["Unit"].as_str().expect("a unit")));
        }
    }
}

#[test]
fn a_line_with_a_metric_is_in_the_embedded_metric_format() {
    let lines = lines_of(|| {
        tracing::info!(xero.calls = 1, xero.outcome = "answered", xero.egress = 512_usize, "Xero was called");
    });
    let line = &lines[0];
    assert_embedded_metrics(line);
    assert_eq!((&line["xero.calls"], &line["xero.egress"]), (&1.into(), &512.into()));
    assert_eq!(line["message"], "Xero was called");
    let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
    assert_eq!(directives.len(), 2);
    assert_eq!(directives[0]["Namespace"], "stack-x");
    assert_eq!(directives[0]["Dimensions"], serde_json::json!([[], ["xero.outcome"]]));
    assert_eq!(directives[1]["Dimensions"], serde_json::json!([[]]));
    assert_eq!(directives[1]["Metrics"], serde_json::json!([{ "Name": "xero.egress", "Unit": "Bytes" }]));
}

#[test]
fn a_line_that_lacks_the_dimension_is_counted_as_a_whole_only() {
    let lines = lines_of(|| tracing::info!(webhook.deliveries = 1, "a delivery"));
    assert_embedded_metrics(&lines[0]);
    assert_eq!(lines[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"], serde_json::json!([[]]));
}

#[test]
fn a_line_in_a_span_keeps_the_request_that_it_belongs_to() {
    let lines = lines_of(|| {
        let span = tracing::info_span!("Lambda runtime invoke", requestId = "r-1");
        span.in_scope(|| tracing::error!(alarm = "operator", "refused"));
    });
    assert_embedded_metrics(&lines[0]);
    assert_eq!(lines[0]["spans"][0]["requestId"], "r-1");
}

#[test]
fn a_line_that_names_an_alarm_is_counted_by_it() {
    let lines = lines_of(|| tracing::error!(alarm = "parked", "a message was parked"));
    assert_embedded_metrics(&lines[0]);
    assert_eq!((&lines[0]["attention"], &lines[0]["alarm"]), (&1.into(), &"parked".into()));
    assert_eq!(lines[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"], serde_json::json!([[], ["alarm"]]));
}

#[test]
fn any_other_line_is_no_metric() {
    let lines = lines_of(|| tracing::info!(record.id = "inv_1", "a record follows Xero"));
    assert_eq!(lines[0].get("_aws"), None);
    assert_eq!(lines[0]["record.id"], "inv_1");
}

#[test]
fn every_metric_of_the_catalogue_has_a_name_a_unit_and_a_dimension_of_its_own() {
    let mut names: Vec<_> = metrics::CATALOGUE.iter().map(|metric| metric.name).collect();
    names.extend(metrics::CATALOGUE.iter().filter_map(|metric| metric.by));
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}
