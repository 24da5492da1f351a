//! What tests ask about the world: totals, a snapshot of all documents.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::types::Totals;
use crate::accounting::invoices::view;
use crate::accounting::{Ctx, bank_transactions, contacts, credit_notes, payments, prepaid};
use crate::http::Call;
use crate::json::Json;
use crate::world::records::{Document, Kind};
use crate::world::{App, Ledger, Role, World};

/// Counts and sums of an organisation.
pub(crate) fn totals(ledger: &Ledger) -> Totals {
    let alive = |document: &&Document| !matches!(document.status.as_str(), "VOIDED" | "DELETED");
    let of = |kind: Kind| ledger.invoices.values().filter(alive).filter(move |document| document.kind == kind);
    let sum = |documents: &mut dyn Iterator<Item = &Document>| -> Decimal { documents.map(|d| d.total).sum() };
    let money = ledger.bank_transactions.values().filter(alive);
    let payments = || ledger.payments.values().filter(|payment| !payment.deleted);
    Totals {
        contacts: ledger.contacts.values().filter(|contact| !contact.archived).count(),
        invoices: of(Kind::Accrec).count(),
        bills: of(Kind::Accpay).count(),
        credit_notes: ledger.credit_notes.values().filter(alive).count(),
        bank_transactions: money.clone().count(),
        payments: payments().count(),
        invoiced: sum(&mut of(Kind::Accrec)),
        billed: sum(&mut of(Kind::Accpay)),
        spent: sum(&mut money.filter(|document| document.kind == Kind::Spend)),
        paid: payments().map(|payment| payment.amount).sum(),
    }
}

/// Every contact and document of an organisation, as the API shows them whole.
pub(crate) fn snapshot(world: &mut World, tenant: Uuid) -> Option<Json> {
    let (now, switches) = (world.clock.now(), world.switches.clone());
    let call = Call::new("GET", "/", "unitdp=4", Default::default(), Default::default());
    let app = App::bookkeeper();
    let ledger = world.ledgers.get_mut(&tenant)?;
    let role = Role::Adviser;
    let ctx = Ctx { ledger, switches: &switches, call: &call, params: &[], app: &app, role, now, sees_payments: true };
    let books = &ctx.ledger;
    let prepaid = |is: fn(Kind) -> bool| {
        Json::List(books.prepaid.values().filter(|it| is(it.kind)).map(|it| prepaid::shown(&ctx, it)).collect())
    };
    let history = books.history.iter().flat_map(|(id, records)| {
        records.iter().map(move |record| Json::object().with("ID", *id).with("Details", record.details.as_str()))
    });
    Some(
        Json::object()
            .with("Contacts", Json::List(books.contacts.values().map(|it| contacts::view(&ctx, it)).collect()))
            .with("Invoices", Json::List(books.invoices.values().map(|it| view::full(&ctx, it)).collect()))
            .with(
                "CreditNotes",
                Json::List(books.credit_notes.values().map(|it| credit_notes::shown(&ctx, it)).collect()),
            )
            .with(
                "BankTransactions",
                Json::List(books.bank_transactions.values().map(|it| bank_transactions::shown(&ctx, it)).collect()),
            )
            .with("Overpayments", prepaid(Kind::is_overpayment))
            .with("Prepayments", prepaid(Kind::is_prepayment))
            .with("Payments", Json::List(books.payments.values().map(|it| payments::view(&ctx, it)).collect()))
            .with("HistoryRecords", Json::List(history.collect())),
    )
}
