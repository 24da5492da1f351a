//! Where the functions are measured: a stand-in for Xero, something that answers for AWS, and accounts that are
//! connected and mapped in it, one for each function, so that none meets what another has left.
//!
//! Everything is plain HTTP on an address of this machine, for the functions and for their peers alike: no name is
//! looked up and no TLS connection is opened. The functions prepare for TLS all the same, as in Lambda.

use std::collections::BTreeMap;

use anyhow::Context as _;
use aws::sdk::{self, Keys};
use aws::secrets::Secrets;
use aws::table::Table;
use aws::tokens::TokenSecrets;
use rig::tenant::{Stores, Tenant, Wishes, XeroSide};
use rules::ports::{Claims as _, Written};
use serde_json::{Value, json};
use xero::RefreshToken;
use xero_stand_in::control::JournalQuery;
use xero_stand_in::{Config, StandIn};

use crate::KEY;
use crate::cloud::Cloud;

const TABLE: &str = "bench";
const TOKENS: &str = "bench/tokens/";
const CREDENTIALS: &str = "bench/app-credentials";
const WEBHOOK_KEY: &str = "bench/webhook-key";
/// Where the barest of the peers finds an access token that is ready to use.
const READY_TOKEN: &str = "bench/ready-token";

/// The account of the peer that does no more than it must.
pub const BARE: &str = "bare";
/// The account of the peer that does what the service does.
pub const SAME: &str = "same";
/// Every function that works for an account has one.
const ACCOUNTS: [&str; 7] = ["sync", "payments", "settings", "upkeep", "ingest", BARE, SAME];

/// Everything outside of a function.
pub struct Scene {
    /// AWS.
    pub cloud: Cloud,
    stand_in: StandIn,
    side: XeroSide,
    tenants: BTreeMap<&'static str, Tenant>,
}

impl Scene {
    /// Starts both sides and connects the accounts.
    ///
    /// # Errors
    /// When a port or an answer is missing.
    pub async fn start() -> anyhow::Result<Self> {
        let cloud = Cloud::start().await?;
        let stand_in = StandIn::start(Config::default()).await?;
        // A warm function works more invoices in a minute than Xero would let it.
        stand_in.control().set_switches(&json!({ "limits": false })).await?;
        let credentials = XeroSide::any_credentials();
        let (id, secret) = (credentials.client_id.clone(), credentials.client_secret.expose().to_owned());
        cloud.set_secret(CREDENTIALS, &json!({ "client_id": id, "client_secret": secret }).to_string());
        cloud.set_secret(WEBHOOK_KEY, KEY);
        let side = XeroSide::of(&stand_in, credentials, xero::http::client()?).await?;
        let mut scene = Self { cloud, stand_in, side, tenants: BTreeMap::new() };
        for name in ACCOUNTS {
            let tenant = scene.connect(name).await.with_context(|| format!("failed to connect {name}"))?;
            scene.tenants.insert(name, tenant);
        }
        scene.keep_ready_token().await?;
        Ok(scene)
    }

    async fn connect(&self, name: &str) -> anyhow::Result<Tenant> {
        let keys = Keys { id: "bench".to_owned(), secret: "bench".to_owned(), session: None };
        let sdk = sdk::configured(local::aws::REGION.to_owned(), keys, Some(self.cloud.url().to_owned()))?;
        let table = Table::new(&sdk, TABLE.to_owned());
        let vault = TokenSecrets::new(Secrets::new(&sdk), TOKENS.to_owned(), "bench".to_owned());
        let stores = Stores { connections: &table, grants: &table, vault: &vault, mappings: &table };
        let now = self.stand_in.control().clock().await?.now;
        let tenant = self.side.connect(name, &stores, &Wishes::default(), now).await?;
        let claimed = table.claim(tenant.id, &tenant.account, None).await?;
        anyhow::ensure!(claimed == Written::Done, "another account has this organisation");
        Ok(tenant)
    }

    /// Buys the barest peer an access token, good for longer than the benchmark takes.
    async fn keep_ready_token(&self) -> anyhow::Result<()> {
        let tenant = self.tenant(BARE)?;
        let stored = self.cloud.secret(&format!("{TOKENS}{}/", tenant.user)).context("there is no refresh token")?;
        let stored: Value = serde_json::from_str(&stored)?;
        let refresh = stored.get("refresh_token").and_then(Value::as_str).context("the secret has no token")?;
        let now = self.stand_in.control().clock().await?.now;
        let set = self.side.identity.refresh(&RefreshToken::new(refresh.to_owned()), now).await?;
        let ready = json!({ "access_token": set.access.expose(), "tenant_id": tenant.id });
        self.cloud.set_secret(READY_TOKEN, &ready.to_string());
        Ok(())
    }

    /// An account's organisation.
    ///
    /// # Errors
    /// When no function has this account.
    pub fn tenant(&self, name: &str) -> anyhow::Result<&Tenant> {
        self.tenants.get(name).with_context(|| format!("there is no account {name}"))
    }

    /// An invoice of an account that is in Xero.
    ///
    /// # Errors
    /// When there is none.
    pub async fn invoice(&self, name: &str) -> anyhow::Result<uuid::Uuid> {
        let books = rig::books::Books::of(self.stand_in.control(), self.tenant(name)?.uuid()).await?;
        Ok(books.documents.first().context("there is no invoice in Xero")?.id)
    }

    /// Begins to count calls to Xero. Its stand-in remembers so many and no more, so they are counted where few were.
    ///
    /// # Errors
    /// When the stand-in does not answer.
    pub async fn forget_xero_calls(&self) -> anyhow::Result<()> {
        Ok(self.stand_in.control().clear_journal().await?)
    }

    /// How many calls Xero has had since then, those for tokens not counted.
    ///
    /// # Errors
    /// When the stand-in does not answer.
    pub async fn xero_calls(&self) -> anyhow::Result<u64> {
        let calls = self.stand_in.control().journal(&JournalQuery::default()).await?;
        Ok(u64::try_from(calls.iter().filter(|call| !call.path.starts_with("/connect/")).count())?)
    }

    /// The variables of every function and of every peer.
    #[must_use]
    pub fn environment(&self) -> BTreeMap<String, String> {
        let xero = self.stand_in.xero_url().replace("localhost", "127.0.0.1");
        let queue = |name: &str| format!("{}/000000000000/{name}", self.cloud.url());
        let pairs = [
            ("AWS_ENDPOINT_URL", self.cloud.url().to_owned()),
            ("TABLE_NAME", TABLE.to_owned()),
            ("ACCOUNT_CLAIM", "sub".to_owned()),
            ("APP_CREDENTIALS_SECRET", CREDENTIALS.to_owned()),
            ("TOKEN_STORE", "secrets-manager".to_owned()),
            ("TOKEN_SECRET_PREFIX", TOKENS.to_owned()),
            ("TOKEN_KEY_ID", "bench".to_owned()),
            ("TOKEN_SECRET", READY_TOKEN.to_owned()),
            ("WEBHOOK_KEY_SECRET", WEBHOOK_KEY.to_owned()),
            ("SYNC_QUEUE_URL", queue("sync.fifo")),
            ("SYNC_DEAD_LETTER_QUEUE_URL", queue("dead.fifo")),
            ("PAYMENT_QUEUE_URL", queue("payments")),
            ("UPKEEP_QUEUE_URL", queue("upkeep")),
            ("NOTIFICATION_QUEUE_URL", queue("notifications")),
            ("XERO_LOGIN_URL", xero.clone()),
            ("XERO_IDENTITY_URL", xero.clone()),
            ("XERO_API_URL", xero),
            ("OAUTH_REDIRECT_URI", "http://localhost:4000/oauth/callback".to_owned()),
            ("OAUTH_SCOPES", "openid offline_access accounting.invoices accounting.contacts".to_owned()),
            ("APP_RETURN_URL", "https://app.sessional.example/integrations".to_owned()),
            ("APP_LINK_URL", "https://app.sessional.example".to_owned()),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
