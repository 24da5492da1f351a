//! What people do in Xero's own pages: the bookkeeper's acts, through the same rules as the API's.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;
use uuid::Uuid;

use super::money::{self, Wanted, edit_payment, pay};
use super::types::{Act, Done};
use crate::accounting::envelope::Refusal;
use crate::accounting::invoices::write;
use crate::accounting::{Ctx, bank_transactions, contacts, parties, payments};
use crate::http::Call;
use crate::json::Json;
use crate::switches::Switches;
use crate::world::ledger::Category;
use crate::world::records::Kind;
use crate::world::{App, Role, World};

/// Performs an act in an organisation; the error is Xero's sentence.
pub(crate) fn perform(world: &mut World, tenant: Uuid, act: &Act) -> Result<Done, String> {
    if let Act::DisconnectApp { client_id, user } = act {
        let gone = |c: &crate::world::Connection| {
            c.tenant == tenant && c.client_id == *client_id && user.is_none_or(|user| user == c.user)
        };
        world.connections.retain(|connection| !gone(connection));
        return Ok(Done::default());
    }
    if matches!(act, Act::ResetDemo) {
        return reset(world, tenant);
    }
    let bookkeeper = App::bookkeeper();
    let call = Call::new("POST", "/", "unitdp=4", HeaderMap::new(), Bytes::new());
    // Nothing binds the bookkeeper that is meant for the API alone.
    let switches = Switches { reconciled_may_be_deleted: true, ..world.switches.clone() };
    let now = world.clock.now();
    let ledger = world.ledgers.get_mut(&tenant).ok_or("the organisation is unknown")?;
    let mut ctx = Ctx {
        ledger,
        switches: &switches,
        call: &call,
        params: &[],
        app: &bookkeeper,
        role: Role::Adviser,
        now,
        sees_payments: true,
    };
    let id = in_ledger(&mut ctx, act)?;
    world.collect_events(tenant);
    Ok(Done { id })
}

fn in_ledger(ctx: &mut Ctx<'_>, act: &Act) -> Result<Option<Uuid>, String> {
    match act {
        Act::Pay { document, amount, date, reconciled } => {
            let wanted = Wanted { amount: *amount, date: *date, reconciled: *reconciled, ..Wanted::default() };
            pay(ctx, *document, wanted).map(|payment| Some(payment.id))
        }
        Act::RecordPayment { document, amount, date, account, currency_rate, reference } => {
            let (account, reference) = (account.clone(), reference.clone());
            let wanted =
                Wanted { amount: *amount, date: *date, account, rate: *currency_rate, reference, ..Wanted::default() };
            pay(ctx, *document, wanted).map(|payment| Some(payment.id))
        }
        Act::EditPayment { payment, amount, date } => edit_payment(ctx, *payment, *amount, *date).map(Some),
        Act::PayBatch { documents, date } => money::pay_batch(ctx, documents, *date).map(Some),
        Act::RemoveBatch { batch } => money::remove_batch(ctx, *batch).map(|()| None),
        Act::Prepay { contact, amount, overpayment, spend } => {
            let kind = match (overpayment, spend) {
                (true, false) => Kind::ReceiveOverpayment,
                (true, true) => Kind::SpendOverpayment,
                (false, false) => Kind::ReceivePrepayment,
                (false, true) => Kind::SpendPrepayment,
            };
            money::prepay(ctx, kind, *contact, *amount).map(Some)
        }
        Act::Allocate { credit, invoice, amount } => money::allocate(ctx, *credit, *invoice, *amount).map(Some),
        Act::TakeBack { credit, invoice } => money::take_back(ctx, *credit, *invoice).map(|()| None),
        Act::WriteOff { invoice, account } => money::write_off(ctx, *invoice, account).map(Some),
        Act::EnablePayments { code, enabled } => {
            change_account(ctx, code, |account| account.enable_payments = *enabled)
        }
        Act::RemovePayment { payment } => {
            let removed = payments::remove(ctx, *payment).map_err(sentence)?;
            Ok(Some(removed.document))
        }
        Act::Credit { invoice, amount } => money::credit(ctx, *invoice, *amount, None).map(Some),
        Act::Void { invoice } => {
            let status = ctx.ledger.invoices.get(invoice).map(|document| document.status.clone());
            let to = if status.as_deref() == Some("AUTHORISED") { "VOIDED" } else { "DELETED" };
            let fields = Json::object().with("Status", to);
            write::change(ctx, *invoice, &fields).map(|document| Some(document.id)).map_err(sentence)
        }
        Act::EditBankTransaction { transaction, fields } => {
            let changed = bank_transactions::change(ctx, *transaction, &element(fields)?);
            changed.map(|document| Some(document.id)).map_err(sentence)
        }
        Act::EditInvoice { invoice, fields } => {
            write::change(ctx, *invoice, &element(fields)?).map(|document| Some(document.id)).map_err(sentence)
        }
        Act::CreateInvoice { fields } => {
            write::add(ctx, &element(fields)?).map(|document| Some(document.id)).map_err(sentence)
        }
        Act::EditContact { contact, fields } => {
            let mut fields = element(fields)?;
            fields.set("ContactID", *contact);
            let party = parties::upsert(ctx, &fields).map_err(sentence)?;
            Ok(Some(contacts::save(ctx, party).id))
        }
        Act::CreateContact { fields } => {
            let party = parties::create(ctx, &element(fields)?).map_err(sentence)?;
            Ok(Some(contacts::save(ctx, party).id))
        }
        Act::ArchiveContact { contact, archived } => archive_contact(ctx, *contact, *archived).map(|()| Some(*contact)),
        Act::MergeContacts { loser, winner } => merge(ctx, *loser, *winner).map(|()| Some(*winner)),
        Act::ArchiveAccount { code, archived } => change_account(ctx, code, |account| account.archived = *archived),
        Act::RecodeAccount { code, to } => change_account(ctx, code, |account| account.code = Some(to.clone())),
        Act::SetTaxRate { tax_type, status } => {
            let rate = ctx.ledger.tax_rates.iter_mut().find(|rate| rate.tax_type == *tax_type);
            rate.ok_or("the tax rate is unknown")?.status.clone_from(status);
            Ok(None)
        }
        Act::LockPeriod { until, end_of_year } => {
            let organisation = &mut ctx.ledger.organisation;
            if *end_of_year {
                organisation.year_lock = *until;
            } else {
                organisation.period_lock = *until;
            }
            Ok(None)
        }
        Act::Reconcile { id, reconciled } => {
            let now = ctx.now;
            if let Some(document) = ctx.ledger.bank_transactions.get_mut(id) {
                (document.reconciled, document.updated) = (*reconciled, now);
            } else if let Some(payment) = ctx.ledger.payments.get_mut(id) {
                (payment.reconciled, payment.updated) = (*reconciled, now);
            } else {
                return Err("the bank transaction or payment is unknown".to_owned());
            }
            Ok(Some(*id))
        }
        Act::ChangeRole { user, role } => {
            match role {
                Some(role) => ctx.ledger.members.insert(*user, *role),
                None => ctx.ledger.members.remove(user),
            };
            Ok(None)
        }
        Act::DisconnectApp { .. } | Act::ResetDemo => Ok(None),
    }
}

fn archive_contact(ctx: &mut Ctx<'_>, id: Uuid, archived: bool) -> Result<(), String> {
    let now = ctx.now;
    let contact = ctx.ledger.contacts.get_mut(&id).ok_or("the contact is unknown")?;
    (contact.archived, contact.updated) = (archived, now);
    ctx.ledger.happened(Category::Contact, id, false, now);
    Ok(())
}

/// The loser is archived, points at the winner, and its documents move over.
fn merge(ctx: &mut Ctx<'_>, loser: Uuid, winner: Uuid) -> Result<(), String> {
    let now = ctx.now;
    if loser == winner || !ctx.ledger.contacts.contains_key(&winner) {
        return Err("the winner is unknown".to_owned());
    }
    let contact = ctx.ledger.contacts.get_mut(&loser).ok_or("the loser is unknown")?;
    (contact.archived, contact.merged_to, contact.updated) = (true, Some(winner), now);
    // The documents move without a trace in their own UpdatedDateUTC (facts 2.6).
    let books = &mut *ctx.ledger;
    for table in [&mut books.invoices, &mut books.credit_notes, &mut books.prepaid, &mut books.bank_transactions] {
        for document in table.values_mut().filter(|document| document.contact == Some(loser)) {
            document.contact = Some(winner);
        }
    }
    ctx.ledger.happened(Category::Contact, loser, false, now);
    ctx.ledger.happened(Category::Contact, winner, false, now);
    Ok(())
}

fn change_account(
    ctx: &mut Ctx<'_>,
    code: &str,
    change: impl FnOnce(&mut crate::world::records::Account),
) -> Result<Option<Uuid>, String> {
    let now = ctx.now;
    let account = ctx.ledger.accounts.iter_mut().find(|account| account.code.as_deref() == Some(code));
    let account = account.ok_or("the account is unknown")?;
    change(account);
    account.updated = now;
    Ok(Some(account.id))
}

/// A demo company starts again under another id; what was connected is gone.
fn reset(world: &mut World, tenant: Uuid) -> Result<Done, String> {
    let now = world.clock.now();
    let old = world.ledgers.remove(&tenant).ok_or("the organisation is unknown")?;
    let id = crate::ids::fresh();
    let mut new = crate::world::seed::ledger(id, &old.organisation.name, now);
    new.organisation.is_demo = true;
    new.members = old.members;
    world.ledgers.insert(id, new);
    world.connections.retain(|connection| connection.tenant != tenant);
    Ok(Done { id: Some(id) })
}

fn element(fields: &Value) -> Result<Json, String> {
    Json::parse(&fields.to_string()).map_err(|error| error.to_string())
}

pub(super) fn sentence(refusal: Refusal) -> String {
    refusal.messages.into_iter().chain(refusal.contact).collect::<Vec<_>>().join(" ")
}
