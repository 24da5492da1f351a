//! What is known of a connected organisation between calls: its settings, accounts, tax rates and
//! currencies, kept in the table so that pushing an invoice costs one call to Xero and not five.

use crate::calendar;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use xero::AccountId;
use xero::models::{Account, AccountStatus, Organisation, TaxRate, TaxRateStatus};

/// The version of the stored facts.
pub const VERSION: u32 = 4;
/// How old facts may be before the next use reads them again. Accounts are archived and rates change
/// rarely, certification asks for a daily look, and an error from Xero refreshes them at once.
pub const MAX_AGE: SignedDuration = SignedDuration::from_hours(24);

/// What is known of an organisation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Facts {
    /// Version of the stored form.
    pub version: u32,
    /// When Xero told it.
    pub fetched_at: Timestamp,
    /// Settings: base currency, lock dates, whether it pays tax.
    pub organisation: Organisation,
    /// The chart of accounts, archived and system accounts included.
    pub accounts: Vec<Account>,
    /// The tax rates, deleted ones included.
    pub tax_rates: Vec<TaxRate>,
    /// The currencies that the organisation has, by their codes.
    pub currencies: Vec<String>,
}

/// The side of the books that a document stands on; decides which tax rates fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Sales invoices.
    Income,
    /// Bills and spend money.
    Expense,
}

impl Facts {
    /// Whether they may still be used at `now`.
    #[must_use]
    pub fn fresh(&self, now: Timestamp) -> bool {
        now.duration_since(self.fetched_at) < MAX_AGE
    }

    /// The organisation's date at this moment.
    #[must_use]
    pub fn today(&self, now: Timestamp) -> Date {
        calendar::day_in(Some(&self.organisation.timezone), now)
    }

    /// Whether documents may be in this currency.
    #[must_use]
    pub fn has_currency(&self, code: &str) -> bool {
        self.organisation.base_currency == code || self.currencies.iter().any(|known| known == code)
    }

    /// The account of the chart with this id, whatever its status.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.iter().find(|account| account.account_id == id)
    }

    /// The rate in per cent of an active tax type.
    #[must_use]
    pub fn rate_of(&self, tax_type: &str) -> Option<Decimal> {
        self.active_rates().find(|rate| rate.tax_type == tax_type).and_then(|rate| rate.effective_rate)
    }

    /// The organisation's own active tax type with this rate that fits the account.
    ///
    /// The account's default wins where its rate is the one asked for, then the ordinary domestic types;
    /// reverse charge and EC types are never chosen by a rate alone, because they mean something else.
    #[must_use]
    pub fn tax_type_for(&self, percent: Decimal, account: &Account, side: Side) -> Option<&str> {
        let fits = |rate: &&TaxRate| rate.effective_rate == Some(percent) && rate.can_apply_to(&account.class);
        let candidates: Vec<&TaxRate> = self.active_rates().filter(fits).collect();
        let preferred = preferred_types(side);
        let rank = |rate: &TaxRate| -> usize {
            if account.tax_type.as_deref() == Some(rate.tax_type.as_str()) {
                return 0;
            }
            let named = preferred.iter().position(|name| *name == rate.tax_type);
            let own = rate.tax_type.starts_with("TAX");
            match named {
                Some(position) => 1 + position,
                None if own => 100,
                None => usize::MAX,
            }
        };
        candidates
            .into_iter()
            .map(|rate| (rank(rate), rate))
            .filter(|(rank, _)| *rank != usize::MAX)
            .min_by_key(|(rank, _)| *rank)
            .map(|(_, rate)| rate.tax_type.as_str())
    }

    fn active_rates(&self) -> impl Iterator<Item = &TaxRate> {
        self.tax_rates.iter().filter(|rate| rate.status == TaxRateStatus::Active)
    }
}

/// Whether an account can still be posted to.
#[must_use]
pub fn usable(account: &Account) -> bool {
    account.status == AccountStatus::Active && account.system_account.is_none()
}

/// The ordinary domestic tax types of a side, the usual one of each rate first. Names are Xero's and mean
/// the same everywhere; their rates differ by country, and are read from the organisation.
fn preferred_types(side: Side) -> &'static [&'static str] {
    match side {
        Side::Income => &["OUTPUT2", "OUTPUT", "RROUTPUT", "ZERORATEDOUTPUT", "ZERORATED", "EXEMPTOUTPUT", "NONE"],
        Side::Expense => &["INPUT2", "INPUT", "RRINPUT", "ZERORATEDINPUT", "ZERORATED", "EXEMPTINPUT", "NONE"],
    }
}
