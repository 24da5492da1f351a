//! What Xero shows of a document at this moment, whichever kind it is: what an update or a removal is decided by.

use super::{Context, Job, Stop, Sync};
use crate::record::DocumentKind;
use rust_decimal::Decimal;
use xero::models::{
    BankTransaction, BankTransactionStatus, Invoice, InvoiceStatus, InvoiceType, LineAmountTypes, LineItem,
};

/// What Xero shows of a document.
pub(super) struct ShownDocument {
    /// How far it is settled, and so what may be done to it.
    pub(super) settlement: Settlement,
    /// Whether it is a bill, of which Xero lets more be changed once it is paid.
    pub(super) is_bill: bool,
    /// Whether its amounts contain tax; fixed for good.
    pub(super) basis: LineAmountTypes,
    /// Its currency; fixed once it is approved.
    pub(super) currency: Option<String>,
    /// Its lines.
    pub(super) lines: Vec<LineItem>,
}

/// How far a document is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settlement {
    /// A draft.
    Draft,
    /// Approved, and nothing paid.
    Open,
    /// Partly paid or credited.
    PartPaid,
    /// Paid or credited in full.
    Paid,
    /// Over nothing, which Xero counts as paid at once.
    PaidAtOnce,
    /// Matched with the bank.
    Reconciled,
    /// Voided there.
    Voided,
    /// Deleted there.
    Deleted,
}

impl Settlement {
    /// How far an invoice or a bill is settled. The status counts before the amounts: a voided one may still show some.
    pub(super) fn of_invoice(invoice: &Invoice) -> Self {
        let settled = invoice.amount_paid.unwrap_or_default() + invoice.amount_credited.unwrap_or_default();
        let over_nothing = invoice.total.is_some_and(|total| total.is_zero());
        match invoice.status {
            InvoiceStatus::Voided => Self::Voided,
            InvoiceStatus::Deleted => Self::Deleted,
            InvoiceStatus::Paid if over_nothing && settled.is_zero() => Self::PaidAtOnce,
            InvoiceStatus::Paid => Self::Paid,
            _ if settled > Decimal::ZERO => Self::PartPaid,
            InvoiceStatus::Draft | InvoiceStatus::Submitted => Self::Draft,
            InvoiceStatus::Authorised | InvoiceStatus::Other(_) => Self::Open,
        }
    }

    /// How far spend money is settled.
    pub(super) fn of_spend_money(spend: &BankTransaction) -> Self {
        match spend.status {
            BankTransactionStatus::Voided => Self::Voided,
            BankTransactionStatus::Deleted => Self::Deleted,
            BankTransactionStatus::Authorised | BankTransactionStatus::Other(_) if spend.is_reconciled => {
                Self::Reconciled
            }
            BankTransactionStatus::Authorised | BankTransactionStatus::Other(_) => Self::Open,
        }
    }
}

impl From<Invoice> for ShownDocument {
    fn from(invoice: Invoice) -> Self {
        Self {
            settlement: Settlement::of_invoice(&invoice),
            is_bill: invoice.invoice_type == InvoiceType::Accpay,
            basis: invoice.line_amount_types,
            currency: invoice.currency_code,
            lines: invoice.line_items,
        }
    }
}

impl From<BankTransaction> for ShownDocument {
    fn from(spend: BankTransaction) -> Self {
        Self {
            settlement: Settlement::of_spend_money(&spend),
            is_bill: false,
            basis: spend.line_amount_types,
            currency: spend.currency_code,
            lines: spend.line_items,
        }
    }
}

impl Sync<'_> {
    /// Reads the document of a job. None is no answer about it: what is known is not gone because Xero does not show it.
    pub(super) async fn look(&self, context: &Context<'_>, job: &Job) -> Result<Option<ShownDocument>, Stop> {
        let Some(reference) = job.record.as_ref().and_then(|record| record.reference.clone()) else { return Ok(None) };
        match reference.document {
            DocumentKind::Invoice | DocumentKind::Bill => {
                let id = reference.id;
                let read = crate::call_xero!(context.session, |tenant| tenant.invoice(id));
                Ok(self.or_stop(context.session, read).await?.map(ShownDocument::from))
            }
            DocumentKind::SpendMoney => {
                let id = reference.bank_transaction();
                let read = crate::call_xero!(context.session, |tenant| tenant.bank_transaction(id));
                Ok(self.or_stop(context.session, read).await?.map(ShownDocument::from))
            }
        }
    }
}
