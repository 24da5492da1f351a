//! A secret is planted wherever one could be, and looked for in everything that prints.

use std::fmt::{Debug, Display};

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderValue};
use serde::de::DeserializeOwned;

use crate::element::{Element, Sentences, judge};
use crate::error;
use crate::models::*;
use crate::oauth::{AccessToken, AppCredentials, RefreshToken, TokenSet};
use crate::secret::Secret;
use crate::webhook::Payload;

const PLANTED: &str = "pl4nted";

fn planted() -> String {
    PLANTED.to_owned()
}

#[track_caller]
fn hidden_in<T: Debug>(value: &T) {
    for shown in [format!("{value:?}"), format!("{value:#?}")] {
        assert!(!shown.contains(PLANTED), "{shown}");
    }
}

#[track_caller]
fn hidden_in_error<T: Debug + Display>(value: &T) {
    hidden_in(value);
    assert!(!value.to_string().contains(PLANTED), "{value}");
}

/// Reads a model with the secret in all of these fields.
#[track_caller]
fn read<T: DeserializeOwned>(ids: &str, fields: &[&str]) -> T {
    let fields: String = fields.iter().map(|field| format!(",\"{field}\":\"{PLANTED}\"")).collect();
    serde_json::from_str(&format!("{{{ids}{fields}}}")).unwrap()
}

const ID: &str = "1d0f0000-0000-4000-8000-000000000020";

#[test]
fn secrets_and_tokens_do_not_print() {
    let access = AccessToken::new(planted(), Timestamp::UNIX_EPOCH);
    let refresh = RefreshToken::new(planted());
    hidden_in(&Secret::from(planted()));
    hidden_in(&AppCredentials { client_id: "id".to_owned(), client_secret: planted().into() });
    hidden_in(&access);
    hidden_in(&refresh);
    hidden_in(&TokenSet { access, refresh: Some(refresh), scopes: Vec::new() });
}

#[test]
fn what_was_read_does_not_print_names_addresses_or_texts() {
    let id = |name: &str| format!("\"{name}\":\"{ID}\"");
    let contact = read::<Contact>(&id("ContactID"), &["Name", "EmailAddress", "ContactNumber"]);
    hidden_in(&contact);
    hidden_in(&read::<LineItem>("\"Quantity\":1", &["Description"]));
    let nested = format!(
        "{},\"Contact\":{{\"ContactID\":\"{ID}\",\"Name\":\"{PLANTED}\"}},\"LineItems\":[{{\"Description\":\"{PLANTED}\"}}]",
        id("InvoiceID")
    );
    hidden_in(&read::<Invoice>(&nested, &["Reference", "Url", "InvoiceNumber"]));
    let nested = nested.replace("InvoiceID", "BankTransactionID");
    hidden_in(&read::<BankTransaction>(&nested, &["Reference", "Url"]));
    hidden_in(&read::<Organisation>(&id("OrganisationID"), &["Name", "ShortCode"]));
    hidden_in(&read::<Account>(&id("AccountID"), &["Name", "Description"]));
    let ids = format!("{},{}", id("id"), id("tenantId"));
    hidden_in(&read::<Connection>(&ids, &["tenantName"]));
}

#[test]
fn what_will_be_written_does_not_print_names_addresses_or_texts() {
    let contact = NewContact {
        contact_number: Some(planted()),
        name: planted(),
        email_address: Some(planted()),
        phones: vec![Phone { phone_type: "DEFAULT".to_owned(), phone_number: planted(), ..Phone::default() }],
        addresses: vec![Address {
            address_type: "POBOX".to_owned(),
            address_line1: Some(planted()),
            city: Some(planted()),
            postal_code: Some(planted()),
            ..Address::default()
        }],
    };
    hidden_in(&contact.phones);
    hidden_in(&contact.addresses);
    hidden_in(&contact);
    let line = NewLineItem { description: planted(), ..NewLineItem::default() };
    hidden_in(&line);
    let update = InvoiceUpdate {
        reference: Some(planted()),
        url: Some(planted()),
        line_items: Some(vec![line]),
        ..InvoiceUpdate::of(ID.parse().unwrap())
    };
    hidden_in(&update);
    hidden_in(&InvoicesBody::update(&update));
    let json = format!(
        r#"{{"Type":"ACCREC","Status":"DRAFT","InvoiceNumber":"{PLANTED}","Reference":"{PLANTED}","Contact":{{"ContactID":"{ID}"}},
            "Date":"2026-11-20","LineAmountTypes":"Exclusive","CurrencyCode":"GBP","Url":"{PLANTED}","LineItems":[{{"Description":"{PLANTED}"}}]}}"#
    );
    hidden_in(&serde_json::from_str::<NewInvoice>(&json).unwrap());
    let json = json
        .replace("ACCREC", "SPEND")
        .replace("\"Date\"", &format!("\"BankAccount\":{{\"AccountID\":\"{ID}\"}},\"Date\""));
    let spent = serde_json::from_str::<NewBankTransaction>(&json).unwrap();
    hidden_in(&spent);
    hidden_in(&BankTransactionsBody::of(&[spent]));
}

#[test]
fn sentences_are_kept_for_the_user_and_printed_as_a_count() {
    hidden_in(&Sentences::from(vec![planted()]));
    let refused = format!(
        r#"{{"InvoiceID":"{ID}","Reference":"{PLANTED}","HasErrors":true,"ValidationErrors":[{{"Message":"{PLANTED}"}}]}}"#
    );
    let element = judge::<Invoice>(&refused).unwrap();
    hidden_in(&element);
    assert!(matches!(element, Element::Refused { errors, .. } if *errors == [PLANTED]));
}

#[test]
fn no_answer_of_xero_gets_into_an_error() {
    let mut headers = HeaderMap::new();
    for name in ["xero-correlation-id", "x-rate-limit-problem", "retry-after", "www-authenticate"] {
        let value = format!("{PLANTED} {PLANTED}");
        headers.insert(name, HeaderValue::from_str(&value).unwrap());
    }
    let said = format!("\"{PLANTED} {PLANTED}\"");
    let bodies = [
        PLANTED.to_owned(),
        format!("<html>{PLANTED}</html>"),
        format!(r#"{{"Type":{said},"Title":{said},"Detail":{said},"Message":{said},"ErrorNumber":{said}}}"#),
        format!(r#"{{"Type":"ValidationException","Message":{said}}}"#),
        format!(r#"{{"Type":"ValidationException","Elements":[{{"ValidationErrors":[{{"Message":{said}}}]}}]}}"#),
        format!(r#"{{"Message":"Idempotency Key: {PLANTED} is used with a different request."}}"#),
        format!("The Organisation {PLANTED} is offline"),
    ];
    for status in [302, 400, 401, 403, 404, 406, 412, 413, 415, 429, 500, 501, 503] {
        for body in &bodies {
            let status = StatusCode::from_u16(status).unwrap();
            hidden_in_error(&error::read(status, &headers, body.as_bytes()));
        }
    }
}

#[test]
fn a_webhook_that_cannot_be_read_is_not_quoted() {
    let error = Payload::parse(PLANTED.as_bytes()).unwrap_err();
    hidden_in_error(&error);
}

#[tokio::test]
async fn a_failed_call_shows_neither_its_address_nor_its_token() {
    let endpoints = crate::stub::nobody().await;
    let client = crate::Client::new(crate::http::client().unwrap(), &endpoints);
    for value in [planted(), format!("{PLANTED}\n")] {
        let token = AccessToken::new(value, Timestamp::UNIX_EPOCH);
        let tenant = client.tenant(&token, ID.parse().unwrap());
        hidden_in(&tenant);
        hidden_in_error(&tenant.contacts_by_name(PLANTED).await.unwrap_err());
    }
}
