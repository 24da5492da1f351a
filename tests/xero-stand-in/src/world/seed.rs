//! The seeded world "uk": two people and two organisations with a UK chart of accounts.
//!
//! Ids are fixed so that tests and people can name them. No app is seeded; apps are registered.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use uuid::{Uuid, uuid};

use super::World;
use super::app::{Role, User};
use super::ledger::Ledger;
use super::records::{Account, Currency, Organisation, TaxRate};

/// The seeded organisation "Harbour Sound Ltd".
pub const HARBOUR_SOUND: Uuid = uuid!("9a1d3c55-0000-4000-8000-000000000003");
/// The seeded second organisation "Quayside Coaching".
pub const QUAYSIDE_COACHING: Uuid = uuid!("9a1d3c55-0000-4000-8000-000000000004");
/// The seeded user who has both organisations, adviser in none.
pub const ALEX: Uuid = uuid!("a1e00000-0000-4000-8000-000000000001");
/// The seeded user who has Harbour Sound alone, as its adviser.
pub const BLAKE: Uuid = uuid!("b1a00000-0000-4000-8000-000000000002");
/// The seeded current account, which has no code.
pub const BANK: Uuid = uuid!("acc00000-0000-4000-8000-000000000901");

/// Fills an empty world.
pub(crate) fn uk(world: &mut World) {
    let now = world.clock.now();
    for (id, email, given_name, family_name) in
        [(ALEX, "alex@harbour.example", "Alex", "Harbour"), (BLAKE, "blake@ledgers.example", "Blake", "Ledger")]
    {
        let [email, given_name, family_name] = [email, given_name, family_name].map(str::to_owned);
        world.users.insert(id, User { id, email, given_name, family_name });
    }
    let mut harbour = ledger(HARBOUR_SOUND, "Harbour Sound Ltd", now);
    harbour.members = BTreeMap::from([(ALEX, Role::Standard), (BLAKE, Role::Adviser)]);
    let mut quayside = ledger(QUAYSIDE_COACHING, "Quayside Coaching", now);
    quayside.members = BTreeMap::from([(ALEX, Role::Standard)]);
    world.ledgers.extend([(HARBOUR_SOUND, harbour), (QUAYSIDE_COACHING, quayside)]);
}

/// A UK organisation without documents.
pub(crate) fn ledger(id: Uuid, name: &str, now: Timestamp) -> Ledger {
    Ledger {
        organisation: organisation(id, name, now),
        members: BTreeMap::new(),
        accounts: accounts(now),
        tax_rates: tax_rates(),
        currencies: [("EUR", "Euro"), ("GBP", "British Pound")]
            .map(|(code, description)| Currency { code: code.to_owned(), description: description.to_owned() })
            .to_vec(),
        contacts: BTreeMap::new(),
        invoices: BTreeMap::new(),
        credit_notes: BTreeMap::new(),
        prepaid: BTreeMap::new(),
        bank_transactions: BTreeMap::new(),
        payments: BTreeMap::new(),
        allocations: Vec::new(),
        history: BTreeMap::new(),
        attachments: BTreeMap::new(),
        happened: Vec::new(),
    }
}

fn organisation(id: Uuid, name: &str, created: Timestamp) -> Organisation {
    let code: String = id.simple().to_string().to_uppercase().chars().rev().take(5).collect();
    Organisation {
        id,
        name: name.to_owned(),
        base_currency: "GBP".to_owned(),
        pays_tax: true,
        is_demo: false,
        short_code: format!("!{code}"),
        class: "GROW".to_owned(),
        created,
        period_lock: None,
        year_lock: None,
        next_number: 1,
        offline: false,
        submitted: Vec::new(),
        approvals_left: None,
        other_uncertified_apps: 0,
        tenant_type: "ORGANISATION".to_owned(),
    }
}

/// Code, name, type, class, tax type, system account; a leading `-` marks an archived one.
const ACCOUNTS: &[(&str, &str, &str, &str, &str, &str)] = &[
    ("200", "Sales", "REVENUE", "REVENUE", "OUTPUT2", ""),
    ("260", "Other Revenue", "REVENUE", "REVENUE", "OUTPUT2", ""),
    ("270", "Interest Income", "OTHERINCOME", "REVENUE", "NONE", ""),
    ("-280", "Old Teaching Income", "REVENUE", "REVENUE", "OUTPUT2", ""),
    ("310", "Cost of Goods Sold", "DIRECTCOSTS", "EXPENSE", "INPUT2", ""),
    ("400", "Advertising & Marketing", "OVERHEADS", "EXPENSE", "INPUT2", ""),
    ("404", "Bank Fees", "OVERHEADS", "EXPENSE", "NONE", ""),
    ("408", "Cleaning", "OVERHEADS", "EXPENSE", "INPUT2", ""),
    ("412", "Consulting", "OVERHEADS", "EXPENSE", "INPUT2", ""),
    ("420", "Entertainment - 100% business", "OVERHEADS", "EXPENSE", "INPUT2", ""),
    ("429", "General Expenses", "OVERHEADS", "EXPENSE", "INPUT2", ""),
    ("433", "Insurance", "OVERHEADS", "EXPENSE", "EXEMPTINPUT", ""),
    ("441", "Legal Expenses", "OVERHEADS", "EXPENSE", "INPUT2", ""),
    ("445", "Light, Power, Heating", "OVERHEADS", "EXPENSE", "RRINPUT", ""),
    ("449", "Motor Vehicle Expenses", "OVERHEADS", "EXPENSE", "INPUT2", ""),
    ("461", "Printing & Stationery", "OVERHEADS", "EXPENSE", "INPUT2", ""),
    ("-465", "Fax Line", "OVERHEADS", "EXPENSE", "INPUT2", ""),
    ("469", "Rent", "OVERHEADS", "EXPENSE", "INPUT2", ""),
    ("485", "Subscriptions", "OVERHEADS", "EXPENSE", "INPUT2", ""),
    ("489", "Telephone & Internet", "OVERHEADS", "EXPENSE", "INPUT2", ""),
    ("493", "Travel - National", "OVERHEADS", "EXPENSE", "ZERORATEDINPUT", ""),
    ("494", "Travel - International", "OVERHEADS", "EXPENSE", "NONE", ""),
    ("497", "Bank Revaluations", "OVERHEADS", "EXPENSE", "NONE", "BANKCURRENCYGAIN"),
    ("498", "Unrealised Currency Gains", "OVERHEADS", "EXPENSE", "NONE", "UNREALISEDCURRENCYGAIN"),
    ("499", "Realised Currency Gains", "OVERHEADS", "EXPENSE", "NONE", "REALISEDCURRENCYGAIN"),
    ("610", "Accounts Receivable", "CURRENT", "ASSET", "NONE", "DEBTORS"),
    ("620", "Prepayments", "CURRENT", "ASSET", "NONE", ""),
    ("710", "Office Equipment", "FIXED", "ASSET", "INPUT2", ""),
    ("720", "Computer Equipment", "FIXED", "ASSET", "INPUT2", ""),
    ("800", "Accounts Payable", "CURRLIAB", "LIABILITY", "NONE", "CREDITORS"),
    ("801", "Unpaid Expense Claims", "CURRLIAB", "LIABILITY", "NONE", "UNPAIDEXPCLM"),
    ("820", "VAT", "CURRLIAB", "LIABILITY", "NONE", "GST"),
    ("835", "Directors' Loan Account", "CURRLIAB", "LIABILITY", "NONE", ""),
    ("840", "Historical Adjustment", "CURRLIAB", "LIABILITY", "NONE", "HISTORICAL"),
    ("860", "Rounding", "CURRLIAB", "LIABILITY", "NONE", "ROUNDING"),
    ("877", "Tracking Transfers", "CURRLIAB", "LIABILITY", "NONE", "TRACKINGTRANSFERS"),
    ("880", "Drawings", "EQUITY", "EQUITY", "NONE", ""),
    ("960", "Retained Earnings", "EQUITY", "EQUITY", "NONE", "RETAINEDEARNINGS"),
    ("970", "Owner A Share Capital", "EQUITY", "EQUITY", "NONE", ""),
];

fn accounts(now: Timestamp) -> Vec<Account> {
    let coded = ACCOUNTS.iter().map(|(code, name, kind, class, tax_type, system)| {
        let number: u128 = code.trim_start_matches('-').parse().unwrap_or_default();
        Account {
            id: Uuid::from_u128(0xacc0_0000_0000_4000_8000_0000_0000_0000 | (number << 16)),
            code: Some(code.trim_start_matches('-').to_owned()),
            name: (*name).to_owned(),
            kind: (*kind).to_owned(),
            class: (*class).to_owned(),
            tax_type: (*tax_type).to_owned(),
            archived: code.starts_with('-'),
            system: (*system).to_owned(),
            enable_payments: *code == "835",
            bank_number: None,
            currency: None,
            updated: now,
        }
    });
    let bank = |id: u128, name: &str, code: Option<&str>, archived: bool, currency: &str| Account {
        id: Uuid::from_u128(0xacc0_0000_0000_4000_8000_0000_0000_0000 | id),
        code: code.map(str::to_owned),
        name: name.to_owned(),
        kind: "BANK".to_owned(),
        class: "ASSET".to_owned(),
        tax_type: "NONE".to_owned(),
        archived,
        system: String::new(),
        enable_payments: false,
        bank_number: Some(format!("2000000000{id:04x}")),
        currency: Some(currency.to_owned()),
        updated: now,
    };
    let banks = [
        bank(0x901, "Business Current Account", None, false, "GBP"),
        bank(0x902, "Business Savings Account", Some("091"), false, "GBP"),
        bank(0x903, "Closed Account", None, true, "GBP"),
        bank(0x904, "Euro Account", None, false, "EUR"),
    ];
    coded.chain(banks).collect()
}

/// Tax type, name, rate in tenths of a per cent, classes, status.
const TAX_RATES: &[(&str, &str, i64, &str, &str)] = &[
    ("OUTPUT2", "20% (VAT on Income)", 200, "AELR", "ACTIVE"),
    ("INPUT2", "20% (VAT on Expenses)", 200, "AEXL", "ACTIVE"),
    ("RROUTPUT", "5% (VAT on Income)", 50, "AELR", "ACTIVE"),
    ("RRINPUT", "5% (VAT on Expenses)", 50, "AEXL", "ACTIVE"),
    ("SROUTPUT", "15% (VAT on Income)", 150, "AELR", "ARCHIVED"),
    ("SRINPUT", "15% (VAT on Expenses)", 150, "AEXL", "ARCHIVED"),
    ("ZERORATEDOUTPUT", "Zero Rated Income", 0, "AELR", "ACTIVE"),
    ("ZERORATEDINPUT", "Zero Rated Expenses", 0, "AEXL", "ACTIVE"),
    ("EXEMPTOUTPUT", "Exempt Income", 0, "AELR", "ACTIVE"),
    ("EXEMPTINPUT", "Exempt Expenses", 0, "AEXL", "ACTIVE"),
    ("NONE", "No VAT", 0, "AEXLR", "ACTIVE"),
    ("CAPEXOUTPUT2", "20% (VAT on Capital Sales)", 200, "A", "ACTIVE"),
    ("CAPEXINPUT2", "20% (VAT on Capital Purchases)", 200, "A", "ACTIVE"),
    ("CAPEXOUTPUT", "17.5% (VAT on Capital Sales)", 175, "A", "ARCHIVED"),
    ("CAPEXINPUT", "17.5% (VAT on Capital Purchases)", 175, "A", "ARCHIVED"),
    ("ECZROUTPUT", "Zero Rated EC Goods Income", 0, "AELR", "ACTIVE"),
    ("ECZROUTPUTSERVICES", "Zero Rated EC Services", 0, "AELR", "ACTIVE"),
    ("ECZRINPUT", "Zero Rated EC Expenses", 0, "AEXL", "ACTIVE"),
    ("ECACQUISITIONS", "EC Acquisitions (20%)", 200, "AEXL", "ACTIVE"),
    ("REVERSECHARGES", "Reverse Charge Expenses (20%)", 200, "X", "ACTIVE"),
    ("GSTONIMPORTS", "VAT on Imports", 0, "L", "ACTIVE"),
    ("DRCHARGESUPPLY20", "Domestic Reverse Charge @ 20% (VAT on Expenses)", 200, "AEXL", "ACTIVE"),
    ("DRCHARGE20", "Domestic Reverse Charge @ 20% (VAT on Income)", 200, "AELR", "ACTIVE"),
    ("TAX001", "Festival Levy 12.5%", 125, "AEXLR", "DELETED"),
];

fn tax_rates() -> Vec<TaxRate> {
    let rate = |(tax_type, name, tenths, classes, status): &(&str, &str, i64, &str, &str)| TaxRate {
        name: (*name).to_owned(),
        tax_type: (*tax_type).to_owned(),
        rate: Decimal::new(*tenths, 1),
        status: (*status).to_owned(),
        applies_to: (*classes).to_owned(),
    };
    TAX_RATES.iter().map(rate).collect()
}
