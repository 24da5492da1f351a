//! Numbers in every order: what was only late is never counted, what never came is counted once.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn start() -> Timestamp {
    "2026-11-20T09:00:00Z".parse().unwrap()
}

fn numbers(first: u64, last: u64) -> Sequence {
    Sequence { first, last }
}

/// Hears them one after the other, and says what was counted as missing.
fn hear(heard: &mut Heard, sequences: &[(u64, u64)], now: Timestamp) -> u64 {
    let mut missing = 0;
    for (first, last) in sequences {
        heard.hear(numbers(*first, *last), now);
        missing += heard.give_up(now);
    }
    missing
}

fn from(first: u64) -> Heard {
    Heard::beginning_with(&[numbers(first, first)]).unwrap()
}

#[test]
fn repeats_and_disorder_leave_no_gap() {
    let mut heard = from(41);
    let disorder = [(41, 41), (44, 46), (41, 41), (43, 43), (50, 50), (42, 42), (44, 46), (47, 49)];
    assert_eq!(hear(&mut heard, &disorder, start()), 0);
    assert_eq!((heard.to, heard.beyond.as_slice()), (50, [].as_slice()));
    assert_eq!(hear(&mut heard, &[(1, 3), (45, 45)], start() + HOUR * 100), 0, "what is older than all is a repeat");
    assert_eq!(heard.to, 50);
}

#[test]
fn a_delivery_that_comes_with_the_last_repeat_is_not_missing() {
    let mut heard = from(1);
    assert_eq!(hear(&mut heard, &[(1, 1), (3, 9)], start()), 0);
    for hour in 1..=24 {
        let next = 9 + u64::try_from(hour).unwrap();
        assert_eq!(hear(&mut heard, &[(next, next)], start() + HOUR * hour), 0, "hour {hour}");
    }
    assert_eq!(hear(&mut heard, &[(2, 2)], start() + HOUR * 24), 0);
    assert_eq!((heard.to, heard.beyond.len()), (33, 0));
    assert_eq!(hear(&mut heard, &[(34, 34)], start() + HOUR * 48), 0);
}

#[test]
fn what_never_comes_is_counted_once_when_nobody_repeats_it_any_more() {
    let mut heard = from(1);
    assert_eq!(hear(&mut heard, &[(1, 1), (5, 5), (8, 8)], start()), 0);
    let late = start() + PATIENCE;
    assert_eq!(hear(&mut heard, &[(9, 9)], late - HOUR), 0);
    assert_eq!(hear(&mut heard, &[(10, 10)], late), 5, "2, 3, 4, 6 and 7");
    assert_eq!(hear(&mut heard, &[(11, 11), (3, 3)], late + PATIENCE), 0);
    assert_eq!((heard.to, heard.beyond.len()), (11, 0));
}

#[test]
fn a_gap_is_as_old_as_the_first_number_beyond_it() {
    let mut heard = from(1);
    assert_eq!(hear(&mut heard, &[(1, 1), (10, 10)], start()), 0);
    assert_eq!(hear(&mut heard, &[(8, 9), (5, 7)], start() + HOUR * 20), 0);
    assert_eq!(hear(&mut heard, &[(11, 11)], start() + PATIENCE), 3, "2, 3 and 4");
}

#[test]
fn gaps_without_end_do_not_fill_the_table() {
    let mut heard = from(1);
    let every_other: Vec<(u64, u64)> = (1..=200).map(|number| (number * 2, number * 2)).collect();
    assert_eq!(hear(&mut heard, &every_other, start()), 100);
    assert_eq!(heard.beyond.len(), MAX_GAPS);
}

proptest! {
    #[test]
    fn however_deliveries_come_only_what_never_came_is_counted(
        cuts in proptest::collection::btree_set(2_u64..60, 1..20),
        lost in proptest::collection::btree_set(0_usize..20, 0..6),
        keys in proptest::collection::vec((0_u32..1_000, 0_i32..24), 40),
    ) {
        // Cut 1..60 into deliveries, lose some of the middle, send the rest twice and in any order within a day.
        let bounds: Vec<u64> = [1].into_iter().chain(cuts).chain([60]).collect();
        let deliveries: Vec<Sequence> = bounds.windows(2).map(|pair| numbers(pair[0], pair[1] - 1)).collect();
        let last = deliveries.len() - 1;
        let lost: BTreeSet<usize> = lost.into_iter().filter(|place| (1..last).contains(place)).collect();
        let kept: Vec<Sequence> =
            deliveries.iter().enumerate().filter(|(place, _)| !lost.contains(place)).map(|(_, sent)| *sent).collect();
        let mut sent: Vec<((u32, i32), Sequence)> = keys.into_iter().zip(kept.iter().chain(&kept).copied()).collect();
        sent.sort_by_key(|((order, hour), _)| (*hour, *order));
        let mut heard = Heard::beginning_with(&[numbers(1, 1)]).unwrap();
        let mut missing = 0;
        for ((_, hour), sequence) in sent {
            missing += hear(&mut heard, &[(sequence.first, sequence.last)], start() + HOUR * hour);
        }
        prop_assert_eq!(missing, 0, "within a day nothing is missing yet");
        missing += hear(&mut heard, &[(60, 60)], start() + PATIENCE + HOUR * 24);
        let never: u64 = lost.iter().map(|place| deliveries[*place].last + 1 - deliveries[*place].first).sum();
        prop_assert_eq!((missing, heard.to, heard.beyond.len()), (never, 60, 0));
    }
}
