//! The Accounting API: one module per resource, and what they share.

pub(crate) mod bank_transactions;
pub(crate) mod contacts;
pub(crate) mod credit_notes;
pub(crate) mod envelope;
pub(crate) mod extras;
pub(crate) mod fields;
pub(crate) mod filter;
pub(crate) mod invoices;
pub(crate) mod lines;
pub(crate) mod listing;
pub(crate) mod parties;
pub(crate) mod payments;
pub(crate) mod plans;
pub(crate) mod prepaid;
pub(crate) mod routes;
pub(crate) mod settings;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::http::Call;
use crate::switches::Switches;
use crate::time::london_date;
use crate::world::{App, Ledger, Role};

/// Everything a handler works with.
pub(crate) struct Ctx<'w> {
    pub(crate) ledger: &'w mut Ledger,
    pub(crate) switches: &'w Switches,
    pub(crate) call: &'w Call,
    pub(crate) params: &'w [String],
    pub(crate) app: &'w App,
    pub(crate) role: Role,
    pub(crate) now: Timestamp,
    pub(crate) sees_payments: bool,
}

impl Ctx<'_> {
    /// A path parameter by its place.
    pub(crate) fn param(&self, place: usize) -> &str {
        self.params.get(place).map(String::as_str).unwrap_or_default()
    }

    pub(crate) fn today(&self) -> Date {
        london_date(self.now)
    }

    /// Decimals of unit amounts: 4 with `unitdp=4`, otherwise 2.
    pub(crate) fn unit_places(&self) -> u32 {
        if self.call.param("unitdp") == Some("4") { 4 } else { 2 }
    }

    pub(crate) fn round(&self, amount: Decimal, places: u32) -> Decimal {
        let halves = if self.switches.halves_to_even {
            RoundingStrategy::MidpointNearestEven
        } else {
            RoundingStrategy::MidpointAwayFromZero
        };
        amount.round_dp_with_strategy(places, halves)
    }

    /// Xero's sentence when a document date lies in a locked period.
    pub(crate) fn locked(&self, date: Date) -> Option<String> {
        let open = |lock: Date| if self.switches.lock_day_is_open { date >= lock } else { date > lock };
        let (lock, name) = self.ledger.lock(self.role).into_iter().find(|(lock, _)| !open(*lock))?;
        let until = lock.strftime("%-d %B %Y");
        Some(format!("The document date cannot be before the {name} lock date, currently set at {until}"))
    }
}
