//! Where nobody could confirm what Xero does, a switch says what the stand-in does.
//!
//! Every default is the stricter reading. The crate's page lists them with their reasons.

use serde::{Deserialize, Serialize};

/// Behaviour that may differ between Xero and the stand-in, each with the stricter default.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// Problem bodies of the gateway use lower-case keys.
    pub lowercase_problems: bool,
    /// A retry inside the grace period gets the pair that was issued first.
    pub grace_returns_same_pair: bool,
    /// A new consent leaves the user's older refresh tokens alive.
    pub consent_keeps_older_tokens: bool,
    /// A Web app may send `code_challenge`; it is then checked at the exchange.
    pub pkce_for_web_apps: bool,
    /// A refresh answers `invalid_grant` once the last connection is gone.
    pub refresh_fails_after_disconnect: bool,
    /// A renewed consent gives the connection a new id.
    pub reconnect_changes_connection_id: bool,
    /// Invoices show `Payments` to tokens without a payments scope.
    pub payments_without_scope: bool,
    /// Decimals in quotes are read as numbers.
    pub quoted_decimals: bool,
    /// `If-Modified-Since` returns what changed in that very second too.
    pub modified_since_inclusive: bool,
    /// An unchanged listing under `If-Modified-Since` answers 304 without body.
    pub answer_304: bool,
    /// The number of a voided or deleted invoice may be used again.
    pub numbers_come_back: bool,
    /// SUBMITTED may go back to DRAFT.
    pub submitted_back_to_draft: bool,
    /// A POST leaves an existing bill with the same number alone.
    pub bills_never_match_by_number: bool,
    /// Reconciled bank transactions and payments may be deleted.
    pub reconciled_may_be_deleted: bool,
    /// An organisation that pays no tax accepts a taxed line.
    pub tax_without_registration: bool,
    /// A document dated on the lock date itself passes.
    pub lock_day_is_open: bool,
    /// Active contacts may share a name.
    pub contact_names_may_repeat: bool,
    /// Contact names that differ in case alone may coexist.
    pub contact_names_mind_case: bool,
    /// Halves go to the even neighbour instead of away from zero.
    pub halves_to_even: bool,
    /// A line with a unit amount alone counts as one.
    pub quantity_defaults_to_one: bool,
    /// A wrong `TaxAmount` is corrected silently.
    pub correct_wrong_tax: bool,
    /// A key in use by a running request replays instead of answering 409.
    pub idempotency_waits: bool,
    /// Another tenant with the same key and request gets the stored answer.
    pub idempotency_ignores_tenant: bool,
    /// The store of idempotency keys is down: every keyed write answers 500.
    pub idempotency_down: bool,
    /// Sequence numbers of webhooks count per tenant.
    pub sequence_per_tenant: bool,
    /// A payment raises no INVOICE event.
    pub payments_raise_no_event: bool,
    /// Calls are counted and refused beyond the limits of section 2.1.
    pub limits: bool,
    /// Largest request body in bytes.
    pub body_limit: usize,
    /// Most documents that one listing without `page` may hold.
    pub listing_limit: usize,
    /// Seconds between repeats of a failed webhook delivery.
    pub webhook_retry_seconds: i64,
    /// Seconds of failing after which the webhook is disabled.
    pub webhook_give_up_seconds: i64,
    /// Milliseconds a receiver has for its answer.
    pub webhook_timeout_ms: u64,
    /// Milliseconds by which every answer is late.
    pub latency_ms: u64,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            lowercase_problems: false,
            grace_returns_same_pair: false,
            consent_keeps_older_tokens: false,
            pkce_for_web_apps: false,
            refresh_fails_after_disconnect: false,
            reconnect_changes_connection_id: false,
            payments_without_scope: false,
            quoted_decimals: false,
            modified_since_inclusive: false,
            answer_304: false,
            numbers_come_back: false,
            submitted_back_to_draft: false,
            bills_never_match_by_number: false,
            reconciled_may_be_deleted: false,
            tax_without_registration: false,
            lock_day_is_open: false,
            contact_names_may_repeat: false,
            contact_names_mind_case: false,
            halves_to_even: false,
            quantity_defaults_to_one: false,
            correct_wrong_tax: false,
            idempotency_waits: false,
            idempotency_ignores_tenant: false,
            idempotency_down: false,
            sequence_per_tenant: false,
            payments_raise_no_event: false,
            limits: true,
            body_limit: 3_500_000,
            listing_limit: 100_000,
            webhook_retry_seconds: 15 * 60,
            webhook_give_up_seconds: 24 * 60 * 60,
            webhook_timeout_ms: 5_000,
            latency_ms: 0,
        }
    }
}
