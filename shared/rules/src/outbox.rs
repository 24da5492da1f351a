//! Sends the notifications that were written together with a change, and then takes them out of the stored
//! item. A crash in between sends them again, with the same ids.

use crate::connection::Connection;
use crate::notification::Notification;
use crate::ports::{Answer, Connections, Notifications, Records, Written};
use crate::record::Record;

/// Sends what waits in a record's outbox.
///
/// # Errors
/// When the queue or the table cannot be reached; then it waits for the next run.
pub async fn flush_record(records: &dyn Records, notifications: &dyn Notifications, record: &mut Record) -> Answer<()> {
    if record.outbox.is_empty() {
        return Ok(());
    }
    notifications.notify(&record.outbox).await?;
    record.outbox.clear();
    conflict_is_fine(records.put_record(record).await?);
    Ok(())
}

/// Sends what waits in the outboxes of records that were just stored, together. No write of its own takes it out of the
/// stored items: their next one does, and whoever reads them before sends it again, with the same ids.
///
/// # Errors
/// When the queue cannot be reached; then the outboxes are as they were.
pub async fn send_together(notifications: &dyn Notifications, records: &mut [&mut Record]) -> Answer<()> {
    let waiting: Vec<Notification> = records.iter().flat_map(|record| record.outbox.iter().cloned()).collect();
    if waiting.is_empty() {
        return Ok(());
    }
    notifications.notify(&waiting).await?;
    for record in records {
        record.outbox.clear();
    }
    Ok(())
}

/// Sends what waits in a connection's outbox.
///
/// # Errors
/// As [`flush_record`].
pub async fn flush_connection(
    connections: &dyn Connections,
    notifications: &dyn Notifications,
    connection: &mut Connection,
) -> Answer<()> {
    if connection.outbox.is_empty() {
        return Ok(());
    }
    notifications.notify(&connection.outbox).await?;
    connection.outbox.clear();
    conflict_is_fine(connections.put_connection(connection).await?);
    Ok(())
}

/// Whoever wrote in between has the outbox too and sends it again: a repeat with the same id.
fn conflict_is_fine(written: Written) {
    if written == Written::Conflict {
        tracing::info!("an outbox was emptied while its item changed; its notifications may come twice");
    }
}
