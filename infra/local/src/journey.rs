//! The journey that this service is for, step by step through its real parts: connect, map, invoice, paid.
//!
//! `cargo local demo` tells it to people and the stories check it; both run this code.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use crate::client::{Answer, Sessional};
use crate::narrator::Narrator;
use crate::stack::StackInfo;
use crate::xero_side::Owner;

/// Long enough for a killed function's batch to come again more than once.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at a record.
const LOOK_AGAIN: Duration = Duration::from_millis(150);

/// A traveller: an account of Sessional, an organisation at Xero, and one invoice.
pub struct Journey<'a> {
    /// The account's app.
    pub sessional: Sessional,
    /// The person at Xero, and the organisation.
    pub owner: Owner,
    /// The invoice as Sessional sends it.
    pub invoice: Value,
    /// Xero's id of the invoice, once it is there.
    document: Option<uuid::Uuid>,
    narrator: &'a mut dyn Narrator,
}

impl<'a> Journey<'a> {
    /// A new account of Sessional for somebody who has an organisation at Xero.
    pub async fn prepare(
        stack: &StackInfo,
        name: &str,
        owner: Owner,
        narrator: &'a mut dyn Narrator,
    ) -> anyhow::Result<Self> {
        let sessional = Sessional::sign_in(stack, &format!("acc_{name}")).await?;
        Ok(Self { sessional, owner, invoice: invoice(name), document: None, narrator })
    }

    /// All of it; gives the last sentence.
    pub async fn travel(&mut self) -> anyhow::Result<String> {
        self.connect().await?;
        self.map_accounts().await?;
        self.create_invoice().await?;
        self.wait_until_synced().await?;
        self.pay().await?;
        self.wait_until_paid().await
    }

    /// The user connects their organisation.
    pub async fn connect(&mut self) -> anyhow::Result<()> {
        self.narrator.step("The user presses \"Connect to Xero\" in Sessional");
        let started = self.expect(200, "POST", "/connection", None).await?;
        self.narrator.step(&format!("Xero's page asks the user, who allows access to {}", self.owner.organisation));
        let back = self.owner.allow(&started.text_at("/authorise_url")?).await?;
        let found = self.sessional.come_back(&back).await?;
        ensure!(found.connection == "confirm", "the callback led to {} {:?}", found.connection, found.reason);
        self.narrator.say("Xero sends the browser back, and the service sends it on to the app with a confirmation");
        self.narrator.step("The app's return page confirms, with the key that it kept in this browser");
        let key = started.text_at("/browser_key")?;
        let confirmation = found.confirmation.context("the return page got no confirmation")?;
        let confirmed = self.sessional.confirm(&confirmation, &key).await?;
        self.narrator.exchange("POST /connection/confirmation", None, &confirmed);
        let status = confirmed.text_at("/status")?;
        ensure!(confirmed.status == 200 && status == "connected", "the confirmation answered {}", confirmed.text);
        self.narrator.step("The app shows the connection");
        let shown = self.expect(200, "GET", "/connection", None).await?;
        ensure!(shown.text_at("/status")? == "connected", "the connection is not connected: {}", shown.text);
        Ok(())
    }

    /// The user says where sales and expenses go, out of what Xero's chart of accounts offers.
    pub async fn map_accounts(&mut self) -> anyhow::Result<()> {
        self.narrator.step("The app offers the organisation's chart of accounts");
        let chart = self.expect(200, "GET", "/accounts", None).await?.json();
        let mapping = json!({
            "sales": { "account_id": choose(&chart, "sales", "sales")? },
            "expenses": { "fuel": { "account_id": choose(&chart, "fuel", "expense")? } },
            "expense_documents": { "post_as": "bill", "status": "authorised" },
        });
        self.narrator.step("The user maps the account codes");
        self.expect(200, "PUT", "/account-mapping", Some(&mapping)).await?;
        Ok(())
    }

    /// The user creates an invoice.
    pub async fn create_invoice(&mut self) -> anyhow::Result<()> {
        self.narrator.step(&format!("The user creates the invoice {}", self.number()));
        let event = json!({ "events": [self.invoice_created()] });
        let answer = self.expect(202, "POST", "/events", Some(&event)).await?;
        let status = answer.text_at("/results/0/status")?;
        ensure!(status == "accepted", "the event was not accepted: {}", answer.text);
        Ok(())
    }

    /// The invoice gets its Xero reference.
    pub async fn wait_until_synced(&mut self) -> anyhow::Result<Value> {
        self.narrator.step("The sync log shows the invoice with its Xero reference");
        let record = self.wait_for_state(&["synced", "paid"]).await?.json();
        let reference = record.pointer("/xero/id").and_then(Value::as_str).and_then(|id| id.parse().ok());
        self.document = Some(reference.with_context(|| format!("the record has no Xero reference: {record}"))?);
        Ok(record)
    }

    /// The bookkeeper reconciles the invoice in Xero, and Xero tells the service.
    pub async fn pay(&mut self) -> anyhow::Result<()> {
        let title = format!("In Xero, the bookkeeper marks {} as paid; Xero sends its signed webhook", self.number());
        self.narrator.step(&title);
        let document = self.document.context("the invoice has no Xero reference yet")?;
        let payment = self.owner.pay(document).await?;
        self.narrator.say(&format!("Xero's payment {payment}"));
        Ok(())
    }

    /// The payment comes back to Sessional.
    pub async fn wait_until_paid(&mut self) -> anyhow::Result<String> {
        self.narrator.step("The sync log shows the payment");
        let record = self.wait_for_state(&["paid"]).await?;
        let number = record.text_at("/number")?;
        self.narrator.step("Sessional's backend reads the notification");
        let told = self.wait_for_notification("invoice.paid").await?;
        self.narrator.say(&told.to_string());
        Ok(format!("invoice {number} is {}", record.text_at("/state")?))
    }

    /// The event that creates the invoice.
    pub fn invoice_created(&self) -> Value {
        json!({
            "version": 1,
            "id": format!("evt_{}", self.invoice_id()),
            "type": "invoice.created",
            "account_id": self.sessional.account,
            "occurred_at": jiff::Timestamp::now().to_string(),
            "invoice": self.invoice,
        })
    }

    /// Sessional's id of the invoice.
    pub fn invoice_id(&self) -> &str {
        self.invoice.get("id").and_then(Value::as_str).unwrap_or_default()
    }

    /// Its number.
    pub fn number(&self) -> &str {
        self.invoice.get("number").and_then(Value::as_str).unwrap_or_default()
    }

    async fn wait_for_state(&mut self, wanted: &[&str]) -> anyhow::Result<Answer> {
        let path = format!("/records/invoice/{}", self.invoice_id());
        let began = Instant::now();
        loop {
            let answer = self.sessional.call_until_answered("GET", &path, None).await?;
            let body = answer.json();
            let state = body.get("state").and_then(Value::as_str).unwrap_or_default();
            if answer.status == 200 && wanted.contains(&state) {
                self.narrator.exchange(&format!("GET {path}"), None, &answer);
                return Ok(answer);
            }
            if began.elapsed() > PATIENCE || state == "failed" {
                bail!("{} did not become {}: {} {}", self.number(), wanted.join(" or "), answer.status, answer.text);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// What Sessional is told, once it is.
    pub async fn wait_for_notification(&self, kind: &str) -> anyhow::Result<Value> {
        let began = Instant::now();
        loop {
            let told = self.sessional.notifications().await?;
            if let Some(found) = told.iter().find(|told| told.get("type").is_some_and(|found| found == kind)) {
                return Ok(found.clone());
            }
            if began.elapsed() > PATIENCE {
                bail!("Sessional was not told {kind}, only {told:?}");
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn expect(&mut self, status: u16, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<Answer> {
        let answer = self.sessional.call_until_answered(method, path, body).await?;
        self.narrator.exchange(&format!("{method} {path}"), body, &answer);
        ensure!(answer.status == status, "{method} {path} answered {} {}", answer.status, answer.text);
        Ok(answer)
    }
}

/// What the user would choose for a category: what is suggested, else the first account that may be chosen
/// for its kind.
fn choose(chart: &Value, category: &str, kind: &str) -> anyhow::Result<String> {
    let list = |name: &str| chart.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let suggested = list("suggestions").iter().find(|one| one.get("category").is_some_and(|name| name == category));
    let may_be_chosen = |account: &&Value| {
        let kinds = account.get("choosable_for").and_then(Value::as_array);
        kinds.is_some_and(|kinds| kinds.iter().any(|name| name == kind))
    };
    let account = suggested.or_else(|| list("accounts").iter().find(may_be_chosen));
    let id = account.and_then(|account| account.get("account_id")).and_then(Value::as_str);
    Ok(id.with_context(|| format!("no account may be chosen for {category}"))?.to_owned())
}

/// Three sessions at 150 pounds and VAT, for somebody new.
fn invoice(name: &str) -> Value {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let due = today.saturating_add(jiff::Span::new().days(30));
    let number = format!("SES-{}", name.to_uppercase());
    json!({
        "id": format!("inv_{name}"),
        "number": number,
        "reference": "PO 77",
        "currency": "GBP",
        "issued_on": today.to_string(),
        "due_on": due.to_string(),
        "line_amounts": "exclusive",
        "total": "540.00",
        "url": format!("https://app.sessional.example/invoices/{name}"),
        "organisation": {
            "id": format!("org_{name}"),
            "name": "Tidewater Studios Ltd",
            "email": "accounts@tidewater.example",
        },
        "lines": [
            { "description": "Studio session", "quantity": "3", "unit_amount": "150.00", "tax_rate": "20" },
        ],
    })
}
