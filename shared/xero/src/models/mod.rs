//! Xero's resources as this service reads and writes them.
//!
//! Reading is tolerant: every field may be missing or null, unknown fields are ignored, every
//! enumeration is open. Writing is exact: only what is set, never `null`, decimals plain.
//! `Debug` of what carries people's data shows identifiers and states, never names or text.

mod account;
mod bank_transaction;
mod body;
mod connection;
mod contact;
mod invoice;
mod lenient;
mod line;
mod new_bank_transaction;
mod new_contact;
mod new_invoice;
mod open;
mod organisation;
mod payment;
mod tax_rate;

pub use account::{Account, AccountClass, AccountStatus, AccountType};
pub use bank_transaction::{BankTransaction, BankTransactionStatus, BankTransactionType};
pub use body::{BankTransactionsBody, InvoicesBody};
pub use connection::Connection;
pub use contact::{Contact, ContactStatus};
pub use invoice::{Invoice, InvoiceStatus, InvoiceType};
pub use line::{LineAmountTypes, LineItem, NewLineItem};
pub use new_bank_transaction::{BankTransactionUpdate, NewBankTransaction};
pub use new_contact::{Address, ContactUpdate, NewContact, Phone};
pub use new_invoice::{InvoiceUpdate, NewInvoice};
pub use organisation::{Currency, Organisation};
pub use payment::{Payment, PaymentStatus};
pub use tax_rate::{TaxRate, TaxRateStatus};

/// `Debug` that shows the named fields alone.
macro_rules! shows {
    ($type:ident { $($field:ident),* $(,)? }) => {
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($type))
                    $(.field(stringify!($field), &self.$field))*
                    .finish_non_exhaustive()
            }
        }
    };
}
use shows;

#[cfg(test)]
mod tests;
