//! The desk of the bookkeeper at `/`: invoices, bills, contacts and payments, and a button to pay.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::{escaped, layout};
use crate::control::acts;
use crate::control::types::Act;
use crate::http::{Call, Reply};
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
        let name = escaped(&other.organisation.name);
        format!("<a href=\"/?organisation={}\">{name}</a>", other.organisation.id)
    });
    let notice = call.param("notice").map(|text| format!("<p class=\"refused\">{}</p>", escaped(text)));
    let body = format!(
        "<p>{}</p>{}{}{}{}{}",
        links.collect::<Vec<_>>().join(" · "),
        notice.unwrap_or_default(),
        documents(ledger, Kind::Accrec, "Invoices"),
        documents(ledger, Kind::Accpay, "Bills"),
        contacts(ledger),
        payments(ledger),
    );
    Reply::html(200, layout(&ledger.organisation.name, &body))
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

fn documents(ledger: &Ledger, kind: Kind, title: &str) -> String {
    let mut shown: Vec<&Document> = ledger.invoices.values().filter(|document| document.kind == kind).collect();
    shown.sort_by_key(|document| std::cmp::Reverse(document.updated));
    let rows = shown.into_iter().map(|document| {
        let contact = document.contact.and_then(|id| ledger.contacts.get(&id)).map(|contact| contact.name.as_str());
        let due = ledger.outstanding(document);
        format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"n\">{} {:.2}</td><td class=\"n\">{:.2}</td><td>{}</td></tr>",
            escaped(document.number.as_deref().unwrap_or("–")),
            escaped(contact.unwrap_or("–")),
            document.date,
            document.status,
            escaped(&document.currency),
            document.total,
            due,
            buttons(ledger, document, due),
        )
    });
    let head = ["Number", "Contact", "Date", "Status", "Total", "Due", ""];
    table(title, &head, rows.collect())
}

fn buttons(ledger: &Ledger, document: &Document, due: Decimal) -> String {
    if document.status != "AUTHORISED" {
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
    table("Contacts", &["Name", "Number", "E-mail", "Status", ""], rows.collect())
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
    table("Payments", &["Date", "Document", "Amount", "Status", ""], rows.collect())
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
        return format!("<h2>{title}</h2><p>None.</p>");
    }
    let head: String = head.iter().map(|name| format!("<th>{name}</th>")).collect();
    format!("<h2>{title}</h2><table><thead><tr>{head}</tr></thead><tbody>{}</tbody></table>", rows.concat())
}
