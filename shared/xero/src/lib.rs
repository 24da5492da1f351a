//! Everything that speaks Xero, and nothing else: identifiers, money, dates, the models of the
//! Accounting API, a client for it, OAuth 2.0, the webhook signature and what Xero's errors mean.
//!
//! This crate knows neither AWS nor Sessional. It logs nothing, keeps no state between calls and
//! decides nothing: callers choose when to retry, and say what an answer means for a user.
//! Time is always an argument. Nothing in it prints a token, a body, a name or an e-mail address.

pub mod client;
pub mod dates;
pub mod deep_link;
pub mod element;
pub mod endpoints;
pub mod error;
pub mod http;
pub mod ids;
pub mod models;
pub mod money;
pub mod oauth;
#[cfg(test)]
mod redaction;
pub mod refusal;
pub mod secret;
#[cfg(test)]
mod stub;
pub mod tax;
pub mod webhook;

pub use client::{Client, IdempotencyKey, Limits, ListedInvoice, Page, Tenant};
pub use deep_link::{Document, deep_link};
pub use element::{Element, Sentences};
pub use endpoints::Endpoints;
pub use error::{Error, LimitProblem, UnauthorizedReason};
pub use ids::{
    AccountId, AuthenticationEventId, BankTransactionId, ConnectionId, ContactId, InvoiceId, LineItemId, PaymentId,
    TenantId, XeroUserId,
};
pub use money::Decimal;
pub use oauth::{AccessToken, AppCredentials, Identity, RefreshToken, TokenError, TokenSet};
pub use refusal::Refusal;
pub use secret::Secret;
