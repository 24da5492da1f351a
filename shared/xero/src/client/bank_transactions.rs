//! Spend-money transactions: created with PUT, removed by id, found by date.

use jiff::Timestamp;
use jiff::civil::Date;
use reqwest::Method;

use super::envelope::Page;
use super::idempotency::IdempotencyKey;
use super::tenant::{EACH_ALONE, PRECISE, Tenant};
use crate::element::Element;
use crate::error::Error;
use crate::ids::BankTransactionId;
use crate::models::{BankTransaction, BankTransactionsBody};

const KEY: &str = "BankTransactions";

impl Tenant<'_> {
    /// Creates transactions; one answer for each, in the order sent.
    pub async fn create_bank_transactions(
        &self,
        body: &BankTransactionsBody,
        key: &IdempotencyKey,
    ) -> Result<Vec<Element<BankTransaction>>, Error> {
        let body = (body.as_str(), body.elements());
        self.write(Method::PUT, self.url(&[KEY], &[EACH_ALONE, PRECISE]), KEY, body, key).await
    }

    /// Removes one transaction.
    pub async fn update_bank_transaction(
        &self,
        id: BankTransactionId,
        body: &BankTransactionsBody,
        key: &IdempotencyKey,
    ) -> Result<Element<BankTransaction>, Error> {
        self.write_one(&[KEY, &id.to_string()], &[PRECISE], KEY, body.as_str(), key).await
    }

    /// A transaction by its id.
    pub async fn bank_transaction(&self, id: BankTransactionId) -> Result<Option<BankTransaction>, Error> {
        self.find(&[KEY, &id.to_string()], &[PRECISE], KEY).await
    }

    /// The spend-money transactions of one day, removed ones included. Date and type are what Xero
    /// filters fast; whether one is ours, its reference says.
    pub async fn spend_money_on(&self, date: Date) -> Result<Vec<BankTransaction>, Error> {
        let (year, month, day) = (date.year(), date.month(), date.day());
        let filter = format!("Type==\"SPEND\" AND Date==DateTime({year},{month},{day})");
        let query = [("where", filter.as_str()), PRECISE];
        self.pages(KEY, &query).await
    }

    /// The spend-money transactions that changed since then, removed ones included, oldest change first. Ask from some
    /// minutes before, and expect repeats.
    pub async fn spend_money_since(&self, since: Timestamp, page: u32) -> Result<Page<BankTransaction>, Error> {
        let query = [("where", "Type==\"SPEND\""), ("order", "UpdatedDateUTC ASC"), PRECISE];
        self.page(KEY, &query, page, Some(since)).await
    }
}
