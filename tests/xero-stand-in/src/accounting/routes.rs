//! The table of operations: method, path, name in Xero's specification, scope, handler.

use super::{Ctx, bank_transactions, contacts, credit_notes, extras, invoices, payments, prepaid, settings};
use crate::http::Reply;

/// One operation of the API.
#[derive(Debug)]
pub(crate) struct Route {
    method: &'static str,
    path: &'static str,
    /// The `operationId` of the specification.
    pub(crate) operation: &'static str,
    pub(crate) scope: &'static str,
    pub(crate) handler: fn(&mut Ctx<'_>) -> Reply,
    /// The body is a file and no JSON.
    pub(crate) raw_body: bool,
}

/// A route with what its path said.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) route: &'static Route,
    pub(crate) params: Vec<String>,
}

const SETTINGS: &str = "accounting.settings";
const CONTACTS: &str = "accounting.contacts";
const INVOICES: &str = "accounting.invoices";
const PAYMENTS: &str = "accounting.payments";
const BANK: &str = "accounting.banktransactions";
const FILES: &str = "accounting.attachments";

type Handler = fn(&mut Ctx<'_>) -> Reply;

const fn route(
    method: &'static str,
    path: &'static str,
    operation: &'static str,
    scope: &'static str,
    handler: Handler,
) -> Route {
    Route { method, path, operation, scope, handler, raw_body: false }
}

const fn file(path: &'static str, operation: &'static str) -> Route {
    Route { method: "PUT", path, operation, scope: FILES, handler: extras::attach, raw_body: true }
}

static ROUTES: &[Route] = &[
    route("GET", "Organisation", "getOrganisations", SETTINGS, settings::organisation),
    route("GET", "Organisation/Actions", "getOrganisationActions", SETTINGS, settings::actions),
    route("GET", "Accounts", "getAccounts", SETTINGS, settings::accounts),
    route("GET", "Accounts/{}", "getAccount", SETTINGS, settings::account),
    route("GET", "TaxRates", "getTaxRates", SETTINGS, settings::tax_rates),
    route("GET", "TaxRates/{}", "getTaxRateByTaxType", SETTINGS, settings::tax_rate),
    route("GET", "Currencies", "getCurrencies", SETTINGS, settings::currencies),
    route("GET", "Contacts", "getContacts", CONTACTS, contacts::list),
    route("PUT", "Contacts", "createContacts", CONTACTS, contacts::create),
    route("POST", "Contacts", "updateOrCreateContacts", CONTACTS, contacts::upsert),
    route("GET", "Contacts/{}", "getContact", CONTACTS, contacts::get),
    route("POST", "Contacts/{}", "updateContact", CONTACTS, contacts::update),
    route("GET", "Contacts/{}/History", "getContactHistory", CONTACTS, extras::history),
    route("PUT", "Contacts/{}/History", "createContactHistory", CONTACTS, extras::add_history),
    route("GET", "Invoices", "getInvoices", INVOICES, invoices::read::list),
    route("PUT", "Invoices", "createInvoices", INVOICES, invoices::write::create),
    route("POST", "Invoices", "updateOrCreateInvoices", INVOICES, invoices::write::upsert),
    route("GET", "Invoices/{}", "getInvoice", INVOICES, invoices::read::get),
    route("POST", "Invoices/{}", "updateInvoice", INVOICES, invoices::write::update),
    route("POST", "Invoices/{}/Email", "emailInvoice", INVOICES, extras::email),
    route("GET", "Invoices/{}/OnlineInvoice", "getOnlineInvoice", INVOICES, extras::online_invoice),
    route("GET", "Invoices/{}/History", "getInvoiceHistory", INVOICES, extras::history),
    route("PUT", "Invoices/{}/History", "createInvoiceHistory", INVOICES, extras::add_history),
    route("GET", "Invoices/{}/Attachments", "getInvoiceAttachments", FILES, extras::attachments),
    file("Invoices/{}/Attachments/{}", "createInvoiceAttachmentByFileName"),
    route("GET", "CreditNotes", "getCreditNotes", INVOICES, credit_notes::list),
    route("PUT", "CreditNotes", "createCreditNotes", INVOICES, credit_notes::create),
    route("POST", "CreditNotes", "updateOrCreateCreditNotes", INVOICES, credit_notes::upsert),
    route("GET", "CreditNotes/{}", "getCreditNote", INVOICES, credit_notes::get),
    route("POST", "CreditNotes/{}", "updateCreditNote", INVOICES, credit_notes::update),
    route("PUT", "CreditNotes/{}/Allocations", "createCreditNoteAllocation", INVOICES, credit_notes::allocate),
    route(
        "DELETE",
        "CreditNotes/{}/Allocations/{}",
        "deleteCreditNoteAllocations",
        INVOICES,
        credit_notes::remove_allocation,
    ),
    route("GET", "CreditNotes/{}/History", "getCreditNoteHistory", INVOICES, extras::history),
    route("PUT", "CreditNotes/{}/History", "createCreditNoteHistory", INVOICES, extras::add_history),
    route("GET", "Payments", "getPayments", PAYMENTS, payments::list),
    route("PUT", "Payments", "createPayments", PAYMENTS, payments::create),
    route("POST", "Payments", "createPayment", PAYMENTS, payments::create),
    route("GET", "Payments/{}", "getPayment", PAYMENTS, payments::get),
    route("POST", "Payments/{}", "deletePayment", PAYMENTS, payments::delete),
    route("GET", "Overpayments", "getOverpayments", PAYMENTS, prepaid::overpayments),
    route("GET", "Overpayments/{}", "getOverpayment", PAYMENTS, prepaid::overpayment),
    route("PUT", "Overpayments/{}/Allocations", "createOverpaymentAllocations", PAYMENTS, prepaid::allocate),
    route(
        "DELETE",
        "Overpayments/{}/Allocations/{}",
        "deleteOverpaymentAllocations",
        PAYMENTS,
        prepaid::remove_allocation,
    ),
    route("GET", "Prepayments", "getPrepayments", PAYMENTS, prepaid::prepayments),
    route("GET", "Prepayments/{}", "getPrepayment", PAYMENTS, prepaid::prepayment),
    route("PUT", "Prepayments/{}/Allocations", "createPrepaymentAllocations", PAYMENTS, prepaid::allocate),
    route(
        "DELETE",
        "Prepayments/{}/Allocations/{}",
        "deletePrepaymentAllocations",
        PAYMENTS,
        prepaid::remove_allocation,
    ),
    route("GET", "BankTransactions", "getBankTransactions", BANK, bank_transactions::list),
    route("PUT", "BankTransactions", "createBankTransactions", BANK, bank_transactions::create),
    route("POST", "BankTransactions", "updateOrCreateBankTransactions", BANK, bank_transactions::upsert),
    route("GET", "BankTransactions/{}", "getBankTransaction", BANK, bank_transactions::get),
    route("POST", "BankTransactions/{}", "updateBankTransaction", BANK, bank_transactions::update),
    route("GET", "BankTransactions/{}/History", "getBankTransactionsHistory", BANK, extras::history),
    route("PUT", "BankTransactions/{}/History", "createBankTransactionHistoryRecord", BANK, extras::add_history),
    route("GET", "BankTransactions/{}/Attachments", "getBankTransactionAttachments", FILES, extras::attachments),
    file("BankTransactions/{}/Attachments/{}", "createBankTransactionAttachmentByFileName"),
];

/// The names of all operations.
pub(crate) fn operations() -> impl Iterator<Item = &'static str> {
    ROUTES.iter().map(|route| route.operation)
}

/// Finds the operation of a request below `/api.xro/2.0/`.
pub(crate) fn find(method: &str, segments: &[&str]) -> Option<Found> {
    ROUTES.iter().filter(|route| route.method == method).find_map(|route| {
        let pattern: Vec<&str> = route.path.split('/').collect();
        let fits = pattern.len() == segments.len()
            && pattern.iter().zip(segments).all(|(wanted, got)| *wanted == "{}" || wanted == got);
        let places = pattern.iter().zip(segments).filter(|(wanted, _)| **wanted == "{}");
        fits.then(|| Found { route, params: places.map(|(_, got)| (*got).to_owned()).collect() })
    })
}
