//! Moves every refresh token to one of the two token stores. Whoever runs it needs the rights to both, which no
//! function has; `infra/runbook.md` ("Change the token store") says when and in which order.
//!
//! It may be run at any time and as often as one likes: it goes on where it was broken off, and a token that is there
//! already is left alone. Each token is moved under the lease of its user, so that no refresh is under way meanwhile.

#![expect(clippy::print_stdout, reason = "a command's result goes to standard output")]

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::Context as _;
use aws::clock::SystemClock;
use aws::sdk;
use aws::secrets::Secrets;
use aws::table::Table;
use aws::tokens::{BothStores, SealedTokens, Store, TokenSecrets};
use clap::Parser;
use futures::stream::{self, StreamExt as _};
use rules::ports::Population;
use rules::tokens::moving::{Moved, Moving};
use xero::XeroUserId;

/// Tokens that are moved at once: four of some six calls each stay below what Secrets Manager and KMS take.
const AT_ONCE: usize = 4;
/// After so many users the progress is told.
const TELL_AFTER: usize = 100;

/// Moves every refresh token to one of the two token stores.
///
/// Region and credentials are taken from `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and
/// `AWS_SESSION_TOKEN`.
#[derive(Debug, Parser)]
#[command(name = "move-tokens", version)]
struct Cli {
    /// Where the tokens go, as the template's TokenStore names it: secrets-manager or kms-table
    #[arg(long, value_name = "STORE")]
    to: Store,
    /// The stack's table
    #[arg(long, value_name = "NAME")]
    table: String,
    /// The stack's key
    #[arg(long, value_name = "ARN")]
    key: String,
    /// What the names of the secrets begin with
    #[arg(long, value_name = "PREFIX", default_value = "sessional-xero/tokens/")]
    secret_prefix: String,
}

/// How many users' tokens ended how.
#[derive(Debug, Default)]
struct Count {
    moved: usize,
    there: usize,
    empty: usize,
    left: usize,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    let sdk = sdk::configuration().context("region and credentials are taken from the environment")?;
    let table = Table::new(&sdk, cli.table);
    let vault = BothStores {
        secrets: TokenSecrets::new(Secrets::new(&sdk), cli.secret_prefix, cli.key.clone()),
        table: SealedTokens::new(&sdk, table.clone(), cli.key),
        to: cli.to,
    };
    let clock = SystemClock;
    let moving = Moving { vault: &vault, grants: &table, connections: &table, leases: &table, clock: &clock };
    let users = users(&table).await?;
    eprintln!("{} Xero users to look at", users.len());
    let count = run(&moving, &users).await;
    println!(
        "moved {}, there already {}, without a token {}, left {}",
        count.moved, count.there, count.empty, count.left
    );
    if count.left == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("Run it again for what is left: nothing of it is lost, and the functions wait for it.");
    Ok(ExitCode::FAILURE)
}

/// Every Xero user through whom an account is, was or may become connected.
async fn users(population: &dyn Population) -> anyhow::Result<Vec<XeroUserId>> {
    let mut users = BTreeSet::new();
    for shard in 0..population.shards() {
        let mut from = None;
        loop {
            let page = population.accounts(shard, from.as_ref()).await?;
            users.extend(page.connections.iter().flat_map(|connection| connection.users()));
            from = page.next;
            if from.is_none() {
                break;
            }
        }
    }
    Ok(users.into_iter().collect())
}

async fn run(moving: &Moving<'_>, users: &[XeroUserId]) -> Count {
    let mut count = Count::default();
    let moves = stream::iter(users).map(|user| async move { (user, moving.run(*user).await) });
    let mut moves = moves.buffer_unordered(AT_ONCE);
    let mut done = 0;
    while let Some((user, moved)) = moves.next().await {
        match moved {
            Ok(Moved::Done) => count.moved += 1,
            Ok(Moved::Nothing) => count.there += 1,
            Ok(Moved::Empty) => count.empty += 1,
            Ok(Moved::Busy) => {
                count.left += 1;
                eprintln!("{user}: in use at this moment");
            }
            Err(error) => {
                count.left += 1;
                eprintln!("{user}: {error}: {}", error.source);
            }
        }
        done += 1;
        if done % TELL_AFTER == 0 {
            eprintln!("{done} of {}", users.len());
        }
    }
    count
}
