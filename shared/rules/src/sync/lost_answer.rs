//! What is done about a call whose answer was lost: nothing for a minute, since it may go on; then the same whole call
//! with the same key, as long as Xero surely keeps the key; then nothing until it must have arrived; then a look by the
//! mark. Only an empty look after that allows anything new. Between the tries the records wait.

use super::create::Sent;
use super::document::Document;
use super::{Context, Job, Outcome, STORE_WAIT, Stop, Sync};
use crate::failure::{Failure, MAX_ATTEMPTS};
use crate::ports::Written;
use crate::record::{Call, DocumentKind, Intent, Kind, Record, RecordKey, UnderWay, WaitReason, Want};
use crate::session::Session;
use jiff::{SignedDuration, Timestamp};
use xero::IdempotencyKey;

/// A call may go on for a while behind a gateway that has given up; meanwhile nothing of it is sent.
const QUIET: SignedDuration = SignedDuration::from_secs(60);
/// Xero keeps a key for about six minutes from the first call; a minute less is sure.
const KEY_LIFE: SignedDuration = SignedDuration::from_mins(5);
/// What was sent has arrived by then or never will: a request was seen to land 30 seconds after an empty look.
const SURELY_ARRIVED: SignedDuration = SignedDuration::from_mins(7);
/// First wait after a change of a document whose answer was lost; doubled with every try.
const CHANGE_WAIT: SignedDuration = SignedDuration::from_secs(30);
/// Longest such wait.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(15);
/// Wait of what had no place in a run any more.
const TURN_WAIT: SignedDuration = SignedDuration::from_secs(5);

/// What comes next for a call without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NextStep {
    /// Nothing before this moment.
    Wait(Timestamp),
    /// The same call again.
    Repeat,
    /// A look by the mark.
    Look,
}

fn next_step(call: &Call, now: Timestamp) -> NextStep {
    if now < after(call.last_sent, QUIET) {
        NextStep::Wait(next_try(call))
    } else if now < after(call.first_sent, KEY_LIFE) {
        NextStep::Repeat
    } else if now < after(call.last_sent, SURELY_ARRIVED) {
        NextStep::Wait(after(call.last_sent, SURELY_ARRIVED))
    } else {
        NextStep::Look
    }
}

/// When something may be done about a call that was just sent.
fn next_try(call: &Call) -> Timestamp {
    let again = after(call.last_sent, QUIET);
    if again < after(call.first_sent, KEY_LIFE) { again } else { after(call.last_sent, SURELY_ARRIVED) }
}

fn after(moment: Timestamp, time: SignedDuration) -> Timestamp {
    moment.saturating_add(time).unwrap_or(moment)
}

impl Sync<'_> {
    /// Brings everything that an earlier run may have sent as far as it goes now: afterwards a job that is not over is
    /// in Xero, or it is certain that it is not.
    pub(super) async fn settle_sent(&self, context: &mut Context<'_>, jobs: &mut [Job]) -> Result<(), Stop> {
        let mut seen: Vec<String> = Vec::new();
        while let Some(call) = jobs.iter().filter_map(lost_call).find(|call| !seen.contains(&call.key)).cloned() {
            seen.push(call.key.clone());
            match next_step(&call, self.clock.now()) {
                NextStep::Wait(until) => {
                    for job in jobs.iter_mut().filter(|job| is_of(job, &call)) {
                        self.wait_for_answer(job, until).await?;
                    }
                }
                // What is not wanted any more is not made for being taken back: it is looked for when it must have arrived.
                NextStep::Repeat if jobs.iter().any(|job| is_of(job, &call) && job.step() == Want::TakeBack) => {
                    for job in jobs.iter_mut().filter(|job| is_of(job, &call)) {
                        self.wait_for_answer(job, after(call.last_sent, SURELY_ARRIVED)).await?;
                    }
                }
                NextStep::Repeat => self.repeat(context, jobs, &call).await?,
                NextStep::Look => {}
            }
        }
        let mut unknown: Vec<&mut Job> = jobs.iter_mut().filter(|job| lost_call(job).is_some()).collect();
        match self.look_up(context, &mut unknown).await {
            // Nobody could look: nothing new is sent before somebody did.
            Err(Stop::Unanswered(why)) => {
                tracing::warn!(error = why, "what may have arrived in Xero cannot be looked up");
                for job in unknown.into_iter().filter(|job| lost_call(job).is_some()) {
                    let until = self.later(job);
                    self.wait_for_answer(job, until).await?;
                }
                Ok(())
            }
            other => other,
        }
    }

    /// The document was not sent, because its contact has no answer or Xero let nobody in; it is later. It `counts` when
    /// Xero fails for this one alone.
    pub(super) async fn not_reached(&self, job: &mut Job, counts: bool) -> Result<(), Stop> {
        let until = self.later(job);
        let now = self.clock.now();
        if let Some(record) = job.record.as_mut() {
            record.attempts += u32::from(counts);
            if given_up(record, now) {
                return self.store(job, Outcome::Done).await;
            }
        }
        self.wait_until(job, WaitReason::Answer, Failure::not_reached(), until).await
    }

    /// When something is tried again: as long from now as it has waited already, within bounds.
    fn later(&self, job: &Job) -> Timestamp {
        let now = self.clock.now();
        let since = job.record.as_ref().and_then(|record| record.waiting.as_ref()).map_or(now, |waiting| waiting.since);
        after(now, now.duration_since(since).clamp(CHANGE_WAIT, LONGEST_WAIT))
    }

    /// Sends the same whole call again, with the documents of other records that were in it.
    async fn repeat(&self, context: &mut Context<'_>, jobs: &mut [Job], call: &Call) -> Result<(), Stop> {
        let mut others = self.other_members(context, jobs, call).await?;
        let mut open: Vec<&mut Job> = Vec::with_capacity(call.members.len());
        let mut all: Vec<&mut Job> = jobs.iter_mut().chain(others.iter_mut()).filter(|job| is_of(job, call)).collect();
        for member in &call.members {
            let Some(place) = all.iter().position(|job| member_of(job).as_ref() == Some(member)) else { break };
            open.push(all.swap_remove(place));
        }
        let key = IdempotencyKey::new(call.key.clone()).ok();
        let Some(key) = key.filter(|_| open.len() == call.members.len() && !open.is_empty()) else {
            // It cannot be put together again as it was: it is looked for when it must have arrived.
            let until = after(call.last_sent, SURELY_ARRIVED);
            for job in open.into_iter().chain(all) {
                self.wait_for_answer(job, until).await?;
            }
            return Ok(());
        };
        self.check_deadline()?;
        let now = self.clock.now();
        for job in &mut open {
            job.document = sent(job);
            let Some(record) = job.record.as_mut() else { continue };
            if let Some(intent) = record.intent.as_mut() {
                intent.call.last_sent = now;
            }
            record.under_way = UnderWay::Intent;
            if self.records.put_record(record).await? == Written::Conflict {
                return Err(Stop::Again(STORE_WAIT));
            }
        }
        if self.send(context, &mut open, &key).await? == Sent::RefusedTogether {
            self.part_company(context, &mut open).await?;
        }
        // Who came along is told of by its own message when something is left to do.
        for job in &mut others {
            if !job.is_over() && job.record.is_some() {
                self.wait_for_turn(job).await?;
            }
        }
        Ok(())
    }

    /// The other documents of a call, as jobs that go on with their records.
    async fn other_members(&self, context: &Context<'_>, jobs: &[Job], call: &Call) -> Result<Vec<Job>, Stop> {
        let mut others = Vec::new();
        let Some(account) = jobs.iter().find_map(Job::account) else { return Ok(others) };
        for member in &call.members {
            if jobs.iter().any(|job| is_of(job, call) && member_of(job).as_ref() == Some(member)) {
                continue;
            }
            let Some((kind, id)) = member.split_once(':') else { break };
            let Some(kind) = Kind::parse(kind) else { break };
            let key =
                RecordKey { account: account.clone(), tenant: context.session.tenant_id(), kind, id: id.to_owned() };
            let Some(record) = self.records.record(&key).await? else { break };
            let mut job = Job::go_on(account, super::message::RunRecord { kind, id: key.id });
            job.take_record(record, self.clock.now());
            others.push(job);
        }
        Ok(others)
    }

    /// The answer to a call that was sent for these was lost: they wait until something may be done about it.
    ///
    /// What was in a call with others is sent alone the next time, where the refusal is Xero's own or comes again. A
    /// refusal of one alone counts against it, if the organisation answers other calls.
    pub(super) async fn lost(
        &self,
        context: &Context<'_>,
        open: &mut [&mut Job],
        error: &xero::Error,
    ) -> Result<(), Stop> {
        let failed = matches!(error, xero::Error::Server { .. });
        let [job] = open else {
            let judged = matches!(error, xero::Error::Server { status: 500, .. });
            for job in open.iter_mut() {
                if let Some(record) = job.record.as_mut() {
                    record.goes_alone |= judged || record.intent.as_ref().is_some_and(|intent| intent.attempt > 1);
                }
                self.lost_one(job, error).await?;
            }
            return Ok(());
        };
        let is_first = is_first_sending(job);
        // Xero repeats a stored error for the same key: only the first answer says something new.
        if failed
            && is_first
            && self.answers_otherwise(context.session).await
            && let Some(record) = job.record.as_mut()
        {
            record.attempts += 1;
        }
        self.lost_one(job, error).await
    }

    async fn lost_one(&self, job: &mut Job, error: &xero::Error) -> Result<(), Stop> {
        let now = self.clock.now();
        let Some(record) = job.record.as_mut() else { return Ok(()) };
        tracing::warn!(
            record.id = record.key.id,
            record.attempts = record.attempts,
            error = %error,
            "a document has no answer from Xero"
        );
        if given_up(record, now) {
            return self.store(job, Outcome::Done).await;
        }
        let until = record.intent.as_ref().map_or(now, |intent| next_try(&intent.call));
        self.wait_for_answer(job, until).await
    }

    /// A change of a document that is in Xero has no answer: it may be repeated, so it is tried again as it is.
    pub(super) async fn lost_change(
        &self,
        context: &Context<'_>,
        job: &mut Job,
        error: &xero::Error,
    ) -> Result<(), Stop> {
        use xero::Error::{BadRequest, Forbidden, Server};
        let failed = matches!(error, Server { .. } | BadRequest { .. } | Forbidden { .. });
        let counts = failed && self.answers_otherwise(context.session).await;
        let now = self.clock.now();
        let Some(record) = job.record.as_mut() else { return Ok(()) };
        record.attempts += u32::from(counts);
        tracing::warn!(record.id = record.key.id, error = %error, "a change of a document has no answer from Xero");
        if given_up(record, now) {
            return self.store(job, Outcome::Done).await;
        }
        let until = self.later(job);
        self.wait_for_answer(job, until).await
    }

    /// Whether the organisation answers a call that has nothing to do with the document.
    pub(super) async fn answers_otherwise(&self, session: &Session<'_>) -> bool {
        crate::call_xero!(session, |tenant| tenant.organisation()).is_ok()
    }

    pub(super) async fn wait_for_answer(&self, job: &mut Job, until: Timestamp) -> Result<(), Stop> {
        self.wait_until(job, WaitReason::Answer, Failure::answer_lost(), until).await
    }

    /// There was no place for it in this run any more.
    pub(super) async fn wait_for_turn(&self, job: &mut Job) -> Result<(), Stop> {
        let until = after(self.clock.now(), TURN_WAIT);
        self.wait_until(job, WaitReason::Turn, Failure::waits_its_turn(), until).await
    }

    /// The number that it wants is another record's, which is about to let it go: it waits behind that one.
    pub(super) async fn wait_for_number(&self, job: &mut Job, number: &str, until: Timestamp) -> Result<(), Stop> {
        let until = until.max(after(self.clock.now(), TURN_WAIT));
        self.wait_until(job, WaitReason::Turn, Failure::waits_for_number(number), until).await
    }

    /// Writes down what a document waits for; its message is done with.
    async fn wait_until(
        &self,
        job: &mut Job,
        reason: WaitReason,
        failure: Failure,
        until: Timestamp,
    ) -> Result<(), Stop> {
        let now = self.clock.now();
        if let Some(record) = job.record.as_mut() {
            // Before the record waits, so that nothing ever waits that nobody wakes.
            self.wakes.wake_by(&record.key.account, until, reason, now).await?;
            record.wait(reason, failure, until, now);
        }
        self.store(job, Outcome::Done).await
    }
}

/// Fails a record whose document alone was refused so often; what may have arrived is looked up by a retry.
fn given_up(record: &mut Record, now: Timestamp) -> bool {
    let given_up = record.attempts >= MAX_ATTEMPTS;
    if given_up {
        record.attempts = 0;
        record.fail(Failure::no_answer(), now);
    }
    given_up
}

/// The call of a job that may have arrived, and that nothing is known of yet.
fn lost_call(job: &Job) -> Option<&Call> {
    let is_open = !job.is_over() && job.maybe_sent;
    intent_of(job).filter(|_| is_open).map(|intent| &intent.call)
}

pub(super) fn intent_of(job: &Job) -> Option<&Intent> {
    job.record.as_ref().filter(|record| record.may_be_in_xero()).and_then(|record| record.intent.as_ref())
}

/// Whether the call of a job was sent once: an answer to it says what became of it.
pub(super) fn is_first_sending(job: &Job) -> bool {
    intent_of(job).is_some_and(|intent| intent.call.first_sent == intent.call.last_sent)
}

/// It is certain that what was intended is not in Xero, and will not be.
pub(super) fn forget_intent(job: &mut Job) {
    job.maybe_sent = false;
    if let Some(record) = job.record.as_mut() {
        record.intent = None;
    }
}

/// What was sent, if something was, and otherwise what is about to be.
pub(super) fn sent(job: &Job) -> Option<Document> {
    let intent = job.record.as_ref().and_then(|record| record.intent.as_ref());
    let sent = intent.and_then(|intent| Document::from_json(intent.document, &intent.body));
    sent.or_else(|| job.document.clone())
}

/// Whether what was sent is spend money; none when nothing was.
pub(super) fn is_spend_money(job: &Job) -> bool {
    intent_of(job).is_some_and(|intent| intent.document == DocumentKind::SpendMoney)
}

fn is_of(job: &Job, call: &Call) -> bool {
    lost_call(job).is_some_and(|own| own.key == call.key)
}

fn member_of(job: &Job) -> Option<String> {
    job.record.as_ref().map(|record| member(&record.key))
}

/// A record as a call names it.
pub(super) fn member(key: &RecordKey) -> String {
    format!("{}:{}", key.kind.word(), key.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn step(first: i64, last: i64, now: i64) -> NextStep {
        let call = Call { key: "k".to_owned(), members: Vec::new(), first_sent: at(first), last_sent: at(last) };
        next_step(&call, at(now))
    }

    #[test]
    fn a_lost_call_is_left_alone_then_repeated_then_left_alone_then_looked_for() {
        assert_eq!(step(0, 0, 0), NextStep::Wait(at(60)));
        assert_eq!(step(0, 0, 59), NextStep::Wait(at(60)));
        assert_eq!(step(0, 0, 60), NextStep::Repeat);
        assert_eq!(step(0, 180, 240), NextStep::Repeat);
        // The key may be forgotten by the time that the minute is over.
        assert_eq!(step(0, 240, 241), NextStep::Wait(at(240 + 420)));
        assert_eq!(step(0, 0, 300), NextStep::Wait(at(420)));
        assert_eq!(step(0, 240, 659), NextStep::Wait(at(660)));
        assert_eq!(step(0, 240, 660), NextStep::Look);
        assert_eq!(step(0, 0, 100_000), NextStep::Look);
    }
}
