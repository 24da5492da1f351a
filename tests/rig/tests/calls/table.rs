//! The checked-in table of what each scenario uses.

use crate::till::Line;
use anyhow::Context as _;

const HEAD: &str = "\
# What one invocation of a warm function uses. Xero: calls (of the token endpoint as well), and KB that it answers. AWS:
# calls in all; of them DynamoDB in read and write request units (indexes included; a half is an eventually consistent
# read), requests to SQS, calls to Secrets Manager, and calls to KMS (those that Secrets Manager makes included). What
# the event source and Lambda do by themselves is not here.
";

/// The table.
pub(crate) fn of(lines: &[Line]) -> String {
    let titles = ["scenario", "function", "Xero", "KB", "AWS", "reads", "writes", "SQS", "secrets", "KMS"];
    let head = row(titles.map(str::to_owned));
    let rows = lines.iter().map(|line| {
        let units = line.units;
        let number = |value: u64| value.to_string();
        row([
            line.scenario.to_owned(),
            line.function.to_owned(),
            number(units.xero_calls),
            number(units.xero_bytes.div_ceil(1024)),
            number(units.aws_calls),
            halves(units.half_reads),
            number(units.writes),
            number(units.queue_requests),
            number(units.secret_calls),
            number(units.key_calls),
        ])
    });
    std::iter::once(HEAD.to_owned()).chain([head]).chain(rows).collect()
}

fn row([scenario, function, numbers @ ..]: [String; 10]) -> String {
    let numbers: String = numbers.iter().map(|number| format!("{number:>8}")).collect();
    format!("{scenario:<44} {function:<8}{numbers}\n")
}

fn halves(halves: u64) -> String {
    match halves % 2 {
        0 => (halves / 2).to_string(),
        _ => format!("{}.5", halves / 2),
    }
}

/// Compares with the checked-in table, or writes it anew when `RIG_WRITE_CALLS` is set.
pub(crate) fn compare(table: &str) -> anyhow::Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/calls/counts.txt");
    if std::env::var_os("RIG_WRITE_CALLS").is_some() {
        std::fs::write(path, table).context("failed to write the table")?;
    }
    let listed = std::fs::read_to_string(path).unwrap_or_default();
    anyhow::ensure!(listed == table, "counts.txt says\n{listed}\nbut it is\n{table}");
    Ok(())
}
