//! What the app sends and is answered, beyond the connection itself.

use jiff::Timestamp;
use rules::connection::Status;
use rules::permission::Permission;
use rules::status::OrganisationView;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use xero::TenantId;

/// The body of `POST /connection`, which may be left out.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartRequest {
    /// What a choice needs beyond the usual: the problem that refused the choice names it. It is asked for again by every
    /// later consent.
    #[serde(default)]
    #[schema(max_items = 1)]
    pub needed: Vec<Permission>,
}

/// The answer of `POST /connection`: where the browser has to go.
#[derive(Serialize, ToSchema)]
pub struct Started {
    /// Xero's consent page.
    pub authorise_url: String,
    /// Proves later that the same browser is back: the app keeps it in its own storage there and sends it with the
    /// confirmation.
    pub browser_key: String,
    /// Until when the consent may come back.
    pub expires_at: Timestamp,
}

/// The body of `POST /connection/confirmation`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmationRequest {
    /// What came in the fragment of the return page's address.
    pub confirmation: String,
    /// What `POST /connection` gave to this browser.
    pub browser_key: String,
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

/// The answer of `POST /connection/confirmation` and of `PUT /connection/organisation`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Chosen {
    /// Where the connection stands.
    pub status: Status,
    /// The organisation; none as long as one of several is to be chosen.
    pub organisation: Option<OrganisationView>,
}
