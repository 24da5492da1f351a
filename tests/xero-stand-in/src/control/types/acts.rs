//! What people do in Xero's own pages.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::world::app::Role;

/// Something a person does in Xero.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Records a payment; all that is due unless an amount is given.
    Pay {
        /// The invoice, bill or credit note.
        document: Uuid,
        /// A part of it.
        #[serde(default)]
        amount: Option<Decimal>,
        /// Today unless given.
        #[serde(default)]
        date: Option<Date>,
        /// Through bank reconciliation: the payment cannot be deleted by the API.
        #[serde(default)]
        reconciled: bool,
    },
    /// Records a payment with all that the desk knows of it.
    RecordPayment {
        /// The invoice, bill, credit note, overpayment or prepayment.
        document: Uuid,
        /// All that is due unless given.
        #[serde(default)]
        amount: Option<Decimal>,
        /// Today unless given; before the document or in the future too.
        #[serde(default)]
        date: Option<Date>,
        /// The code of the account; a bank account of the document's currency unless given.
        #[serde(default)]
        account: Option<String>,
        /// Units of the document's currency for one of the base currency; the document's rate unless given.
        #[serde(default)]
        currency_rate: Option<Decimal>,
        /// A text beside it.
        #[serde(default)]
        reference: Option<String>,
    },
    /// Edits a payment, which Xero does by removing it and making another.
    EditPayment {
        /// The payment, which is gone afterwards.
        payment: Uuid,
        /// A new amount.
        #[serde(default)]
        amount: Option<Decimal>,
        /// A new day.
        #[serde(default)]
        date: Option<Date>,
    },
    /// Pays all that is due on several documents with one batch; the batch's id.
    PayBatch {
        /// The invoices or bills.
        documents: Vec<Uuid>,
        /// Today unless given.
        #[serde(default)]
        date: Option<Date>,
    },
    /// Removes a batch with all its payments.
    RemoveBatch {
        /// The batch.
        batch: Uuid,
    },
    /// Money of a contact that belongs to no invoice yet; the id of the overpayment or prepayment.
    Prepay {
        /// The contact.
        contact: Uuid,
        /// How much.
        amount: Decimal,
        /// An overpayment instead of a prepayment.
        #[serde(default)]
        overpayment: bool,
        /// Paid to a supplier instead of received from a customer.
        #[serde(default)]
        spend: bool,
    },
    /// Allocates a credit note, overpayment or prepayment to an invoice; the allocation's id.
    Allocate {
        /// The credit note, overpayment or prepayment.
        credit: Uuid,
        /// The invoice or bill of the same contact.
        invoice: Uuid,
        /// A part; as much as fits unless given.
        #[serde(default)]
        amount: Option<Decimal>,
    },
    /// Takes every allocation of a credit to an invoice back.
    TakeBack {
        /// The credit note, overpayment or prepayment.
        credit: Uuid,
        /// The invoice or bill.
        invoice: Uuid,
    },
    /// Writes off what is due, with a credit note on another account; its id.
    WriteOff {
        /// The invoice or bill.
        invoice: Uuid,
        /// The code of the account that bears it.
        account: String,
    },
    /// Lets payments be booked to an account that is no bank account, or no longer.
    EnablePayments {
        /// Its code.
        code: String,
        /// False ends it.
        enabled: bool,
    },
    /// Removes a payment, reconciled or not.
    RemovePayment {
        /// The payment.
        payment: Uuid,
    },
    /// Settles an invoice with a new credit note; all that is due unless an amount is given.
    Credit {
        /// The invoice or bill.
        invoice: Uuid,
        /// A part of it.
        #[serde(default)]
        amount: Option<Decimal>,
    },
    /// Voids an approved document, deletes a draft.
    Void {
        /// The invoice or bill.
        invoice: Uuid,
    },
    /// Changes spend money, or deletes it by its status; the fields are those of the API.
    EditBankTransaction {
        /// The bank transaction.
        transaction: Uuid,
        /// What is other than before.
        fields: Value,
    },
    /// Changes an invoice; the fields are those of the API.
    EditInvoice {
        /// The invoice or bill.
        invoice: Uuid,
        /// What changes.
        fields: Value,
    },
    /// Makes an invoice or bill by hand; the fields are those of the API.
    CreateInvoice {
        /// The new document.
        fields: Value,
    },
    /// Changes a contact; the fields are those of the API.
    EditContact {
        /// The contact.
        contact: Uuid,
        /// What changes.
        fields: Value,
    },
    /// Makes a contact by hand; the fields are those of the API.
    CreateContact {
        /// The new contact.
        fields: Value,
    },
    /// Archives a contact or takes it back.
    ArchiveContact {
        /// The contact.
        contact: Uuid,
        /// False takes it back.
        archived: bool,
    },
    /// Merges one contact into another.
    MergeContacts {
        /// Disappears.
        loser: Uuid,
        /// Stays.
        winner: Uuid,
    },
    /// Archives an account or takes it back.
    ArchiveAccount {
        /// Its code.
        code: String,
        /// False takes it back.
        archived: bool,
    },
    /// Gives an account another code.
    RecodeAccount {
        /// Its code so far.
        code: String,
        /// Its new code.
        to: String,
    },
    /// Changes the status of a tax rate.
    SetTaxRate {
        /// Its tax type.
        tax_type: String,
        /// `ACTIVE`, `DELETED` or `ARCHIVED`.
        status: String,
    },
    /// Locks everything up to a date; none opens it.
    LockPeriod {
        /// The last locked day.
        until: Option<Date>,
        /// The year-end lock, which binds advisers too.
        #[serde(default)]
        end_of_year: bool,
    },
    /// Marks a bank transaction or payment as reconciled.
    Reconcile {
        /// The bank transaction or payment.
        id: Uuid,
        /// False undoes it.
        reconciled: bool,
    },
    /// Disconnects an app under Connected Apps; for one user or for all.
    DisconnectApp {
        /// The app.
        client_id: String,
        /// Only this user's connection.
        #[serde(default)]
        user: Option<Uuid>,
    },
    /// Changes what a user may do; none removes the user.
    ChangeRole {
        /// The user.
        user: Uuid,
        /// The new role.
        role: Option<Role>,
    },
    /// Resets a demo company: a new tenant id, nothing connected any more.
    ResetDemo,
}

/// What an act brought about.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Done {
    /// The id of what was made or changed, where there is one.
    pub id: Option<Uuid>,
}
