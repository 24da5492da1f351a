//! What a message of the sync queue asks for: an event, or that a record or the whole account goes on with what it
//! wants. The last two carry no event: what is to be done stands in the records.

use crate::account::AccountId;
use crate::event::{Event, EventRefusal};
use crate::ports::Queued;
use crate::record::{Kind, RecordKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The version of commands.
const VERSION: u32 = 1;
/// No command is longer: a longer message is read as an event at once.
const MAX_BYTES: usize = 512;

/// A message of the sync queue.
#[derive(Clone, Debug)]
pub struct Message {
    /// An event, or a command of ours, as JSON.
    pub body: String,
    /// How often the queue has given it out, this time included.
    pub receives: u32,
}

/// A record to go on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// The kind of document.
    pub kind: Kind,
    /// Sessional's id.
    pub id: String,
}

/// What a message asks for.
#[derive(Debug)]
pub(super) enum Work {
    /// Take in what happened in Sessional.
    Event(Box<Event>),
    /// Do what a record wants now.
    Run(RunRecord),
    /// Go on with everything of the account that waits and whose time has come.
    Drain,
}

#[derive(Serialize, Deserialize)]
struct Command {
    version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run: Option<RunRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    drain: Option<Timestamp>,
}

/// Reads a message.
///
/// # Errors
/// When it is neither a command nor an event.
pub(super) fn read(body: &str) -> Result<Work, EventRefusal> {
    if body.len() <= MAX_BYTES
        && let Ok(command) = serde_json::from_str::<Command>(body)
        && command.version == VERSION
    {
        match (command.run, command.drain) {
            (Some(run), _) => return Ok(Work::Run(run)),
            (None, Some(_)) => return Ok(Work::Drain),
            (None, None) => {}
        }
    }
    Event::read(body).map(|event| Work::Event(Box::new(event)))
}

/// The message that makes a record go on: once for each revision of it, so that asking twice runs it once.
#[must_use]
pub fn run_record(why: &str, key: &RecordKey, revision: u64) -> Queued {
    let run = RunRecord { kind: key.kind, id: key.id.clone() };
    Queued {
        account: key.account.clone(),
        deduplication: format!("{why}:{}:{}:{revision}", key.kind.word(), key.id),
        event: json(&Command { version: VERSION, run: Some(run), drain: None }),
    }
}

/// The message that makes an account go on with what waits: once for each time at which it is due.
#[must_use]
pub fn drain(account: &AccountId, due: Timestamp) -> Queued {
    Queued {
        account: account.clone(),
        deduplication: format!("drain:{}", due.as_millisecond()),
        event: json(&Command { version: VERSION, run: None, drain: Some(due) }),
    }
}

#[expect(clippy::expect_used, reason = "see the message")]
fn json(command: &Command) -> String {
    serde_json::to_string(command).expect("words, numbers and moments have a form as JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_read_back_and_an_event_is_no_command() {
        let key = RecordKey {
            account: AccountId::parse("acc_1").unwrap(),
            tenant: xero::TenantId::from_uuid(uuid::Uuid::nil()),
            kind: Kind::Expense,
            id: "exp_1".to_owned(),
        };
        let run = run_record("retry", &key, 7);
        assert_eq!(run.deduplication, "retry:expense:exp_1:7");
        assert!(matches!(read(&run.event), Ok(Work::Run(run)) if run.id == "exp_1" && run.kind == Kind::Expense));
        assert!(matches!(read(&drain(&key.account, Timestamp::UNIX_EPOCH).event), Ok(Work::Drain)));
        let event = include_str!("../event/invoice_created.json");
        assert!(matches!(read(event), Ok(Work::Event(event)) if event.id.to_string() == "evt_1"));
        assert!(read(r#"{"version":1}"#).is_err());
    }
}
