//! For every cause the advice is followed, and nothing else is done, and it ends well. A cause without a row does not
//! compile.

use super::decimal;
use super::lab::{HOUR, Lab, expense, invoice, price, said, same};
use rig::tenant::Wishes;
use rules::choice::{ChoiceOutcome, DocumentChoice};
use rules::connection::ErrorReason;
use rules::failure::{Cause, Failure};
use rules::mapping::{ExpenseCategory, ExpenseDocuments};
use rules::ports::{Connections as _, Records as _, Written};
use rules::record::{Kind, Standing, UnderWay};
use serde_json::{Value, json};
use xero_stand_in::control::{Act, Fault, FaultKind, OrganisationChange};

#[tokio::test]
async fn what_is_advised_for_each_cause_helps() -> anyhow::Result<()> {
    for cause in Cause::ALL {
        follow(cause).await.map_err(|error| error.context(format!("the advice for {} does not help", cause.word())))?;
    }
    Ok(())
}

async fn follow(cause: Cause) -> anyhow::Result<()> {
    match cause {
        // Waiting needs nobody: it goes on by itself.
        Cause::XeroUnavailable => passes_by_itself("createInvoices", FaultKind::Unavailable).await,
        Cause::RequestLimit => {
            let limit = FaultKind::TooManyRequests { problem: "minute".to_owned(), retry_after: Some(30) };
            passes_by_itself("createInvoices", limit).await
        }
        Cause::OrganisationOffline => passes_by_itself("createInvoices", FaultKind::Offline).await,
        Cause::SignInUnavailable => passes_by_itself("token.refresh_token", FaultKind::ServerErrorBefore).await,
        Cause::OurFault => passes_by_itself("token.refresh_token", client_refused()).await,
        Cause::AnswerLost => passes_by_itself("createInvoices", FaultKind::DropAfter).await,
        Cause::WaitsItsTurn => passes_by_itself("createContacts", FaultKind::Unavailable).await,
        Cause::NoAnswer => no_answer().await,
        Cause::ConnectionError => authorise_again().await,
        Cause::NotConnected => connect_again().await,
        Cause::PermissionMissing => allow_what_is_asked_for().await,
        Cause::OtherOrganisation => send_to_the_other_organisation().await,
        Cause::SalesNotMapped => map_sales().await,
        Cause::CategoryNotMapped => map_category().await,
        Cause::NotSentYet => send_in_sessional().await,
        Cause::AccountArchived => restore_the_account().await,
        Cause::AccountInvalid => {
            choose_another_account(cause, "Account code '200' is not a valid code for this document.").await
        }
        Cause::TaxInvalid => {
            choose_another_account(cause, "The TaxType code 'OUTPUT2' cannot be used with account code '200'.").await
        }
        Cause::BankCurrency => choose_bills().await,
        Cause::TaxRateMissing => add_the_rate().await,
        Cause::CurrencyMissing => add_the_currency().await,
        Cause::PeriodLocked => move_the_lock_date().await,
        Cause::NumberClash => use_another_number(cause).await,
        Cause::InXeroAlready => {
            take_it_over().await?;
            use_another_number(cause).await
        }
        Cause::NumberVoided => use_another_number(cause).await,
        Cause::NumberOfAnother => use_another_number(cause).await,
        Cause::AmountInvalid => correct_the_amount().await,
        Cause::TotalDiffers => correct_the_total().await,
        Cause::FixedInXero => make_a_new_one(cause).await,
        Cause::VoidedInXero => make_a_new_one(cause).await,
        Cause::MissingInXero => retry_once_it_is_shown().await,
        Cause::ContactArchived => restore_the_contact().await,
        // What the stand-in has no way to bring about is said by it once, and mended by what is advised.
        Cause::ContactNameTaken => mended(cause, "The contact name X is already assigned to another contact.").await,
        Cause::EmailInvalid => save_with_another_address().await,
        Cause::PlanLimit => upgrade_the_plan().await,
        Cause::Refused => mended(cause, "Something that nobody has heard of.").await,
        Cause::Paid => remove_the_payment().await,
        Cause::Reconciled => undo_the_reconciliation().await,
        Cause::ChangedInXero => put_right_in_xero(cause, "Invoice not of valid status for modification").await,
        Cause::AlreadyPaid => {
            put_right_in_xero(cause, "Payment amount exceeds the amount outstanding on this document").await
        }
    }
}

fn stopped(lab: &Lab, kind: Kind, id: &str, cause: Cause) -> anyhow::Result<()> {
    let failure = lab.record(kind, id).failure;
    anyhow::ensure!(failure.as_ref().is_some_and(|failure| failure.cause == cause), "it is another: {failure:?}");
    Ok(())
}

fn is_well(lab: &Lab, kind: Kind, id: &str) -> anyhow::Result<()> {
    let record = lab.record(kind, id);
    let well = record.stands == Standing::Synced && record.under_way == UnderWay::Nothing && record.failure.is_none();
    anyhow::ensure!(well, "{:?} {:?} {}", record.stands, record.under_way, said(&record));
    Ok(())
}

/// Xero says this of the next document, in its own form.
fn says(sentence: &str) -> FaultKind {
    let body = json!({
        "ErrorNumber": 10, "Type": "ValidationException", "Message": "A validation exception occurred",
        "Elements": [{ "ValidationErrors": [{ "Message": sentence }] }],
    });
    FaultKind::Answer { status: 400, content_type: "application/json".to_owned(), body: body.to_string() }
}

fn client_refused() -> FaultKind {
    let body = json!({ "error": "invalid_client" }).to_string();
    FaultKind::Answer { status: 400, content_type: "application/json".to_owned(), body }
}

async fn fault(lab: &Lab, operation: &str, kind: FaultKind, times: u32) -> anyhow::Result<()> {
    Ok(lab.xero.side.control.fault(&Fault::once(operation, kind).times(times)).await?)
}

async fn passes_by_itself(operation: &str, kind: FaultKind) -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    fault(&lab, operation, kind, 2).await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    is_well(&lab, Kind::Invoice, "a")?;
    lab.document().await?;
    Ok(())
}

async fn no_answer() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    fault(&lab, "createInvoices", FaultKind::ServerErrorBefore, 5).await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    if lab.invoice("a").under_way == UnderWay::Failed {
        lab.pass(HOUR).await?;
        lab.retry(Kind::Invoice, "a").await?;
    }
    is_well(&lab, Kind::Invoice, "a")
}

async fn authorise_again() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    let account = lab.tenant.account.clone();
    let mut connection = lab.world.shelf.connection(&account).await?.expect("it is connected");
    let organisation = connection.organisation.clone().expect("to an organisation");
    connection.lose(ErrorReason::GrantRevoked, lab.world.now());
    assert_eq!(lab.world.shelf.put_connection(&mut connection).await?, Written::Done);
    lab.run(invoice("invoice.created", "a", same)).await?;
    stopped(&lab, Kind::Invoice, "a", Cause::ConnectionError)?;
    connection.choose(organisation, lab.world.now());
    assert_eq!(lab.world.shelf.put_connection(&mut connection).await?, Written::Done);
    // What was held is released by the connecting.
    lab.retry(Kind::Invoice, "a").await?;
    is_well(&lab, Kind::Invoice, "a")
}

async fn connect_again() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    let account = lab.tenant.account.clone();
    let mut connection = lab.world.shelf.connection(&account).await?.expect("it is connected");
    let organisation = connection.organisation.clone().expect("to an organisation");
    connection.disconnect(lab.world.now());
    assert_eq!(lab.world.shelf.put_connection(&mut connection).await?, Written::Done);
    lab.run(invoice("invoice.voided", "a", same)).await?;
    stopped(&lab, Kind::Invoice, "a", Cause::NotConnected)?;
    connection.choose(organisation, lab.world.now());
    assert_eq!(lab.world.shelf.put_connection(&mut connection).await?, Written::Done);
    // What was held is released by the connecting.
    lab.retry(Kind::Invoice, "a").await?;
    let record = lab.invoice("a");
    anyhow::ensure!(record.failure.is_none() && record.stands == Standing::Voided, "{record:?}");
    Ok(())
}

async fn allow_what_is_asked_for() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.updated", "a", same)).await?;
    let mut record = lab.invoice("a");
    record.event = Some(invoice("invoice.created", "a", same).to_string());
    record.hold(Failure::permission_missing(), lab.world.now());
    assert_eq!(lab.world.shelf.put_record(&mut record).await?, Written::Done);
    stopped(&lab, Kind::Invoice, "a", Cause::PermissionMissing)?;
    // What was held is released by the new consent.
    lab.retry(Kind::Invoice, "a").await?;
    is_well(&lab, Kind::Invoice, "a")
}

async fn send_to_the_other_organisation() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.updated", "a", same)).await?;
    let mut record = lab.invoice("a");
    record.fail(Failure::other_organisation(), lab.world.now());
    assert_eq!(lab.world.shelf.put_record(&mut record).await?, Written::Done);
    stopped(&lab, Kind::Invoice, "a", Cause::OtherOrganisation)?;
    lab.run(invoice("invoice.sent", "a", same)).await?;
    is_well(&lab, Kind::Invoice, "a")
}

async fn map_sales() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    let mut sales = None;
    lab.map(|choices| sales = choices.sales.take()).await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    stopped(&lab, Kind::Invoice, "a", Cause::SalesNotMapped)?;
    lab.map(|choices| choices.sales = sales).await?;
    // What was held is released by the mapping.
    lab.retry(Kind::Invoice, "a").await?;
    is_well(&lab, Kind::Invoice, "a")
}

async fn map_category() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    let mut fuel = None;
    lab.map(|choices| fuel = choices.expenses.remove(&ExpenseCategory::Fuel)).await?;
    lab.run(expense("expense.logged", "e", same)).await?;
    stopped(&lab, Kind::Expense, "e", Cause::CategoryNotMapped)?;
    let record = lab.expense("e");
    assert_eq!((record.amounts.currency.as_str(), record.amounts.sessional_total), ("GBP", Some(decimal("60.00"))));
    lab.map(|choices| choices.expenses.extend(fuel.map(|fuel| (ExpenseCategory::Fuel, fuel)))).await?;
    lab.retry(Kind::Expense, "e").await?;
    is_well(&lab, Kind::Expense, "e")
}

async fn send_in_sessional() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.updated", "a", same)).await?;
    stopped(&lab, Kind::Invoice, "a", Cause::NotSentYet)?;
    lab.run(invoice("invoice.sent", "a", same)).await?;
    is_well(&lab, Kind::Invoice, "a")
}

async fn restore_the_account() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.xero.side.control.archive_account(lab.tenant.uuid(), "200").await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    stopped(&lab, Kind::Invoice, "a", Cause::AccountArchived)?;
    lab.xero.side.control.restore_account(lab.tenant.uuid(), "200").await?;
    lab.pass(HOUR).await?;
    lab.retry(Kind::Invoice, "a").await?;
    is_well(&lab, Kind::Invoice, "a")
}

async fn choose_another_account(cause: Cause, sentence: &str) -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    fault(&lab, "createInvoices", says(sentence), 1).await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    stopped(&lab, Kind::Invoice, "a", cause)?;
    if cause == Cause::AccountInvalid {
        assert!(said(&lab.invoice("a")).contains("\u{201c}Sales\u{201d}"), "by its name: {}", said(&lab.invoice("a")));
    }
    let other = lab.account("260").await?;
    lab.map(|choices| choices.sales = Some(other)).await?;
    lab.pass(HOUR).await?;
    lab.retry(Kind::Invoice, "a").await?;
    assert_eq!(lab.shown().await?["LineItems"][0]["AccountCode"], json!("260"));
    is_well(&lab, Kind::Invoice, "a")
}

async fn choose_bills() -> anyhow::Result<()> {
    let mut lab = Lab::with(Wishes { spend_money: true, ..Wishes::default() }).await?;
    currencies(&lab, &["GBP", "EUR"]).await?;
    lab.run(expense("expense.logged", "e", |e| e["currency"] = json!("EUR"))).await?;
    stopped(&lab, Kind::Expense, "e", Cause::BankCurrency)?;
    lab.map(|choices| choices.expense_documents = ExpenseDocuments::default()).await?;
    lab.retry(Kind::Expense, "e").await?;
    is_well(&lab, Kind::Expense, "e")
}

async fn add_the_rate() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    let rate = |status: &str| Act::SetTaxRate { tax_type: "RROUTPUT".to_owned(), status: status.to_owned() };
    lab.act(&rate("ARCHIVED")).await?;
    let five = |i: &mut Value| {
        i["lines"][0]["tax_rate"] = json!("5");
        i["total"] = json!("105.00");
    };
    lab.run(invoice("invoice.created", "a", five)).await?;
    stopped(&lab, Kind::Invoice, "a", Cause::TaxRateMissing)?;
    lab.act(&rate("ACTIVE")).await?;
    lab.pass(HOUR).await?;
    lab.retry(Kind::Invoice, "a").await?;
    is_well(&lab, Kind::Invoice, "a")
}

async fn currencies(lab: &Lab, codes: &[&str]) -> anyhow::Result<()> {
    let currencies = Some(codes.iter().map(|code| (*code).to_owned()).collect());
    let change = OrganisationChange { currencies, ..OrganisationChange::default() };
    Ok(lab.xero.side.control.change_organisation(lab.tenant.uuid(), &change).await?)
}

async fn add_the_currency() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    currencies(&lab, &["GBP"]).await?;
    lab.run(invoice("invoice.created", "a", |i| i["currency"] = json!("CHF"))).await?;
    stopped(&lab, Kind::Invoice, "a", Cause::CurrencyMissing)?;
    currencies(&lab, &["GBP", "CHF"]).await?;
    lab.pass(HOUR).await?;
    lab.retry(Kind::Invoice, "a").await?;
    is_well(&lab, Kind::Invoice, "a")
}

async fn move_the_lock_date() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.xero.side.control.lock_period(lab.tenant.uuid(), Some(jiff::civil::date(2026, 11, 30))).await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    stopped(&lab, Kind::Invoice, "a", Cause::PeriodLocked)?;
    lab.xero.side.control.lock_period(lab.tenant.uuid(), None).await?;
    lab.pass(HOUR).await?;
    lab.retry(Kind::Invoice, "a").await?;
    is_well(&lab, Kind::Invoice, "a")
}

/// A stranger's invoice for the client of ours, over this and its tax.
async fn made_by_hand(lab: &Lab, amount: f64) -> anyhow::Result<()> {
    let contact = lab.document().await?.contact;
    let fields = json!({
        "Type": "ACCREC", "Status": "AUTHORISED", "InvoiceNumber": "SES-7", "Contact": { "ContactID": contact },
        "Date": "2026-11-20", "DueDate": "2026-12-01", "LineAmountTypes": "Exclusive",
        "LineItems": [{ "Description": "By hand", "Quantity": 1, "UnitAmount": amount, "AccountCode": "200",
            "TaxType": "OUTPUT2" }],
    });
    lab.act(&Act::CreateInvoice { fields }).await
}

async fn take_it_over() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "first", same)).await?;
    made_by_hand(&lab, 100.0).await?;
    lab.run(invoice("invoice.created", "a", |i| i["number"] = json!("SES-7"))).await?;
    stopped(&lab, Kind::Invoice, "a", Cause::InXeroAlready)?;
    let mut record = lab.invoice("a");
    assert_eq!(DocumentChoice::Adopt.apply(&mut record, lab.world.now()), Ok(ChoiceOutcome::Run));
    assert_eq!(lab.world.shelf.put_record(&mut record).await?, Written::Done);
    lab.retry(Kind::Invoice, "a").await?;
    is_well(&lab, Kind::Invoice, "a")
}

async fn use_another_number(cause: Cause) -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "first", same)).await?;
    let number = match cause {
        Cause::NumberVoided => {
            lab.run(invoice("invoice.voided", "first", same)).await?;
            "SES-first"
        }
        Cause::NumberClash => {
            made_by_hand(&lab, 5.0).await?;
            "SES-7"
        }
        Cause::InXeroAlready => {
            made_by_hand(&lab, 100.0).await?;
            "SES-7"
        }
        _ => "SES-first",
    };
    lab.run(invoice("invoice.created", "a", |i| i["number"] = json!(number))).await?;
    stopped(&lab, Kind::Invoice, "a", cause)?;
    lab.run(invoice("invoice.updated", "a", |i| i["number"] = json!("SES-99"))).await?;
    is_well(&lab, Kind::Invoice, "a")
}

async fn correct_the_amount() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    let too_large = |invoice: &mut Value| invoice["lines"][0]["quantity"] = json!("9999999999");
    lab.run(invoice("invoice.created", "a", too_large)).await?;
    stopped(&lab, Kind::Invoice, "a", Cause::AmountInvalid)?;
    lab.run(invoice("invoice.updated", "a", same)).await?;
    is_well(&lab, Kind::Invoice, "a")
}

async fn correct_the_total() -> anyhow::Result<()> {
    for accepts in [true, false] {
        let mut lab = Lab::open().await?;
        lab.run(invoice("invoice.created", "a", price("100.00", "999.00"))).await?;
        stopped(&lab, Kind::Invoice, "a", Cause::TotalDiffers)?;
        if accepts {
            let mut record = lab.invoice("a");
            assert!(rules::retry::accept_total(&mut record));
            assert_eq!(lab.world.shelf.put_record(&mut record).await?, rules::ports::Written::Done);
            lab.retry(Kind::Invoice, "a").await?;
        } else {
            lab.run(invoice("invoice.updated", "a", same)).await?;
        }
        is_well(&lab, Kind::Invoice, "a")?;
    }
    Ok(())
}

async fn make_a_new_one(cause: Cause) -> anyhow::Result<()> {
    for heard in [false, true] {
        let mut lab = Lab::open().await?;
        currencies(&lab, &["GBP", "EUR"]).await?;
        lab.run(invoice("invoice.created", "a", same)).await?;
        if cause == Cause::VoidedInXero {
            lab.act(&Act::Void { invoice: lab.id(Kind::Invoice, "a") }).await?;
            if heard {
                lab.hear(Kind::Invoice, "a", Standing::Voided).await?;
            }
        }
        let other = |i: &mut Value| {
            i["currency"] = json!(if cause == Cause::VoidedInXero { "GBP" } else { "EUR" });
            price("200.00", "240.00")(i);
        };
        lab.run(invoice("invoice.updated", "a", other)).await?;
        stopped(&lab, Kind::Invoice, "a", cause)?;
        lab.run(invoice("invoice.voided", "a", same)).await?;
        let record = lab.invoice("a");
        anyhow::ensure!(record.stands == Standing::Voided && record.failure.is_none(), "heard {heard}: {record:?}");
        lab.run(invoice("invoice.created", "b", other)).await?;
        is_well(&lab, Kind::Invoice, "b")?;
    }
    Ok(())
}

async fn retry_once_it_is_shown() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    fault(&lab, "*", FaultKind::NotFound, 50).await?;
    lab.run(invoice("invoice.updated", "a", price("200.00", "240.00"))).await?;
    stopped(&lab, Kind::Invoice, "a", Cause::MissingInXero)?;
    lab.xero.side.control.clear_faults().await?;
    lab.retry(Kind::Invoice, "a").await?;
    is_well(&lab, Kind::Invoice, "a")
}

async fn restore_the_contact() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "first", same)).await?;
    let contact = lab.document().await?.contact;
    lab.act(&Act::ArchiveContact { contact, archived: true }).await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    stopped(&lab, Kind::Invoice, "a", Cause::ContactArchived)?;
    lab.act(&Act::ArchiveContact { contact, archived: false }).await?;
    lab.pass(HOUR).await?;
    lab.retry(Kind::Invoice, "a").await?;
    is_well(&lab, Kind::Invoice, "a")
}

async fn mended(cause: Cause, sentence: &str) -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    fault(&lab, "createInvoices", says(sentence), 1).await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    stopped(&lab, Kind::Invoice, "a", cause)?;
    lab.pass(HOUR).await?;
    lab.retry(Kind::Invoice, "a").await?;
    is_well(&lab, Kind::Invoice, "a")
}

async fn save_with_another_address() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    fault(&lab, "createInvoices", says("Email address must be valid."), 1).await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    stopped(&lab, Kind::Invoice, "a", Cause::EmailInvalid)?;
    lab.pass(HOUR).await?;
    let corrected = |i: &mut Value| i["organisation"]["email"] = json!("accounts@client.example");
    lab.run(invoice("invoice.updated", "a", corrected)).await?;
    is_well(&lab, Kind::Invoice, "a")
}

async fn upgrade_the_plan() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    let left = |left: u32| OrganisationChange { approvals_left: Some(left), ..OrganisationChange::default() };
    lab.xero.side.control.change_organisation(lab.tenant.uuid(), &left(0)).await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    stopped(&lab, Kind::Invoice, "a", Cause::PlanLimit)?;
    lab.xero.side.control.change_organisation(lab.tenant.uuid(), &left(100)).await?;
    lab.pass(HOUR).await?;
    lab.retry(Kind::Invoice, "a").await?;
    is_well(&lab, Kind::Invoice, "a")
}

async fn remove_the_payment() -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    let payment = lab.xero.side.control.pay(lab.tenant.uuid(), lab.id(Kind::Invoice, "a")).await?;
    lab.run(invoice("invoice.updated", "a", price("200.00", "240.00"))).await?;
    stopped(&lab, Kind::Invoice, "a", Cause::Paid)?;
    lab.xero.side.control.remove_payment(lab.tenant.uuid(), payment).await?;
    lab.pass(HOUR).await?;
    lab.retry(Kind::Invoice, "a").await?;
    is_well(&lab, Kind::Invoice, "a")
}

async fn undo_the_reconciliation() -> anyhow::Result<()> {
    let mut lab = Lab::with(Wishes { spend_money: true, ..Wishes::default() }).await?;
    lab.run(expense("expense.logged", "e", same)).await?;
    let id = lab.id(Kind::Expense, "e");
    lab.act(&Act::Reconcile { id, reconciled: true }).await?;
    lab.run(expense("expense.updated", "e", |e| e["amount"] = json!("70.00"))).await?;
    stopped(&lab, Kind::Expense, "e", Cause::Reconciled)?;
    lab.act(&Act::Reconcile { id, reconciled: false }).await?;
    lab.pass(HOUR).await?;
    lab.retry(Kind::Expense, "e").await?;
    is_well(&lab, Kind::Expense, "e")
}

async fn put_right_in_xero(cause: Cause, sentence: &str) -> anyhow::Result<()> {
    let mut lab = Lab::open().await?;
    lab.run(invoice("invoice.created", "a", same)).await?;
    fault(&lab, "updateInvoice", says(sentence), 2).await?;
    lab.run(invoice("invoice.updated", "a", |i| i["due_on"] = json!("2027-01-31"))).await?;
    stopped(&lab, Kind::Invoice, "a", cause)?;
    lab.xero.side.control.clear_faults().await?;
    lab.pass(HOUR).await?;
    lab.retry(Kind::Invoice, "a").await?;
    is_well(&lab, Kind::Invoice, "a")
}
