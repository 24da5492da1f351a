//! A sum of money, by what it is paid for.

use rust_decimal::Decimal;
use std::ops::{AddAssign, Mul};

/// US dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Money {
    /// Invocations and their time.
    pub lambda: Decimal,
    /// Reads and writes of the table.
    pub table: Decimal,
    /// Requests to queues.
    pub queues: Decimal,
    /// Secrets and calls to Secrets Manager and KMS.
    pub tokens: Decimal,
    /// Requests to the HTTP API.
    pub api: Decimal,
    /// Logs and traces.
    pub logs: Decimal,
}

impl Money {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> Decimal {
        self.parts().into_iter().sum()
    }

    /// In the order of the fields.
    #[must_use]
    pub fn parts(&self) -> [Decimal; 6] {
        [self.lambda, self.table, self.queues, self.tokens, self.api, self.logs]
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        self.lambda += other.lambda;
        self.table += other.table;
        self.queues += other.queues;
        self.tokens += other.tokens;
        self.api += other.api;
        self.logs += other.logs;
    }
}

impl Mul<Decimal> for Money {
    type Output = Self;

    fn mul(self, times: Decimal) -> Self {
        Self {
            lambda: self.lambda * times,
            table: self.table * times,
            queues: self.queues * times,
            tokens: self.tokens * times,
            api: self.api * times,
            logs: self.logs * times,
        }
    }
}
