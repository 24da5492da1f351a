//! An invoice that somebody made in Xero under the number of one of ours: it is offered where it is the same, taken over
//! where the user says so and it still is, and never touched otherwise.

use super::decimal;
use super::lab::{HOUR, Lab, invoice, price, said, same};
use rig::shelf::Trouble;
use rules::choice::{ChoiceOutcome, DocumentChoice};
use rules::failure::Cause;
use rules::notification::Details;
use rules::ports::{Contacts as _, Records as _, Written};
use rules::record::{Kind, Standing, UnderWay};
use rules::sync::message::run_record;
use serde_json::{Value, json};
use uuid::Uuid;
use xero_stand_in::control::{Act, FaultKind, JournalQuery, OrganisationChange};

/// An account with a client whose contact is known, and what a stranger made for it.
struct Desk {
    lab: Lab,
    client: Uuid,
    theirs: Uuid,
}

/// The invoice of ours that has the stranger's number.
fn seven(invoice: &mut Value) {
    invoice["number"] = json!("SES-7");
}

fn sent_on(mut event: Value, day: &str) -> Value {
    event["invoice"]["due_on"] = json!(day);
    event
}

impl Desk {
    /// A stranger's invoice that is the same as ours, but for this.
    async fn with(change: impl FnOnce(&mut Value)) -> anyhow::Result<Self> {
        let mut lab = Lab::open().await?;
        lab.run(invoice("invoice.created", "first", same)).await?;
        let client = lab.document().await?.contact;
        let mut desk = Self { lab, client, theirs: Uuid::nil() };
        desk.theirs = desk.made_by_hand(change).await?;
        Ok(desk)
    }

    /// Offered for the invoice `a`.
    async fn offered() -> anyhow::Result<Self> {
        let mut desk = Self::with(|_| {}).await?;
        desk.lab.run(invoice("invoice.created", "a", seven)).await?;
        assert_eq!(desk.cause("a"), Some(Cause::InXeroAlready), "{}", said(&desk.lab.invoice("a")));
        Ok(desk)
    }

    async fn made_by_hand(&self, change: impl FnOnce(&mut Value)) -> anyhow::Result<Uuid> {
        let mut fields = json!({
            "Type": "ACCREC", "Status": "AUTHORISED", "InvoiceNumber": "SES-7", "Contact": { "ContactID": self.client },
            "Date": "2026-11-20", "DueDate": "2026-12-24", "LineAmountTypes": "Exclusive", "CurrencyCode": "GBP",
            "LineItems": [{ "Description": "By hand", "Quantity": 1, "UnitAmount": 100.0, "AccountCode": "260",
                "TaxType": "OUTPUT2" }],
        });
        change(&mut fields);
        let made = self.lab.xero.side.control.act(self.lab.tenant.uuid(), &Act::CreateInvoice { fields }).await?;
        Ok(made.id.expect("an invoice has an id"))
    }

    fn cause(&self, id: &str) -> Option<Cause> {
        self.lab.invoice(id).failure.map(|failure| failure.cause)
    }

    /// What the stranger made, as it is in Xero now.
    async fn shown(&self) -> anyhow::Result<Value> {
        let documents = self.lab.documents().await?;
        let found = documents.into_iter().find(|document| document.id == self.theirs).expect("it is there");
        Ok(serde_json::from_str(&found.text)?)
    }

    async fn edit(&self, fields: Value) -> anyhow::Result<()> {
        self.lab.act(&Act::EditInvoice { invoice: self.theirs, fields }).await
    }

    /// What was written to Xero after a moment of the journal.
    async fn writes(&self, since: u64) -> anyhow::Result<Vec<String>> {
        let calls = self.calls(since).await?;
        Ok(calls.into_iter().filter(|call| !call.starts_with("get")).collect())
    }

    async fn calls(&self, since: u64) -> anyhow::Result<Vec<String>> {
        let query = JournalQuery { since, tenant: Some(self.lab.tenant.uuid()), ..JournalQuery::default() };
        let journal = self.lab.xero.side.control.journal(&query).await?;
        Ok(journal.into_iter().map(|entry| entry.operation).collect())
    }

    async fn now(&self) -> anyhow::Result<u64> {
        let journal = self.lab.xero.side.control.journal(&JournalQuery::default()).await?;
        Ok(journal.last().map_or(0, |entry| entry.sequence))
    }

    /// The user presses the button; the message is in the queue.
    async fn press(&mut self, id: &str) -> anyhow::Result<Result<ChoiceOutcome, &'static str>> {
        let mut record = self.lab.invoice(id);
        let outcome = DocumentChoice::Adopt.apply(&mut record, self.lab.world.now());
        if outcome.is_ok() {
            assert_eq!(self.lab.world.shelf.put_record(&mut record).await?, Written::Done);
            let run = run_record("choice", &record.key, record.revision);
            let now = self.lab.world.now();
            self.lab.world.queue.send(run.account.as_str(), &run.deduplication, &run.event, now);
        }
        Ok(outcome)
    }

    /// The user presses the button, and what follows is done.
    async fn adopt(&mut self, id: &str) -> anyhow::Result<()> {
        assert_eq!(self.press(id).await?, Ok(ChoiceOutcome::Run));
        self.lab.drain().await
    }

    fn is_taken_over(&self, id: &str) {
        let record = self.lab.invoice(id);
        let reference = record.reference.as_ref().expect("it has a document");
        assert_eq!(*reference.id.as_uuid(), self.theirs, "{record:?}");
        assert!(reference.foreign && reference.written.is_some() && reference.written == reference.seen);
        assert_eq!((record.under_way, record.failure.as_ref(), record.to_adopt), (UnderWay::Nothing, None, None));
        assert_eq!(record.event, None, "{record:?}");
    }

    /// It was not taken over, nothing was written, and what the stranger made is as it was.
    async fn is_untouched(&self, id: &str, before: &Value, since: u64) -> anyhow::Result<()> {
        let record = self.lab.invoice(id);
        assert_eq!((record.reference.as_ref(), record.to_adopt), (None, None), "{record:?}");
        assert_eq!(self.shown().await?, *before);
        assert_eq!(self.writes(since).await?, Vec::<String>::new());
        Ok(())
    }
}

/// A name, what is other in the stranger's invoice, and what stops ours.
type Row = (&'static str, fn(&mut Value), Option<Cause>);

#[tokio::test]
async fn it_is_offered_where_client_total_currency_and_date_agree_and_nowhere_else() -> anyhow::Result<()> {
    let offered = Some(Cause::InXeroAlready);
    let clash = Some(Cause::NumberClash);
    let rows: [Row; 15] = [
        ("the same", |_| {}, offered),
        ("a draft", |i| i["Status"] = json!("DRAFT"), offered),
        ("one that waits for approval", |i| i["Status"] = json!("SUBMITTED"), offered),
        ("another due date, reference and text", |i| i["Reference"] = json!("PO 9"), offered),
        (
            "prices that contain the tax",
            |i| {
                i["LineAmountTypes"] = json!("Inclusive");
                i["LineItems"][0]["UnitAmount"] = json!(120.0);
            },
            offered,
        ),
        ("another client by its name", |i| i["Contact"] = json!({ "Name": "Somebody else" }), clash),
        ("another total", |i| i["LineItems"][0]["UnitAmount"] = json!(100.01), clash),
        ("another tax", |i| i["LineItems"][0]["TaxType"] = json!("RROUTPUT"), clash),
        ("another currency", |i| i["CurrencyCode"] = json!("EUR"), clash),
        ("another date", |i| i["Date"] = json!("2026-11-21"), clash),
        (
            "the mark of somebody else's record",
            |i| i["Url"] = json!("https://app.sessional.example/#record&sx=0123456789abcdef0123456789abcdef"),
            clash,
        ),
        ("a link of somebody's", |i| i["Url"] = json!("https://elsewhere.example/7"), offered),
        (
            "a bill",
            |i| {
                i["Type"] = json!("ACCPAY");
                i["LineItems"][0]["AccountCode"] = json!("429");
                i["LineItems"][0]["TaxType"] = json!("INPUT2");
            },
            None,
        ),
        ("voided", |i| i["InvoiceNumber"] = json!("SES-7"), Some(Cause::NumberVoided)),
        ("deleted", |i| i["Status"] = json!("DRAFT"), Some(Cause::NumberVoided)),
    ];
    for (name, change, cause) in rows {
        let mut desk = Desk::with(|_| {}).await?;
        // What is made here has the number; the first is out of the way.
        desk.edit(json!({ "InvoiceNumber": "SES-other" })).await?;
        let currencies = Some(vec!["GBP".to_owned(), "EUR".to_owned()]);
        let change_of = OrganisationChange { currencies, ..OrganisationChange::default() };
        desk.lab.xero.side.control.change_organisation(desk.lab.tenant.uuid(), &change_of).await?;
        desk.theirs = desk.made_by_hand(change).await?;
        if matches!(name, "voided" | "deleted") {
            desk.lab.act(&Act::Void { invoice: desk.theirs }).await?;
        }
        let (before, since) = (desk.shown().await?, desk.now().await?);
        desk.lab.run(invoice("invoice.created", "a", seven)).await?;
        let record = desk.lab.invoice("a");
        assert_eq!(desk.cause("a"), cause, "{name}: {}", said(&record));
        let adoptable = record.failure.as_ref().and_then(|failure| failure.adoptable);
        let expected = (cause == offered).then_some(desk.theirs);
        assert_eq!(adoptable.map(|id| *id.as_uuid()), expected, "{name}");
        assert_eq!(record.adoptable().is_some(), cause == offered, "{name}");
        assert_eq!(desk.shown().await?, before, "{name}");
        if cause == offered {
            let said = said(&record);
            assert!(said.contains("https://go.xero.com/") && said.contains("take it over"), "{said}");
            assert_eq!(desk.calls(since).await?, ["createInvoices", "getInvoices"], "{name}: one look, as before");
            desk.adopt("a").await?;
            desk.is_taken_over("a");
            assert_eq!(desk.shown().await?, before, "{name}: nothing was written");
        } else {
            assert!(desk.press("a").await?.is_err(), "{name}: nothing is offered");
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_is_taken_over_is_told_and_nothing_is_written() -> anyhow::Result<()> {
    let mut desk = Desk::offered().await?;
    let (before, since, told) = (desk.shown().await?, desk.now().await?, desk.lab.world.shelf.notifications().len());
    desk.adopt("a").await?;
    desk.is_taken_over("a");
    let record = desk.lab.invoice("a");
    assert_eq!((record.stands, record.number.as_str(), record.sent), (Standing::Synced, "SES-7", false));
    assert_eq!((record.amounts.xero_total, record.amounts.due), (Some(decimal("120")), Some(decimal("120"))));
    assert_eq!(desk.calls(since).await?, ["getInvoice"], "one look, and nothing else");
    assert_eq!(desk.shown().await?, before);
    let news = desk.lab.world.shelf.notifications().split_off(told);
    assert!(matches!(news.as_slice(), [one] if matches!(one.details, Details::RecordSynced { .. })), "{news:?}");
    let last = record.history.last().expect("it has a history");
    assert!(last.message.starts_with("Taken over from Xero, as you chose"), "{last:?}");
    // The same event once more, and the same press: nothing is left to be done.
    let since = desk.now().await?;
    desk.lab.run(invoice("invoice.created", "a", seven)).await?;
    assert!(desk.press("a").await?.is_err());
    desk.lab.drain().await?;
    assert_eq!(desk.calls(since).await?, Vec::<String>::new());
    desk.is_taken_over("a");
    Ok(())
}

#[tokio::test]
async fn what_is_paid_already_is_told_as_paid() -> anyhow::Result<()> {
    for (part, stands) in [(None, Standing::Paid), (Some("50"), Standing::PartPaid)] {
        let mut desk = Desk::offered().await?;
        let amount = part.map(decimal);
        desk.lab.act(&Act::Pay { document: desk.theirs, amount, date: None, reconciled: false }).await?;
        desk.adopt("a").await?;
        desk.is_taken_over("a");
        let record = desk.lab.invoice("a");
        assert_eq!((record.stands, record.amounts.paid), (stands, Some(amount.unwrap_or(decimal("120")))));
        let told = desk.lab.world.shelf.notifications();
        let paid = told.iter().filter(|one| match stands {
            Standing::Paid => matches!(one.details, Details::InvoicePaid { .. }),
            _ => matches!(one.details, Details::InvoicePartPaid { .. }),
        });
        assert_eq!(paid.count(), 1, "{told:?}");
    }
    Ok(())
}

/// A name, what happens to the stranger's invoice between offer and press, what stops ours, and what is said.
type Change = (&'static str, Value, Cause, &'static str);

#[tokio::test]
async fn what_is_not_the_same_any_more_is_not_taken_over_and_what_differs_is_said() -> anyhow::Result<()> {
    let line = |amount: f64, description: &str| {
        json!({ "LineItems": [{ "Description": description, "Quantity": 1, "UnitAmount": amount, "AccountCode": "260",
            "TaxType": "OUTPUT2" }] })
    };
    let changes: [Change; 5] = [
        ("total", line(101.0, "By hand"), Cause::NumberClash, "has another total."),
        ("date", json!({ "Date": "2026-11-19" }), Cause::NumberClash, "has another date."),
        ("number", json!({ "InvoiceNumber": "INV-1" }), Cause::NumberClash, "has another number."),
        ("client", json!({ "Contact": { "Name": "Somebody else" } }), Cause::NumberClash, "has another client."),
        (
            "several",
            json!({ "Date": "2026-11-19", "InvoiceNumber": "INV-1" }),
            Cause::NumberClash,
            "has another number, another date.",
        ),
    ];
    for (name, fields, cause, sentence) in changes {
        let mut desk = Desk::offered().await?;
        let original = desk.shown().await?;
        desk.edit(fields).await?;
        let (before, since) = (desk.shown().await?, desk.now().await?);
        desk.adopt("a").await?;
        assert_eq!(desk.cause("a"), Some(cause), "{name}");
        assert!(said(&desk.lab.invoice("a")).contains(sentence), "{name}: {}", said(&desk.lab.invoice("a")));
        desk.is_untouched("a", &before, since).await?;
        assert!(desk.press("a").await?.is_err(), "{name}: it is offered no more");
        // The advice: put it right there and retry.
        let right = json!({ "Date": "2026-11-20", "InvoiceNumber": "SES-7", "Contact": { "ContactID": desk.client },
            "LineItems": line(100.0, "By hand")["LineItems"] });
        desk.edit(right).await?;
        desk.lab.pass(HOUR).await?;
        desk.lab.retry(Kind::Invoice, "a").await?;
        assert_eq!(desk.cause("a"), Some(Cause::InXeroAlready), "{name}");
        desk.adopt("a").await?;
        desk.is_taken_over("a");
        assert_eq!(desk.shown().await?["Total"], original["Total"]);
    }
    Ok(())
}

#[tokio::test]
async fn what_is_void_or_not_shown_any_more_is_not_taken_over() -> anyhow::Result<()> {
    let mut desk = Desk::offered().await?;
    desk.lab.act(&Act::Void { invoice: desk.theirs }).await?;
    let (before, since) = (desk.shown().await?, desk.now().await?);
    desk.adopt("a").await?;
    assert_eq!(desk.cause("a"), Some(Cause::NumberVoided));
    desk.is_untouched("a", &before, since).await?;

    // An answer that says nothing of it is no news: what was offered is offered again.
    let mut desk = Desk::offered().await?;
    let (before, since) = (desk.shown().await?, desk.now().await?);
    desk.lab.fault("getInvoice", FaultKind::NotFound).await?;
    desk.adopt("a").await?;
    assert_eq!(desk.cause("a"), Some(Cause::MissingInXero));
    desk.is_untouched("a", &before, since).await?;
    desk.lab.pass(HOUR).await?;
    desk.lab.retry(Kind::Invoice, "a").await?;
    desk.adopt("a").await?;
    desk.is_taken_over("a");
    Ok(())
}

#[tokio::test]
async fn one_document_is_taken_over_by_one_record() -> anyhow::Result<()> {
    for at_once in [true, false] {
        let mut desk = Desk::offered().await?;
        desk.lab.run(invoice("invoice.created", "b", seven)).await?;
        assert_eq!(desk.cause("b"), Some(Cause::InXeroAlready));
        assert_eq!(desk.press("a").await?, Ok(ChoiceOutcome::Run));
        if !at_once {
            desk.lab.drain().await?;
            // Whoever has it is known by more than the claim by then.
            desk.lab.pass(HOUR * 2).await?;
        }
        desk.adopt("b").await?;
        desk.is_taken_over("a");
        assert_eq!((desk.cause("b"), desk.lab.invoice("b").reference), (Some(Cause::NumberOfAnother), None));
        // The advice: another number.
        desk.lab.run(invoice("invoice.updated", "b", |i| i["number"] = json!("SES-8"))).await?;
        assert_eq!(desk.lab.invoice("b").stands, Standing::Synced);
    }
    Ok(())
}

#[tokio::test]
async fn it_is_ours_for_whatever_comes_after() -> anyhow::Result<()> {
    let mut desk = Desk::offered().await?;
    desk.adopt("a").await?;
    let before = desk.shown().await?;
    // Only what Sessional changes is sent.
    desk.lab.run(sent_on(invoice("invoice.updated", "a", seven), "2027-01-31")).await?;
    let after = desk.shown().await?;
    assert_eq!(after["DueDateString"], json!("2027-01-31T00:00:00"));
    assert_eq!((&after["LineItems"], &after["Url"]), (&before["LineItems"], &before["Url"]));
    assert_ne!(after["SentToContact"], json!(true));
    desk.lab.run(sent_on(invoice("invoice.sent", "a", seven), "2027-01-31")).await?;
    assert_eq!(desk.shown().await?["SentToContact"], json!(true));
    // A line that Sessional makes dearer keeps the bookkeeper's account and text where those are not news.
    let dearer = |i: &mut Value| {
        seven(i);
        price("200.00", "240.00")(i);
    };
    desk.lab.run(sent_on(invoice("invoice.updated", "a", dearer), "2027-01-31")).await?;
    let after = desk.shown().await?;
    assert_eq!((said(&desk.lab.invoice("a")), &after["Total"]), (String::new(), &json!(240.0)), "{after}");
    let lines = after["LineItems"].as_array().expect("it has lines");
    assert_eq!(lines.iter().map(|line| &line["AccountCode"]).collect::<Vec<_>>(), [&json!("260")]);
    // The user took it over: it goes as the user says.
    desk.lab.run(invoice("invoice.voided", "a", seven)).await?;
    assert_eq!(desk.shown().await?["Status"], json!("VOIDED"));
    assert_eq!(desk.lab.invoice("a").stands, Standing::Voided);
    Ok(())
}

#[tokio::test]
async fn lines_that_say_it_otherwise_give_way_to_sessionals_with_the_first_change_of_them() -> anyhow::Result<()> {
    // Two lines for our one, and one that is text alone.
    let split = json!([
        { "Description": "Morning", "Quantity": 1, "UnitAmount": 40.0, "AccountCode": "260", "TaxType": "OUTPUT2" },
        { "Description": "Afternoon", "Quantity": 1, "UnitAmount": 60.0, "AccountCode": "260", "TaxType": "OUTPUT2" },
        { "Description": "With thanks" },
    ]);
    let mut desk = Desk::with(|i| i["LineItems"] = split).await?;
    desk.lab.run(invoice("invoice.created", "a", seven)).await?;
    desk.adopt("a").await?;
    desk.is_taken_over("a");
    let dearer = |i: &mut Value| {
        seven(i);
        price("200.00", "240.00")(i);
    };
    desk.lab.run(invoice("invoice.updated", "a", dearer)).await?;
    let after = desk.shown().await?;
    assert_eq!((said(&desk.lab.invoice("a")), &after["Total"]), (String::new(), &json!(240.0)), "{after}");
    let texts: Vec<&Value> =
        after["LineItems"].as_array().expect("lines").iter().map(|it| &it["Description"]).collect();
    assert_eq!(texts, [&json!("Studio session"), &json!("With thanks")]);
    Ok(())
}

#[tokio::test]
async fn a_draft_that_was_taken_over_is_deleted_where_a_void_comes() -> anyhow::Result<()> {
    let mut desk = Desk::with(|i| i["Status"] = json!("DRAFT")).await?;
    desk.lab.run(invoice("invoice.created", "a", seven)).await?;
    desk.adopt("a").await?;
    desk.lab.run(invoice("invoice.voided", "a", seven)).await?;
    assert_eq!(desk.shown().await?["Status"], json!("DELETED"));
    Ok(())
}

#[tokio::test]
async fn without_the_users_word_nothing_of_it_is_touched() -> anyhow::Result<()> {
    for of_type in ["invoice.created", "invoice.updated", "invoice.sent", "invoice.voided"] {
        let mut desk = Desk::offered().await?;
        let before = desk.shown().await?;
        let other = |i: &mut Value| {
            seven(i);
            i["due_on"] = json!("2027-01-31");
        };
        desk.lab.run(invoice(of_type, "a", other)).await?;
        desk.lab.pass(HOUR).await?;
        let record = desk.lab.invoice("a");
        assert_eq!((desk.shown().await?, record.reference), (before, None), "{of_type}");
        let stands = if of_type == "invoice.voided" { Standing::TakenBack } else { Standing::NotInXero };
        assert_eq!(record.stands, stands, "{of_type}");
    }
    Ok(())
}

#[tokio::test]
async fn what_comes_between_the_press_and_the_work_counts() -> anyhow::Result<()> {
    // Other content is another wish: the choice was about what it said before.
    let mut desk = Desk::offered().await?;
    desk.lab.send(invoice("invoice.updated", "a", |i| i["number"] = json!("SES-8")));
    assert_eq!(desk.press("a").await?, Ok(ChoiceOutcome::Run));
    let before = desk.shown().await?;
    desk.lab.drain().await?;
    assert_eq!(desk.shown().await?, before);
    let record = desk.lab.invoice("a");
    assert_eq!((record.stands, record.number.as_str()), (Standing::Synced, "SES-8"));
    assert_ne!(record.reference.map(|reference| *reference.id.as_uuid()), Some(desk.theirs));
    let tried = record.history.iter().find(|entry| entry.message.contains("was not taken over"));
    assert_eq!(tried, None, "nobody wanted that any more");

    // The same content is the same wish.
    let mut desk = Desk::offered().await?;
    desk.lab.send(invoice("invoice.sent", "a", seven));
    assert_eq!(desk.press("a").await?, Ok(ChoiceOutcome::Run));
    desk.lab.drain().await?;
    desk.is_taken_over("a");

    // What is taken back is not taken over.
    let mut desk = Desk::offered().await?;
    desk.lab.send(invoice("invoice.voided", "a", seven));
    assert_eq!(desk.press("a").await?, Ok(ChoiceOutcome::Run));
    let before = desk.shown().await?;
    desk.lab.drain().await?;
    assert_eq!(desk.shown().await?, before);
    assert_eq!(desk.lab.invoice("a").stands, Standing::TakenBack);
    Ok(())
}

#[tokio::test]
async fn it_waits_while_xero_does_not_answer_and_goes_on_by_itself() -> anyhow::Result<()> {
    let faults = [
        FaultKind::Unavailable,
        FaultKind::ServerErrorBefore,
        FaultKind::DropBefore,
        FaultKind::DropAfter,
        FaultKind::Offline,
    ];
    for fault in faults {
        let mut desk = Desk::offered().await?;
        let (before, since) = (desk.shown().await?, desk.now().await?);
        desk.lab.fault("getInvoice", fault.clone()).await?;
        assert_eq!(desk.press("a").await?, Ok(ChoiceOutcome::Run));
        desk.lab.work().await?;
        assert_eq!(desk.lab.invoice("a").under_way, UnderWay::Waiting, "{fault:?}");
        desk.lab.drain().await?;
        desk.is_taken_over("a");
        assert_eq!(desk.shown().await?, before, "{fault:?}");
        assert_eq!(desk.writes(since).await?, Vec::<String>::new(), "{fault:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_crash_anywhere_leaves_one_document_taken_over_once() -> anyhow::Result<()> {
    for trouble in [Trouble::DiesBefore, Trouble::DiesAfter, Trouble::FailsBefore, Trouble::FailsAfter] {
        for after in 0..30 {
            let mut desk = Desk::offered().await?;
            let (before, since) = (desk.shown().await?, desk.now().await?);
            assert_eq!(desk.press("a").await?, Ok(ChoiceOutcome::Run));
            let uses = desk.lab.world.shelf.uses();
            desk.lab.world.shelf.order(after, trouble);
            desk.lab.drain().await?;
            desk.is_taken_over("a");
            assert_eq!(desk.shown().await?, before, "{trouble:?} {after}");
            assert_eq!(desk.writes(since).await?, Vec::<String>::new(), "{trouble:?} {after}");
            if desk.lab.world.shelf.uses() - uses <= after {
                assert!(after > 4, "the crash was never reached");
                break;
            }
            assert!(after < 29, "there are more uses of a store than were tried");
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_client_is_known_by_its_contact_and_only_without_one_by_its_name() -> anyhow::Result<()> {
    // A client that is new: its contact is found by its name, for which the stranger wrote.
    let mut desk = Desk::with(|i| i["Contact"] = json!({ "Name": "Tidewater Studios Ltd" })).await?;
    let new = |i: &mut Value| {
        seven(i);
        i["organisation"] = json!({ "id": "org_9", "name": "TIDEWATER studios Ltd" });
    };
    desk.lab.run(invoice("invoice.created", "a", new)).await?;
    assert_eq!(desk.cause("a"), Some(Cause::InXeroAlready), "{}", said(&desk.lab.invoice("a")));
    // It is forgotten which contact that was.
    let (shelf, account, tenant) = (&desk.lab.world.shelf, desk.lab.tenant.account.clone(), desk.lab.tenant.id);
    let mut reference = shelf.contact(&account, tenant, "org_9").await?.expect("it is known");
    reference.contact = None;
    assert_eq!(shelf.put_contact(&mut reference).await?, Written::Done);
    desk.adopt("a").await?;
    desk.is_taken_over("a");

    // Two clients of one name are two: what was written for the one is not the other's.
    let mut desk = Desk::with(|_| {}).await?;
    let twin = |i: &mut Value| {
        seven(i);
        i["organisation"] = json!({ "id": "org_2", "name": "Harbour Sound Ltd" });
    };
    desk.lab.run(invoice("invoice.created", "a", twin)).await?;
    assert_eq!(desk.cause("a"), Some(Cause::NumberClash));
    Ok(())
}

#[tokio::test]
async fn a_contact_that_was_merged_is_the_same_client() -> anyhow::Result<()> {
    let mut desk = Desk::offered().await?;
    let fields = json!({ "Name": "Harbour Group" });
    let winner = desk.lab.xero.side.control.act(desk.lab.tenant.uuid(), &Act::CreateContact { fields }).await?.id;
    let winner = winner.expect("a contact has an id");
    desk.lab.act(&Act::MergeContacts { loser: desk.client, winner }).await?;
    desk.edit(json!({ "Contact": { "ContactID": winner } })).await?;
    desk.adopt("a").await?;
    desk.is_taken_over("a");
    Ok(())
}
