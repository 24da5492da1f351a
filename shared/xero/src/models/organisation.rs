//! The organisation's own settings, and its currencies.
//!
//! `Serialize` is for keeping a copy as our own JSON; the same type reads both Xero's answer and
//! the copy.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{lenient, shows};
use crate::dates;
use crate::ids::TenantId;

/// The element of `GET /Organisation`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Organisation {
    /// The same as the tenant.
    #[serde(rename = "OrganisationID")]
    pub organisation_id: TenantId,
    /// The name shown in Xero.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// ISO 4217.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub base_currency: String,
    /// ISO 3166, two letters.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub country_code: String,
    /// Whether it is registered for VAT. Nothing when Xero does not say.
    #[serde(default)]
    pub pays_tax: Option<bool>,
    /// The regional edition, such as `UK`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub version: String,
    /// The plan, such as `GROW`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub class: String,
    /// `ACTIVE`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub organisation_status: String,
    /// Nobody but advisers may post on or before this date.
    #[serde(default, deserialize_with = "dates::date::deserialize")]
    pub period_lock_date: Option<Date>,
    /// Nobody may post on or before this date.
    #[serde(default, deserialize_with = "dates::date::deserialize")]
    pub end_of_year_lock_date: Option<Date>,
    /// For deep links, such as `!x1YZa`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub short_code: String,
    /// Squeezed, such as `GMTSTANDARDTIME`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub timezone: String,
    /// Whether it is Xero's demo company, which is reset after 28 days.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub is_demo_company: bool,
    /// How sales lines are taxed unless said otherwise.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub default_sales_tax: String,
    /// How purchase lines are taxed unless said otherwise.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub default_purchases_tax: String,
    /// `NONE`, `CASH`, `ACCRUALS`, `FLATRATECASH` and others.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub sales_tax_basis: String,
}

shows!(Organisation {
    organisation_id,
    base_currency,
    country_code,
    pays_tax,
    version,
    class,
    organisation_status,
    period_lock_date,
    end_of_year_lock_date,
});

impl Organisation {
    /// The later of the two lock dates: what is dated on or before it may be refused.
    pub fn locked_until(&self) -> Option<Date> {
        self.period_lock_date.max(self.end_of_year_lock_date)
    }
}

/// A currency the organisation uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Currency {
    /// ISO 4217.
    pub code: String,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub description: String,
}
