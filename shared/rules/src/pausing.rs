//! Notes that something outside is out, whoever meets it: the tenant's cool-down, or an outage that all accounts share.

use crate::failure::policy::Pause;
use crate::ports::{Answer, Cooldowns, OutageScope};
use crate::record::WaitReason;
use jiff::Timestamp;
use xero::TenantId;

/// Stores a pause where the next caller finds it, and says until when it is. `since` is when it began, as far as the
/// caller knows.
///
/// # Errors
/// When the table cannot be reached.
pub async fn note(
    cooldowns: &dyn Cooldowns,
    tenant: TenantId,
    pause: &Pause,
    since: Option<Timestamp>,
    now: Timestamp,
) -> Answer<Timestamp> {
    let seed = seed(tenant, now);
    let until = match scope(pause.reason) {
        Some(scope) => {
            let known = cooldowns.outage(scope).await?;
            let since = known.map(|known| known.since).or(since);
            let until = pause.until(since, now, seed);
            cooldowns.begin_outage(scope, since.unwrap_or(now), until).await?;
            until
        }
        None => {
            let until = pause.until(since, now, seed);
            if pause.reason == WaitReason::Organisation {
                cooldowns.cool_down(tenant, until).await?;
            }
            until
        }
    };
    let (reason, cause) = (pause.reason.word(), pause.cause.word());
    let seconds = until.duration_since(now).as_secs();
    if pause.reason == WaitReason::Credentials {
        tracing::error!(xero.tenant_id = %tenant, alarm = "operator", "our own request or credentials are refused");
    }
    tracing::info!(xero.tenant_id = %tenant, wait.reason = reason, wait.cause = cause, xero.wait = seconds, "something outside is left alone");
    Ok(until)
}

/// What of it all accounts share.
fn scope(reason: WaitReason) -> Option<OutageScope> {
    match reason {
        WaitReason::Credentials => Some(OutageScope::App),
        WaitReason::TokenEndpoint => Some(OutageScope::TokenEndpoint),
        WaitReason::Organisation | WaitReason::Answer | WaitReason::Turn => None,
    }
}

/// Spreads accounts that met the same.
fn seed(tenant: TenantId, now: Timestamp) -> u64 {
    let (high, low) = tenant.as_uuid().as_u64_pair();
    high ^ low ^ now.as_millisecond().unsigned_abs()
}
