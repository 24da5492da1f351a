//! A connection: one organisation that one user allowed the app to reach.

use jiff::Timestamp;
use serde::Deserialize;

use super::{lenient, shows};
use crate::dates;
use crate::ids::{AuthenticationEventId, ConnectionId, TenantId};

/// An element of `GET /connections`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// What `DELETE /connections/{id}` takes.
    pub id: ConnectionId,
    /// The consent that made or renewed the connection.
    #[serde(default, deserialize_with = "lenient::id")]
    pub auth_event_id: Option<AuthenticationEventId>,
    /// The organisation.
    pub tenant_id: TenantId,
    /// `ORGANISATION`, `PRACTICE` and others.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub tenant_type: String,
    /// The organisation's name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub tenant_name: String,
    /// When the connection was made.
    #[serde(default, rename = "createdDateUtc", deserialize_with = "dates::instant::deserialize")]
    pub created: Option<Timestamp>,
    /// When it was renewed last.
    #[serde(default, rename = "updatedDateUtc", deserialize_with = "dates::instant::deserialize")]
    pub updated: Option<Timestamp>,
}

shows!(Connection { id, auth_event_id, tenant_id, tenant_type, created, updated });

impl Connection {
    /// Whether this is an organisation and not an accountant's practice.
    pub fn is_organisation(&self) -> bool {
        self.tenant_type.eq_ignore_ascii_case("ORGANISATION")
    }
}
