//! A document of Sessional's, as its user knows it, and the events that tell of it.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use rust_decimal::prelude::RoundingStrategy;
use serde_json::{Value, json};

use crate::plan::EXPENSES;

/// A document.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) client: String,
    pub(crate) client_name: String,
    pub(crate) is_expense: bool,
    /// The price of one, or the expense's amount, in pence.
    pub(crate) pence: i64,
    pub(crate) inclusive: bool,
    vat: bool,
    pub(crate) made: bool,
    pub(crate) sent: bool,
    pub(crate) removed: bool,
    edits: u32,
    issued: Option<Timestamp>,
    /// Every event that was accepted, in order.
    pub(crate) events: Vec<Value>,
    /// When the last was.
    pub(crate) last_event: Option<Timestamp>,
    /// What somebody did to it in Xero.
    pub(crate) touched: Vec<&'static str>,
    /// Whether what became of its last event cannot be foretold.
    pub(crate) uncertain: bool,
}

impl Document {
    pub(crate) fn new(account: usize, number: usize, vat: bool) -> Self {
        let is_expense = number >= EXPENSES;
        let client = number % 3;
        Self {
            id: format!("{}_{account}_{number}", if is_expense { "exp" } else { "inv" }),
            number: format!("SES-{account}-{number:04}"),
            client: format!("org_{account}_{client}"),
            client_name: format!("Client {client} of {account} Ltd"),
            is_expense,
            pence: 10_000 + i64::try_from(number).unwrap_or_default() * 1_111,
            inclusive: false,
            vat,
            made: false,
            sent: false,
            removed: false,
            edits: 0,
            issued: None,
            events: Vec::new(),
            last_event: None,
            touched: Vec::new(),
            uncertain: false,
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        if self.is_expense { "expense" } else { "invoice" }
    }

    /// What marks its lines, in every document about it.
    pub(crate) fn mark(&self) -> String {
        format!("Work {};", self.id)
    }

    /// What it comes to.
    pub(crate) fn total(&self) -> Decimal {
        let price = Decimal::new(self.pence, 2);
        if self.is_expense {
            return price;
        }
        let sum = price * Decimal::from(3);
        if !self.vat || self.inclusive { sum } else { round(sum * Decimal::new(12, 1)) }
    }

    /// The day of the document.
    pub(crate) fn issued(&self, now: Timestamp) -> String {
        let at = self.issued.unwrap_or(now);
        at.to_zoned(TimeZone::UTC).date().to_string()
    }

    /// An event about it as it is now.
    pub(crate) fn event(&mut self, account: &str, of_type: &str, now: Timestamp) -> Value {
        self.edits += 1;
        self.issued.get_or_insert(now);
        let due = now + SignedDuration::from_hours(30 * 24);
        let due = due.to_zoned(TimeZone::UTC).date().to_string();
        let mut line = json!({ "description": format!("{} session", self.mark()), "quantity": "3",
            "unit_amount": Decimal::new(self.pence, 2).to_string() });
        if self.vat {
            tax(&mut line);
        }
        let body = if self.is_expense {
            let mut expense = json!({ "id": self.id, "category": "fuel", "description": format!("{} petrol", self.mark()),
                "incurred_on": self.issued(now), "currency": "GBP", "amount": self.total().to_string(),
                "supplier": { "id": self.client, "name": self.client_name },
                "url": format!("https://app.sessional.example/expenses/{}", self.id) });
            if self.vat {
                tax(&mut expense);
            }
            expense
        } else {
            json!({ "id": self.id, "number": self.number, "currency": "GBP", "issued_on": self.issued(now), "due_on": due,
                "line_amounts": if self.inclusive { "inclusive" } else { "exclusive" },
                "total": self.total().to_string(),
                "url": format!("https://app.sessional.example/invoices/{}", self.id),
                "organisation": { "id": self.client, "name": self.client_name,
                    "email": format!("{}@client.example", self.client) },
                "lines": [line] })
        };
        json!({ "version": 1, "id": format!("evt_{}_{}", self.id, self.edits), "type": of_type, "account_id": account,
            "occurred_at": now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(), self.kind(): body })
    }
}

/// Halves away from zero, as Xero does.
pub(crate) fn round(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// Says that VAT is on it, at the usual rate.
fn tax(part: &mut Value) {
    if let Some(part) = part.as_object_mut() {
        part.insert("tax_rate".to_owned(), json!("20"));
    }
}
