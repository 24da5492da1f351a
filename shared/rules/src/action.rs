//! What the user can do about something: a stable word that the app turns into a button.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the user can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Connect a Xero organisation.
    Connect,
    /// Sign in to Sessional again, with a second factor.
    SignInAgain,
    /// Authorise the connection again.
    Reauthorise,
    /// Choose another of the organisations that were allowed.
    ChooseOrganisation,
    /// Put the subscription, or one's role, right in Xero.
    FixXeroSubscription,
    /// Choose accounts in the mapping.
    MapAccounts,
    /// Put something right in Xero.
    OpenXero,
    /// Give the document another number in Sessional.
    ChangeNumber,
    /// Correct the document in Sessional.
    EditDocument,
    /// Correct the organisation's details in Sessional.
    EditOrganisation,
    /// Send the document in Sessional.
    SendInSessional,
    /// Nothing: it goes on by itself.
    Wait,
    /// Send the document with the total that Xero computes, or correct it.
    AcceptTotal,
    /// Take over the invoice in Xero that is the same, or give the document another number.
    Adopt,
    /// Void the document in Sessional too.
    Void,
    /// Try again.
    Retry,
    /// Ask Sessional's support.
    ContactSupport,
}
