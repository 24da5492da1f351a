//! What the plan of an organisation at Xero cannot do, said before the first document finds it out.

use serde::Serialize;
use utoipa::ToSchema;

/// A plan that cannot do everything that Sessional sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlanView {
    /// Xero's class of the organisation, such as `SIMPLE`.
    pub class: String,
    /// What it cannot do and what to choose instead, for the user.
    pub message: &'static str,
}

impl PlanView {
    /// What is to be said of a class; none where everything can be sent (facts 10.3).
    #[must_use]
    pub fn of(class: &str) -> Option<Self> {
        let message = match class {
            "SIMPLE" => {
                "Xero Simple takes five bills a month that are more than drafts. Choose draft bills or spend money for \
                 expenses, or upgrade the plan in Xero."
            }
            "GST_CASHBOOK" | "NON_GST_CASHBOOK" => {
                "Xero Cashbook has no invoices and no bills, so Xero will refuse them. Choose spend money for expenses, or \
                 upgrade the plan in Xero."
            }
            "LEDGER" => {
                "Xero Ledger has no invoices and no bills, so Xero will refuse what Sessional sends. Upgrade the plan in \
                 Xero, or ask your accountant to."
            }
            _ => return None,
        };
        Some(Self { class: class.to_owned(), message })
    }
}

#[cfg(test)]
mod tests {
    use super::PlanView;

    #[test]
    fn only_a_plan_that_cannot_do_something_is_spoken_of() {
        for class in ["SIMPLE", "GST_CASHBOOK", "NON_GST_CASHBOOK", "LEDGER"] {
            assert!(PlanView::of(class).is_some_and(|plan| plan.class == class && plan.message.contains("Xero")));
        }
        for class in ["STARTER", "GROW", "ULTIMATE_50", "DEMO", "TRIAL", "", "SOMETHING_NEW"] {
            assert_eq!(PlanView::of(class), None, "{class}");
        }
    }
}
