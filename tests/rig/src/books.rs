//! What an organisation's books hold at the end: the stand-in's snapshot as documents and contacts.

use anyhow::Context as _;
use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;
use xero_stand_in::control::Client;

/// A document, whatever it is.
#[derive(Clone, Debug)]
pub struct Document {
    /// Xero's id.
    pub id: Uuid,
    /// `ACCREC`, `ACCPAY` or `SPEND`.
    pub kind: String,
    /// `AUTHORISED`, `VOIDED` and so on.
    pub status: String,
    /// Its number, where it has one.
    pub number: Option<String>,
    /// What it comes to.
    pub total: Decimal,
    /// Whose it is.
    pub contact: Uuid,
    /// Whether it is marked as sent.
    pub sent: bool,
    /// The whole of it as text, lines and all.
    pub text: String,
}

impl Document {
    /// Whether it counts.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !matches!(self.status.as_str(), "VOIDED" | "DELETED")
    }
}

/// A contact.
#[derive(Clone, Debug)]
pub struct Contact {
    /// Xero's id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Our number for it.
    pub number: Option<String>,
}

/// The books of one organisation.
#[derive(Clone, Debug)]
pub struct Books {
    /// Invoices, bills and bank transactions.
    pub documents: Vec<Document>,
    /// Contacts, archived ones included.
    pub contacts: Vec<Contact>,
}

impl Books {
    /// Takes a look.
    ///
    /// # Errors
    /// When the stand-in does not answer, or with something else.
    pub async fn of(control: &Client, tenant: Uuid) -> anyhow::Result<Self> {
        let snapshot = control.snapshot(tenant).await?;
        let list = |name: &str| snapshot.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        let invoices = list("Invoices");
        let money = list("BankTransactions");
        let documents = invoices
            .iter()
            .map(|invoice| document(invoice, "InvoiceID"))
            .chain(money.iter().map(|transaction| document(transaction, "BankTransactionID")));
        let contacts = list("Contacts");
        Ok(Self {
            documents: documents.collect::<anyhow::Result<_>>()?,
            contacts: contacts.iter().map(contact).collect::<anyhow::Result<_>>()?,
        })
    }

    /// Documents that name a subject of Sessional in their lines, whatever their status.
    pub fn about<'a>(&'a self, subject: &'a str) -> impl Iterator<Item = &'a Document> {
        // The id is the last word of the description.
        let mark = format!(" of {subject}\"");
        self.documents.iter().filter(move |document| document.text.contains(&mark))
    }

    /// Contacts of a name.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Contact> {
        self.contacts.iter().filter(move |contact| contact.name.eq_ignore_ascii_case(name))
    }
}

fn document(value: &Value, id: &str) -> anyhow::Result<Document> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let total = value.get("Total").with_context(|| format!("no total: {value}"))?;
    let contact = value.pointer("/Contact/ContactID").and_then(Value::as_str).context("no contact")?;
    Ok(Document {
        id: text(id).context("no id")?.parse()?,
        kind: text("Type").unwrap_or_default(),
        status: text("Status").unwrap_or_default(),
        number: text("InvoiceNumber"),
        total: total.to_string().parse().context("the total is no number")?,
        contact: contact.parse()?,
        sent: value.get("SentToContact").and_then(Value::as_bool).unwrap_or_default(),
        text: value.to_string(),
    })
}

fn contact(value: &Value) -> anyhow::Result<Contact> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    Ok(Contact {
        id: text("ContactID").context("no id")?.parse()?,
        name: text("Name").unwrap_or_default(),
        number: text("ContactNumber"),
    })
}
