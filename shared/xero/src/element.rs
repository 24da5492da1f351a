//! One element of a write's answer, judged by itself.
//!
//! With `summarizeErrors=false` Xero answers 200 whatever happened; only the element says whether
//! it was saved, and it says so in several places. Any sign of refusal counts as one.

use std::fmt;
use std::ops::Deref;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::models::{BankTransaction, Contact, Invoice};

/// What Xero said about an element, in its own English. `Debug` shows how many, because the
/// sentences quote names.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Sentences(Vec<String>);

impl Sentences {
    /// The sentences themselves, to be shown to the user they are about.
    pub fn into_vec(self) -> Vec<String> {
        self.0
    }
}

impl From<Vec<String>> for Sentences {
    fn from(sentences: Vec<String>) -> Self {
        Self(sentences)
    }
}

impl Deref for Sentences {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Debug for Sentences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sentences({})", self.0.len())
    }
}

/// What became of one element of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element<T> {
    /// It was saved, perhaps with warnings.
    Ok(T, Sentences),
    /// It was refused.
    Refused {
        /// Why. Empty if Xero gave no reason.
        errors: Sentences,
        /// What Xero echoed, where it can be read. Its id may be the zero UUID.
        entity: Option<T>,
    },
}

impl<T> Element<T> {
    /// The saved entity, or the reasons.
    pub fn into_result(self) -> Result<T, Sentences> {
        match self {
            Self::Ok(entity, _) => Ok(entity),
            Self::Refused { errors, .. } => Err(errors),
        }
    }
}

/// What Xero saves under an id, or echoes under the zero UUID when it did not.
pub(crate) trait Saved: DeserializeOwned {
    /// Whether it has an id.
    fn is_saved(&self) -> bool;
}

impl Saved for Contact {
    fn is_saved(&self) -> bool {
        !self.contact_id.is_nil()
    }
}

impl Saved for Invoice {
    fn is_saved(&self) -> bool {
        !self.invoice_id.is_nil()
    }
}

impl Saved for BankTransaction {
    fn is_saved(&self) -> bool {
        !self.bank_transaction_id.is_nil()
    }
}

/// Judges one element. Nothing if it claims to be saved and cannot be read.
pub(crate) fn judge<T: Saved>(json: &str) -> Option<Element<T>> {
    let value: Value = serde_json::from_str(json).ok()?;
    let errors = complaints(&value, "ValidationErrors");
    let refused = !errors.is_empty() || is_marked_refused(&value);
    match serde_json::from_str::<T>(json).ok() {
        Some(entity) if !refused && entity.is_saved() => {
            let warnings = complaints(&value, "Warnings");
            Some(Element::Ok(entity, Sentences(warnings)))
        }
        None if !refused => None,
        entity => Some(Element::Refused { errors: Sentences(errors), entity }),
    }
}

/// The field of this name, whatever the case of its key.
pub(crate) fn field<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Every sentence under a key of this name, at any depth, without repeats.
pub(crate) fn complaints(value: &Value, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect(value, name, &mut found);
    found
}

fn collect(value: &Value, name: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                if key.eq_ignore_ascii_case(name) {
                    add_sentences(value, found);
                } else {
                    collect(value, name, found);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, name, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn add_sentences(value: &Value, found: &mut Vec<String>) {
    for item in value.as_array().into_iter().flatten() {
        let sentence =
            item.as_str().or_else(|| field(item, "Message")?.as_str()).or_else(|| field(item, "Description")?.as_str());
        if let Some(sentence) = sentence.map(str::trim).filter(|sentence| !sentence.is_empty())
            && !found.iter().any(|known| known == sentence)
        {
            found.push(sentence.to_owned());
        }
    }
}

fn is_marked_refused(value: &Value) -> bool {
    let flag = |name| field(value, name).and_then(Value::as_bool).unwrap_or(false);
    let status = field(value, "StatusAttributeString").and_then(Value::as_str);
    flag("HasErrors")
        || flag("HasValidationErrors")
        || status.is_some_and(|status| status.eq_ignore_ascii_case("ERROR"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = r#""InvoiceID":"1d0f0000-0000-4000-8000-000000000020""#;

    fn judged(fields: &str) -> Element<Invoice> {
        judge(&format!("{{{ID},{fields}}}")).unwrap()
    }

    fn reasons(element: Element<Invoice>) -> Vec<String> {
        element.into_result().unwrap_err().into_vec()
    }

    #[test]
    fn an_element_without_a_sign_of_refusal_was_saved() {
        for fields in [
            r#""Status":"AUTHORISED""#,
            r#""StatusAttributeString":"OK","HasErrors":false,"ValidationErrors":[]"#,
            r#""ValidationErrors":null,"HasErrors":null"#,
        ] {
            assert!(matches!(judged(fields), Element::Ok(..)), "{fields}");
        }
    }

    #[test]
    fn warnings_do_not_refuse() {
        let element = judged(r#""StatusAttributeString":"WARNING","Warnings":[{"Message":"Rate of yesterday"}]"#);
        let Element::Ok(_, warnings) = element else {
            panic!("{element:?}");
        };
        assert_eq!(*warnings, ["Rate of yesterday"]);
    }

    #[test]
    fn any_one_sign_refuses() {
        for fields in [
            r#""StatusAttributeString":"ERROR""#,
            r#""statusAttributeString":"Error""#,
            r#""HasErrors":true"#,
            r#""HasValidationErrors":true"#,
        ] {
            assert_eq!(reasons(judged(fields)), [""; 0], "{fields}");
        }
        let said = r#""StatusAttributeString":"OK","ValidationErrors":[{"Message":"No."}]"#;
        assert_eq!(reasons(judged(said)), ["No."]);
    }

    #[test]
    fn reasons_are_found_in_the_contact_and_in_lines() {
        let element = judged(
            r#""HasErrors":true,"ValidationErrors":[{"Message":"Top"}],
               "Contact":{"ContactID":"c0ffee00-0000-4000-8000-000000000010","ValidationErrors":[{"Description":"Contact"}]},
               "LineItems":[{"ValidationErrors":[]},{"validationErrors":[{"message":"Line"},"Plain",{"Message":" "},{}]}]"#,
        );
        let mut found = reasons(element);
        found.sort();
        assert_eq!(found, ["Contact", "Line", "Plain", "Top"]);
    }

    #[test]
    fn a_zero_id_was_not_saved_even_without_a_reason() {
        let json = r#"{"InvoiceID":"00000000-0000-0000-0000-000000000000","Type":"ACCREC"}"#;
        assert!(matches!(judge::<Invoice>(json), Some(Element::Refused { .. })));
    }

    #[test]
    fn a_refused_element_need_not_be_readable_but_a_saved_one_must_be() {
        let refused = judge::<Invoice>(r#"{"HasErrors":true,"ValidationErrors":[{"Message":"No."}]}"#);
        assert!(matches!(refused, Some(Element::Refused { entity: None, .. })));
        assert_eq!(judge::<Invoice>(r#"{"Status":"AUTHORISED"}"#), None);
        assert_eq!(judge::<Invoice>("[]"), None);
    }
}
