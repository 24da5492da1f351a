//! An invoice as Sessional tells it, with Xero's limits applied here so that nothing is refused later for
//! its form alone.

use super::fields::{self, Currency, DocumentNumber, SessionalId};
use super::refusal::{EventRefusal, RefusalDetail};
use super::{dates, decimals, read, text};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// Most lines of one invoice: keeps one document far from Xero's request limit of 3.5 MB.
const MAX_LINES: usize = 200;
/// Longest description of a line in Xero.
const MAX_DESCRIPTION: usize = 4_000;
/// Longest name of a contact in Xero.
const MAX_NAME: usize = 255;
/// Longest reference in Xero.
const MAX_REFERENCE: usize = 255;
/// Longest telephone number in Xero.
const MAX_PHONE: usize = 50;
/// Longest link that every browser follows; Xero names no limit.
const MAX_LINK: usize = 2_048;

/// An invoice in Sessional.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Invoice {
    /// Sessional's id.
    pub id: SessionalId,
    /// The number on the document, the same in Xero.
    pub number: DocumentNumber,
    /// The customer's reference, such as a purchase order; at most 255 characters.
    #[serde(default)]
    #[schema(max_length = 255)]
    pub reference: Option<String>,
    /// The currency of every amount of it.
    pub currency: Currency,
    /// The date on the document.
    #[serde(deserialize_with = "dates::date")]
    #[schema(value_type = dates::CalendarDate)]
    pub issued_on: Date,
    /// When it is due.
    #[serde(deserialize_with = "dates::date")]
    #[schema(value_type = dates::CalendarDate)]
    pub due_on: Date,
    /// Whether unit amounts contain tax.
    #[serde(deserialize_with = "fields::word")]
    pub line_amounts: LineAmounts,
    /// What Sessional shows the user as the sum to pay; compared with what Xero computes. Not below zero: a refund is
    /// a credit note, which is not synced.
    #[serde(deserialize_with = "decimals::amount")]
    #[schema(value_type = decimals::Amount)]
    pub total: Decimal,
    /// Where the invoice can be seen in Sessional: an absolute https address without the word “xero”. Another is
    /// left out of the document in Xero, and its record says so.
    #[serde(default)]
    pub url: Option<String>,
    /// Who is invoiced.
    pub organisation: Organisation,
    /// What is invoiced.
    #[schema(min_items = 1, max_items = 200)]
    pub lines: Vec<Line>,
    /// What Xero would refuse and the document can do without, as sentences for its record.
    #[serde(skip)]
    #[schema(ignore)]
    left_out: Vec<&'static str>,
}

impl Invoice {
    /// What was left out because Xero would refuse it, one sentence each.
    #[must_use]
    pub fn left_out(&self) -> &[&'static str] {
        &self.left_out
    }
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
    /// Its name, unique among Xero's active contacts: 1 to 255 characters that can be seen, without < and >.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = r"^[^<>]*[^<>\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufffe\uffff][^<>]*$"
    )]
    pub name: String,
    /// Where invoices are sent: one address of at most 255 plain letters. Another is left out of the contact in Xero,
    /// and the record says so.
    #[serde(default)]
    pub email: Option<String>,
    /// Telephone, at most 50 characters. A longer one is left out of the contact in Xero, and the record says so.
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
    #[schema(max_length = 500)]
    pub line1: Option<String>,
    /// Second line.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub line2: Option<String>,
    /// City.
    #[serde(default)]
    #[schema(max_length = 255)]
    pub city: Option<String>,
    /// County or region.
    #[serde(default)]
    #[schema(max_length = 255)]
    pub region: Option<String>,
    /// Postal code.
    #[serde(default)]
    #[schema(max_length = 50)]
    pub postal_code: Option<String>,
    /// Country: at most 50 letters and blanks. Another is left out of the contact in Xero, and the record says so.
    #[serde(default)]
    pub country: Option<String>,
}

/// A line of an invoice.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Line {
    /// What it is for: 1 to 4,000 characters, of which one can be seen.
    #[schema(
        min_length = 1,
        max_length = 4000,
        pattern = r"[^\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufffe\uffff]"
    )]
    pub description: String,
    /// How many.
    #[serde(deserialize_with = "decimals::four_places")]
    #[schema(value_type = decimals::FourPlaces)]
    pub quantity: Decimal,
    /// Price of one.
    #[serde(deserialize_with = "decimals::four_places")]
    #[schema(value_type = decimals::FourPlaces)]
    pub unit_amount: Decimal,
    /// Tax in per cent; absent means the default of the mapped account.
    #[serde(default, deserialize_with = "decimals::rate")]
    #[schema(value_type = Option<decimals::Percentage>)]
    pub tax_rate: Option<Decimal>,
}

/// Reads the invoice of an event, checks what its types cannot, and brings its texts into the form of Xero.
pub(super) fn read_invoice(raw: Option<&RawValue>) -> Result<Invoice, EventRefusal> {
    let raw = raw.ok_or_else(|| EventRefusal::missing("invoice"))?;
    let mut invoice: Invoice = read(raw.get(), "invoice")?;
    check_name(&mut invoice.organisation.name, "invoice.organisation.name")?;
    check_optional(&mut invoice.reference, MAX_REFERENCE, "invoice.reference")?;
    if invoice.lines.is_empty() || invoice.lines.len() > MAX_LINES {
        let sentence = format!("An invoice has 1 to {MAX_LINES} lines");
        return Err(EventRefusal::new("invoice.lines", RefusalDetail::WrongCount, sentence));
    }
    for (index, line) in invoice.lines.iter_mut().enumerate() {
        check_description(&mut line.description, || format!("invoice.lines[{index}].description"))?;
    }
    let left_out = &mut invoice.left_out;
    leave_out(&mut invoice.url, is_link, left_out, LINK_LEFT_OUT);
    leave_out(&mut invoice.organisation.email, text::is_email, left_out, EMAIL_LEFT_OUT);
    let is_phone = |phone: &str| phone.chars().count() <= MAX_PHONE;
    leave_out(&mut invoice.organisation.phone, is_phone, left_out, PHONE_LEFT_OUT);
    if let Some(address) = &mut invoice.organisation.address {
        check_address(address)?;
        leave_out(&mut address.country, text::is_country, left_out, COUNTRY_LEFT_OUT);
    }
    Ok(invoice)
}

pub(super) const LINK_LEFT_OUT: &str =
    "The link to Sessional was left out: Xero takes only an https address without the word \u{201c}xero\u{201d}.";
const EMAIL_LEFT_OUT: &str = "The client's e-mail address was left out: Xero takes one address in plain letters.";
const PHONE_LEFT_OUT: &str = "The client's telephone number was left out: Xero takes at most 50 characters.";
const COUNTRY_LEFT_OUT: &str = "The country of the client's address was left out: Xero takes letters only.";

/// Takes an optional text away that Xero would refuse, and says so; a blank one is absent.
pub(super) fn leave_out(
    field: &mut Option<String>,
    is_usable: impl Fn(&str) -> bool,
    left_out: &mut Vec<&'static str>,
    sentence: &'static str,
) {
    let Some(seen) = seen(field.take()) else { return };
    if is_usable(&seen) {
        *field = Some(seen);
    } else {
        left_out.push(sentence);
    }
}

fn check_address(address: &mut Address) -> Result<(), EventRefusal> {
    for (field, most, name) in [
        (&mut address.line1, 500, "line1"),
        (&mut address.line2, 500, "line2"),
        (&mut address.city, 255, "city"),
        (&mut address.region, 255, "region"),
        (&mut address.postal_code, 50, "postal_code"),
    ] {
        check_optional(field, most, &format!("invoice.organisation.address.{name}"))?;
    }
    Ok(())
}

fn check_optional(field: &mut Option<String>, most: usize, name: &str) -> Result<(), EventRefusal> {
    if field.as_ref().is_some_and(|text| text.chars().count() > most) {
        let sentence = format!("This must be at most {most} characters");
        return Err(EventRefusal::new(name, RefusalDetail::WrongText, sentence));
    }
    *field = seen(field.take());
    Ok(())
}

/// A text of one line, unless there is nothing to see in it.
fn seen(text: Option<String>) -> Option<String> {
    text.map(|text| text::one_line(&text)).filter(|text| !text.is_empty())
}

pub(super) fn check_description(description: &mut String, field: impl Fn() -> String) -> Result<(), EventRefusal> {
    let seen = text::lines(description);
    if seen.is_empty() || description.chars().count() > MAX_DESCRIPTION {
        let sentence = format!("This must be 1 to {MAX_DESCRIPTION} characters that can be seen");
        return Err(EventRefusal::new(field(), RefusalDetail::WrongText, sentence));
    }
    *description = seen;
    Ok(())
}

/// A name as Xero takes it for a contact.
pub(super) fn check_name(name: &mut String, field: &str) -> Result<(), EventRefusal> {
    let seen = text::name(name);
    if seen.is_empty() || name.chars().count() > MAX_NAME || seen.contains(['<', '>']) {
        let sentence = format!("This must be 1 to {MAX_NAME} characters that can be seen, without < or >");
        return Err(EventRefusal::new(field, RefusalDetail::WrongText, sentence));
    }
    *name = seen;
    Ok(())
}

/// Whether Xero takes it for "Go to Sessional": an absolute address without the word "xero".
pub(super) fn is_link(link: &str) -> bool {
    text::is_https(link) && link.len() <= MAX_LINK && !link.to_ascii_lowercase().contains("xero")
}

/// What a void or a deletion says of its object: the id is enough.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct Removed {
    /// Sessional's id.
    pub id: SessionalId,
    /// The number on the document, where it has one.
    #[serde(default, deserialize_with = "number_or_blank")]
    #[schema(value_type = Option<String>, max_length = 255)]
    pub number: Option<DocumentNumber>,
}

/// A number that may be absent, or blank.
fn number_or_blank<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DocumentNumber>, D::Error> {
    let number = Option::<String>::deserialize(deserializer)?;
    let number = number.filter(|number| !text::one_line(number).is_empty() || number.chars().count() > 255);
    number.map(DocumentNumber::parse).transpose().map_err(serde::de::Error::custom)
}

/// Reads the object of a void or a deletion.
pub(super) fn read_removed(raw: Option<&RawValue>, field: &str) -> Result<Removed, EventRefusal> {
    read(raw.ok_or_else(|| EventRefusal::missing(field))?.get(), field)
}
