//! The bookkeeper, who works in Xero's own pages; and Xero itself, which takes connections away.

use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;
use xero_stand_in::control::{Act, OrganisationChange};

use crate::plan::{Deed, Turn};
use crate::stage::{Stage, amount, find};

impl Stage {
    /// The bookkeeper does something to a document, if it is there.
    pub(crate) async fn bookkeeper(&mut self, number: usize, at: usize, deed: Deed) -> anyhow::Result<()> {
        if deed == Deed::Twin {
            return self.twin(number, at).await;
        }
        let Some(account) = self.accounts.get(number) else { return Ok(()) };
        let Some(document) = account.documents.get(at) else { return Ok(()) };
        let (name, mark) = (document.id.clone(), document.mark());
        let tenant = account.tenant();
        self.service.xero.inside.set_time(self.service.calendar.now());
        let books = self.service.control.snapshot(tenant).await?;
        let Some((id, shown)) = self.in_books(&books, number, at) else { return Ok(()) };
        let contact =
            shown.pointer("/Contact/ContactID").and_then(Value::as_str).and_then(|id| Uuid::parse_str(id).ok());
        let act = match (deed, contact) {
            (Deed::Pay, _) => Act::Pay { document: id, amount: None, date: None, reconciled: false },
            (Deed::PartPay, _) => {
                let half = (amount(&shown, "AmountDue") / Decimal::TWO).round_dp(2);
                Act::Pay { document: id, amount: Some(half), date: None, reconciled: false }
            }
            (Deed::Unpay, _) => {
                let Some(payment) = last_payment(&books, id) else { return Ok(()) };
                Act::RemovePayment { payment }
            }
            (Deed::Credit, _) => Act::Credit { invoice: id, amount: None },
            (Deed::VoidThere, _) => Act::Void { invoice: id },
            (Deed::Redate, _) => Act::EditInvoice { invoice: id, fields: json!({ "DueDate": "2027-01-31" }) },
            (Deed::Reprice, _) => {
                // The text by which the model finds it stays.
                let text = format!("{mark} changed by hand");
                let line = json!({ "Description": text, "Quantity": 1, "UnitAmount": 77, "AccountCode": "200" });
                Act::EditInvoice { invoice: id, fields: json!({ "LineItems": [line] }) }
            }
            (Deed::RenumberThere, _) => {
                Act::EditInvoice { invoice: id, fields: json!({ "InvoiceNumber": format!("BK-{number}-{at}") }) }
            }
            (Deed::ArchiveContact, Some(contact)) => Act::ArchiveContact { contact, archived: true },
            (Deed::RenameContact, Some(contact)) => {
                Act::EditContact { contact, fields: json!({ "Name": format!("Renamed {number} {at}") }) }
            }
            (Deed::MergeContact, Some(loser)) => {
                let fields = json!({ "Name": format!("Merged {number} {at}") });
                let winner = self.service.control.act(tenant, &Act::CreateContact { fields }).await?.id;
                let Some(winner) = winner else { return Ok(()) };
                Act::MergeContacts { loser, winner }
            }
            _ => return Ok(()),
        };
        let outcome = self.service.control.act(tenant, &act).await;
        self.service.xero.happened.notify_one();
        let told = match &outcome {
            Ok(_) => "done".to_owned(),
            Err(error) => format!("Xero refuses: {error}"),
        };
        self.note("bookkeeper", format!("{deed:?} of {name}: {told}"));
        if outcome.is_ok()
            && let Some(account) = self.accounts.get_mut(number)
        {
            let word = match deed {
                Deed::Pay | Deed::PartPay | Deed::Credit => "paid",
                Deed::Unpay => "unpaid",
                Deed::ArchiveContact | Deed::MergeContact | Deed::RenameContact => "contact",
                Deed::VoidThere => "voided",
                _ => "edited",
            };
            if word == "contact" {
                account.excuses.insert("contact");
            } else if let Some(document) = account.documents.get_mut(at) {
                document.touched.push(word);
            }
        }
        Ok(())
    }

    /// The live document about a document of Sessional's, if there is one.
    pub(crate) fn in_books(&self, books: &Value, number: usize, at: usize) -> Option<(Uuid, Value)> {
        let account = self.accounts.get(number)?;
        let document = account.documents.get(at)?;
        let tenant = account.tenant();
        let of = |list: &str, key: &str| -> Vec<(Uuid, Value)> {
            let all = books.get(list).and_then(Value::as_array).into_iter().flatten();
            let about = all.filter(|element| element.to_string().contains(&document.mark()));
            about
                .filter_map(|element| Some((element.get(key)?.as_str()?.parse().ok()?, element.clone())))
                .filter(|(id, _): &(Uuid, Value)| !account.strangers.contains_key(&(tenant, id.to_string())))
                .collect()
        };
        let found = of("Invoices", "InvoiceID").into_iter().chain(of("BankTransactions", "BankTransactionID"));
        let mut found: Vec<(Uuid, Value)> = found.collect();
        found.sort_by_key(|(_, element)| is_dead(element));
        found.into_iter().next()
    }

    /// Somebody made the very same invoice by hand, before: it lacks our mark and nothing else.
    async fn twin(&mut self, number: usize, at: usize) -> anyhow::Result<()> {
        let now = self.service.calendar.now();
        let Some(account) = self.accounts.get_mut(number) else { return Ok(()) };
        let (tenant, vat) = (account.tenant(), account.vat);
        let Some(document) = account.documents.get_mut(at) else { return Ok(()) };
        if document.made || document.is_expense {
            return Ok(());
        }
        let date = now.to_zoned(TimeZone::UTC).date().to_string();
        let (name, price) = (document.client_name.clone(), Decimal::new(document.pence, 2));
        let line = json!({ "Description": format!("{} session", document.mark()), "Quantity": 3,
            "UnitAmount": price.to_string().parse::<f64>()?, "AccountCode": "200",
            "TaxType": if vat { "OUTPUT2" } else { "NONE" } });
        let mut fields = json!({ "Type": "ACCREC", "Status": "AUTHORISED", "InvoiceNumber": document.number,
            "Date": date, "DueDate": "2027-01-20", "CurrencyCode": "GBP",
            "LineAmountTypes": if vat { "Exclusive" } else { "NoTax" }, "LineItems": [line] });
        document.touched.push("twin");
        let books = self.service.control.snapshot(tenant).await?;
        let contact = find(&books, "Contacts", "Name", &name).and_then(|contact| contact.get("ContactID")).cloned();
        let contact = match contact {
            Some(contact) => contact,
            None => {
                let made =
                    self.service.control.act(tenant, &Act::CreateContact { fields: json!({ "Name": name }) }).await;
                json!(made.ok().and_then(|made| made.id))
            }
        };
        if let Some(fields) = fields.as_object_mut() {
            fields.insert("Contact".to_owned(), json!({ "ContactID": contact }));
        }
        let made = self.service.control.act(tenant, &Act::CreateInvoice { fields }).await;
        self.note("bookkeeper", format!("makes a twin of document {at} of account {number}: {}", made.is_ok()));
        match made.ok().and_then(|made| made.id) {
            Some(id) => self.remember_stranger(number, id).await,
            None => Ok(()),
        }
    }

    /// The bookkeeper, or Xero, does something to the account.
    pub(crate) async fn turn_there(&mut self, number: usize, turn: Turn) -> anyhow::Result<()> {
        let Some(account) = self.accounts.get_mut(number) else { return Ok(()) };
        let (tenant, user, id) = (account.tenant(), account.user, account.id.clone());
        let now = self.service.calendar.now();
        let act = match turn {
            Turn::ArchiveAccount | Turn::RestoreAccount => {
                account.excuses.insert("account archived");
                Act::ArchiveAccount { code: account.sales.clone(), archived: turn == Turn::ArchiveAccount }
            }
            Turn::RecodeAccount => {
                let code = std::mem::replace(&mut account.sales, "2001".to_owned());
                Act::RecodeAccount { code, to: "2001".to_owned() }
            }
            Turn::Lock => {
                account.excuses.insert("period locked");
                Act::LockPeriod { until: Some(now.to_zoned(TimeZone::UTC).date()), end_of_year: false }
            }
            Turn::Unlock => Act::LockPeriod { until: None, end_of_year: false },
            Turn::Revoke => {
                account.revoked = true;
                Act::DisconnectApp { client_id: Self::app().to_owned(), user: Some(user) }
            }
            Turn::Register => {
                account.excuses.insert("registered");
                let change = OrganisationChange { pays_tax: Some(true), ..OrganisationChange::default() };
                self.service.control.change_organisation(tenant, &change).await?;
                return Ok(());
            }
            Turn::Exhaust => {
                self.service.xero.inside.set_time(now);
                self.service.control.exhaust_limit(Self::app(), tenant, true).await?;
                self.note("xero", format!("the day's calls of {id} are used up"));
                return Ok(());
            }
            _ => return Ok(()),
        };
        self.service.xero.inside.set_time(now);
        let done = self.service.control.act(tenant, &act).await.is_ok();
        self.note("bookkeeper", format!("{turn:?} of {id}: {done}"));
        Ok(())
    }
}

/// Whether a document in Xero counts no more.
pub(crate) fn is_dead(element: &Value) -> bool {
    matches!(element.get("Status").and_then(Value::as_str), Some("VOIDED" | "DELETED"))
}

fn last_payment(books: &Value, document: Uuid) -> Option<Uuid> {
    let all = books.get("Payments").and_then(Value::as_array)?;
    let alive = |payment: &&Value| !is_dead(payment);
    let about = |payment: &&Value| payment.to_string().contains(&document.to_string());
    let payment = all.iter().filter(alive).rfind(about)?;
    payment.get("PaymentID").and_then(Value::as_str)?.parse().ok()
}
