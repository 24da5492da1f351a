//! Trying again what waits or failed, one record or all of one cause: the stored events go back into the sync
//! queue. Asking twice does no harm: an event goes back once for each state in which its record waited.

use crate::account::AccountId;
use crate::action::Action;
use crate::failure::{Cause, Failure, group, summary};
use crate::held;
use crate::mapping::{Choices, ExpenseCategory};
use crate::ports::{Answer, Queued, SyncQueue, Waiting};
use crate::record::{Kind, Record, State, UnderWay};
use crate::sync::message;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use xero::TenantId;

/// Most records that one call tries again: what takes seconds to queue fits the call's time-out.
pub const MAX_RECORDS: usize = 500;
/// Records that a group names; the sync log has the others.
const NAMED: usize = 5;

/// What waits for one cause: `GET /records/causes` has one for each, the largest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct CauseView {
    /// The key for `POST /records/retry`; opaque.
    pub cause: String,
    /// Where the oldest of the records stands.
    pub state: State,
    /// How many records wait for it.
    pub count: usize,
    /// In plain English.
    pub message: String,
    /// What the user can do.
    pub action: Action,
    /// Whether trying again can help as things are: after the action, where that is another.
    pub retry: bool,
    /// The oldest of the records, five at most.
    pub records: Vec<Named>,
}

/// A record by its name.
#[derive(Debug, Serialize, ToSchema)]
pub struct Named {
    /// The kind of document.
    pub kind: Kind,
    /// Sessional's id.
    pub id: String,
    /// The number on the document.
    pub number: String,
}

/// The answer of a retry.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Retried {
    /// How many records are tried again.
    pub retried: usize,
    /// Whether there are more of them: repeat the call.
    pub more: bool,
}

/// What waits, grouped by its cause, the largest group first.
///
/// # Errors
/// When the records cannot be reached.
pub async fn causes(
    waiting: &dyn Waiting,
    account: &AccountId,
    tenant: TenantId,
    choices: &Choices,
) -> Answer<Vec<CauseView>> {
    let mut groups: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    for record in held::all(waiting, account, tenant).await? {
        if let Some(failure) = &record.failure {
            groups.entry(group(failure)).or_default().push(record);
        }
    }
    let mut views: Vec<CauseView> =
        groups.into_iter().filter_map(|(cause, records)| draw(cause, &records, choices)).collect();
    views.sort_by_key(|view| std::cmp::Reverse(view.count));
    Ok(views)
}

/// Tries every record of a cause again, [`MAX_RECORDS`] at most, oldest first.
///
/// # Errors
/// When the records or the queue cannot be reached; what was not queued waits as before.
pub async fn cause(
    waiting: &dyn Waiting,
    queue: &dyn SyncQueue,
    account: &AccountId,
    tenant: TenantId,
    cause: &str,
) -> Answer<Retried> {
    let mut records = held::all(waiting, account, tenant).await?;
    records.retain(|record| record.failure.as_ref().is_some_and(|failure| group(failure) == cause));
    let more = records.len() > MAX_RECORDS;
    records.truncate(MAX_RECORDS);
    let events: Vec<Queued> = records.iter().map(run).collect();
    let taken = queue.enqueue(&events).await?;
    let refused = taken.contains(&false);
    Ok(Retried { retried: taken.into_iter().filter(|taken| *taken).count(), more: more || refused })
}

/// Tries one record again; none when it does not wait for anything.
///
/// # Errors
/// When the queue cannot be reached.
pub async fn one(queue: &dyn SyncQueue, record: Record) -> Answer<Option<Retried>> {
    if !record.is_waiting() {
        return Ok(None);
    }
    let events: Vec<Queued> = vec![run(&record)];
    let taken = queue.enqueue(&events).await?;
    let retried = taken.iter().filter(|taken| **taken).count();
    Ok(Some(Retried { retried, more: retried < events.len() }))
}

/// Notes on a record that the user wants this content sent with the total that Xero computes; false where that is not
/// what stopped it. The next content is compared again.
pub fn accept_total(record: &mut Record) -> bool {
    let stopped = record.failure.as_ref().is_some_and(|failure| failure.cause == Cause::TotalDiffers);
    let Some(content) = record.registers.content.as_ref().filter(|_| stopped) else { return false };
    record.accepted_total = Some(content.digest.clone());
    true
}

fn run(record: &Record) -> Queued {
    message::run_record("retry", &record.key, record.revision)
}

fn draw(cause: String, records: &[Record], choices: &Choices) -> Option<CauseView> {
    let first = records.first()?;
    let failure = first.failure.as_ref()?;
    let mapped = mapped_since(failure, choices);
    Some(CauseView {
        cause,
        state: first.state(),
        count: records.len(),
        message: mapped
            .map_or_else(|| summary(failure, records.len()), |category| mapped_summary(category, records.len())),
        action: if mapped.is_some() { Action::Retry } else { failure.action },
        // What is held goes on by itself as soon as it can: a retry would hold it again.
        retry: !matches!(first.under_way, UnderWay::Held | UnderWay::Waiting),
        records: records.iter().take(NAMED).map(named).collect(),
    })
}

/// The category that a group was skipped for and that has an account by now.
fn mapped_since(failure: &Failure, choices: &Choices) -> Option<ExpenseCategory> {
    if failure.cause != Cause::CategoryNotMapped {
        return None;
    }
    choices.expenses.keys().copied().find(|category| failure.about.as_deref() == Some(category.word()))
}

fn mapped_summary(category: ExpenseCategory, count: usize) -> String {
    let items = if count == 1 { "1 item was".to_owned() } else { format!("{count} items were") };
    let category = category.word();
    format!(
        "{items} skipped while the category \u{201c}{category}\u{201d} had no Xero account. It has one now: send them."
    )
}

fn named(record: &Record) -> Named {
    Named { kind: record.key.kind, id: record.key.id.clone(), number: record.number.clone() }
}
