//! Sessional's backend, as far as this service meets it: it reads the notification queue and acknowledges
//! what it has.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::aws::Aws;

/// Pause after a failed read, so that an emulator that is going down is not called in a tight loop.
const PAUSE: Duration = Duration::from_millis(500);

/// Everything the service has told Sessional since the start of the stack.
#[derive(Clone, Debug, Default)]
pub struct Inbox(Arc<Mutex<Vec<Value>>>);

impl Inbox {
    /// What was told about an account, oldest first; repeats (same id) are dropped, as the contract asks of a
    /// receiver.
    pub fn of(&self, account: &str) -> Vec<Value> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|told| told.get("account_id").is_some_and(|id| id == account)).cloned().collect()
    }

    fn add(&self, told: Value) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let id = told.get("id");
        if id.is_none() || !all.iter().any(|other| other.get("id") == id) {
            all.push(told);
        }
    }

    /// Reads the queue for as long as the stack runs.
    pub async fn read(self, aws: Aws, queue: String) {
        loop {
            match aws.receive(&queue, 5).await {
                Ok(messages) => {
                    for message in messages {
                        let told = serde_json::from_str(&message.body).unwrap_or(Value::String(message.body.clone()));
                        self.add(told);
                        if let Err(error) = aws.delete(&queue, &message).await {
                            eprintln!("a notification was read but not acknowledged: {error:#}");
                        }
                    }
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_repeated_notification_is_kept_once_and_for_its_account_only() {
        let inbox = Inbox::default();
        for id in ["n1", "n1", "n2"] {
            inbox.add(json!({ "id": id, "account_id": "acc_a" }));
        }
        inbox.add(json!({ "id": "n3", "account_id": "acc_b" }));
        assert_eq!(inbox.of("acc_a").len(), 2);
    }
}
