//! Work that waits for a reason outside its document: when the reason is gone, the stored events go back
//! into the queue, oldest first. Releasing twice does no harm: a record that is synced is left alone.

use crate::account::AccountId;
use crate::failure::Failure;
use crate::outbox;
use crate::ports::{Answer, Notifications, Queued, Records, SyncQueue, Waiting, Written};
use crate::record::{Record, UnderWay};
use crate::sync::message;
use jiff::Timestamp;
use xero::TenantId;

/// Puts every held event of an organisation back into the queue, and says how many.
///
/// # Errors
/// When the records or the queue cannot be reached; what was not released stays held.
pub async fn release(
    waiting: &dyn Waiting,
    queue: &dyn SyncQueue,
    account: &AccountId,
    tenant: TenantId,
) -> Answer<usize> {
    release_where(waiting, queue, account, tenant, |_| true).await
}

/// As [`release`], of those records alone that the caller names: a reason that is still there would only hold
/// them again.
///
/// # Errors
/// As [`release`].
pub async fn release_where(
    waiting: &dyn Waiting,
    queue: &dyn SyncQueue,
    account: &AccountId,
    tenant: TenantId,
    free: impl Fn(&Record) -> bool,
) -> Answer<usize> {
    let records = all(waiting, account, tenant).await?;
    let held = records.into_iter().filter(|record| record.under_way == UnderWay::Held && free(record));
    let events: Vec<Queued> = held.map(|record| message::run_record("held", &record.key, record.revision)).collect();
    let taken = queue.enqueue(&events).await?;
    Ok(taken.into_iter().filter(|taken| *taken).count())
}

/// Ends what waits at an account that has lost the organisation to another: nothing of it will be sent by itself any more.
/// Says how many records that were. May be repeated.
///
/// # Errors
/// When the records cannot be reached; what was not ended waits for the next run.
pub async fn end_waiting_of_lost_account(
    waiting: &dyn Waiting,
    records: &dyn Records,
    notifications: &dyn Notifications,
    (account, tenant): (&AccountId, TenantId),
    now: Timestamp,
) -> Answer<usize> {
    let mut ended = 0;
    for mut record in all(waiting, account, tenant).await? {
        match record.under_way {
            UnderWay::Held | UnderWay::Waiting | UnderWay::Skipped => {}
            // An intent is looked up by whoever has it; what failed waits for its user.
            UnderWay::Nothing | UnderWay::Intent | UnderWay::Failed => continue,
        }
        record.fail(Failure::not_connected(), now);
        match records.put_record(&mut record).await? {
            Written::Done => {
                ended += 1;
                outbox::flush_record(records, notifications, &mut record).await?;
            }
            // Somebody is at it at this moment, and finds the account disconnected.
            Written::Conflict => {}
        }
    }
    Ok(ended)
}

/// Since when the oldest held work of an organisation has been waiting.
///
/// # Errors
/// When the records cannot be reached.
pub async fn oldest(waiting: &dyn Waiting, account: &AccountId, tenant: TenantId) -> Answer<Option<Timestamp>> {
    let records = all(waiting, account, tenant).await?;
    let held = records.into_iter().filter(|record| record.under_way == UnderWay::Held);
    Ok(held.map(|record| record.changed_at).min())
}

/// Everything of an organisation that waits, oldest first.
///
/// # Errors
/// When the records cannot be reached.
pub async fn all(waiting: &dyn Waiting, account: &AccountId, tenant: TenantId) -> Answer<Vec<Record>> {
    let mut found = Vec::new();
    let mut cursor = None;
    loop {
        let page = waiting.waiting(account, tenant, cursor.as_deref()).await?;
        found.extend(page.records);
        cursor = page.next;
        if cursor.is_none() {
            return Ok(found);
        }
    }
}
