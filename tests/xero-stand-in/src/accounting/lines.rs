//! Line items: how quantity, unit amount and line amount agree, which accounts and tax rates fit,
//! and tax rounded per line.

use rust_decimal::Decimal;

use super::{Ctx, fields};
use crate::json::Json;
use crate::world::records::{Account, Document, Kind, Line};

/// The largest amount of a line.
const LARGEST: Decimal = Decimal::from_parts(3_567_587_327, 232, 0, false, 2);
const LONGEST_DESCRIPTION: usize = 4000;

/// Reads the lines of a request over those a document has: changed by id, added without, removed by absence.
pub(crate) fn read(ctx: &Ctx<'_>, document: &Document, items: &[Json]) -> Result<Vec<Line>, Vec<String>> {
    let mut lines = Vec::new();
    let mut complaints = Vec::new();
    for item in items {
        match read_one(ctx, document, item) {
            Ok(line) => lines.push(line),
            Err(complaint) => complaints.push(complaint),
        }
    }
    if complaints.is_empty() { Ok(lines) } else { Err(complaints) }
}

/// Works out the taxes of all lines and the totals of the document.
pub(crate) fn total(ctx: &Ctx<'_>, document: &mut Document) -> Result<(), Vec<String>> {
    let mut complaints = Vec::new();
    let mut lines = std::mem::take(&mut document.lines);
    for line in &mut lines {
        if let Err(complaint) = tax(ctx, document, line) {
            complaints.push(complaint);
        }
    }
    let amounts: Decimal = lines.iter().filter_map(|line| line.line_amount).sum();
    document.total_tax = lines.iter().map(|line| line.tax_amount).sum();
    document.lines = lines;
    document.sub_total = if document.line_amounts == "Inclusive" { amounts - document.total_tax } else { amounts };
    document.total = document.sub_total + document.total_tax + document.rounding;
    if complaints.is_empty() { Ok(()) } else { Err(complaints) }
}

fn read_one(ctx: &Ctx<'_>, document: &Document, item: &Json) -> Result<Line, String> {
    let known = match fields::id(item, "LineItemID")? {
        None => None,
        Some(id) => {
            let line = document.lines.iter().find(|line| line.id == id);
            Some(line.ok_or("The LineItemID does not belong to this document.")?.clone())
        }
    };
    let is_new = known.is_none();
    let mut line = known.unwrap_or_else(blank);
    if item.has("Description") || is_new {
        line.description = fields::text(item, "Description", LONGEST_DESCRIPTION)?.filter(|text| !text.is_empty());
    }
    amounts(ctx, document.kind, item, &mut line)?;
    account(ctx, item, &mut line)?;
    if item.has("TaxType") {
        line.tax_type = item.text("TaxType").map(str::to_owned);
    } else if is_new {
        let account = line.account.and_then(|id| ctx.ledger.account(id));
        line.tax_type = account.map(|account| account.tax_type.clone());
    }
    line.sent_tax = fields::number(ctx, item, "TaxAmount")?;
    if item.has("Tracking") {
        line.tracking = item.list("Tracking").to_vec();
    }
    if line.tracking.len() > 2 {
        return Err("A line item can have at most two tracking categories.".to_owned());
    }
    if let Some(code) = item.text("ItemCode").filter(|code| !code.is_empty()) {
        // The seeded organisations keep no items.
        return Err(format!("Item code '{code}' is not valid"));
    }
    Ok(line)
}

fn blank() -> Line {
    Line {
        id: crate::ids::fresh(),
        description: None,
        quantity: None,
        unit_amount: None,
        line_amount: None,
        account: None,
        tax_type: None,
        tax_amount: Decimal::ZERO,
        sent_tax: None,
        discount_rate: None,
        discount_amount: None,
        tracking: Vec::new(),
    }
}

/// Two of quantity, unit amount and line amount determine the third; all three must agree.
fn amounts(ctx: &Ctx<'_>, kind: Kind, item: &Json, line: &mut Line) -> Result<(), String> {
    // It is kept and shown to four decimals (facts 10.1).
    let mut quantity = fields::number(ctx, item, "Quantity")?.map(|quantity| ctx.round(quantity, 4));
    let mut unit = fields::number(ctx, item, "UnitAmount")?.map(|unit| ctx.round(unit, ctx.unit_places()));
    let sent = fields::number(ctx, item, "LineAmount")?;
    discount(ctx, kind, item, line)?;
    if (quantity, unit, sent) == (None, None, None) {
        return Ok(());
    }
    // A change of one figure keeps the other; the line amount follows.
    quantity = quantity.or(line.quantity);
    unit = unit.or(line.unit_amount.filter(|_| sent.is_none()));
    if quantity.is_none() && ctx.switches.quantity_defaults_to_one {
        quantity = Some(Decimal::ONE);
    }
    let amount = match (quantity, unit, sent) {
        (Some(quantity), Some(unit), sent) => {
            let full = quantity * unit;
            let net = match (line.discount_rate, line.discount_amount) {
                (Some(rate), _) => full - full * rate / Decimal::ONE_HUNDRED,
                (None, Some(off)) => full - off,
                (None, None) => full,
            };
            let computed = ctx.round(net, 2);
            if sent.is_some_and(|sent| ctx.round(sent, 2) != computed) {
                let sent = sent.unwrap_or_default();
                return Err(format!("The line total {sent} does not match the expected line total {computed:.2}"));
            }
            computed
        }
        (Some(quantity), None, Some(sent)) if !quantity.is_zero() => {
            unit = Some(ctx.round(sent / quantity, ctx.unit_places()));
            ctx.round(sent, 2)
        }
        (None, Some(unit), Some(sent)) if !unit.is_zero() => {
            quantity = Some(ctx.round(sent / unit, 4));
            ctx.round(sent, 2)
        }
        _ => return Err("Two of Quantity, UnitAmount and LineAmount must be specified.".to_owned()),
    };
    if amount.abs() > LARGEST {
        return Err("The LineAmount is too large.".to_owned());
    }
    (line.quantity, line.unit_amount, line.line_amount) = (quantity, unit, Some(amount));
    Ok(())
}

fn discount(ctx: &Ctx<'_>, kind: Kind, item: &Json, line: &mut Line) -> Result<(), String> {
    if item.has("DiscountRate") {
        line.discount_rate = fields::number(ctx, item, "DiscountRate")?.filter(|rate| !rate.is_zero());
    }
    if item.has("DiscountAmount") {
        line.discount_amount = fields::number(ctx, item, "DiscountAmount")?.filter(|amount| !amount.is_zero());
    }
    let discounted = line.discount_rate.is_some() || line.discount_amount.is_some();
    if discounted && kind != Kind::Accrec {
        return Err("Discounts are only supported on ACCREC invoices.".to_owned());
    }
    Ok(())
}

fn account(ctx: &Ctx<'_>, item: &Json, line: &mut Line) -> Result<(), String> {
    let found: Option<&Account> = match (fields::id(item, "AccountID")?, item.text("AccountCode")) {
        (_, Some(code)) => {
            let invalid = || format!("Account code '{code}' is not a valid code for this document.");
            Some(ctx.ledger.account_by_code(code).ok_or_else(invalid)?)
        }
        (Some(id), None) => Some(ctx.ledger.account(id).ok_or("Account must be valid.")?),
        (None, None) => None,
    };
    let Some(account) = found else { return Ok(()) };
    let code = account.code.as_deref().unwrap_or_default();
    if account.archived {
        return Err(format!(
            "Account code '{code}' has been archived, or has been deleted. Each line item must reference a valid account."
        ));
    }
    if account.is_bank() || !account.system.is_empty() {
        return Err(format!("Account code '{code}' is not a valid code for this document."));
    }
    line.account = Some(account.id);
    Ok(())
}

/// Tax of one line, rounded by itself.
fn tax(ctx: &Ctx<'_>, document: &Document, line: &mut Line) -> Result<(), String> {
    let sent = line.sent_tax.take();
    line.tax_amount = Decimal::ZERO;
    let Some(amount) = line.line_amount else { return Ok(()) };
    if document.line_amounts == "NoTax" {
        line.tax_type = Some("NONE".to_owned());
        return Ok(());
    }
    let Some(tax_type) = line.tax_type.clone() else { return Ok(()) };
    let unknown =
        || format!("The TaxType code {tax_type} does not exist or cannot be used for this type of transaction.");
    let rate = ctx.ledger.tax_rate(&tax_type).filter(|rate| rate.status == "ACTIVE").ok_or_else(unknown)?;
    if !fits_side(&tax_type, document.kind) {
        return Err(unknown());
    }
    let account = line.account.and_then(|id| ctx.ledger.account(id));
    if let Some(account) = account.filter(|account| !rate.fits(&account.class)) {
        let code = account.code.as_deref().unwrap_or_default();
        return Err(format!("The TaxType code '{tax_type}' cannot be used with account code '{code}'."));
    }
    if !ctx.ledger.organisation.pays_tax && !rate.rate.is_zero() && !ctx.switches.tax_without_registration {
        return Err(unknown());
    }
    let computed = if document.line_amounts == "Inclusive" {
        amount * rate.rate / (Decimal::ONE_HUNDRED + rate.rate)
    } else {
        amount * rate.rate / Decimal::ONE_HUNDRED
    };
    line.tax_amount = ctx.round(computed, 2);
    match sent {
        Some(sent) if sent != line.tax_amount && !ctx.switches.correct_wrong_tax => {
            Err(format!("The TaxAmount {sent} does not match the expected tax amount {}", line.tax_amount))
        }
        _ => Ok(()),
    }
}

/// Whether a tax type belongs to the side of the document: income or expenses.
fn fits_side(tax_type: &str, kind: Kind) -> bool {
    let purchases = ["INPUT", "REVERSECHARGES", "ECACQUISITIONS", "DRCHARGESUPPLY"];
    let sales = ["OUTPUT", "DRCHARGE20", "DRCHARGE5"];
    if kind.is_income() {
        !purchases.iter().any(|part| tax_type.contains(part))
    } else {
        !sales.iter().any(|part| tax_type.contains(part))
    }
}
