//! Which crate may know which: the arrows of the layout, read from cargo's own view of the dependencies.

use std::collections::BTreeSet;

use anyhow::ensure;
use local::cargo;
use local::layout::Layout;

const FUNCTIONS: [&str; 7] = ["connect", "settings", "ingest", "sync", "webhook", "payments", "upkeep"];
const TESTS_ONLY: [&str; 7] = ["xero-stand-in", "local", "openapi", "stories", "bench", "rig", "drive"];
const HTTP_SERVERS: [&str; 7] = ["axum", "actix-web", "warp", "rocket", "poem", "tiny_http", "hyper-server"];
/// Each costs a cold start dearly, or is a second TLS stack beside the one that is meant.
const OTHER_CRYPTOGRAPHY: [&str; 4] = ["aws-lc-sys", "aws-lc-rs", "openssl-sys", "native-tls"];

/// Every crate that this one links, on any platform.
fn dependencies(package: &str) -> anyhow::Result<BTreeSet<String>> {
    let mut command = cargo::command();
    command.args(["tree", "--locked", "--edges", "normal", "--target", "all", "--prefix", "none"]);
    command.args(["--format", "{p}", "--package", package]).current_dir(Layout::of_this_repository().root());
    let output = command.output()?;
    ensure!(output.status.success(), "cargo tree failed: {}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout)?;
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    Ok(names.filter(|name| !name.is_empty() && *name != package).map(str::to_owned).collect())
}

fn assert_none(package: &str, found: &BTreeSet<String>, refused: impl Fn(&str) -> bool) {
    let wrong: Vec<_> = found.iter().filter(|name| refused(name)).collect();
    assert!(wrong.is_empty(), "{package} depends on {wrong:?}");
}

#[test]
fn the_rules_know_neither_aws_nor_an_http_server() -> anyhow::Result<()> {
    let found = dependencies("rules")?;
    assert!(found.contains("xero"), "the rules speak of Xero's things: {found:?}");
    assert_none("rules", &found, |name| {
        name == "aws" || name.starts_with("aws-") || name.starts_with("aws_") || name.starts_with("lambda_")
    });
    assert_none("rules", &found, |name| HTTP_SERVERS.contains(&name));
    Ok(())
}

#[test]
fn the_crate_that_speaks_xero_knows_neither_aws_nor_sessional() -> anyhow::Result<()> {
    assert_none("xero", &dependencies("xero")?, |name| {
        ["aws", "rules"].contains(&name) || name.starts_with("aws-") || name.starts_with("lambda_")
    });
    Ok(())
}

#[test]
fn no_function_depends_on_what_is_for_tests_only() -> anyhow::Result<()> {
    for function in FUNCTIONS.into_iter().chain(["aws", "rules", "xero"]) {
        assert_none(function, &dependencies(function)?, |name| TESTS_ONLY.contains(&name));
    }
    Ok(())
}

#[test]
fn a_function_links_one_cryptography_and_it_is_ring() -> anyhow::Result<()> {
    for function in FUNCTIONS {
        let found = dependencies(function)?;
        assert_none(function, &found, |name| OTHER_CRYPTOGRAPHY.contains(&name));
        assert!(found.contains("ring"), "{function} speaks TLS with ring");
    }
    Ok(())
}
