//! The stores of one story: a table and a queue of its own, and the token store that it is told for. What holds for one
//! token store has to hold for the other: `over_both_stores!` tells the same stories over both.

use anyhow::Context as _;
use aws::secrets::Secrets;
use aws::table::Table;
use aws::tokens::{SealedTokens, Store, TokenSecrets};
use aws_types::SdkConfig;
use local::aws::Aws;
use local::stack::StackInfo;
use rules::ports::TokenVault;
use serde_json::{Value, json};
use xero::XeroUserId;

use crate::stage::new_name;

/// Makes two tests of each story, which takes the store.
macro_rules! over_both_stores {
    ($($story:ident),* $(,)?) => {
        mod over_secrets_manager {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() -> anyhow::Result<()> {
                super::$story(aws::tokens::Store::SecretsManager).await
            })*
        }
        mod over_kms_table {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() -> anyhow::Result<()> {
                super::$story(aws::tokens::Store::KmsTable).await
            })*
        }
    };
}
pub(crate) use over_both_stores;

/// The secrets of the deployed stack, and the story's table with the stack's key.
pub(crate) fn both(stack: &StackInfo, sdk: &SdkConfig, table: &Table) -> anyhow::Result<(TokenSecrets, SealedTokens)> {
    let variable = |name: &str| stack.deployment.variable("connect", name).map(str::to_owned);
    let (prefix, key) = (variable("TOKEN_SECRET_PREFIX")?, variable("TOKEN_KEY_ID")?);
    let secrets = TokenSecrets::new(Secrets::new(sdk), prefix, key.clone());
    Ok((secrets, SealedTokens::new(sdk, table.clone(), key)))
}

/// The token store of a story.
pub(crate) fn tokens(
    stack: &StackInfo,
    sdk: &SdkConfig,
    table: &Table,
    store: Store,
) -> anyhow::Result<Box<dyn TokenVault>> {
    let (secrets, sealed) = both(stack, sdk, table)?;
    Ok(match store {
        Store::SecretsManager => Box::new(secrets),
        Store::KmsTable => Box::new(sealed),
    })
}

/// The places that hold tokens of a user, in either store.
pub(crate) async fn places_of(aws: &Aws, table: &str, user: XeroUserId) -> anyhow::Result<Vec<String>> {
    let user = user.to_string();
    let mut places = aws.secrets().await?;
    let items = aws.scan(table).await?;
    let text = |item: &Value, pointer: &str| item.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let sealed = items.iter().filter(|item| text(item, "/kind/S").as_deref() == Some("token"));
    places.extend(sealed.filter_map(|item| text(item, "/pk/S")));
    places.retain(|place| place.contains(&user));
    Ok(places)
}

/// A table like the deployed one, so that the deployed upkeep does not look after accounts whose Xero is not its own.
pub(crate) async fn own_table(aws: &Aws, deployed: &str) -> anyhow::Result<String> {
    let described = aws.call("DynamoDB_20120810.DescribeTable", &json!({ "TableName": deployed })).await?;
    let table = described.get("Table").context("the table is not described")?;
    let part = |name: &str| table.get(name).cloned().with_context(|| format!("the table has no {name}"));
    let indexes = part("GlobalSecondaryIndexes")?;
    let index = |index: &Value| {
        let part = |name: &str| index.get(name).cloned().unwrap_or_default();
        json!({ "IndexName": part("IndexName"), "KeySchema": part("KeySchema"), "Projection": part("Projection") })
    };
    let name = format!("story-{}", new_name());
    let asked = json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": part("AttributeDefinitions")?,
        "KeySchema": part("KeySchema")?,
        "GlobalSecondaryIndexes": indexes.as_array().into_iter().flatten().map(index).collect::<Vec<_>>(),
    });
    aws.call("DynamoDB_20120810.CreateTable", &asked).await?;
    Ok(name)
}

/// A queue for events that are let go, which no function takes from.
pub(crate) async fn fifo(aws: &Aws) -> anyhow::Result<String> {
    let asked = json!({ "QueueName": format!("story-{}.fifo", new_name()), "Attributes": { "FifoQueue": "true" } });
    let made = aws.call("AmazonSQS.CreateQueue", &asked).await?;
    Ok(made.get("QueueUrl").and_then(Value::as_str).context("the queue has no URL")?.to_owned())
}
