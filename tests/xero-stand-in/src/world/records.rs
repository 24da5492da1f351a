//! The rows of an organisation's books. Money is a decimal, a document date a calendar date.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::json::Json;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Organisation {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) base_currency: String,
    pub(crate) pays_tax: bool,
    pub(crate) is_demo: bool,
    pub(crate) short_code: String,
    pub(crate) class: String,
    pub(crate) created: Timestamp,
    pub(crate) period_lock: Option<Date>,
    pub(crate) year_lock: Option<Date>,
    pub(crate) next_number: u32,
    /// The organisation is temporarily offline: 503 with plain text.
    pub(crate) offline: bool,
    /// What left the drafts, and when: plans count it.
    #[serde(default)]
    pub(crate) submitted: Vec<Submitted>,
    /// How many more documents the plan lets through approval.
    pub(crate) approvals_left: Option<u32>,
    /// Connected uncertified apps of other makers.
    pub(crate) other_uncertified_apps: usize,
    /// `ORGANISATION`, or another tenant type such as `PRACTICE`.
    pub(crate) tenant_type: String,
}

/// A document that left the drafts, or was approved.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Submitted {
    pub(crate) kind: Kind,
    pub(crate) at: Timestamp,
    pub(crate) approved: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: Uuid,
    pub(crate) code: Option<String>,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) class: String,
    pub(crate) tax_type: String,
    pub(crate) archived: bool,
    pub(crate) system: String,
    pub(crate) enable_payments: bool,
    pub(crate) bank_number: Option<String>,
    pub(crate) currency: Option<String>,
    pub(crate) updated: Timestamp,
}

impl Account {
    pub(crate) fn is_bank(&self) -> bool {
        self.kind == "BANK"
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TaxRate {
    pub(crate) name: String,
    pub(crate) tax_type: String,
    pub(crate) rate: Decimal,
    pub(crate) status: String,
    /// Letters of the account classes: A assets, E equity, X expenses, L liabilities, R revenue.
    pub(crate) applies_to: String,
}

impl TaxRate {
    /// Whether the rate may stand on an account of that class.
    pub(crate) fn fits(&self, class: &str) -> bool {
        let letter = match class {
            "ASSET" => 'A',
            "EQUITY" => 'E',
            "EXPENSE" => 'X',
            "LIABILITY" => 'L',
            "REVENUE" => 'R',
            _ => return false,
        };
        self.applies_to.contains(letter)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Currency {
    pub(crate) code: String,
    pub(crate) description: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Contact {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) archived: bool,
    pub(crate) merged_to: Option<Uuid>,
    pub(crate) is_customer: bool,
    pub(crate) is_supplier: bool,
    /// Plain text fields by Xero's name.
    pub(crate) texts: BTreeMap<String, String>,
    pub(crate) addresses: Vec<Json>,
    pub(crate) phones: Vec<Json>,
    pub(crate) persons: Vec<Json>,
    pub(crate) payment_terms: Option<Json>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

impl Contact {
    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.texts.get(field).map(String::as_str)
    }
}

/// What a document is; decides its table, its signs and its rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Accrec,
    Accpay,
    AccrecCredit,
    AccpayCredit,
    Spend,
    Receive,
    ReceiveOverpayment,
    SpendOverpayment,
    ReceivePrepayment,
    SpendPrepayment,
}

impl Kind {
    /// What a request may write by name; overpayments and prepayments arise from money.
    pub(crate) const ALL: [Self; 6] =
        [Self::Accrec, Self::Accpay, Self::AccrecCredit, Self::AccpayCredit, Self::Spend, Self::Receive];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Accrec => "ACCREC",
            Self::Accpay => "ACCPAY",
            Self::AccrecCredit => "ACCRECCREDIT",
            Self::AccpayCredit => "ACCPAYCREDIT",
            Self::Spend => "SPEND",
            Self::Receive => "RECEIVE",
            Self::ReceiveOverpayment => "RECEIVE-OVERPAYMENT",
            Self::SpendOverpayment => "SPEND-OVERPAYMENT",
            Self::ReceivePrepayment => "RECEIVE-PREPAYMENT",
            Self::SpendPrepayment => "SPEND-PREPAYMENT",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Money comes in: sales side.
    pub(crate) fn is_income(self) -> bool {
        matches!(
            self,
            Self::Accrec | Self::AccrecCredit | Self::Receive | Self::ReceiveOverpayment | Self::ReceivePrepayment
        )
    }

    pub(crate) fn is_overpayment(self) -> bool {
        matches!(self, Self::ReceiveOverpayment | Self::SpendOverpayment)
    }

    pub(crate) fn is_prepayment(self) -> bool {
        matches!(self, Self::ReceivePrepayment | Self::SpendPrepayment)
    }

    pub(crate) fn is_invoice(self) -> bool {
        matches!(self, Self::Accrec | Self::Accpay)
    }

    pub(crate) fn is_bank(self) -> bool {
        matches!(self, Self::Spend | Self::Receive)
    }
}

/// An invoice, a bill, a credit note or a bank transaction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Document {
    pub(crate) id: Uuid,
    pub(crate) kind: Kind,
    pub(crate) status: String,
    pub(crate) number: Option<String>,
    pub(crate) reference: Option<String>,
    pub(crate) contact: Option<Uuid>,
    pub(crate) date: Date,
    pub(crate) due_date: Option<Date>,
    pub(crate) planned_date: Option<Date>,
    pub(crate) expected_date: Option<Date>,
    pub(crate) line_amounts: String,
    pub(crate) lines: Vec<Line>,
    pub(crate) currency: String,
    pub(crate) currency_rate: Decimal,
    pub(crate) sub_total: Decimal,
    pub(crate) total_tax: Decimal,
    pub(crate) total: Decimal,
    pub(crate) rounding: Decimal,
    pub(crate) sent: bool,
    pub(crate) url: Option<String>,
    pub(crate) bank_account: Option<Uuid>,
    pub(crate) reconciled: bool,
    pub(crate) fully_paid_on: Option<Date>,
    /// The client id of the app that made it; none for the bookkeeper.
    pub(crate) made_by: Option<String>,
    pub(crate) updated: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) id: Uuid,
    pub(crate) description: Option<String>,
    pub(crate) quantity: Option<Decimal>,
    pub(crate) unit_amount: Option<Decimal>,
    pub(crate) line_amount: Option<Decimal>,
    pub(crate) account: Option<Uuid>,
    pub(crate) tax_type: Option<String>,
    pub(crate) tax_amount: Decimal,
    /// What the request claims, until it is compared.
    #[serde(skip)]
    pub(crate) sent_tax: Option<Decimal>,
    pub(crate) discount_rate: Option<Decimal>,
    pub(crate) discount_amount: Option<Decimal>,
    pub(crate) tracking: Vec<Json>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Payment {
    pub(crate) id: Uuid,
    /// The invoice or credit note that it settles.
    pub(crate) document: Uuid,
    pub(crate) account: Uuid,
    pub(crate) date: Date,
    pub(crate) amount: Decimal,
    pub(crate) currency_rate: Decimal,
    pub(crate) reference: Option<String>,
    pub(crate) reconciled: bool,
    pub(crate) batch: Option<Uuid>,
    pub(crate) deleted: bool,
    pub(crate) updated: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Allocation {
    pub(crate) id: Uuid,
    /// The credit note, overpayment or prepayment.
    pub(crate) credit_note: Uuid,
    pub(crate) invoice: Uuid,
    pub(crate) amount: Decimal,
    pub(crate) date: Date,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HistoryRecord {
    pub(crate) changes: String,
    pub(crate) details: String,
    pub(crate) user: String,
    pub(crate) at: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Attachment {
    pub(crate) id: Uuid,
    pub(crate) file_name: String,
    pub(crate) mime_type: String,
    pub(crate) size: usize,
    pub(crate) include_online: bool,
}
