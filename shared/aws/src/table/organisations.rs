//! Mappings, what is known of organisations, and references to contacts.

mod parsed;
mod rows;

pub(super) use parsed::Parsed;

use super::{Item, Key, Stored, Table, number, text};
use crate::trouble::{because, unavailable};
use async_trait::async_trait;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use rows::Kept;
use rules::AccountId;
use rules::mapping::{self, Mapping};
use rules::organisation::{self, Facts};
use rules::ports::{Answer, Contacts, Mappings, Organisations, Written};
use rules::sync::contact::{self, ContactReference};
use std::sync::Arc;
use xero::TenantId;

const FACTS: &str = "organisation facts";

impl Stored for Mapping {
    const KIND: &'static str = "mapping";
    const VERSION: u32 = mapping::VERSION;

    fn key(&self) -> Key {
        mapping_key(&self.account, self.tenant)
    }

    fn revision(&mut self) -> &mut u64 {
        &mut self.revision
    }
}

#[async_trait]
impl Mappings for Table {
    async fn mapping(&self, account: &AccountId, tenant: TenantId) -> Answer<Option<Mapping>> {
        self.get(mapping_key(account, tenant)).await
    }

    async fn put_mapping(&self, mapping: &mut Mapping) -> Answer<Written> {
        self.put(mapping).await
    }
}

pub(super) fn mapping_key(account: &AccountId, tenant: TenantId) -> Key {
    Key::of_account(account, format!("MAPPING#{tenant}"))
}

pub(super) fn contact_key(account: &AccountId, tenant: TenantId, organisation: &str) -> Key {
    Key::of_account(account, format!("CONTACT#{tenant}#{organisation}"))
}

pub(super) fn facts_key(account: &AccountId, tenant: TenantId) -> Key {
    Key::of_account(account, format!("ORGANISATION#{tenant}"))
}

#[async_trait]
impl Organisations for Table {
    async fn facts(&self, account: &AccountId, tenant: TenantId) -> Answer<Option<Arc<Facts>>> {
        let key = facts_key(account, tenant);
        let item = self.get_item(key.clone(), "read what is known of an organisation").await?;
        let Some(mut item) = item else { return Ok(None) };
        // Of another version means not known: it is read from Xero again.
        let current = item.get("version").and_then(|version| version.as_n().ok());
        if current.map(String::as_str) != Some(organisation::VERSION.to_string().as_str()) {
            return Ok(None);
        }
        let Some(AttributeValue::B(body)) = item.remove("body") else {
            return Err(because("read an item", format!("a {FACTS} has no body")));
        };
        let body = body.into_inner();
        if let Some(facts) = self.parsed.of(&key, &body) {
            return Ok(Some(facts));
        }
        let json = std::str::from_utf8(&body).map_err(|error| because("read an item", error))?;
        let facts: Arc<Facts> = Arc::new(super::from_json::<Kept>(json, FACTS)?.into());
        self.parsed.remember(key, body, &facts);
        Ok(Some(facts))
    }

    async fn put_facts(&self, account: &AccountId, tenant: TenantId, facts: &Facts) -> Answer<()> {
        let mut item: Item = facts_key(account, tenant).into();
        item.insert("kind".to_owned(), text(FACTS));
        item.insert("version".to_owned(), number(facts.version));
        // As bytes: the quotes of a text are escaped, one by one, wherever it passes, and there are thousands.
        let body = super::body(&Kept::from(facts))?.into_bytes();
        item.insert("body".to_owned(), AttributeValue::B(Blob::new(body)));
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        put.send().await.map(|_| ()).map_err(|error| unavailable("store what is known of an organisation", &error))
    }
}

impl Stored for ContactReference {
    const KIND: &'static str = "contact";
    const VERSION: u32 = contact::VERSION;

    fn key(&self) -> Key {
        contact_key(&self.account, self.tenant, &self.organisation)
    }

    fn revision(&mut self) -> &mut u64 {
        &mut self.revision
    }
}

#[async_trait]
impl Contacts for Table {
    async fn contact(
        &self,
        account: &AccountId,
        tenant: TenantId,
        organisation: &str,
    ) -> Answer<Option<ContactReference>> {
        self.get(contact_key(account, tenant, organisation)).await
    }

    async fn contacts(&self, account: &AccountId, tenant: TenantId) -> Answer<Vec<ContactReference>> {
        let mut found = Vec::new();
        let mut start = None;
        loop {
            let query = self
                .client
                .query()
                .table_name(&self.name)
                .consistent_read(true)
                .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
                .expression_attribute_values(":pk", text(super::account_partition(account)))
                .expression_attribute_values(":sk", text(format!("CONTACT#{tenant}#")))
                .set_exclusive_start_key(start);
            let output = query.send().await.map_err(|error| unavailable("list contacts", &error))?;
            for item in output.items() {
                found.push(super::parse(item)?);
            }
            start = output.last_evaluated_key;
            if start.is_none() {
                return Ok(found);
            }
        }
    }

    async fn put_contact(&self, contact: &mut ContactReference) -> Answer<Written> {
        self.put(contact).await
    }
}
