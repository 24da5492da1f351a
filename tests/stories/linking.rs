//! A client's contact that the user chose in Xero: it is found, it is nobody else's, and the next invoice is for it.

use anyhow::Context as _;
use local::narrator::Silence;
use serde_json::{Value, json};
use xero_stand_in::control::Act;

use crate::desk::Desk;
use crate::stage::Stage;

#[tokio::test]
async fn an_invoice_is_for_the_contact_that_the_user_chose_for_its_client() -> anyhow::Result<()> {
    let stage = Stage::shared()?;
    let mut silence = Silence;
    let mut desk = Desk::open(&stage, &mut silence).await?;
    let (tenant, client) = (desk.journey.owner.tenant, format!("org_{}", desk.name));
    let fields = json!({ "Name": format!("Holdings {}", desk.name) });
    let made = desk.control.act(tenant, &Act::CreateContact { fields }).await?;
    let wanted = made.id.context("a contact has an id")?;

    let path = format!("/contacts?search=holdings%20{}", desk.name);
    let found = desk.journey.sessional.call("GET", &path, None).await?;
    assert_eq!(found.status, 200, "{}", found.text);
    let choice = &found.json()["contacts"][0];
    assert_eq!((&choice["contact_id"], &choice["linked_to"]), (&json!(wanted), &Value::Null), "{}", found.text);

    let body = json!({ "contact_id": wanted });
    let linked = desk.journey.sessional.call("PUT", &format!("/contacts/{client}"), Some(&body)).await?;
    assert_eq!((linked.status, &linked.json()["organisation_id"]), (200, &json!(client)), "{}", linked.text);
    let taken = desk.journey.sessional.call("PUT", &format!("/contacts/{client}_other"), Some(&body)).await?;
    assert_eq!((taken.status, taken.text_at("/type")?), (409, "/problems/contact-not-usable".to_owned()));
    let found = desk.journey.sessional.call("GET", &path, None).await?.json();
    assert_eq!(found["contacts"][0]["linked_to"], json!(client), "{found}");

    let mut created = desk.journey.invoice_created();
    created["invoice"]["organisation"] = json!({ "id": client, "name": format!("Client {}", desk.name) });
    desk.send(&[created]).await?;
    desk.record("invoice", &format!("inv_{}", desk.name), "synced").await?;
    let books = desk.documents().await?;
    assert_eq!(books["Invoices"][0]["Contact"]["ContactID"], json!(wanted));
    assert_eq!(books["Contacts"].as_array().map(Vec::len), Some(1), "nobody was doubled");
    Ok(())
}
