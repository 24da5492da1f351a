//! How far the sweeps of payments have come.

use super::{Key, Stored, Table};
use async_trait::async_trait;
use rules::AccountId;
use rules::payments::sweep::{self, Standing};
use rules::ports::{Answer, Sweeps, Written};
use xero::TenantId;

fn sweep_key(account: &AccountId, tenant: TenantId) -> Key {
    Key::of_tenant(tenant, &format!("SWEEP#{account}"))
}

impl Stored for Standing {
    const KIND: &'static str = "sweep";
    const VERSION: u32 = sweep::VERSION;

    fn key(&self) -> Key {
        sweep_key(&self.account, self.tenant)
    }

    fn revision(&mut self) -> &mut u64 {
        &mut self.revision
    }
}

#[async_trait]
impl Sweeps for Table {
    async fn sweep(&self, account: &AccountId, tenant: TenantId) -> Answer<Option<Standing>> {
        self.get(sweep_key(account, tenant)).await
    }

    async fn put_sweep(&self, standing: &mut Standing) -> Answer<Written> {
        self.put(standing).await
    }
}
