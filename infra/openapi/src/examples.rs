//! Examples of what the calls take and answer; a test holds each against its schema.

use serde_json::{Value, json};

/// An organisation.
pub(crate) const TENANT: &str = "9a1d3c55-0000-4000-8000-000000000003";
/// A confirmation, as the return page finds it.
pub(crate) const CONFIRMATION: &str = "b25lLXRpbWUtYW5kLW9ubHktYW4tZXhhbXBsZS1oZXI";
const BROWSER_KEY: &str = "a2VwdC1ieS10aGUtYXBwLWluLXRoaXMtYnJvd3Nlcis";
const ACCOUNT: &str = "acc00000-0000-4000-8000-000000000200";
const FUEL: &str = "acc00000-0000-4000-8000-000000000449";
const DOCUMENT: &str = "1d0f0000-0000-4000-8000-000000000020";
/// A contact.
pub(crate) const CONTACT: &str = "c0a7ac70-0000-4000-8000-000000000011";

pub(crate) fn started() -> Value {
    json!({ "authorise_url": "https://login.xero.com/identity/connect/authorize?response_type=code&client_id=…",
            "browser_key": BROWSER_KEY, "expires_at": "2026-11-20T10:30:00Z" })
}

pub(crate) fn confirmation_request() -> Value {
    json!({ "confirmation": CONFIRMATION, "browser_key": BROWSER_KEY })
}

pub(crate) fn status() -> Value {
    json!({
        "status": "error",
        "organisation": { "tenant_id": TENANT, "name": "Harbour Sound Ltd" },
        "connected_at": "2026-11-01T09:30:00Z",
        "error": {
            "reason": "organisation_gone",
            "message": "The organisation is no longer connected to Sessional in Xero. It was disconnected there, or \
                        reset. Authorise it again and everything that waits is sent in order.",
            "action": "reauthorise",
        },
        "setup": {
            "organisation": true,
            "sales_mapped": true,
            "unmapped_categories": ["training"],
            "broken": [{ "category": "fuel", "account": "Motor Vehicle Expenses", "reason": "It is archived in Xero",
                         "waiting": 3 }],
        },
        "last_checked_at": "2026-11-20T08:12:00Z",
        "limits": { "waiting_until": null },
    })
}

pub(crate) fn organisations() -> Value {
    json!({ "organisations": [{ "tenant_id": TENANT, "name": "Harbour Sound Ltd" }] })
}

pub(crate) fn chosen() -> Value {
    json!({ "status": "connected", "organisation": { "tenant_id": TENANT, "name": "Harbour Sound Ltd" } })
}

pub(crate) fn chart() -> Value {
    json!({
        "fetched_at": "2026-11-20T09:30:00Z",
        "accounts": [{
            "account_id": ACCOUNT, "code": "200", "name": "Sales", "class": "REVENUE", "type": "REVENUE",
            "tax_type": "OUTPUT2", "choosable_for": ["sales"],
            "why_not": { "expense": "Expenses are posted to an expense, asset or liability account",
                         "bank": "It is not a bank account" },
        }],
        "suggestions": [{ "category": "sales", "account_id": ACCOUNT, "confidence": "high",
                          "reason": "Its name contains \u{201c}sales\u{201d}" }],
        "plan": null,
    })
}

pub(crate) fn mapping_request() -> Value {
    json!({ "sales": { "account_id": ACCOUNT }, "expenses": { "fuel": { "account_id": FUEL } },
            "expense_documents": { "post_as": "bill", "status": "authorised" }, "version": 1 })
}

pub(crate) fn mapping() -> Value {
    json!({
        "sales": { "account_id": ACCOUNT }, "expenses": { "fuel": { "account_id": FUEL } },
        "expense_documents": { "post_as": "bill", "status": "authorised" },
        "version": 2, "chosen_at": "2026-11-20T09:31:00Z",
        "earlier": [{ "sales": { "account_id": ACCOUNT }, "expenses": {},
                      "expense_documents": { "post_as": "bill", "status": "draft" },
                      "version": 1, "chosen_at": "2026-11-19T15:02:00Z" }],
    })
}

pub(crate) fn contacts() -> Value {
    json!({
        "contacts": [
            { "contact_id": CONTACT, "name": "Harbour Sound Ltd", "linked_to": null },
            { "contact_id": "c0a7ac70-0000-4000-8000-000000000012", "name": "Harbour Studios", "linked_to": "org_7" },
        ],
        "more": false,
    })
}

pub(crate) fn linked() -> Value {
    json!({ "organisation_id": "org_1", "contact_id": CONTACT, "name": "Harbour Sound Ltd" })
}

pub(crate) fn record() -> Value {
    json!({
        "kind": "invoice", "id": "inv_1", "number": "SES-000123", "state": "paid", "stands": "paid",
        "under_way": "nothing",
        "xero": { "id": DOCUMENT, "number": "SES-000123",
                  "url": format!("https://go.xero.com/organisationlogin/default.aspx?shortcode=!a1B2c&redirecturl=/AccountsReceivable/View.aspx?InvoiceID={DOCUMENT}") },
        "amounts": { "currency": "GBP", "sessional_total": "540.00", "xero_total": "540.00", "due": "0.00",
                     "paid": "540.00", "credited": "0.00" },
        "payments": [{ "id": "5e0f0000-0000-4000-8000-000000000050", "date": "2026-11-20", "amount": "540.00" }],
        "paid_on": "2026-11-20", "message": "Paid in full on 20 November 2026, as Xero shows", "failure": null,
        "remark": null, "divergence": null, "changed_at": "2026-11-20T10:00:00Z",
        "history": [{ "at": "2026-11-20T09:32:00Z", "state": "synced", "message": "Created in Xero" }],
    })
}

pub(crate) fn records() -> Value {
    json!({ "records": [record()], "next": null })
}

pub(crate) fn retried() -> Value {
    json!({ "retried": 1, "more": false })
}

pub(crate) fn causes() -> Value {
    json!({ "causes": [{
        "cause": "account_archived:Sales", "state": "failed", "count": 12,
        "message": "12 items wait for one account that is archived or deleted in Xero: \u{201c}Sales\u{201d}.",
        "action": "map_accounts", "retry": true,
        "records": [{ "kind": "invoice", "id": "inv_1", "number": "SES-000123" }],
    }] })
}

pub(crate) fn document_choice() -> Value {
    json!({ "queued": false, "send_again": false })
}

pub(crate) fn events() -> Value {
    json!({ "events": [{
        "version": 1, "id": "evt_1", "type": "invoice.created", "account_id": "acc_1",
        "occurred_at": "2026-11-20T09:30:00Z",
        "invoice": {
            "id": "inv_1", "number": "SES-000123", "reference": "PO 77", "currency": "GBP",
            "issued_on": "2026-11-20", "due_on": "2026-12-20", "line_amounts": "exclusive", "total": "540.00",
            "url": "https://app.sessional.example/invoices/123",
            "organisation": { "id": "org_1", "name": "Harbour Sound Ltd" },
            "lines": [{ "description": "Studio session", "quantity": "3", "unit_amount": "150.00", "tax_rate": "20" }],
        },
    }] })
}

pub(crate) fn taken() -> Value {
    json!({ "results": [
        { "id": "evt_1", "status": "accepted" },
        { "id": "evt_2", "status": "refused", "problem": refusal() },
    ] })
}

pub(crate) fn tried() -> Value {
    json!({ "results": [
        {
            "index": 0, "id": "evt_1", "outcome": "would_create", "message": "It would be created in Xero",
            "cause": null, "action": null,
            "requests": [{ "method": "PUT", "path": "/Invoices", "query": "summarizeErrors=false&unitdp=4",
                           "body": { "Invoices": [{ "InvoiceNumber": "SES-000123", "Contact": { "ContactID": CONTACT } }] } }],
        },
        { "index": 1, "id": "evt_2", "outcome": "refused", "problem": refusal() },
    ] })
}

fn refusal() -> Value {
    json!({ "type": "/problems/invalid-event", "title": "The event is not valid", "status": 422,
            "detail": "This must be a decimal in a string, such as \"150.00\"", "field": "invoice.lines[0].quantity" })
}
