//! The two stores of refresh tokens, and which of them a deployment uses (`TOKEN_STORE`, the template's
//! `TokenStore`): a secret of Secrets Manager for each Xero user, or ciphertext in the table under the same key.
//!
//! A place is known by its pointer: one store never reads a place of the other, it says that the token has to be
//! moved first, and the work waits until it has been.

mod moving;
mod sealed;
mod secrets;

pub use moving::BothStores;
pub use sealed::SealedTokens;
pub use secrets::TokenSecrets;

use crate::config::{self, ConfigError};
use crate::secrets::Secrets;
use crate::table::Table;
use crate::trouble::because;
use rules::grant::TokenPointer;
use rules::ports::{TokenVault, Unavailable};
use std::str::FromStr;

/// The store that `TOKEN_STORE` names: `secrets-manager`, with `TOKEN_SECRET_PREFIX`, or `kms-table`; both with
/// `TOKEN_KEY_ID`.
///
/// # Errors
/// When a variable is missing or names no store.
pub fn from_environment(
    sdk: &aws_types::SdkConfig,
    secrets: Secrets,
    table: &Table,
) -> Result<Box<dyn TokenVault>, ConfigError> {
    let key = config::required("TOKEN_KEY_ID")?;
    let store = config::required("TOKEN_STORE")?.parse();
    Ok(match store.map_err(|_| ConfigError::malformed("TOKEN_STORE", "is neither secrets-manager nor kms-table"))? {
        Store::SecretsManager => Box::new(TokenSecrets::new(secrets, config::required("TOKEN_SECRET_PREFIX")?, key)),
        Store::KmsTable => Box::new(SealedTokens::new(sdk, table.clone(), key)),
    })
}

/// One of the two stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// A secret for each Xero user.
    SecretsManager,
    /// Ciphertext in the table.
    KmsTable,
}

/// A word that names no store.
#[derive(Debug, thiserror::Error)]
#[error("the stores are secrets-manager and kms-table")]
pub struct UnknownStore;

impl FromStr for Store {
    type Err = UnknownStore;

    fn from_str(word: &str) -> Result<Self, UnknownStore> {
        match word {
            "secrets-manager" => Ok(Self::SecretsManager),
            "kms-table" => Ok(Self::KmsTable),
            _ => Err(UnknownStore),
        }
    }
}

/// A place of the other store was asked for.
fn elsewhere(what: &'static str) -> Unavailable {
    because(what, "the token is in the other store: move it (runbook, \"Change the token store\")")
}

/// Whether a place is in the table; every other is a secret.
fn in_table(pointer: &TokenPointer) -> bool {
    pointer.0.starts_with(sealed::PREFIX)
}
