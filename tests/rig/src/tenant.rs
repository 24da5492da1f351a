//! An account of Sessional with an organisation at the stand-in, connected and mapped as the user's clicks
//! would have left it, in whatever stores a test uses.

use anyhow::Context as _;
use jiff::Timestamp;
use local::stack::StackInfo;
use rules::AccountId;
use rules::connection::{ConnectedOrganisation, Connection};
use rules::grant::{self, Grant, StoredToken, TokenContext, TokenHistory};
use rules::mapping::{Choices, ExpenseCategory, ExpenseDocuments, Mapping, Target};
use rules::ports::{Connections, Grants, Mappings, TokenVault, Written};
use uuid::Uuid;
use xero::{AppCredentials, Client, Endpoints, Identity, Secret, TenantId, XeroUserId};
use xero_stand_in::StandIn;
use xero_stand_in::control::{self, AppRegistration, Choice, NewOrganisation, NewUser, Role, Tier};

/// Where the stand-in sends the browser; nobody listens there.
const REDIRECT: &str = "http://localhost:4000/oauth/callback";
/// All that the service asks for.
const SCOPES: &str = "openid profile email offline_access accounting.invoices accounting.contacts \
     accounting.settings.read accounting.payments accounting.banktransactions";
/// Where sales go in the stand-in's chart.
const SALES: &str = "200";
/// Where every mapped expense goes.
const EXPENSES: &str = "429";

/// The stores that a connection is spread over.
pub struct Stores<'a> {
    /// Connections.
    pub connections: &'a dyn Connections,
    /// Grants.
    pub grants: &'a dyn Grants,
    /// Refresh tokens.
    pub vault: &'a dyn TokenVault,
    /// Mappings.
    pub mappings: &'a dyn Mappings,
}

/// Xero as played by a stand-in, reached as the service reaches it.
pub struct XeroSide {
    /// Its controls.
    pub control: control::Client,
    /// The token endpoint.
    pub identity: Identity,
    /// The API.
    pub client: Client,
    endpoints: Endpoints,
    client_id: String,
    redirect: String,
    scopes: String,
}

/// An account and its organisation.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// The account.
    pub account: AccountId,
    /// Its organisation at Xero.
    pub id: TenantId,
    /// Who connected it.
    pub user: XeroUserId,
    /// Its bank account.
    pub bank: xero::AccountId,
}

impl Tenant {
    /// The organisation's id as the controls take it.
    #[must_use]
    pub fn uuid(&self) -> Uuid {
        *self.id.as_uuid()
    }
}

/// What of the mapping differs between tests.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Expenses become spend money instead of bills.
    pub spend_money: bool,
    /// Categories that stay without an account.
    pub unmapped: Vec<ExpenseCategory>,
    /// Sales have no account yet.
    pub sales_unmapped: bool,
    /// A scope that the consent was given without.
    pub without_scope: Option<&'static str>,
}

impl XeroSide {
    /// The app as Xero knows it.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Registers the app and builds the clients of the service.
    ///
    /// # Errors
    /// When the stand-in refuses.
    pub async fn of(stand_in: &StandIn, credentials: AppCredentials, http: reqwest::Client) -> anyhow::Result<Self> {
        let control = stand_in.control().clone();
        let registration = AppRegistration {
            client_id: credentials.client_id.clone(),
            client_secret: credentials.client_secret.expose().to_owned(),
            name: "Sessional".to_owned(),
            redirect_uris: vec![REDIRECT.to_owned()],
            scopes: SCOPES.split_whitespace().map(str::to_owned).collect(),
            tier: Tier::Plus,
            certified: true,
            ..AppRegistration::default()
        };
        control.register_app(&registration).await.context("failed to register the app")?;
        Self::new(control, stand_in.xero_url(), credentials, http, REDIRECT.to_owned(), SCOPES.to_owned())
    }

    /// The stand-in of a running stack, with the app as the stack has registered it.
    ///
    /// # Errors
    /// When there is no HTTP client.
    pub fn of_stack(stack: &StackInfo) -> anyhow::Result<Self> {
        let control = control::Client::new(&stack.xero_control)?;
        let credentials = AppCredentials {
            client_id: stack.app.client_id.clone(),
            client_secret: Secret::from(stack.app.client_secret.clone()),
        };
        let redirect = stack.deployment.variable("connect", "OAUTH_REDIRECT_URI")?.to_owned();
        let scopes = stack.deployment.variable("connect", "OAUTH_SCOPES")?.to_owned();
        Self::new(control, &stack.xero, credentials, xero::http::client()?, redirect, scopes)
    }

    fn new(
        control: control::Client,
        url: &str,
        credentials: AppCredentials,
        http: reqwest::Client,
        redirect: String,
        scopes: String,
    ) -> anyhow::Result<Self> {
        let endpoints = Endpoints::new(url, url, url)?;
        let client_id = credentials.client_id.clone();
        let identity = Identity::new(http.clone(), endpoints.clone(), credentials);
        Ok(Self { control, identity, client: Client::new(http, &endpoints), endpoints, client_id, redirect, scopes })
    }

    /// Credentials for a stand-in of one's own.
    #[must_use]
    pub fn any_credentials() -> AppCredentials {
        let client_id = "5E55104A10000000000000000000A001".to_owned();
        AppCredentials { client_id, client_secret: Secret::from("a-secret_with-signs".to_owned()) }
    }

    /// Somebody new connects a new organisation to an account and maps it.
    ///
    /// # Errors
    /// When a step is refused or a store does not answer.
    pub async fn connect(
        &self,
        name: &str,
        stores: &Stores<'_>,
        wishes: &Wishes,
        now: Timestamp,
    ) -> anyhow::Result<Tenant> {
        let account = AccountId::parse(&format!("acc_{name}"))?;
        let (user, organisation) = self.owner(name).await?;
        let set = self.consent(user, organisation, wishes, now).await?;
        let claims = set.access.claims().context("the token names nobody")?.clone();
        let connections = self.client.connections(&set.access, claims.authentication_event_id).await?;
        let made = connections.first().context("the consent connected nothing")?;
        let id = made.tenant_id;
        let (user, refresh) = (claims.xero_userid, set.refresh.context("the consent brought no refresh token")?);

        let token = stores.vault.place(user);
        let context = TokenContext { account: account.clone(), tenant: Some(id) };
        let stored = StoredToken { token: refresh, stored_at: now, history: TokenHistory::first(vec![context]) };
        stores.vault.keep(&token, &stored).await?;
        let accounts = vec![account.clone()];
        let mut grant = Grant { version: grant::VERSION, user, revision: 0, token, spare: None, accounts };
        done(stores.grants.put_grant(&mut grant).await?)?;
        let mut connection = Connection::none(account.clone());
        connection.xero_user = Some(user);
        connection.consented_at = Some(now);
        let name = made.tenant_name.clone();
        let chosen = ConnectedOrganisation {
            connection: made.id,
            tenant: id,
            name,
            user: Some(user),
            consent: claims.authentication_event_id,
        };
        connection.choose(chosen, now);
        connection.outbox.clear();
        done(stores.connections.put_connection(&mut connection).await?)?;

        let chart = self.client.tenant(&set.access, id).accounts().await?;
        let account_of = |code: &str| {
            let found = chart.iter().find(|account| account.code.as_deref() == Some(code));
            found.map(|account| account.account_id).with_context(|| format!("the chart has no account {code}"))
        };
        let bank = xero::AccountId::from_uuid(xero_stand_in::BANK);
        let expense = Target { account_id: account_of(EXPENSES)? };
        let mapped = ExpenseCategory::ALL.into_iter().filter(|category| !wishes.unmapped.contains(category));
        let choices = Choices {
            sales: if wishes.sales_unmapped { None } else { Some(Target { account_id: account_of(SALES)? }) },
            expenses: mapped.map(|category| (category, expense)).collect(),
            expense_documents: match wishes.spend_money {
                true => ExpenseDocuments::SpendMoney { bank_account_id: bank },
                false => ExpenseDocuments::default(),
            },
        };
        let mut mapping = Mapping::new(account.clone(), id, now);
        mapping.change(choices, now);
        done(stores.mappings.put_mapping(&mut mapping).await?)?;
        Ok(Tenant { account, id, user, bank })
    }

    async fn owner(&self, name: &str) -> anyhow::Result<(Uuid, Uuid)> {
        let user = NewUser {
            id: None,
            email: format!("{name}@rig.example"),
            given_name: "Robin".to_owned(),
            family_name: name.to_owned(),
        };
        let user = self.control.add_user(&user).await?;
        let organisation = NewOrganisation {
            name: format!("Organisation {name}"),
            members: [(user, Role::Standard)].into(),
            ..NewOrganisation::default()
        };
        Ok((user, self.control.add_organisation(&organisation).await?))
    }

    async fn consent(
        &self,
        user: Uuid,
        organisation: Uuid,
        wishes: &Wishes,
        now: Timestamp,
    ) -> anyhow::Result<xero::TokenSet> {
        let redirect = self.redirect.parse()?;
        let scopes = self.scopes.split_whitespace().filter(|scope| Some(*scope) != wishes.without_scope);
        let scopes: Vec<&str> = scopes.collect();
        let url = xero::oauth::authorize_url(&self.endpoints, &self.client_id, &redirect, &scopes, "a state", None);
        let back = control::consent(url.as_str(), Choice::allow(user, organisation)).await?;
        let back: url::Url = back.parse()?;
        let code = back.query_pairs().find(|(name, _)| name == "code").map(|(_, code)| code.into_owned());
        let code = code.context("the consent brought no code")?;
        Ok(self.identity.exchange_code(&code, &redirect, None, now).await?)
    }
}

fn done(written: Written) -> anyhow::Result<()> {
    match written {
        Written::Done => Ok(()),
        Written::Conflict => anyhow::bail!("somebody else has this account already"),
    }
}
