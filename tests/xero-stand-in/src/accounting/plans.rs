//! What an organisation's plan lets it write: limits a month, or no invoicing at all (facts 4.2 and 10.3).

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

use super::Ctx;
use super::envelope::Refusal;
use crate::time::london_date;
use crate::world::records::{Kind, Submitted};

/// Bills that a small plan takes beyond the drafts, or approves, in a month.
const BILLS: usize = 5;
/// Sales invoices that the smallest plans approve in a month.
const INVOICES: usize = 20;
const LIMIT: &str = "You have reached the limit of invoices you can approve";
const NO_INVOICING: &str = "The organisation's plan does not include invoices and bills.";

/// Whether the plan has no invoices and bills at all.
pub(crate) fn is_without_invoicing(class: &str) -> bool {
    matches!(class, "LEDGER" | "GST_CASHBOOK" | "NON_GST_CASHBOOK" | "CASHBOOK")
}

/// Whether the plan lets one more document of the kind from one status, empty for a new one, to another.
pub(crate) fn allows(ctx: &Ctx<'_>, kind: Kind, from: &str, to: &str) -> bool {
    let class = ctx.ledger.organisation.class.as_str();
    let leaves_draft = matches!(from, "" | "DRAFT") && matches!(to, "SUBMITTED" | "AUTHORISED");
    let is_approved = from != "AUTHORISED" && to == "AUTHORISED";
    match (class, kind) {
        ("SIMPLE", Kind::Accpay) if leaves_draft => counted(ctx, kind, false) < BILLS,
        ("STARTER" | "IGNITE", Kind::Accpay) if is_approved => counted(ctx, kind, true) < BILLS,
        ("STARTER" | "IGNITE", Kind::Accrec) if is_approved => counted(ctx, kind, true) < INVOICES,
        _ => true,
    }
}

/// Refuses what the plan does not let through.
pub(crate) fn check(ctx: &Ctx<'_>, kind: Kind, from: &str, to: &str) -> Result<(), Refusal> {
    if is_without_invoicing(&ctx.ledger.organisation.class) {
        return Err(Refusal::because(NO_INVOICING));
    }
    if allows(ctx, kind, from, to) { Ok(()) } else { Err(Refusal::because(LIMIT)) }
}

/// Remembers that a document left the drafts, or was approved.
pub(crate) fn note(ctx: &mut Ctx<'_>, kind: Kind, from: &str, to: &str) {
    let at = ctx.now;
    let submitted = &mut ctx.ledger.organisation.submitted;
    if matches!(from, "" | "DRAFT") && matches!(to, "SUBMITTED" | "AUTHORISED") {
        submitted.push(Submitted { kind, at, approved: false });
    }
    if from != "AUTHORISED" && to == "AUTHORISED" && from != "PAID" {
        submitted.push(Submitted { kind, at, approved: true });
    }
}

/// How many of a kind there were in this month of the plan, which is the plan's own and not the calendar's.
fn counted(ctx: &Ctx<'_>, kind: Kind, approved: bool) -> usize {
    let begin = month_of(ctx.ledger.organisation.created, ctx.today());
    let submitted = ctx.ledger.organisation.submitted.iter();
    submitted.filter(|it| it.kind == kind && it.approved == approved && london_date(it.at) >= begin).count()
}

/// The first day of the plan's month: the day of the month on which the organisation began.
fn month_of(began: Timestamp, today: Date) -> Date {
    let day = london_date(began).day().min(28);
    let this = today.with().day(day).build().unwrap_or(today);
    if this <= today { this } else { this.checked_sub(1.month()).unwrap_or(this) }
}

#[cfg(test)]
mod tests {
    use super::month_of;

    #[test]
    fn the_plans_month_begins_on_the_day_on_which_the_organisation_began() {
        let began = "2026-09-20T10:00:00Z".parse().unwrap();
        for (today, first) in [("2026-11-20", "2026-11-20"), ("2026-11-19", "2026-10-20"), ("2027-01-05", "2026-12-20")]
        {
            assert_eq!(month_of(began, today.parse().unwrap()).to_string(), first);
        }
        assert_eq!(
            month_of("2026-10-31T10:00:00Z".parse().unwrap(), "2027-02-28".parse().unwrap()).to_string(),
            "2027-02-28"
        );
    }
}
