//! A function as a process in a world of its own: a stand-in in this process, the running stack's table
//! and secrets, and a wire that everything passes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use jiff::{SignedDuration, Timestamp};
use local::aws::Aws;
use local::layout::Layout;
use local::stack::StackInfo;
use rules::ports::{Records as _, Written};
use rules::record::{Kind, Record, RecordKey, UnderWay};
use rules::sync::message::run_record;
use serde_json::{Value, json};
use tempfile::TempDir;
use xero::{AppCredentials, Secret};
use xero_stand_in::{Config, StandIn};

use crate::bill::Ledger;
use crate::cloud::Cloud;
use crate::function::{Function, Setup};
use crate::names;
use crate::proxy::Proxy;
use crate::tenant::{Tenant, Wishes, XeroSide};
use crate::wire::{Point, Wire};

/// The function that is run unless a test names another.
const FUNCTION: &str = "sync";
/// When the queue delivers again what nobody acknowledged: the template's default.
const VISIBILITY: SignedDuration = SignedDuration::from_secs(30);

/// The world of one test.
pub struct World {
    /// Counts and cuts.
    pub wire: Wire,
    /// Xero.
    pub xero: XeroSide,
    /// The stack's table and secrets.
    pub cloud: Cloud,
    /// Functions started from now on keep tokens in the table, and tenants are connected so.
    pub tokens_in_table: bool,
    /// Functions started from now on are asked to log at this level, and not at that of the stack.
    pub log_level: Option<&'static str>,
    stack: StackInfo,
    aws: Aws,
    aws_proxy: Proxy,
    xero_proxy: Proxy,
    _stand_in: StandIn,
    folder: TempDir,
}

/// How a run ended.
#[derive(Debug)]
pub enum Run {
    /// The function answered.
    Answered(Value),
    /// It was killed at the cut.
    Killed,
}

impl World {
    /// Joins the running stack with a stand-in of its own.
    ///
    /// # Errors
    /// When no stack is running.
    pub async fn start() -> anyhow::Result<Self> {
        let stack = StackInfo::for_tests(&Layout::of_this_repository())?;
        let stand_in = StandIn::start(Config::default()).await?;
        let credentials = AppCredentials {
            client_id: stack.app.client_id.clone(),
            client_secret: Secret::from(stack.app.client_secret.clone()),
        };
        let xero = XeroSide::of(&stand_in, credentials, xero::http::client()?).await?;
        let wire = Wire::default();
        let aws_proxy = Proxy::start(&stack.aws, &wire, names::aws).await?;
        let xero_proxy = Proxy::start(stand_in.xero_url(), &wire, names::xero).await?;

        let folder = tempfile::tempdir().context("failed to make a folder")?;
        let (cloud, aws) = (Cloud::of(&stack)?, stack.aws()?);
        Ok(Self {
            wire,
            xero,
            cloud,
            tokens_in_table: false,
            log_level: None,
            stack,
            aws,
            aws_proxy,
            xero_proxy,
            _stand_in: stand_in,
            folder,
        })
    }

    /// How a function is run here: with the variables that the stack gives it, but everything outside past the wire.
    fn setup(&self, function: &str) -> anyhow::Result<Setup> {
        let variables = self.stack.deployment.environment.get(function);
        let mut environment: BTreeMap<String, String> =
            variables.with_context(|| format!("the stack has no {function}"))?.clone();
        environment.insert("AWS_ENDPOINT_URL".to_owned(), self.aws_proxy.url().to_owned());
        for name in ["XERO_LOGIN_URL", "XERO_IDENTITY_URL", "XERO_API_URL"] {
            environment.insert(name.to_owned(), self.xero_proxy.url().to_owned());
        }
        if self.tokens_in_table {
            environment.insert("TOKEN_STORE".to_owned(), "kms-table".to_owned());
        }
        if let Some(level) = self.log_level {
            environment.insert("LOG_LEVEL".to_owned(), level.to_owned());
        }
        let log = std::env::var_os("RIG_LOG").map_or_else(|| self.log(function), PathBuf::from);
        Ok(Setup {
            name: function.to_owned(),
            binary: own_copy(&self.stack, &self.folder, function)?,
            arguments: Vec::new(),
            environment,
            log: Some(log),
        })
    }

    /// Where a function's log is, unless `RIG_LOG` names another place.
    fn log(&self, function: &str) -> PathBuf {
        self.folder.path().join(format!("{function}.log"))
    }

    /// How long a function's log is by now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn log_bytes(&self, function: &str) -> anyhow::Result<u64> {
        Ok(std::fs::metadata(self.log(function)).with_context(|| format!("{function} has no log"))?.len())
    }

    /// What a function has logged until now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn log_text(&self, function: &str) -> anyhow::Result<String> {
        std::fs::read_to_string(self.log(function)).with_context(|| format!("{function} has no log"))
    }

    /// A new account, connected and mapped.
    ///
    /// # Errors
    /// When the stand-in or a store refuses.
    pub async fn connect(&self, wishes: &Wishes) -> anyhow::Result<Tenant> {
        let name: String = uuid::Uuid::new_v4().simple().to_string().chars().take(10).collect();
        let now = self.xero.control.clock().await?.now;
        let stores = if self.tokens_in_table { self.cloud.stores_in_table() } else { self.cloud.stores() };
        self.xero.connect(&name, &stores, wishes, now).await
    }

    /// Starts a new process and gives it messages of one account; kills it where the wire is to be cut.
    ///
    /// # Errors
    /// When the function fails by itself, or the cut was never reached.
    pub async fn run(&self, tenant: &Tenant, bodies: &[Value], cut: Option<Point>) -> anyhow::Result<Run> {
        self.wire.mend(cut);
        let mut function = Function::start(&self.setup(FUNCTION)?).await?;
        let batch = batch(tenant, bodies);
        let ended = tokio::select! {
            () = self.wire.cut() => None,
            ended = async {
                function.ready().await?;
                function.invoke(&batch).await
            } => Some(ended?),
        };
        function.kill().await?;
        match ended {
            None => Ok(Run::Killed),
            Some(_) if cut.is_some() => bail!("the function made fewer calls than before: {:?}", self.wire.calls()),
            Some(ended) => Ok(Run::Answered(ended.answer()?)),
        }
    }

    /// A process that stays, for what is counted while it is warm.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn warm(&self) -> anyhow::Result<Function> {
        self.function(FUNCTION).await
    }

    /// The same with another function than the sync.
    ///
    /// # Errors
    /// When it does not start, or the stack has no such function.
    pub async fn function(&self, name: &str) -> anyhow::Result<Function> {
        self.wire.mend(None);
        let mut function = Function::start(&self.setup(name)?).await?;
        function.ready().await?;
        Ok(function)
    }

    /// What the table has of a tenant, for a bill of what is written next.
    ///
    /// # Errors
    /// When the table does not answer, or the template has none.
    pub async fn ledger(&self, tenant: &Tenant) -> anyhow::Result<Ledger> {
        let table = self.stack.deployment.template.pointer("/Resources/Table").context("there is no table")?;
        let partitions = [
            format!("ACCOUNT#{}", tenant.account),
            format!("XERO-USER#{}", tenant.user),
            format!("TENANT#{}", tenant.id),
        ];
        let mut items = Vec::new();
        for partition in partitions {
            let query = json!({ "TableName": self.cloud.table_name, "ConsistentRead": true,
                "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": { ":pk": { "S": partition } } });
            let found = self.aws.call("DynamoDB_20120810.Query", &query).await?;
            items.extend(found.get("Items").and_then(Value::as_array).cloned().unwrap_or_default());
        }
        Ok(Ledger::new(table, items))
    }

    /// The webhook's key as the stack has it.
    #[must_use]
    pub fn webhook_key(&self) -> &str {
        &self.stack.app.webhook_key
    }

    /// Delivers again, to new processes, until everything is acknowledged.
    ///
    /// # Errors
    /// When it never is.
    pub async fn redeliver(&self, tenant: &Tenant, bodies: &[Value]) -> anyhow::Result<()> {
        let mut left = bodies.to_vec();
        for _ in 0..10 {
            self.let_time_pass(tenant, VISIBILITY).await?;
            let Run::Answered(answer) = self.run(tenant, &left, None).await? else { bail!("killed without a cut") };
            left = failed(&answer, &left);
            if left.is_empty() {
                return self.go_on(tenant).await;
            }
        }
        bail!("{} of {} messages are never acknowledged", left.len(), bodies.len())
    }

    /// Lets what waits go on, as long as something does: after a minute and a half, or after eight, in turn.
    async fn go_on(&self, tenant: &Tenant) -> anyhow::Result<()> {
        for turn in 0..20 {
            let past = SignedDuration::from_secs(if turn % 2 == 0 { 90 } else { 8 * 60 });
            let page = self.cloud.table.records(&tenant.account, tenant.id, None, None).await?;
            let waits = |record: &Record| matches!(record.under_way, UnderWay::Waiting | UnderWay::Intent);
            let mut runs: Vec<Value> = Vec::new();
            for mut record in page.records.into_iter().filter(waits) {
                make_older(&mut record, past)?;
                anyhow::ensure!(
                    self.cloud.table.put_record(&mut record).await? == Written::Done,
                    "somebody else wrote"
                );
                let run = run_record("test", &record.key, record.revision);
                runs.push(serde_json::from_str(&run.event)?);
            }
            if runs.is_empty() {
                return Ok(());
            }
            // Xero's clock moves as far as the records age: its keys are as old there as they are here.
            self.let_time_pass(tenant, past).await?;
            let Run::Answered(answer) = self.run(tenant, &runs, None).await? else { bail!("killed without a cut") };
            anyhow::ensure!(failed(&answer, &runs).is_empty(), "a run is handed back: {answer}");
        }
        bail!("something waits for ever")
    }

    /// What is over by the time the queue delivers again: the lease and the cool-down; Xero's clock moves.
    async fn let_time_pass(&self, tenant: &Tenant, time: SignedDuration) -> anyhow::Result<()> {
        for (pk, sk) in [(format!("XERO-USER#{}", tenant.user), "LEASE"), (format!("TENANT#{}", tenant.id), "COOLDOWN")]
        {
            let key = json!({ "pk": { "S": pk }, "sk": { "S": sk } });
            self.aws
                .call("DynamoDB_20120810.DeleteItem", &json!({ "TableName": self.cloud.table_name, "Key": key }))
                .await?;
        }
        self.xero.control.advance_clock(time.as_secs()).await?;
        Ok(())
    }

    /// The record of a subject.
    ///
    /// # Errors
    /// When the table does not answer, or there is no such kind.
    pub async fn record(&self, tenant: &Tenant, kind: &str, id: &str) -> anyhow::Result<Option<Record>> {
        let kind = Kind::parse(kind).context("no such kind of record")?;
        let key = RecordKey { account: tenant.account.clone(), tenant: tenant.id, kind, id: id.to_owned() };
        Ok(self.cloud.table.record(&key).await?)
    }
}

/// Makes what a record waits for longer ago: the functions have the time of the machine.
fn make_older(record: &mut Record, time: SignedDuration) -> anyhow::Result<()> {
    if let Some(intent) = record.intent.as_mut() {
        intent.call.first_sent = intent.call.first_sent.checked_sub(time)?;
        intent.call.last_sent = intent.call.last_sent.checked_sub(time)?;
    }
    if let Some(waiting) = record.waiting.as_mut() {
        waiting.since = waiting.since.checked_sub(time)?;
        waiting.next_try = waiting.next_try.checked_sub(time)?;
    }
    Ok(())
}

/// An event of the queue with these messages, named by their place.
#[must_use]
pub fn batch(tenant: &Tenant, bodies: &[Value]) -> Value {
    let records = bodies.iter().enumerate().map(|(index, body)| {
        json!({
            "messageId": index.to_string(),
            "receiptHandle": format!("receipt {index}"),
            "body": body.to_string(),
            "attributes": {
                "ApproximateReceiveCount": "1",
                "MessageGroupId": tenant.account.as_str(),
                "MessageDeduplicationId": index.to_string(),
                "SentTimestamp": Timestamp::now().as_millisecond().to_string(),
            },
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-west-2:000000000000:SyncQueue.fifo",
            "awsRegion": local::aws::REGION,
        })
    });
    json!({ "Records": records.collect::<Vec<_>>() })
}

/// The messages that the answer hands back.
#[must_use]
pub fn failed(answer: &Value, bodies: &[Value]) -> Vec<Value> {
    let failures = answer.get("batchItemFailures").and_then(Value::as_array).cloned().unwrap_or_default();
    let places = failures.iter().filter_map(|failure| failure.get("itemIdentifier")?.as_str()?.parse::<usize>().ok());
    places.filter_map(|place| bodies.get(place).cloned()).collect()
}

/// Stories kill the stack's functions by the path of their binary; this one has another.
fn own_copy(stack: &StackInfo, folder: &TempDir, function: &str) -> anyhow::Result<PathBuf> {
    let (from, to) = (stack.folder.join("bin").join(function), folder.path().join(function));
    if to.exists() {
        return Ok(to);
    }
    if std::fs::hard_link(&from, &to).is_err() {
        std::fs::copy(&from, &to).with_context(|| format!("failed to copy {}", from.display()))?;
    }
    Ok(to)
}
