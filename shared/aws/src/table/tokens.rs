//! Refresh tokens as ciphertext: an item for each place, with a copy for each account that uses it.

use super::{Key, Stored, Table};
use crate::trouble::unavailable;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use rules::grant::{TokenContext, TokenHistory};
use rules::ports::{Answer, Written};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use xero::XeroUserId;

/// A place that holds a token.
#[derive(Serialize, Deserialize)]
pub(crate) struct SealedToken {
    version: u32,
    user: XeroUserId,
    place: String,
    /// Every write is counted, and so are the tokens.
    revision: u64,
    pub(crate) stored_at: Timestamp,
    pub(crate) copies: Vec<SealedCopy>,
}

/// The token as one account can open it.
#[derive(Serialize, Deserialize)]
pub(crate) struct SealedCopy {
    #[serde(flatten)]
    pub(crate) context: TokenContext,
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub(crate) ciphertext: Vec<u8>,
}

impl SealedToken {
    pub(crate) fn new(
        user: XeroUserId,
        place: &str,
        revision: u64,
        stored_at: Timestamp,
        copies: Vec<SealedCopy>,
    ) -> Self {
        Self { version: Self::VERSION, user, place: place.to_owned(), revision, stored_at, copies }
    }

    pub(crate) fn history(&self) -> TokenHistory {
        TokenHistory {
            rotations: u32::try_from(self.revision).unwrap_or(u32::MAX),
            contexts: self.copies.iter().map(|copy| copy.context.clone()).collect(),
        }
    }
}

impl Stored for SealedToken {
    const KIND: &'static str = "token";
    const VERSION: u32 = 1;

    fn key(&self) -> Key {
        key(self.user, &self.place)
    }

    fn revision(&mut self) -> &mut u64 {
        &mut self.revision
    }
}

impl Table {
    /// The token of a place; none when it is gone.
    pub(crate) async fn sealed_token(&self, user: XeroUserId, place: &str) -> Answer<Option<SealedToken>> {
        self.get(key(user, place)).await
    }

    /// Compare-and-set on the revision.
    pub(crate) async fn put_sealed_token(&self, token: &mut SealedToken) -> Answer<Written> {
        self.put(token).await
    }

    /// Deletes a place; gone already is gone.
    pub(crate) async fn delete_sealed_token(&self, user: XeroUserId, place: &str) -> Answer<()> {
        let delete = self.client.delete_item().table_name(&self.name).set_key(Some(key(user, place).into()));
        delete.send().await.map(|_| ()).map_err(|error| unavailable("delete a refresh token", &error))
    }
}

fn key(user: XeroUserId, place: &str) -> Key {
    Key::of_user(user, &format!("TOKEN#{place}"))
}

fn to_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    BASE64_STANDARD.decode(text).map_err(serde::de::Error::custom)
}
