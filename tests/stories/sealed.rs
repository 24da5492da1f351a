//! Refresh tokens as ciphertext in the table: what is bound to what, the way from one token store to the other, and
//! the whole journey with a stack deployed so.

use std::process::Stdio;

use anyhow::Context as _;
use aws::tokens::{BothStores, Store};
use jiff::SignedDuration;
use local::binaries::Build;
use local::journey::Journey;
use local::layout::Layout;
use local::narrator::Silence;
use local::ports::AskedPorts;
use local::progress::Progress;
use local::stack::{Options, Stack};
use local::xero_side::Owner;
use rules::connection::{Connection, Status};
use rules::grant::{StoredToken, TokenContext};
use rules::ports::{Grants as _, Written};
use rules::tokens::moving::{Moved, Moving};
use rules::upkeep::{Outcome, Task};
use serde_json::{Value, json};
use xero::{RefreshToken, TenantId, XeroUserId};

use crate::inside::{Inside, die_after};
use crate::stage::{Stage, new_name};
use crate::stores;
use crate::template::{allowed, of_type, with};

const PUT: &str = "DynamoDB_20120810.PutItem";

/// Two accounts of one Xero user, each with an organisation of its own.
async fn two_of_one_user(inside: &Inside) -> anyhow::Result<[Connection; 2]> {
    let person = inside.person(2).await?;
    let [first, second] = [inside.account()?, inside.account()?];
    inside.connected(&first, &person, person.tenants[0]).await?;
    let second = inside.connected(&second, &person, person.tenants[1]).await?;
    Ok([inside.connection(&first).await?, second])
}

fn user(connection: &Connection) -> anyhow::Result<XeroUserId> {
    connection.xero_user.context("nobody is connected")
}

/// The item with the token, and what it says.
async fn item(inside: &Inside) -> anyhow::Result<(Value, Value)> {
    let items = inside.aws()?.scan(&inside.table_name).await?;
    let item = items.into_iter().find(|item| item["kind"]["S"] == "token").context("there is no token")?;
    let body = serde_json::from_str(item["body"]["S"].as_str().unwrap_or_default())?;
    Ok((item, body))
}

/// Writes the item with something else in it, as nobody of ours does.
async fn forge(inside: &Inside, change: impl FnOnce(&mut Value)) -> anyhow::Result<()> {
    let (mut item, mut body) = item(inside).await?;
    change(&mut body);
    item["body"]["S"] = body.to_string().into();
    inside.aws()?.call(PUT, &json!({ "TableName": inside.table_name, "Item": item })).await?;
    Ok(())
}

#[tokio::test]
async fn every_account_has_a_copy_of_its_own_and_none_can_be_read_in_the_table() -> anyhow::Result<()> {
    let inside = Inside::over(Store::KmsTable).await?;
    let [first, second] = two_of_one_user(&inside).await?;
    for connection in [&first, &second] {
        inside.use_token(connection).await?;
    }
    let (_, body) = item(&inside).await?;
    let bound = |connection: &Connection| json!({ "account": connection.account, "tenant": connection.tenant() });
    let copies: Vec<Value> = body["copies"].as_array().unwrap().clone();
    let contexts: Vec<Value> =
        copies.iter().map(|copy| json!({ "account": copy["account"], "tenant": copy["tenant"] })).collect();
    assert_eq!(contexts, [bound(&first), bound(&second)]);
    assert_ne!(copies[0]["ciphertext"], copies[1]["ciphertext"]);

    let grant = inside.grant(user(&first)?).await?.unwrap();
    let token = inside.vault.stored(&grant.token, &second.account).await?.unwrap().token.expose().to_owned();
    for item in inside.aws()?.scan(&inside.table_name).await? {
        assert!(!item.to_string().contains(&token), "a token is in the table as it is");
    }
    Ok(())
}

#[tokio::test]
async fn a_copy_that_was_put_into_anothers_hands_does_not_open() -> anyhow::Result<()> {
    let inside = Inside::over(Store::KmsTable).await?;
    let [first, second] = two_of_one_user(&inside).await?;
    inside.use_token(&first).await?;
    let pointer = inside.grant(user(&first)?).await?.unwrap().token;
    inside.use_token(&second).await?;
    let genuine = item(&inside).await?.1;
    let forgeries: [fn(&mut Value); 3] = [
        |body| body["copies"][1]["ciphertext"] = body["copies"][0]["ciphertext"].clone(),
        |body| body["copies"][1]["tenant"] = body["copies"][0]["tenant"].clone(),
        |body| body["copies"][1]["tenant"] = Value::Null,
    ];
    for (number, forgery) in forgeries.into_iter().enumerate() {
        forge(&inside, forgery).await?;
        let opened = inside.vault.stored(&pointer, &second.account).await;
        let Err(error) = opened else { anyhow::bail!("forgery {number} was opened") };
        assert_eq!(error.source.to_string(), "InvalidCiphertextException", "forgery {number}");
        // Somebody meddled with the table: nobody is told to connect again for that, and the alarms tell us.
        assert!(matches!(inside.work(&second.account, Task::CheckConnection).await, Outcome::Again(_)));
        assert_eq!(inside.connection(&second.account).await?.status, Status::Connected);
        forge(&inside, |body| body["copies"] = genuine["copies"].clone()).await?;
    }
    assert!(inside.vault.stored(&pointer, &inside.account()?).await?.is_none(), "a stranger has no copy");
    Ok(())
}

#[tokio::test]
async fn whoever_leaves_takes_their_copy_along_and_the_others_stay_connected() -> anyhow::Result<()> {
    let inside = Inside::over(Store::KmsTable).await?;
    let [first, second] = two_of_one_user(&inside).await?;
    inside.disconnect().run(&first.account).await?;
    let (_, body) = item(&inside).await?;
    let left: Vec<&Value> = body["copies"].as_array().unwrap().iter().map(|copy| &copy["account"]).collect();
    assert_eq!(left, [second.account.as_str()]);
    inside.use_token(&second).await?;
    inside.disconnect().run(&second.account).await?;
    assert!(inside.places_of(user(&second)?).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn of_two_who_replace_the_same_token_one_is_refused() -> anyhow::Result<()> {
    let inside = Inside::over(Store::KmsTable).await?;
    let [first, _] = two_of_one_user(&inside).await?;
    let pointer = inside.grant(user(&first)?).await?.unwrap().token;
    let read = inside.vault.stored(&pointer, &first.account).await?.unwrap();
    let next = |token: &str| StoredToken {
        token: RefreshToken::new(token.to_owned()),
        stored_at: read.stored_at,
        history: read.history.next(vec![first.token_context()]),
    };
    assert_eq!(inside.vault.replace(&pointer, &next("winner")).await?, Written::Done);
    assert_eq!(inside.vault.replace(&pointer, &next("loser")).await?, Written::Conflict);
    let stored = inside.vault.stored(&pointer, &first.account).await?.unwrap();
    assert_eq!(stored.token.expose(), "winner");
    Ok(())
}

/// Both stores of a story, for moving tokens.
fn both(inside: &Inside, to: Store) -> anyhow::Result<BothStores> {
    let (secrets, table) = stores::both(&inside.stage.stack, &inside.sdk, &inside.table)?;
    Ok(BothStores { secrets, table, to })
}

fn moving<'a>(inside: &'a Inside, vault: &'a BothStores) -> Moving<'a> {
    let table = &inside.table;
    Moving { vault, grants: table, connections: table, leases: table, clock: &inside.clock }
}

#[tokio::test]
async fn whoever_dies_in_a_move_leaves_a_token_that_the_next_move_brings_over() -> anyhow::Result<()> {
    let inside = Inside::over(Store::KmsTable).await?;
    let (mut steps, mut through) = (1, false);
    while !through {
        // Connected with secrets; the table has it at the end.
        let from = both(&inside, Store::SecretsManager)?;
        let to = both(&inside, Store::KmsTable)?;
        let [first, second] = two_of_one_user(&inside).await?;
        let user = user(&first)?;
        assert_eq!(moving(&inside, &from).run(user).await?, Moved::Done);
        let contexts = |stored: &StoredToken| stored.history.contexts.clone();

        through = die_after(steps, moving(&inside, &to).run(user)).await;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        inside.pass(SignedDuration::from_secs(31)).await?;
        let again = moving(&inside, &to).run(user).await?;
        assert!(matches!(again, Moved::Done | Moved::Nothing), "after {steps} steps: {again:?}");
        let grant = inside.grant(user).await?.unwrap();
        assert_eq!(inside.places_of(user).await?.len(), 1, "after {steps} steps");
        let stored = inside.vault.stored(&grant.token, &second.account).await?.unwrap();
        assert_eq!(contexts(&stored), [first.token_context(), second.token_context()]);
        for connection in [&first, &second] {
            inside.use_token(connection).await?;
        }
        assert_eq!(moving(&inside, &to).run(user).await?, Moved::Nothing);
        steps += 1;
    }
    assert!(steps > 10, "it was never killed in the middle");
    Ok(())
}

#[tokio::test]
async fn a_token_in_the_other_store_is_waited_for_and_no_connection_is_lost() -> anyhow::Result<()> {
    for (own, other) in [(Store::SecretsManager, Store::KmsTable), (Store::KmsTable, Store::SecretsManager)] {
        let inside = Inside::over(own).await?;
        let person = inside.person(1).await?;
        let account = inside.account()?;
        let connection = inside.connected(&account, &person, person.first()?).await?;
        let (away, back) = (both(&inside, other)?, both(&inside, own)?);
        assert_eq!(moving(&inside, &away).run(person.user).await?, Moved::Done);
        assert!(inside.use_token(&connection).await.is_err());
        assert!(matches!(inside.work(&account, Task::CheckConnection).await, Outcome::Again(_)));
        assert_eq!(inside.connection(&account).await?.status, Status::Connected);
        assert_eq!(moving(&inside, &back).run(person.user).await?, Moved::Done);
        inside.use_token(&connection).await?;
    }
    Ok(())
}

/// The command as an operator runs it, over a story's table.
async fn move_tokens(inside: &Inside, to: &str) -> anyhow::Result<(bool, String)> {
    let stack = &inside.stage.stack;
    let mut command = tokio::process::Command::new(stack.folder.join("bin").join("move-tokens"));
    command.args(["--to", to, "--table", &inside.table_name]);
    command.args(["--key", stack.deployment.variable("connect", "TOKEN_KEY_ID")?]);
    command.args(["--secret-prefix", stack.deployment.variable("connect", "TOKEN_SECRET_PREFIX")?]);
    let environment = [
        ("AWS_ENDPOINT_URL", stack.aws.as_str()),
        ("AWS_REGION", local::aws::REGION),
        ("AWS_ACCESS_KEY_ID", "000000000000"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ];
    command.env_clear().envs(environment).stdin(Stdio::null());
    let output = command.output().await.context("failed to run move-tokens")?;
    let told = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8(told)?))
}

#[tokio::test]
async fn the_command_moves_all_tokens_there_and_back_and_may_be_repeated() -> anyhow::Result<()> {
    let inside = Inside::over(Store::KmsTable).await?;
    let mut connections = Vec::from(two_of_one_user(&inside).await?);
    let person = inside.person(2).await?;
    let (account, offered) = (inside.account()?, inside.account()?);
    connections.push(inside.connected(&account, &person, person.tenants[0]).await?);
    // One that has yet to choose has a token too.
    let undecided = inside.person(2).await?;
    inside.consent(&offered, undecided.allows(&undecided.tenants)).await??;

    for to in ["secrets-manager", "kms-table"] {
        let (succeeded, told) = move_tokens(&inside, to).await?;
        assert!(succeeded && told.contains("moved 3, there already 0, without a token 0, left 0"), "{told}");
        let (succeeded, told) = move_tokens(&inside, to).await?;
        assert!(succeeded && told.contains("moved 0, there already 3"), "{told}");
        for user in [user(&connections[0])?, person.user, undecided.user] {
            let grant = inside.grant(user).await?.unwrap();
            assert_eq!(grant.token.0.starts_with("kms-table:"), to == "kms-table", "{:?}", grant.token);
            assert_eq!(inside.places_of(user).await?.len(), 1);
        }
    }
    for connection in &connections {
        inside.use_token(connection).await?;
    }
    inside.connect().choose(&offered, undecided.tenants[1]).await?;
    inside.use_token(&inside.connection(&offered).await?).await?;
    // Somebody else has the lease for longer than the command waits.
    let lease = rules::ports::Leases::acquire(
        &inside.table,
        person.user,
        jiff::Timestamp::now(),
        std::time::Duration::from_secs(60),
    );
    assert!(lease.await?.is_some());
    let (succeeded, told) = move_tokens(&inside, "secrets-manager").await?;
    assert!(!succeeded && told.contains("left 1") && told.contains("Run it again"), "{told}");
    Ok(())
}

#[test]
fn no_role_may_use_more_than_one_token_store() -> anyhow::Result<()> {
    let template = Stage::shared()?.stack.deployment.template;
    let mut of_store = Vec::new();
    for (store, can, cannot) in [
        ("secrets-manager", ("secretsmanager:PutSecretValue", "tokens/*"), ("kms:Encrypt", "Key")),
        ("kms-table", ("kms:Encrypt", "Key"), ("secretsmanager:PutSecretValue", "tokens/*")),
    ] {
        let template = with(&template, &[("TokenStore", store)]);
        let mut with_tokens = Vec::new();
        for role in of_type(&template, "AWS::IAM::Role").into_keys().filter(|name| name.ends_with("Role")) {
            let allowed = allowed(&template, role);
            let has = |(action, on): (&str, &str)| allowed.contains(&(action.to_owned(), on.to_owned()));
            assert!(!has(cannot), "{role} may use the other store than {store}");
            let secrets = allowed.iter().filter(|(_, on)| on == "tokens/*").count();
            assert!(store == "secrets-manager" || secrets == 0, "{role} may use secrets with {store}");
            with_tokens.extend(has(can).then(|| role.to_owned()));
        }
        of_store.push(with_tokens);
    }
    assert_eq!(of_store[0], ["ConnectRole", "PaymentsRole", "SettingsRole", "SyncRole", "UpkeepRole"]);
    assert_eq!(of_store[0], of_store[1]);
    Ok(())
}

/// A stack of its own, deployed with the other token store.
#[tokio::test]
async fn the_whole_journey_goes_well_with_tokens_in_the_table() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let options = Options {
        name: "kms-table",
        keeps_state: false,
        build: Build::Nothing(stage.stack.folder.clone()),
        ports: AskedPorts::default(),
        watch: None,
        python: None,
        records: true,
        token_store: Some("kms-table".to_owned()),
    };
    let running = Stack::start(&Layout::of_this_repository(), &options, &Progress::begin()).await?;
    let stack = running.info.clone();
    let name = new_name();
    let mut silence = Silence;
    let owner = Owner::new(&stack, &name).await?;
    let user = XeroUserId::from_uuid(owner.user);
    let mut journey = Journey::prepare(&stack, &name, owner, &mut silence).await?;
    journey.travel().await?;

    let table = stack.deployment.resource("Table")?;
    let places = stores::places_of(&stack.aws()?, table, user).await?;
    assert_eq!(places, [format!("XERO-USER#{user}")]);
    assert!(!stack.aws()?.secrets().await?.iter().any(|name| name.contains("/tokens/")), "a secret holds a token");
    assert_eq!(journey.sessional.call("DELETE", "/connection", None).await?.status, 204);
    assert!(stores::places_of(&stack.aws()?, table, user).await?.is_empty());

    // What the functions have asked of the token store is in their roles, and nothing else was asked for.
    let template = with(&stack.deployment.template, &[("TokenStore", "kms-table")]);
    let mut asked = 0;
    for line in stack.calls()?.lines() {
        let mut parts = line.splitn(3, ' ');
        let (caller, action) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if !action.starts_with("kms:") {
            continue;
        }
        let role = format!("{}{}Role", caller[..1].to_uppercase(), &caller[1..]);
        assert!(allowed(&template, &role).contains(&(action.to_owned(), "Key".to_owned())), "{line}");
        asked += 1;
    }
    assert!(asked >= 4, "{asked} calls of KMS were noted");
    Ok(())
}

#[tokio::test]
async fn another_organisation_of_the_same_user_is_in_the_context_after_the_next_refresh() -> anyhow::Result<()> {
    let inside = Inside::over(Store::KmsTable).await?;
    let (account, person) = (inside.account()?, inside.person(2).await?);
    let context = |tenant: Option<TenantId>| TokenContext { account: account.clone(), tenant };
    for tenant in &person.tenants {
        let connection = inside.connected(&account, &person, *tenant).await?;
        let pointer = inside.table.grant(person.user).await?.unwrap().token;
        assert_eq!(inside.vault.history(&pointer).await?.unwrap().contexts, [context(None)]);
        inside.use_token(&connection).await?;
        assert_eq!(inside.vault.history(&pointer).await?.unwrap().contexts, [context(Some(*tenant))]);
    }
    Ok(())
}
