//! What a request says about a contact, turned into the contact that would result.
//!
//! Nothing is written here: the plan is saved only when everything around it is valid too.

use std::collections::BTreeMap;

use super::envelope::Refusal;
use super::{Ctx, fields};
use crate::json::Json;
use crate::world::records::Contact;

/// Plain text fields and their limits.
pub(crate) const TEXTS: &[(&str, usize)] = &[
    ("ContactNumber", 50),
    ("AccountNumber", 50),
    ("CompanyNumber", 50),
    ("TaxNumber", 50),
    ("FirstName", 255),
    ("LastName", 255),
    ("EmailAddress", 255),
    ("DefaultCurrency", 3),
    ("SalesDefaultAccountCode", 10),
    ("PurchasesDefaultAccountCode", 10),
    ("AccountsReceivableTaxType", 50),
    ("AccountsPayableTaxType", 50),
];
/// Those of them that only a whole contact shows.
pub(crate) const DEFAULTS: &[&str] = &[
    "DefaultCurrency",
    "SalesDefaultAccountCode",
    "PurchasesDefaultAccountCode",
    "AccountsReceivableTaxType",
    "AccountsPayableTaxType",
];
const LONGEST_NAME: usize = 255;
const MOST_PERSONS: usize = 5;
const PHONE_TYPES: &[&str] = &["DEFAULT", "DDI", "MOBILE", "FAX", "OFFICE"];
const ADDRESS_TYPES: &[&str] = &["POBOX", "STREET"];
const NO_IDENTITY: &str = "The Contact must contain at least 1 of the following elements to identify the contact: Name, ContactID, ContactNumber";
const ARCHIVED: &str = "The specified contact details matched an archived contact. Archived contacts cannot currently be edited via the API.";

/// A contact as it would be after the write.
#[derive(Clone, Debug)]
pub(crate) struct Party {
    pub(crate) contact: Contact,
    pub(crate) is_new: bool,
    pub(crate) changed: bool,
}

/// A new contact.
pub(crate) fn create(ctx: &Ctx<'_>, element: &Json) -> Result<Party, Refusal> {
    let blank = Contact {
        id: crate::ids::fresh(),
        name: String::new(),
        archived: false,
        merged_to: None,
        is_customer: false,
        is_supplier: false,
        texts: BTreeMap::new(),
        addresses: Vec::new(),
        phones: Vec::new(),
        persons: Vec::new(),
        payment_terms: None,
        created: ctx.now,
        updated: ctx.now,
    };
    if !element.has("Name") {
        return Err(Refusal::because("The contact name must be specified."));
    }
    let contact = applied(ctx, blank, element)?;
    Ok(Party { contact, is_new: true, changed: true })
}

/// The contact that a write means, changed; or a new one.
pub(crate) fn upsert(ctx: &Ctx<'_>, element: &Json) -> Result<Party, Refusal> {
    match find(ctx, element)? {
        Some(contact) if contact.archived => Err(Refusal::because(ARCHIVED)),
        Some(contact) => {
            let contact = applied(ctx, contact.clone(), element)?;
            Ok(Party { contact, is_new: false, changed: true })
        }
        None => create(ctx, element),
    }
}

/// The contact of a document: by id alone untouched; further fields update it and drop unlisted people.
pub(crate) fn of_document(ctx: &Ctx<'_>, element: &Json) -> Result<Party, Refusal> {
    let inside = |refusal: Refusal| Refusal { contact: refusal.messages, messages: Vec::new(), crash: false };
    let Some(known) = find(ctx, element).map_err(inside)? else {
        return create(ctx, element).map_err(inside);
    };
    if known.archived {
        let sentence = "The status 'ARCHIVED' is not valid for contacts".to_owned();
        return Err(Refusal { contact: vec![sentence], ..Refusal::default() });
    }
    let identifying = ["ContactID", "ContactNumber", "Name"];
    let Json::Object(members) = element else { return Err(Refusal::because(NO_IDENTITY)) };
    let touches = |(key, value): &(String, Json)| {
        *value != Json::Null
            && (!identifying.iter().any(|known| known.eq_ignore_ascii_case(key))
                || (key.eq_ignore_ascii_case("Name") && value.as_text() != Some(known.name.as_str())))
    };
    if !members.iter().any(touches) {
        return Ok(Party { contact: known.clone(), is_new: false, changed: false });
    }
    let mut contact = applied(ctx, known.clone(), element).map_err(inside)?;
    contact.persons = element.list("ContactPersons").to_vec();
    Ok(Party { contact, is_new: false, changed: true })
}

/// Finds by id, else by number, else by active name.
fn find<'c>(ctx: &'c Ctx<'_>, element: &Json) -> Result<Option<&'c Contact>, Refusal> {
    let contacts = &ctx.ledger.contacts;
    if let Some(id) = fields::id(element, "ContactID").map_err(Refusal::because)? {
        let unknown = || Refusal::because("An existing Contact with the specified ContactID could not be found");
        return contacts.get(&id).map(Some).ok_or_else(unknown);
    }
    let number = element.text("ContactNumber").filter(|text| !text.is_empty());
    if let Some(found) = number.and_then(|number| by_number(ctx, number)) {
        return Ok(Some(found));
    }
    match element.text("Name").filter(|text| !text.trim().is_empty()) {
        Some(name) => Ok(contacts.values().find(|contact| !contact.archived && same_name(ctx, &contact.name, name))),
        None if number.is_some() => Ok(None),
        None => Err(Refusal::because(NO_IDENTITY)),
    }
}

fn by_number<'c>(ctx: &'c Ctx<'_>, number: &str) -> Option<&'c Contact> {
    ctx.ledger.contacts.values().find(|contact| contact.text("ContactNumber") == Some(number))
}

fn same_name(ctx: &Ctx<'_>, left: &str, right: &str) -> bool {
    let right = right.split_whitespace().collect::<Vec<_>>().join(" ");
    left == right || (!ctx.switches.contact_names_mind_case && left.to_lowercase() == right.to_lowercase())
}

/// The contact with the fields of the request; what the request omits stays.
fn applied(ctx: &Ctx<'_>, mut contact: Contact, element: &Json) -> Result<Contact, Refusal> {
    let mut messages = Vec::new();
    if let Some(name) = element.text("Name") {
        match checked_name(ctx, &contact, name) {
            Ok(name) => contact.name = name,
            Err(message) => messages.push(message),
        }
    }
    for (field, longest) in TEXTS {
        match fields::text(element, field, *longest) {
            Ok(Some(text)) => {
                contact.texts.insert((*field).to_owned(), text);
            }
            Ok(None) => {}
            Err(message) => messages.push(message),
        }
    }
    contact.texts.retain(|_, text| !text.is_empty());
    let taken = contact.text("ContactNumber").and_then(|number| by_number(ctx, number));
    if taken.is_some_and(|other| other.id != contact.id) {
        messages.push("The contact number is already assigned to another contact. It must be unique.".to_owned());
    }
    if contact.text("EmailAddress").is_some_and(|email| !is_email(email)) {
        messages.push("Email address must be valid.".to_owned());
    }
    lists(element, &mut contact, &mut messages);
    if element.has("PaymentTerms") {
        contact.payment_terms = element.get("PaymentTerms").cloned();
    }
    match element.text("ContactStatus") {
        None | Some("ACTIVE") => {}
        Some("ARCHIVED") => contact.archived = true,
        Some(_) => messages.push("The ContactStatus is not valid.".to_owned()),
    }
    if messages.is_empty() { Ok(contact) } else { Err(Refusal { messages, ..Refusal::default() }) }
}

fn checked_name(ctx: &Ctx<'_>, contact: &Contact, name: &str) -> Result<String, String> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() {
        return Err("The contact name must be specified.".to_owned());
    }
    if name.chars().count() > LONGEST_NAME {
        return Err(format!("The length of Name must not exceed {LONGEST_NAME} characters."));
    }
    if name.contains(['<', '>']) {
        return Err("The contact name cannot contain < or >.".to_owned());
    }
    let taken = |other: &Contact| other.id != contact.id && !other.archived && same_name(ctx, &other.name, &name);
    if !ctx.switches.contact_names_may_repeat && ctx.ledger.contacts.values().any(taken) {
        return Err(format!(
            "The contact name {name} is already assigned to another contact. The contact name must be unique across all active contacts."
        ));
    }
    Ok(name)
}

fn lists(element: &Json, contact: &mut Contact, messages: &mut Vec<String>) {
    if element.has("Addresses") {
        contact.addresses = element.list("Addresses").to_vec();
        messages.extend(contact.addresses.iter().filter_map(address_trouble));
    }
    if element.has("Phones") {
        contact.phones = element.list("Phones").to_vec();
        messages.extend(contact.phones.iter().filter_map(phone_trouble));
    }
    if element.has("ContactPersons") {
        contact.persons = element.list("ContactPersons").to_vec();
        if contact.persons.len() > MOST_PERSONS {
            messages.push(format!("A contact can have at most {MOST_PERSONS} additional people."));
        }
        messages.extend(contact.persons.iter().filter_map(person_trouble));
        if !contact.persons.is_empty() && contact.text("EmailAddress").is_none() {
            messages
                .push("Additional people cannot be added when the primary person has no email address set.".to_owned());
        }
    }
}

fn person_trouble(person: &Json) -> Option<String> {
    let limits = ["FirstName", "LastName", "EmailAddress"];
    let too_long = limits.iter().find_map(|field| fields::text(person, field, LONGEST_NAME).err());
    let email = person.text("EmailAddress").filter(|email| !email.is_empty() && !is_email(email));
    too_long.or_else(|| email.map(|_| "Email address must be valid.".to_owned()))
}

fn phone_trouble(phone: &Json) -> Option<String> {
    if !PHONE_TYPES.contains(&phone.text("PhoneType").unwrap_or("DEFAULT")) {
        return Some("The PhoneType is not valid.".to_owned());
    }
    let limits = [("PhoneNumber", 50), ("PhoneAreaCode", 10), ("PhoneCountryCode", 20)];
    limits.iter().find_map(|(field, longest)| fields::text(phone, field, *longest).err())
}

fn address_trouble(address: &Json) -> Option<String> {
    if !ADDRESS_TYPES.contains(&address.text("AddressType").unwrap_or("POBOX")) {
        return Some("The AddressType is not valid.".to_owned());
    }
    let country = address.text("Country").unwrap_or_default();
    if country.chars().any(|c| !c.is_alphabetic() && c != ' ') {
        return Some("Country must contain letters only.".to_owned());
    }
    let limits = [
        ("AddressLine1", 500),
        ("AddressLine2", 500),
        ("AddressLine3", 500),
        ("AddressLine4", 500),
        ("City", 255),
        ("Region", 255),
        ("AttentionTo", 255),
        ("PostalCode", 50),
        ("Country", 50),
    ];
    limits.iter().find_map(|(field, longest)| fields::text(address, field, *longest).err())
}

/// An address as Xero takes it: plain ASCII (umlauts are refused, facts 4.5), one `@`, no quotes or
/// brackets, dots that separate something, and a domain of two labels at least that ends in letters.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    let label = |part: &str| {
        !part.starts_with('-') && !part.ends_with('-') && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let mut parts = domain.rsplit('.');
    let top = parts.next().unwrap_or_default();
    local.split('.').all(|part| !part.is_empty() && part.chars().all(atom))
        && domain.split('.').all(|part| !part.is_empty() && label(part))
        && parts.next().is_some()
        && top.len() > 1
        && !top.chars().all(|c| c.is_ascii_digit())
}
