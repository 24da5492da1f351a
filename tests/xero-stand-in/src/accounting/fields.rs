//! Reading the fields of a request element, with Xero's complaint when one cannot be read.

use jiff::civil::Date;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::Ctx;
use crate::json::Json;
use crate::time::read_date;

/// Numbers below ten million millions are read, and so many of their decimals count.
const LARGEST: Decimal = Decimal::from_parts(1_316_134_912, 2_328, 0, false, 0);
const MOST_DECIMALS: u32 = 12;

/// A number; an exponent produces the misleading sentence that Xero is known for.
pub(crate) fn number(ctx: &Ctx<'_>, element: &Json, key: &str) -> Result<Option<Decimal>, String> {
    match element.get(key) {
        None => Ok(None),
        Some(Json::Number(text)) => plain(text).map(Some).ok_or_else(|| "Account must be valid.".to_owned()),
        Some(Json::Text(text)) if ctx.switches.quoted_decimals => {
            plain(text).map(Some).ok_or_else(|| format!("{key} must be a number."))
        }
        Some(_) => Err(format!("{key} must be a number.")),
    }
}

/// A calendar date.
pub(crate) fn date(element: &Json, key: &str) -> Result<Option<Date>, String> {
    match element.get(key) {
        None => Ok(None),
        Some(Json::Text(text)) if text.is_empty() => Ok(None),
        Some(value) => {
            let read = value.as_text().and_then(read_date);
            read.map(Some).ok_or_else(|| format!("The {key} field is not a valid date."))
        }
    }
}

/// An id; the nil id counts as absent.
pub(crate) fn id(element: &Json, key: &str) -> Result<Option<Uuid>, String> {
    match element.text(key) {
        None | Some("") => Ok(None),
        Some(text) => match text.parse::<Uuid>() {
            Ok(id) => Ok(Some(id).filter(|id| !id.is_nil())),
            Err(_) => Err(format!("{key} must be of type UUID.")),
        },
    }
}

/// A text within its limit.
pub(crate) fn text(element: &Json, key: &str, longest: usize) -> Result<Option<String>, String> {
    match element.text(key) {
        Some(text) if text.chars().count() > longest => {
            Err(format!("The length of {key} must not exceed {longest} characters."))
        }
        found => Ok(found.map(str::to_owned)),
    }
}

/// Whether Xero takes the address as the link back to a document.
pub(crate) fn url(element: &Json) -> Result<Option<String>, String> {
    let Some(text) = element.text("Url").filter(|text| !text.is_empty()) else { return Ok(None) };
    let read = url::Url::parse(text).ok().filter(url::Url::has_host);
    let fine = read.is_some_and(|url| !url.as_str().to_ascii_lowercase().contains("xero"));
    if fine { Ok(Some(text.to_owned())) } else { Err("Url must be a valid absolute url".to_owned()) }
}

/// A plain decimal of a sane size: products and quotients of two such numbers always exist.
fn plain(text: &str) -> Option<Decimal> {
    if text.contains(['e', 'E']) {
        return None;
    }
    let number: Decimal = text.trim().parse().ok()?;
    Some(number.round_dp(MOST_DECIMALS)).filter(|number| number.abs() < LARGEST)
}
