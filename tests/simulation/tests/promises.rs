//! A test for each sequence of the protocol, and for promises that are about calls: what is known to go wrong is in
//! `known-faults.json`, and everything else fails.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test that uses them")]

use simulation::known;
use simulation::plan::{Act, Deed, HOUR, Out, Plan, Step, Turn};
use simulation::run::{Outcome, live};
use simulation::sequences;

use harness::service::{Bell, Post};
use harness::weather::{Fault, Moment, OutageWay, Place};

fn keeps(name: &str) {
    let all = sequences::all();
    let sequence = all.iter().find(|sequence| sequence.name == name).unwrap();
    let outcome = live(&sequence.plan()).unwrap();
    let known = known::signatures().unwrap();
    let new: Vec<_> = outcome.violations.iter().filter(|(fault, _)| !known.contains(*fault)).collect();
    assert!(outcome.broken.is_none() && new.is_empty(), "{new:?}\n{}", outcome.timeline.join("\n"));
}

macro_rules! sequences {
    ($($name:ident),+ $(,)?) => {$(
        #[test]
        fn $name() {
            keeps(stringify!($name));
        }
    )+
        #[test]
        fn every_sequence_has_its_test() {
            let tested = [$(stringify!($name)),+];
            let all: Vec<&str> = sequences::all().iter().map(|sequence| sequence.name).collect();
            assert_eq!(all, tested);
        }
    };
}

sequences! {
    an_invoice_whose_gateway_gave_up_is_not_made_twice,
    a_bill_whose_gateway_gave_up_is_not_made_twice,
    a_twin_is_never_taken_for_what_was_intended_and_never_sent,
    a_bill_that_is_refused_and_saved_all_the_same_is_not_made_twice,
    spend_money_whose_gateway_gave_up_is_not_made_twice,
    a_contact_whose_gateway_gave_up_is_not_made_twice,
    an_evening_without_xero_loses_nothing,
    three_days_without_the_token_endpoint_lose_nothing,
    three_days_without_the_table_lose_nothing,
    three_days_without_secrets_manager_lose_nothing,
    a_table_that_hangs_for_a_day_is_no_crash_of_anything,
    a_refresh_that_arrives_after_its_repeat_does_not_cost_the_connection,
    a_wrong_secret_for_a_day_loses_nothing_and_blames_nobody,
    an_old_event_that_comes_again_does_not_pass_a_newer_one,
    an_old_event_does_not_pass_a_newer_one_that_waits,
    an_old_log_does_not_bring_back_what_was_deleted,
    what_is_logged_again_after_it_was_deleted_is_made_again,
    an_edit_reaches_xero,
    an_edited_expense_reaches_xero,
    a_new_number_reaches_xero,
    prices_with_tax_reach_xero,
    a_void_made_while_nobody_is_connected_is_done_after_the_reconnect,
    what_xero_chokes_on_does_not_fail_its_neighbours,
    a_payment_taken_back_without_a_webhook_is_told,
    a_payment_without_a_webhook_is_told,
    a_payment_while_the_update_waits_is_told,
    a_killed_batch_is_back_and_makes_nothing_twice,
    notifications_that_could_not_be_sent_are_sent_later,
    a_hint_that_cannot_be_followed_for_a_day_is_not_lost,
    xeros_own_repeats_and_delays_tell_the_truth_in_order,
    a_made_by_hand_twin_is_never_taken_for_ours,
    a_made_by_hand_twin_is_a_clash_from_the_first_try,
    a_void_of_what_was_paid_meanwhile_says_so_and_voids_nothing,
    a_refusal_of_a_whole_call_is_never_taken_for_a_judgement_of_all,
    a_void_of_what_is_held_is_not_undone_by_an_old_create,
    nothing_is_sent_after_a_disconnect,
    what_waits_for_one_organisation_never_goes_to_another_by_itself,
    the_day_limit_makes_everything_wait_and_nothing_fail,
    a_renamed_client_keeps_its_contact,
    an_invoice_of_a_merged_contact_can_be_sent,
}

fn step(at: u64, act: Act) -> Step {
    Step { at, act }
}

fn lived(steps: Vec<Step>) -> Outcome {
    let outcome = live(&Plan { seed: 12, days: 1, accounts: 1, steps }).unwrap();
    assert_eq!(outcome.broken, None);
    outcome
}

/// Lines of a timeline that have all of these in them.
fn lines<'a>(outcome: &'a Outcome, parts: &[&str]) -> Vec<&'a str> {
    let fits = |line: &&str| parts.iter().all(|part| line.contains(part));
    outcome.timeline.iter().map(String::as_str).filter(fits).collect()
}

#[test]
fn while_a_tenant_cools_down_nothing_is_asked_of_it() {
    let outcome = lived(vec![
        step(HOUR, Act::Document(0, 0, Deed::Make)),
        step(HOUR + 600, Act::Fault("PUT Invoices", "sync", 0, Fault::TooMany("minute", Some(1_200)))),
        step(HOUR + 601, Act::Document(0, 1, Deed::Make)),
        step(HOUR + 700, Act::Document(0, 2, Deed::Make)),
        step(HOUR + 800, Act::Document(0, 3, Deed::Make)),
    ]);
    let early: Vec<&str> = lines(&outcome, &["day  0 08:1", "PUT Invoices ->"]);
    assert!(early.is_empty(), "{:#?}", outcome.timeline);
    assert_eq!(lines(&outcome, &["!!"]), [""; 0]);
}

#[test]
fn a_hint_waits_while_a_tenant_cools_down() {
    let outcome = lived(vec![
        step(HOUR, Act::Document(0, 0, Deed::Make)),
        step(HOUR + 600, Act::Fault("GET Invoices", "payments", 0, Fault::TooMany("minute", Some(1_200)))),
        step(HOUR + 601, Act::Document(0, 0, Deed::PartPay)),
        step(HOUR + 700, Act::Document(0, 0, Deed::Pay)),
    ]);
    let early = lines(&outcome, &["day  0 08:1", "is told"]);
    assert!(early.is_empty(), "{early:?}");
    assert!(!lines(&outcome, &["day  0 08:", "is told invoice.paid"]).is_empty(), "{:#?}", outcome.timeline);
}

#[test]
fn a_hint_that_xero_does_not_answer_is_followed_later_without_a_sweep() {
    let outcome = lived(vec![
        step(HOUR, Act::Document(0, 0, Deed::Make)),
        step(HOUR + 60, Act::Outage(Out::Bell(Bell::Silent), 12 * HOUR)),
        step(HOUR + 100, Act::Outage(Out::Place(Place::XeroApi, OutageWay::Refuses), 900)),
        step(HOUR + 200, Act::Document(0, 0, Deed::Pay)),
    ]);
    let told = lines(&outcome, &["day  0", "is told invoice.paid"]);
    let early = told.iter().any(|line| line.get(7..9).is_some_and(|hour| hour < "19"));
    assert!(early, "{told:?}");
}

#[test]
fn what_is_known_to_be_paid_is_neither_changed_nor_voided_at_xero() {
    for deed in [Deed::Edit, Deed::Remove] {
        let outcome = lived(vec![
            step(HOUR, Act::Document(0, 0, Deed::Make)),
            step(2 * HOUR, Act::Document(0, 0, Deed::Pay)),
            step(3 * HOUR, Act::Document(0, 0, deed)),
        ]);
        assert!(!lines(&outcome, &["is told invoice.paid"]).is_empty());
        assert_eq!(lines(&outcome, &["POST Invoices"]), [""; 0], "{deed:?}");
    }
}

#[test]
fn a_process_that_was_killed_is_not_missed() {
    for moment in [Moment::Before, Moment::After] {
        for function in ["sync", "payments", "upkeep", "connect"] {
            let outcome = lived(vec![
                step(HOUR, Act::Fault("", function, 1, Fault::Killed(moment))),
                step(HOUR, Act::Fault("", function, 4, Fault::Killed(moment))),
                step(HOUR + 1, Act::Document(0, 0, Deed::Make)),
                step(2 * HOUR, Act::Document(0, 0, Deed::Pay)),
                step(3 * HOUR, Act::Account(0, Turn::Reconnect)),
            ]);
            let known = known::signatures().unwrap();
            let new: Vec<_> = outcome.violations.iter().filter(|(fault, _)| !known.contains(*fault)).collect();
            assert!(new.is_empty(), "{function}, {moment}: {new:?}\n{}", outcome.timeline.join("\n"));
        }
    }
}

#[test]
fn deliveries_that_come_twice_tell_once() {
    let outcome = lived(vec![
        step(60, Act::Outage(Out::Post(Post::Twice), 10 * HOUR)),
        step(HOUR, Act::Document(0, 0, Deed::Make)),
        step(2 * HOUR, Act::Document(0, 0, Deed::Pay)),
    ]);
    assert_eq!(lines(&outcome, &["is told invoice.paid"]).len(), 1);
}
