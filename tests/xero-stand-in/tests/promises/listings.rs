//! Listings and envelopes: pages, reduced forms, filters, dates, and both ways of summarising errors.

use reqwest::Method;
use serde_json::{Value, json};
use xero_stand_in::HARBOUR_SOUND;

use crate::support::{World, invoice, messages, send, with};

async fn names(world: &World, path: &str) -> Vec<String> {
    let answer = world.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    let listed = answer.json()["Contacts"].as_array().unwrap().clone();
    listed.iter().map(|contact| contact["Name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn point_07_the_envelope_has_its_dates_and_a_page_its_pagination() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    let listed = world.get("/Invoices?page=1").await.json();
    assert_eq!(listed["Status"], "OK");
    assert_eq!(listed["ProviderName"], "Sessional");
    assert_eq!(listed["DateTimeUTC"], "/Date(1795167731000)/");
    assert_eq!(listed["pagination"], json!({"page": 1, "pageSize": 100, "pageCount": 1, "itemCount": 1}));
    let element = &listed["Invoices"][0];
    assert_eq!(element["InvoiceID"], json!(id));
    assert_eq!(element["Date"], "/Date(1795132800000+0000)/");
    assert_eq!(element["DateString"], "2026-11-20T00:00:00");
    assert_eq!(element["UpdatedDateUTC"], "/Date(1795167731000+0000)/");
    assert_eq!(element["UpdatedDateUTCString"], "2026-11-20T09:42:11Z");
    assert_eq!(element["LineItems"].as_array().unwrap().len(), 1);
    let text = world.get("/Invoices?page=1").await.text;
    assert!(text.contains("\"Total\": 540.00") && text.contains("\"Quantity\": 3.0000"), "{text}");
}

#[tokio::test]
async fn point_07_without_page_everything_comes_in_reduced_form() {
    let world = World::connected().await;
    world.invoice("SES-1").await;
    let listed = world.get("/Invoices").await.json();
    assert!(listed.get("pagination").is_none());
    assert_eq!(listed["Invoices"][0]["LineItems"], json!([]));
    assert_eq!(listed["Invoices"][0]["AmountDue"], json!(540.0));
    let contact = world.get("/Contacts").await.first("Contacts");
    assert!(contact.get("ContactPersons").is_none());
    assert!(world.get("/Contacts?page=1").await.first("Contacts").get("ContactPersons").is_some());
    let summary = world.get("/Invoices?page=1&summaryOnly=true").await.first("Invoices");
    assert!(summary.get("LineItems").is_none() && summary.get("Payments").is_none());
}

#[tokio::test]
async fn point_07_pages_are_cut_and_ordered_and_the_one_past_the_end_is_empty() {
    let world = World::connected().await;
    let bodies: Vec<Value> =
        ["Delta", "Alpha", "Charlie", "Bravo", "Echo"].iter().map(|name| json!({"Name": name})).collect();
    world.put("/Contacts", &json!({"Contacts": bodies})).await;
    assert_eq!(names(&world, "/Contacts?page=1&pageSize=2&order=Name").await, ["Alpha", "Bravo"]);
    assert_eq!(names(&world, "/Contacts?page=3&pageSize=2&order=Name%20ASC").await, ["Echo"]);
    assert_eq!(names(&world, "/Contacts?page=1&pageSize=2&order=Name%20DESC").await, ["Echo", "Delta"]);
    assert!(names(&world, "/Contacts?page=9&pageSize=2").await.is_empty());
    for bad in ["page=0", "page=x", "page=1&pageSize=1001", "order=Nope", "where=Foo%3D%3D1", "where=%3D%3D"] {
        let answer = world.get(&format!("/Contacts?{bad}")).await;
        assert_eq!((answer.status, answer.json()["Type"].as_str()), (400, Some("QueryParseException")), "{bad}");
    }
    let plain = world.get("/Contacts?IDs=x").await;
    assert_eq!(plain.status, 400);
    assert_eq!(plain.text, "Supplied parameter 'Ids' cannot be parsed - must be of type UUID.");
}

#[tokio::test]
async fn the_fast_filters_find_what_they_name() {
    let world = World::connected().await;
    let (one, two) = (world.invoice("SES-1").await, world.invoice("SES-2").await);
    world.control().pay(HARBOUR_SOUND, two).await.unwrap();
    let ids = |answer: crate::support::Answer| -> Vec<Value> {
        answer.json()["Invoices"].as_array().unwrap().iter().map(|invoice| invoice["InvoiceID"].clone()).collect()
    };
    let contact = world.read_invoice(one).await["Contact"]["ContactID"].as_str().unwrap().to_owned();
    for query in [
        format!("IDs={one}"),
        "InvoiceNumbers=SES-1,SES-9".to_owned(),
        "Statuses=AUTHORISED".to_owned(),
        format!("ContactIDs={contact}"),
        "searchTerm=ses-1".to_owned(),
        "where=Status%3D%3D%22AUTHORISED%22%20AND%20Date%3E%3DDateTime(2026,11,1)".to_owned(),
        format!("where=Contact.ContactID%3D%3DGuid(%22{contact}%22)"),
    ] {
        assert_eq!(ids(world.get(&format!("/Invoices?{query}")).await), [json!(one)], "{query}");
    }
    assert_eq!(ids(world.get("/Invoices?createdByMyApp=true").await).len(), 2);
    assert_eq!(names(&world, "/Contacts?where=Name%3D%3D%22CUSTOMER%20OF%20ses-1%22").await, ["Customer of SES-1"]);
    assert_eq!(names(&world, "/Contacts?searchTerm=of%20ses-2").await, ["Customer of SES-2"]);
}

#[tokio::test]
async fn a_search_for_contacts_looks_into_their_names_numbers_and_address_whatever_the_case() {
    let world = World::connected().await;
    let fields = ["FirstName", "LastName", "ContactNumber", "CompanyNumber", "EmailAddress"];
    for (place, field) in fields.iter().enumerate() {
        let value = if *field == "EmailAddress" { "accounts@quay-7.example" } else { "the Quay-7 one" };
        let contact = json!({"Name": format!("Client {place}"), *field: value, "TaxNumber": "nowhere"});
        assert_eq!(world.put("/Contacts", &json!({"Contacts": [contact]})).await.status, 200, "{field}");
    }
    world.contact("QUAY-7 Ltd").await;
    let gone = world.contact("Quay-7 Holdings").await;
    world.control().archive_contact(HARBOUR_SOUND, gone.parse().unwrap()).await.unwrap();
    let all = ["Client 0", "Client 1", "Client 2", "Client 3", "Client 4", "QUAY-7 Ltd"];
    assert_eq!(names(&world, "/Contacts?searchTerm=quay-7&order=Name%20ASC&summaryOnly=true").await, all);
    let archived = names(&world, "/Contacts?searchTerm=quay-7&includeArchived=true&page=2&pageSize=6").await;
    assert_eq!(archived.len(), 1, "archived ones are found when they are asked for");
    assert!(names(&world, "/Contacts?searchTerm=nowhere").await.is_empty(), "a tax number is not looked into");
    assert!(names(&world, "/Contacts?searchTerm=quay%207").await.is_empty());

    let page =
        world.get("/Contacts?searchTerm=quay-7&order=Name%20ASC&summaryOnly=true&page=1&pageSize=4").await.json();
    assert_eq!(page["pagination"], json!({"page": 1, "pageSize": 4, "pageCount": 2, "itemCount": 6}));
    let first = &page["Contacts"][0];
    assert_eq!((&first["Name"], &first["ContactStatus"]), (&json!("Client 0"), &json!("ACTIVE")));
    for lost in ["Addresses", "Balances", "ContactGroups", "ContactPersons", "IsCustomer", "IsSupplier"] {
        assert!(first.get(lost).is_none(), "{lost}");
    }
}

#[tokio::test]
async fn if_modified_since_is_strict_and_never_in_the_http_form() {
    let world = World::connected().await;
    world.contact("Old").await;
    world.control().advance_clock(60).await.unwrap();
    world.contact("New").await;
    let since = |text: &'static str| send(world.api(Method::GET, "/Contacts").header("if-modified-since", text));
    let count = |answer: crate::support::Answer| answer.json()["Contacts"].as_array().unwrap().len();
    assert_eq!(count(since("2026-11-20T09:42:10").await), 2);
    assert_eq!(count(since("2026-11-20T09:42:11").await), 1, "strict: the very second does not come back");
    assert_eq!(since("Fri, 20 Nov 2026 09:42:11 GMT").await.status, 400);
}

#[tokio::test]
async fn point_08_one_bad_element_answers_400_yet_the_good_ones_are_saved() {
    let world = World::connected().await;
    let contact = world.contact("Harbour Hall").await;
    let bad = with(invoice("SES-BAD", &contact), json!({"DueDate": null}));
    let batch = json!({"Invoices": [invoice("SES-1", &contact), bad]});
    let answer = world.put("/Invoices", &batch).await;
    assert_eq!((answer.status, answer.json()["ErrorNumber"].as_i64()), (400, Some(10)));
    assert_eq!(answer.json()["Type"], "ValidationException");
    let elements = answer.json()["Elements"].as_array().unwrap().clone();
    assert_eq!(elements.len(), 1, "only what failed is listed");
    assert_eq!(elements[0]["InvoiceNumber"], "SES-BAD");
    assert_eq!(elements[0]["InvoiceID"], "00000000-0000-0000-0000-000000000000");
    assert_eq!(messages(&elements[0]), ["The document DueDate field must be specified."]);
    assert_eq!(world.control().totals(HARBOUR_SOUND).await.unwrap().invoices, 1, "SES-1 was saved");
}

#[tokio::test]
async fn point_08_without_summary_every_element_speaks_for_itself() {
    let world = World::connected().await;
    let contact = world.contact("Harbour Hall").await;
    let bad = with(invoice("SES-BAD", &contact), json!({"DueDate": null}));
    let batch = json!({"Invoices": [invoice("SES-1", &contact), bad]});
    let answer = world.put("/Invoices?summarizeErrors=false", &batch).await;
    assert_eq!(answer.status, 200);
    let elements = answer.json()["Invoices"].as_array().unwrap().clone();
    assert_eq!(elements[0]["StatusAttributeString"], "OK");
    assert_eq!(elements[0]["HasErrors"], false);
    assert_eq!(elements[1]["StatusAttributeString"], "ERROR");
    assert_eq!(elements[1]["HasErrors"], true);
    assert_eq!(messages(&elements[1]).len(), 1);
}

#[tokio::test]
async fn an_unknown_id_is_a_404_of_html_without_body() {
    let world = World::connected().await;
    let answer = world.get("/Invoices/1d0f0000-0000-4000-8000-000000000020").await;
    assert_eq!((answer.status, answer.text.as_str()), (404, ""));
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
}
