//! What is out of order: outages as long as they last, and faults of single calls. Everything outside a function asks
//! here before it answers, and what struck whom is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::process::Run;

/// Something outside that can be out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Xero's API.
    XeroApi,
    /// Xero's token endpoint.
    XeroTokens,
    /// One organisation at Xero.
    Organisation(String),
    /// The whole table.
    Table,
    /// Items of the table whose partition key has this in it.
    Partition(String),
    /// Secrets Manager.
    Secrets,
    /// KMS.
    Keys,
    /// A queue, by its name in the template.
    Queue(String),
}

impl Place {
    /// The row of the coverage table.
    #[must_use]
    pub fn row(&self) -> &'static str {
        match self {
            Self::XeroApi => "xero api out",
            Self::XeroTokens => "token endpoint out",
            Self::Organisation(_) => "organisation out",
            Self::Table => "table out",
            Self::Partition(_) => "partition throttled",
            Self::Secrets => "secrets manager out",
            Self::Keys => "kms out",
            Self::Queue(_) => "queue out",
        }
    }

    fn holds(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Partition(part), Self::Partition(key)) => key.contains(part.as_str()),
            (Self::Table, Self::Partition(_)) | (Self::XeroApi, Self::Organisation(_)) => true,
            _ => self == other,
        }
    }
}

/// How something is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutageWay {
    /// Every call is answered at once, with an error.
    Refuses,
    /// No call is answered. Most do nothing; some are done and their answer is lost.
    Hangs,
    /// Every call is done, and its answer is lost.
    Swallows,
}

/// On which side of a call something went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Nothing was done.
    Before,
    /// It was done, and the answer never came.
    Lost,
    /// It was done and answered, and then it struck.
    After,
}

impl Moment {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Before, Self::Lost, Self::After];
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Before => "before",
            Self::Lost => "lost",
            Self::After => "after",
        })
    }
}

/// A fault of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A 5xx, on one side of the call or the other.
    Error(Moment),
    /// No answer at all.
    Silence(Moment),
    /// A gateway gives up with a 504; the request goes on and is done so many seconds later.
    Gateway(u64),
    /// 429 of a kind, with or without `Retry-After`.
    TooMany(&'static str, Option<u64>),
    /// 400 for the whole call although nothing, or everything, was saved.
    Whole(u16, Moment),
    /// The answer's body ends in the middle.
    Cut,
    /// The process dies on this side of the call.
    Killed(Moment),
}

impl Fault {
    /// The row of the coverage table, and the moment.
    #[must_use]
    pub fn row(&self) -> (&'static str, Moment) {
        match self {
            Self::Error(moment) => ("5xx", *moment),
            Self::Silence(moment) => ("no answer", *moment),
            Self::Gateway(_) => ("gateway 504, done later", Moment::Lost),
            Self::TooMany(..) => ("429", Moment::Before),
            Self::Whole(_, moment) => ("whole call refused", *moment),
            Self::Cut => ("body cut short", Moment::Lost),
            Self::Killed(moment) => ("process killed", *moment),
        }
    }
}

/// Which calls a fault waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its name begins with this; everything where it is empty.
    pub call: String,
    /// Only of this function; any where it is empty.
    pub function: String,
    /// So many such calls come first.
    pub after: u32,
    /// What then happens.
    pub fault: Fault,
}

/// A fault or an outage that met a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Struck {
    /// The outage or the fault.
    pub row: &'static str,
    /// Its moment.
    pub moment: Moment,
    /// What the process worked on.
    pub subject: String,
}

#[derive(Default)]
struct State {
    outages: Vec<(Place, OutageWay)>,
    orders: Vec<Order>,
    struck: BTreeMap<Struck, u64>,
    calls: BTreeSet<String>,
    met: BTreeSet<String>,
    draws: u64,
    /// How many of a thousand calls fail by chance, and the chance.
    rain: Option<(u16, fastrand::Rng)>,
    told: Vec<String>,
}

/// The weather. Clones are the same.
#[derive(Clone, Default)]
pub struct Weather(Arc<Mutex<State>>);

impl fmt::Debug for Weather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Weather")
    }
}

impl Weather {
    /// Something goes out.
    pub fn begin(&self, place: Place, way: OutageWay) {
        self.state().outages.push((place, way));
    }

    /// It is back.
    pub fn end(&self, place: &Place) {
        let mut state = self.state();
        if let Some(at) = state.outages.iter().position(|(out, _)| out == place) {
            state.outages.remove(at);
        }
    }

    /// A call will fail.
    pub fn order(&self, order: Order) {
        self.state().orders.push(order);
    }

    /// From now on so many of a thousand calls fail, in every way there is.
    pub fn rain(&self, per_mille: u16, seed: u64) {
        self.state().rain = Some((per_mille, fastrand::Rng::with_seed(seed)));
    }

    /// Everything is in order again.
    pub fn clear(&self) {
        let mut state = self.state();
        state.outages.clear();
        state.orders.clear();
        state.rain = None;
    }

    /// Whether anything is out.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        !self.state().outages.is_empty()
    }

    /// What happens to a call: what is out there comes before what was ordered for it alone.
    #[must_use]
    pub fn at(&self, run: Option<&Run>, place: &Place, call: &str) -> Option<Fault> {
        let mut state = self.state();
        if run.is_some() {
            state.calls.insert(call.to_owned());
        }
        let out = state.outages.iter().find(|(out, _)| out.holds(place)).cloned();
        let fault = match out {
            Some((out, way)) => {
                state.draws += 1;
                let moment = match way {
                    OutageWay::Swallows => Moment::Lost,
                    OutageWay::Hangs if state.draws.is_multiple_of(3) => Moment::Lost,
                    OutageWay::Hangs | OutageWay::Refuses => Moment::Before,
                };
                state.strike(run, out.row(), moment);
                Some(if way == OutageWay::Refuses { Fault::Error(moment) } else { Fault::Silence(moment) })
            }
            None => {
                let fault = state.ordered(run, call).or_else(|| state.chance(run))?;
                let (row, moment) = fault.row();
                state.strike(run, row, moment);
                state.told.push(format!("{call}: {row}, {moment}"));
                Some(fault)
            }
        };
        state.met.insert(call.to_owned());
        fault
    }

    /// Faults of single calls that struck since this was last asked.
    #[must_use]
    pub fn news(&self) -> Vec<String> {
        std::mem::take(&mut self.state().told)
    }

    /// What struck so far, and how often.
    #[must_use]
    pub fn struck(&self) -> BTreeMap<Struck, u64> {
        self.state().struck.clone()
    }

    /// The names of all calls that functions made, and of those that met a fault.
    #[must_use]
    pub fn calls(&self) -> (BTreeSet<String>, BTreeSet<String>) {
        let state = self.state();
        (state.calls.clone(), state.met.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn ordered(&mut self, run: Option<&Run>, call: &str) -> Option<Fault> {
        let run = run?;
        let fits = |order: &Order| {
            call.starts_with(&order.call) && (order.function.is_empty() || order.function == run.function)
        };
        let at = self.orders.iter().position(fits)?;
        let order = self.orders.get_mut(at)?;
        if order.after > 0 {
            order.after -= 1;
            return None;
        }
        Some(self.orders.remove(at).fault)
    }

    fn chance(&mut self, run: Option<&Run>) -> Option<Fault> {
        run?;
        let (per_mille, dice) = self.rain.as_mut()?;
        if dice.u16(0..1_000) >= *per_mille {
            return None;
        }
        let moment = if dice.bool() { Moment::Before } else { Moment::Lost };
        Some(match dice.u8(0..7) {
            0 | 1 => Fault::Error(moment),
            2 => Fault::Silence(moment),
            3 => Fault::Gateway(dice.u64(20..60)),
            4 => Fault::TooMany("minute", Some(5)),
            5 => Fault::Whole(500, moment),
            _ => Fault::Cut,
        })
    }

    fn strike(&mut self, run: Option<&Run>, row: &'static str, moment: Moment) {
        let Some(run) = run else { return };
        for subject in &run.subjects {
            *self.struck.entry(Struck { row, moment, subject: subject.clone() }).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn an_outage_of_the_table_is_one_of_all_its_partitions_and_an_order_strikes_once() {
        let weather = Weather::default();
        let run = Run::new("sync", SignedDuration::ZERO, vec!["invoice.created".to_owned()]);
        let item = Place::Partition("ACCOUNT#a".to_owned());
        weather.begin(Place::Table, OutageWay::Refuses);
        assert_eq!(weather.at(Some(&run), &item, "GetItem"), Some(Fault::Error(Moment::Before)));
        weather.end(&Place::Table);
        weather.order(Order { call: "Put".into(), function: String::new(), after: 1, fault: Fault::Cut });
        assert_eq!(weather.at(Some(&run), &item, "PutItem"), None);
        assert_eq!(weather.at(Some(&run), &item, "PutItem"), Some(Fault::Cut));
        assert_eq!(weather.at(Some(&run), &item, "PutItem"), None);
        assert_eq!(weather.struck().len(), 2);
    }
}
