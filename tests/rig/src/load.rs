//! Many events of many accounts through a running local stack: sent to the sync queue as Sessional's backend
//! does, worked by the deployed function, and counted in the books at the end.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use jiff::Timestamp;
use local::stack::StackInfo;
use rules::ports::Records as _;
use rules::record::{Kind, RecordKey};
use xero_stand_in::control::JournalQuery;

use crate::books::Books;
use crate::cloud::Cloud;
use crate::events::{Happening, Subject};
use crate::tenant::{Tenant, Wishes, XeroSide};

/// What happens to an account, over and over: the subject and what happens to it.
const ROUND: [(usize, Happening); 10] = [
    (0, Happening::Created),
    (1, Happening::Created),
    (2, Happening::Logged),
    (0, Happening::Sent),
    (3, Happening::Created),
    (4, Happening::Logged),
    (1, Happening::Voided),
    (2, Happening::Deleted),
    (5, Happening::Created),
    (6, Happening::Created),
];
/// Subjects of a round.
const SUBJECTS: usize = 7;
/// Those of them that are taken back.
const REMOVED: [usize; 2] = [1, 2];
/// The queue is looked at this often.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How many accounts.
    pub accounts: usize,
    /// How many rounds of ten events each of them has.
    pub rounds: usize,
    /// When to give up.
    pub patience: Duration,
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// Events that were sent.
    pub events: usize,
    /// Documents in the books, those included that were taken back.
    pub documents: usize,
    /// From the first event to the last acknowledgement.
    pub time: Duration,
    /// Calls to Xero's API, tokens not counted.
    pub calls: usize,
}

/// Runs the load and looks at every document and every record.
///
/// # Errors
/// When something is doubled, lost or foreign, or it takes too long.
pub async fn run(stack: &StackInfo, load: Load) -> anyhow::Result<Report> {
    let cloud = Cloud::of(stack)?;
    let xero = XeroSide::of_stack(stack)?;
    let mut tenants = Vec::new();
    for _ in 0..load.accounts {
        let name: String = uuid::Uuid::new_v4().simple().to_string().chars().take(10).collect();
        tenants.push(xero.connect(&name, &cloud.stores(), &Wishes::default(), Timestamp::now()).await?);
    }
    let before = calls(&xero, &tenants).await?;
    let began = Instant::now();
    send(stack, &tenants, load.rounds).await?;
    wait(stack, &xero, &tenants, load, began).await?;
    let time = began.elapsed();
    let mut documents = 0;
    for tenant in &tenants {
        documents += check(&cloud, &xero, tenant, load.rounds).await?;
    }
    let calls = calls(&xero, &tenants).await? - before;
    Ok(Report { events: load.accounts * load.rounds * ROUND.len(), documents, time, calls })
}

async fn send(stack: &StackInfo, tenants: &[Tenant], rounds: usize) -> anyhow::Result<()> {
    let (aws, queue) = (stack.aws()?, stack.deployment.resource("SyncQueue")?);
    for round in 0..rounds {
        for (index, happening) in ROUND {
            for tenant in tenants {
                let account = tenant.account.as_str();
                let event = subject(tenant, round, index).event(account, happening);
                let id = event.get("id").and_then(serde_json::Value::as_str).unwrap_or_default();
                aws.send_event(queue, account, id, &event.to_string()).await?;
            }
        }
    }
    Ok(())
}

/// Waits until the queue is empty; other stories may use it too, so the books have the last word.
async fn wait(
    stack: &StackInfo,
    xero: &XeroSide,
    tenants: &[Tenant],
    load: Load,
    began: Instant,
) -> anyhow::Result<()> {
    let (aws, queue) = (stack.aws()?, stack.deployment.resource("SyncQueue")?);
    loop {
        if aws.depth(queue).await? == 0 || all_there(xero, tenants, load.rounds).await? {
            return Ok(());
        }
        ensure!(began.elapsed() < load.patience, "the queue is not empty after {:?}", load.patience);
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn all_there(xero: &XeroSide, tenants: &[Tenant], rounds: usize) -> anyhow::Result<bool> {
    // From the last account back: it was sent last, and is most likely the one that is missing.
    for tenant in tenants.iter().rev() {
        let totals = xero.control.totals(tenant.uuid()).await?;
        // Of a round, four invoices and one bill are left at the end.
        if totals.invoices != rounds * 4 || totals.bills != rounds {
            return Ok(false);
        }
    }
    Ok(true)
}

fn subject(tenant: &Tenant, round: usize, index: usize) -> Subject {
    let name = tenant.account.as_str().trim_start_matches("acc_");
    Subject::new(name, round * SUBJECTS + index)
}

/// Every subject has its one document and its record; how many documents there are.
async fn check(cloud: &Cloud, xero: &XeroSide, tenant: &Tenant, rounds: usize) -> anyhow::Result<usize> {
    let books = Books::of(&xero.control, tenant.uuid()).await?;
    for round in 0..rounds {
        for index in 0..SUBJECTS {
            let subject = subject(tenant, round, index);
            let all: Vec<_> = books.about(&subject.id).collect();
            let [document] = all.as_slice() else { anyhow::bail!("not one document of {}: {all:?}", subject.id) };
            let removed = REMOVED.contains(&index);
            ensure!(document.is_alive() != removed, "{} is {}", subject.id, document.status);
            let word = ROUND.iter().find(|(of, _)| *of == index).map(|(_, happening)| happening.kind());
            let kind = word.and_then(Kind::parse).context("no such kind of record")?;
            let key = RecordKey { account: tenant.account.clone(), tenant: tenant.id, kind, id: subject.id.clone() };
            let record = cloud.table.record(&key).await?.context("there is no record")?;
            let state = serde_json::to_value(record.state())?;
            ensure!(state == if removed { "voided" } else { "synced" }, "the record of {} says {state}", subject.id);
        }
    }
    ensure!(books.documents.len() == rounds * SUBJECTS, "there is more than was asked for: {:?}", tenant.account);
    ensure!(books.contacts.len() == 3, "not three contacts: {:?}", books.contacts);
    Ok(books.documents.len())
}

async fn calls(xero: &XeroSide, tenants: &[Tenant]) -> anyhow::Result<usize> {
    let mut count = 0;
    for tenant in tenants {
        let query = JournalQuery { tenant: Some(tenant.uuid()), ..JournalQuery::default() };
        count += xero.control.journal(&query).await?.len();
    }
    Ok(count)
}
