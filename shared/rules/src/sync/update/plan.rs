//! What there is to say to Xero about a document that it has: the parts that Sessional changed, in the basis and
//! currency that the document has, with a total that is the one that Sessional shows. What cannot be changed is refused
//! by name.

use super::lines;
use crate::failure::Failure;
use crate::organisation::{Facts, usable};
use crate::record::{DocumentKind, Part, Record, Reference, Standing, ToldContent};
use crate::sync::document::Document;
use crate::sync::shown::{Settlement, ShownDocument};
use crate::sync::totals::{self, TotalCheck};
use crate::sync::{Job, basis, create};
use jiff::civil::Date;
use rust_decimal::Decimal;
use std::collections::BTreeSet;
use xero::ContactId;
use xero::models::{BankTransactionUpdate, InvoiceUpdate, LineAmountTypes, LineItem, NewLineItem};

/// What is to be changed, before it is known whether it can be.
pub(in crate::sync) struct Wanted {
    /// What Sessional says.
    pub(in crate::sync) told: ToldContent,
    /// The parts in which that is new.
    pub(in crate::sync) parts: BTreeSet<Part>,
    /// Whether the document is to be marked as sent.
    pub(in crate::sync) mark: bool,
}

/// A change as it is sent.
pub(in crate::sync) struct Change {
    pub(in crate::sync) update: DocumentUpdate,
    /// What Sessional has told once this is done; the ids of lines follow from Xero's answer.
    pub(super) told: ToldContent,
    pub(super) parts: BTreeSet<Part>,
    pub(in crate::sync) mark: bool,
    /// Whether the last line closes a difference of rounding.
    pub(super) rounding: bool,
    /// What cannot be changed, said once the rest is done.
    pub(super) left: Option<Failure>,
}

/// The element that is sent.
pub(in crate::sync) enum DocumentUpdate {
    /// Of an invoice or a bill.
    Invoice(Box<InvoiceUpdate>),
    /// Of spend money.
    SpendMoney(Box<BankTransactionUpdate>),
}

/// What of a drawn document an update can name.
struct Drawn {
    contact: ContactId,
    number: Option<String>,
    reference: Option<String>,
    date: Date,
    due_date: Option<Date>,
    url: Option<String>,
    currency: Option<String>,
    basis: LineAmountTypes,
    lines: Vec<NewLineItem>,
}

impl Wanted {
    /// What a job wants changed in the document that its record has; none for a job that has no content.
    pub(in crate::sync) fn of(job: &Job) -> Option<Self> {
        let (told, record) = (job.told()?, job.record.as_ref()?);
        let parts = told.changes(record.told.as_ref());
        let open = matches!(record.stands, Standing::Synced | Standing::PartPaid);
        let mark = job.invoice().is_some() && job.is_sent() && !record.sent && !record.mark_withheld && open;
        Some(Self { told, parts, mark })
    }

    /// Whether Xero has it all.
    pub(in crate::sync) fn is_nothing(&self) -> bool {
        self.parts.is_empty() && !self.mark
    }

    /// Whether it takes a look at the document: lines are named by their ids, and of what is paid only some is changed.
    pub(super) fn needs_look(&self, record: &Record) -> bool {
        let paid = matches!(record.stands, Standing::PartPaid | Standing::Paid);
        let looked_at = [Part::Lines, Part::Currency].iter().any(|part| self.parts.contains(part));
        looked_at || paid && !self.parts.is_empty()
    }

    /// Composes what is sent; `drawn` is none where the mark is all.
    ///
    /// # Errors
    /// What cannot be changed, by name.
    pub(in crate::sync) fn compose(
        self,
        job: &Job,
        drawn: Option<Document>,
        shown: Option<&ShownDocument>,
        facts: &Facts,
    ) -> Result<Change, Failure> {
        let subject = create::subject(job);
        let none = || Failure::missing_in_xero(&subject);
        let record = job.record.as_ref().ok_or_else(none)?;
        let reference = record.reference.as_ref().ok_or_else(none)?;
        let Self { told: mut after, mut parts, mark } = self;
        let wanted = parts.clone();
        let left = shown.map_or(Ok(None), |shown| fixed(&subject, shown, &mut parts))?;
        // What is left is not told: it is still wanted.
        for part in wanted.difference(&parts) {
            match record.told.as_ref().and_then(|before| before.parts.get(part)) {
                Some(print) => after.parts.insert(*part, print.clone()),
                None => after.parts.remove(part),
            };
        }
        let Some(drawn) = drawn.map(Drawn::from).filter(|_| !parts.is_empty()) else {
            let update = DocumentUpdate::Invoice(Box::new(marked(reference, mark)));
            return Ok(Change { update, told: after, parts, mark, rounding: false, left });
        };
        check_currency(&subject, &drawn, reference, shown, &parts)?;
        let mut rounding = false;
        let mut items = None;
        if parts.contains(&Part::Lines) {
            let (composed, closed) = compose_lines(&subject, job, record, &after, &drawn, shown, facts)?;
            (items, rounding) = (Some(composed), closed);
        }
        let update = build(reference, drawn, &parts, mark, items);
        Ok(Change { update, told: after, parts, mark, rounding, left })
    }
}

/// Takes out what the document does not take any more, and says so.
fn fixed(subject: &str, shown: &ShownDocument, parts: &mut BTreeSet<Part>) -> Result<Option<Failure>, Failure> {
    let allowed: &[Part] = match (shown.settlement, shown.is_bill) {
        (Settlement::Draft | Settlement::Open, _) => return Ok(None),
        (Settlement::Voided | Settlement::Deleted, _) => return Err(Failure::voided_in_xero(subject)),
        (Settlement::Reconciled, _) => return Err(Failure::refused(&["reconciled".to_owned()], subject)),
        (Settlement::PaidAtOnce, _) => return Err(Failure::paid_at_once(subject)),
        (Settlement::PartPaid | Settlement::Paid, true) => &[Part::Party, Part::Link],
        (Settlement::PartPaid, false) => &[Part::DueDate],
        (Settlement::Paid, false) => &[],
    };
    let kept: Vec<&str> = parts.iter().filter(|part| !allowed.contains(part)).map(|part| part.as_str()).collect();
    if kept.is_empty() {
        return Ok(None);
    }
    let failure = Failure::paid_cannot_be_changed(subject, shown.settlement == Settlement::PartPaid, &kept);
    parts.retain(|part| allowed.contains(part));
    if parts.is_empty() { Err(failure) } else { Ok(Some(failure)) }
}

/// Once a document is approved its currency stays.
fn check_currency(
    subject: &str,
    drawn: &Drawn,
    reference: &Reference,
    shown: Option<&ShownDocument>,
    parts: &BTreeSet<Part>,
) -> Result<(), Failure> {
    let draft = shown.map_or(reference.draft, |shown| shown.settlement == Settlement::Draft);
    if !parts.contains(&Part::Currency) || draft {
        return Ok(());
    }
    let theirs = shown.and_then(|shown| shown.currency.as_deref());
    match (theirs, drawn.currency.as_deref()) {
        (Some(theirs), Some(ours)) if theirs != ours => Err(Failure::currency_fixed(subject, theirs)),
        (None, Some(_)) => Err(Failure::currency_fixed(subject, "another currency")),
        _ => Ok(()),
    }
}

/// All lines as they are to be, and whether the last of them closes a difference of rounding.
fn compose_lines(
    subject: &str,
    job: &Job,
    record: &Record,
    told: &ToldContent,
    drawn: &Drawn,
    shown: Option<&ShownDocument>,
    facts: &Facts,
) -> Result<(Vec<NewLineItem>, bool), Failure> {
    let rate = |line: &NewLineItem| create::rate_of(facts, line);
    let basis = shown.map_or(&drawn.basis, |shown| &shown.basis);
    let mut lines = drawn.lines.clone();
    if !basis::convert(&mut lines, &drawn.basis, basis, rate) {
        return Err(Failure::basis_fixed(subject));
    }
    if let Some(shown) = shown {
        lines = lines::merge(lines, &told.lines, record.told.as_ref(), &shown.lines, |line| can_post(line, facts));
    }
    let Some(total) = job.shown_total() else { return Ok((lines, false)) };
    let currency = drawn.currency.as_deref().unwrap_or(&record.amounts.currency);
    create::check_amounts(job, &lines, basis, currency, facts)?;
    match totals::check(&lines, basis, total, drawn.basis != *basis, rate) {
        TotalCheck::Equal | TotalCheck::Unknown => Ok((lines, false)),
        TotalCheck::Rounding(missing) => {
            let mut closing = totals::rounding_line(missing, basis, drawn.lines.first());
            let ours = |line: &&LineItem| lines::is_rounding(line);
            let there = shown.and_then(|shown| shown.lines.iter().find(ours));
            closing.line_item_id = there.and_then(|line| line.line_item_id);
            lines.push(closing);
            Ok((lines, true))
        }
        TotalCheck::Differs(_) if job.accepts_total() => Ok((lines, false)),
        TotalCheck::Differs(computed) => {
            let untaxed = *basis == LineAmountTypes::NoTax && drawn.basis != LineAmountTypes::NoTax;
            let edited = record.divergence.is_some();
            let reason = create::why_it_differs(facts, total, &lines, basis, untaxed, edited);
            Err(Failure::total_differs(subject, currency, total, computed, reason))
        }
    }
}

fn can_post(line: &LineItem, facts: &Facts) -> bool {
    let by_id = line.account_id.and_then(|id| facts.account(id));
    let code = line.account_code.as_deref();
    let found = by_id
        .or_else(|| facts.accounts.iter().find(|account| account.code.is_some() && account.code.as_deref() == code));
    // An account that is not known yet was chosen by the bookkeeper after the last look at the chart.
    found.is_none_or(usable)
}

/// An update that says no more than that it was sent.
fn marked(reference: &Reference, mark: bool) -> InvoiceUpdate {
    InvoiceUpdate { sent_to_contact: mark.then_some(true), ..InvoiceUpdate::of(reference.id) }
}

fn build(
    reference: &Reference,
    drawn: Drawn,
    parts: &BTreeSet<Part>,
    mark: bool,
    items: Option<Vec<NewLineItem>>,
) -> DocumentUpdate {
    let has = |part: Part| parts.contains(&part);
    let contact = has(Part::Party).then_some(drawn.contact);
    let date = has(Part::Date).then_some(drawn.date);
    let url = drawn.url.filter(|_| has(Part::Link));
    if reference.document == DocumentKind::SpendMoney {
        let id = reference.bank_transaction();
        let update = BankTransactionUpdate { contact, date, url, line_items: items, ..BankTransactionUpdate::of(id) };
        return DocumentUpdate::SpendMoney(Box::new(update));
    }
    let bill = reference.document == DocumentKind::Bill;
    // An expense has one date, which is the due date of its bill as well.
    let due = has(Part::DueDate) || bill && has(Part::Date);
    DocumentUpdate::Invoice(Box::new(InvoiceUpdate {
        invoice_number: drawn.number.filter(|_| has(Part::Number)),
        // What was taken away is sent empty: what is left out stays.
        reference: has(Part::Reference).then(|| drawn.reference.unwrap_or_default()),
        contact,
        date,
        due_date: drawn.due_date.filter(|_| due),
        currency_code: drawn.currency.filter(|_| has(Part::Currency)),
        url,
        line_items: items,
        ..marked(reference, mark)
    }))
}

impl From<Document> for Drawn {
    fn from(document: Document) -> Self {
        match document {
            Document::Invoice(invoice) => Self {
                contact: invoice.contact,
                number: invoice.invoice_number,
                reference: invoice.reference,
                date: invoice.date,
                due_date: invoice.due_date,
                url: invoice.url,
                currency: Some(invoice.currency_code),
                basis: invoice.line_amount_types,
                lines: invoice.line_items,
            },
            Document::SpendMoney(spend) => Self {
                contact: spend.contact,
                number: None,
                reference: spend.reference,
                date: spend.date,
                due_date: None,
                url: spend.url,
                currency: spend.currency_code,
                basis: spend.line_amount_types,
                lines: spend.line_items,
            },
        }
    }
}

/// Why a total differs, as far as the numbers tell.
pub(in crate::sync) fn is_without_tax(lines: &[NewLineItem], total: Decimal) -> bool {
    let amounts = lines.iter().map(|line| {
        let each = line.unit_amount.unwrap_or_default();
        xero::money::round2(line.quantity.unwrap_or(Decimal::ONE) * each)
    });
    amounts.sum::<Decimal>() == total
}
