//! Consents under way, what came back of them, and how often an account has tried.
//!
//! The keys of consents and confirmations begin with `CONSENT#`: the callback's policy names that, and so it reaches
//! nothing else in the table.

use super::{Item, Key, Stored, Table, number};
use async_trait::async_trait;
use jiff::Timestamp;
use rules::AccountId;
use rules::connect::attempts::{self, ConnectAttempts};
use rules::connect::confirmation::{self, PendingConfirmation};
use rules::connect::consent::{self, PendingConsent};
use rules::ports::{Answer, ConsentStarts, Consents, Written};

fn consent_key(state_hash: &str) -> Key {
    Key { pk: format!("CONSENT#{state_hash}"), sk: "CONSENT".to_owned() }
}

fn confirmation_key(confirmation_hash: &str) -> Key {
    Key { pk: format!("CONSENT#{confirmation_hash}"), sk: "CONFIRMATION".to_owned() }
}

fn attempts_key(account: &AccountId) -> Key {
    Key::of_account(account, "CONNECTING")
}

/// DynamoDB removes it some time after this.
fn expire(item: &mut Item, at: Timestamp) {
    item.insert("expires_at".to_owned(), number(at.as_second()));
}

impl Stored for PendingConsent {
    const KIND: &'static str = "consent";
    const VERSION: u32 = consent::VERSION;

    fn key(&self) -> Key {
        consent_key(&self.state_hash)
    }

    fn revision(&mut self) -> &mut u64 {
        &mut self.revision
    }

    fn attributes(&self, item: &mut Item) {
        expire(item, self.expires_at);
    }
}

impl Stored for PendingConfirmation {
    const KIND: &'static str = "confirmation";
    const VERSION: u32 = confirmation::VERSION;

    fn key(&self) -> Key {
        confirmation_key(&self.confirmation_hash)
    }

    fn revision(&mut self) -> &mut u64 {
        &mut self.revision
    }

    fn attributes(&self, item: &mut Item) {
        expire(item, self.expires_at);
    }
}

impl Stored for ConnectAttempts {
    const KIND: &'static str = "connect attempts";
    const VERSION: u32 = attempts::VERSION;

    fn key(&self) -> Key {
        attempts_key(&self.account)
    }

    fn revision(&mut self) -> &mut u64 {
        &mut self.revision
    }

    fn attributes(&self, item: &mut Item) {
        expire(item, self.expires_at);
    }
}

#[async_trait]
impl Consents for Table {
    async fn consent(&self, state_hash: &str) -> Answer<Option<PendingConsent>> {
        self.get(consent_key(state_hash)).await
    }

    async fn answer_consent(
        &self,
        consent: &mut PendingConsent,
        confirmation: Option<&mut PendingConfirmation>,
    ) -> Answer<Written> {
        match confirmation {
            None => self.put(consent).await,
            Some(confirmation) => self.put_both("note the answer to a consent", consent, confirmation).await,
        }
    }

    async fn confirmation(&self, confirmation_hash: &str) -> Answer<Option<PendingConfirmation>> {
        self.get(confirmation_key(confirmation_hash)).await
    }

    async fn put_confirmation(&self, confirmation: &mut PendingConfirmation) -> Answer<Written> {
        self.put(confirmation).await
    }
}

#[async_trait]
impl ConsentStarts for Table {
    async fn attempts(&self, account: &AccountId) -> Answer<Option<ConnectAttempts>> {
        self.get(attempts_key(account)).await
    }

    async fn put_attempts(&self, attempts: &mut ConnectAttempts) -> Answer<Written> {
        self.put(attempts).await
    }

    async fn begin_consent(&self, attempts: &mut ConnectAttempts, consent: &mut PendingConsent) -> Answer<Written> {
        self.put_both("store a consent", attempts, consent).await
    }
}

impl Table {
    async fn put_both<A: Stored, B: Stored>(&self, what: &'static str, one: &mut A, other: &mut B) -> Answer<Written> {
        let parts = vec![self.put_part(one)?, self.put_part(other)?];
        let written = self.write_together(what, parts).await?;
        if written == Written::Done {
            *one.revision() += 1;
            *other.revision() += 1;
        }
        Ok(written)
    }
}
