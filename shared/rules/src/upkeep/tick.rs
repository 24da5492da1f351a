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
/// Accounts that one tick looks at: those that stay for an outage are told of and put off, and hide nobody behind them.
const MAX_LOOKS: usize = 25_000;
/// Wakes that are written side by side.
const AT_ONCE: usize = 32;

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
    /// What is out is left alone until then.
    Stays(Timestamp),
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
        let limit = MAX_LOOKS.div_ceil(usize::from(shards.max(1)));
        let due = try_join_all((0..shards).map(|shard| self.due.due_wakes(shard, now, limit))).await?;
        let mut due: Vec<Wake> = due.into_iter().flatten().collect();
        due.sort_by_key(|wake| wake.due_at);
        let mut tried: Vec<WaitReason> = Vec::new();
        let (mut going, mut staying) = (Vec::new(), Vec::new());
        for wake in due {
            match outages.turn(wake.reason, now) {
                Turn::TriesOut if tried.contains(&wake.reason) => staying.push((wake, None)),
                Turn::TriesOut | Turn::Goes if going.len() == MAX_DRAINS => staying.push((wake, None)),
                Turn::TriesOut => {
                    tried.push(wake.reason);
                    going.push(wake);
                }
                Turn::Goes => going.push(wake),
                Turn::Stays(until) => staying.push((wake, Some(until))),
            }
        }
        let count = going.len();
        let messages: Vec<_> = going.iter().map(|wake| message::drain(&wake.account, wake.due_at)).collect();
        let taken = self.sync_queue.enqueue(&messages).await?;
        // The drain says itself when it is due next; this is for one that never comes to that.
        let put_off = going.into_iter().zip(taken).map(|(wake, taken)| (wake, taken.then_some(now + SAFETY_NET)));
        let looked_at: Vec<(Wake, Option<Timestamp>)> = put_off.chain(staying).collect();
        self.keep_all(looked_at, now).await?;
        Ok(count)
    }

    /// Tells the backend of those that have waited long enough, and writes when each is looked at next. What stays for
    /// an outage is looked at when that is, so that of any number of accounts each has its turn to be told.
    async fn keep_all(&self, looked_at: Vec<(Wake, Option<Timestamp>)>, now: Timestamp) -> Answer<()> {
        let untold: Vec<Notification> =
            looked_at.iter().filter(|(wake, _)| is_untold(wake, now)).map(|(wake, _)| waiting(wake, now)).collect();
        // Where it cannot be told, it is next minute; what goes on does so all the same.
        let told = self.notifications.notify(&untold).await;
        let mut changed: Vec<Wake> = Vec::new();
        for (wake, next) in looked_at {
            let told_at = wake.told_at.or((is_untold(&wake, now) && told.is_ok()).then_some(now));
            let tell_by = if told_at.is_none() { wake.since + TELL_AFTER } else { Timestamp::MAX };
            let due_at = next.map_or(wake.due_at, |next| next.min(tell_by.max(now)));
            if (due_at, told_at) != (wake.due_at, wake.told_at) {
                changed.push(Wake { due_at, told_at, ..wake });
            }
        }
        for some in changed.chunks_mut(AT_ONCE) {
            try_join_all(some.iter_mut().map(|wake| self.keep(wake))).await?;
        }
        told
    }

    async fn keep(&self, wake: &mut Wake) -> Answer<()> {
        if self.wakes.put_wake(wake).await? == Written::Conflict {
            tracing::info!("a wake changed while it was put off; the next minute looks at it again");
        }
        Ok(())
    }
}

/// Whether work has waited for so long that the backend has to be told, once for each time that it began to wait.
fn is_untold(wake: &Wake, now: Timestamp) -> bool {
    wake.told_at.is_none() && now.duration_since(wake.since) >= TELL_AFTER
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
            Some(outage) if outage.until > now => Turn::Stays(outage.until),
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
