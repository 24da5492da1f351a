//! Who may have an organisation: one account at a time. The claim, the connection, and the connection of whoever had it
//! before change in one transaction, so that no two accounts are ever connected to one organisation.
//!
//! An organisation moves only when its holder has lost it at Xero. To the same Xero user at once; to another after a
//! week in which the holder was told twice, and only if the loss is proved anew at that moment. Anything earlier is a
//! matter for people (runbook, "An organisation that another account holds").

use super::{Connect, ConnectAgain, ConnectError, RACES};
use crate::account::AccountId;
use crate::connection::{ConnectedOrganisation, Connection, ConnectionLoss, ErrorReason, Status};
use crate::ports::{DisplacedHolder, Written};
use crate::tokens::{TokenFailure, Tokens};
use jiff::{SignedDuration, Timestamp};
use xero::TenantId;

/// How long an organisation stays its holder's after it was lost at Xero.
const LOSS_TIME: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How often the holder was told of it by then.
const TOLD: u32 = 2;

/// Whether an organisation may move from its holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takeover {
    /// The holder does not use it any more.
    Free,
    /// The holder's connection is lost, and this is the Xero user through whom it was connected.
    SameUser,
    /// The holder's connection has been lost for long enough; that it still is has to be proved.
    LostLongAgo,
    /// It stays the holder's.
    Refused,
}

impl Takeover {
    /// What the state of the holder's connection allows to a consent of this organisation and user.
    #[must_use]
    fn classify(theirs: &Connection, chosen: &ConnectedOrganisation, now: Timestamp) -> Self {
        if !theirs.holds(chosen.tenant) {
            return Self::Free;
        }
        let lost = match theirs.status {
            Status::Error | Status::ChooseOrganisation => theirs.error.is_some_and(ErrorReason::is_loss),
            Status::Connected | Status::Disconnected => false,
        };
        if !lost {
            return Self::Refused;
        }
        if chosen.user.is_some() && theirs.organisation.as_ref().is_some_and(|held| held.user == chosen.user) {
            return Self::SameUser;
        }
        match theirs.loss {
            Some(ConnectionLoss { since, told }) if told >= TOLD && now.duration_since(since) >= LOSS_TIME => {
                Self::LostLongAgo
            }
            Some(_) | None => Self::Refused,
        }
    }
}

impl Connect<'_> {
    /// Connects the account to the organisation, if it may have it; as long as the connection is of this generation,
    /// where one is named.
    pub(super) async fn connect(
        &self,
        account: &AccountId,
        generation: Option<u64>,
        chosen: ConnectedOrganisation,
    ) -> Result<Connection, ConnectError> {
        for _ in 0..RACES {
            let mut connection = self.load(account).await?;
            if generation.is_some_and(|generation| generation != connection.generation) {
                return Err(ConnectError::ConnectAgain(ConnectAgain::ChangedMeanwhile));
            }
            let holder = self.claims.holder(chosen.tenant).await?.filter(|holder| holder != account);
            let mut displaced = match holder {
                Some(holder) => Some(self.displace(&holder, &chosen).await?),
                None => None,
            };
            let before = connection.organisation.as_ref().map(|organisation| organisation.tenant);
            connection.choose(chosen.clone(), self.clock.now());
            match self.ownership.connect_tenant(&mut connection, displaced.as_mut()).await? {
                Written::Done => {
                    if let Some(lost) = displaced.filter(|displaced| displaced.is_changed) {
                        self.tell_displaced(lost.connection).await;
                    }
                    return Ok(self.settle(connection, before).await);
                }
                Written::Conflict => {}
            }
        }
        Err(ConnectError::TryAgain("the organisation or the connection was changed at the same moment".to_owned()))
    }

    /// The connection of the account that has the claim, as it is when it has lost it; an error when it keeps it.
    async fn displace(
        &self,
        holder: &AccountId,
        chosen: &ConnectedOrganisation,
    ) -> Result<DisplacedHolder, ConnectError> {
        let now = self.clock.now();
        let mut theirs = self.load(holder).await?;
        match Takeover::classify(&theirs, chosen, now) {
            Takeover::Free => return Ok(DisplacedHolder { connection: theirs, is_changed: false }),
            Takeover::Refused => return Err(ConnectError::OrganisationTaken),
            Takeover::SameUser => {}
            Takeover::LostLongAgo => self.prove_loss(&theirs, chosen.tenant).await?,
        }
        theirs.lose_to_another_account(now);
        Ok(DisplacedHolder { connection: theirs, is_changed: true })
    }

    /// That Xero refuses the holder at this very moment. What cannot be proved is not believed.
    async fn prove_loss(&self, theirs: &Connection, tenant: TenantId) -> Result<(), ConnectError> {
        let tokens = Tokens {
            identity: self.identity,
            vault: self.vault,
            grants: self.grants,
            leases: self.leases,
            clock: self.clock,
            memory: self.memory,
        };
        let token = match tokens.access(theirs).await {
            Ok(token) => token,
            Err(TokenFailure::Revoked) => return Ok(()),
            Err(failure) => return Err(failure.into()),
        };
        let listed = self.client.connections(&token, None).await?;
        match listed.iter().any(|connection| connection.tenant_id == tenant) {
            true => Err(ConnectError::OrganisationTaken),
            false => Ok(()),
        }
    }

    /// Tells the account that has lost the organisation, and cleans up behind it. Upkeep does what is left.
    async fn tell_displaced(&self, mut lost: Connection) {
        tracing::warn!(
            xero.tenant_id = lost.taken_over.map(|tenant| tenant.to_string()),
            account.displaced = %lost.account,
            "an organisation that was lost is connected to another account now"
        );
        self.disconnecting().tidy(&mut lost).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;
    use xero::{ConnectionId, XeroUserId};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn organisation(user: u128) -> ConnectedOrganisation {
        ConnectedOrganisation {
            connection: ConnectionId::from_uuid(Uuid::from_u128(user)),
            tenant: TenantId::from_uuid(Uuid::from_u128(7)),
            name: "Harbour Sound Ltd".to_owned(),
            user: Some(XeroUserId::from_uuid(Uuid::from_u128(user))),
            consent: None,
        }
    }

    fn holder() -> Connection {
        let mut holder = Connection::none(AccountId::parse("acc_holder").unwrap());
        holder.choose(organisation(1), NOW);
        holder
    }

    /// What a consent of the same user and one of another may do, now and after a week in which the holder was told.
    fn takeovers(holder: &Connection) -> [Takeover; 4] {
        let mut told = holder.clone();
        told.remind_of_loss(NOW + LOSS_TIME);
        [(holder, 1, NOW), (holder, 2, NOW), (&told, 1, NOW + LOSS_TIME), (&told, 2, NOW + LOSS_TIME)]
            .map(|(holder, user, now)| Takeover::classify(holder, &organisation(user), now))
    }

    #[test]
    fn a_working_connection_and_one_that_can_be_put_right_keep_their_organisation_for_ever() {
        assert_eq!(takeovers(&holder()), [Takeover::Refused; 4]);
        for reason in [ErrorReason::AccessRefused, ErrorReason::PermissionMissing, ErrorReason::PermissionWithheld] {
            let mut holder = holder();
            holder.lose(reason, NOW);
            assert_eq!(takeovers(&holder), [Takeover::Refused; 4], "{reason:?}");
        }
    }

    #[test]
    fn what_was_lost_goes_to_the_same_user_at_once_and_to_another_after_a_week() {
        use Takeover::{LostLongAgo, Refused, SameUser};
        for reason in [ErrorReason::GrantRevoked, ErrorReason::OrganisationGone] {
            let mut holder = holder();
            holder.lose(reason, NOW);
            assert_eq!(takeovers(&holder), [SameUser, Refused, SameUser, LostLongAgo], "{reason:?}");
            // A choice that was begun meanwhile makes no difference.
            holder.offer(vec![organisation(3)], NOW);
            assert_eq!(takeovers(&holder)[1], Refused, "{reason:?}");
            assert_eq!(takeovers(&holder)[0], SameUser, "{reason:?}");
        }
    }

    #[test]
    fn a_week_alone_is_not_enough_and_neither_is_being_told() {
        let mut holder = holder();
        holder.lose(ErrorReason::GrantRevoked, NOW);
        assert_eq!(Takeover::classify(&holder, &organisation(2), NOW + LOSS_TIME), Takeover::Refused);
        holder.remind_of_loss(NOW + SignedDuration::from_hours(4 * 24));
        let almost = NOW + LOSS_TIME - SignedDuration::from_secs(1);
        assert_eq!(Takeover::classify(&holder, &organisation(2), almost), Takeover::Refused);
    }

    #[test]
    fn what_is_given_up_is_free() {
        let mut holder = holder();
        holder.disconnect(NOW);
        assert_eq!(takeovers(&holder), [Takeover::Free; 4]);
    }
}
