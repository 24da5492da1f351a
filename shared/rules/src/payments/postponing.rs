//! What cannot be read from Xero now: a sweep of the account is noted as due and planned, and whatever asked is over. So
//! nothing is received again and again while Xero is out, and what changed meanwhile is read as soon as it is back.

use super::{Outcome, Payments, RETRY_WAIT};
use crate::account::AccountId;
use crate::connection::{Connection, DueSweep, ErrorReason};
use crate::lost;
use crate::ports::{Answer, Written};
use crate::record::WaitReason;
use crate::session::Interruption;
use crate::upkeep::{Message, Task};
use std::time::Duration;
use xero::TenantId;

/// Shortest time until the sweep is tried.
const SHORTEST_WAIT: Duration = Duration::from_secs(60);
/// Longest time for which a message can be planned (SQS); what waits longer has its turn within the hour.
const LONGEST_PLAN: Duration = Duration::from_secs(15 * 60);
/// How often the note is tried again when somebody else has changed the connection.
const RACES: u32 = 5;

impl Payments<'_> {
    /// Notes that the account has to be swept, and plans it. What is planned already is not planned twice.
    pub(super) async fn postpone(&self, account: &AccountId, tenant: TenantId, wait: Duration) -> Answer<()> {
        let now = self.clock.now();
        let wait = wait.max(SHORTEST_WAIT);
        for _ in 0..RACES {
            let Some(mut connection) = self.connections.connection(account).await? else { return Ok(()) };
            let planned = connection.due_sweep.is_some_and(|due| due.next_try > now);
            if connection.tenant() != Some(tenant) || planned {
                return Ok(());
            }
            let since = connection.due_sweep.map_or(now, |due| due.since);
            connection.due_sweep = Some(DueSweep { since, next_try: now + wait });
            if self.connections.put_connection(&mut connection).await? == Written::Conflict {
                continue;
            }
            tracing::info!(xero.tenant_id = %tenant, sweep.due_in = wait.as_secs(), "payments are read later");
            if wait <= LONGEST_PLAN {
                self.upkeep_queue.plan(&[(Message::new(account, Task::SweepPayments), wait)]).await?;
            }
            return Ok(());
        }
        Err(crate::ports::Unavailable { what: "note a due sweep", source: "others were always faster".into() })
    }

    /// What follows when Xero gave no result.
    pub(super) async fn interrupted(
        &self,
        connection: &Connection,
        tenant: TenantId,
        interruption: Interruption,
    ) -> Answer<Outcome> {
        let wait = match interruption {
            Interruption::Wait(pause) => {
                if pause.reason == WaitReason::Organisation {
                    self.cooldowns.cool_down(tenant, self.clock.now() + pause.time).await?;
                }
                pause.time
            }
            Interruption::NotConnected => return Ok(Outcome::Dropped),
            // Once the connection is back, a sweep is due anyway.
            Interruption::ScopeMissing => return self.lost(connection, ErrorReason::PermissionMissing).await,
            Interruption::Lost(reason) => return self.lost(connection, reason).await,
            Interruption::Unavailable(error) => return Err(error),
            Interruption::NoAnswer(error) | Interruption::Refused(error) => {
                tracing::warn!(error = %error, "Xero gave no answer about payments");
                RETRY_WAIT
            }
            Interruption::Operator(error) => {
                tracing::error!(error, alarm = "operator", "our own request or credentials are refused");
                LONGEST_PLAN
            }
        };
        self.postpone(&connection.account, tenant, wait).await?;
        Ok(Outcome::Postponed)
    }

    async fn lost(&self, connection: &Connection, reason: ErrorReason) -> Answer<Outcome> {
        lost::lose_unless_renewed(self.connections, self.notifications, self.clock, connection, reason).await?;
        Ok(Outcome::Dropped)
    }
}
