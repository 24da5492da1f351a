//! What should be there, whatever went wrong: it depends on what happened to a subject and on nothing else.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, ensure};
use rig::books::{Books, Document};
use rig::events::{Happening, Subject};
use rig::tenant::Tenant;
use rig::worker::{World, Xero};
use rules::record::{Kind, RecordKey};

use crate::plan;

/// What happened, by account and subject.
#[derive(Debug)]
pub(crate) struct Model {
    happened: BTreeMap<(usize, usize), BTreeSet<Happening>>,
    /// Whether a foreign invoice has the number of one of ours.
    is_taken: bool,
}

/// What should be there of a subject.
struct Expected {
    alive: bool,
    states: &'static [&'static str],
}

impl Model {
    pub(crate) fn new(is_taken: bool) -> Self {
        Self { happened: BTreeMap::new(), is_taken }
    }

    pub(crate) fn happened(&mut self, account: usize, subject: usize, happening: Happening) {
        self.happened.entry((account, subject)).or_default().insert(happening);
    }

    pub(crate) async fn check(&self, xero: &Xero, world: &World, tenants: &[Tenant]) -> anyhow::Result<()> {
        for (account, tenant) in tenants.iter().enumerate() {
            let books = Books::of(&xero.side.control, tenant.uuid()).await?;
            let mut ours = 0;
            for ((_, index), happened) in self.happened.iter().filter(|((of, _), _)| *of == account) {
                let subject = plan::subject(tenant, *index);
                ours += books.about(&subject.id).count();
                self.check_subject(world, tenant, &books, (account, *index), happened)
                    .with_context(|| format!("account {account}, subject {index} ({happened:?})"))?;
            }
            check_rest(&books, ours).with_context(|| format!("account {account}"))?;
        }
        Ok(())
    }

    fn check_subject(
        &self,
        world: &World,
        tenant: &Tenant,
        books: &Books,
        (account, index): (usize, usize),
        happened: &BTreeSet<Happening>,
    ) -> anyhow::Result<()> {
        let (subject, expected) = (plan::subject(tenant, index), self.expected(account, index, happened));
        let all: Vec<&Document> = books.about(&subject.id).collect();
        ensure!(all.len() <= 1, "{} documents: {all:?}", all.len());
        let alive = all.iter().filter(|document| document.is_alive()).count();
        ensure!(alive == usize::from(expected.alive), "{alive} documents are alive: {all:?}");
        let kind = Kind::parse(if index < plan::INVOICES { "invoice" } else { "expense" }).context("no such kind")?;
        let key = RecordKey { account: tenant.account.clone(), tenant: tenant.id, kind, id: subject.id.clone() };
        let record = world.shelf.peek(&key).context("there is no record")?;
        let state = serde_json::to_value(record.state())?;
        ensure!(expected.states.iter().any(|word| state == **word), "the record says {state}: {record:?}");
        let Some(document) = all.first() else { return Ok(()) };
        ensure!(
            record.reference.as_ref().map(|it| it.id.to_string()) == Some(document.id.to_string()),
            "the record names another document: {record:?}"
        );
        if expected.alive {
            check_content(books, document, &subject, account, happened).with_context(|| format!("{record:?}"))?;
        }
        Ok(())
    }

    fn expected(&self, account: usize, index: usize, happened: &BTreeSet<Happening>) -> Expected {
        let removed = happened.contains(&Happening::Voided) || happened.contains(&Happening::Deleted);
        let expense = index >= plan::INVOICES;
        if removed {
            return Expected { alive: false, states: &["voided", "tombstone"] };
        }
        if self.is_taken && index == plan::TAKEN {
            return Expected { alive: false, states: &["failed"] };
        }
        if expense && !plan::wishes(account).unmapped.is_empty() {
            return Expected { alive: false, states: &["skipped"] };
        }
        Expected { alive: true, states: &["synced"] }
    }
}

fn check_content(
    books: &Books,
    document: &Document,
    subject: &Subject,
    account: usize,
    happened: &BTreeSet<Happening>,
) -> anyhow::Result<()> {
    let last = happened.iter().max().copied().context("nothing happened")?;
    ensure!(document.total == subject.total(last), "it comes to {}: {document:?}", document.total);
    let kind = match (last.kind(), plan::wishes(account).spend_money) {
        ("invoice", _) => "ACCREC",
        (_, true) => "SPEND",
        (_, false) => "ACCPAY",
    };
    ensure!(document.kind == kind, "it is {}: {document:?}", document.kind);
    if last.kind() == "invoice" {
        ensure!(document.number.as_deref() == Some(&subject.number), "it has another number: {document:?}");
        ensure!(document.sent == (last == Happening::Sent), "sent: {}", document.sent);
    }
    let contacts: Vec<_> = books.named(&subject.party_name).collect();
    let [contact] = contacts.as_slice() else { anyhow::bail!("not one contact: {contacts:?}") };
    ensure!(contact.id == document.contact, "it is for another contact: {document:?}");
    Ok(())
}

/// Nothing is there that nobody asked for, and what was there before is as it was.
fn check_rest(books: &Books, ours: usize) -> anyhow::Result<()> {
    ensure!(books.documents.len() == ours + 1, "there is more than was asked for: {:?}", books.documents);
    let by_hand: Vec<_> = books.documents.iter().filter(|document| document.text.contains("Made by hand")).collect();
    let [foreign] = by_hand.as_slice() else { anyhow::bail!("not one foreign invoice: {by_hand:?}") };
    let untouched = foreign.status == "AUTHORISED" && !foreign.sent;
    ensure!(untouched && foreign.total == 12.into(), "the foreign invoice was changed: {foreign:?}");
    let mut names: Vec<String> = books.contacts.iter().map(|contact| contact.name.to_lowercase()).collect();
    names.sort();
    let count = names.len();
    names.dedup();
    ensure!(names.len() == count, "a contact is doubled: {:?}", books.contacts);
    Ok(())
}
