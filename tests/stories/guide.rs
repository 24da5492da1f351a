//! The guide for whoever deploys and connects: what it names is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use local::layout::Layout;
use rules::callback::CallbackError;

/// Every test of the repository, by name.
fn tests(folder: &Path, found: &mut BTreeSet<String>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("failed to list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            tests(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path)?;
            let names = text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
            found.extend(names.map(str::to_owned));
        }
    }
    Ok(())
}

/// What a page names between backticks that can only be a test.
fn named(page: &str) -> impl Iterator<Item = &str> {
    let is_claim =
        |name: &&str| name.split('_').count() > 4 && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric());
    page.split('`').skip(1).step_by(2).filter(is_claim)
}

#[test]
fn every_test_that_the_guide_names_exists() -> anyhow::Result<()> {
    let layout = Layout::of_this_repository();
    let mut found = BTreeSet::new();
    for folder in ["functions", "infra", "shared", "tests"] {
        tests(&layout.root().join(folder), &mut found)?;
    }
    for (page, least) in [("certification.md", 20), ("before-users-connect.md", 1)] {
        let text = fs::read_to_string(layout.root().join("infra/guide").join(page))?;
        let missing: Vec<&str> = named(&text).filter(|name| !found.contains(*name)).collect();
        assert!(missing.is_empty(), "{page} names tests that do not exist: {missing:?}");
        assert!(named(&text).count() >= least, "{page} names few tests");
    }
    Ok(())
}

/// Whoever writes the return page reads what it may get; the example knows each of them.
#[test]
fn every_answer_that_a_return_page_may_get_is_in_the_guide() -> anyhow::Result<()> {
    let root = Layout::of_this_repository().root().to_owned();
    let guide = fs::read_to_string(root.join("infra/guide/return-page.md"))?;
    let (table, example) = guide.split_once("## The files").context("the guide has its files at the end")?;
    let reasons = [
        CallbackError::UnknownState,
        CallbackError::Expired,
        CallbackError::Cancelled,
        CallbackError::RefusedByXero,
        CallbackError::TryAgain,
    ];
    for reason in reasons.map(CallbackError::as_str) {
        assert!(table.contains(&format!("(`{reason}`)")), "the table has no row for {reason}");
        assert!(example.contains(&format!("{reason}: \"")), "the example has no sentence for {reason}");
    }
    let document: serde_json::Value = serde_json::from_slice(&fs::read(root.join("infra/openapi.json"))?)?;
    let answers = &document["paths"]["/connection/confirmation"]["post"]["responses"].to_string();
    let types: BTreeSet<&str> = answers.split('"').filter(|text| text.starts_with("/problems/")).collect();
    // What every call may answer is no row of its own.
    let general = ["/problems/invalid-request", "/problems/unauthorized", "/problems/internal", "/problems/try-again"];
    for problem in types.iter().filter(|problem| !general.contains(problem)) {
        assert!(table.contains(&format!("`{problem}`")), "the table has no row for {problem}");
    }
    assert!(types.len() > 4, "the document says what confirming may answer: {types:?}");
    Ok(())
}
