//! What happens in one run: acts of people, outages and faults, each at its second. Everything follows from a seed, and a
//! plan without some of its steps is a plan too.

use fastrand::Rng;
use harness::service::{Bell, Post};
use harness::weather::{Fault, Moment, OutageWay, Place};

/// An hour in seconds.
pub const HOUR: u64 = 60 * 60;
/// A day in seconds.
pub const DAY: u64 = 24 * HOUR;
/// Accounts of a drawn plan: they share the schedules, which are most of the work.
const ACCOUNTS: usize = 6;
/// Documents of an account; the last three are expenses.
pub(crate) const DOCUMENTS: usize = 8;
/// The first expense.
pub(crate) const EXPENSES: usize = 5;

/// What is out for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    /// A place, and how.
    Place(Place, OutageWay),
    /// An account's organisation; its number.
    Organisation(usize),
    /// An account's items in the table; its number.
    Partition(usize),
    /// Our client secret is wrong.
    Credentials,
    /// Xero's deliveries travel like this.
    Post(Post),
    /// Schedules fire like this.
    Bell(Bell),
    /// Clocks of new processes are off by so many seconds.
    Skew(i64),
    /// Indexes are behind by so many seconds.
    Lag(u64),
    /// The backend does not read.
    Backend,
    /// Xero chokes on a document.
    Choking,
}

/// What somebody does to a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// The user makes it, or logs it.
    Make,
    /// The user edits its price.
    Edit,
    /// The user gives it another number.
    Renumber,
    /// The user switches it to prices with tax.
    Inclusive,
    /// The user sends it.
    Send,
    /// The user voids or deletes it.
    Remove,
    /// What was last sent comes again.
    Repeat,
    /// What was first sent comes again.
    Old,
    /// The user presses retry.
    Retry,
    /// The client's name changes in Sessional.
    RenameClient,
    /// The bookkeeper pays it.
    Pay,
    /// The bookkeeper pays a part.
    PartPay,
    /// The bookkeeper takes the payment back.
    Unpay,
    /// The bookkeeper settles it with a credit note.
    Credit,
    /// The bookkeeper voids it.
    VoidThere,
    /// The bookkeeper changes its date.
    Redate,
    /// The bookkeeper changes its price.
    Reprice,
    /// The bookkeeper gives it another number.
    RenumberThere,
    /// The bookkeeper archives its contact.
    ArchiveContact,
    /// The bookkeeper merges its contact into another.
    MergeContact,
    /// The bookkeeper renames its contact.
    RenameContact,
    /// Somebody made the very same by hand, but for our mark, before.
    Twin,
}

/// What somebody does to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The user retries all.
    RetryAll,
    /// The user disconnects.
    Disconnect,
    /// The user connects again.
    Reconnect,
    /// The user takes another organisation.
    Other,
    /// The bookkeeper archives the account that sales go to.
    ArchiveAccount,
    /// The bookkeeper takes it back.
    RestoreAccount,
    /// The bookkeeper gives it another code.
    RecodeAccount,
    /// The bookkeeper locks a period.
    Lock,
    /// The bookkeeper opens it.
    Unlock,
    /// The user registers for VAT.
    Register,
    /// Xero takes the connection away.
    Revoke,
    /// The day's calls are used up by somebody else.
    Exhaust,
}

/// What the operator does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chore {
    /// Sends dead letters back.
    Redrive,
    /// Rotates the webhook's key.
    Rotate,
    /// Restores the table of an hour ago.
    Restore,
    /// Deploys: all processes end.
    Deploy,
}

/// One act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// To a document: account, document.
    Document(usize, usize, Deed),
    /// To an account.
    Account(usize, Turn),
    /// The operator's.
    Operator(Chore),
    /// Something is out for so many seconds.
    Outage(Out, u64),
    /// A call fails: its name begins like this, of this function, after so many.
    Fault(&'static str, &'static str, u32, Fault),
    /// From now on so many of a thousand calls fail.
    Rain(u16),
    /// A queue refuses so many entries of batches.
    Refuse(u32),
    /// Xero fails every call with a document of this account's document in it, for so many seconds.
    Choke(usize, usize, u64),
}

/// An act and its second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Seconds after the beginning.
    pub at: u64,
    /// What happens.
    pub act: Act,
}

/// A run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is random follows from it.
    pub seed: u64,
    /// How many days it lasts, before the day on which all is well.
    pub days: u64,
    /// How many accounts there are.
    pub accounts: usize,
    /// In order.
    pub steps: Vec<Step>,
}

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn drawn(seed: u64, days: u64) -> Self {
        let mut dice = Rng::with_seed(seed);
        let accounts = ACCOUNTS;
        let mut steps = Vec::new();
        // Some months are calm but for what people do; most have outages, some have everything.
        let (outages, faults) = match seed % 8 {
            0 => (0, 0),
            1 => (0, 6 * days),
            2 | 3 => (days / 5 + 2, 0),
            _ => (days / 3 + 2, 4 * days),
        };
        for account in 0..accounts {
            for document in 0..DOCUMENTS {
                life(&mut dice, &mut steps, days, account, document);
            }
            for _ in 0..dice.u64(0..=3) {
                let at = dice.u64(HOUR..days * DAY);
                turns(&mut dice, &mut steps, account, at);
            }
        }
        for _ in 0..outages {
            let act = Act::Outage(out(&mut dice, accounts), length(&mut dice));
            // People work through outages: half of them begin just before something happens.
            let busy = steps.get(dice.usize(0..steps.len().max(1))).map_or(0, |step: &Step| step.at);
            let at = if dice.bool() { busy.saturating_sub(dice.u64(0..600)) } else { dice.u64(0..days * DAY) };
            steps.push(Step { at, act });
        }
        for _ in 0..faults {
            let busy = steps.get(dice.usize(0..steps.len().max(1))).map_or(0, |step: &Step| step.at);
            let (call, function) = *pick(&mut dice, &CALLS);
            let act = Act::Fault(call, function, dice.u32(0..4), fault(&mut dice));
            steps.push(Step { at: busy.saturating_sub(dice.u64(0..30)), act });
        }
        if outages + faults > 0 {
            for _ in 0..3 {
                let chore = *pick(&mut dice, &[Chore::Redrive, Chore::Rotate, Chore::Deploy]);
                steps.push(Step { at: dice.u64(DAY..days * DAY), act: Act::Operator(chore) });
            }
            steps.push(Step { at: dice.u64(0..days * DAY), act: Act::Refuse(dice.u32(1..4)) });
            let (account, document) = (dice.usize(0..accounts), dice.usize(0..EXPENSES));
            let at = first_of(&steps, account, document);
            steps.push(Step { at, act: Act::Choke(account, document, length(&mut dice)) });
        }
        steps.sort_by_key(|step| step.at);
        Self { seed, days, accounts, steps }
    }

    /// Ten thousand events within two hours, of so many accounts, with a thousand repeats, three of a hundred calls failing,
    /// and a function killed every twenty seconds.
    #[must_use]
    pub fn load(seed: u64, accounts: usize) -> Self {
        let mut dice = Rng::with_seed(seed);
        let mut steps = vec![Step { at: 1, act: Act::Rain(30) }];
        let deeds = [Deed::Make, Deed::Send, Deed::Edit, Deed::Repeat];
        for account in 0..accounts {
            for document in 0..DOCUMENTS {
                let mut at = dice.u64(60..HOUR);
                for (place, deed) in deeds.into_iter().enumerate() {
                    // Of the repeats it is a third: a thousand where ten thousand are sent.
                    if (deed != Deed::Repeat || dice.u8(0..3) == 0) && (document < EXPENSES || place != 1) {
                        steps.push(Step { at, act: Act::Document(account, document, deed) });
                    }
                    at += dice.u64(1..900);
                }
            }
        }
        for twenty in 0..360 {
            let act = Act::Fault("", "sync", dice.u32(0..6), Fault::Killed(Moment::After));
            steps.push(Step { at: 60 + twenty * 20, act });
        }
        steps.sort_by_key(|step| step.at);
        Self { seed, days: 1, accounts, steps }
    }

    /// When the last act is over.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.days * DAY
    }
}

fn first_of(steps: &[Step], account: usize, document: usize) -> u64 {
    let about = |step: &&Step| matches!(step.act, Act::Document(of, it, _) if (of, it) == (account, document));
    steps.iter().filter(about).map(|step| step.at).min().unwrap_or_default().saturating_sub(60)
}

/// A document's life: made, and then some of what can happen to it.
fn life(dice: &mut Rng, steps: &mut Vec<Step>, days: u64, account: usize, document: usize) {
    let mut at = dice.u64(0..(days * DAY * 2 / 3).max(1));
    let is_expense = document >= EXPENSES;
    let mut push = |at: u64, deed: Deed| steps.push(Step { at, act: Act::Document(account, document, deed) });
    if !is_expense && dice.u8(0..8) == 0 {
        push(at.saturating_sub(1_000), Deed::Twin);
    }
    push(at, Deed::Make);
    let deeds: &[Deed] = if is_expense {
        &[Deed::Edit, Deed::Remove, Deed::Make, Deed::Repeat, Deed::Old, Deed::Retry, Deed::Pay, Deed::VoidThere]
    } else {
        &[
            Deed::Send,
            Deed::Send,
            Deed::Edit,
            Deed::Edit,
            Deed::Pay,
            Deed::Pay,
            Deed::PartPay,
            Deed::Unpay,
            Deed::Remove,
            Deed::Repeat,
            Deed::Old,
            Deed::Retry,
            Deed::Renumber,
            Deed::Inclusive,
            Deed::RenameClient,
            Deed::Credit,
            Deed::VoidThere,
            Deed::Redate,
            Deed::Reprice,
            Deed::RenumberThere,
            Deed::ArchiveContact,
            Deed::MergeContact,
            Deed::RenameContact,
        ]
    };
    for _ in 0..dice.usize(0..5) {
        let wait = match dice.u8(0..4) {
            0 => dice.u64(0..5),
            1 => dice.u64(5..900),
            2 => dice.u64(900..DAY),
            _ => dice.u64(DAY..(days * DAY / 4).max(DAY + 1)),
        };
        at = (at + wait).min((days * DAY).saturating_sub(1));
        push(at, *pick(dice, deeds));
    }
}

fn turns(dice: &mut Rng, steps: &mut Vec<Step>, account: usize, at: u64) {
    let gap = dice.u64(60..2 * DAY);
    let pairs: [(Turn, Option<Turn>); 8] = [
        (Turn::RetryAll, None),
        (Turn::Disconnect, Some(Turn::Reconnect)),
        (Turn::Revoke, Some(Turn::Reconnect)),
        (Turn::Other, Some(Turn::Reconnect)),
        (Turn::ArchiveAccount, Some(Turn::RestoreAccount)),
        (Turn::RecodeAccount, None),
        (Turn::Lock, Some(Turn::Unlock)),
        (Turn::Exhaust, None),
    ];
    let (first, then) = *pick(dice, &pairs);
    steps.push(Step { at, act: Act::Account(account, first) });
    if let Some(then) = then {
        steps.push(Step { at: at + gap, act: Act::Account(account, then) });
    }
}

/// Seconds to three days.
fn length(dice: &mut Rng) -> u64 {
    match dice.u8(0..4) {
        0 => dice.u64(5..120),
        1 => dice.u64(120..HOUR),
        2 => dice.u64(HOUR..10 * HOUR),
        _ => dice.u64(10 * HOUR..3 * DAY),
    }
}

fn out(dice: &mut Rng, accounts: usize) -> Out {
    let way = if dice.bool() { OutageWay::Hangs } else { OutageWay::Refuses };
    let queues = ["SyncQueue", "PaymentQueue", "NotificationQueue", "UpkeepQueue"];
    match dice.u8(0..18) {
        0..=2 => Out::Place(Place::XeroApi, way),
        3 | 4 => Out::Place(Place::XeroTokens, way),
        5 | 6 => Out::Organisation(dice.usize(0..accounts)),
        7 | 8 => Out::Place(Place::Table, way),
        9 => Out::Partition(dice.usize(0..accounts)),
        10 => Out::Place(Place::Secrets, way),
        11 => Out::Place(Place::Keys, way),
        12 => Out::Place(Place::Queue((*pick(dice, &queues)).to_owned()), way),
        13 => Out::Credentials,
        14 => Out::Post(*pick(dice, &[Post::Lost, Post::Twice, Post::Late])),
        15 => Out::Bell(*pick(dice, &[Bell::Silent, Bell::Twice])),
        16 => Out::Skew(dice.i64(1..120)),
        _ => {
            if dice.bool() {
                Out::Lag(dice.u64(1..30))
            } else {
                Out::Backend
            }
        }
    }
}

/// Calls that a fault may wait for, and the functions that make them.
const CALLS: [(&str, &str); 16] = [
    ("", "sync"),
    ("", "sync"),
    ("PUT Invoices", "sync"),
    ("PUT Invoices", "sync"),
    ("PUT Contacts", "sync"),
    ("POST Invoices", "sync"),
    ("PUT BankTransactions", "sync"),
    ("PutItem RECORD", "sync"),
    ("PutItem CONTACT", "sync"),
    ("POST connect/token", ""),
    ("SendMessage", ""),
    ("", "payments"),
    ("GET Invoices", "payments"),
    ("", "upkeep"),
    ("GET Invoices", "upkeep"),
    ("ChangeMessageVisibility", ""),
];

fn fault(dice: &mut Rng) -> Fault {
    let moment = *pick(dice, &[Moment::Before, Moment::Lost]);
    let kinds =
        [("minute", Some(30)), ("minute", None), ("day", Some(7_200)), ("appminute", None), ("concurrent", None)];
    match dice.u8(0..10) {
        0 | 1 => Fault::Error(moment),
        2 | 3 => Fault::Silence(moment),
        4 => Fault::Gateway(dice.u64(20..70)),
        5 => {
            let (problem, wait) = *pick(dice, &kinds);
            Fault::TooMany(problem, wait)
        }
        6 => Fault::Whole(if dice.bool() { 400 } else { 500 }, moment),
        7 => Fault::Cut,
        _ => Fault::Killed(*pick(dice, &[Moment::Before, Moment::After])),
    }
}

#[expect(clippy::indexing_slicing, reason = "every list that is picked from is written above and not empty")]
fn pick<'a, T>(dice: &mut Rng, from: &'a [T]) -> &'a T {
    &from[dice.usize(0..from.len())]
}
