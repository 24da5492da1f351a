//! The daily look at a connection: a disconnect made in Xero, a user removed, an organisation gone or back
//! again, a token that nobody used, a mapped account that was archived.

use super::{Message, Outcome, RETRY_WAIT, Task, Upkeep, outcome_of};
use crate::account::AccountId;
use crate::connection::{Connection, ErrorReason, Status};
use crate::organisation::Facts;
use crate::ports::{Answer, Written};
use crate::session::{Interruption, Session};
use crate::{facts, held, lost, outbox, pausing};
use std::time::Duration;
use xero::TenantId;

impl Upkeep<'_> {
    pub(super) async fn check(&self, connection: &mut Connection) -> Answer<Outcome> {
        match connection.status {
            Status::Disconnected => return Ok(Outcome::Done),
            Status::ChooseOrganisation => {
                self.measure_held(connection).await?;
                return self.keep_alive(connection).await;
            }
            Status::Error if !connection.error.is_some_and(|reason| reason.may_mend_itself()) => {
                self.measure_held(connection).await?;
                return self.keep_alive(connection).await;
            }
            Status::Connected | Status::Error => {}
        }
        let Some(session) = Session::probe(self.client, self.tokens, connection) else { return Ok(Outcome::Done) };
        let tenant = session.tenant_id();
        if let Some(until) = self.cooldowns.cooling_until(tenant, self.clock.now()).await? {
            let wait = until.duration_since(self.clock.now());
            return Ok(Outcome::Again(Duration::try_from(wait).unwrap_or(RETRY_WAIT)));
        }
        // A look is a use: a token that is checked every day never gets old.
        let read = facts::read(self.organisations, &session, &connection.account, self.clock).await;
        match read {
            Ok(facts) => self.alive(connection, tenant, &facts).await,
            Err(interruption) => {
                self.measure_held(connection).await?;
                self.interrupted(connection, tenant, interruption).await
            }
        }
    }

    /// Says how long the oldest held work of an account has been waiting, where there is any.
    pub(super) async fn measure_held(&self, connection: &Connection) -> Answer<()> {
        let Some(tenant) = connection.organisation.as_ref().map(|organisation| organisation.tenant) else {
            return Ok(());
        };
        if let Some(since) = held::oldest(self.waiting, &connection.account, tenant).await? {
            let waited = self.clock.now().duration_since(since).as_secs();
            tracing::info!(xero.tenant_id = %tenant, held.oldest = waited, "work waits for its user");
        }
        Ok(())
    }

    async fn keep_alive(&self, connection: &Connection) -> Answer<Outcome> {
        let renewed = self.tokens.keep_alive(connection).await;
        if matches!(renewed, Ok(true)) {
            tracing::info!("a token that nobody used was renewed");
        }
        Ok(outcome_of(renewed))
    }

    /// Xero answers for the organisation.
    async fn alive(&self, connection: &mut Connection, tenant: TenantId, facts: &Facts) -> Answer<Outcome> {
        let archived = self.archived(connection, tenant, facts).await?;
        if !archived.is_empty() && archived != connection.archived_categories {
            tracing::info!(xero.tenant_id = %tenant, mapping.archived = archived.len(), "mapped accounts are archived");
        }
        connection.archived_categories = archived;
        let was_lost = connection.status == Status::Error;
        connection.confirm(&facts.organisation.name, self.clock.now());
        let written = match was_lost {
            // What is lost may be another account's by now: nothing becomes connected without the claim.
            true => self.ownership.connect_tenant(connection, None).await?,
            false => self.connections.put_connection(connection).await?,
        };
        if written == Written::Conflict {
            return self.not_confirmed(tenant, &connection.account).await;
        }
        outbox::flush_connection(self.connections, self.notifications, connection).await?;
        if connection.due_sweep.is_some() {
            // What was paid while nobody heard of it.
            let sweep = Message::new(&connection.account, Task::SweepPayments);
            self.upkeep_queue.plan(&[(sweep, Duration::ZERO)]).await?;
        }
        self.release(connection).await?;
        let retried = self.retry_mended(connection, tenant, facts).await?;
        if retried > 0 {
            tracing::info!(xero.tenant_id = %tenant, records.retried = retried, "failed records are tried again: their cause is gone");
        }
        Ok(Outcome::Done)
    }

    /// Somebody changed the connection at this moment, or another account has the organisation.
    async fn not_confirmed(&self, tenant: TenantId, account: &AccountId) -> Answer<Outcome> {
        if self.claims.holder(tenant).await?.is_some_and(|holder| holder != *account) {
            tracing::warn!(xero.tenant_id = %tenant, "a lost connection works again, and its organisation is another account's");
            return Ok(Outcome::Done);
        }
        Ok(Outcome::Again(RETRY_WAIT))
    }

    /// Tells the user of a loss for the second time, when that is due.
    async fn remind(&self, seen: &Connection) -> Answer<()> {
        let Some(mut connection) = self.connections.connection(&seen.account).await? else { return Ok(()) };
        if !connection.remind_of_loss(self.clock.now()) {
            return Ok(());
        }
        if self.connections.put_connection(&mut connection).await? == Written::Done {
            outbox::flush_connection(self.connections, self.notifications, &mut connection).await?;
        }
        Ok(())
    }

    /// The mapped categories whose account cannot be posted to any more.
    async fn archived(&self, connection: &Connection, tenant: TenantId, facts: &Facts) -> Answer<Vec<String>> {
        let Some(mapping) = self.mappings.mapping(&connection.account, tenant).await? else { return Ok(Vec::new()) };
        Ok(mapping.choices.broken(facts).into_iter().map(|broken| broken.category.to_owned()).collect())
    }

    async fn interrupted(
        &self,
        connection: &Connection,
        tenant: TenantId,
        interruption: Interruption,
    ) -> Answer<Outcome> {
        let now = self.clock.now();
        if let Some(pause) = interruption.pause() {
            pausing::note(self.cooldowns, tenant, &pause, None, now).await?;
            return Ok(Outcome::Again(pause.time.max(RETRY_WAIT)));
        }
        let reason = match interruption {
            Interruption::Lost(reason) => reason,
            Interruption::ScopeMissing => ErrorReason::PermissionMissing,
            Interruption::Unavailable(error) => return Err(error),
            Interruption::NotConnected
            | Interruption::Wait(_)
            | Interruption::NoAnswer(_)
            | Interruption::Refused(_)
            | Interruption::Operator(_) => return Ok(Outcome::Done),
        };
        lost::lose_unless_renewed(self.connections, self.notifications, self.clock, connection, reason).await?;
        self.remind(connection).await?;
        Ok(Outcome::Done)
    }
}
