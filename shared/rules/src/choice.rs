//! What the user chooses for a document that differs in Xero from what Sessional sent: take Xero's version, write
//! Sessional's over it, or link the two no more; and for one that somebody else made there: take it over. Each is written
//! into the record; nothing is asked of Xero here.

use crate::event::{Body, Event};
use crate::record::{ContentRegister, Record, Standing, ToldContent};
use jiff::Timestamp;

/// The mark of a record whose total in Xero counts, whatever Sessional shows.
pub const TOTAL_OF_XERO: &str = "xero";

/// What the user chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentChoice {
    /// Xero's version counts: later edits send only what Sessional changes from now on. Of a record that is not in Xero:
    /// the invoice there that was found to be the same becomes its own.
    Adopt,
    /// Sessional's version is written over Xero's.
    Push,
    /// The document is left alone for good.
    Unlink,
}

/// What follows from a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChoiceOutcome {
    /// It is done.
    Done,
    /// The record goes on with what it wants.
    Run,
    /// Sessional has to send the document once more: its content is not kept here.
    SendAgain,
}

impl DocumentChoice {
    /// Reads the word of the contract.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "adopt" => Some(Self::Adopt),
            "push" => Some(Self::Push),
            "unlink" => Some(Self::Unlink),
            _ => None,
        }
    }

    /// Writes the choice into a record.
    ///
    /// # Errors
    /// Why it cannot be chosen for this document, in plain English.
    pub fn apply(self, record: &mut Record, now: Timestamp) -> Result<ChoiceOutcome, &'static str> {
        if self == Self::Adopt && record.reference.is_none() && record.stands == Standing::NotInXero {
            return take_over(record, now);
        }
        if record.reference.is_none() || record.stands == Standing::Unlinked {
            return Err("Only a document that is in Xero and linked to Sessional can be chosen about");
        }
        match self {
            Self::Adopt => adopt(record, now),
            Self::Push => push(record, now),
            Self::Unlink => Ok(unlink(record, now)),
        }
    }
}

fn adopt(record: &mut Record, now: Timestamp) -> Result<ChoiceOutcome, &'static str> {
    let differs = record.divergence.as_ref().is_some_and(|divergence| !divergence.change.is_final());
    if !differs || !record.is_synced() {
        return Err("In Xero it is as Sessional sent it, or it was voided or deleted there");
    }
    // What waits is dropped for Xero's version, and is the measure of later edits.
    if let Some(told) = record.event.as_deref().and_then(told) {
        record.told = Some(with_known_lines(told, record.told.take()));
    }
    record.clear();
    record.divergence = None;
    record.accepted_total = Some(TOTAL_OF_XERO.to_owned());
    if let Some(reference) = record.reference.as_mut() {
        reference.written.clone_from(&reference.seen);
    }
    record.note("Xero's version was taken, as you chose: later edits send only what changes in Sessional", now);
    Ok(ChoiceOutcome::Done)
}

/// Whether it is the same is proved by the sync, at the time that it takes it.
fn take_over(record: &mut Record, now: Timestamp) -> Result<ChoiceOutcome, &'static str> {
    let offered = record.adoptable();
    record.to_adopt = Some(offered.ok_or("No invoice in Xero was found to be the same as this one")?);
    record.note("The invoice in Xero is being taken over, as you chose", now);
    Ok(ChoiceOutcome::Run)
}

fn push(record: &mut Record, now: Timestamp) -> Result<ChoiceOutcome, &'static str> {
    if record.stands != Standing::Synced || record.divergence.as_ref().is_some_and(|it| it.change.is_final()) {
        return Err("What is paid, voided or deleted in Xero cannot be written over");
    }
    record.told = None;
    record.content_hash = None;
    record.accepted_total = None;
    record.registers.content =
        record.registers.content.take().map(|content| ContentRegister { digest: String::new(), ..content });
    if record.event.is_some() {
        record.note("Sessional's version is written over Xero's, as you chose", now);
        return Ok(ChoiceOutcome::Run);
    }
    record.note("Sessional's version is written over Xero's, as you chose, as soon as Sessional sends it again", now);
    Ok(ChoiceOutcome::SendAgain)
}

fn unlink(record: &mut Record, now: Timestamp) -> ChoiceOutcome {
    record.clear();
    record.divergence = None;
    let message = "Not linked to Xero any more, as you chose: nothing is changed there, and payments are not followed";
    record.stand(Standing::Unlinked, message, now);
    ChoiceOutcome::Done
}

fn told(event: &str) -> Option<ToldContent> {
    match Event::parse(event).ok()?.body {
        Body::InvoiceCreated(invoice) | Body::InvoiceUpdated(invoice) | Body::InvoiceSent(invoice) => {
            Some(ToldContent::of_invoice(&invoice))
        }
        Body::ExpenseLogged(expense) | Body::ExpenseUpdated(expense) => Some(ToldContent::of_expense(&expense)),
        Body::InvoiceVoided(_) | Body::ExpenseDeleted(_) => None,
    }
}

/// The new content with the lines that are known in Xero, in their order.
fn with_known_lines(told: ToldContent, before: Option<ToldContent>) -> ToldContent {
    let Some(before) = before else { return told };
    let known = before.lines.iter().map(|line| line.id).collect::<Vec<_>>();
    ToldContent { rounding: before.rounding, ..told.with_ids(known, false) }
}
