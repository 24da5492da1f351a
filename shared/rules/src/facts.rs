//! Reads what must be known of an organisation, from the table while it is fresh and otherwise from Xero.

use crate::account::AccountId;
use crate::organisation::{Facts, VERSION};
use crate::ports::{Clock, Organisations};
use crate::session::{Interruption, Session};
use std::sync::Arc;

/// The facts of the session's organisation, at most a day old and not older than the connection: whoever
/// connects again may find another chart of accounts.
///
/// # Errors
/// What happens next, when neither the table nor Xero could tell.
pub async fn known(
    store: &dyn Organisations,
    session: &Session<'_>,
    account: &AccountId,
    clock: &dyn Clock,
) -> Result<Arc<Facts>, Interruption> {
    let stored = store.facts(account, session.tenant_id()).await?;
    let since = session.connected_at();
    let current = |facts: &Arc<Facts>| facts.fresh(clock.now()) && since.is_none_or(|since| facts.fetched_at >= since);
    match stored.filter(current) {
        Some(facts) => Ok(facts),
        None => read(store, session, account, clock).await,
    }
}

/// Reads the facts from Xero (four calls) and stores them.
///
/// # Errors
/// As [`known`].
pub async fn read(
    store: &dyn Organisations,
    session: &Session<'_>,
    account: &AccountId,
    clock: &dyn Clock,
) -> Result<Arc<Facts>, Interruption> {
    let currencies = crate::call_xero!(session, |tenant| tenant.currencies())?;
    let facts = Arc::new(Facts {
        version: VERSION,
        fetched_at: clock.now(),
        organisation: crate::call_xero!(session, |tenant| tenant.organisation())?,
        accounts: crate::call_xero!(session, |tenant| tenant.accounts())?,
        tax_rates: crate::call_xero!(session, |tenant| tenant.tax_rates())?,
        currencies: currencies.into_iter().map(|currency| currency.code).collect(),
    });
    store.put_facts(account, session.tenant_id(), &facts).await?;
    Ok(facts)
}
