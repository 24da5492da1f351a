//! What `template.yaml` says of queues, consumers, schedules and indexes: read here and repeated nowhere, so that what is
//! simulated is what is deployed.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

/// The template's text as this code was built with it.
const TEXT: &str = include_str!("../../../template.yaml");

/// The rules of one queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueRules {
    /// Groups in order, and repeats dropped for five minutes.
    pub fifo: bool,
    /// How long a received message stays hidden.
    pub visibility: Duration,
    /// How long a message is kept, from when it was first sent.
    pub retention: Duration,
    /// The dead-letter queue, and after how many receives a message goes there.
    pub redrive: Option<(String, u32)>,
}

/// A function that is fed from a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consumer {
    /// The function's name: the binary's.
    pub function: String,
    /// The queue.
    pub queue: String,
    /// Most messages at once.
    pub batch: usize,
    /// Most batches at once.
    pub concurrency: usize,
}

/// What starts a function by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The function.
    pub function: String,
    /// When: `rate(…)` or `cron(…)`.
    pub expression: String,
    /// The function's input.
    pub input: String,
}

/// A secondary index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Its partition key.
    pub hash: String,
    /// Its sort key.
    pub range: Option<String>,
    /// Whether it holds keys and nothing else.
    pub keys_only: bool,
}

/// The template.
#[derive(Clone, Debug)]
pub struct Template {
    /// By name.
    pub queues: BTreeMap<String, QueueRules>,
    /// Functions that are fed from queues.
    pub consumers: Vec<Consumer>,
    /// Schedules.
    pub schedules: Vec<Schedule>,
    /// Indexes of the table.
    pub indexes: Vec<Index>,
    /// By function: after what time it is stopped.
    pub timeouts: BTreeMap<String, Duration>,
}

impl Template {
    /// Reads it.
    ///
    /// # Errors
    /// When it no longer says something.
    pub fn read() -> anyhow::Result<Self> {
        Self::parse(TEXT)
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let whole: Value = serde_saphyr::from_str(&without_tags(text)).context("template.yaml cannot be read")?;
        let parameters = whole.get("Parameters").and_then(Value::as_object).context("no parameters")?;
        let default = |name: &str| parameters.get(name).and_then(|parameter| parameter.get("Default")).cloned();
        let resources = whole.get("Resources").and_then(Value::as_object).context("no resources")?;
        let mut template = Self {
            queues: BTreeMap::new(),
            consumers: Vec::new(),
            schedules: Vec::new(),
            indexes: Vec::new(),
            timeouts: BTreeMap::new(),
        };
        for (name, resource) in resources {
            let properties = resource.get("Properties").unwrap_or(&Value::Null);
            match resource.get("Type").and_then(Value::as_str) {
                Some("AWS::SQS::Queue") => {
                    template.queues.insert(name.clone(), queue(properties, &default)?);
                }
                Some("AWS::Serverless::Function") => template.function(resource, properties)?,
                Some("AWS::DynamoDB::Table") if name == "Table" => template.indexes = indexes(properties)?,
                _ => {}
            }
        }
        Ok(template)
    }

    fn function(&mut self, resource: &Value, properties: &Value) -> anyhow::Result<()> {
        let binary = resource.pointer("/Metadata/BuildProperties/Binary").and_then(Value::as_str);
        let function = binary.context("a function without a binary")?.to_owned();
        let timeout = properties.get("Timeout").and_then(Value::as_u64).context("a function without a timeout")?;
        self.timeouts.insert(function.clone(), Duration::from_secs(timeout));
        let events = properties.get("Events").and_then(Value::as_object).into_iter().flatten();
        for (_, event) in events {
            let of = |pointer: &str| event.pointer(&format!("/Properties/{pointer}"));
            match event.get("Type").and_then(Value::as_str) {
                Some("SQS") => {
                    let queue = of("Queue").and_then(Value::as_str).context("no queue")?;
                    let number = |pointer| of(pointer).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
                    self.consumers.push(Consumer {
                        function: function.clone(),
                        queue: queue.trim_end_matches(".Arn").to_owned(),
                        batch: number("BatchSize").unwrap_or(10),
                        concurrency: number("ScalingConfig/MaximumConcurrency").unwrap_or(10),
                    });
                }
                Some("ScheduleV2" | "Schedule") => {
                    let text = |pointer| of(pointer).and_then(Value::as_str).map(str::to_owned);
                    self.schedules.push(Schedule {
                        function: function.clone(),
                        expression: text("ScheduleExpression").context("a schedule without a time")?,
                        input: text("Input").unwrap_or_default(),
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn queue(properties: &Value, default: &impl Fn(&str) -> Option<Value>) -> anyhow::Result<QueueRules> {
    let seconds = |name: &str, otherwise: u64| {
        let value = properties.get(name);
        let number = value.and_then(Value::as_u64);
        let parameter = value.and_then(Value::as_str).and_then(default).and_then(|value| value.as_u64());
        Duration::from_secs(number.or(parameter).unwrap_or(otherwise))
    };
    let redrive = properties.get("RedrivePolicy").map(|policy| {
        let target = policy.get("deadLetterTargetArn").and_then(Value::as_str).context("no dead-letter queue")?;
        let count = policy.get("maxReceiveCount").and_then(Value::as_u64).context("no maxReceiveCount")?;
        anyhow::Ok((target.trim_end_matches(".Arn").to_owned(), u32::try_from(count)?))
    });
    Ok(QueueRules {
        fifo: properties.get("FifoQueue").and_then(Value::as_bool).unwrap_or_default(),
        visibility: seconds("VisibilityTimeout", 30),
        retention: seconds("MessageRetentionPeriod", 345_600),
        redrive: redrive.transpose()?,
    })
}

fn indexes(properties: &Value) -> anyhow::Result<Vec<Index>> {
    let all = properties.get("GlobalSecondaryIndexes").and_then(Value::as_array).context("no indexes")?;
    all.iter()
        .map(|index| {
            let keys = index.get("KeySchema").and_then(Value::as_array).context("an index without keys")?;
            let key = |kind: &str| {
                let key = keys.iter().find(|key| key.get("KeyType").and_then(Value::as_str) == Some(kind))?;
                key.get("AttributeName").and_then(Value::as_str).map(str::to_owned)
            };
            let projection = index.pointer("/Projection/ProjectionType").and_then(Value::as_str);
            Ok(Index {
                name: index.get("IndexName").and_then(Value::as_str).context("an index without a name")?.to_owned(),
                hash: key("HASH").context("an index without a partition key")?,
                range: key("RANGE"),
                keys_only: projection == Some("KEYS_ONLY"),
            })
        })
        .collect()
}

/// CloudFormation's short forms (`!Ref Table`) without their tags: what they name is enough here.
fn without_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('!') {
        let (before, tagged) = rest.split_at(at);
        out.push_str(before);
        let starts = before.ends_with([' ', '[', '{', '\n']);
        let word = tagged.get(1..).unwrap_or_default();
        let length = word.chars().take_while(char::is_ascii_alphabetic).count();
        if starts && length > 0 {
            rest = word.get(length..).unwrap_or_default();
        } else {
            out.push('!');
            rest = word;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_says_what_the_simulation_runs_by() {
        let template = Template::read().unwrap();
        let sync = &template.queues["SyncQueue"];
        assert!(sync.fifo && sync.redrive.is_some() && sync.retention > Duration::from_secs(86_400));
        assert!(!template.queues["PaymentQueue"].fifo);
        assert!(template.consumers.iter().any(|it| it.function == "sync" && it.queue == "SyncQueue" && it.batch > 1));
        assert!(template.schedules.iter().any(|it| it.function == "upkeep"));
        assert!(template.indexes.iter().any(|it| it.name == "by-xero-id"));
        assert!(template.timeouts["sync"] > Duration::ZERO);
    }
}
