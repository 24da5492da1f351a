//! What people do in Xero itself during a journey: the owner of an organisation, through the stand-in's
//! controls.

use anyhow::Context as _;
use uuid::Uuid;
use xero_stand_in::control::{Choice, Client, NewOrganisation, NewUser, Role, consent};
use xero_stand_in::{ALEX, HARBOUR_SOUND};

use crate::stack::StackInfo;

/// Somebody with a login at Xero and an organisation there.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The person.
    pub user: Uuid,
    /// The organisation.
    pub tenant: Uuid,
    /// The organisation's name.
    pub organisation: String,
    xero: Client,
}

impl Owner {
    /// Alex of Harbour Sound Ltd, who is at the stand-in from its start.
    pub fn alex(stack: &StackInfo) -> anyhow::Result<Self> {
        let xero = Client::new(&stack.xero_control)?;
        Ok(Self { user: ALEX, tenant: HARBOUR_SOUND, organisation: "Harbour Sound Ltd".to_owned(), xero })
    }

    /// Somebody new with a new organisation, so that stories do not meet.
    pub async fn new(stack: &StackInfo, name: &str) -> anyhow::Result<Self> {
        let xero = Client::new(&stack.xero_control)?;
        let user = NewUser {
            id: None,
            email: format!("{name}@story.example"),
            given_name: "Robin".to_owned(),
            family_name: name.to_owned(),
        };
        let user = xero.add_user(&user).await.context("failed to add a user at Xero")?;
        let organisation = format!("Organisation {name}");
        let new = NewOrganisation {
            name: organisation.clone(),
            members: [(user, Role::Standard)].into(),
            ..NewOrganisation::default()
        };
        let tenant = xero.add_organisation(&new).await.context("failed to add an organisation at Xero")?;
        Ok(Self { user, tenant, organisation, xero })
    }

    /// Reads the consent page, chooses the organisation and allows access; gives where the browser is sent.
    pub async fn allow(&self, authorise_url: &str) -> anyhow::Result<String> {
        consent(authorise_url, Choice::allow(self.user, self.tenant)).await.context("the consent page failed")
    }

    /// Pays a document in full; gives the payment's id.
    pub async fn pay(&self, document: Uuid) -> anyhow::Result<Uuid> {
        self.xero.pay(self.tenant, document).await.context("the payment failed at Xero")
    }

    /// What is in the organisation.
    pub async fn totals(&self) -> anyhow::Result<xero_stand_in::control::Totals> {
        self.xero.totals(self.tenant).await.context("failed to look into the organisation")
    }
}
