//! Which organisation an account's events usually go to: what a process saw last, so that a run can read everything
//! in one call, the connection itself included. It is a guess and decides nothing: the connection that is read does.

use crate::account::AccountId;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use xero::TenantId;

/// Accounts that are remembered, at some 100 bytes each; a process that has met more begins anew.
const MOST: usize = 5_000;

/// The usual organisations of accounts, in the memory of one process.
#[derive(Debug, Default)]
pub struct Usual(Mutex<HashMap<AccountId, TenantId>>);

impl Usual {
    pub(super) fn of(&self, account: &AccountId) -> Option<TenantId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(account).copied()
    }

    pub(super) fn seen(&self, account: &AccountId, tenant: TenantId) {
        let mut tenants = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tenants.len() >= MOST && !tenants.contains_key(account) {
            tenants.clear();
        }
        tenants.insert(account.clone(), tenant);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_organisation_of_an_account_is_its_usual_one_and_memory_has_an_end() {
        let (usual, account) = (Usual::default(), |number: usize| AccountId::parse(&format!("acc_{number}")).unwrap());
        let tenant = |number| TenantId::from_uuid(uuid::Uuid::from_u128(number));
        assert_eq!(usual.of(&account(0)), None);
        usual.seen(&account(0), tenant(1));
        usual.seen(&account(0), tenant(2));
        assert_eq!(usual.of(&account(0)), Some(tenant(2)));
        for number in 1..=MOST {
            usual.seen(&account(number), tenant(3));
        }
        assert_eq!((usual.of(&account(0)), usual.of(&account(MOST))), (None, Some(tenant(3))));
    }
}
