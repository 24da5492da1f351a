//! The connection as the app's Integrations page shows it.

use crate::action::Action;
use crate::connection::{Connection, Status};
use crate::event::{Body, Event};
use crate::failure::Cause;
use crate::mapping::{Broken, Choices, ExpenseCategory, Mapping};
use crate::organisation::Facts;
use crate::record::Record;
use crate::wake::{Wake, WakeView};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use xero::TenantId;

/// The answer of `GET /connection`.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatusView {
    /// Where the connection stands.
    pub status: Status,
    /// The organisation; it stays visible after a disconnect.
    pub organisation: Option<OrganisationView>,
    /// Since when it is connected.
    pub connected_at: Option<Timestamp>,
    /// Why it is in error, and what the user can do.
    pub error: Option<ErrorView>,
    /// How far the set-up is.
    pub setup: SetupView,
    /// When Xero last answered for it: at a look after the connection, or when payments were last looked for.
    pub last_checked_at: Option<Timestamp>,
    /// Whether Xero asked us to wait.
    pub limits: LimitsView,
}

/// A Xero organisation.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganisationView {
    /// Xero's id of it.
    #[schema(value_type = String, format = Uuid)]
    pub tenant_id: TenantId,
    /// Its name.
    pub name: String,
}

/// Why a connection is in error.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorView {
    /// Stable word.
    pub reason: &'static str,
    /// In plain English.
    pub message: &'static str,
    /// What the user can do.
    pub action: Action,
}

/// How far the set-up is.
#[derive(Debug, Serialize, ToSchema)]
pub struct SetupView {
    /// Whether an organisation is chosen.
    pub organisation: bool,
    /// Whether an account is chosen for sales.
    pub sales_mapped: bool,
    /// Expense categories that have no account and are skipped.
    pub unmapped_categories: Vec<ExpenseCategory>,
    /// What is mapped to an account that cannot be posted to any more, and what waits for it.
    pub broken: Vec<BrokenView>,
}

/// A mapped category whose account cannot be posted to any more.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BrokenView {
    /// `sales` or an expense category.
    pub category: &'static str,
    /// The account's name, where Xero still tells it.
    pub account: Option<String>,
    /// Why not.
    pub reason: &'static str,
    /// How many records wait for it.
    pub waiting: usize,
}

/// Whether Xero asked us to wait.
#[derive(Debug, Serialize, ToSchema)]
pub struct LimitsView {
    /// Until when nothing is sent to this organisation.
    pub waiting_until: Option<Timestamp>,
    /// What work waits for, since when, and when it is tried next; it goes on by itself.
    pub waiting_for: Option<WakeView>,
}

/// Draws the status, with what the account's work waits for, and up to when payments were looked for. An account that was
/// never connected is disconnected.
#[must_use]
pub fn draw(
    connection: Option<Connection>,
    mapping: Option<&Mapping>,
    waiting_until: Option<Timestamp>,
    wake: Option<&Wake>,
    swept_to: Option<Timestamp>,
    broken: Vec<BrokenView>,
) -> StatusView {
    let chosen = connection.as_ref().is_some_and(|connection| {
        matches!(connection.status, Status::Connected | Status::Error) && connection.organisation.is_some()
    });
    let setup = SetupView {
        organisation: chosen,
        sales_mapped: mapping.is_some_and(|mapping| mapping.choices.sales.is_some()),
        unmapped_categories: mapping
            .map_or_else(|| ExpenseCategory::ALL.to_vec(), |mapping| mapping.choices.unmapped().collect()),
        broken,
    };
    let limits = LimitsView { waiting_until, waiting_for: wake.map(WakeView::from) };
    let Some(connection) = connection else {
        return StatusView {
            status: Status::Disconnected,
            organisation: None,
            connected_at: None,
            error: None,
            setup,
            last_checked_at: None,
            limits,
        };
    };
    let error = connection.error.filter(|_| connection.status == Status::Error);
    StatusView {
        status: connection.status,
        organisation: connection
            .organisation
            .map(|organisation| OrganisationView { tenant_id: organisation.tenant, name: organisation.name }),
        connected_at: connection.connected_at,
        error: error.map(|reason| ErrorView {
            reason: reason.word(),
            message: reason.message(),
            action: reason.action(),
        }),
        setup,
        last_checked_at: connection.last_checked_at.max(swept_to),
        limits,
    }
}

/// What is broken in a mapping, with how many of the waiting records wait for each.
#[must_use]
pub fn broken(choices: &Choices, facts: &Facts, waiting: &[Record]) -> Vec<BrokenView> {
    let waits = |category: &str| waiting.iter().filter(|record| waits_for(record, category)).count();
    let broken = choices.broken(facts).into_iter();
    broken
        .map(|Broken { category, account, reason }| BrokenView { category, account, reason, waiting: waits(category) })
        .collect()
}

/// Whether a record failed for the account of a category.
fn waits_for(record: &Record, category: &str) -> bool {
    let cause = record.failure.as_ref().map(|failure| failure.cause);
    if !matches!(cause, Some(Cause::AccountArchived | Cause::AccountInvalid)) {
        return false;
    }
    let event = record.event.as_deref().and_then(|event| Event::parse(event).ok());
    match event.map(|event| event.body) {
        Some(Body::InvoiceCreated(_) | Body::InvoiceUpdated(_) | Body::InvoiceSent(_)) => category == "sales",
        Some(Body::ExpenseLogged(expense) | Body::ExpenseUpdated(expense)) => category == expense.category.word(),
        Some(Body::InvoiceVoided(_) | Body::ExpenseDeleted(_)) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn what_was_looked_for_last_says_when_xero_last_answered() {
        let connection = |checked| {
            let mut connection = Connection::none(crate::AccountId::parse("acc_1").unwrap());
            connection.last_checked_at = checked;
            connection
        };
        let later = NOW + SignedDuration::from_hours(6);
        for (checked, swept, shown) in [
            (None, None, None),
            (Some(NOW), None, Some(NOW)),
            (Some(NOW), Some(later), Some(later)),
            (Some(later), Some(NOW), Some(later)),
        ] {
            let drawn = draw(Some(connection(checked)), None, None, None, swept, Vec::new());
            assert_eq!(drawn.last_checked_at, shown, "{checked:?} {swept:?}");
        }
    }
}
