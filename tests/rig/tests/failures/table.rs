//! The table as a program reads it: the words in code font of a cell are what is compared.

use anyhow::Context as _;

const PAGE: &str = include_str!("../../../../shared/ARCHITECTURE.md");
/// What the table's heading begins with.
const HEADING: &str = "| Class |";

/// A row.
#[derive(Debug)]
pub(crate) struct Row {
    /// The class's name.
    pub(crate) class: String,
    /// The record's state, what it waits for, and the cause that it shows.
    pub(crate) stored: Vec<String>,
    /// The first number of seconds in the cell about when it is tried next.
    pub(crate) tried_after: Option<i64>,
    /// Types of notifications.
    pub(crate) told: Vec<String>,
    /// The state in the end.
    pub(crate) ends: String,
}

/// Reads the rows.
pub(crate) fn read() -> anyhow::Result<Vec<Row>> {
    let lines = PAGE.lines().skip_while(|line| !line.starts_with(HEADING)).skip(2);
    lines.take_while(|line| line.starts_with('|')).map(row).collect()
}

fn row(line: &str) -> anyhow::Result<Row> {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [class, _, stored, tried, told, ends] = cells[..] else { anyhow::bail!("not six cells: {line}") };
    let first = |cell| words(cell).into_iter().next();
    Ok(Row {
        class: first(class).context("no class")?,
        stored: words(stored),
        tried_after: seconds(tried),
        told: words(told),
        ends: first(ends).with_context(|| format!("no end: {line}"))?,
    })
}

/// What stands between back-ticks.
fn words(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The number before the first " s".
fn seconds(cell: &str) -> Option<i64> {
    let before = cell.split(" s").next().filter(|before| *before != cell)?;
    before.rsplit(' ').next()?.parse().ok()
}
