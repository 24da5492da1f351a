//! The scopes that exist since 2 March 2026: granular ones, and nothing of the retired broad kind.

const GRANULAR: &[&str] = &[
    "accounting.invoices",
    "accounting.payments",
    "accounting.banktransactions",
    "accounting.manualjournals",
    "accounting.contacts",
    "accounting.settings",
    "accounting.attachments",
];

const READ_ONLY: &[&str] = &[
    "accounting.journals.read",
    "accounting.budgets.read",
    "accounting.reports.aged.read",
    "accounting.reports.balancesheet.read",
    "accounting.reports.banksummary.read",
    "accounting.reports.budgetsummary.read",
    "accounting.reports.executivesummary.read",
    "accounting.reports.profitandloss.read",
    "accounting.reports.trialbalance.read",
    "accounting.reports.taxreports.read",
    "accounting.reports.tenninetynine.read",
];

const SIGN_IN: &[&str] = &["openid", "profile", "email", "offline_access"];

/// The scope of app-level tokens.
pub(crate) const APP_CONNECTIONS: &str = "app.connections";

/// Whether Xero knows the scope at all.
pub(crate) fn exists(scope: &str) -> bool {
    let base = scope.strip_suffix(".read").unwrap_or(scope);
    GRANULAR.contains(&base) || READ_ONLY.contains(&scope) || SIGN_IN.contains(&scope)
}

#[cfg(test)]
mod tests {
    use super::exists;

    #[test]
    fn retired_broad_scopes_do_not_exist() {
        for scope in ["accounting.transactions", "accounting.transactions.read", "accounting.reports.read"] {
            assert!(!exists(scope), "{scope}");
        }
        for scope in ["accounting.invoices", "accounting.settings.read", "offline_access"] {
            assert!(exists(scope), "{scope}");
        }
    }
}
