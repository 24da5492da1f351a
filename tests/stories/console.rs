//! The console in a real browser: the stories of `tests/browser`, against the running stack.
//!
//! Where there is no Chromium, or no way to install its driver, each says so and passes.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, ensure};
use local::browser::Browser;
use local::layout::Layout;
use tokio::process::Command;

use crate::stage::Stage;

/// Screenshots of every step, kept for people to look at.
const SCREENSHOTS: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/console");

/// Plays one file of `tests/browser`.
async fn play(file: &str) -> anyhow::Result<()> {
    let layout = Layout::of_this_repository();
    let browser = match Browser::find(&layout) {
        Ok(browser) => browser,
        Err(missing) => return skip(file, &missing),
    };
    // One browser at a time: each is as heavy as all the functions together. Taken before the stage, so that who
    // waits for a turn does not keep it from the stories that need it alone.
    let turn = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser.lock"))?;
    turn.lock().context("failed to wait for a turn")?;
    let stage = Stage::shared()?;
    let run = Command::new("node")
        .args(["--test", "--test-reporter", "spec"])
        .arg(layout.root().join("tests/browser").join(file))
        .env("APP", &stage.stack.app_site)
        .env("FRONT", &stage.stack.front)
        .env("XERO_CONTROL", &stage.stack.xero_control)
        .env("CHROMIUM", browser.chromium)
        .env("BROWSER_MODULES", browser.modules)
        .env("SCREENSHOTS", SCREENSHOTS)
        .kill_on_drop(true)
        .output()
        .await
        .context("failed to run node")?;
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    ensure!(run.status.success(), "{file}; screenshots are in {SCREENSHOTS}\n{out}{err}");
    ensure!(!out.contains("tests 0"), "{file} has no tests\n{out}");
    Ok(())
}

fn skip(file: &str, missing: &anyhow::Error) -> anyhow::Result<()> {
    writeln!(std::io::stderr(), "SKIPPED: {file}: {missing:#}").context("failed to say so")
}

#[tokio::test]
async fn both_sides_of_the_journey_are_played_in_a_browser() -> anyhow::Result<()> {
    play("journey.mjs").await
}

#[tokio::test]
async fn disconnecting_and_reconnecting_are_said_and_double_nothing() -> anyhow::Result<()> {
    play("connection.mjs").await
}

#[tokio::test]
async fn app_api_and_xero_are_three_sites_and_only_who_began_can_finish() -> anyhow::Result<()> {
    play("sites.mjs").await
}

#[tokio::test]
async fn whoever_comes_back_from_xero_reads_what_is_so_and_can_go_on() -> anyhow::Result<()> {
    play("returning.mjs").await
}

#[tokio::test]
async fn an_expense_of_an_unmapped_category_is_skipped_mapped_and_retried() -> anyhow::Result<()> {
    play("expense.mjs").await
}

#[tokio::test]
async fn what_goes_wrong_at_xero_is_said_and_put_right() -> anyhow::Result<()> {
    play("faults.mjs").await
}

#[tokio::test]
async fn a_contact_is_chosen_and_an_invoice_that_is_in_xero_already_is_taken_over() -> anyhow::Result<()> {
    play("choosing.mjs").await
}

#[tokio::test]
async fn the_console_is_used_with_the_keyboard_alone() -> anyhow::Result<()> {
    play("keyboard.mjs").await
}

#[tokio::test]
async fn the_consoles_sums_are_exact() -> anyhow::Result<()> {
    play("money.mjs").await
}
