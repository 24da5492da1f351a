//! Every function as its `main.rs` wires it, over AWS in memory and Xero in this process.

use anyhow::Context as _;
use aws::queues::Queue;
use aws::sdk::{self, Keys};
use aws::secrets::Secrets;
use aws::table::Table;
use aws::tokens::{SealedTokens, TokenSecrets};
use aws::xero_setup::Xero;
use aws_types::SdkConfig;
use rules::connect::ConsentRequest;
use rules::ports::TokenVault;
use rules::sync::Usual;
use rules::sync::mark::AppLinks;
use rules::tokens::Memory;
use std::sync::Arc;
use xero::Endpoints;
use xero::http::Transport;

use crate::cloud::Cloud;
use crate::xero_side::XeroSide;

/// Where Xero is; nobody listens there.
pub const XERO: &str = "http://localhost:1";
/// The secret with the app's credentials.
pub const CREDENTIALS: &str = "simulation/app-credentials";
/// The secret with the webhook's key.
pub const WEBHOOK_KEY: &str = "simulation/webhook-key";
/// Where Xero sends the browser back to.
pub(crate) const REDIRECT: &str = "https://api.sessional.example/oauth/callback";
/// Where the callback sends the browser.
pub const RETURN: &str = "https://app.sessional.example/integrations";
/// The claim that names the account.
pub(crate) const CLAIM: &str = "sub";
/// All that the service asks for.
pub(crate) const SCOPES: &str = "openid profile email offline_access accounting.invoices accounting.contacts \
     accounting.settings.read accounting.payments accounting.banktransactions";

/// What functions are built from.
pub(crate) struct Parts {
    sdk: SdkConfig,
    transport: Transport,
    sealed: bool,
}

impl Parts {
    /// Functions over this AWS and this Xero; tokens are sealed in the table, or secrets.
    pub(crate) fn new(cloud: &Cloud, xero: &XeroSide, sealed: bool) -> anyhow::Result<Self> {
        let keys = Keys { id: "simulation".to_owned(), secret: "simulation".to_owned(), session: None };
        let endpoint = Some("http://aws.simulation".to_owned());
        let sdk = sdk::configured("eu-west-2".to_owned(), keys, endpoint)?;
        let sdk = sdk.to_builder().http_client(cloud.clone()).build();
        let transport = Transport::instead_of(xero::http::client()?, Arc::new(xero.clone()));
        Ok(Self { sdk, transport, sealed })
    }

    pub(crate) fn table(&self) -> Table {
        Table::new(&self.sdk, "Table".to_owned())
    }

    pub(crate) fn queue(&self, name: &str) -> Queue {
        Queue::new(&self.sdk, format!("http://aws.simulation/123456789012/{name}"))
    }

    fn vault(&self, table: &Table) -> Box<dyn TokenVault> {
        if self.sealed {
            return Box::new(SealedTokens::new(&self.sdk, table.clone(), "key".to_owned()));
        }
        let secrets = Secrets::new(&self.sdk);
        Box::new(TokenSecrets::new(secrets, "simulation/tokens/".to_owned(), "key".to_owned()))
    }

    async fn xero(&self) -> anyhow::Result<Xero> {
        let endpoints = Endpoints::new(XERO, XERO, XERO)?;
        Ok(Xero::over(self.transport.clone(), endpoints, Secrets::new(&self.sdk), CREDENTIALS.to_owned()).await)
    }

    pub(crate) async fn sync(&self) -> anyhow::Result<sync::App> {
        let table = self.table();
        Ok(sync::App {
            xero: self.xero().await?,
            tokens: self.vault(&table),
            table,
            memory: Memory::default(),
            usual: Usual::default(),
            queue: self.queue("SyncQueue"),
            parking: self.queue("SyncDeadLetterQueue"),
            notifications: self.queue("NotificationQueue"),
            history_notes: false,
            links: AppLinks::new(&RETURN.parse()?)?,
        })
    }

    pub(crate) async fn payments(&self) -> anyhow::Result<payments::App> {
        let table = self.table();
        Ok(payments::App {
            xero: self.xero().await?,
            tokens: self.vault(&table),
            table,
            memory: Memory::default(),
            queue: self.queue("PaymentQueue"),
            upkeep_queue: self.queue("UpkeepQueue"),
            notifications: self.queue("NotificationQueue"),
        })
    }

    pub(crate) async fn upkeep(&self) -> anyhow::Result<upkeep::App> {
        let table = self.table();
        Ok(upkeep::App {
            xero: self.xero().await?,
            tokens: self.vault(&table),
            table,
            memory: Memory::default(),
            removes_orphans: false,
            queue: self.queue("UpkeepQueue"),
            sync_queue: self.queue("SyncQueue"),
            notifications: self.queue("NotificationQueue"),
        })
    }

    pub(crate) async fn connect(&self) -> anyhow::Result<connect::App> {
        let (table, xero) = (self.table(), self.xero().await?);
        Ok(connect::App {
            request: ConsentRequest {
                client_id: xero.identity.client_id().context("no consent can be asked for without the client id")?,
                redirect_uri: REDIRECT.parse()?,
                scopes: SCOPES.split_whitespace().map(str::to_owned).collect(),
                pkce: false,
            },
            xero,
            vault: self.vault(&table),
            table,
            memory: Memory::default(),
            second_factor: None,
            queue: self.queue("SyncQueue"),
            upkeep_queue: self.queue("UpkeepQueue"),
            notifications: self.queue("NotificationQueue"),
            account_claim: CLAIM.to_owned(),
        })
    }

    pub(crate) async fn callback(&self) -> anyhow::Result<callback::App> {
        Ok(callback::App { table: self.table(), return_url: RETURN.parse()? })
    }

    pub(crate) async fn settings(&self) -> anyhow::Result<settings::App> {
        let table = self.table();
        Ok(settings::App {
            xero: self.xero().await?,
            tokens: self.vault(&table),
            table,
            memory: Memory::default(),
            queue: self.queue("SyncQueue"),
            notifications: self.queue("NotificationQueue"),
            account_claim: CLAIM.to_owned(),
        })
    }

    pub(crate) async fn ingest(&self) -> anyhow::Result<ingest::App> {
        Ok(ingest::App {
            table: self.table(),
            queue: self.queue("SyncQueue"),
            links: AppLinks::new(&RETURN.parse()?)?,
            account_claim: CLAIM.to_owned(),
        })
    }

    pub(crate) async fn webhook(&self) -> anyhow::Result<webhook::App> {
        let key = webhook::StoredKey::new(Secrets::new(&self.sdk), WEBHOOK_KEY.to_owned());
        // The key's age is told by the calendar as well.
        let now = || tokio::time::Instant::now().into_std();
        Ok(webhook::App::new(webhook::Keys::read(key, now).await, self.queue("PaymentQueue")))
    }
}
