//! The stage of one run: the service, the accounts with their organisations at Xero, and what everybody remembers.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use anyhow::Context as _;
use harness::service::{CLIENT_ID, Service};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;
use xero_stand_in::control::{Act, NewOrganisation, NewUser, OrganisationChange, Role};

use crate::document::Document;
use crate::plan::{DOCUMENTS, Plan};

/// When every run begins.
pub(crate) const BEGIN: &str = "2026-11-02T07:00:00Z";
/// Organisations of an account.
const TENANTS: usize = 2;

/// A Sessional account, its user's view of it.
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) user: Uuid,
    pub(crate) tenants: Vec<Uuid>,
    /// The organisation that it is connected to.
    pub(crate) connected: Option<usize>,
    /// The organisation that it was last connected to.
    pub(crate) last: usize,
    /// Since when.
    pub(crate) changed: Vec<(Timestamp, Vec<Uuid>)>,
    pub(crate) documents: Vec<Document>,
    /// What people did that may make documents fail.
    pub(crate) excuses: BTreeSet<&'static str>,
    pub(crate) revoked: bool,
    pub(crate) vat: bool,
    pub(crate) spend_money: bool,
    /// The code of the account that sales go to.
    pub(crate) sales: String,
    /// Strangers' documents, as they were.
    pub(crate) strangers: BTreeMap<(Uuid, String), Value>,
}

/// The stage.
pub(crate) struct Stage {
    pub(crate) service: Rc<Service>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) timeline: Vec<String>,
    pub(crate) violations: BTreeMap<String, String>,
    pub(crate) begin: Timestamp,
    /// Calls at Xero that were looked at already.
    pub(crate) seen: usize,
    told: usize,
    /// When something was last out of order.
    pub(crate) last_bad: Option<Timestamp>,
    /// Whether our own credentials are wrong: that the operator is alarmed is right then.
    pub(crate) wrong_secret: bool,
    /// Whether money is looked at each day and not in the end alone.
    pub(crate) looks_at_money: bool,
    /// Acts that change what may be expected of everything: a restored table.
    pub(crate) restored: bool,
}

impl Account {
    /// The organisation whose books are looked at.
    pub(crate) fn tenant(&self) -> Uuid {
        let at = self.connected.unwrap_or(self.last);
        self.tenants.get(at).copied().unwrap_or_default()
    }
}

impl Stage {
    /// Deploys the service and connects every account.
    pub(crate) async fn set(plan: &Plan) -> anyhow::Result<Self> {
        let begin: Timestamp = BEGIN.parse()?;
        let service = Service::deploy(plan.seed, begin).await?;
        let mut stage = Self {
            service,
            accounts: Vec::new(),
            timeline: Vec::new(),
            violations: BTreeMap::new(),
            begin,
            seen: 0,
            told: 0,
            last_bad: None,
            wrong_secret: false,
            looks_at_money: false,
            restored: false,
        };
        for number in 0..plan.accounts {
            let account = stage.account(number).await?;
            stage.accounts.push(account);
            anyhow::ensure!(stage.connect(number, 0).await?, "account {number} cannot be connected on a quiet morning");
            stage.plant(number).await?;
        }
        Ok(stage)
    }

    async fn account(&self, number: usize) -> anyhow::Result<Account> {
        let n = u128::try_from(number)? + 1;
        let user = Uuid::from_u128(0x0A11_CE00_0000_4000_8000_0000_0000_0000 | n);
        let control = &self.service.control;
        let new = NewUser {
            id: Some(user),
            email: format!("owner{number}@person.example"),
            given_name: "Robin".to_owned(),
            family_name: format!("Owner{number}"),
        };
        control.add_user(&new).await?;
        // The third pays no tax to begin with.
        let vat = number % 3 != 2;
        let mut tenants = Vec::new();
        for tenant in 0..TENANTS {
            let id = Uuid::from_u128(0x0B00_0000_0000_4000_8000_0000_0000_0000 | (n << 8) | u128::try_from(tenant)?);
            let organisation = NewOrganisation {
                id: Some(id),
                name: format!("Books {number} {tenant}"),
                members: [(user, Role::Standard)].into(),
                ..NewOrganisation::default()
            };
            control.add_organisation(&organisation).await?;
            if !vat {
                let change = OrganisationChange { pays_tax: Some(false), ..OrganisationChange::default() };
                control.change_organisation(id, &change).await?;
            }
            tenants.push(id);
        }
        Ok(Account {
            id: format!("acc_{number}"),
            user,
            tenants,
            connected: None,
            last: 0,
            changed: Vec::new(),
            documents: (0..DOCUMENTS).map(|document| Document::new(number, document, vat)).collect(),
            excuses: BTreeSet::new(),
            revoked: false,
            vat,
            spend_money: number % 3 == 1,
            sales: "200".to_owned(),
            strangers: BTreeMap::new(),
        })
    }

    /// What is in the books before: a contact of a name that we will need, and an invoice that is not ours.
    async fn plant(&mut self, number: usize) -> anyhow::Result<()> {
        let Some(account) = self.accounts.get(number) else { return Ok(()) };
        let tenant = account.tenant();
        let name = account.documents.get(1).map(|document| document.client_name.clone()).unwrap_or_default();
        let contact = self.service.control.act(tenant, &Act::CreateContact { fields: json!({ "Name": name }) }).await?;
        let fields = json!({
            "Type": "ACCREC", "Status": "AUTHORISED", "InvoiceNumber": format!("BY-HAND-{number}"),
            "Contact": { "ContactID": contact.id }, "Date": "2026-11-01", "DueDate": "2026-12-01",
            "LineAmountTypes": "NoTax", "CurrencyCode": "GBP",
            "LineItems": [{ "Description": "Made by hand", "Quantity": 1, "UnitAmount": 10, "AccountCode": "200" }],
        });
        let made = self.service.control.act(tenant, &Act::CreateInvoice { fields }).await?;
        self.remember_stranger(number, made.id.context("no document")?).await
    }

    /// Remembers a document that is not ours as it is now.
    pub(crate) async fn remember_stranger(&mut self, number: usize, id: Uuid) -> anyhow::Result<()> {
        let Some(account) = self.accounts.get(number) else { return Ok(()) };
        let tenant = account.tenant();
        let books = self.service.control.snapshot(tenant).await?;
        let found = find(&books, "Invoices", "InvoiceID", &id.to_string()).cloned();
        if let (Some(found), Some(account)) = (found, self.accounts.get_mut(number)) {
            account.strangers.insert((tenant, id.to_string()), found);
        }
        Ok(())
    }

    /// A line of the timeline.
    pub(crate) fn note(&mut self, who: &str, what: impl AsRef<str>) {
        let line = format!("{} {who:<10} {}", self.when(self.service.calendar.now()), what.as_ref());
        self.timeline.push(line);
    }

    /// A moment as people read it.
    pub(crate) fn when(&self, at: Timestamp) -> String {
        let seconds = at.duration_since(self.begin).as_secs();
        let day = seconds.div_euclid(86_400);
        format!("day {day:>2} {}", at.strftime("%H:%M:%S"))
    }

    /// Something is not as it should be.
    pub(crate) fn violate(&mut self, signature: &str, detail: impl Into<String>) {
        let detail = detail.into();
        if !self.violations.contains_key(signature) {
            self.note("!!", format!("{signature}: {detail}"));
            self.violations.insert(signature.to_owned(), detail);
        }
    }

    /// Takes what happened since into the timeline: calls at Xero, what the backend was told, alarms.
    pub(crate) fn listen(&mut self) {
        let asked = self.service.xero.asked();
        let mut lines = Vec::new();
        for call in asked.get(self.seen..).unwrap_or_default() {
            if call.call.starts_with("GET") && call.status == 200 {
                continue;
            }
            lines.push((call.at, call.function, format!("{} -> {}", call.call, call.status)));
        }
        let told = self.service.told();
        for told in told.get(self.told..).unwrap_or_default() {
            let of_type = told.notification.get("type").and_then(Value::as_str).unwrap_or("?").to_owned();
            let about = ["invoice_id", "record_id", "account_id"];
            let about = about.iter().find_map(|key| told.notification.get(*key)).and_then(Value::as_str).unwrap_or("");
            lines.push((told.at, "backend", format!("is told {of_type} of {about}")));
        }
        let news = self.service.weather.news();
        if !news.is_empty() {
            self.last_bad = Some(self.service.calendar.now());
        }
        for line in self.service.logs.take() {
            if line.text.contains("@client.example") || line.text.contains("@person.example") {
                self.violations
                    .entry("leak".to_owned())
                    .or_insert_with(|| format!("an e-mail in a log of {}", line.function));
            }
            if let Some(alarm) = &line.alarm {
                lines.push((line.at, line.function, format!("alarm {alarm}: {}", line.text)));
                let calm = self.last_bad.is_none_or(|bad| line.at.duration_since(bad).as_secs() > 3_600);
                let is_right = alarm == "parked" || (alarm == "operator" && self.wrong_secret);
                if calm && !is_right {
                    self.violations.entry(format!("alarm:{alarm}")).or_insert_with(|| line.text.clone());
                }
            }
        }
        for news in news {
            lines.push((self.service.calendar.now(), "fault", news));
        }
        lines.sort_by_key(|(at, ..)| *at);
        for (at, who, what) in lines {
            let line = format!("{} {who:<10} {what}", self.when(at));
            self.timeline.push(line);
        }
        self.told = told.len();
        self.check_calls(&asked);
        self.seen = asked.len();
    }

    /// Nothing is sent to an organisation that is not connected at that moment, give or take a second.
    fn check_calls(&mut self, asked: &[harness::xero_side::Asked]) {
        let mut wrong = Vec::new();
        for call in asked.get(self.seen..).unwrap_or_default() {
            let Some(tenant) = call.tenant.as_deref().and_then(|id| Uuid::parse_str(id).ok()) else { continue };
            if call.function.is_empty() {
                continue;
            }
            let Some(account) = self.accounts.iter().find(|account| account.tenants.contains(&tenant)) else {
                continue;
            };
            let connected = |at: Timestamp| {
                let last = account.changed.iter().rev().find(|(since, _)| *since <= at);
                last.is_some_and(|(_, connected)| connected.contains(&tenant))
            };
            let second = std::time::Duration::from_secs(2);
            if !connected(call.at) && !connected(call.at - second) && !connected(call.at + second * 30) {
                wrong.push(format!("{} of {} for {}", call.call, call.function, account.id));
            }
        }
        for detail in wrong {
            self.violate("call-while-not-connected", detail);
        }
    }

    /// Whether Xero took the account's grant away without anybody's doing.
    pub(crate) fn was_taken(&self, number: usize) -> bool {
        let Some(account) = self.accounts.get(number) else { return false };
        let since = account.changed.last().map_or(self.begin, |(since, _)| *since);
        account.connected.is_some() && self.service.xero.took_away(account.user, since)
    }

    /// The records of an account, as its app shows them.
    pub(crate) async fn record(&self, number: usize, document: usize) -> anyhow::Result<Option<Value>> {
        let Some(account) = self.accounts.get(number) else { return Ok(None) };
        let Some(document) = account.documents.get(document) else { return Ok(None) };
        let path = format!("/records/{}/{}", document.kind(), document.id);
        let answer = self.service.request("GET", &path, Some(&account.id), None, &[]).await?;
        Ok((answer.status == 200).then_some(answer.body))
    }

    /// Our app at Xero.
    pub(crate) fn app() -> &'static str {
        CLIENT_ID
    }
}

/// An element of a snapshot's list by its id.
pub(crate) fn find<'a>(books: &'a Value, list: &str, key: &str, id: &str) -> Option<&'a Value> {
    let all = books.get(list).and_then(Value::as_array)?;
    all.iter().find(|element| element.get(key).and_then(Value::as_str) == Some(id))
}

/// A number of a snapshot.
pub(crate) fn amount(element: &Value, key: &str) -> Decimal {
    element.get(key).and_then(|value| value.to_string().trim_matches('"').parse().ok()).unwrap_or_default()
}
