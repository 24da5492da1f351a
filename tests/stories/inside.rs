//! The rules driven from inside: over the emulator's secrets and queues and a table of the story's own with the
//! functions' own adapters, and against a Xero of the story's own, whose clock, faults and journal nobody else meets.

use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use aws::queues::Queue;
use aws::sdk::Keys;
use aws::table::Table;
use aws::tokens::Store;
use aws_types::SdkConfig;
use futures::future::poll_fn;
use jiff::{SignedDuration, Timestamp};
use local::aws::Aws;
use local::stack::StackInfo;
use rules::AccountId;
use rules::callback::{CallbackOutcome, CallbackQuery, ReceiveCallback};
use rules::connect::{Caller, Connect, ConnectError, ConsentRequest};
use rules::connection::{Connection, Status};
use rules::disconnect::Disconnect;
use rules::grant::Grant;
use rules::notification::Notification;
use rules::permission::Permission;
use rules::ports::{Answer, Clock, Connections as _, Grants as _, Notifications, TokenVault, UpkeepQueue};
use rules::tokens::{Memory, Tokens};
use rules::upkeep::{Message, Outcome, Task, Upkeep};
use serde_json::Value;
use url::Url;
use uuid::Uuid;
use xero::{AppCredentials, Endpoints, Identity, TenantId, XeroUserId};
use xero_stand_in::control::{
    self, AppRegistration, Choice, Client, JournalEntry, JournalQuery, NewOrganisation, NewUser, Role, Tier,
};
use xero_stand_in::{Config, StandIn};

use crate::stage::{Stage, new_name};
use crate::stores;

const CALLBACK: &str = "http://localhost:4000/oauth/callback";
pub(crate) const CLIENT_SECRET: &str = "planted-client-secret";

/// A clock that the story moves, together with Xero's. Only waits are real: they end when another task is through.
pub(crate) struct StoryClock(Mutex<Timestamp>);

#[async_trait]
impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// Messages of a round, kept instead of sent.
#[derive(Default)]
pub(crate) struct Planned(Mutex<Vec<(Message, Duration)>>);

impl Planned {
    /// What was planned for an account.
    pub(crate) fn of(&self, account: &AccountId) -> Vec<(Task, Duration)> {
        let planned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = planned.iter().filter(|(message, _)| message.account_id == *account);
        ours.map(|(message, delay)| (message.task, *delay)).collect()
    }

    /// Forgets what was planned.
    fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[async_trait]
impl UpkeepQueue for Planned {
    async fn plan(&self, messages: &[(Message, Duration)]) -> Answer<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(messages);
        Ok(())
    }
}

/// For stories in which nobody listens.
pub(crate) struct Silent;

#[async_trait]
impl Notifications for Silent {
    async fn notify(&self, _: &[Notification]) -> Answer<()> {
        Ok(())
    }
}

/// Everything that one story needs.
pub(crate) struct Inside {
    pub(crate) stage: Stage,
    pub(crate) stand_in: StandIn,
    pub(crate) table: Table,
    pub(crate) table_name: String,
    pub(crate) sdk: SdkConfig,
    pub(crate) vault: Box<dyn TokenVault>,
    pub(crate) clock: StoryClock,
    pub(crate) identity: Identity,
    pub(crate) client: xero::Client,
    pub(crate) planned: Planned,
    memory: Memory,
    pub(crate) sync_queue_url: String,
    client_id: String,
    endpoints: Endpoints,
    pub(crate) request: ConsentRequest,
    pub(crate) sync_queue: Queue,
    notifications: Queue,
}

/// AWS as the rules reach it here: noted as `inside` where the stack notes calls.
fn address(stack: &StackInfo) -> String {
    stack.recorder.as_ref().map_or_else(|| stack.aws.clone(), |recorder| format!("{recorder}/inside"))
}

/// A consent that somebody began and answered at Xero.
pub(crate) struct Began {
    pub(crate) caller: Caller,
    pub(crate) query: CallbackQuery,
    pub(crate) browser_key: String,
}

/// Somebody with a login at Xero and organisations there.
pub(crate) struct Person {
    pub(crate) user: XeroUserId,
    pub(crate) tenants: Vec<TenantId>,
}

impl Person {
    /// The first organisation.
    pub(crate) fn first(&self) -> anyhow::Result<TenantId> {
        self.tenants.first().copied().context("the person has no organisation")
    }

    pub(crate) fn allows(&self, tenants: &[TenantId]) -> Choice {
        let tenants = tenants.iter().map(|tenant| *tenant.as_uuid()).collect();
        Choice::Allow { user: Some(*self.user.as_uuid()), tenants }
    }
}

impl Inside {
    pub(crate) async fn new() -> anyhow::Result<Self> {
        Self::over(Store::SecretsManager).await
    }

    /// With the refresh tokens in this store.
    pub(crate) async fn over(store: Store) -> anyhow::Result<Self> {
        let stage = Stage::shared()?;
        let stack = stage.stack.clone();
        let now = Timestamp::now();
        let stand_in = StandIn::start(Config { frozen_at: Some(now), empty: true, ..Config::default() }).await?;
        let client_id = Uuid::new_v4().simple().to_string();
        let scopes = stack.deployment.variable("connect", "OAUTH_SCOPES")?;
        let scopes: Vec<String> = scopes.split_whitespace().map(str::to_owned).collect();
        let registration = AppRegistration {
            client_id: client_id.clone(),
            client_secret: CLIENT_SECRET.to_owned(),
            name: "Sessional".to_owned(),
            redirect_uris: vec![CALLBACK.to_owned()],
            scopes: local::stand_in::registered_scopes(&scopes.join(" ")),
            tier: Tier::Advanced,
            certified: true,
            webhook: None,
        };
        stand_in.control().register_app(&registration).await?;
        let xero = stand_in.xero_url();
        let endpoints = Endpoints::new(xero, xero, xero)?;
        let http = xero::http::client()?;
        let credentials =
            AppCredentials { client_id: client_id.clone(), client_secret: CLIENT_SECRET.to_owned().into() };
        let keys = Keys { id: "000000000000".to_owned(), secret: "test".to_owned(), session: None };
        let sdk = aws::sdk::configured(local::aws::REGION.to_owned(), keys, Some(address(&stack)))?;
        let variable = |name: &str| stack.deployment.variable("connect", name).map(str::to_owned);
        let sync_queue_url = stores::fifo(&stack.aws()?).await?;
        let table_name = stores::own_table(&stack.aws()?, &variable("TABLE_NAME")?).await?;
        let table = Table::new(&sdk, table_name.clone());
        Ok(Self {
            vault: stores::tokens(&stack, &sdk, &table, store)?,
            table,
            table_name,
            sdk: sdk.clone(),
            clock: StoryClock(Mutex::new(now)),
            identity: Identity::new(http.clone(), endpoints.clone(), credentials),
            client: xero::Client::new(http, &endpoints),
            planned: Planned::default(),
            memory: Memory::default(),
            sync_queue: Queue::new(&sdk, sync_queue_url.clone()),
            sync_queue_url,
            notifications: Queue::new(&sdk, variable("NOTIFICATION_QUEUE_URL")?),
            request: ConsentRequest {
                client_id: client_id.clone(),
                redirect_uri: Url::parse(CALLBACK)?,
                scopes,
                pkce: false,
            },
            client_id,
            endpoints,
            stand_in,
            stage,
        })
    }

    pub(crate) fn aws(&self) -> anyhow::Result<Aws> {
        self.stage.stack.aws()
    }

    pub(crate) fn xero(&self) -> &Client {
        self.stand_in.control()
    }

    /// Lets time pass, here and at Xero.
    pub(crate) async fn pass(&self, time: SignedDuration) -> anyhow::Result<()> {
        {
            let mut now = self.clock.0.lock().unwrap_or_else(PoisonError::into_inner);
            *now += time;
        }
        self.xero().advance_clock(time.as_secs()).await?;
        Ok(())
    }

    pub(crate) fn account(&self) -> anyhow::Result<AccountId> {
        Ok(AccountId::parse(&format!("acc_{}", new_name()))?)
    }

    /// Somebody new with so many organisations.
    pub(crate) async fn person(&self, organisations: usize) -> anyhow::Result<Person> {
        let name = new_name();
        let user = NewUser {
            id: None,
            email: format!("{name}@story.example"),
            given_name: "Robin".to_owned(),
            family_name: name.clone(),
        };
        let user = self.xero().add_user(&user).await?;
        let mut tenants = Vec::new();
        for number in 0..organisations {
            tenants.push(self.organisation(&format!("Organisation {name} {number}"), user, None).await?);
        }
        Ok(Person { user: XeroUserId::from_uuid(user), tenants })
    }

    pub(crate) async fn organisation(&self, name: &str, user: Uuid, kind: Option<&str>) -> anyhow::Result<TenantId> {
        let new = NewOrganisation {
            name: name.to_owned(),
            members: [(user, Role::Standard)].into(),
            tenant_type: kind.map(str::to_owned),
            ..NewOrganisation::default()
        };
        Ok(TenantId::from_uuid(self.xero().add_organisation(&new).await?))
    }

    /// Goes through a whole consent, as one person in one browser.
    pub(crate) async fn consent(
        &self,
        account: &AccountId,
        choice: Choice,
    ) -> anyhow::Result<Result<Connection, ConnectError>> {
        let began = self.come_back(account, choice).await?;
        let confirmation = self.received(&began.query).await?;
        Ok(self.connect().confirm(&began.caller, &confirmation, &began.browser_key).await)
    }

    /// Connects, and expects to be connected.
    pub(crate) async fn connected(
        &self,
        account: &AccountId,
        person: &Person,
        tenant: TenantId,
    ) -> anyhow::Result<Connection> {
        let connection = self.consent(account, person.allows(&[tenant])).await??;
        assert_eq!((connection.status, connection.choices.len()), (Status::Connected, 0));
        // The first sweep of a connection is no round's.
        assert!(self.planned.of(account).contains(&(Task::SweepPayments, Duration::ZERO)));
        self.planned.clear();
        self.connection(account).await
    }

    /// Starts a consent and answers it at Xero: what the browser comes back with.
    pub(crate) async fn come_back(&self, account: &AccountId, choice: Choice) -> anyhow::Result<Began> {
        self.come_back_with(account, choice, &[]).await
    }

    /// The same, of a consent that asks for more than the usual.
    pub(crate) async fn come_back_with(
        &self,
        account: &AccountId,
        choice: Choice,
        needed: &[Permission],
    ) -> anyhow::Result<Began> {
        let caller = Caller { account: account.clone(), subject: format!("user|{account}") };
        let started = self.connect().start(&caller, needed).await?;
        let location = control::consent(started.authorise_url.as_str(), choice).await?;
        let location = Url::parse(&location)?;
        let part = |name: &str| location.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into());
        let query = CallbackQuery { state: part("state"), code: part("code"), error: part("error") };
        Ok(Began { caller, query, browser_key: started.browser_key.expose().to_owned() })
    }

    /// The callback, as its own function receives it.
    pub(crate) fn callback(&self) -> ReceiveCallback<'_> {
        ReceiveCallback { consents: &self.table, clock: &self.clock }
    }

    /// What the return page gets of a consent that was allowed.
    pub(crate) async fn received(&self, query: &CallbackQuery) -> anyhow::Result<String> {
        match self.callback().receive(query).await {
            CallbackOutcome::Confirm(confirmation) => Ok(confirmation.expose().to_owned()),
            other => anyhow::bail!("the callback led to {other:?}"),
        }
    }

    pub(crate) fn connect(&self) -> Connect<'_> {
        Connect {
            endpoints: &self.endpoints,
            request: &self.request,
            identity: &self.identity,
            client: &self.client,
            connections: &self.table,
            claims: &self.table,
            ownership: &self.table,
            consents: &self.table,
            starts: &self.table,
            vault: &*self.vault,
            grants: &self.table,
            leases: &self.table,
            waiting: &self.table,
            queue: &self.sync_queue,
            upkeep_queue: &self.planned,
            notifications: &self.notifications,
            memory: &self.memory,
            clock: &self.clock,
        }
    }

    pub(crate) fn disconnect(&self) -> Disconnect<'_> {
        Disconnect {
            identity: &self.identity,
            client: &self.client,
            connections: &self.table,
            claims: &self.table,
            vault: &*self.vault,
            grants: &self.table,
            leases: &self.table,
            notifications: &self.notifications,
            clock: &self.clock,
        }
    }

    /// The tokens of one process: whoever has another memory is another process.
    pub(crate) fn tokens<'a>(&'a self, memory: &'a Memory) -> Tokens<'a> {
        Tokens {
            identity: &self.identity,
            vault: &*self.vault,
            grants: &self.table,
            leases: &self.table,
            clock: &self.clock,
            memory,
        }
    }

    pub(crate) fn upkeep<'a>(&'a self, tokens: &'a Tokens<'a>) -> Upkeep<'a> {
        Upkeep {
            client: &self.client,
            tokens,
            connections: &self.table,
            population: &self.table,
            claims: &self.table,
            ownership: &self.table,
            broken: &self.table,
            mappings: &self.table,
            organisations: &self.table,
            records: &self.table,
            waiting: &self.table,
            sweeps: &self.table,
            sequences: &self.table,
            cooldowns: &self.table,
            sync_queue: &self.sync_queue,
            upkeep_queue: &self.planned,
            notifications: &self.notifications,
            removes_orphans: true,
            clock: &self.clock,
        }
    }

    /// Works one task of upkeep in a process of its own.
    pub(crate) async fn work(&self, account: &AccountId, task: Task) -> Outcome {
        let memory = Memory::default();
        let tokens = self.tokens(&memory);
        self.upkeep(&tokens).work(&Message::new(account, task)).await
    }

    /// Gets an access token in a process of its own.
    pub(crate) async fn use_token(&self, connection: &Connection) -> anyhow::Result<()> {
        self.tokens(&Memory::default()).access(connection).await?;
        Ok(())
    }

    pub(crate) async fn connection(&self, account: &AccountId) -> anyhow::Result<Connection> {
        self.table.connection(account).await?.context("the account has no connection")
    }

    pub(crate) async fn grant(&self, user: XeroUserId) -> anyhow::Result<Option<Grant>> {
        Ok(self.table.grant(user).await?)
    }

    /// The places that hold tokens of a user, in either store.
    pub(crate) async fn places_of(&self, user: XeroUserId) -> anyhow::Result<Vec<String>> {
        stores::places_of(&self.aws()?, &self.table_name, user).await
    }

    /// The calls of one operation that Xero has received, oldest first.
    pub(crate) async fn calls(&self, operation: &str) -> anyhow::Result<Vec<JournalEntry>> {
        let wanted = JournalQuery { operation: Some(operation.to_owned()), ..JournalQuery::default() };
        Ok(self.xero().journal(&wanted).await?)
    }

    /// The organisations that Xero lists as connected to the app through a person.
    pub(crate) async fn at_xero(&self, person: &Person) -> anyhow::Result<Vec<TenantId>> {
        let all = self.xero().connections().await?;
        let theirs = all.into_iter().filter(|known| known.user == *person.user.as_uuid());
        Ok(theirs.map(|known| TenantId::from_uuid(known.tenant)).collect())
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// What Sessional's backend was told about the account, once it was told this.
    pub(crate) async fn told(&self, account: &AccountId, kind: &str) -> anyhow::Result<Value> {
        let sessional = local::client::Sessional::with_token(&self.stage.stack, account.as_str(), None)?;
        for _ in 0..200 {
            let told = sessional.notifications().await?;
            if let Some(found) = told.into_iter().find(|told| told["type"] == kind) {
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::bail!("Sessional was not told {kind}")
    }
}

/// Dies after so many steps; tells whether it was through before.
pub(crate) async fn die_after<T>(steps: usize, work: impl Future<Output = T>) -> bool {
    let mut work = pin!(work);
    let mut polls = 0;
    poll_fn(|context| {
        polls += 1;
        match work.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending if polls > steps => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
