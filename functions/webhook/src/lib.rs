//! Xero's deliveries: verified over the raw bytes, reduced to hints of payments, put into the queue, and
//! answered. Nothing else happens before the answer, because Xero waits five seconds at most.
//!
//! It can read neither the table nor a token, and it answers 200 or 401 with an empty body; only when the
//! queue does not take the hints, or no key could be read yet, it answers 500, so that Xero delivers again.

mod hints;
mod keys;

pub use hints::{Reduced, reduce};
pub use keys::{KeySource, Keys, REREAD, Reading, StoredKey, Verdict};

use aws::http::{bytes, empty};
use aws::queues::Queue;
use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use std::convert::Infallible;
use xero::webhook::{Payload, SIGNATURE_HEADER};

/// Largest body that is verified: Lambda passes on at most 6 MB, of which base64 leaves four and a half, and
/// ten thousand events fit into it. A larger one is refused unread, and the sweep finds what it told.
pub const MAX_BODY: usize = 4 * 1024 * 1024;

/// The function.
pub struct App {
    keys: Keys,
    queue: Queue,
}

impl App {
    /// Wires it.
    #[must_use]
    pub fn new(keys: Keys, queue: Queue) -> Self {
        Self { keys, queue }
    }

    /// Answers one delivery.
    ///
    /// # Errors
    /// Never: what goes wrong is an answer.
    pub async fn handle(&self, request: Request) -> Result<Response<Body>, Infallible> {
        let raw = bytes(&request);
        match self.judge(&request, raw).await {
            Verdict::Genuine => {}
            Verdict::Forged => {
                tracing::info!(
                    webhook.deliveries = 1,
                    webhook.verdict = "refused",
                    "a delivery without a valid signature was refused"
                );
                return Ok(empty(StatusCode::UNAUTHORIZED));
            }
            Verdict::NoKey => {
                tracing::error!(
                    webhook.deliveries = 1,
                    webhook.verdict = "no key",
                    alarm = "webhook",
                    "a delivery could not be judged"
                );
                return Ok(empty(StatusCode::INTERNAL_SERVER_ERROR));
            }
        }
        let Ok(payload) = Payload::parse(raw) else {
            // Signed by Xero and yet not to be read: sending it again would not help.
            tracing::error!(
                webhook.deliveries = 1,
                webhook.verdict = "unreadable",
                alarm = "webhook",
                "a signed delivery could not be read"
            );
            return Ok(empty(StatusCode::OK));
        };
        let reduced = reduce(&payload);
        if let Err(error) = self.queue.hint(&reduced.entries).await {
            tracing::error!(
                error = %error,
                reason = %error.source,
                webhook.deliveries = 1,
                webhook.verdict = "not queued",
                alarm = "webhook",
                "a delivery could not be queued"
            );
            return Ok(empty(StatusCode::INTERNAL_SERVER_ERROR));
        }
        tracing::info!(
            webhook.deliveries = 1,
            webhook.verdict = "accepted",
            webhook.events = payload.events.len(),
            webhook.entries = reduced.entries.len(),
            webhook.ignored = reduced.ignored,
            webhook.unknown = reduced.unknown,
            webhook.first_sequence = payload.first_event_sequence,
            webhook.last_sequence = payload.last_event_sequence,
            "a delivery was accepted"
        );
        Ok(empty(StatusCode::OK))
    }

    /// A signature that cannot be one does not lead to a reading of the key.
    async fn judge(&self, request: &Request, raw: &[u8]) -> Verdict {
        let mut signatures = request.headers().get_all(SIGNATURE_HEADER).iter();
        let (Some(signature), None) = (signatures.next(), signatures.next()) else { return Verdict::Forged };
        match signature.to_str() {
            Ok(signature) if raw.len() <= MAX_BODY => self.keys.verify(signature, raw).await,
            Ok(_) | Err(_) => Verdict::Forged,
        }
    }
}
