//! A sequence for each rule of the protocol that breaks a promise where the rule is left out.

use harness::service::Post;
use harness::weather::{Fault, Moment, OutageWay, Place};

use crate::plan::{Act, Chore, DAY, Deed, HOUR, Out, Plan, Step, Turn};

/// A minute in seconds.
const MINUTE: u64 = 60;

/// A sequence: the rule that it is about, and what happens.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// Its name, a claim.
    pub name: &'static str,
    /// The rule of the protocol.
    pub rule: &'static str,
    steps: Vec<(u64, Act)>,
}

impl Sequence {
    /// As a plan: as many accounts and days as it needs.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let account = |act: &Act| match act {
            Act::Document(account, ..) | Act::Account(account, _) | Act::Choke(account, ..) => *account,
            _ => 0,
        };
        let over = |(at, act): &(u64, Act)| match act {
            Act::Outage(_, seconds) | Act::Choke(_, _, seconds) => at + seconds,
            _ => *at,
        };
        let accounts = self.steps.iter().map(|(_, act)| account(act) + 1).max().unwrap_or(1);
        let days = self.steps.iter().map(over).max().unwrap_or_default() / DAY + 1;
        let mut steps: Vec<Step> = self.steps.iter().map(|(at, act)| Step { at: *at, act: act.clone() }).collect();
        steps.sort_by_key(|step| step.at);
        Plan { seed: 4_711, days, accounts, steps }
    }
}

fn sequence(name: &'static str, rule: &'static str, steps: Vec<(u64, Act)>) -> Sequence {
    Sequence { name, rule, steps }
}

fn deed(document: usize, deed: Deed) -> Act {
    Act::Document(0, document, deed)
}

fn out(place: Place, seconds: u64) -> Act {
    Act::Outage(Out::Place(place, OutageWay::Refuses), seconds)
}

fn hangs(place: Place, seconds: u64) -> Act {
    Act::Outage(Out::Place(place, OutageWay::Hangs), seconds)
}

/// All of them.
#[must_use]
#[expect(clippy::too_many_lines, reason = "a list of sequences, one after the other")]
pub fn all() -> Vec<Sequence> {
    let at = HOUR;
    let late = |call| Act::Fault(call, "sync", 0, Fault::Gateway(45));
    vec![
        sequence(
            "an_invoice_whose_gateway_gave_up_is_not_made_twice",
            "2: nothing for one minute after a lost answer",
            vec![(at, late("PUT Invoices")), (at + 1, deed(0, Deed::Make))],
        ),
        sequence(
            "a_bill_whose_gateway_gave_up_is_not_made_twice",
            "2: nothing for one minute after a lost answer; the look by the mark",
            vec![(at, late("PUT Invoices")), (at + 1, deed(5, Deed::Make))],
        ),
        sequence(
            "a_twin_is_never_taken_for_what_was_intended_and_never_sent",
            "2: the mark is ours; an intent proves nothing of a document without it",
            vec![
                (at, deed(0, Deed::Twin)),
                (at + 60, Act::Fault("PutItem RECORD invoice", "sync", 0, Fault::Silence(Moment::Lost))),
                (at + 61, deed(0, Deed::Make)),
                (at + 2 * HOUR, deed(0, Deed::Renumber)),
            ],
        ),
        sequence(
            "a_bill_that_is_refused_and_saved_all_the_same_is_not_made_twice",
            "2: a 400 for a whole call may have saved what is in it",
            vec![
                (at, Act::Fault("PUT Invoices", "sync", 0, Fault::Whole(400, Moment::Lost))),
                (at + 1, deed(5, Deed::Make)),
                (at + 20 * HOUR, deed(5, Deed::Repeat)),
                (at + 21 * HOUR, deed(5, Deed::Edit)),
            ],
        ),
        sequence(
            "spend_money_whose_gateway_gave_up_is_not_made_twice",
            "2: the mark of bank transactions",
            vec![(at, late("PUT BankTransactions")), (at + 1, Act::Document(1, 5, Deed::Make))],
        ),
        sequence(
            "a_contact_whose_gateway_gave_up_is_not_made_twice",
            "2: a contact's intent is looked up",
            vec![(at, late("PUT Contacts")), (at + 1, deed(0, Deed::Make))],
        ),
        sequence(
            "an_evening_without_xero_loses_nothing",
            "3: waiting is a state of the record, receives are never used up",
            vec![
                (at, out(Place::XeroApi, 10 * HOUR)),
                (at + 60, deed(0, Deed::Make)),
                (at + 120, deed(1, Deed::Make)),
                (at + 180, deed(5, Deed::Make)),
                (at + 3 * HOUR, deed(0, Deed::Send)),
                (at + 4 * HOUR, deed(1, Deed::Remove)),
            ],
        ),
        sequence(
            "three_days_without_the_token_endpoint_lose_nothing",
            "3: what waits drains by itself, days included",
            vec![
                (at, out(Place::XeroTokens, 72 * HOUR)),
                (at + HOUR, deed(0, Deed::Make)),
                (at + 2 * HOUR, deed(5, Deed::Make)),
                (at + 20 * HOUR, deed(0, Deed::Send)),
            ],
        ),
        sequence(
            "three_days_without_the_table_lose_nothing",
            "3: the table out: no receive count ends a message within three days",
            vec![
                (at, out(Place::Table, 70 * HOUR)),
                (at + HOUR, deed(0, Deed::Make)),
                (at + 2 * HOUR, deed(5, Deed::Make)),
            ],
        ),
        sequence(
            "three_days_without_secrets_manager_lose_nothing",
            "3: a function that cannot read its secret starts all the same, or its messages' receives are used up",
            vec![
                (at, hangs(Place::Secrets, 70 * HOUR)),
                (at + 60, Act::Operator(Chore::Deploy)),
                (at + HOUR, deed(0, Deed::Make)),
                (at + 2 * HOUR, deed(5, Deed::Make)),
            ],
        ),
        sequence(
            "a_table_that_hangs_for_a_day_is_no_crash_of_anything",
            "3: a run whose beginning was noted while the answer was lost is none that never ended",
            vec![
                (at, hangs(Place::Table, 30 * HOUR)),
                (at + HOUR, deed(0, Deed::Make)),
                (at + 2 * HOUR, deed(5, Deed::Make)),
            ],
        ),
        sequence(
            "a_refresh_that_arrives_after_its_repeat_does_not_cost_the_connection",
            "6: whoever arrives last has the token that counts",
            vec![
                (at, Act::Fault("POST connect/token", "sync", 0, Fault::Gateway(150))),
                (at + 1, deed(0, Deed::Make)),
                (at + 30 * HOUR, deed(1, Deed::Make)),
            ],
        ),
        sequence(
            "a_wrong_secret_for_a_day_loses_nothing_and_blames_nobody",
            "3: the app's credentials",
            vec![
                (at, Act::Outage(Out::Credentials, 20 * HOUR)),
                (at + HOUR, deed(0, Deed::Make)),
                (at + 2 * HOUR, deed(5, Deed::Make)),
            ],
        ),
        sequence(
            "an_old_event_that_comes_again_does_not_pass_a_newer_one",
            "1: order; no memory of event ids that expires",
            vec![
                (at, deed(0, Deed::Make)),
                (at + HOUR, deed(0, Deed::Edit)),
                (at + 2 * HOUR, deed(0, Deed::Send)),
                (at + 30 * HOUR, deed(0, Deed::Old)),
            ],
        ),
        sequence(
            "an_old_event_does_not_pass_a_newer_one_that_waits",
            "1: the order of the newest event that was accepted, not applied",
            vec![
                (at, deed(0, Deed::Make)),
                (at + HOUR, out(Place::XeroApi, 5 * HOUR)),
                (at + HOUR + 60, deed(0, Deed::Edit)),
                (at + 2 * HOUR, deed(0, Deed::Old)),
            ],
        ),
        sequence(
            "an_old_log_does_not_bring_back_what_was_deleted",
            "1: removed; a new generation by a strictly newer log alone",
            vec![(at, deed(5, Deed::Make)), (at + HOUR, deed(5, Deed::Remove)), (at + 2 * HOUR, deed(5, Deed::Old))],
        ),
        sequence(
            "what_is_logged_again_after_it_was_deleted_is_made_again",
            "1: a new generation",
            vec![(at, deed(5, Deed::Make)), (at + HOUR, deed(5, Deed::Remove)), (at + 2 * HOUR, deed(5, Deed::Make))],
        ),
        sequence(
            "an_edit_reaches_xero",
            "1: content",
            vec![(at, deed(0, Deed::Make)), (at + HOUR, deed(0, Deed::Edit))],
        ),
        sequence(
            "an_edited_expense_reaches_xero",
            "1: content",
            vec![(at, deed(5, Deed::Make)), (at + HOUR, deed(5, Deed::Edit))],
        ),
        sequence(
            "a_new_number_reaches_xero",
            "DESIGN 4.3: an update changes the number when Sessional's changed",
            vec![(at, deed(0, Deed::Make)), (at + HOUR, deed(0, Deed::Renumber)), (at + 2 * HOUR, deed(0, Deed::Send))],
        ),
        sequence(
            "prices_with_tax_reach_xero",
            "DESIGN 4.7: the basis never changes, prices are converted",
            vec![
                (at, deed(0, Deed::Make)),
                (at + HOUR, deed(0, Deed::Inclusive)),
                (at + 2 * HOUR, deed(0, Deed::Send)),
            ],
        ),
        sequence(
            "a_void_made_while_nobody_is_connected_is_done_after_the_reconnect",
            "1: an event while disconnected about a record is written into it as held",
            vec![
                (at, deed(0, Deed::Make)),
                (at + HOUR, Act::Account(0, Turn::Disconnect)),
                (at + 2 * HOUR, deed(0, Deed::Remove)),
                (at + 5 * HOUR, Act::Account(0, Turn::Reconnect)),
            ],
        ),
        sequence(
            "what_xero_chokes_on_does_not_fail_its_neighbours",
            "2: one document never fails its neighbours",
            vec![
                (at, Act::Choke(0, 1, 2 * HOUR)),
                (at + 1, deed(0, Deed::Make)),
                (at + 1, deed(1, Deed::Make)),
                (at + 1, deed(2, Deed::Make)),
                (at + 1, deed(3, Deed::Make)),
            ],
        ),
        sequence(
            "a_payment_taken_back_without_a_webhook_is_told",
            "5: a sweep looks at paid documents too",
            vec![
                (at, deed(0, Deed::Make)),
                (at + 3 * HOUR, deed(0, Deed::Pay)),
                (at + 10 * HOUR, Act::Outage(Out::Post(Post::Lost), 10 * HOUR)),
                (at + 11 * HOUR, deed(0, Deed::Unpay)),
            ],
        ),
        sequence(
            "a_payment_without_a_webhook_is_told",
            "5: the sweep",
            vec![
                (at, deed(0, Deed::Make)),
                (at + 3 * HOUR, Act::Outage(Out::Post(Post::Lost), 20 * HOUR)),
                (at + 4 * HOUR, deed(0, Deed::Pay)),
            ],
        ),
        sequence(
            "a_payment_while_the_update_waits_is_told",
            "1: where a document stands and what is under way are two fields",
            vec![
                (at, deed(0, Deed::Make)),
                (at + HOUR, Act::Account(0, Turn::ArchiveAccount)),
                (at + 2 * HOUR, deed(0, Deed::Send)),
                (at + 3 * HOUR, deed(0, Deed::Pay)),
            ],
        ),
        sequence(
            "a_killed_batch_is_back_and_makes_nothing_twice",
            "2: an intent before every create",
            vec![
                (at, Act::Fault("PUT Invoices", "sync", 0, Fault::Killed(Moment::After))),
                (at + 1, deed(0, Deed::Make)),
                (at + 1, deed(1, Deed::Make)),
            ],
        ),
        sequence(
            "notifications_that_could_not_be_sent_are_sent_later",
            "3: an outbox that could not be sent sets the wake",
            vec![
                (at, deed(0, Deed::Make)),
                (at + HOUR, out(Place::Queue("NotificationQueue".to_owned()), 6 * HOUR)),
                (at + 2 * HOUR, deed(0, Deed::Pay)),
            ],
        ),
        sequence(
            "a_hint_that_cannot_be_followed_for_a_day_is_not_lost",
            "3: a hint that cannot be followed marks a sweep as due",
            vec![
                (at, deed(0, Deed::Make)),
                (at + HOUR, hangs(Place::XeroApi, 26 * HOUR)),
                (at + 2 * HOUR, deed(0, Deed::Pay)),
            ],
        ),
        sequence(
            "xeros_own_repeats_and_delays_tell_the_truth_in_order",
            "4: snapshots with an order number",
            vec![
                (at, deed(0, Deed::Make)),
                (at + HOUR, Act::Outage(Out::Post(Post::Late), 30 * HOUR)),
                (at + 2 * HOUR, deed(0, Deed::Pay)),
                (at + 4 * HOUR, deed(0, Deed::Unpay)),
                (at + 5 * HOUR, deed(0, Deed::PartPay)),
            ],
        ),
        sequence(
            "a_made_by_hand_twin_is_never_taken_for_ours",
            "2: the mark; a number that exists is adopted only if it is provably ours",
            vec![
                (at, deed(0, Deed::Twin)),
                (at + HOUR, Act::Fault("PUT Invoices", "sync", 0, Fault::Silence(Moment::Before))),
                (at + HOUR + 1, deed(0, Deed::Make)),
            ],
        ),
        sequence(
            "a_made_by_hand_twin_is_a_clash_from_the_first_try",
            "2: a number that exists is adopted only if it is provably ours",
            vec![(at, deed(0, Deed::Twin)), (at + HOUR, deed(0, Deed::Make))],
        ),
        sequence(
            "a_void_of_what_was_paid_meanwhile_says_so_and_voids_nothing",
            "2: a void that was refused because of a payment is never retried by itself",
            vec![
                (at, deed(0, Deed::Make)),
                (at + 1_800, Act::Outage(Out::Post(Post::Lost), 600)),
                (at + 1_810, deed(0, Deed::Pay)),
                (at + 1_820, deed(0, Deed::Remove)),
            ],
        ),
        sequence(
            "a_refusal_of_a_whole_call_is_never_taken_for_a_judgement_of_all",
            "2: one document never fails its neighbours",
            vec![
                (at, Act::Fault("PUT Invoices", "sync", 0, Fault::Whole(400, Moment::Before))),
                (at + 1, deed(0, Deed::Make)),
                (at + 1, deed(1, Deed::Make)),
                (at + 1, deed(2, Deed::Make)),
            ],
        ),
        sequence(
            "a_void_of_what_is_held_is_not_undone_by_an_old_create",
            "1: removed; what is older leaves a line",
            vec![
                (at, Act::Account(0, Turn::ArchiveAccount)),
                (at + HOUR, deed(0, Deed::Make)),
                (at + 2 * HOUR, deed(0, Deed::Remove)),
                (at + 3 * HOUR, deed(0, Deed::Old)),
                (at + 5 * HOUR, Act::Account(0, Turn::RestoreAccount)),
            ],
        ),
        sequence(
            "nothing_is_sent_after_a_disconnect",
            "2: before each call the connection is read",
            vec![
                (at, out(Place::XeroApi, 2 * HOUR)),
                (at + MINUTE, deed(0, Deed::Make)),
                (at + HOUR, Act::Account(0, Turn::Disconnect)),
            ],
        ),
        sequence(
            "what_waits_for_one_organisation_never_goes_to_another_by_itself",
            "3: waiting under organisation A when the user takes B",
            vec![
                (at, out(Place::XeroApi, 3 * HOUR)),
                (at + MINUTE, deed(0, Deed::Make)),
                (at + 4 * HOUR, deed(1, Deed::Make)),
                (at + 5 * HOUR, Act::Account(0, Turn::Other)),
            ],
        ),
        sequence(
            "the_day_limit_makes_everything_wait_and_nothing_fail",
            "3: Retry-After binds",
            vec![
                (at, Act::Account(0, Turn::Exhaust)),
                (at + MINUTE, deed(0, Deed::Make)),
                (at + HOUR, deed(0, Deed::Send)),
                (at + 2 * HOUR, deed(5, Deed::Make)),
            ],
        ),
        sequence(
            "a_renamed_client_keeps_its_contact",
            "DESIGN 4.7: a new name is offered and not applied",
            vec![
                (at, deed(0, Deed::Make)),
                (at + HOUR, deed(0, Deed::RenameClient)),
                (at + 2 * HOUR, deed(3, Deed::Make)),
            ],
        ),
        sequence(
            "an_invoice_of_a_merged_contact_can_be_sent",
            "DESIGN 4.3: merged contacts are followed",
            vec![
                (at, deed(0, Deed::Make)),
                (at + HOUR, deed(0, Deed::MergeContact)),
                (at + 2 * HOUR, deed(0, Deed::Send)),
            ],
        ),
    ]
}
