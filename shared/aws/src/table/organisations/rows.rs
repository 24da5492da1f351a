//! What is known of an organisation, as it is kept: accounts and tax rates as rows without names of fields. A chart of
//! accounts takes a third of the room so, and every invoice reads it: DynamoDB bills a read by 4 KiB, a write by 1 KiB.

use jiff::Timestamp;
use rules::organisation::Facts;
use serde::{Deserialize, Serialize};
use xero::AccountId;
use xero::models::{Account, AccountClass, AccountStatus, AccountType, Organisation, TaxRate, TaxRateStatus};
use xero::money::Decimal;

/// The stored form of [`Facts`]. Whatever changes here changes [`rules::organisation::VERSION`].
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    version: u32,
    fetched_at: Timestamp,
    organisation: Organisation,
    accounts: Vec<AccountRow>,
    tax_rates: Vec<TaxRateRow>,
    currencies: Vec<String>,
}

/// Id, code, name, type, class, status, tax type, system account, reporting code, description, currency, kind of bank
/// account, whether it takes payments.
#[derive(Serialize, Deserialize)]
struct AccountRow(
    AccountId,
    Option<String>,
    String,
    AccountType,
    AccountClass,
    AccountStatus,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    bool,
);

/// Name, tax type, status, effective rate, shown rate, and whether it fits assets, equity, expenses, liabilities and
/// revenue.
#[derive(Serialize, Deserialize)]
struct TaxRateRow(String, String, TaxRateStatus, Option<Decimal>, Option<Decimal>, bool, bool, bool, bool, bool);

impl From<&Facts> for Kept {
    fn from(facts: &Facts) -> Self {
        let Facts { version, fetched_at, organisation, accounts, tax_rates, currencies } = facts.clone();
        let accounts = accounts.into_iter().map(AccountRow::from).collect();
        let tax_rates = tax_rates.into_iter().map(TaxRateRow::from).collect();
        Self { version, fetched_at, organisation, accounts, tax_rates, currencies }
    }
}

impl From<Kept> for Facts {
    fn from(kept: Kept) -> Self {
        let Kept { version, fetched_at, organisation, accounts, tax_rates, currencies } = kept;
        let accounts = accounts.into_iter().map(Account::from).collect();
        let tax_rates = tax_rates.into_iter().map(TaxRate::from).collect();
        Self { version, fetched_at, organisation, accounts, tax_rates, currencies }
    }
}

impl From<Account> for AccountRow {
    fn from(account: Account) -> Self {
        Self(
            account.account_id,
            account.code,
            account.name,
            account.account_type,
            account.class,
            account.status,
            account.tax_type,
            account.system_account,
            account.reporting_code,
            account.description,
            account.currency_code,
            account.bank_account_type,
            account.enable_payments_to_account,
        )
    }
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        let AccountRow(account_id, code, name, account_type, class, status, tax_type, system_account, ..) = row;
        let AccountRow(.., reporting_code, description, currency_code, bank_account_type, enable_payments_to_account) =
            row;
        Self {
            account_id,
            code,
            name,
            account_type,
            class,
            status,
            tax_type,
            system_account,
            reporting_code,
            description,
            currency_code,
            bank_account_type,
            enable_payments_to_account,
        }
    }
}

impl From<TaxRate> for TaxRateRow {
    fn from(rate: TaxRate) -> Self {
        Self(
            rate.name,
            rate.tax_type,
            rate.status,
            rate.effective_rate,
            rate.display_tax_rate,
            rate.can_apply_to_assets,
            rate.can_apply_to_equity,
            rate.can_apply_to_expenses,
            rate.can_apply_to_liabilities,
            rate.can_apply_to_revenue,
        )
    }
}

impl From<TaxRateRow> for TaxRate {
    fn from(row: TaxRateRow) -> Self {
        let TaxRateRow(name, tax_type, status, effective_rate, display_tax_rate, ..) = row;
        let TaxRateRow(.., assets, equity, expenses, liabilities, revenue) = row;
        Self {
            name,
            tax_type,
            status,
            effective_rate,
            display_tax_rate,
            can_apply_to_assets: assets,
            can_apply_to_equity: equity,
            can_apply_to_expenses: expenses,
            can_apply_to_liabilities: liabilities,
            can_apply_to_revenue: revenue,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn facts() -> Facts {
        serde_json::from_value(json!({
            "version": 4,
            "fetched_at": "2026-11-20T09:00:00Z",
            "organisation": {
                "OrganisationID": "9c9d246d-969f-4153-bc3a-de89f579a959", "Name": "Wilma & Co", "BaseCurrency": "GBP",
                "CountryCode": "GB", "PaysTax": true, "PeriodLockDate": "2026-03-31", "IsDemoCompany": true,
            },
            "accounts": [
                { "AccountID": "00000000-0000-4000-8000-000000000001", "Code": "200", "Name": "Sales \"A\"",
                  "Type": "REVENUE", "Class": "REVENUE", "Status": "ACTIVE", "TaxType": "OUTPUT2",
                  "SystemAccount": "DEBTORS", "ReportingCode": "REV.TRA", "Description": "What is sold",
                  "CurrencyCode": "EUR", "BankAccountType": "CREDITCARD", "EnablePaymentsToAccount": true },
                { "AccountID": "00000000-0000-4000-8000-000000000002", "Type": "MARBLES", "Status": "ARCHIVED" },
            ],
            "tax_rates": [
                { "Name": "20% (VAT on Income)", "TaxType": "OUTPUT2", "Status": "ACTIVE", "EffectiveRate": 20.5,
                  "DisplayTaxRate": 20, "CanApplyToAssets": true, "CanApplyToExpenses": true,
                  "CanApplyToRevenue": true },
                // No two of the five are alike in all three rates: none can be taken for another.
                { "Name": "Old", "TaxType": "TAX001", "Status": "DELETED", "CanApplyToEquity": true,
                  "CanApplyToExpenses": true },
                { "Name": "Odd", "TaxType": "TAX002", "CanApplyToExpenses": true, "CanApplyToLiabilities": true,
                  "CanApplyToRevenue": true },
            ],
            "currencies": ["GBP", "EUR"],
        }))
        .unwrap()
    }

    fn as_value(facts: &Facts) -> Value {
        serde_json::to_value(facts).unwrap()
    }

    #[test]
    fn everything_is_kept_and_comes_back() {
        let kept = serde_json::to_string(&Kept::from(&facts())).unwrap();
        let back: Kept = serde_json::from_str(&kept).unwrap();
        assert_eq!(as_value(&back.into()), as_value(&facts()));
    }

    #[test]
    fn rows_are_stored_in_this_order() {
        let kept = serde_json::to_value(Kept::from(&facts())).unwrap();
        assert_eq!(
            kept["accounts"][0],
            json!([
                "00000000-0000-4000-8000-000000000001",
                "200",
                "Sales \"A\"",
                "REVENUE",
                "REVENUE",
                "ACTIVE",
                "OUTPUT2",
                "DEBTORS",
                "REV.TRA",
                "What is sold",
                "EUR",
                "CREDITCARD",
                true,
            ])
        );
        let rate = json!(["20% (VAT on Income)", "OUTPUT2", "ACTIVE", "20.5", "20", true, false, true, false, true]);
        assert_eq!(kept["tax_rates"][0], rate);
        assert_eq!(rules::organisation::VERSION, 4, "another order is another version");
    }
}
