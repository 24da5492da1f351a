//! The bookkeeper's desk: what a person sees and presses.

use serde_json::json;
use xero_stand_in::{HARBOUR_SOUND, QUAYSIDE_COACHING};

use crate::support::{World, send};

#[tokio::test]
async fn the_desk_shows_documents_and_its_button_records_a_payment() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    let page = send(world.http.get(world.url("/"))).await;
    assert_eq!(page.status, 200);
    for text in ["Harbour Sound Ltd", "SES-1", "Customer of SES-1", "GBP 540.00", "Record payment"] {
        assert!(page.text.contains(text), "{text}");
    }
    let (organisation, document) = (HARBOUR_SOUND.to_string(), id.to_string());
    let form = [("organisation", organisation.as_str()), ("id", document.as_str()), ("amount", "500.00")];
    let pressed = send(world.http.post(world.url("/bookkeeper/pay")).form(&form)).await;
    assert_eq!(pressed.status, 303);
    assert_eq!(world.read_invoice(id).await["AmountDue"], json!(40.0));
    let again = send(world.http.post(world.url("/bookkeeper/pay")).form(&form)).await;
    let told = send(world.http.get(world.url(again.header("location").unwrap()))).await.text;
    assert!(told.contains("exceeds the amount outstanding"));
}

#[tokio::test]
async fn names_on_the_desk_are_text_and_never_markup() {
    let world = World::connected().await;
    let name = json!({"Contacts": [{"Name": "Tom & \"Jerry\" O'Neil"}]});
    assert_eq!(world.put("/Contacts", &name).await.status, 200);
    let page = send(world.http.get(world.url("/"))).await.text;
    assert!(page.contains("Tom &amp; &quot;Jerry&quot; O&#39;Neil"));
    let other = send(world.http.get(world.url(&format!("/?organisation={QUAYSIDE_COACHING}")))).await.text;
    assert!(other.contains("<h1>Quayside Coaching</h1>") && !other.contains("Jerry"));
}

/// The form that Xero documents for apps, without its host: `https://go.xero.com/organisationlogin/default.aspx?…`.
fn deep_link(short_code: &str, page: &str) -> String {
    format!("/organisationlogin/default.aspx?shortcode={short_code}&redirecturl={page}")
}

#[tokio::test]
async fn a_deep_link_opens_its_document_on_the_desk_and_no_other_kind_or_organisation() {
    let world = World::connected().await;
    let id = world.invoice("SES-1").await;
    let organisation = world.get("/Organisation").await.first("Organisations");
    let code = organisation["ShortCode"].as_str().unwrap();
    let sale = format!("/AccountsReceivable/View.aspx?InvoiceID={id}");
    let opened = send(world.http.get(world.url(&deep_link(code, &sale)))).await;
    let desk = format!("/?organisation={HARBOUR_SOUND}#{id}");
    assert_eq!((opened.status, opened.header("location")), (302, Some(desk.as_str())));
    let page = send(world.http.get(world.url("/"))).await.text;
    assert!(page.contains(&format!("<tr id=\"{id}\">")), "the desk has the place that the link leads to");

    let bill = format!("/AccountsPayable/Edit.aspx?InvoiceID={id}");
    for wrong in [deep_link(code, &bill), deep_link("!none", &sale), deep_link(code, "/elsewhere")] {
        assert_eq!(send(world.http.get(world.url(&wrong))).await.status, 404, "{wrong}");
    }
}
