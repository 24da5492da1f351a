//! Both stores as one, for as long as tokens move from one to the other. No function has the rights for this; whoever
//! moves the tokens has.

use super::{SealedTokens, Store, TokenSecrets, in_table};
use async_trait::async_trait;
use rules::AccountId;
use rules::grant::{StoredToken, TokenHistory, TokenPointer};
use rules::ports::{Answer, TokenVault, Written};
use rules::tokens::moving::Destination;
use xero::XeroUserId;

/// Every place where it is, and new ones in the store to which tokens move.
#[derive(Clone, Debug)]
pub struct BothStores {
    /// The secrets.
    pub secrets: TokenSecrets,
    /// The table.
    pub table: SealedTokens,
    /// Where new places are.
    pub to: Store,
}

impl BothStores {
    fn of(&self, pointer: &TokenPointer) -> &dyn TokenVault {
        if in_table(pointer) { &self.table } else { &self.secrets }
    }
}

impl Destination for BothStores {
    fn has_arrived(&self, pointer: &TokenPointer) -> bool {
        in_table(pointer) == (self.to == Store::KmsTable)
    }
}

#[async_trait]
impl TokenVault for BothStores {
    async fn stored(&self, pointer: &TokenPointer, account: &AccountId) -> Answer<Option<StoredToken>> {
        self.of(pointer).stored(pointer, account).await
    }

    async fn history(&self, pointer: &TokenPointer) -> Answer<Option<TokenHistory>> {
        self.of(pointer).history(pointer).await
    }

    fn place(&self, user: XeroUserId) -> TokenPointer {
        match self.to {
            Store::SecretsManager => self.secrets.place(user),
            Store::KmsTable => self.table.place(user),
        }
    }

    fn is_full(&self, history: &TokenHistory) -> bool {
        match self.to {
            Store::SecretsManager => self.secrets.is_full(history),
            Store::KmsTable => self.table.is_full(history),
        }
    }

    async fn keep(&self, pointer: &TokenPointer, token: &StoredToken) -> Answer<()> {
        self.of(pointer).keep(pointer, token).await
    }

    async fn replace(&self, pointer: &TokenPointer, token: &StoredToken) -> Answer<Written> {
        self.of(pointer).replace(pointer, token).await
    }

    async fn forget(&self, pointer: &TokenPointer, account: &AccountId) -> Answer<()> {
        self.of(pointer).forget(pointer, account).await
    }

    async fn destroy(&self, pointer: &TokenPointer) -> Answer<()> {
        self.of(pointer).destroy(pointer).await
    }
}
