//! Every request that the client can send is one that Xero's published files allow, and every answer of the
//! stand-in is one that they describe. What is known to be wrong in those files is listed with the stand-in.

use std::collections::BTreeSet;

use anyhow::Context as _;
use jiff::Timestamp;
use jiff::civil::date;
use url::Url;
use xero::models::{
    Address, BankTransactionStatus, BankTransactionType, BankTransactionUpdate, BankTransactionsBody, InvoiceStatus,
    InvoiceType, InvoiceUpdate, InvoicesBody, LineAmountTypes, NewBankTransaction, NewContact, NewInvoice, NewLineItem,
    Phone,
};
use xero::{
    AccessToken, AppCredentials, Client, ContactId, Decimal, Element, Endpoints, IdempotencyKey, Identity, Secret,
};
use xero_stand_in::contract::Contract;
use xero_stand_in::control::{self, AppRegistration, Choice, JournalQuery};
use xero_stand_in::{ALEX, BANK, Config, HARBOUR_SOUND, StandIn};

const REDIRECT: &str = "http://localhost:9/oauth/callback";
const SCOPES: [&str; 5] = [
    "offline_access",
    "accounting.invoices",
    "accounting.contacts",
    "accounting.settings.read",
    "accounting.banktransactions",
];

/// The operations of the Accounting API and of identity that the client has a method for.
const OPERATIONS: [&str; 19] = [
    "createBankTransactions",
    "createContacts",
    "createInvoiceHistory",
    "createInvoices",
    "deleteConnection",
    "getAccounts",
    "getBankTransaction",
    "getBankTransactions",
    "getConnections",
    "getContact",
    "getContacts",
    "getCurrencies",
    "getInvoice",
    "getInvoices",
    "getOrganisations",
    "getTaxRates",
    "revocation",
    "updateBankTransaction",
    "updateInvoice",
];

#[tokio::test]
async fn every_request_that_the_client_can_send_is_one_that_xero_publishes() -> anyhow::Result<()> {
    let stand_in = StandIn::start(Config::default()).await?;
    call_everything(&stand_in).await?;
    let contract = Contract::load()?;
    let journal = stand_in.control().journal(&JournalQuery { bodies: true, ..JournalQuery::default() }).await?;
    let mut complaints = Vec::new();
    for entry in &journal {
        let said = contract.request(entry).into_iter().chain(contract.response(entry));
        complaints.extend(said.map(|complaint| format!("{}: {complaint}", entry.operation)));
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
    let called: BTreeSet<&str> = journal.iter().map(|entry| entry.operation.as_str()).collect();
    let missing: Vec<&str> = OPERATIONS.into_iter().filter(|operation| !called.contains(operation)).collect();
    assert!(missing.is_empty(), "not called: {missing:?} of {called:?}");
    stand_in.stop()
}

/// Calls every method of the client once at least.
async fn call_everything(stand_in: &StandIn) -> anyhow::Result<()> {
    let endpoints = Endpoints::new(stand_in.xero_url(), stand_in.xero_url(), stand_in.xero_url())?;
    let identity = identity(stand_in, &endpoints).await?;
    let (access, refresh) = consent(&identity, &endpoints).await?;
    let client = Client::new(xero::http::client()?, &endpoints);
    let consent = access.claims().and_then(|claims| claims.authentication_event_id);
    let connections = client.connections(&access, consent).await?;
    let connection = connections.first().context("the consent made a connection")?;
    let tenant = client.tenant(&access, connection.tenant_id);
    tenant.organisation().await?;
    tenant.accounts().await?;
    tenant.tax_rates().await?;
    tenant.currencies().await?;
    let contact = contacts(&tenant).await?;
    invoices(&tenant, contact).await?;
    spend_money(&tenant, contact).await?;
    client.delete_connection(&access, connection.id).await?;
    let app = identity.app_token(Timestamp::now()).await?;
    client.connections(&app, None).await?;
    identity.revoke(&refresh).await?;
    Ok(())
}

async fn identity(stand_in: &StandIn, endpoints: &Endpoints) -> anyhow::Result<Identity> {
    let app = AppRegistration {
        client_id: "0123456789ABCDEF0123456789ABCDEF".to_owned(),
        client_secret: "contract".to_owned(),
        name: "Sessional".to_owned(),
        redirect_uris: vec![REDIRECT.to_owned()],
        scopes: SCOPES.iter().map(ToString::to_string).chain(["app.connections".to_owned()]).collect(),
        tier: Default::default(),
        certified: false,
        webhook: None,
    };
    stand_in.control().register_app(&app).await?;
    let credentials = AppCredentials { client_id: app.client_id, client_secret: Secret::from(app.client_secret) };
    Ok(Identity::new(xero::http::client()?, endpoints.clone(), credentials))
}

async fn consent(identity: &Identity, endpoints: &Endpoints) -> anyhow::Result<(AccessToken, xero::RefreshToken)> {
    let redirect = Url::parse(REDIRECT)?;
    let id = "0123456789ABCDEF0123456789ABCDEF";
    let page = xero::oauth::authorize_url(endpoints, id, &redirect, &SCOPES, "state", None);
    let back = Url::parse(&control::consent(page.as_str(), Choice::allow(ALEX, HARBOUR_SOUND)).await?)?;
    let code = back.query_pairs().find(|(name, _)| name == "code").context("the consent gave a code")?.1.into_owned();
    let set = identity.exchange_code(&code, &redirect, None, Timestamp::now()).await?;
    let set = identity.refresh(&set.refresh.context("the consent gave a refresh token")?, Timestamp::now()).await?;
    Ok((set.access, set.refresh.context("the refresh gave a refresh token")?))
}

async fn contacts(tenant: &xero::Tenant<'_>) -> anyhow::Result<ContactId> {
    let new = NewContact {
        contact_number: Some("org_contract".to_owned()),
        name: "Contract & \"Sons\" Ltd".to_owned(),
        email_address: Some("accounts@contract.example".to_owned()),
        phones: vec![Phone {
            phone_type: "DEFAULT".to_owned(),
            phone_number: "020 7946 0000".to_owned(),
            ..Phone::default()
        }],
        addresses: vec![Address {
            address_type: "STREET".to_owned(),
            address_line1: Some("1 Quay Street".to_owned()),
            city: Some("Bristol".to_owned()),
            postal_code: Some("BS1 1AA".to_owned()),
            country: Some("United Kingdom".to_owned()),
            ..Address::default()
        }],
    };
    let name = new.name.clone();
    let made = tenant.create_contacts(&[new], &IdempotencyKey::new("contacts-1")?).await?;
    let Some(Element::Ok(contact, _)) = made.into_iter().next() else { anyhow::bail!("the contact was refused") };
    tenant.contact(contact.contact_id).await?;
    tenant.contact_by_number("org_contract").await?;
    tenant.contacts_by_name(&name).await?;
    tenant.contacts_by_name("Plain name").await?;
    tenant.search_contacts("Sons", 20).await?;
    Ok(contact.contact_id)
}

fn line(amount: i64) -> NewLineItem {
    NewLineItem {
        description: "Studio session".to_owned(),
        quantity: Some(Decimal::new(15, 1)),
        unit_amount: Some(Decimal::new(amount, 4)),
        account_code: Some("200".to_owned()),
        tax_type: Some("OUTPUT2".to_owned()),
        ..NewLineItem::default()
    }
}

async fn invoices(tenant: &xero::Tenant<'_>, contact: ContactId) -> anyhow::Result<()> {
    let new = NewInvoice {
        invoice_type: InvoiceType::Accrec,
        status: InvoiceStatus::Authorised,
        invoice_number: Some("SES-CONTRACT".to_owned()),
        reference: Some("PO 77".to_owned()),
        contact,
        date: date(2026, 11, 20),
        due_date: Some(date(2026, 12, 20)),
        line_amount_types: LineAmountTypes::Exclusive,
        currency_code: "GBP".to_owned(),
        url: Some("https://app.sessional.example/invoices/123".to_owned()),
        sent_to_contact: Some(true),
        line_items: vec![line(1_500_000), line(12_345)],
    };
    let made = tenant.create_invoices(&InvoicesBody::of(&[new]), &IdempotencyKey::new("invoices-1")?).await?;
    let Some(Element::Ok(invoice, _)) = made.into_iter().next() else { anyhow::bail!("the invoice was refused") };
    let id = invoice.invoice_id;
    tenant.invoice(id).await?;
    tenant.invoices_by_ids(&[id]).await?;
    tenant.invoices_by_numbers(&["SES-CONTRACT", "with, comma"]).await?;
    tenant.invoices_modified_since("2026-01-01T00:00:00Z".parse()?, 1).await?;
    tenant.add_history(id, "Made by Sessional").await?;
    let update = InvoiceUpdate { line_items: Some(vec![line(2_000_000)]), ..InvoiceUpdate::of(id) };
    tenant.update_invoice(id, &InvoicesBody::update(&update), &IdempotencyKey::new("update-1")?).await?;
    let void = InvoicesBody::update(&InvoiceUpdate::status(id, InvoiceStatus::Voided));
    tenant.update_invoice(id, &void, &IdempotencyKey::new("void-1")?).await?;
    Ok(())
}

async fn spend_money(tenant: &xero::Tenant<'_>, contact: ContactId) -> anyhow::Result<()> {
    let new = NewBankTransaction {
        transaction_type: BankTransactionType::Spend,
        contact,
        bank_account: xero::AccountId::from_uuid(BANK),
        date: date(2026, 11, 18),
        reference: Some("exp_contract".to_owned()),
        line_amount_types: LineAmountTypes::Inclusive,
        currency_code: None,
        url: Some("https://app.sessional.example/expenses/1".to_owned()),
        line_items: vec![NewLineItem {
            account_code: Some("429".to_owned()),
            tax_type: Some("INPUT2".to_owned()),
            ..line(360_000)
        }],
    };
    let body = BankTransactionsBody::of(&[new]);
    let made = tenant.create_bank_transactions(&body, &IdempotencyKey::new("spend-1")?).await?;
    let Some(Element::Ok(spend, _)) = made.into_iter().next() else { anyhow::bail!("spend money was refused") };
    let id = spend.bank_transaction_id;
    tenant.bank_transaction(id).await?;
    tenant.spend_money_on(date(2026, 11, 18)).await?;
    let update = BankTransactionUpdate::status(id, BankTransactionStatus::Deleted);
    let body = BankTransactionsBody::update(&update);
    tenant.update_bank_transaction(id, &body, &IdempotencyKey::new("delete-1")?).await?;
    Ok(())
}
