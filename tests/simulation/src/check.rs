//! What is held against the simple model: what people did, and nothing of how the service does it.

use rust_decimal::Decimal;
use serde_json::Value;

use crate::bookkeeper::is_dead;
use crate::stage::{Stage, amount, find};

/// States in which a record may stay for good.
const FINAL: [&str; 10] =
    ["synced", "part_paid", "paid", "voided", "deleted", "unlinked", "tombstone", "skipped", "failed", "none"];
/// Types of events that the contract has.
const TYPES: [&str; 7] = [
    "invoice.created",
    "invoice.updated",
    "invoice.sent",
    "invoice.voided",
    "expense.logged",
    "expense.updated",
    "expense.deleted",
];

impl Stage {
    /// What has to be so at every moment.
    pub(crate) async fn look(&mut self) -> anyhow::Result<()> {
        self.service.xero.inside.set_time(self.service.calendar.now());
        for number in 0..self.accounts.len() {
            let tenants = self.accounts.get(number).map(|account| account.tenants.clone()).unwrap_or_default();
            for tenant in tenants {
                let books = self.service.control.snapshot(tenant).await?;
                self.check_strangers(number, tenant, &books);
                self.check_doubles(number, tenant, &books);
            }
            if self.looks_at_money {
                self.check_money(number).await?;
            }
        }
        Ok(())
    }

    fn check_strangers(&mut self, number: usize, tenant: uuid::Uuid, books: &Value) {
        let Some(account) = self.accounts.get(number) else { return };
        let mut changed = Vec::new();
        for ((of, id), was) in account.strangers.iter().filter(|((of, _), _)| *of == tenant) {
            let is = find(books, "Invoices", "InvoiceID", id);
            let same = |key: &str| is.and_then(|is| part(is, key)) == part(was, key);
            let keys =
                ["InvoiceNumber", "Status", "Total", "SentToContact", "LineItems", "Url", "DueDate", "Reference"];
            if let Some(key) = keys.into_iter().find(|key| !same(key)) {
                changed.push(format!("{id} of {of}: {key}"));
            }
        }
        for detail in changed {
            self.violate("stranger-changed", detail);
        }
    }

    fn check_doubles(&mut self, number: usize, tenant: uuid::Uuid, books: &Value) {
        let Some(account) = self.accounts.get(number) else { return };
        let mut found = Vec::new();
        for document in &account.documents {
            let all =
                ["Invoices", "BankTransactions"].into_iter().filter_map(|list| books.get(list)?.as_array()).flatten();
            let about = all.filter(|element| element.to_string().contains(&document.mark()) && !is_dead(element));
            let ours = about.filter(|element| {
                let id = element.get("InvoiceID").and_then(Value::as_str).unwrap_or_default();
                !account.strangers.contains_key(&(tenant, id.to_owned()))
            });
            if ours.count() > 1 {
                let last = document.events.last().and_then(|event| event.get("type")).and_then(Value::as_str);
                let last = last.unwrap_or_default().to_owned();
                found.push((format!("doubled:{}", document.kind()), format!("{} after {last}", document.id)));
            }
        }
        for (signature, detail) in found {
            self.violate(&signature, detail);
        }
    }

    /// What has to be so when all has been well for a day.
    pub(crate) async fn check(&mut self) -> anyhow::Result<()> {
        self.look().await?;
        self.check_queues();
        for number in 0..self.accounts.len() {
            let status = self.status(number).await?;
            let Some(account) = self.accounts.get(number) else { continue };
            let (id, tenant) = (account.id.clone(), account.tenant());
            let (connected, revoked) = (account.connected.is_some(), account.revoked);
            if connected && !revoked && status != "connected" {
                self.violate("not-connected", format!("{id} is {status} a day after all is well"));
            }
            if status != "connected" || self.restored {
                continue;
            }
            let books = self.service.control.snapshot(tenant).await?;
            self.check_contacts(number, &books);
            let count = self.accounts.get(number).map_or(0, |account| account.documents.len());
            for at in 0..count {
                self.check_document(number, at, &books).await?;
            }
        }
        Ok(())
    }

    fn check_queues(&mut self) {
        for queue in
            ["SyncDeadLetterQueue", "PaymentDeadLetterQueue", "UpkeepDeadLetterQueue", "NotificationDeadLetterQueue"]
        {
            let (dead, _) = self.service.cloud.messages(queue);
            for message in dead {
                let body: Value = serde_json::from_str(&message.body).unwrap_or_default();
                let of_type = body.get("type").and_then(Value::as_str).unwrap_or("message");
                let known = queue != "SyncDeadLetterQueue" || TYPES.contains(&of_type);
                if known {
                    let reason = message.reason.unwrap_or_else(|| "no reason".to_owned());
                    self.violate(&format!("dead-letter:{queue}:{of_type}"), reason);
                }
            }
        }
        for queue in ["SyncQueue", "PaymentQueue", "UpkeepQueue"] {
            let (left, lost) = self.service.cloud.messages(queue);
            if !lost.is_empty() {
                self.violate(&format!("expired:{queue}"), format!("{} messages grew too old", lost.len()));
            }
            if queue == "SyncQueue" && !left.is_empty() {
                self.violate("left-in-queue", format!("{} messages wait a day after all is well", left.len()));
            }
        }
    }

    fn check_contacts(&mut self, number: usize, books: &Value) {
        let Some(account) = self.accounts.get(number) else { return };
        if account.excuses.contains("contact") {
            return;
        }
        let contacts = books.get("Contacts").and_then(Value::as_array).into_iter().flatten();
        let active =
            contacts.filter(|contact| contact.get("ContactStatus").and_then(Value::as_str) != Some("ARCHIVED"));
        let names: Vec<String> =
            active.filter_map(|contact| contact.get("Name")?.as_str()).map(str::to_lowercase).collect();
        for name in &names {
            let twins =
                names.iter().filter(|other| other.starts_with(name.as_str()) && other.contains("client")).count();
            if twins > 1 && name.contains("client") {
                self.violate("contact-doubled", format!("{twins} contacts begin with one name"));
                return;
            }
        }
    }

    async fn check_document(&mut self, number: usize, at: usize, books: &Value) -> anyhow::Result<()> {
        let record = self.record(number, at).await?;
        let found = self.in_books(books, number, at).map(|(_, shown)| shown);
        let told = self.told_of(number, at);
        let Some(account) = self.accounts.get(number) else { return Ok(()) };
        let Some(document) = account.documents.get(at).cloned() else { return Ok(()) };
        if document.events.is_empty() {
            return Ok(());
        }
        let (excused, other) = (!account.excuses.is_empty(), account.excuses.contains("other organisation"));
        let last =
            document.events.last().and_then(|event| event.get("type")).and_then(Value::as_str).unwrap_or_default();
        let name = document.id.clone();
        let Some(record) = record else {
            if !document.uncertain && !other {
                self.violate(&format!("no-record:{last}"), format!("{name} was accepted and has no record"));
            }
            return Ok(());
        };
        let text = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let state = text("state");
        let stands = if text("stands").is_empty() { state.clone() } else { text("stands") };
        let under_way = text("under_way");
        let waits = !FINAL.contains(&state.as_str()) && !state.is_empty()
            || matches!(under_way.as_str(), "intent" | "waiting" | "held");
        if waits && !excused {
            let word = if under_way.is_empty() { state.clone() } else { under_way.clone() };
            self.violate(&format!("stuck:{word}:{last}"), format!("{name}: {}", text("message")));
        }
        let failed = state == "failed" || under_way == "failed";
        let cause =
            record.pointer("/failure/cause").map(|cause| cause.to_string().chars().take(40).collect::<String>());
        let touched = |word: &str| document.touched.contains(&word);
        if failed {
            let reason =
                excused || !document.touched.is_empty() || document.uncertain || number_reused(&document.events);
            if !reason {
                let cause = cause.unwrap_or_default().replace('"', "");
                self.violate(&format!("failed:{cause}:{last}"), format!("{name}: {}", text("message")));
            }
            return Ok(());
        }
        if waits || other {
            return Ok(());
        }
        let alive = found.as_ref().is_some_and(|shown| !is_dead(shown));
        if touched("twin") && found.is_none() {
            return Ok(());
        }
        if document.removed {
            if alive && !document.uncertain {
                self.violate(&format!("alive-after:{last}"), format!("{name} is {stands} and lives in Xero"));
            }
            return Ok(());
        }
        if touched("voided") || document.uncertain || state == "skipped" {
            return Ok(());
        }
        let Some(shown) = found.filter(|_| alive) else {
            if matches!(stands.as_str(), "synced" | "paid" | "part_paid") {
                self.violate(&format!("missing:{last}"), format!("{name} is {stands} and not in Xero"));
            } else {
                self.violate(&format!("lost:{last}"), format!("{name} is {stands}: {}", text("message")));
            }
            return Ok(());
        };
        self.check_content(&document, &record, &shown, last);
        self.check_told(&document, &shown, &told, &stands);
        Ok(())
    }

    fn check_content(&mut self, document: &crate::document::Document, record: &Value, shown: &Value, last: &str) {
        let name = &document.id;
        let settled = document.touched.iter().any(|word| matches!(*word, "edited" | "paid" | "unpaid" | "basis"));
        let (is, wanted) = (amount(shown, "Total"), document.total());
        let remarked = |key: &str| record.get(key).is_some_and(|value| !value.is_null());
        if is != wanted && !settled {
            self.violate(&format!("stale:{last}"), format!("{name} comes to {is} in Xero and {wanted} in Sessional"));
        }
        if document.is_expense {
            return;
        }
        let number = shown.get("InvoiceNumber").and_then(Value::as_str).unwrap_or_default();
        if number != document.number && !settled && !remarked("remark") {
            self.violate(&format!("number:{last}"), format!("{name} is {number} in Xero and {} here", document.number));
        }
        let sent = shown.get("SentToContact").and_then(Value::as_bool).unwrap_or_default();
        if document.sent && !sent && !settled && !remarked("remark") {
            self.violate(&format!("not-marked-sent:{last}"), name.clone());
        }
        let xero_total = record.pointer("/amounts/xero_total").and_then(Value::as_str);
        let xero_total: Option<Decimal> = xero_total.and_then(|total| total.parse().ok());
        if xero_total.is_some_and(|total| total != is) && !settled {
            self.violate(&format!("record-shows-other-total:{last}"), format!("{name}: {xero_total:?} and {is}"));
        }
    }

    /// What Sessional was last told of an invoice's payment: the newest by its own order.
    fn told_of(&self, number: usize, at: usize) -> Option<String> {
        let document = self.accounts.get(number)?.documents.get(at)?;
        let of_payment = |told: &&harness::service::Told| {
            let of_type = told.notification.get("type").and_then(Value::as_str).unwrap_or_default();
            let about = told.notification.get("invoice_id").and_then(Value::as_str);
            about == Some(document.id.as_str()) && of_type.starts_with("invoice.")
        };
        let told = self.service.told();
        let order = |told: &&harness::service::Told| {
            let order = ["order", "order_number"].iter().find_map(|key| told.notification.get(*key)?.as_i64());
            (order, told.notification.get("occurred_at").map(Value::to_string))
        };
        let newest = told.iter().filter(of_payment).max_by_key(order)?;
        newest.notification.get("type").and_then(Value::as_str).map(str::to_owned)
    }

    /// What was last told of an invoice, at this moment.
    pub(crate) fn check_told_of(&mut self, number: usize, at: usize, shown: &Value, record: &Value) {
        let told = self.told_of(number, at);
        let stands = record.get("stands").and_then(Value::as_str).unwrap_or_default();
        let document = self.accounts.get(number).and_then(|account| account.documents.get(at)).cloned();
        if let Some(document) = document.filter(|document| !document.removed) {
            self.check_told(&document, shown, &told, stands);
        }
    }

    fn check_told(&mut self, document: &crate::document::Document, shown: &Value, told: &Option<String>, stands: &str) {
        if document.is_expense {
            return;
        }
        let (paid, credited) = (amount(shown, "AmountPaid"), amount(shown, "AmountCredited"));
        let due = amount(shown, "AmountDue");
        let status = shown.get("Status").and_then(Value::as_str).unwrap_or_default();
        let told = told.as_deref().unwrap_or("nothing");
        let right = match (status, paid.is_zero() && credited.is_zero(), due.is_zero()) {
            ("PAID", ..) => matches!(told, "invoice.paid" | "invoice.settled_by_credit"),
            (_, true, _) => matches!(told, "nothing" | "invoice.payment_reversed"),
            (_, false, false) => {
                matches!(told, "invoice.part_paid" | "invoice.payment_reversed" | "invoice.settled_by_credit")
            }
            (_, false, true) => true,
        };
        if !right {
            let detail =
                format!("{} is {status} with {paid} paid, the record is {stands}, and told was {told}", document.id);
            let seen = if status == "PAID" {
                "paid"
            } else if paid.is_zero() {
                "unpaid"
            } else {
                "part-paid"
            };
            self.violate(&format!("told-wrong:{seen}:{told}"), detail);
        }
    }
}

/// Whether the document was removed and made again: its number stays taken in Xero.
fn number_reused(events: &[Value]) -> bool {
    let of_type = |event: &Value, word: &str| event.get("type").and_then(Value::as_str) == Some(word);
    events.iter().any(|event| of_type(event, "invoice.voided"))
        && events.iter().filter(|event| of_type(event, "invoice.created")).count() > 1
}

/// A part of a document. A bookkeeper who gives an account another code changes it in every line that there is.
fn part(document: &Value, key: &str) -> Option<Value> {
    let mut part = document.get(key)?.clone();
    for line in part.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        line.remove("AccountCode");
    }
    Some(part)
}
