//! What would become of an event, as the app shows it.

use crate::action::Action;
use crate::failure::{Cause, Failure};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// What would become of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Prospect {
    /// A document would be made in Xero.
    WouldCreate,
    /// The document in Xero would be changed.
    WouldUpdate,
    /// The document in Xero would be marked as sent.
    WouldMarkSent,
    /// The document in Xero would be voided.
    WouldVoid,
    /// The document in Xero would be deleted.
    WouldDelete,
    /// Nothing would be sent, because its category has no account.
    WouldSkip,
    /// It would wait for a reason outside the document.
    WouldHold,
    /// The user would have to act first.
    WouldFail,
    /// Nothing would be sent, and nothing is wrong.
    NothingToDo,
}

/// A call that would be made to Xero's Accounting API.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct Request {
    /// The method.
    pub method: &'static str,
    /// The path, below `/api.xro/2.0`.
    pub path: String,
    /// The query.
    pub query: &'static str,
    /// The body as it would be sent. In brackets: what is only known once an earlier call is answered.
    #[schema(value_type = Object)]
    pub body: Value,
}

/// What would become of one event.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct Forecast {
    /// In a word.
    pub outcome: Prospect,
    /// In plain English.
    pub message: String,
    /// What would stop it.
    pub cause: Option<Cause>,
    /// What the user can do.
    pub action: Option<Action>,
    /// What would be sent, in this order; several documents of one account may share a call.
    pub requests: Vec<Request>,
}

impl Forecast {
    pub(super) fn of(outcome: Prospect, message: impl Into<String>) -> Self {
        Self { outcome, message: message.into(), cause: None, action: None, requests: Vec::new() }
    }

    pub(super) fn nothing(message: &str) -> Self {
        Self::of(Prospect::NothingToDo, message)
    }

    pub(super) fn hold(failure: Failure) -> Self {
        Self::stopped(Prospect::WouldHold, failure)
    }

    pub(super) fn skip(failure: Failure) -> Self {
        Self::stopped(Prospect::WouldSkip, failure)
    }

    pub(super) fn fail(failure: Failure) -> Self {
        Self::stopped(Prospect::WouldFail, failure)
    }

    fn stopped(outcome: Prospect, failure: Failure) -> Self {
        let (cause, action) = (Some(failure.cause), Some(failure.action));
        Self { cause, action, ..Self::of(outcome, failure.message) }
    }
}
