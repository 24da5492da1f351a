//! What goes over the wire, and what comes of what comes back.

use jiff::Timestamp;
use jiff::civil::date;
use reqwest::Method;

use crate::element::Element;
use crate::error::{Error, LimitProblem};
use crate::ids::{BankTransactionId, InvoiceId, TenantId};
use crate::models::{BankTransactionsBody, InvoicesBody, NewContact};
use crate::oauth::AccessToken;
use crate::stub::{Reply, Stub, hanging_up, impatient, nobody};
use crate::{Client, Endpoints, IdempotencyKey};

const TENANT: &str = "9a1d3c55-0000-4000-8000-000000000003";
const INVOICE: &str = "1d0f0000-0000-4000-8000-000000000020";
const CONTACT: &str = "c0ffee00-0000-4000-8000-000000000010";

fn token() -> AccessToken {
    AccessToken::new("access-token".to_owned(), Timestamp::UNIX_EPOCH)
}

fn tenant_id() -> TenantId {
    TENANT.parse().unwrap()
}

fn client(endpoints: &Endpoints) -> Client {
    Client::new(crate::http::client().unwrap(), endpoints)
}

fn key() -> IdempotencyKey {
    IdempotencyKey::new("tenant:create:1").unwrap()
}

fn saved(number: &str) -> String {
    format!(r#"{{"InvoiceID":"{INVOICE}","InvoiceNumber":"{number}","Status":"AUTHORISED"}}"#)
}

fn invoices(elements: &str) -> Reply {
    Reply::json(format!(r#"{{"Status":"OK","Invoices":[{elements}]}}"#))
}

fn contacts(elements: &str) -> Reply {
    Reply::json(format!(r#"{{"Contacts":[{elements}]}}"#))
}

#[tokio::test]
async fn a_create_is_a_put_with_every_header_and_the_body_untouched() {
    let stub = Stub::answering([invoices(&saved("SES-1"))]).await;
    let body = InvoicesBody::from_elements([r#"{ "InvoiceNumber" : "SES-1" }"#]);
    let (client, token) = (client(&stub.endpoints), token());
    let written = client.tenant(&token, tenant_id()).create_invoices(&body, &key()).await;
    assert!(matches!(written.unwrap()[..], [Element::Ok(..)]));

    let seen = stub.only();
    assert_eq!(seen.method, Method::PUT);
    assert_eq!(seen.uri, "/api.xro/2.0/Invoices?summarizeErrors=false&unitdp=4");
    assert_eq!(seen.header("authorization"), Some("Bearer access-token"));
    assert_eq!(seen.header("xero-tenant-id"), Some(TENANT));
    assert_eq!(seen.header("accept"), Some("application/json"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("idempotency-key"), Some("tenant:create:1"));
    assert!(seen.header("user-agent").unwrap().starts_with("Sessional/"));
    assert_eq!(seen.body, r#"{"Invoices":[{ "InvoiceNumber" : "SES-1" }]}"#);
}

#[tokio::test]
async fn an_update_is_a_post_to_the_id() {
    let stub = Stub::answering([invoices(&saved("SES-1"))]).await;
    let (client, token) = (client(&stub.endpoints), token());
    let id: InvoiceId = INVOICE.parse().unwrap();
    let body = InvoicesBody::from_elements(["{}"]);
    let tenant = client.tenant(&token, tenant_id());
    assert!(matches!(tenant.update_invoice(id, &body, &key()).await, Ok(Element::Ok(..))));
    let seen = stub.only();
    assert_eq!((seen.method, seen.uri.path()), (Method::POST, &*format!("/api.xro/2.0/Invoices/{INVOICE}")));
}

#[tokio::test]
async fn each_element_of_a_batch_is_judged_alone() {
    let refused = r#"{"InvoiceID":"00000000-0000-0000-0000-000000000000","HasErrors":true,"StatusAttributeString":"ERROR","ValidationErrors":[{"Message":"Invoice # must be unique."}]}"#;
    let stub = Stub::answering([invoices(&format!("{},{refused}", saved("SES-1")))]).await;
    let (client, token) = (client(&stub.endpoints), token());
    let body = InvoicesBody::from_elements(["{}", "{}"]);
    let written = client.tenant(&token, tenant_id()).create_invoices(&body, &key()).await.unwrap();
    assert!(matches!(&written[0], Element::Ok(invoice, _) if invoice.invoice_number.as_deref() == Some("SES-1")));
    assert!(matches!(&written[1], Element::Refused { errors, .. } if **errors == ["Invoice # must be unique."]));
}

#[tokio::test]
async fn an_answer_that_does_not_match_what_was_sent_is_not_believed() {
    for body in [
        r#"{"Invoices":[]}"#,
        r#"{"Invoices":null}"#,
        r#"{"Contacts":[]}"#,
        r#"{"Invoices":[{"Status":"AUTHORISED"}]}"#,
        "<html></html>",
        "",
    ] {
        let stub = Stub::answering([Reply::json(body)]).await;
        let (client, token) = (client(&stub.endpoints), token());
        let sent = InvoicesBody::from_elements(["{}"]);
        let error = client.tenant(&token, tenant_id()).create_invoices(&sent, &key()).await.unwrap_err();
        assert!(matches!(error, Error::Malformed { what: "Invoices", .. }), "{body}");
        assert!(error.may_have_happened());
    }
}

#[tokio::test]
async fn contacts_are_created_with_put_and_found_by_number() {
    let found =
        format!(r#"{{"ContactID":"{CONTACT}","ContactNumber":"org/1?","Name":"Harbour","ContactStatus":"ACTIVE"}}"#);
    let stub = Stub::answering([contacts(&found), contacts(&found), contacts(&found), Reply::status(404, "")]).await;
    let (client, token) = (client(&stub.endpoints), token());
    let tenant = client.tenant(&token, tenant_id());
    let new = NewContact { name: "Harbour".to_owned(), ..NewContact::default() };
    assert!(matches!(tenant.create_contacts(&[new], &key()).await.unwrap()[..], [Element::Ok(..)]));
    assert!(tenant.contact_by_number("org/1?").await.unwrap().is_some());
    assert!(tenant.contact_by_number("another").await.unwrap().is_none());
    assert!(tenant.contact_by_number("unknown").await.unwrap().is_none());
    assert!(tenant.contact_by_number("..").await.unwrap().is_none());

    let seen = stub.seen();
    assert_eq!(seen[0].method, Method::PUT);
    assert_eq!(seen[0].query("summarizeErrors").as_deref(), Some("false"));
    assert_eq!(seen[0].body, r#"{"Contacts":[{"Name":"Harbour"}]}"#);
    assert_eq!(seen[1].uri, "/api.xro/2.0/Contacts/org%2F1%3F");
    assert_eq!(seen.len(), 4);
}

#[tokio::test]
async fn a_name_is_looked_up_by_equality_and_with_a_quote_by_searching() {
    let quoted = format!(
        r#"{{"ContactID":"{CONTACT}","Name":"the \"hub\" ltd","ContactStatus":"ACTIVE"}},{{"ContactID":"{TENANT}","Name":"The \"Hub\" Ltd & Co"}}"#
    );
    let plain = format!(
        r#"{{"ContactID":"{TENANT}","Name":"HARBOUR & Sons"}},{{"ContactID":"{CONTACT}","Name":"Harbour & Sons"}},{{"ContactID":"{INVOICE}","Name":"Harbour & Sons","ContactStatus":"ARCHIVED"}}"#
    );
    let stub = Stub::answering([contacts(&plain), contacts(&quoted)]).await;
    let (client, token) = (client(&stub.endpoints), token());
    let tenant = client.tenant(&token, tenant_id());
    let found = tenant.contacts_by_name(" Harbour & Sons ").await.unwrap();
    let names: Vec<&str> = found.iter().map(|contact| contact.name.as_str()).collect();
    assert_eq!(names, ["Harbour & Sons", "HARBOUR & Sons"]);
    let found = tenant.contacts_by_name("The \"Hub\" Ltd").await.unwrap();
    assert_eq!(found.len(), 1);

    let seen = stub.seen();
    assert_eq!(seen[0].query("where").as_deref(), Some("Name==\"Harbour & Sons\""));
    assert_eq!(seen[0].query("includeArchived"), None);
    assert_eq!(seen[1].query("searchTerm").as_deref(), Some("The \"Hub\" Ltd"));
    assert_eq!(seen[1].query("where"), None);
}

#[tokio::test]
async fn a_search_for_contacts_is_one_page_of_what_is_asked_for_and_nothing_of_it_is_read_as_more() {
    let found = format!(
        r#"{{"pagination":{{"page":1,"pageSize":20,"pageCount":2,"itemCount":21}},"Contacts":[{{"ContactID":"{CONTACT}","Name":"Harbour & Sons","ContactStatus":"ACTIVE"}}]}}"#
    );
    let stub = Stub::answering([Reply::json(found)]).await;
    let (client, token) = (client(&stub.endpoints), token());
    let text = "a&b=c \"#%+ \u{e9} where=1";
    let page = client.tenant(&token, tenant_id()).search_contacts(text, 20).await.unwrap();
    assert_eq!((page.items.len(), page.has_more), (1, true));
    let seen = stub.only();
    assert_eq!((seen.method.clone(), seen.uri.path()), (Method::GET, "/api.xro/2.0/Contacts"));
    assert_eq!(seen.query("searchTerm").as_deref(), Some(text));
    let asked = ["order", "summaryOnly", "page", "pageSize", "where", "includeArchived"].map(|name| seen.query(name));
    let asked = asked.each_ref().map(Option::as_deref);
    assert_eq!(asked, [Some("Name ASC"), Some("true"), Some("1"), Some("20"), None, None]);
}

#[tokio::test]
async fn invoices_are_read_by_a_hundred_ids_at_a_time_each_id_once() {
    let ids: Vec<InvoiceId> =
        (0..101).chain(0..10).map(|n| InvoiceId::from_uuid(uuid::Uuid::from_u128(n + 1))).collect();
    let stub = Stub::answering([invoices(&saved("SES-1")), invoices("")]).await;
    let (client, token) = (client(&stub.endpoints), token());
    let found = client.tenant(&token, tenant_id()).invoices_by_ids(&ids).await.unwrap();
    assert_eq!(found.len(), 1);
    let asked: Vec<usize> = stub.seen().iter().map(|seen| seen.query("IDs").unwrap().split(',').count()).collect();
    assert_eq!(asked, [100, 1]);
    assert_eq!(stub.seen()[0].query("page").as_deref(), Some("1"));
    assert_eq!(stub.seen()[0].query("unitdp").as_deref(), Some("4"));
}

#[tokio::test]
async fn numbers_are_listed_and_one_with_a_comma_is_searched_for() {
    let stub =
        Stub::answering([invoices(&saved("ses-1")), invoices(&format!("{},{}", saved("A,B"), saved("A,BC")))]).await;
    let (client, token) = (client(&stub.endpoints), token());
    let tenant = client.tenant(&token, tenant_id());
    let found = tenant.invoices_by_numbers(&["SES-1", "SES-2", "A,B", "SES-1"]).await.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(stub.seen()[0].query("InvoiceNumbers").as_deref(), Some("SES-1,SES-2"));
    assert_eq!(stub.seen()[1].query("searchTerm").as_deref(), Some("A,B"));
}

#[tokio::test]
async fn changes_are_read_page_by_page_since_a_moment() {
    let first = format!(
        r#"{{"pagination":{{"page":1,"pageSize":100,"pageCount":2,"itemCount":101}},"Invoices":[{}]}}"#,
        saved("SES-1")
    );
    let last = r#"{"pagination":{"page":2,"pageSize":100,"pageCount":9,"itemCount":101},"Invoices":[]}"#;
    let stub = Stub::answering([Reply::json(first), Reply::json(last), Reply::status(304, "")]).await;
    let (client, token) = (client(&stub.endpoints), token());
    let tenant = client.tenant(&token, tenant_id());
    let since = "2026-11-20T10:02:11.5Z".parse().unwrap();
    let page = tenant.invoices_modified_since(since, 1).await.unwrap();
    assert_eq!((page.items.len(), page.has_more), (1, true));
    assert!(!tenant.invoices_modified_since(since, 2).await.unwrap().has_more);
    assert!(tenant.invoices_modified_since(since, 1).await.unwrap().items.is_empty());

    let seen = &stub.seen()[0];
    assert_eq!(seen.header("if-modified-since"), Some("2026-11-20T10:02:11"));
    assert_eq!(seen.query("Statuses").as_deref(), Some("DRAFT,SUBMITTED,AUTHORISED,PAID,VOIDED,DELETED"));
    assert_eq!(seen.query("order").as_deref(), Some("UpdatedDateUTC ASC"));
}

#[tokio::test]
async fn settings_are_read_from_their_collections() {
    let organisation = format!(r#"{{"Organisations":[{{"OrganisationID":"{TENANT}","BaseCurrency":"GBP"}}]}}"#);
    let stub = Stub::answering([
        Reply::json(organisation),
        Reply::json(format!(r#"{{"accounts":[{{"AccountID":"{TENANT}","Code":"200"}}]}}"#)),
        Reply::json(r#"{"TaxRates":[{"Name":"No VAT","TaxType":"NONE","EffectiveRate":"0.0"}]}"#),
        Reply::json(r#"{"Currencies":[{"Code":"GBP","Description":"British Pound"}]}"#),
    ])
    .await;
    let (client, token) = (client(&stub.endpoints), token());
    let tenant = client.tenant(&token, tenant_id());
    assert_eq!(tenant.organisation().await.unwrap().base_currency, "GBP");
    assert_eq!(tenant.accounts().await.unwrap()[0].code.as_deref(), Some("200"));
    assert_eq!(tenant.tax_rates().await.unwrap()[0].tax_type, "NONE");
    assert_eq!(tenant.currencies().await.unwrap()[0].code, "GBP");
    let paths: Vec<String> = stub.seen().iter().map(|seen| seen.uri.path().to_owned()).collect();
    assert_eq!(
        paths,
        ["Organisation", "Accounts", "TaxRates", "Currencies"].map(|name| format!("/api.xro/2.0/{name}"))
    );
}

#[tokio::test]
async fn spend_money_is_created_removed_and_found_by_its_day() {
    let element = format!(r#"{{"BankTransactions":[{{"BankTransactionID":"{INVOICE}","Status":"AUTHORISED"}}]}}"#);
    let stub = Stub::answering([
        Reply::json(element.clone()),
        Reply::json(element.clone()),
        Reply::json(element.clone()),
        Reply::json(element),
    ])
    .await;
    let (client, token) = (client(&stub.endpoints), token());
    let tenant = client.tenant(&token, tenant_id());
    let id: BankTransactionId = INVOICE.parse().unwrap();
    let body = BankTransactionsBody::from_elements(["{}"]);
    assert!(matches!(tenant.create_bank_transactions(&body, &key()).await.unwrap()[..], [Element::Ok(..)]));
    assert!(matches!(tenant.update_bank_transaction(id, &body, &key()).await, Ok(Element::Ok(..))));
    assert!(tenant.bank_transaction(id).await.unwrap().is_some());
    assert_eq!(tenant.spend_money_on(date(2026, 3, 5)).await.unwrap().len(), 1);
    assert_eq!(stub.seen()[3].query("where").as_deref(), Some("Type==\"SPEND\" AND Date==DateTime(2026,3,5)"));
}

#[tokio::test]
async fn a_note_goes_to_the_invoices_history() {
    let stub = Stub::answering([Reply::json(r#"{"HistoryRecords":[{"Details":"x"}]}"#)]).await;
    let (client, token) = (client(&stub.endpoints), token());
    let id: InvoiceId = INVOICE.parse().unwrap();
    client.tenant(&token, tenant_id()).add_history(id, "Paid, \"noticed\" by us").await.unwrap();
    let seen = stub.only();
    assert_eq!((seen.method, seen.uri.path()), (Method::PUT, &*format!("/api.xro/2.0/Invoices/{INVOICE}/History")));
    assert_eq!(seen.body, r#"{"HistoryRecords":[{"Details":"Paid, \"noticed\" by us"}]}"#);
}

#[tokio::test]
async fn connections_are_filtered_by_the_consent_and_need_no_tenant() {
    let listed = format!(
        r#"[{{"id":"{INVOICE}","tenantId":"{TENANT}","tenantType":"ORGANISATION","createdDateUtc":"2026-10-02T08:14:31.5165400"}}]"#
    );
    let stub = Stub::answering([Reply::json(listed), Reply::json("[]")]).await;
    let client = client(&stub.endpoints);
    let found = client.connections(&token(), Some(CONTACT.parse().unwrap())).await.unwrap();
    assert_eq!(found[0].tenant_id, tenant_id());
    assert!(client.connections(&token(), None).await.unwrap().is_empty());
    let seen = stub.seen();
    assert_eq!(seen[0].uri.path(), "/connections");
    assert_eq!(seen[0].query("authEventId").as_deref(), Some(CONTACT));
    assert_eq!(seen[0].header("xero-tenant-id"), None);
    assert_eq!(seen[0].header("accept"), Some("application/json"));
    assert_eq!(seen[1].uri.query(), None);
}

#[tokio::test]
async fn removing_a_connection_has_no_body_and_may_find_none() {
    let stub = Stub::answering([Reply::status(204, ""), Reply::status(404, "")]).await;
    let client = client(&stub.endpoints);
    let id = INVOICE.parse().unwrap();
    assert_eq!(client.delete_connection(&token(), id).await, Ok(()));
    let again = client.delete_connection(&token(), id).await;
    assert!(matches!(again, Err(Error::NotFound { .. })));
    assert_eq!(stub.seen()[0].method, Method::DELETE);
}

#[tokio::test]
async fn a_full_minute_is_an_error_with_a_wait_and_the_limits_are_kept() {
    let limited = vec![
        ("x-daylimit-remaining", "344"),
        ("x-minlimit-remaining", "0"),
        ("retry-after", "26"),
        ("x-rate-limit-problem", "minute"),
    ];
    let stub = Stub::answering([Reply::With(429, limited, String::new()), Reply::status(429, "")]).await;
    let (client, token) = (client(&stub.endpoints), token());
    let tenant = client.tenant(&token, tenant_id());
    let first = tenant.accounts().await.unwrap_err();
    assert!(
        matches!(first, Error::RateLimited { problem: LimitProblem::Minute, retry_after: Some(wait), .. } if wait.as_secs() == 26)
    );
    let second = tenant.accounts().await.unwrap_err();
    assert!(matches!(second, Error::RateLimited { problem: LimitProblem::Unknown, retry_after: None, .. }));
    let limits = tenant.last_limits();
    assert_eq!((limits.day_remaining, limits.minute_remaining), (Some(344), Some(0)));
    assert_eq!(limits.app_minute_remaining, None);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let reply = Reply::With(302, vec![("location", "https://evil.test/")], String::new());
    let stub = Stub::answering([reply]).await;
    let (client, token) = (client(&stub.endpoints), token());
    let error = client.tenant(&token, tenant_id()).accounts().await.unwrap_err();
    assert!(matches!(error, Error::Malformed { .. }));
    assert_eq!(stub.seen().len(), 1);
}

#[tokio::test]
async fn nobody_listening_means_nothing_was_sent() {
    let (client, token) = (client(&nobody().await), token());
    let error = client.tenant(&token, tenant_id()).accounts().await.unwrap_err();
    assert!(matches!(error, Error::Transport { sent: false, .. }), "{error:?}");
    assert!(!error.may_have_happened());
}

#[tokio::test]
async fn a_failed_tls_handshake_means_nothing_was_sent() {
    let plain = hanging_up().await.connections();
    let base = format!("https://127.0.0.1:{}", plain.port().unwrap());
    let endpoints = Endpoints::new(&base, &base, &base).unwrap();
    let error = client(&endpoints).connections(&token(), None).await.unwrap_err();
    assert!(matches!(error, Error::Transport { sent: false, .. }), "{error:?}");
}

#[tokio::test]
async fn a_dropped_connection_and_a_timeout_leave_open_what_happened() {
    let token = token();
    let dropped = client(&hanging_up().await);
    let body = InvoicesBody::from_elements(["{}"]);
    let error = dropped.tenant(&token, tenant_id()).create_invoices(&body, &key()).await.unwrap_err();
    assert!(matches!(error, Error::Transport { sent: true, .. }), "{error:?}");
    assert!(error.may_have_happened());

    let stub = Stub::answering([Reply::Silence]).await;
    let slow = Client::new(impatient(), &stub.endpoints);
    let error = slow.tenant(&token, tenant_id()).create_invoices(&body, &key()).await.unwrap_err();
    assert_eq!(error, Error::Timeout { sent: true });
    assert!(error.may_have_happened());
}

#[test]
fn a_key_is_visible_ascii_of_at_most_128_characters() {
    assert!(IdempotencyKey::new("a".repeat(128)).is_ok());
    for bad in ["", "with space", "new\nline", "é", &"a".repeat(129)] {
        assert!(IdempotencyKey::new(bad).is_err(), "{bad}");
        let json = serde_json::to_string(bad).unwrap();
        assert!(serde_json::from_str::<IdempotencyKey>(&json).is_err());
    }
    let kept = serde_json::to_string(&key()).unwrap();
    assert_eq!(serde_json::from_str::<IdempotencyKey>(&kept).unwrap(), key());
}

/// Ports are asynchronous traits whose futures must be able to move between threads.
#[test]
fn calls_can_be_sent_between_threads() {
    fn sendable<T: Send>(_: &T) {}
    let endpoints = Endpoints::xero().unwrap();
    let (client, token) = (client(&endpoints), token());
    let tenant = client.tenant(&token, tenant_id());
    let body = InvoicesBody::from_elements(["{}"]);
    let key = key();
    sendable(&tenant.create_invoices(&body, &key));
    sendable(&tenant.contacts_by_name("x"));
    sendable(&client.connections(&token, None));
}
