//! What describes an organisation: itself, its accounts, tax rates and currencies. Read only.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::listing::{Listing, Row, answer};
use super::{Ctx, envelope, plans};
use crate::http::Reply;
use crate::json::Json;
use crate::time::{wrapped, wrapped_date};
use crate::world::Role;
use crate::world::records::{Account, Currency, Kind, TaxRate};

const ACCOUNT_FIELDS: &[&str] = &[
    "AccountID",
    "Code",
    "Name",
    "Type",
    "Class",
    "Status",
    "TaxType",
    "SystemAccount",
    "EnablePaymentsToAccount",
    "BankAccountNumber",
    "BankAccountType",
    "CurrencyCode",
    "UpdatedDateUTC",
];
const TAX_FIELDS: &[&str] = &["Name", "TaxType", "Status", "EffectiveRate", "DisplayTaxRate"];
const CURRENCY_FIELDS: &[&str] = &["Code", "Description"];

/// `GET /Organisation`
pub(crate) fn organisation(ctx: &mut Ctx<'_>) -> Reply {
    let it = &ctx.ledger.organisation;
    let legal_name = it.name.as_str();
    let view = Json::object()
        .with("Name", legal_name)
        .with("LegalName", legal_name)
        .with("PaysTax", it.pays_tax)
        .with("Version", "UK")
        .with("OrganisationType", "COMPANY")
        .with("BaseCurrency", it.base_currency.as_str())
        .with("CountryCode", "GB")
        .with("IsDemoCompany", it.is_demo)
        .with("OrganisationStatus", "ACTIVE")
        .with("FinancialYearEndDay", 31_i64)
        .with("FinancialYearEndMonth", 3_i64)
        .with("SalesTaxBasis", if it.pays_tax { "ACCRUALS" } else { "NONE" })
        .with("SalesTaxPeriod", if it.pays_tax { "QUARTERLY" } else { "NONE" })
        .with("DefaultSalesTax", "Tax Exclusive")
        .with("DefaultPurchasesTax", "Tax Exclusive")
        .with_some("PeriodLockDate", it.period_lock.map(wrapped_date))
        .with_some("EndOfYearLockDate", it.year_lock.map(wrapped_date))
        .with("CreatedDateUTC", wrapped(it.created))
        .with("OrganisationEntityType", "COMPANY")
        .with("Timezone", "GMTSTANDARDTIME")
        .with("ShortCode", it.short_code.as_str())
        .with("OrganisationID", it.id)
        .with("Edition", "BUSINESS")
        .with("Class", if it.is_demo { "DEMO" } else { it.class.as_str() })
        .with("Addresses", Json::List(Vec::new()))
        .with("Phones", Json::List(Vec::new()))
        .with("ExternalLinks", Json::List(Vec::new()))
        .with("PaymentTerms", Json::object());
    envelope::ok(ctx, "Organisations", None, vec![view])
}

/// `GET /Organisation/Actions`
pub(crate) fn actions(ctx: &mut Ctx<'_>) -> Reply {
    let invoices = !plans::is_without_invoicing(&ctx.ledger.organisation.class);
    let left = invoices && ctx.ledger.organisation.approvals_left != Some(0);
    let approves = |kind| left && plans::allows(ctx, kind, "", "AUTHORISED");
    let many_currencies = ctx.ledger.currencies.len() > 1;
    let allowed = [
        ("CreateDraftInvoice", invoices),
        ("CreateApprovedInvoice", approves(Kind::Accrec)),
        ("CreateDraftBill", invoices),
        ("CreateApprovedBill", approves(Kind::Accpay)),
        ("UseMulticurrency", many_currencies),
        ("CreateInvoicePayment", true),
        ("AttachFilesIntoInvoice", true),
        ("ApproveTransactionsBeforePeriodLockDate", ctx.role == Role::Adviser),
    ];
    let view = |(name, allowed): (&str, bool)| {
        Json::object().with("Name", name).with("Status", if allowed { "ALLOWED" } else { "NOT-ALLOWED" })
    };
    envelope::ok(ctx, "Actions", None, allowed.map(view).to_vec())
}

/// `GET /Accounts`
pub(crate) fn accounts(ctx: &mut Ctx<'_>) -> Reply {
    let rows = ctx.ledger.accounts.iter().map(|item| Row { item, id: item.id, updated: item.updated }).collect();
    let view = |_: &Ctx<'_>, account: &Account| account_view(account);
    let listing = Listing {
        collection: "Accounts",
        fields: ACCOUNT_FIELDS,
        paged: false,
        full: &view,
        page: &view,
        reduced: &view,
    };
    answer(ctx, &listing, rows)
}

/// `GET /Accounts/{AccountID}`
pub(crate) fn account(ctx: &mut Ctx<'_>) -> Reply {
    let id: Option<Uuid> = ctx.param(0).parse().ok();
    match id.and_then(|id| ctx.ledger.account(id)) {
        Some(account) => envelope::ok(ctx, "Accounts", None, vec![account_view(account)]),
        None => Reply::not_found(),
    }
}

/// `GET /TaxRates`
pub(crate) fn tax_rates(ctx: &mut Ctx<'_>) -> Reply {
    let updated = ctx.ledger.organisation.created;
    let rows = ctx.ledger.tax_rates.iter().enumerate().map(|(at, item)| Row { item, id: place(at), updated }).collect();
    let view = |_: &Ctx<'_>, rate: &TaxRate| tax_rate_view(rate);
    let listing =
        Listing { collection: "TaxRates", fields: TAX_FIELDS, paged: false, full: &view, page: &view, reduced: &view };
    answer(ctx, &listing, rows)
}

/// `GET /TaxRates/{TaxType}`
pub(crate) fn tax_rate(ctx: &mut Ctx<'_>) -> Reply {
    match ctx.ledger.tax_rate(ctx.param(0)) {
        Some(rate) => envelope::ok(ctx, "TaxRates", None, vec![tax_rate_view(rate)]),
        None => Reply::not_found(),
    }
}

/// `GET /Currencies`
pub(crate) fn currencies(ctx: &mut Ctx<'_>) -> Reply {
    let updated = ctx.ledger.organisation.created;
    let rows =
        ctx.ledger.currencies.iter().enumerate().map(|(at, item)| Row { item, id: place(at), updated }).collect();
    let view = |_: &Ctx<'_>, currency: &Currency| {
        Json::object().with("Code", currency.code.as_str()).with("Description", currency.description.as_str())
    };
    let listing = Listing {
        collection: "Currencies",
        fields: CURRENCY_FIELDS,
        paged: false,
        full: &view,
        page: &view,
        reduced: &view,
    };
    answer(ctx, &listing, rows)
}

/// A stable place in a list that has no ids.
fn place(at: usize) -> Uuid {
    Uuid::from_u128(u128::try_from(at).unwrap_or_default())
}

fn account_view(account: &Account) -> Json {
    let view = Json::object()
        .with("AccountID", account.id)
        .with_some("Code", account.code.as_deref())
        .with("Name", account.name.as_str())
        .with("Status", if account.archived { "ARCHIVED" } else { "ACTIVE" })
        .with("Type", account.kind.as_str())
        .with("TaxType", account.tax_type.as_str())
        .with("Class", account.class.as_str())
        .with("EnablePaymentsToAccount", account.enable_payments)
        .with("ShowInExpenseClaims", false)
        .with_some("BankAccountNumber", account.bank_number.as_deref())
        .with_some("BankAccountType", account.is_bank().then_some("BANK"))
        .with_some("CurrencyCode", account.currency.as_deref());
    // Ordinary accounts have it too, and empty (facts 10.1).
    view.with("SystemAccount", account.system.as_str())
        .with(
            "ReportingCode",
            match account.class.as_str() {
                "ASSET" => "ASS",
                "LIABILITY" => "LIA",
                "EQUITY" => "EQU",
                "REVENUE" => "REV",
                _ => "EXP",
            },
        )
        .with("HasAttachments", false)
        .with("UpdatedDateUTC", wrapped(account.updated))
        .with("AddToWatchlist", false)
}

/// The word of the tax return: from a closed list of its own, and not the `TaxType` (facts 10.1).
fn report_tax_type(tax_type: &str) -> &'static str {
    match tax_type {
        "OUTPUT2" | "OUTPUT" | "RROUTPUT" => "OUTPUT",
        "INPUT2" | "INPUT" | "RRINPUT" => "INPUT",
        "SROUTPUT" => "SROUTPUT",
        "SRINPUT" => "SRINPUT",
        "ZERORATEDOUTPUT" => "ZERORATEDOUTPUT",
        "ZERORATEDINPUT" => "ZERORATEDINPUT",
        "EXEMPTOUTPUT" => "EXEMPTOUTPUT",
        "EXEMPTINPUT" => "EXEMPTINPUT",
        "CAPEXOUTPUT" | "CAPEXOUTPUT2" => "CAPEXOUTPUT",
        "CAPEXINPUT" | "CAPEXINPUT2" => "CAPEXINPUT",
        "ECZROUTPUT" => "ECOUTPUT",
        "ECZROUTPUTSERVICES" => "ECOUTPUTSERVICES",
        "ECZRINPUT" => "ECINPUT",
        "ECACQUISITIONS" => "ECACQUISITIONS",
        "REVERSECHARGES" => "REVERSECHARGES",
        "GSTONIMPORTS" => "GSTONIMPORTS",
        "DRCHARGESUPPLY20" | "DRCHARGESUPPLY5" => "DRCHARGESUPPLY",
        "DRCHARGE20" | "DRCHARGE5" => "DRCHARGE",
        _ => "NONE",
    }
}

fn tax_rate_view(rate: &TaxRate) -> Json {
    let component = Json::object()
        .with("Name", "VAT")
        .with("Rate", Json::decimals(rate.rate, 4))
        .with("IsCompound", false)
        .with("IsNonRecoverable", false);
    let components = if rate.rate > Decimal::ZERO { vec![component] } else { Vec::new() };
    Json::object()
        .with("Name", rate.name.as_str())
        .with("TaxType", rate.tax_type.as_str())
        .with("ReportTaxType", report_tax_type(&rate.tax_type))
        .with("CanApplyToAssets", rate.fits("ASSET"))
        .with("CanApplyToEquity", rate.fits("EQUITY"))
        .with("CanApplyToExpenses", rate.fits("EXPENSE"))
        .with("CanApplyToLiabilities", rate.fits("LIABILITY"))
        .with("CanApplyToRevenue", rate.fits("REVENUE"))
        .with("DisplayTaxRate", Json::decimals(rate.rate, 4))
        .with("EffectiveRate", Json::decimals(rate.rate, 4))
        .with("Status", rate.status.as_str())
        .with("TaxComponents", Json::List(components))
}
