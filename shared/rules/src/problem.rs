//! What a person is told when something cannot be done: RFC 9457 problem details with a stable type and,
//! where the user can do something, an action. Never a token, a name, a body or a stack trace.

use crate::action::Action;
use serde::Serialize;
use std::borrow::Cow;
use utoipa::ToSchema;

/// A problem as it is answered to the Sessional app (`application/problem+json`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// Stable identifier of the kind of problem, a relative URI such as `/problems/not-connected`.
    pub r#type: &'static str,
    /// Short summary, the same for every occurrence of the type.
    pub title: &'static str,
    /// HTTP status of the answer.
    pub status: u16,
    /// A sentence for people about this occurrence.
    pub detail: Cow<'static, str>,
    /// The field that is wrong, as a path into the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What the user can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
}

impl Problem {
    fn new(r#type: &'static str, title: &'static str, status: u16, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { r#type, title, status, detail: detail.into(), field: None, action: None }
    }

    /// The request is not what the contract says; names the field.
    #[must_use]
    pub fn invalid(field: impl Into<String>, detail: impl Into<Cow<'static, str>>) -> Self {
        let mut problem = Self::new("/problems/invalid-request", "The request is not valid", 400, detail);
        problem.field = Some(field.into());
        problem
    }

    /// An event that is not what the contract says; names the field.
    #[must_use]
    pub fn invalid_event(field: impl Into<String>, detail: impl Into<Cow<'static, str>>) -> Self {
        let mut problem = Self::new("/problems/invalid-event", "The event is not valid", 422, detail);
        problem.field = Some(field.into());
        problem
    }

    /// An event of a type that is never synced, or not known.
    #[must_use]
    pub fn event_type_not_synced(detail: impl Into<Cow<'static, str>>) -> Self {
        let mut problem = Self::new("/problems/event-not-synced", "This is not synced to Xero", 422, detail);
        problem.field = Some("type".to_owned());
        problem
    }

    /// The event names another account than the caller's token.
    #[must_use]
    pub fn foreign_account() -> Self {
        let mut problem = Self::new(
            "/problems/foreign-account",
            "The event belongs to another account",
            422,
            "account_id must be the account of your access token",
        );
        problem.field = Some("account_id".to_owned());
        problem
    }

    /// No account in the token: the authorizer let something through that it should not.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new("/problems/unauthorized", "Sign in first", 401, "The access token names no account")
    }

    /// The account has no Xero organisation.
    #[must_use]
    pub fn not_connected() -> Self {
        let mut problem = Self::new(
            "/problems/not-connected",
            "No Xero organisation is connected",
            409,
            "Connect a Xero organisation first",
        );
        problem.action = Some(Action::Connect);
        problem
    }

    /// The connection was lost and has to be authorised again.
    #[must_use]
    pub fn connection_lost() -> Self {
        let mut problem = Self::new(
            "/problems/connection-error",
            "The connection to Xero was lost",
            409,
            "Xero no longer accepts the connection. Authorise it again; nothing that waits is lost",
        );
        problem.action = Some(Action::Reauthorise);
        problem
    }

    /// Another Sessional account has the organisation.
    #[must_use]
    pub fn organisation_taken() -> Self {
        let mut problem = Self::new(
            "/problems/organisation-taken",
            "The organisation is connected elsewhere",
            409,
            "Another Sessional account is connected to this Xero organisation. Disconnect it there first",
        );
        problem.action = Some(Action::ChooseOrganisation);
        problem
    }

    /// There is no such thing in this account.
    #[must_use]
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new("/problems/not-found", "Not found", 404, detail)
    }

    /// The record does not wait for anything.
    #[must_use]
    pub fn nothing_to_retry() -> Self {
        Self::new(
            "/problems/nothing-to-retry",
            "There is nothing to try again",
            409,
            "This record does not wait for anything: it is in Xero, or on its way there",
        )
    }

    /// Xero or a store cannot answer just now.
    #[must_use]
    pub fn try_again() -> Self {
        let mut problem = Self::new(
            "/problems/try-again",
            "Temporarily unavailable",
            503,
            "Xero or a part of this service cannot answer just now. Try again in a minute",
        );
        problem.action = Some(Action::Retry);
        problem
    }

    /// Somebody else changed the same thing at the same moment.
    #[must_use]
    pub fn conflict() -> Self {
        let mut problem = Self::new(
            "/problems/conflict",
            "Changed at the same moment",
            409,
            "Something else changed this at the same moment. Read it again and repeat",
        );
        problem.action = Some(Action::Retry);
        problem
    }

    /// Something is wrong that only the operator of this service can mend.
    #[must_use]
    pub fn operator() -> Self {
        Self::new(
            "/problems/internal",
            "Something is wrong on our side",
            500,
            "This is not your fault and we have been told. Nothing is lost",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_its_field_and_its_action() {
        let json = serde_json::to_value(Problem::invalid("sales.account_id", "Choose an account")).unwrap();
        assert_eq!(json["field"], "sales.account_id");
        assert_eq!(json["status"], 400);
        assert!(json.get("action").is_none());
        assert_eq!(serde_json::to_value(Problem::not_connected()).unwrap()["action"], "connect");
    }
}
