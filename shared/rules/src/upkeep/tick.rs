//! Every minute: accounts whose waiting work is due get a message that drains it, and the backend is told of what has
//! been waiting for two minutes, once for each connection.
//!
//! Where something is out for all accounts, one of them tries it out; the others follow when it has been answered.

use crate::failure::policy::Pause;
use crate::notification::{Details, Notification};
use crate::ports::{Answer, Clock, Cooldowns, DueWakes, Notifications, Outage, OutageScope, SyncQueue, Wakes, Written};
use crate::record::WaitReason;
use crate::sync::message;
use crate::sync::wait::SAFETY_NET;
use crate::wake::Wake;
use futures::future::try_join_all;
use jiff::{SignedDuration, Timestamp};

/// How long work waits before the backend is told.
pub const TELL_AFTER: SignedDuration = SignedDuration::from_mins(2);
/// Accounts that one tick lets go on: each makes a call at least, and Xero takes 10,000 a minute from the whole app, of
/// which new work has its part.
const MAX_DRAINS: usize = 7_000;

/// The look at what is due.
pub struct Tick<'a> {
    /// What is due.
    pub due: &'a dyn DueWakes,
    /// When accounts are due.
    pub wakes: &'a dyn Wakes,
    /// What is out for all accounts.
    pub cooldowns: &'a dyn Cooldowns,
    /// Where the messages go.
    pub sync_queue: &'a dyn SyncQueue,
    /// Where the backend is told.
    pub notifications: &'a dyn Notifications,
    /// Time.
    pub clock: &'a dyn Clock,
}

/// What is out for all accounts at this moment.
struct Outages {
    app: Option<Outage>,
    token_endpoint: Option<Outage>,
}

/// Whether a wake may go on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Goes,
    /// One of those that wait for the same.
    TriesOut,
    Stays,
}

impl Tick<'_> {
    /// Lets what is due go on, and says how many accounts that were. Begun twice, it does no harm.
    ///
    /// # Errors
    /// When the table or a queue cannot be reached; the next minute does what is left.
    pub async fn run(&self) -> Answer<usize> {
        let now = self.clock.now();
        let outages = Outages {
            app: self.cooldowns.outage(OutageScope::App).await?,
            token_endpoint: self.cooldowns.outage(OutageScope::TokenEndpoint).await?,
        };
        let shards = self.due.wake_shards();
        let limit = MAX_DRAINS.div_ceil(usize::from(shards.max(1)));
        let due = try_join_all((0..shards).map(|shard| self.due.due_wakes(shard, now, limit))).await?;
        let mut due: Vec<Wake> = due.into_iter().flatten().collect();
        due.sort_by_key(|wake| wake.due_at);
        let mut tried: Vec<WaitReason> = Vec::new();
        let mut going = Vec::new();
        for wake in due {
            let turn = outages.turn(wake.reason, now);
            if turn == Turn::Goes || (turn == Turn::TriesOut && !tried.contains(&wake.reason)) {
                if turn == Turn::TriesOut {
                    tried.push(wake.reason);
                }
                going.push(wake);
            } else {
                self.tell(wake, now).await?;
            }
        }
        let count = going.len();
        let messages: Vec<_> = going.iter().map(|wake| message::drain(&wake.account, wake.due_at)).collect();
        let taken = self.sync_queue.enqueue(&messages).await?;
        for (wake, taken) in going.into_iter().zip(taken) {
            if taken {
                // The drain says itself when it is due next; this is for one that never comes to that.
                self.put_off(wake, now).await?;
            }
        }
        Ok(count)
    }

    async fn put_off(&self, wake: Wake, now: Timestamp) -> Answer<()> {
        let mut wake = self.tell_now(wake, now).await?;
        wake.due_at = now + SAFETY_NET;
        self.keep(wake).await
    }

    async fn tell(&self, wake: Wake, now: Timestamp) -> Answer<()> {
        let told = wake.told_at;
        let wake = self.tell_now(wake, now).await?;
        if wake.told_at == told { Ok(()) } else { self.keep(wake).await }
    }

    /// Tells the backend, once for each time that work began to wait.
    async fn tell_now(&self, mut wake: Wake, now: Timestamp) -> Answer<Wake> {
        if wake.told_at.is_none() && now.duration_since(wake.since) >= TELL_AFTER {
            self.notifications.notify(&[waiting(&wake, now)]).await?;
            wake.told_at = Some(now);
        }
        Ok(wake)
    }

    async fn keep(&self, mut wake: Wake) -> Answer<()> {
        if self.wakes.put_wake(&mut wake).await? == Written::Conflict {
            tracing::info!("a wake changed while it was put off; the next minute looks at it again");
        }
        Ok(())
    }
}

impl Outages {
    fn turn(&self, reason: WaitReason, now: Timestamp) -> Turn {
        let outage = match reason {
            WaitReason::Credentials => self.app,
            WaitReason::TokenEndpoint => self.token_endpoint,
            WaitReason::Organisation | WaitReason::Answer | WaitReason::Turn => None,
        };
        match outage {
            None => Turn::Goes,
            Some(outage) if outage.until > now => Turn::Stays,
            Some(_) => Turn::TriesOut,
        }
    }
}

/// What the backend is told of work that waits.
fn waiting(wake: &Wake, now: Timestamp) -> Notification {
    let details = Details::WorkWaiting {
        reason: wake.reason,
        message: Pause::of(wake.reason).failure().message,
        since: wake.since,
        next_try: Some(wake.due_at),
    };
    Notification::of_work(&wake.account, wake.since, wake.revision, now, details)
}

/// What the backend is told when nothing waits any more of which it was told.
#[must_use]
pub fn over(wake: &Wake, now: Timestamp) -> Notification {
    let message = "What waited has gone on.".to_owned();
    let details = Details::WorkWaiting { reason: wake.reason, message, since: wake.since, next_try: None };
    Notification::of_work(&wake.account, wake.since, wake.revision, now, details)
}
