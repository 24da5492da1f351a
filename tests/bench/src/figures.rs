//! Figures: what a row of the table has, how samples become one figure, and how figures are written.
//!
//! All are whole numbers of a small unit (nanoseconds, bytes, instructions), so that nothing is rounded before it is
//! shown.

use serde::{Deserialize, Serialize};

/// What was measured of one function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The binary, or the bundle without Node.
    pub code_bytes: u64,
    /// From the start of the process to its first poll for an event.
    pub ready: Span,
    /// From the start of the process to its first answer.
    pub answer: Span,
    /// A warm event, in the middle.
    pub warm_wall_ns: u64,
    /// A warm event: 95 of 100 are not slower.
    pub warm_p95_ns: u64,
    /// A warm event: the processor's time.
    pub warm_cpu_ns: u64,
    /// The most memory at once.
    pub peak_bytes: u64,
    /// Calls to AWS for a warm event.
    pub aws_calls: u64,
    /// Calls to Xero for a warm event.
    pub xero_calls: u64,
}

/// A time twice: as a clock on the wall has it, and as the process's own has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// On the wall.
    pub wall_ns: u64,
    /// Of the processor.
    pub cpu_ns: u64,
}

/// A column of the table: its heading, its figure, and how that is written.
pub type Column = (&'static str, fn(&Row) -> u64, fn(u64) -> String);

/// All columns.
pub const COLUMNS: [Column; 11] = [
    ("code MiB", |row| row.code_bytes, mebibytes),
    ("poll ms", |row| row.ready.wall_ns, milliseconds),
    ("poll CPU", |row| row.ready.cpu_ns, milliseconds),
    ("answer ms", |row| row.answer.wall_ns, milliseconds),
    ("answer CPU", |row| row.answer.cpu_ns, milliseconds),
    ("warm ms", |row| row.warm_wall_ns, milliseconds),
    ("p95 ms", |row| row.warm_p95_ns, milliseconds),
    ("warm CPU µs", |row| row.warm_cpu_ns, microseconds),
    ("peak MiB", |row| row.peak_bytes, mebibytes),
    ("AWS", |row| row.aws_calls, count),
    ("Xero", |row| row.xero_calls, count),
];

/// The sample in the middle, the lower of two; 0 of none.
#[must_use]
pub fn median(samples: &[u64]) -> u64 {
    percentile(samples, 50)
}

/// The sample that so many of a hundred do not exceed; 0 of none.
#[must_use]
pub fn percentile(samples: &[u64], percent: usize) -> u64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}

/// One figure as a multiple of another, with two digits: `0.97`; a dash where there is nothing to compare with.
#[must_use]
pub fn ratio(now: u64, before: u64) -> String {
    (now.saturating_mul(200) + before)
        .checked_div(before.saturating_mul(2))
        .map_or_else(|| "–".to_owned(), |hundredths| format!("{}.{:02}", hundredths / 100, hundredths % 100))
}

/// One figure as a part of another: `1/41.6`.
#[must_use]
pub fn part(of: u64, figure: u64) -> String {
    let tenths = (of.saturating_mul(20) + figure).checked_div(figure.saturating_mul(2));
    tenths.map_or_else(|| "–".to_owned(), |tenths| format!("1/{}.{}", tenths / 10, tenths % 10))
}

/// `3.42`
#[must_use]
pub fn milliseconds(nanoseconds: u64) -> String {
    scaled(nanoseconds, 1_000_000, 2)
}

/// `182`
#[must_use]
pub fn microseconds(nanoseconds: u64) -> String {
    scaled(nanoseconds, 1_000, 0)
}

/// `4.7`
#[must_use]
pub fn mebibytes(bytes: u64) -> String {
    scaled(bytes, 1024 * 1024, 1)
}

/// `4.71`, in millions.
#[must_use]
pub fn millions(instructions: u64) -> String {
    scaled(instructions, 1_000_000, 2)
}

/// As it is.
#[must_use]
pub fn count(count: u64) -> String {
    count.to_string()
}

/// In a larger unit, rounded to so many digits behind the point.
fn scaled(value: u64, unit: u64, digits: u32) -> String {
    let scale = 10_u64.pow(digits);
    let rounded = (value.saturating_mul(scale) + unit / 2) / unit;
    match usize::try_from(digits) {
        Ok(width) if width > 0 => format!("{}.{:0width$}", rounded / scale, rounded % scale),
        _ => rounded.to_string(),
    }
}

/// A table for a terminal that is Markdown too: the first column to the left, the others to the right.
#[must_use]
pub fn table(heading: &[String], lines: &[Vec<String>]) -> String {
    let all = || std::iter::once(heading).chain(lines.iter().map(Vec::as_slice));
    let width = |column: usize| all().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..heading.len()).map(|column| width(column).unwrap_or_default().max(3)).collect();
    let row = |line: &[String]| {
        let cells = line.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
            0 => format!(" {cell:<width$} |"),
            _ => format!(" {cell:>width$} |"),
        });
        format!("|{}\n", cells.collect::<String>())
    };
    let rule = widths.iter().enumerate().map(|(column, width)| match column {
        0 => format!(" {} |", "-".repeat(*width)),
        _ => format!(" {}: |", "-".repeat(width - 1)),
    });
    let rule = format!("|{}\n", rule.collect::<String>());
    std::iter::once(row(heading)).chain([rule]).chain(lines.iter().map(|line| row(line))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_slow_end_of_samples() {
        assert_eq!(median(&[]), 0);
        assert_eq!(median(&[9, 1, 5]), 5);
        assert_eq!(median(&[4, 1, 3, 2]), 2);
        let hundred: Vec<u64> = (1..=100).rev().collect();
        assert_eq!(percentile(&hundred, 95), 95);
        assert_eq!(percentile(&[7], 95), 7);
    }

    #[test]
    fn ratios_are_rounded_and_nothing_is_no_base() {
        assert_eq!(ratio(97, 100), "0.97");
        assert_eq!(ratio(2, 3), "0.67");
        assert_eq!(ratio(30, 1), "30.00");
        assert_eq!(ratio(5, 0), "–");
        assert_eq!(part(415_960, 10_000), "1/41.6");
        assert_eq!(part(1, 0), "–");
    }

    #[test]
    fn figures_are_written_in_the_unit_of_their_column() {
        assert_eq!(milliseconds(3_416_000), "3.42");
        assert_eq!(microseconds(181_700), "182");
        assert_eq!(mebibytes(6_148 * 1024), "6.0");
        assert_eq!(millions(4_711_234), "4.71");
    }

    #[test]
    fn a_table_is_aligned_and_markdown() {
        let cells = |line: [&str; 2]| line.map(str::to_owned).to_vec();
        let text = table(&cells(["function", "µs"]), &[cells(["sync", "1234"]), cells(["webhook", "9"])]);
        let expected = "| function |   µs |\n| -------- | ---: |\n| sync     | 1234 |\n| webhook  |    9 |\n";
        assert_eq!(text, expected);
    }
}
