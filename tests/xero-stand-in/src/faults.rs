//! Failures on order: which operation fails, how, how often, and after how many good calls.

use crate::control::types::{Fault, FaultKind};

/// The failures that still wait for their call.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// Takes back all orders, or those for one tenant alone.
    pub(crate) fn clear(&mut self, tenant: Option<uuid::Uuid>) {
        self.0.retain(|fault| tenant.is_some() && fault.tenant != tenant);
    }

    pub(crate) fn waiting(&self) -> Vec<Fault> {
        self.0.clone()
    }

    /// Takes the next fault for a call of an operation, if one is due.
    pub(crate) fn take(&mut self, operation: &str, tenant: Option<uuid::Uuid>, body: &[u8]) -> Option<FaultKind> {
        let concerns = |fault: &Fault| {
            (fault.operation == "*" || fault.operation == operation)
                && fault.tenant.is_none_or(|wanted| Some(wanted) == tenant)
                && match &fault.kind {
                    FaultKind::Poisoned { text, .. } => String::from_utf8_lossy(body).contains(text),
                    _ => true,
                }
        };
        let fault = self.0.iter_mut().find(|fault| concerns(fault))?;
        if fault.after > 0 {
            fault.after -= 1;
            return None;
        }
        fault.count = fault.count.saturating_sub(1);
        let kind = fault.kind.clone();
        self.0.retain(|fault| fault.count > 0);
        Some(kind)
    }
}
