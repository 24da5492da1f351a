//! An account's connection to one Xero organisation: its states, and what the user is told of an error.

mod reason;

pub use reason::ErrorReason;

use crate::account::AccountId;
use crate::action::Action;
use crate::grant::TokenContext;
use crate::notification::{Details, DisconnectReason, Notification};
use crate::permission::Permission;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use xero::{AuthenticationEventId, ConnectionId, TenantId, XeroUserId};

/// The version of the stored connection.
pub const VERSION: u32 = 1;

/// How long an organisation may be offered without being chosen. What is offered counts toward Xero's plan.
pub const OFFER_TIME: SignedDuration = SignedDuration::from_hours(24);
/// How long after a release of held work another one follows: whoever decided to hold just before it has
/// written by then.
pub const DRAIN_TIME: SignedDuration = SignedDuration::from_mins(10);
/// How long after a loss its user is told again.
const REMINDER_TIME: SignedDuration = SignedDuration::from_hours(3 * 24);
/// A consent that is this young and lacks a permission was not given it: asking again would not help.
const FRESH_CONSENT: SignedDuration = SignedDuration::from_hours(24);

/// The connection of one account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// Version of the stored form.
    pub version: u32,
    /// Whose it is.
    pub account: AccountId,
    /// Counts every write; a write must name the one it read.
    pub revision: u64,
    /// Counts connecting, disconnecting and closing: a consent is good in the generation in which it began.
    #[serde(default)]
    pub generation: u64,
    /// Where it stands.
    pub status: Status,
    /// The organisation, once chosen; it stays after a disconnect, because references belong to it.
    pub organisation: Option<ConnectedOrganisation>,
    /// The organisations of a consent that has none chosen yet. What is connected stays so until then.
    #[serde(default)]
    pub choices: Vec<ConnectedOrganisation>,
    /// Since when they are offered.
    #[serde(default)]
    pub offered_at: Option<Timestamp>,
    /// The Xero user who consented, whose tokens are used.
    pub xero_user: Option<XeroUserId>,
    /// When they consented last: access tokens of an earlier consent are not used any more.
    pub consented_at: Option<Timestamp>,
    /// Connections that nobody uses and that have still to be removed at Xero, where they count.
    #[serde(default)]
    pub leftovers: Vec<ConnectedOrganisation>,
    /// Users whose grants may still name the account although it does not use them: of a consent that was
    /// begun and not finished, or of a connection that ended.
    #[serde(default)]
    pub leaving: Vec<Leaving>,
    /// Since when held work is let go; none when nothing can be left.
    #[serde(default)]
    pub draining_since: Option<Timestamp>,
    /// Mapped categories whose account was archived or deleted in Xero, as of the last check.
    #[serde(default)]
    pub archived_categories: Vec<String>,
    /// When the organisation was chosen.
    pub connected_at: Option<Timestamp>,
    /// When Xero last answered for it.
    pub last_checked_at: Option<Timestamp>,
    /// Why it is in error.
    pub error: Option<ErrorReason>,
    /// Since when, and how often its user was told.
    #[serde(default)]
    pub loss: Option<ConnectionLoss>,
    /// The organisation that another account took over: what waits here for it ends.
    #[serde(default)]
    pub taken_over: Option<TenantId>,
    /// Notifications that are written with a change and sent after it.
    #[serde(default)]
    pub outbox: Vec<Notification>,
    /// The number of the last notification.
    #[serde(default)]
    pub last_order: u64,
    /// A sweep of payments that is due before its time; none while none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_sweep: Option<DueSweep>,
    /// What consents were asked for beyond the usual: the next one asks for it again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<Permission>,
}

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Work is synced.
    Connected,
    /// The consent covered several organisations and none is chosen yet.
    ChooseOrganisation,
    /// Nothing is synced.
    Disconnected,
    /// Xero refuses; work is held until it is authorised again.
    Error,
}

/// A loss as its user was told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionLoss {
    /// Since when Xero refuses.
    pub since: Timestamp,
    /// How often the backend was told.
    pub told: u32,
}

/// A Xero organisation that the user allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectedOrganisation {
    /// Xero's connection, the thing that a disconnect removes.
    pub connection: ConnectionId,
    /// The organisation.
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
    /// Through whom: two users of one organisation have a connection each.
    #[serde(default)]
    pub user: Option<XeroUserId>,
    /// By which consent: a connection that another one has renewed since is no leftover of this.
    #[serde(default)]
    pub consent: Option<AuthenticationEventId>,
}

/// A sweep that is due: Xero could not be asked, or nobody heard what happened in the meantime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueSweep {
    /// Since when something may be unknown.
    pub since: Timestamp,
    /// When it is tried next.
    pub next_try: Timestamp,
}

/// A grant that the account has to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    /// Whose grant.
    pub user: XeroUserId,
    /// Not earlier: until then a consent may be under way that will use it.
    pub not_before: Timestamp,
    /// The consent that was under way: what it connected at Xero is to be removed, unless it is used.
    #[serde(default)]
    pub consent: Option<AuthenticationEventId>,
}

impl Connection {
    /// An account that was never connected.
    #[must_use]
    pub fn none(account: AccountId) -> Self {
        Self {
            version: VERSION,
            account,
            revision: 0,
            generation: 0,
            status: Status::Disconnected,
            organisation: None,
            choices: Vec::new(),
            offered_at: None,
            xero_user: None,
            consented_at: None,
            leftovers: Vec::new(),
            leaving: Vec::new(),
            draining_since: None,
            archived_categories: Vec::new(),
            connected_at: None,
            last_checked_at: None,
            error: None,
            loss: None,
            taken_over: None,
            outbox: Vec::new(),
            last_order: 0,
            due_sweep: None,
            permissions: Vec::new(),
        }
    }

    /// The organisation to which work may be sent at this moment; none unless connected.
    #[must_use]
    pub fn tenant(&self) -> Option<TenantId> {
        match self.status {
            Status::Connected => self.organisation.as_ref().map(|organisation| organisation.tenant),
            Status::ChooseOrganisation | Status::Disconnected | Status::Error => None,
        }
    }

    /// Whether the organisation is the account's to have: connected, or lost and not given up.
    #[must_use]
    pub fn holds(&self, tenant: TenantId) -> bool {
        let same = self.organisation.as_ref().is_some_and(|organisation| organisation.tenant == tenant);
        match self.status {
            Status::Connected | Status::Error => same,
            // A choice that is not made yet: what was lost before it is still there, what was given up is not.
            Status::ChooseOrganisation => same && self.error.is_some(),
            Status::Disconnected => false,
        }
    }

    /// For whom a token that this connection brings is encrypted.
    #[must_use]
    pub fn token_context(&self) -> TokenContext {
        TokenContext { account: self.account.clone(), tenant: self.tenant() }
    }

    /// Whether the account needs the tokens of this user.
    #[must_use]
    pub fn uses(&self, user: XeroUserId) -> bool {
        let connected = self.status != Status::Disconnected && self.xero_user == Some(user);
        connected || self.choices.iter().any(|choice| choice.user == Some(user))
    }

    /// Every Xero user in whose grant the account may be named.
    pub fn users(&self) -> impl Iterator<Item = XeroUserId> {
        let offered = self.choices.iter().filter_map(|choice| choice.user);
        self.xero_user.into_iter().chain(offered).chain(self.leaving.iter().map(|leaving| leaving.user))
    }

    /// Notes that the account is about to be named in a user's grant, so that whatever comes of it, the
    /// grant is not forgotten.
    pub fn join(&mut self, user: XeroUserId, not_before: Timestamp, consent: Option<AuthenticationEventId>) {
        let another = |leaving: &Leaving| leaving.consent.is_some() && leaving.consent != consent;
        self.leaving.retain(|leaving| leaving.user != user || another(leaving));
        self.leaving.push(Leaving { user, not_before, consent });
    }

    /// Notes what a consent was asked for beyond the usual.
    pub fn allow(&mut self, permissions: &[Permission]) {
        for permission in permissions {
            if !self.permissions.contains(permission) {
                self.permissions.push(*permission);
            }
        }
    }

    /// Whether a consent through this user is under way that may come to use it.
    #[must_use]
    pub fn may_come_to_use(&self, user: XeroUserId, now: Timestamp) -> bool {
        self.leaving.iter().any(|leaving| leaving.user == user && leaving.not_before > now)
    }

    /// Whether the account is connected to an organisation through this user, or may choose it.
    #[must_use]
    pub fn needs(&self, tenant: TenantId, user: Option<XeroUserId>) -> bool {
        let same = |one: &ConnectedOrganisation| one.tenant == tenant && (user.is_none() || one.user == user);
        let connected = self.holds(tenant) && self.organisation.as_ref().is_some_and(same);
        connected || self.choices.iter().any(same)
    }

    /// Offers the organisations of a consent. What is connected goes on until one of them is chosen.
    pub fn offer(&mut self, organisations: Vec<ConnectedOrganisation>, now: Timestamp) {
        self.leftovers.append(&mut self.choices);
        if self.status != Status::Connected {
            self.status = Status::ChooseOrganisation;
        }
        self.choices = organisations;
        self.offered_at = Some(now);
        self.settle_notes();
    }

    /// Takes back an offer that nobody has answered, with what depends on it.
    pub fn withdraw_offer(&mut self, now: Timestamp) {
        if self.status == Status::ChooseOrganisation {
            match self.error {
                Some(_) => self.status = Status::Error,
                None => return self.disconnect_because(DisconnectReason::NothingChosen, now),
            }
        }
        self.leave_all(now);
        self.leftovers.append(&mut self.choices);
        self.offered_at = None;
        self.settle_notes();
    }

    /// Chooses an organisation: from now on work is sent to it.
    pub fn choose(&mut self, organisation: ConnectedOrganisation, now: Timestamp) {
        let details = Details::Connected { organisation: organisation.name.clone() };
        self.generation += 1;
        self.leave_all(now);
        // What the consent offered and nobody chose counts toward the plan, and so does what was connected
        // before; what was left over and is chosen now stays.
        self.leftovers.append(&mut self.choices);
        self.leftovers.extend(self.organisation.take().filter(|_| self.status != Status::Disconnected));
        let kept = (organisation.tenant, organisation.user);
        self.leftovers.retain(|unused| (unused.tenant, unused.user) != kept);
        self.status = Status::Connected;
        self.xero_user = organisation.user;
        self.organisation = Some(organisation);
        self.offered_at = None;
        self.consented_at = Some(now);
        self.connected_at = Some(now);
        self.last_checked_at = Some(now);
        self.draining_since = Some(now);
        self.due_sweep = Some(DueSweep { since: now, next_try: now });
        self.archived_categories = Vec::new();
        self.error = None;
        self.loss = None;
        self.taken_over = self.taken_over.filter(|taken| Some(*taken) != self.tenant());
        self.tell(details, now);
        self.settle_notes();
    }

    /// Stops: from now on nothing is sent, whatever is still to be removed, and no consent that began before connects.
    pub fn disconnect(&mut self, now: Timestamp) {
        self.disconnect_because(DisconnectReason::Requested, now);
    }

    /// Stops, because another account has taken the organisation over.
    pub fn lose_to_another_account(&mut self, now: Timestamp) {
        self.taken_over = self.organisation.as_ref().map(|organisation| organisation.tenant);
        self.disconnect_because(DisconnectReason::TakenOver, now);
    }

    fn disconnect_because(&mut self, reason: DisconnectReason, now: Timestamp) {
        self.generation += 1;
        if self.status == Status::Disconnected {
            return;
        }
        self.leave_all(now);
        self.leftovers.extend(self.organisation.iter().cloned());
        self.leftovers.append(&mut self.choices);
        let details = Details::Disconnected { reason, message: reason.message().to_owned(), action: Action::Connect };
        self.tell(details, now);
        self.status = Status::Disconnected;
        self.xero_user = None;
        self.offered_at = None;
        self.draining_since = None;
        self.due_sweep = None;
        self.error = None;
        self.loss = None;
    }

    /// Marks the connection as lost; work is held from now on. Nothing changes when it already is.
    pub fn lose(&mut self, reason: ErrorReason, now: Timestamp) {
        let fresh = self.consented_at.is_some_and(|consented| now.duration_since(consented) < FRESH_CONSENT);
        let reason = match reason {
            ErrorReason::PermissionMissing if fresh => ErrorReason::PermissionWithheld,
            reason => reason,
        };
        self.last_checked_at = Some(now);
        if self.status == Status::Error && self.error == Some(reason) {
            // One that was stored before losses were noted.
            self.loss.get_or_insert(ConnectionLoss { since: now, told: 1 });
            return;
        }
        self.status = Status::Error;
        self.error = Some(reason);
        self.loss = Some(ConnectionLoss { since: now, told: 1 });
        self.tell_loss(reason, now);
    }

    /// Tells the user again that the connection is lost, some days after the first time: another account may have the
    /// organisation then. Says whether it was due.
    pub fn remind_of_loss(&mut self, now: Timestamp) -> bool {
        let (Some(reason), Some(loss)) = (self.error.filter(|_| self.status == Status::Error), self.loss.as_mut())
        else {
            return false;
        };
        if !reason.is_loss() || loss.told > 1 || now.duration_since(loss.since) < REMINDER_TIME {
            return false;
        }
        loss.told += 1;
        self.tell_loss(reason, now);
        true
    }

    fn tell_loss(&mut self, reason: ErrorReason, now: Timestamp) {
        let (word, message, action) = (reason.word().to_owned(), reason.message().to_owned(), reason.action());
        let details = Details::ConnectionError { reason: word, message, action };
        self.tell(details, now);
    }

    /// Xero answers for the organisation: what was lost is back, and held work goes on.
    pub fn confirm(&mut self, name: &str, now: Timestamp) {
        self.last_checked_at = Some(now);
        if let Some(organisation) = self.organisation.as_mut().filter(|_| !name.is_empty()) {
            name.clone_into(&mut organisation.name);
        }
        if self.status == Status::Error {
            self.status = Status::Connected;
            self.error = None;
            self.loss = None;
            self.draining_since = Some(now);
            self.due_sweep = Some(DueSweep { since: now, next_try: now });
            let organisation = self.organisation.as_ref().map(|organisation| organisation.name.clone());
            let details = Details::Connected { organisation: organisation.unwrap_or_default() };
            self.tell(details, now);
        }
    }

    /// Whether something is left to finish for the account.
    #[must_use]
    pub fn has_loose_ends(&self) -> bool {
        !self.leftovers.is_empty()
            || !self.leaving.is_empty()
            || !self.outbox.is_empty()
            || self.draining_since.is_some()
            || self.taken_over.is_some()
            || self.offered_at.is_some()
    }

    fn tell(&mut self, details: Details, now: Timestamp) {
        let tenant = self.organisation.as_ref().map(|organisation| organisation.tenant);
        self.outbox.push(Notification::of_connection(&self.account, tenant, &mut self.last_order, now, details));
    }

    /// Every grant that is in use may have to be left; [`Connection::settle_notes`] takes out those that stay.
    fn leave_all(&mut self, now: Timestamp) {
        let users: Vec<XeroUserId> =
            self.xero_user.into_iter().chain(self.choices.iter().filter_map(|choice| choice.user)).collect();
        for user in users {
            self.join(user, now, None);
        }
    }

    fn settle_notes(&mut self) {
        let leaving = std::mem::take(&mut self.leaving);
        self.leaving = leaving.into_iter().filter(|leaving| !self.uses(leaving.user)).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn organisation(number: u8, user: XeroUserId) -> ConnectedOrganisation {
        let id = uuid::Uuid::from_bytes([number; 16]);
        ConnectedOrganisation {
            connection: ConnectionId::from_uuid(id),
            tenant: TenantId::from_uuid(id),
            name: format!("Organisation {number}"),
            user: Some(user),
            consent: None,
        }
    }

    fn user(number: u8) -> XeroUserId {
        XeroUserId::from_uuid(uuid::Uuid::from_bytes([number; 16]))
    }

    fn connected() -> Connection {
        let mut connection = Connection::none(AccountId::parse("acc").unwrap());
        connection.join(user(1), NOW, None);
        connection.choose(organisation(1, user(1)), NOW);
        connection
    }

    #[test]
    fn an_offer_leaves_what_is_connected_alone_until_it_is_answered() {
        let mut connection = connected();
        connection.join(user(2), NOW, None);
        connection.offer(vec![organisation(2, user(2)), organisation(3, user(2))], NOW);
        assert_eq!(connection.tenant(), Some(organisation(1, user(1)).tenant));
        assert!(connection.uses(user(1)) && connection.uses(user(2)));
        assert!(connection.leaving.is_empty());
        connection.withdraw_offer(NOW);
        assert_eq!((connection.status, connection.leftovers.len()), (Status::Connected, 2));
        assert_eq!(connection.leaving, [Leaving { user: user(2), not_before: NOW, consent: None }]);
    }

    #[test]
    fn another_choice_leaves_the_old_user_and_the_old_organisation() {
        let mut connection = connected();
        connection.join(user(2), NOW, None);
        connection.choose(organisation(2, user(2)), NOW);
        assert_eq!(connection.leftovers, [organisation(1, user(1))]);
        assert_eq!(connection.leaving, [Leaving { user: user(1), not_before: NOW, consent: None }]);
    }

    #[test]
    fn the_same_organisation_through_the_same_user_leaves_nothing_over() {
        let mut connection = connected();
        connection.lose(ErrorReason::GrantRevoked, NOW);
        connection.join(user(1), NOW, None);
        connection.choose(organisation(1, user(1)), NOW);
        assert!(connection.leftovers.is_empty() && connection.leaving.is_empty());
        assert_eq!(connection.error, None);
    }

    #[test]
    fn a_permission_that_a_fresh_consent_lacks_is_nothing_that_the_user_can_mend() {
        let mut connection = connected();
        connection.lose(ErrorReason::PermissionMissing, NOW);
        assert_eq!(connection.error.map(ErrorReason::action), Some(Action::ContactSupport));
        let mut connection = connected();
        connection.lose(ErrorReason::PermissionMissing, NOW + FRESH_CONSENT);
        assert_eq!(connection.error.map(ErrorReason::action), Some(Action::Reauthorise));
    }

    #[test]
    fn a_disconnect_keeps_the_organisation_for_its_references_and_leaves_everything_else() {
        let mut connection = connected();
        connection.disconnect(NOW);
        assert_eq!(connection.tenant(), None);
        assert!(connection.organisation.is_some() && !connection.uses(user(1)));
        assert_eq!(connection.leaving, [Leaving { user: user(1), not_before: NOW, consent: None }]);
        let before = connection.clone();
        connection.disconnect(NOW);
        assert_eq!(connection, Connection { generation: before.generation + 1, ..before });
    }

    #[test]
    fn a_loss_is_told_again_after_three_days_and_not_a_third_time() {
        let mut connection = connected();
        connection.lose(ErrorReason::OrganisationGone, NOW);
        assert!(!connection.remind_of_loss(NOW + REMINDER_TIME - SignedDuration::from_secs(1)));
        assert!(connection.remind_of_loss(NOW + REMINDER_TIME));
        assert!(!connection.remind_of_loss(NOW + REMINDER_TIME * 9));
        assert_eq!(connection.loss, Some(ConnectionLoss { since: NOW, told: 2 }));
        // An access fault is none of those that lose an organisation to somebody else.
        let mut connection = connected();
        connection.lose(ErrorReason::AccessRefused, NOW);
        assert!(!connection.remind_of_loss(NOW + REMINDER_TIME));
    }

    #[test]
    fn two_consents_of_one_user_that_were_not_finished_are_both_remembered() {
        let consent = |number: u8| AuthenticationEventId::from_uuid(uuid::Uuid::from_bytes([number; 16]));
        let mut connection = Connection::none(AccountId::parse("acc").unwrap());
        for number in [1, 2, 2] {
            connection.join(user(1), NOW, Some(consent(number)));
        }
        assert_eq!(
            connection.leaving.iter().map(|left| left.consent).collect::<Vec<_>>(),
            [1, 2].map(|n| Some(consent(n)))
        );
        assert!(!connection.may_come_to_use(user(1), NOW));
        connection.choose(organisation(1, user(1)), NOW);
        assert!(connection.leaving.is_empty());
    }
}
