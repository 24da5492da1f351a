//! The running stack's table and secrets, through the service's own adapters and past every wire.

use aws::sdk::{self, Keys};
use aws::secrets::Secrets;
use aws::table::Table;
use aws::tokens::{SealedTokens, TokenSecrets};
use local::stack::StackInfo;

use crate::tenant::Stores;

/// The function whose variables say where things are.
const FUNCTION: &str = "sync";

/// The stores of a running stack.
pub struct Cloud {
    /// The table.
    pub table: Table,
    /// Its name.
    pub table_name: String,
    /// Refresh tokens, each in a secret.
    pub tokens: TokenSecrets,
    /// Refresh tokens in the table.
    pub sealed: SealedTokens,
}

impl Cloud {
    /// Those that the stack's sync uses.
    ///
    /// # Errors
    /// When the stack has none.
    pub fn of(stack: &StackInfo) -> anyhow::Result<Self> {
        let keys = Keys { id: "test".to_owned(), secret: "test".to_owned(), session: None };
        let sdk = sdk::configured(local::aws::REGION.to_owned(), keys, Some(stack.aws.clone()))?;
        let variable = |name: &str| stack.deployment.variable(FUNCTION, name).map(str::to_owned);
        let table_name = variable("TABLE_NAME")?;
        let (prefix, key) = (variable("TOKEN_SECRET_PREFIX")?, variable("TOKEN_KEY_ID")?);
        let table = Table::new(&sdk, table_name.clone());
        let sealed = SealedTokens::new(&sdk, table.clone(), key.clone());
        let tokens = TokenSecrets::new(Secrets::new(&sdk), prefix, key);
        Ok(Self { table, table_name, tokens, sealed })
    }

    /// As a connection is spread over them.
    #[must_use]
    pub fn stores(&self) -> Stores<'_> {
        let table = &self.table;
        Stores { connections: table, grants: table, vault: &self.tokens, mappings: table }
    }

    /// The same with tokens in the table.
    #[must_use]
    pub fn stores_in_table(&self) -> Stores<'_> {
        Stores { vault: &self.sealed, ..self.stores() }
    }
}
