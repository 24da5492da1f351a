//! What a person is told when something cannot be done: RFC 9457 problem details with a stable type and,
//! where the user can do something, an action. Never a token, a name, a body or a stack trace.

mod types;

pub use types::{ProblemType, TYPES};

use crate::action::Action;
use crate::connect::ConnectAgain;
use crate::permission::Permission;
use jiff::Timestamp;
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
    /// Why the user has to connect again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<ConnectAgain>,
    /// What `POST /connection` has to ask Xero for before the same call can be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needed: Option<Permission>,
    /// Every field that is wrong, where there may be several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The field, as a path into the request.
    pub field: String,
    /// A sentence for people.
    #[schema(value_type = String)]
    pub detail: Cow<'static, str>,
}

impl Problem {
    fn new(kind: &ProblemType, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            r#type: kind.uri,
            title: kind.title,
            status: kind.status,
            detail: detail.into(),
            field: None,
            action: None,
            needed: None,
            reason: None,
            errors: Vec::new(),
        }
    }

    /// The request is not what the contract says; names the field.
    #[must_use]
    pub fn invalid(field: impl Into<String>, detail: impl Into<Cow<'static, str>>) -> Self {
        let mut problem = Self::new(&types::INVALID_REQUEST, detail);
        problem.field = Some(field.into());
        problem
    }

    /// The request is well formed, and some of its fields are wrong; the first of them is its field.
    #[must_use]
    pub fn invalid_fields(errors: Vec<FieldError>) -> Self {
        let first = errors.first().map(|first| (first.field.clone(), first.detail.clone()));
        let (field, detail) = first.unwrap_or_default();
        Self { errors, ..Self::invalid(field, detail) }
    }

    /// An event that is not what the contract says; names the field.
    #[must_use]
    pub fn invalid_event(field: impl Into<String>, detail: impl Into<Cow<'static, str>>) -> Self {
        let mut problem = Self::new(&types::INVALID_EVENT, detail);
        problem.field = Some(field.into());
        problem
    }

    /// An event of more bytes than an event may have.
    #[must_use]
    pub fn event_too_large(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(&types::EVENT_TOO_LARGE, detail)
    }

    /// An event of a type that is never synced.
    #[must_use]
    pub fn event_type_not_synced(detail: impl Into<Cow<'static, str>>) -> Self {
        let mut problem = Self::new(&types::EVENT_NOT_SYNCED, detail);
        problem.field = Some("type".to_owned());
        problem
    }

    /// The event names another account than the caller's token.
    #[must_use]
    pub fn foreign_account() -> Self {
        let mut problem = Self::new(&types::FOREIGN_ACCOUNT, "account_id must be the account of your access token");
        problem.field = Some("account_id".to_owned());
        problem
    }

    /// No account in the token: the authorizer let something through that it should not.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(&types::UNAUTHORIZED, "The access token names no account")
    }

    /// The account has no Xero organisation.
    #[must_use]
    pub fn not_connected() -> Self {
        let mut problem = Self::new(&types::NOT_CONNECTED, "Connect a Xero organisation first");
        problem.action = Some(Action::Connect);
        problem
    }

    /// The connection was lost and has to be authorised again.
    #[must_use]
    pub fn connection_lost() -> Self {
        let mut problem = Self::new(
            &types::CONNECTION_ERROR,
            "Xero no longer accepts the connection. Authorise it again; nothing that waits is lost",
        );
        problem.action = Some(Action::Reauthorise);
        problem
    }

    /// Another Sessional account has the organisation.
    #[must_use]
    pub fn organisation_taken() -> Self {
        let mut problem = Self::new(
            &types::ORGANISATION_TAKEN,
            "Another Sessional account is connected to this Xero organisation. Disconnect it there first; if that is \
             not in your hands, Sessional's support can help",
        );
        problem.action = Some(Action::ChooseOrganisation);
        problem
    }

    /// The confirmation is not good for whoever tries it; why is not told.
    #[must_use]
    pub fn confirmation_refused() -> Self {
        let mut problem = Self::new(
            &types::CONFIRMATION_REFUSED,
            "This was not begun by you in this browser, or it was used already. Nothing was connected. Start again here",
        );
        problem.action = Some(Action::Connect);
        problem
    }

    /// The consent is used up and nothing is connected by it.
    #[must_use]
    pub fn connect_again(again: ConnectAgain) -> Self {
        let mut problem = Self::new(&types::CONNECT_AGAIN, again.message());
        problem.action = Some(Action::Connect);
        problem.reason = Some(again);
        problem
    }

    /// The caller has to sign in again with a second factor.
    #[must_use]
    pub fn second_factor() -> Self {
        let mut problem = Self::new(
            &types::SECOND_FACTOR,
            "To connect Xero, sign in to Sessional again with your second factor. This protects your accounts",
        );
        problem.action = Some(Action::SignInAgain);
        problem
    }

    /// The consent covers no organisation.
    #[must_use]
    pub fn no_organisation() -> Self {
        let mut problem = Self::new(
            &types::NO_ORGANISATION,
            "You allowed access to no organisation in Xero that invoices and expenses could go to. Start again and \
             choose one",
        );
        problem.action = Some(Action::Connect);
        problem
    }

    /// Too many consents of the account are open.
    #[must_use]
    pub fn too_many_consents(until: Timestamp, now: Timestamp) -> Self {
        let minutes = minutes(until, now);
        Self::new(
            &types::TOO_MANY_CONSENTS,
            format!(
                "You have begun to connect five times without coming back from Xero. Finish one of them there, or try \
                 again in {minutes}"
            ),
        )
    }

    /// The account has tried too many confirmations.
    #[must_use]
    pub fn too_many_confirmations(until: Timestamp, now: Timestamp) -> Self {
        let minutes = minutes(until, now);
        Self::new(
            &types::TOO_MANY_CONFIRMATIONS,
            format!("You have tried to connect ten times within an hour. Try again in {minutes}"),
        )
    }

    /// There is no such thing in this account.
    #[must_use]
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(&types::NOT_FOUND, detail)
    }

    /// The record does not wait for anything.
    #[must_use]
    pub fn nothing_to_retry() -> Self {
        Self::new(
            &types::NOTHING_TO_RETRY,
            "This record does not wait for anything: it is in Xero, or on its way there",
        )
    }

    /// What was chosen cannot be done to the document as it is.
    #[must_use]
    pub fn not_possible(why: &'static str) -> Self {
        Self::new(&types::NOT_POSSIBLE, why)
    }

    /// The contact that was chosen cannot stand for this client.
    #[must_use]
    pub fn contact_not_usable(why: &'static str) -> Self {
        Self::new(&types::CONTACT_NOT_USABLE, why)
    }

    /// A choice needs a permission that the consent does not cover.
    #[must_use]
    pub fn permission_needed(permission: Permission) -> Self {
        let mut problem = Self::new(&types::PERMISSION_NEEDED, permission.why());
        problem.action = Some(Action::Reauthorise);
        problem.needed = Some(permission);
        problem
    }

    /// Xero or a store cannot answer just now.
    #[must_use]
    pub fn try_again() -> Self {
        let mut problem = Self::new(
            &types::TRY_AGAIN,
            "Xero or a part of this service cannot answer just now. Try again in a minute",
        );
        problem.action = Some(Action::Retry);
        problem
    }

    /// Somebody else changed the same thing at the same moment.
    #[must_use]
    pub fn conflict() -> Self {
        let mut problem =
            Self::new(&types::CONFLICT, "Something else changed this at the same moment. Read it again and repeat");
        problem.action = Some(Action::Retry);
        problem
    }

    /// Something is wrong that only the operator of this service can mend.
    #[must_use]
    pub fn operator() -> Self {
        Self::new(&types::INTERNAL, "This is not your fault and we have been told. Nothing is lost")
    }
}

/// How long it still takes, in words.
fn minutes(until: Timestamp, now: Timestamp) -> String {
    match until.duration_since(now).as_secs().max(0) / 60 + 1 {
        1 => "a minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn a_limit_says_how_long_it_lasts() {
        let now = Timestamp::UNIX_EPOCH;
        let problem = Problem::too_many_consents(now + SignedDuration::from_secs(61), now);
        assert!(problem.detail.ends_with("in 2 minutes"), "{}", problem.detail);
        let problem = Problem::too_many_confirmations(now, now);
        assert!(problem.detail.ends_with("in a minute"), "{}", problem.detail);
    }

    #[test]
    fn a_problem_names_its_field_and_its_action() {
        let json = serde_json::to_value(Problem::invalid("sales.account_id", "Choose an account")).unwrap();
        assert_eq!(json["field"], "sales.account_id");
        assert_eq!(json["status"], 400);
        assert!(json.get("action").is_none());
        assert_eq!(serde_json::to_value(Problem::not_connected()).unwrap()["action"], "connect");
    }
}
