//! What can happen in a sequence, and how it is drawn.

use anyhow::Context as _;
use proptest::prelude::*;
use proptest::sample::select;
use rig::events::{Happening, Subject};
use rig::shelf::Trouble;
use rig::tenant::{Tenant, Wishes};
use rig::worker::Xero;
use rules::mapping::ExpenseCategory;
use serde_json::json;
use xero_stand_in::control::{Act, Fault, FaultKind};

/// Subjects below are invoices, the others expenses.
pub(crate) const INVOICES: usize = 4;
/// Subjects of an account.
const SUBJECTS: usize = 7;
/// The invoice whose number a foreign one may have already.
pub(crate) const TAKEN: usize = 3;
/// The other side whose name a foreign contact has already.
pub(crate) const KNOWN: usize = 1;

/// One sequence.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) accounts: usize,
    pub(crate) steps: Vec<Step>,
}

/// One step of it.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Sessional sends an event, or sends it again.
    Send { account: usize, subject: usize, happening: Happening, again: bool },
    /// Xero will fail.
    Fault(Failing),
    /// A store will fail, or the process will die in it.
    Trouble { after: u64, trouble: Trouble },
    /// The function gets a batch.
    Work { most: usize },
    /// Time passes.
    Wait { seconds: u64 },
    /// Somebody empties the dead-letter queue into the queue.
    Redrive,
}

/// A failure of Xero.
#[derive(Clone, Debug)]
pub(crate) struct Failing {
    operation: &'static str,
    after: u32,
    count: u32,
    kind: Kind,
}

/// How Xero fails.
#[derive(Clone, Copy, Debug)]
enum Kind {
    ErrorBefore,
    ErrorAfter,
    DropBefore,
    DropAfter,
    Offline,
    TooMany,
    Slow,
}

impl Failing {
    pub(crate) fn order(&self) -> Fault {
        let kind = match self.kind {
            Kind::ErrorBefore => FaultKind::ServerErrorBefore,
            Kind::ErrorAfter => FaultKind::ServerErrorAfter,
            Kind::DropBefore => FaultKind::DropBefore,
            Kind::DropAfter => FaultKind::DropAfter,
            Kind::Offline => FaultKind::Offline,
            Kind::TooMany => FaultKind::TooManyRequests { problem: "minute".to_owned(), retry_after: Some(17) },
            Kind::Slow => FaultKind::Slow { milliseconds: 5 },
        };
        Fault::once(self.operation, kind).after(self.after).times(self.count)
    }
}

pub(crate) fn plans() -> impl Strategy<Value = Plan> {
    let step = prop_oneof![
        10 => sends(),
        3 => faults().prop_map(Step::Fault),
        2 => (0..60_u64, troubles()).prop_map(|(after, trouble)| Step::Trouble { after, trouble }),
        6 => (1..=10_usize).prop_map(|most| Step::Work { most }),
        2 => (1..400_u64).prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::Redrive),
    ];
    (1..=3_usize, prop::collection::vec(step, 6..32)).prop_map(|(accounts, steps)| Plan { accounts, steps })
}

fn sends() -> impl Strategy<Value = Step> {
    let invoice = prop_oneof![
        4 => Just(Happening::Created),
        2 => Just(Happening::Sent),
        1 => Just(Happening::Voided),
    ];
    let expense = prop_oneof![3 => Just(Happening::Logged), 1 => Just(Happening::Deleted)];
    let what = prop_oneof![2 => (0..INVOICES, invoice), 1 => (INVOICES..SUBJECTS, expense)];
    (0..3_usize, what, any::<bool>()).prop_map(|(account, (subject, happening), again)| Step::Send {
        account,
        subject,
        happening,
        again,
    })
}

fn faults() -> impl Strategy<Value = Failing> {
    let operation = prop_oneof![
        4 => Just("*"),
        2 => Just("createInvoices"),
        1 => select(vec!["createContacts", "createBankTransactions", "updateInvoice", "token.refresh_token"]),
    ];
    let kind = select(vec![
        Kind::ErrorBefore,
        Kind::ErrorAfter,
        Kind::DropBefore,
        Kind::DropAfter,
        Kind::Offline,
        Kind::TooMany,
        Kind::Slow,
    ]);
    (operation, 0..4_u32, prop_oneof![6 => Just(1_u32), 2 => Just(2), 1 => Just(6)], kind)
        .prop_map(|(operation, after, count, kind)| Failing { operation, after, count, kind })
}

fn troubles() -> impl Strategy<Value = Trouble> {
    select(vec![Trouble::FailsBefore, Trouble::FailsAfter, Trouble::DiesBefore, Trouble::DiesAfter])
}

/// The first account posts bills, the second spend money, the third has no account for fuel.
pub(crate) fn wishes(account: usize) -> Wishes {
    let unmapped = if account == 2 { vec![ExpenseCategory::Fuel] } else { Vec::new() };
    Wishes { spend_money: account == 1, unmapped, ..Wishes::default() }
}

pub(crate) fn subject(tenant: &Tenant, index: usize) -> Subject {
    Subject::new(tenant.account.as_str().trim_start_matches("acc_"), index)
}

/// What is in the books before: a contact by a name that we will need, and an invoice, perhaps under a number of
/// ours.
pub(crate) async fn plant(xero: &Xero, tenant: &Tenant, is_taken: bool) -> anyhow::Result<()> {
    let control = &xero.side.control;
    let known = subject(tenant, KNOWN).party_name;
    let contact = Act::CreateContact { fields: json!({ "Name": known }) };
    let contact = control.act(tenant.uuid(), &contact).await?.id.context("no contact")?;
    let number = if is_taken { subject(tenant, TAKEN).number } else { "BY-HAND-1".to_owned() };
    let fields = json!({
        "Type": "ACCREC", "Status": "AUTHORISED", "InvoiceNumber": number, "Contact": { "ContactID": contact },
        "Date": "2026-11-01", "DueDate": "2026-12-01", "LineAmountTypes": "Exclusive", "CurrencyCode": "GBP",
        "LineItems": [{ "Description": "Made by hand", "Quantity": 1, "UnitAmount": 10, "AccountCode": "200",
            "TaxType": "OUTPUT2" }],
    });
    control.act(tenant.uuid(), &Act::CreateInvoice { fields }).await?;
    Ok(())
}
