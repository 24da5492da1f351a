//! What the app sends and is answered, beyond the connection itself.

use jiff::Timestamp;
use rules::connection::Status;
use rules::status::OrganisationView;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use xero::TenantId;

/// The answer of `POST /connection`: where the browser has to go.
#[derive(Debug, Serialize, ToSchema)]
pub struct Started {
    /// Xero's consent page.
    pub authorise_url: String,
    /// Until when the consent may come back.
    pub expires_at: Timestamp,
}

/// The answer of `GET /connection/organisations`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Organisations {
    /// The organisations of the consent that has none chosen yet; empty when there is nothing to choose.
    pub organisations: Vec<OrganisationView>,
}

/// The body of `PUT /connection/organisation`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrganisationChoice {
    /// One of the organisations that are offered.
    #[schema(value_type = String, format = Uuid)]
    pub tenant_id: TenantId,
}

/// The answer of `PUT /connection/organisation`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Chosen {
    /// Where the connection stands.
    pub status: Status,
    /// The organisation.
    pub organisation: Option<OrganisationView>,
}
