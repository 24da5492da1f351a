//! What the user chooses for a document that differs in Xero: adopt, push, unlink; and for one that is in Xero already
//! and was made by somebody else: adopt.

use crate::{Answered, App, unavailable};
use aws::clock::SystemClock;
use aws::http::json;
use http::StatusCode;
use rules::choice::{ChoiceOutcome, DocumentChoice};
use rules::ports::{Clock as _, Records as _, SyncQueue as _, Written};
use rules::sync::message;
use rules::{AccountId, Problem};
use serde::Serialize;
use utoipa::ToSchema;

/// The answer of `POST /records/{kind}/{id}/adopt`, `/push` and `/unlink`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChoiceAnswer {
    /// Whether the record goes on with it now: something is written to Xero, or what is there is taken over.
    pub queued: bool,
    /// Whether Sessional has to send the document once more, because its content is not kept.
    pub send_again: bool,
}

impl App {
    pub(crate) async fn choose(&self, account: &AccountId, kind: &str, id: &str, choice: DocumentChoice) -> Answered {
        let mut record = self.find(account, kind, id).await?;
        let outcome = choice.apply(&mut record, SystemClock.now()).map_err(Problem::not_possible)?;
        if outcome == ChoiceOutcome::Run && choice == DocumentChoice::Adopt {
            // What is taken over is looked at in Xero first.
            self.check_receives(account).await?;
        }
        match self.table.put_record(&mut record).await.map_err(unavailable)? {
            Written::Done => {}
            Written::Conflict => return Err(Problem::conflict()),
        }
        let queued = outcome == ChoiceOutcome::Run;
        if queued {
            let run = message::run_record("choice", &record.key, record.revision);
            self.queue.enqueue(&[run]).await.map_err(unavailable)?;
        }
        tracing::info!(record.id = record.key.id, record.choice = ?choice, "the user chose about a document");
        let chosen = ChoiceAnswer { queued, send_again: outcome == ChoiceOutcome::SendAgain };
        Ok(json(StatusCode::ACCEPTED, &chosen))
    }
}
