//! What is written, to the letter; what is read, from the shapes Xero sends.

use insta::assert_snapshot;
use jiff::civil::date;

use super::*;
use crate::ids::AccountId;
use crate::money::Decimal;

fn decimal(text: &str) -> Decimal {
    Decimal::from_str_exact(text).unwrap()
}

fn id<T: std::str::FromStr>(last: u32) -> T
where
    T::Err: std::fmt::Debug,
{
    format!("c0ffee00-0000-4000-8000-{last:012x}").parse().unwrap()
}

fn sale() -> NewInvoice {
    NewInvoice {
        invoice_type: InvoiceType::Accrec,
        status: InvoiceStatus::Authorised,
        invoice_number: Some("SES-000123".to_owned()),
        reference: Some("PO 77".to_owned()),
        contact: id(16),
        date: date(2026, 11, 20),
        due_date: Some(date(2026, 12, 20)),
        line_amount_types: LineAmountTypes::Exclusive,
        currency_code: "GBP".to_owned(),
        url: Some("https://app.sessional.example/invoices/123".to_owned()),
        sent_to_contact: Some(true),
        line_items: vec![NewLineItem {
            description: "Studio session".to_owned(),
            quantity: Some(decimal("3")),
            unit_amount: Some(decimal("150.00")),
            account_code: Some("200".to_owned()),
            tax_type: Some("OUTPUT2".to_owned()),
            ..NewLineItem::default()
        }],
    }
}

#[test]
fn a_sales_invoice_is_written_as_documented() {
    assert_snapshot!(InvoicesBody::of(&[sale()]).as_str(), @r#"{"Invoices":[{"Type":"ACCREC","Status":"AUTHORISED","InvoiceNumber":"SES-000123","Reference":"PO 77","Contact":{"ContactID":"c0ffee00-0000-4000-8000-000000000010"},"Date":"2026-11-20","DueDate":"2026-12-20","LineAmountTypes":"Exclusive","CurrencyCode":"GBP","Url":"https://app.sessional.example/invoices/123","SentToContact":true,"LineItems":[{"Description":"Studio session","Quantity":3,"UnitAmount":150.00,"AccountCode":"200","TaxType":"OUTPUT2"}]}]}"#);
}

#[test]
fn what_is_not_set_is_not_written() {
    let bill = NewInvoice {
        invoice_type: InvoiceType::Accpay,
        status: InvoiceStatus::Draft,
        invoice_number: None,
        reference: None,
        due_date: None,
        url: None,
        sent_to_contact: None,
        line_items: vec![NewLineItem { description: "Train".to_owned(), ..NewLineItem::default() }],
        ..sale()
    };
    assert_snapshot!(bill.to_json(), @r#"{"Type":"ACCPAY","Status":"DRAFT","Contact":{"ContactID":"c0ffee00-0000-4000-8000-000000000010"},"Date":"2026-11-20","LineAmountTypes":"Exclusive","CurrencyCode":"GBP","LineItems":[{"Description":"Train"}]}"#);
}

#[test]
fn a_void_names_the_document_and_its_status_alone() {
    let update = InvoiceUpdate::status(id(32), InvoiceStatus::Voided);
    assert_snapshot!(InvoicesBody::update(&update).as_str(), @r#"{"Invoices":[{"InvoiceID":"c0ffee00-0000-4000-8000-000000000020","Status":"VOIDED"}]}"#);
}

#[test]
fn an_update_sends_every_line_with_its_id() {
    let update = InvoiceUpdate {
        contact: Some(id(16)),
        sent_to_contact: Some(true),
        line_items: Some(vec![NewLineItem {
            line_item_id: Some(id(48)),
            description: "Studio session".to_owned(),
            ..NewLineItem::default()
        }]),
        ..InvoiceUpdate::of(id(32))
    };
    assert_snapshot!(update.to_json(), @r#"{"InvoiceID":"c0ffee00-0000-4000-8000-000000000020","Contact":{"ContactID":"c0ffee00-0000-4000-8000-000000000010"},"SentToContact":true,"LineItems":[{"LineItemID":"c0ffee00-0000-4000-8000-000000000030","Description":"Studio session"}]}"#);
}

#[test]
fn spend_money_is_written_with_the_account_by_id() {
    let spent = NewBankTransaction {
        transaction_type: BankTransactionType::Spend,
        contact: id(16),
        bank_account: id::<AccountId>(64),
        date: date(2026, 11, 20),
        reference: Some("exp_1".to_owned()),
        line_amount_types: LineAmountTypes::Inclusive,
        currency_code: None,
        url: None,
        line_items: vec![NewLineItem {
            description: "Fuel".to_owned(),
            quantity: Some(Decimal::ONE),
            unit_amount: Some(decimal("41.10")),
            account_code: Some("449".to_owned()),
            ..NewLineItem::default()
        }],
    };
    assert_snapshot!(BankTransactionsBody::of(&[spent]).as_str(), @r#"{"BankTransactions":[{"Type":"SPEND","Contact":{"ContactID":"c0ffee00-0000-4000-8000-000000000010"},"BankAccount":{"AccountID":"c0ffee00-0000-4000-8000-000000000040"},"Date":"2026-11-20","Reference":"exp_1","LineAmountTypes":"Inclusive","LineItems":[{"Description":"Fuel","Quantity":1,"UnitAmount":41.10,"AccountCode":"449"}]}]}"#);
    let removal = BankTransactionUpdate::status(id(80), BankTransactionStatus::Deleted);
    assert_snapshot!(BankTransactionsBody::update(&removal).as_str(), @r#"{"BankTransactions":[{"BankTransactionID":"c0ffee00-0000-4000-8000-000000000050","Status":"DELETED"}]}"#);
}

#[test]
fn a_contact_is_written_with_what_is_known() {
    let contact = NewContact {
        contact_number: Some("org_1".to_owned()),
        name: "Harbour Sound Ltd".to_owned(),
        email_address: Some("accounts@harbour.example".to_owned()),
        phones: vec![Phone {
            phone_type: "DEFAULT".to_owned(),
            phone_number: "+44 20 7946 0000".to_owned(),
            ..Phone::default()
        }],
        addresses: vec![Address {
            address_type: "POBOX".to_owned(),
            address_line1: Some("1 Quay".to_owned()),
            city: Some("Bristol".to_owned()),
            postal_code: Some("BS1 1AA".to_owned()),
            ..Address::default()
        }],
    };
    assert_snapshot!(serde_json::to_string(&contact).unwrap(), @r#"{"ContactNumber":"org_1","Name":"Harbour Sound Ltd","EmailAddress":"accounts@harbour.example","Phones":[{"PhoneType":"DEFAULT","PhoneNumber":"+44 20 7946 0000"}],"Addresses":[{"AddressType":"POBOX","AddressLine1":"1 Quay","City":"Bristol","PostalCode":"BS1 1AA"}]}"#);
    let name_only = NewContact { name: "Harbour Sound Ltd".to_owned(), ..NewContact::default() };
    assert_snapshot!(serde_json::to_string(&name_only).unwrap(), @r#"{"Name":"Harbour Sound Ltd"}"#);
}

#[test]
fn kept_elements_are_sent_byte_for_byte() {
    let kept = [r#"{ "Type":"ACCREC" }"#, "{}"];
    let body = InvoicesBody::from_elements(kept);
    assert_eq!(body.as_str(), r#"{"Invoices":[{ "Type":"ACCREC" },{}]}"#);
    assert_eq!(body.elements(), 2);
    assert_eq!(InvoicesBody::of(&[]).as_str(), r#"{"Invoices":[]}"#);
}

#[test]
fn a_new_invoice_survives_being_kept() {
    let read: NewInvoice = serde_json::from_str(&sale().to_json()).unwrap();
    assert!(read == sale());
}

const INVOICE: &str = r#"{"Type":"ACCREC","InvoiceID":"1d0f0000-0000-4000-8000-000000000020",
  "InvoiceNumber":"SES-000123","Reference":"PO 77","Status":"PAID","StatusAttributeString":"OK","HasErrors":false,
  "DateString":"2026-11-20T00:00:00","Date":"/Date(1795132800000+0000)/",
  "DueDate":"/Date(1797724800000+0000)/","LineAmountTypes":"Exclusive","CurrencyCode":"GBP","CurrencyRate":1.0,
  "SubTotal":450.00,"TotalTax":90.00,"Total":540.00,"AmountDue":0.00,"AmountPaid":500.10,"AmountCredited":39.90,
  "FullyPaidOnDate":"/Date(1795478400000+0000)/","SentToContact":true,"Url":"https://app.sessional.example/invoices/123",
  "Payments":[{"PaymentID":"0a0a0000-0000-4000-8000-000000000001","Date":"/Date(1795478400000+0000)/","Amount":500.10,"HasAccount":false}],
  "Contact":{"ContactID":"c0ffee00-0000-4000-8000-000000000010","Name":"Harbour Sound Ltd","ContactStatus":"ACTIVE","Addresses":[],"Phones":[]},
  "LineItems":[{"LineItemID":"77aa0000-0000-4000-8000-000000000001","Description":"Studio session","Quantity":3.0000,
    "UnitAmount":150.1234,"LineAmount":450.37,"TaxType":"OUTPUT2","TaxAmount":90.00,"AccountCode":"200","Tracking":[]}],
  "UpdatedDateUTC":"/Date(1795167731070+0000)/","UpdatedDateUTCString":"2026-11-20T09:42:11Z","New":{"x":[1]}}"#;

#[test]
fn an_invoice_is_read_with_its_amounts_to_the_last_digit() {
    let invoice: Invoice = serde_json::from_str(INVOICE).unwrap();
    assert_eq!(invoice.status, InvoiceStatus::Paid);
    assert_eq!(invoice.date, Some(date(2026, 11, 20)));
    assert_eq!(invoice.due_date, Some(date(2026, 12, 20)));
    assert_eq!(invoice.fully_paid_on_date, Some(date(2026, 11, 24)));
    assert_eq!(invoice.amount_paid, Some(decimal("500.10")));
    assert_eq!(invoice.amount_credited, Some(decimal("39.90")));
    assert_eq!(invoice.payments[0].amount, Some(decimal("500.10")));
    assert_eq!(invoice.payments[0].date, Some(date(2026, 11, 24)));
    assert_eq!(invoice.line_items[0].unit_amount, Some(decimal("150.1234")));
    assert_eq!(invoice.contact.as_ref().unwrap().contact_id, id(16));
    assert_eq!(invoice.updated, Some("2026-11-20T09:42:11Z".parse().unwrap()));
}

#[test]
fn an_invoice_may_be_nothing_but_an_id() {
    let bare = r#"{"InvoiceID":"1d0f0000-0000-4000-8000-000000000020"}"#;
    let invoice: Invoice = serde_json::from_str(bare).unwrap();
    assert_eq!(invoice.status, InvoiceStatus::Other(String::new()));
    assert_eq!((invoice.total, invoice.date, invoice.updated), (None, None, None));
    let nulls = r#"{"InvoiceID":"1d0f0000-0000-4000-8000-000000000020","Type":null,"Status":null,"Contact":null,
        "Date":null,"LineItems":null,"Payments":null,"Total":null,"Reference":"","Url":null,"SentToContact":null,
        "UpdatedDateUTC":"","LineAmountTypes":null}"#;
    assert!(serde_json::from_str::<Invoice>(nulls).unwrap() == invoice);
}

#[test]
fn an_unknown_value_is_kept_as_it_came() {
    let status: InvoiceStatus = serde_json::from_str("\"REFUNDED\"").unwrap();
    assert_eq!(status, InvoiceStatus::Other("REFUNDED".to_owned()));
    assert_eq!(serde_json::to_string(&status).unwrap(), "\"REFUNDED\"");
    assert_eq!(serde_json::from_str::<InvoiceStatus>("\"paid\"").unwrap(), InvoiceStatus::Paid);
    assert_eq!(InvoiceStatus::Paid.to_string(), "PAID");
}

#[test]
fn a_contact_that_was_merged_names_the_one_that_stayed() {
    let merged: Contact = serde_json::from_str(
        r#"{"ContactID":"c0ffee00-0000-4000-8000-000000000010","ContactStatus":"ARCHIVED","ContactNumber":"",
            "MergedToContactID":"c0ffee00-0000-4000-8000-000000000011"}"#,
    )
    .unwrap();
    assert_eq!(merged.merged_to, Some(id(17)));
    assert_eq!((merged.contact_status, merged.contact_number), (ContactStatus::Archived, None));
}

#[test]
fn the_copy_of_an_organisation_reads_like_the_original() {
    let organisation: Organisation = serde_json::from_str(
        r#"{"OrganisationID":"9a1d3c55-0000-4000-8000-000000000003","Name":"Jane's Studio","PaysTax":true,"Version":"UK",
            "BaseCurrency":"GBP","CountryCode":"GB","IsDemoCompany":false,"OrganisationStatus":"ACTIVE","Class":"GROW",
            "PeriodLockDate":"/Date(1790726400000+0000)/","EndOfYearLockDate":"/Date(1775001600000+0000)/",
            "ShortCode":"!x1YZa","Timezone":"GMTSTANDARDTIME","DefaultSalesTax":"Tax Exclusive"}"#,
    )
    .unwrap();
    assert_eq!(organisation.locked_until(), Some(date(2026, 9, 30)));
    let copy = serde_json::to_string(&organisation).unwrap();
    assert!(serde_json::from_str::<Organisation>(&copy).unwrap() == organisation);
}

#[test]
fn the_copies_of_accounts_and_tax_rates_read_like_the_originals() {
    let account: Account = serde_json::from_str(
        r#"{"AccountID":"ab120000-0000-4000-8000-000000000001","Code":"200","Name":"Sales","Type":"REVENUE","Class":"REVENUE",
            "Status":"ACTIVE","TaxType":"OUTPUT2","SystemAccount":"","EnablePaymentsToAccount":false,"ReportingCode":"REV"}"#,
    )
    .unwrap();
    assert!(account.takes_lines());
    let copy = serde_json::to_string(&account).unwrap();
    assert!(serde_json::from_str::<Account>(&copy).unwrap() == account);
    let rate: TaxRate = serde_json::from_str(
        r#"{"Name":"20% (VAT on Income)","TaxType":"OUTPUT2","Status":"ACTIVE","EffectiveRate":20.0000,"CanApplyToRevenue":true}"#,
    )
    .unwrap();
    assert!(rate.can_apply_to(&account.class));
    assert!(!rate.can_apply_to(&AccountClass::Expense));
    let copy = serde_json::to_string(&rate).unwrap();
    assert_eq!(serde_json::from_str::<TaxRate>(&copy).unwrap(), rate);
}

#[test]
fn lines_go_to_active_ordinary_accounts_with_a_code() {
    let account = |fields: &str| -> Account {
        let json = format!(r#"{{"AccountID":"ab120000-0000-4000-8000-000000000001",{fields}}}"#);
        serde_json::from_str(&json).unwrap()
    };
    for refused in [
        r#""Code":"610","Status":"ACTIVE","Type":"CURRENT","SystemAccount":"DEBTORS""#,
        r#""Code":"200","Status":"ARCHIVED","Type":"REVENUE""#,
        r#""Code":"090","Status":"ACTIVE","Type":"BANK""#,
        r#""Code":"","Status":"ACTIVE","Type":"REVENUE""#,
        r#""Code":"200""#,
    ] {
        assert!(!account(refused).takes_lines(), "{refused}");
    }
}

#[test]
fn a_connection_has_dates_with_seven_digits() {
    let connection: Connection = serde_json::from_str(
        r#"{"id":"5b8f2f0e-0000-4000-8000-000000000001","authEventId":"0f0c2b7e-0000-4000-8000-000000000002",
            "tenantId":"9a1d3c55-0000-4000-8000-000000000003","tenantType":"ORGANISATION","tenantName":"Harbour Sound Ltd",
            "createdDateUtc":"2026-10-02T08:14:31.5165400","updatedDateUtc":"2026-11-20T10:02:11.0187840"}"#,
    )
    .unwrap();
    assert!(connection.is_organisation());
    assert_eq!(connection.created, Some("2026-10-02T08:14:31.51654Z".parse().unwrap()));
    let practice = r#"{"id":"5b8f2f0e-0000-4000-8000-000000000001","tenantId":"9a1d3c55-0000-4000-8000-000000000003","tenantType":"PRACTICE","authEventId":null}"#;
    assert!(!serde_json::from_str::<Connection>(practice).unwrap().is_organisation());
}

#[test]
fn spend_money_is_read_with_its_account_and_state() {
    let spent: BankTransaction = serde_json::from_str(
        r#"{"BankTransactionID":"0b0b0000-0000-4000-8000-000000000001","Type":"SPEND","Status":"AUTHORISED","Reference":"exp_1",
            "BankAccount":{"AccountID":"ab120000-0000-4000-8000-000000000001","Name":"Current"},"DateString":"2026-11-20T00:00:00",
            "Date":"/Date(1795132800000+0000)/","Total":41.10,"IsReconciled":true,"UpdatedDateUTC":"/Date(1795167731070+0000)/"}"#,
    )
    .unwrap();
    assert!(spent.is_reconciled);
    assert_eq!(spent.bank_account, Some("ab120000-0000-4000-8000-000000000001".parse().unwrap()));
    assert_eq!(spent.date, Some(date(2026, 11, 20)));
    assert_eq!(spent.total, Some(decimal("41.10")));
}
