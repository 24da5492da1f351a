//! What comes from Xero, from the schedules and from the app's pages.

use crate::till::{Line, Till};
use anyhow::Context as _;
use drive::deliveries;
use jiff::{SignedDuration, Timestamp};
use rig::events::{Happening, Subject};
use rig::tenant::Wishes;
use rules::payments::sweep::Unfinished;
use rules::ports::{Claims as _, Sweeps as _, Written};
use serde_json::{Value, json};
use uuid::Uuid;

/// Invoices whose payment is awaited when this begins are those of the subjects 6 to 33 and 100 to 109.
const PAID: usize = 6;

/// A delivery of the webhook, and the hints that become of one.
pub(crate) async fn payments(till: &mut Till) -> anyhow::Result<()> {
    till.start("webhook", "start of the webhook").await?;
    // Of an organisation that nobody knows: the stack's own queue gets it, and drops it.
    let body = deliveries::body(&[deliveries::event(Uuid::new_v4(), Uuid::new_v4())], 1);
    let signature = deliveries::sign(till.world.webhook_key(), body.as_bytes());
    till.call("webhook", "webhook delivery of one event", &deliveries::gateway_event(&body, &signature, false), 200)
        .await?;

    let tenant = till.tenant.clone();
    let claimed = till.world.cloud.table.claim(tenant.id, &tenant.account, None).await?;
    anyhow::ensure!(claimed == Written::Done, "somebody else holds the tenant");
    till.look_again().await?;
    let hint = |invoice: Uuid| json!({ "version": 1, "tenant_id": tenant.uuid(), "invoice_ids": [invoice] });
    till.start("payments", "start of a function that calls Xero").await?;
    till.queue("payments", "hint: not ours", &[hint(Uuid::new_v4())]).await?;
    let document = document(till, PAID).await?;
    // The first one finds no access token in memory.
    till.queue("payments", "hint: nothing new, and a token refresh", &[hint(document)]).await?;
    till.queue("payments", "hint: nothing new", &[hint(document)]).await?;
    till.world.xero.control.pay(tenant.uuid(), document).await?;
    till.queue("payments", "hint: paid", &[hint(document)]).await?;
    Ok(())
}

/// The tasks of upkeep.
pub(crate) async fn upkeep(till: &mut Till) -> anyhow::Result<()> {
    let account = till.tenant.account.clone();
    let task = |name: &str| json!({ "version": 1, "account_id": account, "task": name });
    till.start("upkeep", "start of a function that calls Xero").await?;
    till.queue("upkeep", "token refresh", &[task("finish_refresh")]).await?;
    till.queue("upkeep", "daily check of a connection", &[task("check_connection")]).await?;
    till.queue("upkeep", "first sweep of payments", &[task("sweep_payments")]).await?;
    an_hour_passes(till).await?;
    till.queue("upkeep", "hourly sweep, nothing new", &[task("sweep_payments")]).await?;
    till.queue("upkeep", "tidy, nothing to do", &[task("tidy")]).await?;

    // Void what is open, as far as there is anything.
    let open: Vec<_> = (0..10).map(|index| (PAID + 3 + index * 3, Happening::Voided)).take(9).collect();
    let others = (100..110).map(|index| (index, Happening::Voided));
    let names: Vec<_> = open.into_iter().chain(others).chain([(0, Happening::Voided)]).collect();
    for some in names.chunks(10) {
        till.sync("ten invoices voided one by one", some).await?;
    }
    let kept = till.lines.len() - names.len().div_ceil(10);
    till.lines.truncate(kept);
    an_hour_passes(till).await?;
    till.queue("upkeep", "hourly sweep, nothing open", &[task("sweep_payments")]).await?;
    Ok(())
}

/// A refresh of a token that is in the table, of somebody else than before.
pub(crate) async fn tokens_in_table(till: Till) -> anyhow::Result<Vec<Line>> {
    let Till { mut world, lines, .. } = till;
    world.tokens_in_table = true;
    let tenant = world.connect(&Wishes::default()).await?;
    let task = json!({ "version": 1, "account_id": tenant.account, "task": "finish_refresh" });
    let mut till = Till::open(world, tenant).await?;
    till.start("upkeep", "start of a function that calls Xero").await?;
    till.lines = lines;
    till.queue("upkeep", "token refresh, kms-table", &[task]).await?;
    Ok(till.lines)
}

/// What the app asks.
pub(crate) async fn calls(till: &mut Till) -> anyhow::Result<()> {
    till.start("settings", "start of a function that calls Xero").await?;
    let account = till.tenant.account.as_str().to_owned();
    till.call("settings", "GET /connection", &gateway("GET", "/connection", &account, None), 200).await?;
    till.call("settings", "GET /records", &gateway("GET", "/records", &account, None), 200).await?;

    // Last, because the stack's own sync gets what is queued here.
    till.start("ingest", "start of ingest").await?;
    let name = account.trim_start_matches("acc_");
    let event = Subject::new(name, 900).event(&account, Happening::Voided);
    let body = json!({ "events": [event] }).to_string();
    till.call("ingest", "POST /events, one event", &gateway("POST", "/events", &account, Some(&body)), 202).await
}

/// The document of a subject's invoice.
async fn document(till: &Till, index: usize) -> anyhow::Result<Uuid> {
    let name = till.tenant.account.as_str().trim_start_matches("acc_");
    let id = Subject::new(name, index).id;
    let record = till.world.record(&till.tenant, "invoice", &id).await?.context("there is no such record")?;
    Ok(*record.reference.context("it has no document")?.id.as_uuid())
}

/// Makes the next sweep due, and all that there is older than what it asks for.
async fn an_hour_passes(till: &mut Till) -> anyhow::Result<()> {
    let (table, tenant) = (&till.world.cloud.table, &till.tenant);
    let mut standing = table.sweep(&tenant.account, tenant.id).await?.context("nothing was swept")?;
    let (began, from) = (Timestamp::now(), Timestamp::now() + SignedDuration::from_hours(1));
    standing.unfinished = Some(Unfinished { began, from, page: 1 });
    anyhow::ensure!(table.put_sweep(&mut standing).await? == Written::Done, "another sweep runs");
    till.look_again().await
}

/// A call as API Gateway passes it on, with the claims of the account's token.
fn gateway(method: &str, path: &str, account: &str, body: Option<&str>) -> Value {
    json!({
        "version": "2.0",
        "routeKey": format!("{method} {path}"),
        "rawPath": path,
        "rawQueryString": "",
        "headers": { "content-type": "application/json", "host": "localhost" },
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "localhost",
            "domainPrefix": "local",
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "rig" },
            "requestId": "rig",
            "routeKey": format!("{method} {path}"),
            "stage": "$default",
            "time": "20/Nov/2026:09:30:00 +0000",
            "timeEpoch": 1_795_253_400_000_i64,
            "authorizer": { "jwt": { "claims": { "sub": account, "account": account }, "scopes": [] } },
        },
        "body": body,
        "isBase64Encoded": false,
    })
}
