//! Marks a connection as lost: its state changes, the backend is told, and work is held from then on. This
//! is not a disconnect: tokens, references and mapping stay, and re-authorising brings everything back.

use crate::account::AccountId;
use crate::connection::{Connection, ErrorReason, Status};
use crate::outbox;
use crate::ports::{Answer, Clock, Connections, Notifications, Written};
use xero::TenantId;

/// Marks the account's connection to this tenant as lost; none when it is not what was lost any more,
/// because somebody has changed it in the meantime.
///
/// # Errors
/// When the table or the queue cannot be reached.
pub async fn lose(
    connections: &dyn Connections,
    notifications: &dyn Notifications,
    clock: &dyn Clock,
    account: &AccountId,
    tenant: TenantId,
    reason: ErrorReason,
) -> Answer<Option<Connection>> {
    let Some(mut connection) = connections.connection(account).await? else { return Ok(None) };
    let same = connection.organisation.as_ref().is_some_and(|organisation| organisation.tenant == tenant);
    match connection.status {
        Status::Connected | Status::Error if same => {}
        Status::Connected | Status::Error | Status::ChooseOrganisation | Status::Disconnected => return Ok(None),
    }
    connection.lose(reason, clock.now());
    match connections.put_connection(&mut connection).await? {
        Written::Done => {}
        Written::Conflict => return Ok(None),
    }
    tracing::warn!(xero.tenant_id = %tenant, reason = reason.word(), "the connection is lost");
    outbox::flush_connection(connections, notifications, &mut connection).await?;
    Ok(Some(connection))
}
