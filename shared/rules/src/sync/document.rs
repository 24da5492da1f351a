//! Draws a sales invoice for Xero from Sessional's, with the organisation's own accounts and tax rates, and
//! finds what Xero would refuse before it is asked.

use crate::event::{Invoice, Line, LineAmounts};
use crate::failure::Failure;
use crate::organisation::{Facts, Side, usable};
use rust_decimal::Decimal;
use xero::ContactId;
use xero::models::{Account, InvoiceStatus, InvoiceType, LineAmountTypes, NewInvoice, NewLineItem};
use xero::tax;

/// Draws the document.
///
/// # Errors
/// Why Xero would refuse it, for the user.
pub fn draw(
    invoice: &Invoice,
    contact: ContactId,
    sales: xero::AccountId,
    facts: &Facts,
) -> Result<NewInvoice, Failure> {
    let account = facts.account(sales).filter(|account| usable(account) && account.code.is_some());
    let account =
        account.ok_or_else(|| Failure::account_unusable(facts.account(sales).map(|account| account.name.as_str())))?;
    check_lock_date(invoice, facts)?;
    let line_amount_types = line_amount_types(invoice, facts);
    let lines = invoice.lines.iter().map(|line| draw_line(line, account, &line_amount_types, facts));
    Ok(NewInvoice {
        invoice_type: InvoiceType::Accrec,
        status: InvoiceStatus::Authorised,
        invoice_number: Some(invoice.number.to_string()),
        reference: invoice.reference.clone().filter(|reference| !reference.trim().is_empty()),
        contact,
        date: invoice.issued_on,
        due_date: Some(invoice.due_on),
        line_amount_types: line_amount_types.clone(),
        currency_code: invoice.currency.to_string(),
        url: invoice.acceptable_url().map(ToString::to_string),
        sent_to_contact: None,
        line_items: lines.collect::<Result<_, _>>()?,
    })
}

/// What Xero will compute as the total; none when a line's rate is not known here.
#[must_use]
pub fn predicted_total(document: &NewInvoice, facts: &Facts) -> Option<Decimal> {
    // A line without a tax type carries no tax.
    let rate =
        |line: &NewLineItem| line.tax_type.as_deref().map_or(Some(Decimal::ZERO), |tax_type| facts.rate_of(tax_type));
    Some(tax::predict_totals(&document.line_items, &document.line_amount_types, rate)?.total)
}

/// The end-of-year lock binds everyone. The period lock does not bind advisers, so it is left to Xero to
/// judge with the role of the user who connected.
fn check_lock_date(invoice: &Invoice, facts: &Facts) -> Result<(), Failure> {
    match facts.organisation.end_of_year_lock_date {
        Some(locked) if invoice.issued_on <= locked => {
            let subject = format!("Invoice {}", invoice.number);
            Err(Failure::refused(&["lock date".to_owned()], &subject))
        }
        Some(_) | None => Ok(()),
    }
}

fn line_amount_types(invoice: &Invoice, facts: &Facts) -> LineAmountTypes {
    if facts.organisation.pays_tax == Some(false) {
        return LineAmountTypes::NoTax;
    }
    match invoice.line_amounts {
        LineAmounts::Exclusive => LineAmountTypes::Exclusive,
        LineAmounts::Inclusive => LineAmountTypes::Inclusive,
        LineAmounts::NoTax => LineAmountTypes::NoTax,
    }
}

fn draw_line(line: &Line, account: &Account, types: &LineAmountTypes, facts: &Facts) -> Result<NewLineItem, Failure> {
    let tax_type = match (types, line.tax_rate) {
        (LineAmountTypes::NoTax, _) => None,
        (_, None) => account.tax_type.clone(),
        (_, Some(percent)) => {
            let found = facts.tax_type_for(percent, account, Side::Income);
            let found = found.ok_or_else(|| Failure::no_tax_rate(&percent.normalize().to_string(), &account.name))?;
            Some(found.to_owned())
        }
    };
    Ok(NewLineItem {
        line_item_id: None,
        description: line.description.trim().to_owned(),
        quantity: Some(line.quantity),
        unit_amount: Some(line.unit_amount),
        account_code: account.code.clone(),
        account_id: None,
        tax_type,
    })
}
