//! Draws documents for Xero from what Sessional says, with the organisation's own accounts and tax rates, and
//! finds what Xero would refuse before it is asked.

use crate::calendar;
use crate::event::{Currency, Expense, Invoice, LineAmounts};
use crate::failure::Failure;
use crate::mapping::{BillStatus, Choices, ExpenseDocuments};
use crate::organisation::{Facts, Side, usable};
use crate::random;
use crate::record::DocumentKind;
use crate::sync::mark::{AppLinks, Mark, without_mark};
use jiff::civil::Date;
use rust_decimal::Decimal;
use xero::models::{
    Account, AccountStatus, BankTransactionType, InvoiceStatus, InvoiceType, LineAmountTypes, NewBankTransaction,
    NewInvoice, NewLineItem,
};
use xero::{ContactId, tax};

/// A document for Xero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// A sales invoice or a bill.
    Invoice(NewInvoice),
    /// Spend money.
    SpendMoney(NewBankTransaction),
}

impl Document {
    /// What it is.
    #[must_use]
    pub fn kind(&self) -> DocumentKind {
        match self {
            Self::Invoice(invoice) if invoice.invoice_type == InvoiceType::Accpay => DocumentKind::Bill,
            Self::Invoice(_) => DocumentKind::Invoice,
            Self::SpendMoney(_) => DocumentKind::SpendMoney,
        }
    }

    /// The element as it is sent.
    #[must_use]
    pub fn to_json(&self) -> String {
        match self {
            Self::Invoice(invoice) => invoice.to_json(),
            Self::SpendMoney(spend) => spend.to_json(),
        }
    }

    /// Reads an element that was sent; none when it is of another time.
    #[must_use]
    pub fn from_json(kind: DocumentKind, json: &str) -> Option<Self> {
        match kind {
            DocumentKind::Invoice | DocumentKind::Bill => serde_json::from_str(json).ok().map(Self::Invoice),
            DocumentKind::SpendMoney => serde_json::from_str(json).ok().map(Self::SpendMoney),
        }
    }

    /// The contact that it names.
    #[must_use]
    pub fn contact(&self) -> ContactId {
        match self {
            Self::Invoice(invoice) => invoice.contact,
            Self::SpendMoney(spend) => spend.contact,
        }
    }

    /// The link back to Sessional.
    #[must_use]
    pub fn link(&self) -> Option<&str> {
        match self {
            Self::Invoice(invoice) => invoice.url.as_deref(),
            Self::SpendMoney(spend) => spend.url.as_deref(),
        }
    }

    /// The mark that its link carries.
    #[must_use]
    pub fn mark(&self) -> Option<Mark> {
        self.link().and_then(Mark::in_link)
    }

    /// The document with a mark in its link.
    #[must_use]
    pub fn marked(mut self, links: &AppLinks, mark: &Mark) -> Self {
        let link = Some(links.marked(self.link(), mark));
        match &mut self {
            Self::Invoice(invoice) => invoice.url = link,
            Self::SpendMoney(spend) => spend.url = link,
        }
        self
    }

    /// Hash of the content, whether sent or not. The mark is ours and no part of it.
    #[must_use]
    pub fn content(&self) -> String {
        let url = self.link().and_then(without_mark).map(str::to_owned);
        match self {
            Self::Invoice(invoice) => {
                let unsent = NewInvoice { sent_to_contact: None, url, ..invoice.clone() };
                random::digest(&unsent.to_json())
            }
            Self::SpendMoney(spend) => random::digest(&NewBankTransaction { url, ..spend.clone() }.to_json()),
        }
    }

    /// What Xero will compute as the total; none when a line's rate is not known here.
    #[must_use]
    pub fn predicted_total(&self, facts: &Facts) -> Option<Decimal> {
        let (lines, types) = match self {
            Self::Invoice(invoice) => (&invoice.line_items, &invoice.line_amount_types),
            Self::SpendMoney(spend) => (&spend.line_items, &spend.line_amount_types),
        };
        // A line without a tax type carries no tax.
        let rate = |line: &NewLineItem| {
            line.tax_type.as_deref().map_or(Some(Decimal::ZERO), |tax_type| facts.rate_of(tax_type))
        };
        Some(tax::predict_totals(lines, types, rate)?.total)
    }
}

/// Draws a sales invoice.
///
/// # Errors
/// Why Xero would refuse it, for the user.
pub fn draw_invoice(
    invoice: &Invoice,
    sent: bool,
    contact: ContactId,
    sales: xero::AccountId,
    facts: &Facts,
) -> Result<Document, Failure> {
    let account = posting_account(sales, "sales", facts)?;
    let subject = format!("Invoice {}", invoice.number);
    check_lock_date(invoice.issued_on, &subject, facts)?;
    check_currency(&invoice.currency, &subject, facts)?;
    let line_amount_types = line_amount_types(invoice.line_amounts, facts);
    let lines = invoice.lines.iter().map(|line| {
        Ok(NewLineItem {
            description: line.description.clone(),
            quantity: Some(line.quantity),
            unit_amount: Some(line.unit_amount),
            account_code: account.code.clone(),
            tax_type: tax_type(line.tax_rate, &line_amount_types, account, Side::Income, facts)?,
            ..NewLineItem::default()
        })
    });
    Ok(Document::Invoice(NewInvoice {
        invoice_type: InvoiceType::Accrec,
        status: InvoiceStatus::Authorised,
        invoice_number: Some(invoice.number.to_string()),
        reference: invoice.reference.clone(),
        contact,
        date: invoice.issued_on,
        due_date: Some(invoice.due_on),
        currency_code: invoice.currency.to_string(),
        url: invoice.url.clone(),
        sent_to_contact: sent.then_some(true),
        line_items: lines.collect::<Result<_, Failure>>()?,
        line_amount_types,
    }))
}

/// Draws a bill, or spend money where the user chose that. The expense's id is on it, so that it is found
/// again: as the number of a bill, which need not be unique in Xero, or the reference of spend money.
///
/// # Errors
/// Why Xero would refuse it, for the user.
pub fn draw_expense(
    expense: &Expense,
    contact: ContactId,
    target: xero::AccountId,
    choices: &Choices,
    facts: &Facts,
) -> Result<Document, Failure> {
    let account = posting_account(target, expense.category.word(), facts)?;
    let subject = format!("The expense of {}", calendar::spelled(expense.incurred_on));
    check_lock_date(expense.incurred_on, &subject, facts)?;
    let line_amount_types = line_amount_types(LineAmounts::Inclusive, facts);
    let line = NewLineItem {
        description: expense.description.clone(),
        quantity: Some(Decimal::ONE),
        unit_amount: Some(expense.amount),
        account_code: account.code.clone(),
        tax_type: tax_type(expense.tax_rate, &line_amount_types, account, Side::Expense, facts)?,
        ..NewLineItem::default()
    };
    let (marker, url) = (Some(expense.id.to_string()), expense.url.clone());
    match choices.expense_documents {
        ExpenseDocuments::Bill { status } => {
            check_currency(&expense.currency, &subject, facts)?;
            Ok(Document::Invoice(NewInvoice {
                invoice_type: InvoiceType::Accpay,
                status: match status {
                    BillStatus::Authorised => InvoiceStatus::Authorised,
                    BillStatus::Draft => InvoiceStatus::Draft,
                },
                invoice_number: marker,
                reference: None,
                contact,
                date: expense.incurred_on,
                due_date: Some(expense.incurred_on),
                line_amount_types,
                currency_code: expense.currency.to_string(),
                url,
                sent_to_contact: None,
                line_items: vec![line],
            }))
        }
        ExpenseDocuments::SpendMoney { bank_account_id } => {
            check_bank_account(bank_account_id, &expense.currency, facts)?;
            Ok(Document::SpendMoney(NewBankTransaction {
                transaction_type: BankTransactionType::Spend,
                contact,
                bank_account: bank_account_id,
                date: expense.incurred_on,
                reference: marker,
                line_amount_types,
                // The currency of spend money is its bank account's.
                currency_code: None,
                url,
                line_items: vec![line],
            }))
        }
    }
}

fn posting_account<'f>(id: xero::AccountId, what: &str, facts: &'f Facts) -> Result<&'f Account, Failure> {
    let found = facts.account(id);
    let account = found.filter(|account| usable(account) && account.code.is_some());
    account.ok_or_else(|| Failure::account_unusable(found.map(|account| account.name.as_str()), what))
}

fn check_bank_account(id: xero::AccountId, currency: &Currency, facts: &Facts) -> Result<(), Failure> {
    let found = facts.account(id);
    let account = found.filter(|account| account.status == AccountStatus::Active);
    let account =
        account.ok_or_else(|| Failure::account_unusable(found.map(|a| a.name.as_str()), "paying expenses"))?;
    match account.currency_code.as_deref() {
        Some(theirs) if theirs != currency.as_str() => {
            Err(Failure::bank_currency(&account.name, theirs, currency.as_str()))
        }
        Some(_) | None => Ok(()),
    }
}

/// The end-of-year lock binds everyone. The period lock does not bind advisers, so it is left to Xero to
/// judge with the role of the user who connected.
fn check_lock_date(date: Date, subject: &str, facts: &Facts) -> Result<(), Failure> {
    match facts.organisation.end_of_year_lock_date {
        Some(locked) if date <= locked => Err(Failure::refused(&["lock date".to_owned()], subject)),
        Some(_) | None => Ok(()),
    }
}

fn check_currency(currency: &Currency, subject: &str, facts: &Facts) -> Result<(), Failure> {
    if facts.has_currency(currency.as_str()) {
        return Ok(());
    }
    Err(Failure::refused(&[format!("not subscribed to currency {currency}")], subject))
}

fn line_amount_types(told: LineAmounts, facts: &Facts) -> LineAmountTypes {
    if facts.organisation.pays_tax == Some(false) {
        return LineAmountTypes::NoTax;
    }
    match told {
        LineAmounts::Exclusive => LineAmountTypes::Exclusive,
        LineAmounts::Inclusive => LineAmountTypes::Inclusive,
        LineAmounts::NoTax => LineAmountTypes::NoTax,
    }
}

fn tax_type(
    percent: Option<Decimal>,
    types: &LineAmountTypes,
    account: &Account,
    side: Side,
    facts: &Facts,
) -> Result<Option<String>, Failure> {
    match (types, percent) {
        (LineAmountTypes::NoTax, _) => Ok(None),
        (_, None) => Ok(account.tax_type.clone()),
        (_, Some(percent)) => {
            let found = facts.tax_type_for(percent, account, side);
            let found = found.ok_or_else(|| Failure::no_tax_rate(&percent.normalize().to_string(), &account.name))?;
            Ok(Some(found.to_owned()))
        }
    }
}
