//! Refresh tokens as ciphertext in the table: one item for each Xero user, encrypted directly by the customer-managed
//! key, once for each account that uses it, with the account and its organisation as encryption context.
//!
//! An account's copy opens for this account alone: the context of a decryption is made of the account for which
//! the function works, so a ciphertext that was put into another's item is refused by KMS. The organisation is the
//! one at the time of storing; it is authenticated, shows in CloudTrail, and follows a change with the next refresh.

use super::{elsewhere, in_table};
use crate::table::{SealedCopy, SealedToken, Table};
use crate::trouble::{because, unavailable};
use async_trait::async_trait;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use rules::grant::{StoredToken, TokenContext, TokenHistory, TokenPointer};
use rules::ports::{Answer, TokenVault, Written};
use rules::{AccountId, random};
use std::collections::HashMap;
use xero::{RefreshToken, XeroUserId};

/// What the pointers of this store begin with.
pub(super) const PREFIX: &str = "kms-table:";

/// Refresh tokens in the table, under the customer-managed key.
#[derive(Clone, Debug)]
pub struct SealedTokens {
    kms: Client,
    table: Table,
    key_id: String,
}

impl SealedTokens {
    /// Tokens in this table, encrypted by the key.
    #[must_use]
    pub fn new(config: &aws_types::SdkConfig, table: Table, key_id: String) -> Self {
        Self { kms: Client::new(config), table, key_id }
    }

    async fn seal(&self, token: &RefreshToken, context: &TokenContext, what: &'static str) -> Answer<SealedCopy> {
        let plaintext = Blob::new(token.expose().as_bytes());
        let encrypt = self.kms.encrypt().key_id(&self.key_id).plaintext(plaintext);
        let sealed = encrypt.set_encryption_context(Some(encryption_context(context))).send().await;
        let sealed = sealed.map_err(|error| unavailable(what, &error))?;
        let ciphertext = sealed.ciphertext_blob.ok_or_else(|| because(what, "KMS gave no ciphertext"))?;
        Ok(SealedCopy { context: context.clone(), ciphertext: ciphertext.into_inner() })
    }

    async fn open(&self, copy: SealedCopy, what: &'static str) -> Answer<RefreshToken> {
        let decrypt = self.kms.decrypt().key_id(&self.key_id).ciphertext_blob(Blob::new(copy.ciphertext));
        let opened = decrypt.set_encryption_context(Some(encryption_context(&copy.context))).send().await;
        let plaintext = opened.map_err(|error| unavailable(what, &error))?.plaintext;
        let text = plaintext.and_then(|plaintext| String::from_utf8(plaintext.into_inner()).ok());
        text.map(RefreshToken::new).ok_or_else(|| because(what, "what was decrypted is no token"))
    }

    /// Stores a token over the one that its history says it follows.
    async fn store(&self, pointer: &TokenPointer, token: &StoredToken, what: &'static str) -> Answer<Written> {
        let (user, place) = parts(pointer, what)?;
        let seals = token.history.contexts.iter().map(|context| self.seal(&token.token, context, what));
        let copies = futures::future::try_join_all(seals).await?;
        let revision = u64::from(token.history.rotations.saturating_sub(1));
        let mut sealed = SealedToken::new(user, place, revision, token.stored_at, copies);
        self.table.put_sealed_token(&mut sealed).await
    }
}

#[async_trait]
impl TokenVault for SealedTokens {
    async fn stored(&self, pointer: &TokenPointer, account: &AccountId) -> Answer<Option<StoredToken>> {
        const WHAT: &str = "read a refresh token";
        let (user, place) = parts(pointer, WHAT)?;
        let Some(sealed) = self.table.sealed_token(user, place).await? else { return Ok(None) };
        let (stored_at, history) = (sealed.stored_at, sealed.history());
        let Some(copy) = sealed.copies.into_iter().find(|copy| copy.context.account == *account) else {
            return Ok(None);
        };
        Ok(Some(StoredToken { token: self.open(copy, WHAT).await?, stored_at, history }))
    }

    async fn history(&self, pointer: &TokenPointer) -> Answer<Option<TokenHistory>> {
        let (user, place) = parts(pointer, "read a refresh token")?;
        Ok(self.table.sealed_token(user, place).await?.map(|sealed| sealed.history()))
    }

    fn place(&self, user: XeroUserId) -> TokenPointer {
        TokenPointer(format!("{PREFIX}{user}/{}", random::uuid().simple()))
    }

    fn is_full(&self, _: &TokenHistory) -> bool {
        false
    }

    async fn keep(&self, pointer: &TokenPointer, token: &StoredToken) -> Answer<()> {
        const WHAT: &str = "store a new refresh token";
        match self.store(pointer, token, WHAT).await? {
            Written::Done => Ok(()),
            Written::Conflict => Err(because(WHAT, "its place has been used already")),
        }
    }

    async fn replace(&self, pointer: &TokenPointer, token: &StoredToken) -> Answer<Written> {
        self.store(pointer, token, "store a rotated refresh token").await
    }

    async fn forget(&self, pointer: &TokenPointer, account: &AccountId) -> Answer<()> {
        const WHAT: &str = "take an account's copy of a token away";
        let (user, place) = parts(pointer, WHAT)?;
        let Some(mut sealed) = self.table.sealed_token(user, place).await? else { return Ok(()) };
        let before = sealed.copies.len();
        sealed.copies.retain(|copy| copy.context.account != *account);
        if sealed.copies.len() == before {
            return Ok(());
        }
        match self.table.put_sealed_token(&mut sealed).await? {
            Written::Done => Ok(()),
            Written::Conflict => Err(because(WHAT, "it was changed at the same moment")),
        }
    }

    async fn destroy(&self, pointer: &TokenPointer) -> Answer<()> {
        let (user, place) = parts(pointer, "delete a refresh token")?;
        self.table.delete_sealed_token(user, place).await
    }
}

/// Whose token, and the name of its place.
fn parts<'a>(pointer: &'a TokenPointer, what: &'static str) -> Answer<(XeroUserId, &'a str)> {
    if !in_table(pointer) {
        return Err(elsewhere(what));
    }
    let place = pointer.0.strip_prefix(PREFIX).and_then(|rest| rest.split_once('/'));
    let parsed = place.and_then(|(user, place)| Some((user.parse().ok()?, place)));
    parsed.ok_or_else(|| because(what, "the pointer names no place"))
}

/// What KMS binds a ciphertext to.
fn encryption_context(context: &TokenContext) -> HashMap<String, String> {
    let account = ("account".to_owned(), context.account.to_string());
    let tenant = context.tenant.map(|tenant| ("tenant".to_owned(), tenant.to_string()));
    [account].into_iter().chain(tenant).collect()
}
