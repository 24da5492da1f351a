//! The desk of the bookkeeper at `/`: invoices, bills, contacts and payments, and a button to pay. Xero's deep
//! links lead to it.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::{escaped, layout};
use crate::control::acts;
use crate::control::types::Act;
use crate::http::{Call, Reply, form_pairs};
use crate::world::records::{Document, Kind};
use crate::world::{Ledger, World};

/// `GET /`: one organisation's books.
pub(crate) fn show(world: &World, call: &Call) -> Reply {
    let wanted = call.param("organisation").and_then(|id| id.parse::<Uuid>().ok());
    let ledger = wanted.and_then(|id| world.ledgers.get(&id)).or_else(|| world.ledgers.values().next());
    let Some(ledger) = ledger else {
        return Reply::html(200, layout("Xero stand-in", "<p>There is no organisation.</p>"));
    };
    let links = world.ledgers.values().map(|other| {
        let (id, name) = (other.organisation.id, escaped(&other.organisation.name));
        let current = if id == ledger.organisation.id { " aria-current=\"page\"" } else { "" };
        format!("<a href=\"/?organisation={id}\"{current}>{name}</a>")
    });
    let notice = call.param("notice").map(|text| format!("<p class=\"refused\" role=\"alert\">{}</p>", escaped(text)));
    let body = format!(
        "{}<nav aria-label=\"Organisations\">{}</nav>{}{}{}{}{}",
        notice.unwrap_or_default(),
        links.collect::<Vec<_>>().join(" "),
        documents(ledger, ledger.invoices.values().filter(|document| document.kind == Kind::Accrec), "Invoices"),
        documents(ledger, ledger.invoices.values().filter(|document| document.kind == Kind::Accpay), "Bills"),
        documents(ledger, ledger.bank_transactions.values(), "Bank transactions"),
        contacts(ledger),
        payments(ledger),
    );
    Reply::html(200, layout(&ledger.organisation.name, &body))
}

/// `GET /organisationlogin/default.aspx`: a deep link opens its document on the desk of its organisation.
pub(crate) fn open(world: &World, call: &Call) -> Reply {
    let code = call.param("shortcode").unwrap_or_default();
    let page = call.param("redirecturl").and_then(|page| page.split_once('?'));
    let of = |name: &str| page.filter(|(path, _)| *path == name).map(|(_, query)| form_pairs(query.as_bytes()));
    let id = |query: Vec<(String, String)>, field: &str| {
        query.into_iter().find(|(key, _)| key == field).and_then(|(_, id)| id.parse::<Uuid>().ok())
    };
    let sale = of("/AccountsReceivable/View.aspx").and_then(|query| id(query, "InvoiceID"));
    let bill = of("/AccountsPayable/Edit.aspx").and_then(|query| id(query, "InvoiceID"));
    let bank = of("/Bank/ViewTransaction.aspx").and_then(|query| id(query, "bankTransactionID"));
    let Some(ledger) = world.ledgers.values().find(|ledger| ledger.organisation.short_code == code) else {
        return Reply::html(404, layout("Not found", "<p>No organisation has this short code.</p>"));
    };
    let is = |id: &Uuid, kind: Kind| ledger.invoices.get(id).is_some_and(|document| document.kind == kind);
    let found = sale.filter(|id| is(id, Kind::Accrec)).or(bill.filter(|id| is(id, Kind::Accpay)));
    match found.or(bank.filter(|id| ledger.bank_transactions.contains_key(id))) {
        Some(id) => Reply::redirect(&format!("/?organisation={}#{id}", ledger.organisation.id)),
        None => Reply::html(404, layout("Not found", "<p>The organisation has no such document.</p>")),
    }
}

/// `POST /bookkeeper/{act}`: the page's buttons.
pub(crate) fn act(world: &mut World, act: &str, call: &Call) -> Reply {
    let form = call.form();
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
    let id = |name: &str| field(name).and_then(|value| value.parse::<Uuid>().ok());
    let Some(tenant) = id("organisation") else { return Reply::redirect("/") };
    let done = match (act, id("id")) {
        ("pay", Some(document)) => match field("amount").unwrap_or_default().parse::<Decimal>() {
            Ok(amount) => Ok(Act::Pay { document, amount: Some(amount), date: None, reconciled: false }),
            Err(_) => Err("The amount is not a number.".to_owned()),
        },
        ("remove-payment", Some(payment)) => Ok(Act::RemovePayment { payment }),
        ("void", Some(invoice)) => Ok(Act::Void { invoice }),
        ("archive-contact", Some(contact)) => Ok(Act::ArchiveContact { contact, archived: true }),
        _ => Err("The button is unknown.".to_owned()),
    };
    let outcome = done.and_then(|act| acts::perform(world, tenant, &act));
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("organisation", &tenant.to_string());
    if let Err(sentence) = outcome {
        query.append_pair("notice", &sentence);
    }
    let mut reply = Reply::redirect(&format!("/?{}", query.finish()));
    reply.status = 303;
    reply
}

fn documents<'a>(ledger: &Ledger, shown: impl Iterator<Item = &'a Document>, title: &str) -> String {
    let mut shown: Vec<&Document> = shown.collect();
    shown.sort_by_key(|document| std::cmp::Reverse(document.updated));
    let rows = shown.into_iter().map(|document| {
        let contact = document.contact.and_then(|id| ledger.contacts.get(&id)).map(|contact| contact.name.as_str());
        let due = ledger.outstanding(document);
        let number = document.number.as_deref().or(document.reference.as_deref());
        format!(
            "<tr id=\"{}\"><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"n\">{} {:.2}</td>\
             <td class=\"n\">{:.2}</td><td>{}</td></tr>",
            document.id,
            escaped(number.unwrap_or("–")),
            escaped(contact.unwrap_or("–")),
            document.date,
            if document.sent { format!("{}, sent", document.status) } else { document.status.clone() },
            escaped(&document.currency),
            document.total,
            due,
            buttons(ledger, document, due),
        )
    });
    let head = ["Number", "Contact", "Date", "Status", "Total", "Due", "Actions"];
    table(title, &head, rows.collect())
}

fn buttons(ledger: &Ledger, document: &Document, due: Decimal) -> String {
    if document.status != "AUTHORISED" || !matches!(document.kind, Kind::Accrec | Kind::Accpay) {
        return String::new();
    }
    let amount = format!(" <input name=\"amount\" inputmode=\"decimal\" aria-label=\"Amount\" value=\"{due:.2}\"> ");
    let pay = button(ledger, "pay", document.id, &amount, "Record payment");
    format!("{pay} {}", button(ledger, "void", document.id, "", "Void"))
}

fn contacts(ledger: &Ledger) -> String {
    let rows = ledger.contacts.values().map(|contact| {
        let action =
            if contact.archived { String::new() } else { button(ledger, "archive-contact", contact.id, "", "Archive") };
        format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{action}</td></tr>",
            escaped(&contact.name),
            escaped(contact.text("ContactNumber").unwrap_or("–")),
            escaped(contact.text("EmailAddress").unwrap_or("–")),
            if contact.archived { "ARCHIVED" } else { "ACTIVE" },
        )
    });
    table("Contacts", &["Name", "Number", "E-mail", "Status", "Actions"], rows.collect())
}

fn payments(ledger: &Ledger) -> String {
    let rows = ledger.payments.values().map(|payment| {
        let number = ledger.invoices.get(&payment.document).and_then(|document| document.number.as_deref());
        let action =
            if payment.deleted { String::new() } else { button(ledger, "remove-payment", payment.id, "", "Remove") };
        format!(
            "<tr><td>{}</td><td>{}</td><td class=\"n\">{:.2}</td><td>{}</td><td>{action}</td></tr>",
            payment.date,
            escaped(number.unwrap_or("–")),
            payment.amount,
            if payment.deleted { "DELETED" } else { "AUTHORISED" },
        )
    });
    table("Payments", &["Date", "Document", "Amount", "Status", "Actions"], rows.collect())
}

fn button(ledger: &Ledger, act: &str, id: Uuid, inputs: &str, label: &str) -> String {
    let quiet = if act == "pay" { "" } else { " class=\"quiet\"" };
    format!(
        "<form class=\"row\" method=\"post\" action=\"/bookkeeper/{act}\"><input type=\"hidden\" name=\"organisation\" \
         value=\"{}\"><input type=\"hidden\" name=\"id\" value=\"{id}\">{inputs}<button{quiet}>{label}</button></form>",
        ledger.organisation.id
    )
}

fn table(title: &str, head: &[&str], rows: Vec<String>) -> String {
    if rows.is_empty() {
        return format!("<h2>{title}</h2><p class=\"none\">None.</p>");
    }
    let head: String = head.iter().map(|name| format!("<th scope=\"col\">{name}</th>")).collect();
    format!(
        "<h2>{title}</h2><div class=\"wide\" role=\"region\" aria-label=\"{title}\" tabindex=\"0\"><table>\
         <thead><tr>{head}</tr></thead><tbody>{}</tbody></table></div>",
        rows.concat()
    )
}
