//! Links that open a document in Xero's own pages, in the right organisation.
//!
//! The form is the one Xero documents for apps ("Deep link to Xero"): a sign-in page that switches
//! to the organisation of the short code and then redirects.

use url::{Url, form_urlencoded};

use crate::ids::{BankTransactionId, InvoiceId};

/// What a link opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// A sales invoice (ACCREC).
    Invoice(InvoiceId),
    /// A bill (ACCPAY).
    Bill(InvoiceId),
    /// A spend-money transaction.
    BankTransaction(BankTransactionId),
}

/// The link to a document in the organisation with this short code (such as `!x1YZa`).
#[expect(clippy::expect_used, reason = "a constant address that the test below parses")]
pub fn deep_link(short_code: &str, document: Document) -> Url {
    let code: String = form_urlencoded::byte_serialize(short_code.trim_start_matches('!').as_bytes()).collect();
    let mut url =
        Url::parse("https://go.xero.com/organisationlogin/default.aspx").expect("the constant address is a URL");
    url.set_query(Some(&format!("shortcode=!{code}&redirecturl={}", page(document))));
    url
}

fn page(document: Document) -> String {
    match document {
        Document::Invoice(id) => format!("/AccountsReceivable/View.aspx?InvoiceID={id}"),
        Document::Bill(id) => format!("/AccountsPayable/Edit.aspx?InvoiceID={id}"),
        Document::BankTransaction(id) => {
            format!("/Bank/ViewTransaction.aspx?bankTransactionID={id}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "1cf1a11c-a067-4a05-9c8b-06f281f7afed";

    #[test]
    fn an_invoice_opens_as_documented() {
        let link = deep_link("!NLglS", Document::Invoice(ID.parse().unwrap()));
        assert_eq!(
            link.as_str(),
            "https://go.xero.com/organisationlogin/default.aspx?shortcode=!NLglS&redirecturl=/AccountsReceivable/View.aspx?InvoiceID=1cf1a11c-a067-4a05-9c8b-06f281f7afed"
        );
    }

    #[test]
    fn a_bill_and_spend_money_open_their_own_pages() {
        let bill = deep_link("!G4KH-", Document::Bill(ID.parse().unwrap()));
        assert!(bill.as_str().contains("shortcode=!G4KH-&redirecturl=/AccountsPayable/Edit.aspx?InvoiceID="));
        let spent = deep_link("!G4KH-", Document::BankTransaction(ID.parse().unwrap()));
        assert!(spent.as_str().contains("redirecturl=/Bank/ViewTransaction.aspx?bankTransactionID="));
    }

    #[test]
    fn a_short_code_cannot_change_where_the_link_leads() {
        let link = deep_link("!x&redirecturl=//evil.test#", Document::Invoice(ID.parse().unwrap()));
        assert_eq!(link.host_str(), Some("go.xero.com"));
        assert_eq!(link.fragment(), None);
        assert_eq!(link.query_pairs().filter(|(key, _)| key == "redirecturl").count(), 1);
    }
}
