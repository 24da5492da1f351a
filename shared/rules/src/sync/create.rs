//! Creates documents: record and contact first, then the intent, then one PUT for all that may share it, and every
//! element judged alone. What may have been sent before is looked up before anything is sent.
//!
//! One document never fails its neighbours: where Xero refuses a call as a whole, what it saved all the same is looked
//! up, and the rest is sent in halves, until the one that is refused stands alone.

use super::document::{self, Document};
use super::lost_answer::{forget_intent, is_first_sending, member};
use super::mark::{AppLinks, Mark};
use super::totals::{self, AmountError, TotalCheck};
use super::update::is_without_tax;
use super::{Context, Job, MAX_BATCH, Outcome, STORE_WAIT, Stop, Sync};
use crate::failure::Failure;
use crate::mapping::{Choices, ExpenseDocuments};
use crate::notification::Details;
use crate::organisation::Facts;
use crate::ports::Written;
use crate::record::{Call, DocumentKind, Intent, Record, Reference, Standing, Want};
use crate::session::Interruption;
use crate::{calendar, facts, outbox, payments};
use rust_decimal::Decimal;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::collections::VecDeque;
use xero::models::{
    BankTransaction, BankTransactionsBody, Invoice, InvoiceStatus, InvoicesBody, LineAmountTypes, NewLineItem,
};
use xero::refusal::Refusal;
use xero::{Element, IdempotencyKey, InvoiceId, LineItemId, TenantId};

/// Most calls that one run creates documents with: a poisoned batch does not use up what the organisation allows.
const MAX_CALLS: u32 = 8;

/// What Xero made: an invoice, a bill or spend money.
pub(super) enum Made {
    Invoice(Box<Invoice>),
    SpendMoney(Box<BankTransaction>),
}

/// How a call for several documents ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// Every document was judged, or waits.
    Judged,
    /// Xero refused the call as a whole, which says nothing of any one document.
    RefusedTogether,
}

impl Sync<'_> {
    /// Brings those of a segment's documents into Xero that are not there yet, and tells of them.
    pub(super) async fn create(&self, context: &mut Context<'_>, jobs: &mut [Job]) -> Result<(), Stop> {
        let created = self.create_all(context, jobs).await;
        // What is not over yet tells with its own writing.
        let over = jobs.iter_mut().filter(|job| job.is_over());
        let told = over.filter_map(|job| job.record.as_mut()).collect::<Vec<_>>();
        if let Err(error) = outbox::send_together(self.notifications, &mut { told }).await {
            tracing::warn!(error = %error, reason = %error.source, "what was done could not be told; it comes again");
            let untold = |job: &Job| job.is_over() && job.record.as_ref().is_some_and(|it| !it.outbox.is_empty());
            for job in jobs.iter_mut().filter(|job| untold(job)) {
                job.outcome = Some(Outcome::Again(STORE_WAIT));
            }
        }
        created
    }

    async fn create_all(&self, context: &mut Context<'_>, jobs: &mut [Job]) -> Result<(), Stop> {
        debug_assert!(jobs.len() <= MAX_BATCH, "a segment is one call");
        self.prepare(context, jobs).await?;
        let open = jobs.iter_mut().filter(|job| is_open(job) && job.document.is_some());
        let (mut spend, mut invoices): (Vec<&mut Job>, Vec<&mut Job>) =
            open.partition(|job| matches!(job.document, Some(Document::SpendMoney(_))));
        let mut left = MAX_CALLS;
        self.create_alike(context, &mut invoices, &mut left).await?;
        if spend.is_empty() {
            self.note_in_history(context, &invoices).await;
        }
        self.create_alike(context, &mut spend, &mut left).await
    }

    /// Takes over what the user chose, finds what was sent before, then contacts, then draws what is left.
    async fn prepare(&self, context: &mut Context<'_>, jobs: &mut [Job]) -> Result<(), Stop> {
        self.take_over_chosen(context, jobs).await?;
        self.settle_sent(context, jobs).await?;
        self.resolve_contacts(context.session, jobs).await?;
        for job in jobs.iter_mut().filter(|job| is_open(job)) {
            match self.draw(context, job).await? {
                Ok(drawn) => job.document = Some(drawn),
                Err(failure) => self.refuse(job, failure).await?,
            }
        }
        Ok(())
    }

    /// Draws a document. A refusal that comes from old knowledge is not believed before a fresh look.
    pub(super) async fn draw(&self, context: &mut Context<'_>, job: &Job) -> Result<Result<Document, Failure>, Stop> {
        let drawn = draw(&context.choices, &context.facts, self.links, job);
        if drawn.is_ok() || context.facts.fetched_at >= context.started {
            return Ok(drawn);
        }
        let account = job.account().ok_or(Stop::Again(STORE_WAIT))?;
        let read = facts::read(self.organisations, context.session, account, self.clock).await;
        context.facts = self.or_stop(context.session, read).await?;
        Ok(draw(&context.choices, &context.facts, self.links, job))
    }

    /// Creates documents that go to the same collection: in one call, and in more of them where Xero refuses it.
    async fn create_alike(&self, context: &mut Context<'_>, open: &mut [&mut Job], left: &mut u32) -> Result<(), Stop> {
        let mut groups = groups(open);
        while let Some(group) = groups.pop_front() {
            let mut some: Vec<&mut Job> = chosen(open, &group).filter(|job| is_open(job)).collect();
            if some.is_empty() {
                continue;
            }
            if *left == 0 {
                for job in some {
                    self.wait_for_turn(job).await?;
                }
                continue;
            }
            *left -= 1;
            self.check_deadline()?;
            if self.send_new(context, &mut some).await? == Sent::RefusedTogether {
                self.part_company(context, &mut some).await?;
                let (first, second) = group.split_at(group.len() / 2);
                groups.push_front(second.to_vec());
                groups.push_front(first.to_vec());
            }
        }
        Ok(())
    }

    /// A call for these was refused as a whole: what was saved all the same is taken out, and from now on the others go
    /// alone, whatever interrupts this run.
    pub(super) async fn part_company(&self, context: &mut Context<'_>, some: &mut [&mut Job]) -> Result<(), Stop> {
        tracing::warn!(xero.documents = some.len(), "Xero refused a call with several documents; they go apart");
        self.look_up(context, some).await?;
        for job in some.iter_mut().filter(|job| is_open(job)) {
            if let Some(record) = job.record.as_mut() {
                record.goes_alone = true;
            }
        }
        Ok(())
    }

    /// Writes the intents of these and sends them.
    async fn send_new(&self, context: &mut Context<'_>, open: &mut Vec<&mut Job>) -> Result<Sent, Stop> {
        let key = self.intend(context.session.tenant_id(), open).await?;
        let expected = open.len();
        open.retain(|job| !job.is_over());
        if open.len() < expected {
            // Somebody else has written one of the records: the call would not be the one that the intents name.
            for job in open.iter_mut() {
                job.outcome = Some(Outcome::Again(STORE_WAIT));
            }
            return Ok(Sent::Judged);
        }
        self.send(context, open, &key).await
    }

    /// Sends what the records intend, as one call, and judges every element.
    pub(super) async fn send(
        &self,
        context: &mut Context<'_>,
        open: &mut [&mut Job],
        key: &IdempotencyKey,
    ) -> Result<Sent, Stop> {
        let bodies =
            open.iter().filter_map(|job| job.record.as_ref()?.intent.as_ref().map(|intent| intent.body.as_str()));
        let spend = matches!(open.first().and_then(|job| job.document.as_ref()), Some(Document::SpendMoney(_)));
        let result = if spend {
            let body = BankTransactionsBody::from_elements(bodies);
            let made = crate::call_xero!(context.session, |tenant| tenant.create_bank_transactions(&body, key));
            made.map(|elements| {
                elements.into_iter().map(|element| made_of(element, |e| Made::SpendMoney(Box::new(e)))).collect()
            })
        } else {
            let body = InvoicesBody::from_elements(bodies);
            let made = crate::call_xero!(context.session, |tenant| tenant.create_invoices(&body, key));
            made.map(|elements| {
                elements.into_iter().map(|element| made_of(element, |e| Made::Invoice(Box::new(e)))).collect()
            })
        };
        self.judge_all(context, open, result).await
    }

    async fn judge_all(
        &self,
        context: &mut Context<'_>,
        open: &mut [&mut Job],
        result: Result<Vec<Result<Made, Vec<String>>>, Interruption>,
    ) -> Result<Sent, Stop> {
        match result {
            Ok(elements) if elements.len() == open.len() => {
                for (job, element) in open.iter_mut().zip(elements) {
                    self.judge(context, job, element).await?;
                }
            }
            Ok(_) => {
                let error = xero::Error::Malformed { what: "the documents of a call", correlation_id: None };
                self.lost(context, open, &error).await?;
            }
            Err(Interruption::NoAnswer(error)) if error.may_have_happened() => {
                self.lost(context, open, &error).await?;
            }
            // Whom Xero lets in, but not with this call: nothing was done, and the next try has a key of its own.
            Err(Interruption::NoAnswer(xero::Error::Forbidden { .. })) => {
                let is_alone = open.len() == 1;
                let counts = is_alone && self.answers_otherwise(context.session).await;
                for job in open.iter_mut() {
                    if is_first_sending(job) {
                        forget_intent(job);
                    }
                    if let Some(record) = job.record.as_mut() {
                        record.goes_alone |= !is_alone;
                    }
                    self.not_reached(job, counts).await?;
                }
            }
            Err(Interruption::Refused(error)) => match open {
                // With `summarizeErrors=false` Xero judges each element: a refusal of the whole is about the form. It may have
                // saved the document all the same.
                [_] => {
                    self.look_up(context, open).await?;
                    for job in open.iter_mut().filter(|job| is_open(job)) {
                        let failure = self.refused_by_xero(context, job, &sentences_of(&error)).await?;
                        self.refuse(job, failure).await?;
                    }
                }
                _ => return Ok(Sent::RefusedTogether),
            },
            Err(interruption) => {
                // Xero was not asked, or has not done it: nothing needs to be looked up, unless an earlier sending of the
                // same call has no answer.
                for job in open.iter_mut().filter(|job| is_first_sending(job) && !interruption.may_have_happened()) {
                    forget_intent(job);
                }
                return Err(self.interrupted(context.session, interruption).await?);
            }
        }
        Ok(Sent::Judged)
    }

    /// Writes the intents, all with the key of the call that they will share.
    async fn intend(&self, tenant: TenantId, open: &mut [&mut Job]) -> Result<IdempotencyKey, Stop> {
        let now = self.clock.now();
        let bodies: Vec<Option<String>> = open.iter().map(|job| job.document.as_ref().map(Document::to_json)).collect();
        let mut hash = Sha256::new();
        hash.update(tenant.to_string());
        for (record, body) in open.iter().zip(&bodies).filter_map(|(job, body)| job.record.as_ref().zip(body.as_ref()))
        {
            hash.update(next_attempt(record).to_be_bytes());
            // Xero repeats a stored refusal for the same key: a retry of what failed has a later revision.
            hash.update(record.revision.to_be_bytes());
            hash.update(body);
        }
        let key = key_of("documents", hash);
        let members: Vec<String> =
            open.iter().filter_map(|job| job.record.as_ref()).map(|record| member(&record.key)).collect();
        for (job, body) in open.iter_mut().zip(bodies) {
            let (sessional, is_sent, told) = (shown(job), job.is_sent(), job.told());
            let Some(((record, document), body)) = job.record.as_mut().zip(job.document.as_ref()).zip(body) else {
                continue;
            };
            let intent = Intent {
                document: document.kind(),
                attempt: next_attempt(record),
                body,
                contact: document.contact(),
                content: record.registers.content.as_ref().map(|content| content.digest.clone()),
                is_sent,
                told,
                call: Call { key: key.as_str().to_owned(), members: members.clone(), first_sent: now, last_sent: now },
            };
            if let Some((currency, total)) = sessional {
                record.amounts.currency = currency;
                record.amounts.sessional_total = Some(total);
            }
            record.intend(intent, now);
            if self.records.put_record(record).await? == Written::Conflict {
                job.outcome = Some(Outcome::Again(STORE_WAIT));
            }
        }
        Ok(key)
    }

    async fn judge(
        &self,
        context: &mut Context<'_>,
        job: &mut Job,
        element: Result<Made, Vec<String>>,
    ) -> Result<(), Stop> {
        let sentences = match element {
            Ok(made) => return self.synced(context, job, &made, "Created in Xero").await,
            Err(sentences) => sentences,
        };
        let says = |refusal: Refusal| sentences.iter().any(|sentence| Refusal::of(sentence) == refusal);
        if says(Refusal::NumberNotUnique) && job.invoice().is_some() {
            return self.number_taken(context, job).await;
        }
        if says(Refusal::ContactArchived)
            && !job.followed_merge
            && let Some(survivor) = self.follow_merge(context.session, job).await?
        {
            job.followed_merge = true;
            job.contact = Some(survivor);
            return Box::pin(self.create_again(context, job)).await;
        }
        let failure = self.refused_by_xero(context, job, &sentences).await?;
        self.refuse(job, failure).await
    }

    /// Sends one document again with the contact that its own was merged into.
    async fn create_again(&self, context: &mut Context<'_>, job: &mut Job) -> Result<(), Stop> {
        match self.draw(context, job).await? {
            Ok(drawn) => job.document = Some(drawn),
            Err(failure) => return self.refuse(job, failure).await,
        }
        self.send_new(context, &mut vec![job]).await.map(|_| ())
    }

    /// The document is in Xero: the record gets its reference and both sides' amounts.
    pub(super) async fn synced(
        &self,
        context: &Context<'_>,
        job: &mut Job,
        made: &Made,
        message: &str,
    ) -> Result<(), Stop> {
        let now = self.clock.now();
        let (predicted, content) = job
            .document
            .as_ref()
            .map_or((None, None), |document| (document.predicted_total(&context.facts), Some(document.content())));
        let (sent, left_out) = (job.is_sent(), job.left_out());
        let overdue = job.is_overdue(&context.facts);
        let rounding = matches!(&job.document, Some(Document::Invoice(invoice)) if is_closed(&invoice.line_items));
        // Of what was sent, which something newer may have replaced since.
        let sent_told = job.record.as_mut().and_then(|record| record.intent.as_mut()?.told.take());
        let told = sent_told.or_else(|| job.told()).map(|told| told.with_ids(made.lines(), rounding));
        let Some(record) = job.record.as_mut() else { return Ok(()) };
        made.write(record);
        record.divergence = None;
        record.content_hash = content;
        record.told = told;
        record.mark_withheld = overdue;
        record.sent =
            sent && matches!(&job.document, Some(Document::Invoice(invoice)) if invoice.sent_to_contact == Some(true));
        // What was sent before is not what should be there, if something newer has come since: that is still needed.
        let newer = record.event.take().filter(|_| !is_newest(record));
        record.clear();
        record.event = newer;
        record.remark = with_remarks(remark(record, predicted, &left_out), &job.remarks);
        stand_synced(record, &context.facts, message, now);
        // What was found may be paid already.
        made.follow_settlement(record, now);
        if self.records.put_record(record).await? == Written::Conflict {
            // It says what is not stored.
            record.outbox.clear();
            job.outcome = Some(Outcome::Again(STORE_WAIT));
        } else if job.step() == Want::Nothing {
            job.done();
        }
        Ok(())
    }

    /// Xero or a check refused the document: the user has to act.
    pub(super) async fn refuse(&self, job: &mut Job, failure: Failure) -> Result<(), Stop> {
        let now = self.clock.now();
        if let Some(record) = job.record.as_mut() {
            tracing::info!(record.id = record.key.id, cause = failure.cause.word(), "a record failed");
            record.refuse(failure, now);
        }
        self.store(job, Outcome::Done).await
    }
}

impl Made {
    /// Brings the record up to how far it is settled, with what is news.
    pub(super) fn follow_settlement(&self, record: &mut Record, now: jiff::Timestamp) {
        if let Self::Invoice(invoice) = self {
            payments::follow_settlement(record, invoice, now);
        }
    }

    /// Its lines' ids, in order.
    pub(super) fn lines(&self) -> impl Iterator<Item = Option<LineItemId>> {
        let lines = match self {
            Self::Invoice(invoice) => &invoice.line_items,
            Self::SpendMoney(spend) => &spend.line_items,
        };
        lines.iter().map(|line| line.line_item_id)
    }

    /// Whether it is marked as sent; a draft never is, whatever was asked.
    pub(super) fn is_marked(&self) -> bool {
        let Self::Invoice(invoice) = self else { return false };
        let draft = matches!(invoice.status, InvoiceStatus::Draft | InvoiceStatus::Submitted);
        invoice.sent_to_contact.unwrap_or(!draft)
    }

    /// Xero's id of it; of spend money, the bank transaction's.
    pub(super) fn id(&self) -> InvoiceId {
        match self {
            Self::Invoice(invoice) => invoice.invoice_id,
            Self::SpendMoney(spend) => InvoiceId::from_uuid(*spend.bank_transaction_id.as_uuid()),
        }
    }

    /// Writes what Xero says of the document into its record.
    pub(super) fn write(&self, record: &mut Record) {
        let foreign = record.reference.as_ref().is_some_and(|reference| reference.foreign);
        let reference = match self {
            Self::Invoice(invoice) => Reference::written(invoice),
            Self::SpendMoney(spend) => Reference::spent(spend),
        };
        record.reference = Some(Reference { foreign, ..reference });
        match self {
            // An answer may leave out what it has no news of: that is not nothing.
            Self::Invoice(invoice) => {
                let amounts = &mut record.amounts;
                amounts.currency = invoice.currency_code.clone().unwrap_or_else(|| amounts.currency.clone());
                amounts.xero_total = invoice.total.or(amounts.xero_total);
            }
            Self::SpendMoney(spend) => {
                let amounts = &mut record.amounts;
                amounts.currency = spend.currency_code.clone().unwrap_or_else(|| amounts.currency.clone());
                amounts.xero_total = spend.total.or(amounts.xero_total);
            }
        }
    }
}

/// The record's document is in Xero, which is told.
pub(super) fn stand_synced(record: &mut Record, facts: &Facts, message: &str, now: jiff::Timestamp) {
    record.timezone = calendar::worth_noting(&facts.organisation.timezone);
    record.stand(Standing::Synced, message, now);
    record.short_code = Some(facts.organisation.short_code.clone()).filter(|code| !code.is_empty());
    record.tell(Details::RecordSynced { message: message.to_owned() }, now);
}

/// The document of a job whose contact is known, with the mark of its record.
pub(super) fn draw(choices: &Choices, facts: &Facts, links: &AppLinks, job: &Job) -> Result<Document, Failure> {
    let none = || Failure::refused(&[], "The document");
    let contact = job.contact.ok_or_else(none)?;
    let record = job.record.as_ref().ok_or_else(none)?;
    let mark = Mark::new(&record.key, record.generation);
    if let Some(invoice) = job.invoice() {
        let sales = choices.sales.ok_or_else(Failure::sales_not_mapped)?.account_id;
        // Xero reminds the customers of invoices that are overdue and marked as sent.
        let is_marked = job.is_sent() && !job.is_overdue(facts);
        let drawn = document::draw_invoice(invoice, is_marked, contact, sales, facts)?;
        // What is in Xero is compared once it is known how it stands there.
        let drawn = if is_in_xero(job) { drawn } else { balance(drawn, job, facts)? };
        return Ok(drawn.marked(links, &mark));
    }
    let expense = job.expense().ok_or_else(none)?;
    let target = choices.expenses.get(&expense.category);
    let target = target.ok_or_else(|| Failure::category_not_mapped(expense.category.word()))?;
    let choices = as_made(choices, job);
    Ok(document::draw_expense(expense, contact, target.account_id, &choices, facts)?.marked(links, &mark))
}

fn is_in_xero(job: &Job) -> bool {
    job.record.as_ref().is_some_and(|record| record.reference.is_some())
}

/// A bill stays a bill, whatever is chosen for new expenses.
fn as_made<'c>(choices: &'c Choices, job: &Job) -> Cow<'c, Choices> {
    let made = job.record.as_ref().and_then(|record| record.reference.as_ref()).map(|reference| reference.document);
    match (made, choices.expense_documents) {
        (Some(DocumentKind::Bill), ExpenseDocuments::SpendMoney { .. }) => {
            Cow::Owned(Choices { expense_documents: ExpenseDocuments::default(), ..choices.clone() })
        }
        _ => Cow::Borrowed(choices),
    }
}

/// An invoice whose total will be the one that Sessional shows: as it is, or with one line that closes a difference of
/// rounding. Any other difference stops it.
fn balance(drawn: Document, job: &Job, facts: &Facts) -> Result<Document, Failure> {
    let (Document::Invoice(mut invoice), Some(total)) = (drawn.clone(), job.shown_total()) else { return Ok(drawn) };
    let (lines, basis) = (&invoice.line_items, &invoice.line_amount_types);
    check_amounts(job, lines, basis, &invoice.currency_code, facts)?;
    match totals::check(lines, basis, total, false, |line| rate_of(facts, line)) {
        TotalCheck::Equal | TotalCheck::Unknown => Ok(drawn),
        TotalCheck::Rounding(missing) => {
            let closing = totals::rounding_line(missing, basis, lines.first());
            invoice.line_items.push(closing);
            Ok(Document::Invoice(invoice))
        }
        TotalCheck::Differs(_) if job.accepts_total() => Ok(drawn),
        TotalCheck::Differs(computed) => {
            let reason = why_it_differs(facts, total, lines, basis, false, false);
            Err(Failure::total_differs(&subject(job), &invoice.currency_code, total, computed, reason))
        }
    }
}

/// Stops what Xero takes for no invoice.
pub(super) fn check_amounts(
    job: &Job,
    lines: &[NewLineItem],
    basis: &LineAmountTypes,
    currency: &str,
    facts: &Facts,
) -> Result<(), Failure> {
    totals::check_amounts(lines, basis, |line| rate_of(facts, line)).map_err(|wrong| match wrong {
        AmountError::BelowZero(total) => Failure::below_zero(&subject(job), currency, total),
        AmountError::LineTooLarge(line) => Failure::line_too_large(&subject(job), line),
    })
}

/// The rate of a line; without a tax type it carries no tax.
pub(super) fn rate_of(facts: &Facts, line: &NewLineItem) -> Option<Decimal> {
    line.tax_type.as_deref().map_or(Some(Decimal::ZERO), |tax_type| facts.rate_of(tax_type))
}

/// The likely reason for a total that differs.
pub(super) fn why_it_differs(
    facts: &Facts,
    total: Decimal,
    lines: &[NewLineItem],
    basis: &LineAmountTypes,
    untaxed: bool,
    edited: bool,
) -> &'static str {
    if edited {
        return "It was changed in Xero.";
    }
    if untaxed {
        return "It was made in Xero without VAT and stays so.";
    }
    if facts.organisation.pays_tax == Some(false) && !is_without_tax(lines, total) {
        return "The Xero organisation is not registered for VAT.";
    }
    if *basis == LineAmountTypes::Exclusive && is_without_tax(lines, total) {
        return "Xero adds VAT to its lines.";
    }
    "Its lines do not add up to it."
}

/// Whether the last line closes a difference of rounding.
fn is_closed(lines: &[NewLineItem]) -> bool {
    lines.last().is_some_and(|line| line.description == totals::ROUNDING_TEXT)
}

/// Documents by the call that they go in: those that may share one together, each of the others alone.
fn groups(open: &[&mut Job]) -> VecDeque<Vec<usize>> {
    let goes_alone = |job: &Job| job.record.as_ref().is_some_and(|record| record.goes_alone);
    let (alone, together): (Vec<usize>, Vec<usize>) =
        (0..open.len()).partition(|place| open.get(*place).is_some_and(|job| goes_alone(job)));
    std::iter::once(together).chain(alone.into_iter().map(|place| vec![place])).collect()
}

fn chosen<'a>(open: &'a mut [&mut Job], places: &'a [usize]) -> impl Iterator<Item = &'a mut Job> {
    open.iter_mut().enumerate().filter(|(place, _)| places.contains(place)).map(|(_, job)| &mut **job)
}

/// Whether what is in Xero now is the newest that Sessional has told of it.
fn is_newest(record: &Record) -> bool {
    record.intent.as_ref().is_some_and(|intent| {
        let newest = record.registers.content.as_ref().map(|content| &content.digest);
        intent.content.as_ref() == newest && intent.is_sent == record.registers.sent.is_some()
    })
}

/// What Xero said of a call that it refused as a whole.
fn sentences_of(error: &xero::Error) -> Vec<String> {
    match error {
        xero::Error::Validation { elements, .. } => elements.iter().flat_map(|element| element.to_vec()).collect(),
        _ => Vec::new(),
    }
}

fn is_open(job: &Job) -> bool {
    !job.is_over() && job.step() == Want::Create
}

pub(super) fn made_of<T>(element: Element<T>, made: impl Fn(T) -> Made) -> Result<Made, Vec<String>> {
    element.into_result().map(made).map_err(xero::Sentences::into_vec)
}

/// The currency and total that Sessional shows the user.
fn shown(job: &Job) -> Option<(String, rust_decimal::Decimal)> {
    let invoice = job.invoice().map(|invoice| (invoice.currency.to_string(), invoice.total));
    invoice.or_else(|| job.expense().map(|expense| (expense.currency.to_string(), expense.amount)))
}

fn next_attempt(record: &Record) -> u32 {
    record.intent.as_ref().map_or(0, |intent| intent.attempt) + 1
}

/// The document as a sentence names it.
pub(super) fn subject(job: &Job) -> String {
    match (job.expense(), &job.record) {
        (Some(expense), _) => format!("The expense of {}", calendar::spelled(expense.incurred_on)),
        (None, Some(record)) if record.key.kind == crate::record::Kind::Invoice => format!("Invoice {}", record.number),
        (None, _) => "The expense".to_owned(),
    }
}

/// An idempotency key: what it is for and the hash of what is sent, within Xero's 128 characters.
#[expect(clippy::expect_used, reason = "see the message")]
pub(super) fn key_of(what: &str, hash: Sha256) -> IdempotencyKey {
    use base64::Engine as _;
    let digest = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hash.finalize());
    IdempotencyKey::new(format!("{what}-{digest}")).expect("a short word and 43 characters of base64 make a key")
}

const ROUNDING_REMARK: &str = "One line \u{201c}Rounding\u{201d} makes Xero's total the one that Sessional shows. \
     Xero takes VAT line by line, so the VAT there differs by that much.";
const WITHHELD_REMARK: &str = "It was overdue already, so Sessional does not mark it as sent in Xero: \
     Xero could remind the customer of it.";
const DRAFT_REMARK: &str = "It is a draft in Xero, and is marked as sent once it is approved there.";

/// A remark on the document with those on its contact.
pub(super) fn with_remarks(remark: Option<String>, contact: &[String]) -> Option<String> {
    let all: Vec<&str> = remark.iter().chain(contact).map(String::as_str).collect();
    (!all.is_empty()).then(|| all.join(" "))
}

/// What the user should see although all went well: what differs, and what was left out.
pub(super) fn remark(record: &Record, predicted: Option<Decimal>, left_out: &[&'static str]) -> Option<String> {
    let told_sent = record.registers.sent.is_some();
    let draft = record.reference.as_ref().is_some_and(|reference| reference.draft);
    let closed = record.told.as_ref().is_some_and(|told| told.rounding.is_some());
    let sentences = [
        differing_totals(record, predicted),
        closed.then(|| ROUNDING_REMARK.to_owned()),
        (told_sent && record.mark_withheld).then(|| WITHHELD_REMARK.to_owned()),
        (told_sent && !record.sent && draft).then(|| DRAFT_REMARK.to_owned()),
    ];
    let left_out = left_out.iter().map(|left_out| (*left_out).to_owned());
    let sentences: Vec<String> = sentences.into_iter().flatten().chain(left_out).collect();
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

fn differing_totals(record: &Record, predicted: Option<Decimal>) -> Option<String> {
    let (xero, shown) = (record.amounts.xero_total?, record.amounts.sessional_total);
    let currency = &record.amounts.currency;
    match (shown, predicted) {
        (Some(shown), _) if shown != xero => Some(format!(
            "Xero's total is {currency} {xero}, Sessional shows {currency} {shown}. Check the tax of the lines."
        )),
        (_, Some(predicted)) if predicted != xero => {
            Some(format!("Xero's total is {currency} {xero}; {currency} {predicted} was expected."))
        }
        _ => None,
    }
}
