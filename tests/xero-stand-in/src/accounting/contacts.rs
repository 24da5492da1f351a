//! Contacts: found by id, number or name, written by PUT and POST, unique by name among the active.

use uuid::Uuid;

use super::envelope::{self, Element, Names, Refusal};
use super::listing::{self, Listing, Row};
use super::parties::{self, Party};
use super::{Ctx, fields};
use crate::http::Reply;
use crate::json::Json;
use crate::time::wrapped;
use crate::world::ledger::Category;
use crate::world::records::Contact;

const FIELDS: &[&str] = &[
    "ContactID",
    "ContactNumber",
    "AccountNumber",
    "ContactStatus",
    "Name",
    "FirstName",
    "LastName",
    "CompanyNumber",
    "EmailAddress",
    "TaxNumber",
    "IsSupplier",
    "IsCustomer",
    "DefaultCurrency",
    "UpdatedDateUTC",
];
const SEARCHED: &[&str] = &["FirstName", "LastName", "ContactNumber", "CompanyNumber", "EmailAddress"];
const NAMES: Names = Names { collection: "Contacts", id: "ContactID", has_errors: "HasValidationErrors" };

/// `GET /Contacts`
pub(crate) fn list(ctx: &mut Ctx<'_>) -> Reply {
    let ids = match listing::ids(ctx, "IDs", "Ids") {
        Ok(ids) => ids,
        Err(refusal) => return refusal,
    };
    let archived = ctx.call.flag("includeArchived").unwrap_or(false);
    let term = ctx.call.param("searchTerm").map(str::to_lowercase);
    let summary = ctx.call.flag("summaryOnly").unwrap_or(false);
    let rows = ctx.ledger.contacts.values().filter(|contact| {
        (archived || !contact.archived)
            && ids.as_ref().is_none_or(|ids| ids.contains(&contact.id))
            && term.as_ref().is_none_or(|term| mentions(contact, term))
    });
    let rows = rows.map(|item| Row { item, id: item.id, updated: item.updated }).collect();
    let full = |ctx: &Ctx<'_>, contact: &Contact| if summary { brief(contact) } else { view(ctx, contact) };
    let reduced = |_: &Ctx<'_>, contact: &Contact| if summary { brief(contact) } else { listed(contact) };
    listing::answer(
        ctx,
        &Listing { collection: "Contacts", fields: FIELDS, paged: true, full: &full, page: &full, reduced: &reduced },
        rows,
    )
}

/// `GET /Contacts/{ContactID or ContactNumber}`
pub(crate) fn get(ctx: &mut Ctx<'_>) -> Reply {
    match named(ctx, ctx.param(0)) {
        Some(contact) => envelope::ok(ctx, "Contacts", None, vec![view(ctx, contact)]),
        None => Reply::not_found(),
    }
}

/// `PUT /Contacts`: create only.
pub(crate) fn create(ctx: &mut Ctx<'_>) -> Reply {
    write(ctx, |ctx, element| {
        if element.text("Name").is_none_or(|name| name.trim().is_empty()) {
            return Err(Refusal::because("The contact name must be specified."));
        }
        parties::create(ctx, element)
    })
}

/// `POST /Contacts`: by id, else number, else name; otherwise created.
pub(crate) fn upsert(ctx: &mut Ctx<'_>) -> Reply {
    write(ctx, parties::upsert)
}

/// `POST /Contacts/{ContactID}`
pub(crate) fn update(ctx: &mut Ctx<'_>) -> Reply {
    let Some(id) = named(ctx, ctx.param(0)).map(|contact| contact.id) else { return Reply::not_found() };
    write(ctx, |ctx, element| {
        if fields::id(element, "ContactID").map_err(Refusal::because)?.is_some_and(|sent| sent != id) {
            return Err(Refusal::because("The ContactID does not match the address of the request."));
        }
        let mut element = element.clone();
        element.set("ContactID", id);
        parties::upsert(ctx, &element)
    })
}

fn write(ctx: &mut Ctx<'_>, plan: impl Fn(&Ctx<'_>, &Json) -> Result<Party, Refusal>) -> Reply {
    let elements = match envelope::elements(ctx, "Contacts") {
        Ok(elements) => elements,
        Err(refusal) => return refusal,
    };
    let mut done = Vec::new();
    for element in elements {
        done.push(match plan(ctx, &element) {
            Ok(party) => {
                let contact = save(ctx, party);
                Element::Saved(view(ctx, &contact))
            }
            Err(refusal) => Element::Refused(element, refusal),
        });
    }
    envelope::written(ctx, &NAMES, done)
}

/// Puts a planned contact into the books.
pub(crate) fn save(ctx: &mut Ctx<'_>, party: Party) -> Contact {
    let Party { mut contact, is_new, changed } = party;
    if changed {
        contact.updated = ctx.now;
        ctx.ledger.happened(Category::Contact, contact.id, is_new, ctx.now);
        ctx.ledger.contacts.insert(contact.id, contact.clone());
    }
    contact
}

/// A contact by id or by contact number.
fn named<'c>(ctx: &'c Ctx<'_>, key: &str) -> Option<&'c Contact> {
    match key.parse::<Uuid>() {
        Ok(id) => ctx.ledger.contacts.get(&id),
        Err(_) => ctx.ledger.contacts.values().find(|contact| contact.text("ContactNumber") == Some(key)),
    }
}

fn mentions(contact: &Contact, term: &str) -> bool {
    let texts = SEARCHED.iter().filter_map(|field| contact.text(field));
    texts.chain([contact.name.as_str()]).any(|text| text.to_lowercase().contains(term))
}

/// The least: what `summaryOnly` leaves.
fn brief(contact: &Contact) -> Json {
    let mut view = Json::object()
        .with("ContactID", contact.id)
        .with("ContactStatus", if contact.archived { "ARCHIVED" } else { "ACTIVE" })
        .with("Name", contact.name.as_str());
    for field in parties::TEXTS.iter().map(|(field, _)| *field).filter(|field| !parties::DEFAULTS.contains(field)) {
        view = view.with_some(field, contact.text(field));
    }
    view.with("UpdatedDateUTC", wrapped(contact.updated)).with("HasAttachments", false)
}

/// The form without page: no people, balances, terms or merges.
fn listed(contact: &Contact) -> Json {
    brief(contact)
        .with("Addresses", Json::List(contact.addresses.clone()))
        .with("Phones", Json::List(contact.phones.clone()))
        .with("IsSupplier", contact.is_supplier)
        .with("IsCustomer", contact.is_customer)
        .with("ContactGroups", Json::List(Vec::new()))
        .with("HasValidationErrors", false)
}

/// The whole contact.
pub(crate) fn view(ctx: &Ctx<'_>, contact: &Contact) -> Json {
    let mut view = listed(contact);
    view.remove("HasValidationErrors");
    for field in parties::DEFAULTS {
        view = view.with_some(field, contact.text(field));
    }
    view.with("ContactPersons", Json::List(contact.persons.clone()))
        .with_some("MergedToContactID", contact.merged_to)
        .with_some("PaymentTerms", contact.payment_terms.clone())
        .with_some("Balances", balances(ctx, contact))
}

/// What is outstanding on either side.
fn balances(ctx: &Ctx<'_>, contact: &Contact) -> Option<Json> {
    let side = |income: bool| {
        let mine = ctx.ledger.invoices.values().filter(|document| {
            document.contact == Some(contact.id)
                && document.status == "AUTHORISED"
                && document.kind.is_income() == income
        });
        let (mut outstanding, mut overdue) = (rust_decimal::Decimal::ZERO, rust_decimal::Decimal::ZERO);
        for document in mine {
            let due = ctx.ledger.outstanding(document);
            outstanding += due;
            if document.due_date.is_some_and(|date| date < ctx.today()) {
                overdue += due;
            }
        }
        Json::object().with("Outstanding", Json::money(outstanding)).with("Overdue", Json::money(overdue))
    };
    let known = contact.is_customer || contact.is_supplier;
    known.then(|| Json::object().with("AccountsReceivable", side(true)).with("AccountsPayable", side(false)))
}
