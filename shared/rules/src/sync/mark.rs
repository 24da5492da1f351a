//! The mark that every document of ours carries in its link, also where Sessional gave it none: a hash of whose it is
//! and what it is about. It stays where dates, amounts, number, contact and coding are edited, and says nothing to
//! whoever reads it. What may have arrived in Xero is found again by it; no filter of Xero's takes a link, so it is
//! compared here.

use crate::record::RecordKey;
use sha2::{Digest as _, Sha256};
use url::Url;

/// The field of a link's fragment that has the mark.
const FIELD: &str = "sx=";
/// The fragment of a link that was made for the mark alone.
const MARK_ALONE: &str = "record";
/// Characters of a mark: 128 bits in hexadecimal digits, which never spell the word that Xero refuses in a link.
const LENGTH: usize = 32;

/// What marks a document as that of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark(String);

impl Mark {
    /// The mark of a record's document; one that is made again after a removal has another.
    #[must_use]
    pub fn new(key: &RecordKey, generation: u32) -> Self {
        let mut hash = Sha256::new();
        for field in [key.account.as_str(), &key.tenant.to_string(), key.kind.word(), &key.id] {
            hash.update(field.len().to_be_bytes());
            hash.update(field);
        }
        hash.update(generation.to_be_bytes());
        let digits: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Self(digits.chars().take(LENGTH).collect())
    }

    /// The mark in a link, if it has one.
    #[must_use]
    pub fn in_link(link: &str) -> Option<Self> {
        split(link).map(|(_, mark)| Self(mark.to_owned()))
    }

    /// The mark as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A link without its mark; none where it was made for the mark alone.
#[must_use]
pub fn without_mark(link: &str) -> Option<&str> {
    let Some((rest, _)) = split(link) else { return Some(link) };
    let alone = rest.strip_suffix(MARK_ALONE).is_some_and(|rest| rest.ends_with('#'));
    (!alone).then_some(rest)
}

/// What stands before the mark, and the mark.
fn split(link: &str) -> Option<(&str, &str)> {
    let at = link.rfind(FIELD)?;
    let (before, mark) = (link.get(..at)?, link.get(at + FIELD.len()..)?);
    let is_mark = mark.len() == LENGTH && mark.bytes().all(|byte| byte.is_ascii_hexdigit());
    let rest = before.strip_suffix('#').or_else(|| before.strip_suffix('&').filter(|rest| rest.contains('#')))?;
    is_mark.then_some((rest, mark))
}

/// The address cannot be the beginning of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the app's address must be absolute, without a fragment and without the word xero, which Xero refuses in links"
)]
pub struct InvalidAppAddress;

/// How links are made: where the app is, for documents that Sessional gives no link.
#[derive(Clone, Debug)]
pub struct AppLinks {
    app: String,
}

impl AppLinks {
    /// Links into the app at this address.
    ///
    /// # Errors
    /// When Xero would refuse every link that begins with it.
    pub fn new(app: &Url) -> Result<Self, InvalidAppAddress> {
        let text = app.as_str();
        let refused = text.to_ascii_lowercase().contains("xero") || app.fragment().is_some() || !app.has_host();
        if refused { Err(InvalidAppAddress) } else { Ok(Self { app: text.to_owned() }) }
    }

    /// The link with the mark in its fragment; the app's own where there is none.
    #[must_use]
    pub fn marked(&self, link: Option<&str>, mark: &Mark) -> String {
        let mark = mark.as_str();
        match link {
            None => format!("{}#{MARK_ALONE}&{FIELD}{mark}", self.app),
            Some(link) if link.ends_with('#') => format!("{link}{FIELD}{mark}"),
            Some(link) if link.contains('#') => format!("{link}&{FIELD}{mark}"),
            Some(link) => format!("{link}#{FIELD}{mark}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::AccountId;
    use crate::record::Kind;

    fn key(account: &str, kind: Kind, id: &str) -> RecordKey {
        let account = AccountId::parse(account).unwrap();
        RecordKey { account, tenant: xero::TenantId::from_uuid(uuid::Uuid::nil()), kind, id: id.to_owned() }
    }

    #[test]
    fn every_record_and_generation_has_a_mark_of_its_own() {
        let marks = [
            Mark::new(&key("acc_1", Kind::Invoice, "1"), 0),
            Mark::new(&key("acc_1", Kind::Invoice, "1"), 1),
            Mark::new(&key("acc_1", Kind::Expense, "1"), 0),
            Mark::new(&key("acc_1", Kind::Invoice, "2"), 0),
            Mark::new(&key("acc_2", Kind::Invoice, "1"), 0),
        ];
        for (place, mark) in marks.iter().enumerate() {
            assert_eq!(mark.as_str().len(), LENGTH);
            assert!(marks.iter().skip(place + 1).all(|other| other != mark), "{mark:?}");
        }
        assert_eq!(marks[0], Mark::new(&key("acc_1", Kind::Invoice, "1"), 0));
    }

    #[test]
    fn a_mark_is_read_from_the_link_and_the_link_without_it() {
        let links = AppLinks::new(&Url::parse("https://app.sessional.example/").unwrap()).unwrap();
        let mark = Mark::new(&key("acc_1", Kind::Invoice, "1"), 0);
        for link in
            ["https://app.sessional.example/invoices/1", "https://a.example/#/invoices/1", "https://a.example/?sx=1"]
        {
            let marked = links.marked(Some(link), &mark);
            assert_eq!(Mark::in_link(&marked), Some(mark.clone()), "{marked}");
            assert_eq!(without_mark(&marked), Some(link), "{marked}");
        }
        let alone = links.marked(None, &mark);
        assert_eq!(alone, format!("https://app.sessional.example/#record&sx={}", mark.as_str()));
        assert_eq!((Mark::in_link(&alone), without_mark(&alone)), (Some(mark), None));
    }

    #[test]
    fn what_is_no_mark_is_left_in_the_link() {
        for link in ["https://a.example/#sx=short", "https://a.example/?sx=0123456789abcdef0123456789abcdef", "sx="] {
            assert_eq!((Mark::in_link(link), without_mark(link)), (None, Some(link)));
        }
    }

    #[test]
    fn an_address_that_xero_would_refuse_is_none() {
        for refused in ["https://xero.sessional.example", "https://a.example/#top", "data:text/plain,x"] {
            assert!(AppLinks::new(&Url::parse(refused).unwrap()).is_err(), "{refused}");
        }
    }
}
