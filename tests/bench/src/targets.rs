//! What the figures are meant to be. A target that is missed is printed as missed; nothing fails for it, because a
//! busy machine would fail it too.

use crate::contenders::{BARE_PEER, FUNCTIONS, SAME_PEER, WEBHOOK_PEER};
use crate::figures::{Row, count, mebibytes, millions, part, table};
use crate::instructions::READY;
use crate::report::Report;

/// A target: what it is about, what was asked, and what was found of it.
struct Line {
    figure: &'static str,
    target: String,
    found: Option<Found>,
}

struct Found {
    text: String,
    reached: bool,
}

type Figure = fn(&Row) -> u64;

/// All of them, and whether they were reached.
#[must_use]
pub fn judge(report: &Report) -> String {
    let answer: Figure = |row| row.answer.cpu_ns;
    let warm: Figure = |row| row.warm_cpu_ns;
    let peak: Figure = |row| row.peak_bytes;
    let code: Figure = |row| row.code_bytes;
    let lines = [
        of_peer(report, "webhook, CPU from start to first answer", ("webhook", WEBHOOK_PEER), answer, 30),
        of_peer(report, "webhook, warm CPU for an event", ("webhook", WEBHOOK_PEER), warm, 6),
        ready(report),
        largest(report, "webhook, peak memory, MiB", &["webhook"], peak, (7 * MIB, mebibytes)),
        of_peer(report, "sync, CPU from start to first answer, of bare Node", ("sync", BARE_PEER), answer, 50),
        of_peer(report, "the same, of Node with the same calls", ("sync", SAME_PEER), answer, 50),
        of_peer(report, "sync, warm CPU for an invoice, of bare Node", ("sync", BARE_PEER), warm, 8),
        of_peer(report, "the same, of Node with the same calls", ("sync", SAME_PEER), warm, 8),
        largest(report, "every function, peak memory, MiB", &FUNCTIONS, peak, (10 * MIB, mebibytes)),
        largest(report, "every function, binary, MiB", &FUNCTIONS, code, (5 * MIB, mebibytes)),
        largest(report, "webhook, calls to AWS for a delivery", &["webhook"], |row| row.aws_calls, (1, count)),
        largest(report, "sync, calls to Xero for an invoice", &["sync"], |row| row.xero_calls, (1, count)),
    ];
    let rows = lines.into_iter().map(|Line { figure, target, found }| {
        let (text, word) = found.map_or_else(
            || ("–".to_owned(), "not measured"),
            |found| (found.text, if found.reached { "reached" } else { "MISSED" }),
        );
        vec![figure.to_owned(), target, text, word.to_owned()]
    });
    table(&["figure", "target", "found", ""].map(str::to_owned), &rows.collect::<Vec<_>>())
}

const MIB: u64 = 1024 * 1024;

/// At most one part in so many of what the peer takes.
fn of_peer(report: &Report, figure: &'static str, (name, peer): (&str, &str), of: Figure, times: u64) -> Line {
    let found = report.rows.get(name).zip(report.rows.get(peer)).map(|(ours, theirs)| Found {
        text: part(of(theirs), of(ours)),
        reached: of(ours).saturating_mul(times) <= of(theirs),
    });
    Line { figure, target: format!("≤ 1/{times}"), found }
}

/// At most so much, whichever of these has the most.
fn largest(
    report: &Report,
    figure: &'static str,
    names: &[&str],
    of: Figure,
    (most, write): (u64, fn(u64) -> String),
) -> Line {
    let rows = names.iter().filter_map(|name| report.rows.get(*name));
    let found = rows.map(of).max().map(|found| Found { text: write(found), reached: found <= most });
    Line { figure, target: format!("≤ {}", write(most)), found }
}

fn ready(report: &Report) -> Line {
    const MOST: u64 = 5_000_000;
    let found = report.instructions.get(READY);
    let found = found.map(|count| Found { text: millions(*count), reached: *count <= MOST });
    Line {
        figure: "webhook, instructions from start to first poll, millions",
        target: format!("≤ {}", millions(MOST)),
        found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_reached_missed_or_not_measured() {
        let report =
            |instructions| Report { instructions: [(READY.to_owned(), instructions)].into(), ..Report::default() };
        let line = |instructions| {
            let text = judge(&report(instructions));
            text.lines().find(|line| line.contains("instructions")).unwrap().to_owned()
        };
        for (instructions, end) in [(4_700_000, " 4.70 |      reached |"), (5_100_000, " 5.10 |       MISSED |")] {
            assert!(line(instructions).ends_with(end), "{}", line(instructions));
        }
        assert!(judge(&Report::default()).contains("not measured"));
    }
}
