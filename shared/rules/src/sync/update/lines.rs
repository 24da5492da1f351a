//! The lines of a document that is in Xero already: each new line finds the one that it was, and what Sessional said
//! nothing new about stays as the bookkeeper made it.

use crate::record::{ToldContent, ToldLine};
use crate::sync::totals::ROUNDING_TEXT;
use std::collections::HashSet;
use xero::LineItemId;
use xero::models::{LineItem, NewLineItem};

/// The lines to send: Xero removes what is left out, so whatever is to stay is among them.
///
/// `drawn` are the new lines in the basis of the document, `told` what Sessional says of each, `before` what it said
/// last, and `keeps` says whether a line's account can still be posted to.
pub(super) fn merge(
    drawn: Vec<NewLineItem>,
    told: &[ToldLine],
    before: Option<&ToldContent>,
    shown: &[LineItem],
    keeps: impl Fn(&LineItem) -> bool,
) -> Vec<NewLineItem> {
    let Some(before) = before else { return by_position(drawn, shown) };
    let pairs = pair(told, &before.lines);
    let known: HashSet<LineItemId> = before.lines.iter().filter_map(|line| line.id).chain(before.rounding).collect();
    let of_others = |line: &&LineItem| line.line_item_id.is_none_or(|id| !known.contains(&id)) && !is_rounding(line);
    let mut foreign: Vec<&LineItem> = shown.iter().filter(of_others).collect();
    let mut lines = Vec::with_capacity(drawn.len());
    for ((line, new), old) in drawn.into_iter().zip(told).zip(pairs) {
        let there = old.and_then(|old| old.id).and_then(|id| shown.iter().find(|line| line.line_item_id == Some(id)));
        let merged = match (there, old) {
            (Some(there), Some(old)) if old.text == new.text && old.coding == new.coding && keeps(there) => keep(there),
            (Some(there), Some(old)) => change(line, there, old.coding == new.coding && keeps(there)),
            // A try whose answer was lost may have added it.
            _ => match foreign.iter().position(|other| is_same(other, &line)) {
                Some(index) => NewLineItem { line_item_id: foreign.remove(index).line_item_id, ..line },
                None => line,
            },
        };
        lines.push(merged);
    }
    // What the bookkeeper added is not ours to remove.
    lines.extend(foreign.into_iter().map(keep));
    lines
}

/// Whether a line is the one that closes a difference of rounding.
pub(super) fn is_rounding(line: &LineItem) -> bool {
    line.description.as_deref() == Some(ROUNDING_TEXT)
}

/// For each new line the one that it was: the same, else one of the same text, else one of those that are left over
/// where as many are left on either side.
fn pair<'b>(told: &[ToldLine], before: &'b [ToldLine]) -> Vec<Option<&'b ToldLine>> {
    let mut left: Vec<&ToldLine> = before.iter().collect();
    let mut take =
        |fits: &dyn Fn(&ToldLine) -> bool| left.iter().position(|line| fits(line)).map(|index| left.remove(index));
    let mut pairs: Vec<Option<&ToldLine>> =
        told.iter().map(|new| take(&|old| old.text == new.text && old.coding == new.coding)).collect();
    for (pair, new) in pairs.iter_mut().zip(told).filter(|(pair, _)| pair.is_none()) {
        *pair = take(&|old| old.text == new.text);
    }
    let open = pairs.iter().filter(|pair| pair.is_none()).count();
    if open == left.len() {
        for (pair, old) in pairs.iter_mut().filter(|pair| pair.is_none()).zip(left) {
            *pair = Some(old);
        }
    }
    pairs
}

/// A line as it is.
fn keep(line: &LineItem) -> NewLineItem {
    NewLineItem {
        line_item_id: line.line_item_id,
        description: line.description.clone().unwrap_or_default(),
        quantity: line.quantity,
        unit_amount: line.unit_amount,
        account_code: line.account_code.clone(),
        account_id: line.account_id.filter(|_| line.account_code.is_none()),
        tax_type: line.tax_type.clone(),
        tracking: line.tracking.clone(),
    }
}

/// A line with new content; where nothing new was said of its coding, with that which it has.
fn change(line: NewLineItem, there: &LineItem, keeps_coding: bool) -> NewLineItem {
    let kept = keep(there);
    if keeps_coding {
        let NewLineItem { description, quantity, unit_amount, .. } = line;
        return NewLineItem { description, quantity, unit_amount, ..kept };
    }
    NewLineItem { line_item_id: kept.line_item_id, tracking: kept.tracking, ..line }
}

/// Of a document of which nothing is known, the lines are those in the same place.
fn by_position(drawn: Vec<NewLineItem>, shown: &[LineItem]) -> Vec<NewLineItem> {
    let mut there = shown.iter().filter(|line| !is_rounding(line));
    let placed = drawn.into_iter().map(|line| match there.next() {
        Some(there) => change(line, there, false),
        None => line,
    });
    placed.collect()
}

fn is_same(there: &LineItem, line: &NewLineItem) -> bool {
    there.description.as_deref().map(str::trim) == Some(line.description.trim())
        && there.quantity == line.quantity
        && there.unit_amount == line.unit_amount
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> Option<LineItemId> {
        Some(LineItemId::from_uuid(uuid::Uuid::from_u128(n)))
    }

    fn told(n: u128, text: &str, coding: &str) -> ToldLine {
        ToldLine { id: id(n), text: text.to_owned(), coding: coding.to_owned() }
    }

    fn before(lines: &[ToldLine]) -> ToldContent {
        ToldContent { lines: lines.to_vec(), ..ToldContent::default() }
    }

    fn there(n: u128, text: &str, account: &str) -> LineItem {
        LineItem {
            line_item_id: id(n),
            description: Some(text.to_owned()),
            account_code: Some(account.to_owned()),
            tracking: vec![serde_json::json!({ "Name": "Region" })],
            ..LineItem::default()
        }
    }

    fn drawn(text: &str) -> NewLineItem {
        NewLineItem { description: text.to_owned(), account_code: Some("200".to_owned()), ..NewLineItem::default() }
    }

    fn coded(line: Option<&NewLineItem>) -> (Option<LineItemId>, &str, &str, usize) {
        let line = line.unwrap();
        (line.line_item_id, &line.description, line.account_code.as_deref().unwrap_or_default(), line.tracking.len())
    }

    #[test]
    fn a_line_that_changed_keeps_the_bookkeepers_coding_unless_its_tax_changed_too() {
        let shown = [there(1, "One", "260"), there(2, "Two", "260")];
        let was = before(&[told(1, "one", "20"), told(2, "two", "20")]);
        let new = [told(0, "one, more", "20"), told(0, "two, more", "5")];
        let lines = merge(vec![drawn("One, more"), drawn("Two, more")], &new, Some(&was), &shown, |_| true);
        assert_eq!(coded(lines.first()), (id(1), "One, more", "260", 1));
        assert_eq!(coded(lines.get(1)), (id(2), "Two, more", "200", 1));
    }

    #[test]
    fn a_line_of_which_nothing_new_was_said_stays_as_it_is_whatever_was_made_of_it() {
        let shown = [there(1, "One, as the accountant words it", "260")];
        let was = before(&[told(1, "one", "20")]);
        let new = [told(0, "one", "20"), told(0, "two", "20")];
        let lines = merge(vec![drawn("One"), drawn("Two")], &new, Some(&was), &shown, |_| true);
        assert_eq!(coded(lines.first()), (id(1), "One, as the accountant words it", "260", 1));
        assert_eq!(coded(lines.get(1)), (None, "Two", "200", 0));
    }

    #[test]
    fn a_line_that_was_taken_out_is_left_out_and_the_others_stay_what_they_were() {
        let shown = [there(1, "One", "260"), there(2, "Two", "261"), there(9, "Note", "262")];
        let was = before(&[told(1, "one", "20"), told(2, "two", "20")]);
        let lines = merge(vec![drawn("Two")], &[told(0, "two", "20")], Some(&was), &shown, |_| true);
        assert_eq!(lines.iter().map(|line| line.line_item_id).collect::<Vec<_>>(), [id(2), id(9)]);
    }

    #[test]
    fn a_line_that_a_lost_try_added_is_not_added_again() {
        let shown = [there(1, "One", "200"), there(7, "Two", "200")];
        let was = before(&[told(1, "one", "20")]);
        let new = [told(0, "one", "20"), told(0, "two", "20")];
        let lines = merge(vec![drawn("One"), drawn("Two")], &new, Some(&was), &shown, |_| true);
        assert_eq!(lines.iter().map(|line| line.line_item_id).collect::<Vec<_>>(), [id(1), id(7)]);
    }

    #[test]
    fn an_account_that_cannot_be_posted_to_any_more_is_not_kept() {
        let shown = [there(1, "One", "260")];
        let was = before(&[told(1, "one", "20")]);
        let lines = merge(vec![drawn("One")], &[told(0, "one", "20")], Some(&was), &shown, |_| false);
        assert_eq!(coded(lines.first()), (id(1), "One", "200", 1));
    }
}
