//! What the organisation has set up: itself, its accounts, tax rates and currencies.

use super::tenant::Tenant;
use crate::error::Error;
use crate::models::{Account, Currency, Organisation, TaxRate};

impl Tenant<'_> {
    /// The organisation itself.
    pub async fn organisation(&self) -> Result<Organisation, Error> {
        let found = self.find(&["Organisation"], &[], "Organisations").await?;
        found.ok_or(Error::Malformed { what: "Organisations", correlation_id: None })
    }

    /// The chart of accounts, archived accounts and Xero's own included.
    pub async fn accounts(&self) -> Result<Vec<Account>, Error> {
        self.list(&["Accounts"], "Accounts").await
    }

    /// The tax rates, deleted ones included.
    pub async fn tax_rates(&self) -> Result<Vec<TaxRate>, Error> {
        self.list(&["TaxRates"], "TaxRates").await
    }

    /// The currencies.
    pub async fn currencies(&self) -> Result<Vec<Currency>, Error> {
        self.list(&["Currencies"], "Currencies").await
    }
}
