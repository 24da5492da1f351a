//! Work that waits for a reason outside its document: when the reason is gone, the stored events go back
//! into the queue, oldest first. Releasing twice does no harm: a record that is synced is left alone.

use crate::account::AccountId;
use crate::ports::{Answer, Queued, Records, SyncQueue};
use crate::record::{Record, State};
use jiff::Timestamp;
use xero::TenantId;

/// Puts every held event of an organisation back into the queue, and says how many.
///
/// # Errors
/// When the records or the queue cannot be reached; what was not released stays held.
pub async fn release(
    records: &dyn Records,
    queue: &dyn SyncQueue,
    account: &AccountId,
    tenant: TenantId,
) -> Answer<usize> {
    release_where(records, queue, account, tenant, |_| true).await
}

/// As [`release`], of those records alone that the caller names: a reason that is still there would only hold
/// them again.
///
/// # Errors
/// As [`release`].
pub async fn release_where(
    records: &dyn Records,
    queue: &dyn SyncQueue,
    account: &AccountId,
    tenant: TenantId,
    free: impl Fn(&Record) -> bool,
) -> Answer<usize> {
    let mut held = all(records, account, tenant).await?;
    held.retain(free);
    held.sort_by_key(|record| record.created_at);
    let events: Vec<Queued> = held.into_iter().filter_map(queued).collect();
    let taken = queue.enqueue(&events).await?;
    Ok(taken.into_iter().filter(|taken| *taken).count())
}

/// Since when the oldest held work of an organisation has been waiting.
///
/// # Errors
/// When the records cannot be reached.
pub async fn oldest(records: &dyn Records, account: &AccountId, tenant: TenantId) -> Answer<Option<Timestamp>> {
    Ok(all(records, account, tenant).await?.into_iter().map(|record| record.changed_at).min())
}

async fn all(records: &dyn Records, account: &AccountId, tenant: TenantId) -> Answer<Vec<Record>> {
    let mut held = Vec::new();
    let mut cursor = None;
    loop {
        let page = records.records(account, tenant, None, cursor.as_deref()).await?;
        held.extend(page.records.into_iter().filter(|record| record.state == State::Held));
        cursor = page.next;
        if cursor.is_none() {
            return Ok(held);
        }
    }
}

fn queued(record: Record) -> Option<Queued> {
    Some(Queued {
        // One release for each time that it was held.
        deduplication: format!("held:{}:{}", record.key.id, record.revision),
        account: record.key.account,
        event: record.event?,
    })
}
