//! One organisation and its books: the tables that the Accounting API reads and writes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::app::Role;
use super::records::{
    Account, Allocation, Attachment, Contact, Currency, Document, HistoryRecord, Organisation, Payment, TaxRate,
};

/// Something that webhooks tell about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Happened {
    pub(crate) category: Category,
    pub(crate) id: Uuid,
    pub(crate) created: bool,
    pub(crate) at: Timestamp,
    /// Category-specific data: type and status of a credit note.
    pub(crate) data: Option<(String, String)>,
    /// Caused by a payment and not by an edit.
    pub(crate) by_payment: bool,
}

/// The webhook categories the stand-in raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Category {
    Contact,
    Invoice,
    CreditNote,
}

impl Category {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Contact => "CONTACT",
            Self::Invoice => "INVOICE",
            Self::CreditNote => "CREDITNOTE",
        }
    }

    pub(crate) fn resource(self) -> &'static str {
        match self {
            Self::Contact => "Contacts",
            Self::Invoice => "Invoices",
            Self::CreditNote => "CreditNotes",
        }
    }
}

/// An organisation with everything in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ledger {
    pub(crate) organisation: Organisation,
    pub(crate) members: BTreeMap<Uuid, Role>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) tax_rates: Vec<TaxRate>,
    pub(crate) currencies: Vec<Currency>,
    pub(crate) contacts: BTreeMap<Uuid, Contact>,
    pub(crate) invoices: BTreeMap<Uuid, Document>,
    pub(crate) credit_notes: BTreeMap<Uuid, Document>,
    /// Overpayments and prepayments.
    #[serde(default)]
    pub(crate) prepaid: BTreeMap<Uuid, Document>,
    pub(crate) bank_transactions: BTreeMap<Uuid, Document>,
    pub(crate) payments: BTreeMap<Uuid, Payment>,
    pub(crate) allocations: Vec<Allocation>,
    pub(crate) history: BTreeMap<Uuid, Vec<HistoryRecord>>,
    pub(crate) attachments: BTreeMap<Uuid, Vec<Attachment>>,
    pub(crate) happened: Vec<Happened>,
}

impl Ledger {
    pub(crate) fn account_by_code(&self, code: &str) -> Option<&Account> {
        self.accounts.iter().find(|a| a.code.as_deref() == Some(code))
    }

    pub(crate) fn account(&self, id: Uuid) -> Option<&Account> {
        self.accounts.iter().find(|a| a.id == id)
    }

    pub(crate) fn tax_rate(&self, tax_type: &str) -> Option<&TaxRate> {
        self.tax_rates.iter().find(|rate| rate.tax_type == tax_type)
    }

    pub(crate) fn is_subscribed(&self, currency: &str) -> bool {
        self.currencies.iter().any(|known| known.code == currency)
    }

    /// Living payments of a document.
    pub(crate) fn payments_of(&self, document: Uuid) -> impl Iterator<Item = &Payment> {
        self.payments.values().filter(move |p| p.document == document && !p.deleted)
    }

    pub(crate) fn paid(&self, document: Uuid) -> Decimal {
        self.payments_of(document).map(|payment| payment.amount).sum()
    }

    /// A credit note, an overpayment or a prepayment.
    pub(crate) fn credit(&self, id: Uuid) -> Option<&Document> {
        self.credit_notes.get(&id).or_else(|| self.prepaid.get(&id))
    }

    /// What credit of any kind has settled of an invoice.
    pub(crate) fn credited(&self, invoice: Uuid) -> Decimal {
        self.allocations.iter().filter(|a| a.invoice == invoice).map(|a| a.amount).sum()
    }

    /// What of a credit is used up, by allocation or refund.
    pub(crate) fn applied(&self, credit_note: Uuid) -> Decimal {
        let allocated: Decimal =
            self.allocations.iter().filter(|a| a.credit_note == credit_note).map(|a| a.amount).sum();
        allocated + self.paid(credit_note)
    }

    /// What an invoice still waits for, whatever its status says.
    pub(crate) fn outstanding(&self, document: &Document) -> Decimal {
        document.total - self.paid(document.id) - self.credited(document.id)
    }

    /// Whether money or credit stands against the document.
    pub(crate) fn is_settled_in_part(&self, id: Uuid) -> bool {
        self.payments_of(id).next().is_some() || self.allocations.iter().any(|a| a.invoice == id || a.credit_note == id)
    }

    pub(crate) fn happened(&mut self, category: Category, id: Uuid, created: bool, at: Timestamp) {
        self.happened.push(Happened { category, id, created, at, data: None, by_payment: false });
    }

    /// The lock date that binds a member, with its name in Xero's sentence.
    pub(crate) fn lock(&self, role: Role) -> Vec<(Date, &'static str)> {
        let period = self.organisation.period_lock.filter(|_| role != Role::Adviser);
        let year = self.organisation.year_lock;
        year.map(|date| (date, "end of year")).into_iter().chain(period.map(|date| (date, "period"))).collect()
    }

    /// Re-reads whether an invoice is paid after money moved, and tells about it.
    pub(crate) fn settle(&mut self, id: Uuid, at: Timestamp) {
        let Some(document) = self.invoices.get(&id) else { return };
        let due = self.outstanding(document);
        let allocated = self.allocations.iter().filter(|allocation| allocation.invoice == id);
        let days = self.payments_of(id).map(|payment| payment.date).chain(allocated.map(|it| it.date));
        // The day on which the last of it came; an invoice over nothing never waited.
        let on = days.max().or(Some(document.date));
        let Some(document) = self.invoices.get_mut(&id) else { return };
        if document.status == "AUTHORISED" && due <= Decimal::ZERO {
            document.status = "PAID".to_owned();
            document.fully_paid_on = on;
        } else if document.status == "PAID" && due > Decimal::ZERO {
            document.status = "AUTHORISED".to_owned();
            document.fully_paid_on = None;
        }
        document.updated = at;
        let event = Happened { category: Category::Invoice, id, created: false, at, data: None, by_payment: true };
        self.happened.push(event);
    }
}
