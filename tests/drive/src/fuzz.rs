//! A deterministic mutation fuzzer of what the webhook does with bytes from outside: signature and parser.
//!
//! The same seed gives the same inputs everywhere. It looks for a panic, for a signature that is taken and
//! should not be, and for a reduction that invents or loses events.

use std::collections::BTreeSet;

use crate::deliveries;
use rules::payments::{Entry, Hint};
use xero::Secret;
use xero::webhook::{self, Payload};

/// Bodies that mutation starts from.
const SEEDS: &[&str] = &[
    r#"{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, "entropy": "QWERTYUIOPASDFGHJKLZ"}"#,
    r#"{"events":[{"resourceUrl":"https://api.xero.com/api.xro/2.0/Invoices/1d0f0000-0000-4000-8000-000000000020","resourceId":"1d0f0000-0000-4000-8000-000000000020","tenantId":"9a1d3c55-0000-4000-8000-000000000003","tenantType":"ORGANISATION","eventCategory":"INVOICE","eventType":"UPDATE","eventDateUtc":"2026-11-20T09:42:11.902"}],"firstEventSequence":41,"lastEventSequence":41,"entropy":"QWERTYUIOPASDFGHJKLZ"}"#,
    r#"{"events":[{"resourceId":"1d0f0000-0000-4000-8000-000000000021","tenantId":"9a1d3c55-0000-4000-8000-000000000003","eventCategory":"Invoice","eventType":"Create"},{"resourceId":"1d0f0000-0000-4000-8000-000000000022","tenantId":"9a1d3c55-0000-4000-8000-000000000004","tenantType":"ORGANISATION","eventCategory":"CREDITNOTE","eventType":"UPDATE","data":{"Type":"ACCRECCREDIT","Status":"PAID"}},{"eventCategory":null,"eventType":"CRE\u0041TE"}],"lastEventSequence":2147483647}"#,
];

/// Pieces that are put in: what parsers trip over.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    "\\u",
    "\\ud800",
    "\\u0000",
    ",",
    ":",
    "null",
    "true",
    "-",
    "1e999",
    "-0",
    "99999999999999999999",
    "\u{0}",
    "\u{feff}",
    "é",
    "€",
    "🦀",
    "\"events\":",
    "\"tenantId\":",
    "INVOICE",
    " ",
    "\n",
];

/// How a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Inputs tried.
    pub inputs: u64,
    /// Bodies that were payloads.
    pub readable: u64,
    /// Hints that came of them.
    pub hints: u64,
    /// Signatures that were refused, as they should be.
    pub refused: u64,
}

/// SplitMix64: small, good enough, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below the bound; 0 for a bound of 0.
    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % bound).unwrap_or_default()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from.get(self.below(from.len())).copied().unwrap_or_default()
    }
}

/// Tries so many inputs; `progress` is told now and then, and may end the run by answering false.
///
/// # Panics
/// When an input shows a fault; the message has the seed and the number of the input.
pub fn run(seed: u64, inputs: u64, mut progress: impl FnMut(&Tally) -> bool) -> Tally {
    let mut random = Random(seed);
    let key = Secret::from("a key of the fuzzer".to_owned());
    let mut tally = Tally::default();
    while tally.inputs < inputs {
        let body = mutated_body(&mut random);
        tally.readable += u64::from(reduce(&body, &mut tally.hints, seed, tally.inputs));
        let right = deliveries::sign("a key of the fuzzer", &body);
        let header = mutated_header(&mut random, &right);
        let taken = webhook::verify(&key, &header, &body);
        assert_eq!(taken, header == right, "seed {seed}, input {}: {header:?}", tally.inputs);
        tally.refused += u64::from(!taken);
        tally.inputs += 1;
        if tally.inputs % 4_096 == 0 && !progress(&tally) {
            break;
        }
    }
    tally
}

/// Reads and reduces a body; whether it was a payload.
fn reduce(body: &[u8], hints: &mut u64, seed: u64, input: u64) -> bool {
    let Ok(payload) = Payload::parse(body) else { return false };
    let reduced = ::webhook::reduce(&payload);
    let named = |entry: &'_ Entry| match entry {
        Entry::Hint(hint) => Some(hint.clone()),
        Entry::Numbers(_) => None,
    };
    let all: Vec<Hint> = reduced.entries.iter().filter_map(named).collect();
    let ids: usize = all.iter().map(|hint| hint.invoice_ids.len()).sum();
    let different: BTreeSet<_> =
        all.iter().flat_map(|hint| hint.invoice_ids.iter().map(|id| (hint.tenant_id, *id))).collect();
    assert!(ids == different.len(), "seed {seed}, input {input}: an invoice is asked for twice");
    assert!(ids <= payload.events.len(), "seed {seed}, input {input}: an invoice was invented");
    assert!(reduced.ignored + reduced.unknown <= payload.events.len(), "seed {seed}, input {input}: counted twice");
    assert!(all.iter().all(|hint| (1..=100).contains(&hint.invoice_ids.len())), "seed {seed}, input {input}");
    let numbered = reduced.entries.iter().filter_map(Entry::sequence).count();
    let has_numbers = payload.first_event_sequence > 0 && payload.last_event_sequence >= payload.first_event_sequence;
    assert_eq!(numbered, usize::from(has_numbers), "seed {seed}, input {input}: numbers are told once");
    *hints += u64::try_from(all.len()).unwrap_or_default();
    true
}

fn mutated_body(random: &mut Random) -> Vec<u8> {
    let mut body = random.pick(SEEDS).as_bytes().to_vec();
    for _ in 0..random.below(4) {
        mutate(random, &mut body);
    }
    body
}

fn mutated_header(random: &mut Random, right: &str) -> String {
    if random.below(8) == 0 {
        return right.to_owned();
    }
    let mut header = right.as_bytes().to_vec();
    for _ in 0..=random.below(2) {
        mutate(random, &mut header);
    }
    String::from_utf8_lossy(&header).into_owned()
}

/// One change: a bit, a byte, a piece, a cut, a doubling, a swap.
fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    let at = random.below(bytes.len() + 1);
    let length = random.below(16);
    let end = (at + length).min(bytes.len());
    match random.below(7) {
        0 => {
            let bit = random.below(8);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << bit;
            }
        }
        1 => {
            let value = u8::try_from(random.below(256)).unwrap_or_default();
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        2 => {
            let piece = random.pick(PIECES);
            bytes.splice(at..at, piece.bytes());
        }
        3 => {
            bytes.splice(at..end, []);
        }
        4 => {
            let doubled = bytes.get(at..end).unwrap_or_default().to_vec();
            bytes.splice(at..at, doubled);
        }
        5 => bytes.truncate(at),
        _ => {
            let other = random.below(bytes.len() + 1);
            if at < bytes.len() && other < bytes.len() {
                bytes.swap(at, other);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_thousand_mutations_cause_no_panic_and_no_false_signature() {
        let tally = run(1, 20_000, |_| true);
        assert_eq!(tally.inputs, 20_000);
        assert!(tally.readable > 4_000, "{tally:?}");
        assert!(tally.hints > 2_000 && tally.refused > 10_000, "{tally:?}");
    }

    #[test]
    fn the_same_seed_tries_the_same_inputs() {
        assert_eq!(run(7, 500, |_| true), run(7, 500, |_| true));
    }
}
