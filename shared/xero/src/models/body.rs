//! Request bodies as text: `{"Invoices":[…]}` around elements that were serialised before.

use std::fmt;

use serde::Serialize;

use super::new_bank_transaction::{BankTransactionUpdate, NewBankTransaction};
use super::new_invoice::{InvoiceUpdate, NewInvoice};

/// One element as JSON.
#[expect(clippy::expect_used, reason = "see the message")]
pub(super) fn element<T: Serialize>(element: &T) -> String {
    serde_json::to_string(element).expect("structs of text, ids, dates and decimals under fixed keys always serialise")
}

macro_rules! bodies {
    ($($(#[$doc:meta])* $name:ident of $new:ident or $update:ident under $key:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name {
            json: String,
            elements: usize,
        }

        impl $name {
            /// A body that creates these.
            pub fn of(new: &[$new]) -> Self {
                Self::from_elements(new.iter().map($new::to_json))
            }

            /// A body that makes this one change.
            pub fn update(update: &$update) -> Self {
                Self::from_elements([update.to_json()])
            }

            /// A body of elements that were serialised before, sent exactly as they are.
            pub fn from_elements<I>(elements: I) -> Self
            where
                I: IntoIterator,
                I::Item: AsRef<str>,
            {
                let mut json = String::from(concat!("{\"", $key, "\":["));
                let mut count = 0;
                for element in elements {
                    if count > 0 {
                        json.push(',');
                    }
                    json.push_str(element.as_ref());
                    count += 1;
                }
                json.push_str("]}");
                Self { json, elements: count }
            }

            /// The text that is sent.
            pub fn as_str(&self) -> &str {
                &self.json
            }

            /// How many elements it holds; Xero answers as many, in the same order.
            pub fn elements(&self) -> usize {
                self.elements
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({} elements)"), self.elements)
            }
        }
    )*};
}

bodies! {
    /// The body of a write to `/Invoices`.
    InvoicesBody of NewInvoice or InvoiceUpdate under "Invoices";
    /// The body of a write to `/BankTransactions`.
    BankTransactionsBody of NewBankTransaction or BankTransactionUpdate under "BankTransactions";
}
