//! Invoices and bills, and the parts of a document that credit notes and bank transactions share.

pub(crate) mod document;
pub(crate) mod read;
pub(crate) mod view;
pub(crate) mod write;

use super::envelope::Names;

pub(crate) const NAMES: Names = Names { collection: "Invoices", id: "InvoiceID", has_errors: "HasErrors" };
