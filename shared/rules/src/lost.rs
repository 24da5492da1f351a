//! Marks a connection as lost: its state changes, the backend is told, and work is held from then on. This
//! is not a disconnect: tokens, references and mapping stay, and re-authorising brings everything back.

use crate::account::AccountId;
use crate::connection::{Connection, ErrorReason, Status};
use crate::outbox;
use crate::ports::{Answer, Clock, Connections, Notifications, Written};
use jiff::Timestamp;
use xero::TenantId;

/// How often the write is tried again when somebody else has changed the connection.
const RACES: u32 = 3;

/// Marks a connection as lost, as long as it is of the consent that the caller has seen: what an older one was
/// refused says nothing about a newer. None when it is not what was lost any more, because somebody has
/// changed it in the meantime.
///
/// # Errors
/// When the table or the queue cannot be reached.
pub async fn lose_unless_renewed(
    connections: &dyn Connections,
    notifications: &dyn Notifications,
    clock: &dyn Clock,
    seen: &Connection,
    reason: ErrorReason,
) -> Answer<Option<Connection>> {
    let Some(tenant) = seen.organisation.as_ref().map(|organisation| organisation.tenant) else { return Ok(None) };
    let consent: Option<Timestamp> = seen.consented_at;
    let same = |connection: &Connection| names(connection, tenant) && connection.consented_at == consent;
    lose_if(connections, notifications, clock, &seen.account, reason, same).await
}

async fn lose_if(
    connections: &dyn Connections,
    notifications: &dyn Notifications,
    clock: &dyn Clock,
    account: &AccountId,
    reason: ErrorReason,
    is_it: impl Fn(&Connection) -> bool,
) -> Answer<Option<Connection>> {
    for _ in 0..RACES {
        let Some(mut connection) = connections.connection(account).await? else { return Ok(None) };
        if !is_it(&connection) {
            return Ok(None);
        }
        connection.lose(reason, clock.now());
        if connections.put_connection(&mut connection).await? == Written::Conflict {
            continue;
        }
        announce(&connection, reason);
        outbox::flush_connection(connections, notifications, &mut connection).await?;
        return Ok(Some(connection));
    }
    Ok(None)
}

fn names(connection: &Connection, tenant: TenantId) -> bool {
    let same = connection.organisation.as_ref().is_some_and(|organisation| organisation.tenant == tenant);
    match connection.status {
        Status::Connected | Status::Error => same,
        Status::ChooseOrganisation | Status::Disconnected => false,
    }
}

fn announce(connection: &Connection, reason: ErrorReason) {
    let tenant = connection.organisation.as_ref().map(|organisation| organisation.tenant.to_string());
    let reason = connection.error.unwrap_or(reason);
    match reason {
        // What the app may do is our configuration: somebody of ours has to look at it.
        ErrorReason::PermissionMissing | ErrorReason::PermissionWithheld => {
            tracing::error!(
                xero.tenant_id = tenant,
                reason = reason.word(),
                alarm = "operator",
                "a permission is missing"
            );
        }
        ErrorReason::GrantRevoked | ErrorReason::OrganisationGone | ErrorReason::AccessRefused => {
            tracing::warn!(xero.tenant_id = tenant, reason = reason.word(), "the connection is lost");
        }
    }
}
