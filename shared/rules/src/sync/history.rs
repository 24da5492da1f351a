//! A note in the document's history in Xero, where the bookkeeper looks, saying that Sessional made it.
//!
//! Only for a document that is made alone: a burst shares its calls, and a note would cost one for each. It is
//! a courtesy and no part of the sync: when it fails, or the function dies before it, the document is as good.

use super::{Context, Job, Sync};
use crate::record::DocumentKind;

/// What the history says.
const NOTE: &str = "Created by Sessional";

impl Sync<'_> {
    /// Writes the note for the only document of a run that has just been made.
    pub(super) async fn note_in_history(&self, context: &Context<'_>, made: &[&mut Job]) {
        let [job] = made else { return };
        let reference = job.record.as_ref().and_then(|record| record.reference.as_ref());
        let Some(reference) = reference.filter(|_| self.history_notes && !context.session.is_at_reserve()) else {
            return;
        };
        match reference.document {
            DocumentKind::Invoice | DocumentKind::Bill => {}
            DocumentKind::SpendMoney => return,
        }
        let id = reference.id;
        let noted = crate::call_xero!(context.session, |tenant| tenant.add_history(id, NOTE));
        if let Err(error) = noted {
            tracing::info!(xero.tenant_id = %context.session.tenant_id(), reason = %error, "a history note was not written");
        }
    }
}
