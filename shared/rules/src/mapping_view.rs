//! The mapping as the app reads and sends it.

use crate::input;
use crate::mapping::{Choices, Earlier, ExpenseCategory, ExpenseDocuments, Mapping, Target};
use crate::problem::Problem;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The answer of `GET /account-mapping` and `PUT /account-mapping`.
#[derive(Debug, Serialize, ToSchema)]
pub struct MappingView {
    /// What is chosen.
    #[serde(flatten)]
    pub choices: Choices,
    /// Counts the changes; 0 when nothing was chosen yet.
    pub version: u64,
    /// When it was chosen.
    pub chosen_at: Option<Timestamp>,
    /// What was chosen before, newest first.
    pub earlier: Vec<Earlier>,
}

/// The body of `PUT /account-mapping`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MappingRequest {
    /// Where sales invoices are posted.
    #[serde(default)]
    pub sales: Option<Target>,
    /// Where expenses are posted, by category; a category that is absent is skipped.
    #[serde(default)]
    pub expenses: BTreeMap<ExpenseCategory, Target>,
    /// How expenses become documents.
    #[serde(default)]
    pub expense_documents: ExpenseDocuments,
    /// The version that was changed: where it is not the present one any more, nothing is stored.
    #[serde(default)]
    pub version: Option<u64>,
}

impl MappingRequest {
    /// Parses the body.
    ///
    /// # Errors
    /// A [`Problem`] that names the field.
    pub fn parse(json: &[u8]) -> Result<Self, Problem> {
        input::read(json).map_err(|wrong| Problem::invalid(wrong.path, wrong.reason))
    }

    /// What it chooses.
    #[must_use]
    pub fn into_choices(self) -> Choices {
        Choices { sales: self.sales, expenses: self.expenses, expense_documents: self.expense_documents }
    }
}

impl From<Mapping> for MappingView {
    fn from(mapping: Mapping) -> Self {
        let chosen_at = (mapping.revision > 0).then_some(mapping.chosen_at);
        Self { choices: mapping.choices, version: mapping.revision, chosen_at, earlier: mapping.earlier }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::BillStatus;

    #[test]
    fn an_unknown_category_is_refused_with_its_field() {
        let problem = MappingRequest::parse(br#"{"expenses":{"rent":{"account_id":"x"}}}"#).unwrap_err();
        assert!(problem.field.unwrap().starts_with("expenses"));
    }

    #[test]
    fn expenses_are_authorised_bills_unless_chosen_otherwise() {
        let choices = MappingRequest::parse(b"{}").unwrap().into_choices();
        assert_eq!(choices.expense_documents, ExpenseDocuments::Bill { status: BillStatus::Authorised });
        assert_eq!(choices.unmapped().count(), 8);
        let draft = br#"{"expense_documents":{"post_as":"bill","status":"draft"}}"#;
        let draft = MappingRequest::parse(draft).unwrap();
        assert_eq!(draft.expense_documents, ExpenseDocuments::Bill { status: BillStatus::Draft });
    }
}
