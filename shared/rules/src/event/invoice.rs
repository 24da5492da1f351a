//! An invoice as Sessional tells it, with Xero's limits applied here so that nothing is refused later for
//! its form alone.

use super::fields::{self, Currency, DocumentNumber, SessionalId};
use super::{missing, read};
use crate::problem::Problem;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use url::Url;
use utoipa::ToSchema;

/// Most lines of one invoice: keeps one document far from Xero's request limit of 3.5 MB.
pub(super) const MAX_LINES: usize = 200;
/// Longest description of a line in Xero.
pub(super) const MAX_DESCRIPTION: usize = 4_000;

/// An invoice in Sessional.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Invoice {
    /// Sessional's id.
    pub id: SessionalId,
    /// The number on the document, the same in Xero.
    pub number: DocumentNumber,
    /// The customer's reference, such as a purchase order.
    #[serde(default)]
    pub reference: Option<String>,
    /// The currency of every amount of it.
    pub currency: Currency,
    /// The date on the document.
    pub issued_on: Date,
    /// When it is due.
    pub due_on: Date,
    /// Whether unit amounts contain tax.
    pub line_amounts: LineAmounts,
    /// What Sessional shows the user as the sum to pay; compared with what Xero computes.
    #[serde(deserialize_with = "fields::amount")]
    pub total: Decimal,
    /// Where the invoice can be seen in Sessional.
    #[serde(default)]
    pub url: Option<Url>,
    /// Who is invoiced.
    pub organisation: Organisation,
    /// What is invoiced.
    pub lines: Vec<Line>,
}

/// Whether unit amounts contain tax.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineAmounts {
    /// Tax comes on top.
    Exclusive,
    /// Tax is contained.
    Inclusive,
    /// There is no tax.
    NoTax,
}

/// An organisation that the user works with: a contact in Xero.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Organisation {
    /// Sessional's id, the contact number in Xero.
    pub id: SessionalId,
    /// Its name; unique among Xero's active contacts.
    pub name: String,
    /// Where invoices are sent.
    #[serde(default)]
    pub email: Option<String>,
    /// Telephone.
    #[serde(default)]
    pub phone: Option<String>,
    /// Postal address.
    #[serde(default)]
    pub address: Option<Address>,
}

/// A postal address.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct Address {
    /// First line.
    #[serde(default)]
    pub line1: Option<String>,
    /// Second line.
    #[serde(default)]
    pub line2: Option<String>,
    /// City.
    #[serde(default)]
    pub city: Option<String>,
    /// County or region.
    #[serde(default)]
    pub region: Option<String>,
    /// Postal code.
    #[serde(default)]
    pub postal_code: Option<String>,
    /// Country, in letters.
    #[serde(default)]
    pub country: Option<String>,
}

/// A line of an invoice.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Line {
    /// What it is for, 1 to 4,000 characters.
    pub description: String,
    /// How many.
    #[serde(deserialize_with = "fields::four_places")]
    pub quantity: Decimal,
    /// Price of one.
    #[serde(deserialize_with = "fields::four_places")]
    pub unit_amount: Decimal,
    /// Tax in per cent; absent means the default of the mapped account.
    #[serde(default, deserialize_with = "fields::rate")]
    pub tax_rate: Option<Decimal>,
}

/// Reads the invoice of an event and checks what its types cannot.
pub(super) fn read_invoice(raw: Option<&RawValue>) -> Result<Invoice, Problem> {
    let raw = raw.ok_or_else(|| missing("invoice"))?;
    let invoice: Invoice = read(raw.get(), "invoice")?;
    check_name(&invoice.organisation.name, "invoice.organisation.name")?;
    if invoice.lines.is_empty() || invoice.lines.len() > MAX_LINES {
        return Err(Problem::invalid_event("invoice.lines", format!("An invoice has 1 to {MAX_LINES} lines")));
    }
    for (index, line) in invoice.lines.iter().enumerate() {
        let length = line.description.trim().chars().count();
        if length == 0 || length > MAX_DESCRIPTION {
            let field = format!("invoice.lines[{index}].description");
            return Err(Problem::invalid_event(field, format!("This must be 1 to {MAX_DESCRIPTION} characters")));
        }
    }
    check_url(invoice.url.as_ref(), "invoice.url")?;
    Ok(invoice)
}

/// What a void or a deletion says of its object: the id is enough.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Removed {
    /// Sessional's id.
    pub id: SessionalId,
    /// The number on the document, where it has one.
    #[serde(default)]
    pub number: Option<DocumentNumber>,
}

/// Reads the object of a void or a deletion.
pub(super) fn read_removed(raw: Option<&RawValue>, field: &str) -> Result<Removed, Problem> {
    read(raw.ok_or_else(|| missing(field))?.get(), field)
}

/// A name as Xero takes it for a contact.
pub(super) fn check_name(name: &str, field: &str) -> Result<(), Problem> {
    let name = contact_name(name);
    if name.is_empty() || name.chars().count() > 255 || name.contains(['<', '>']) {
        return Err(Problem::invalid_event(field, "This must be 1 to 255 characters without < or >"));
    }
    Ok(())
}

/// A link is absolute and https.
pub(super) fn check_url(url: Option<&Url>, field: &str) -> Result<(), Problem> {
    match url {
        Some(url) if url.scheme() != "https" => {
            Err(Problem::invalid_event(field, "This must be an absolute https URL"))
        }
        Some(_) | None => Ok(()),
    }
}

/// A name as Xero stores it: trimmed, without doubled spaces.
pub(crate) fn contact_name(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A link as Xero takes it for "Go to Sessional": without the word "xero", which it refuses.
pub(crate) fn acceptable_url(url: Option<&Url>) -> Option<String> {
    url.map(ToString::to_string).filter(|url| !url.to_ascii_lowercase().contains("xero"))
}
