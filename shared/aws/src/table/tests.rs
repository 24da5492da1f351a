//! Stored examples of every kind of item, in `stored/`: what was ever written is read by the code of today.
//! `<kind>-<version>-first` is how that version began, before it got more fields.

use super::*;
use rules::connect::attempts::ConnectAttempts;
use rules::connect::confirmation::PendingConfirmation;
use rules::connect::consent::PendingConsent;
use rules::connection::Connection;
use rules::grant::Grant;
use rules::mapping::Mapping;
use rules::payments::sweep;
use rules::record::{Record, Standing, UnderWay};
use rules::sync::contact::ContactReference;
use serde::Deserialize;

fn item(version: u32, body: &str) -> Item {
    Item::from([("version".to_owned(), number(version)), ("body".to_owned(), text(body))])
}

/// Reads the example of today's form, which has to be written again as it is, and one of an older form, which has
/// to mean the same but for what it could not say.
fn check<T: Stored>(today: &str, older: Option<&str>) {
    let read = parse::<T>(&item(T::VERSION, today)).unwrap_or_else(|error| panic!("{}: {}", error, error.source));
    let written = serde_json::to_value(&read).unwrap();
    let example: Value = serde_json::from_str(today).unwrap();
    assert_eq!(written, example, "a {} is written otherwise now: keep this example as an older one, add one", T::KIND);
    let Some(older) = older else { return };
    let example: Value = serde_json::from_str(older).unwrap();
    let version = u32::try_from(example["version"].as_u64().unwrap()).unwrap();
    let read = parse::<T>(&item(version, older)).unwrap_or_else(|error| panic!("{}: {}", error, error.source));
    let written = serde_json::to_value(&read).unwrap();
    for (name, value) in example.as_object().unwrap().iter().filter(|(_, value)| !value.is_object()) {
        assert_eq!(written[name], *value, "{name} of an older {}", T::KIND);
    }
}

#[test]
fn an_item_of_every_kind_is_read_as_it_was_ever_stored() {
    check::<Connection>(include_str!("stored/connection-1.json"), Some(include_str!("stored/connection-1-first.json")));
    check::<Grant>(include_str!("stored/grant-1.json"), Some(include_str!("stored/grant-1-first.json")));
    check::<Mapping>(include_str!("stored/mapping-1.json"), Some(include_str!("stored/mapping-1-first.json")));
    check::<ContactReference>(include_str!("stored/contact-1.json"), Some(include_str!("stored/contact-1-first.json")));
    check::<ContactReference>(include_str!("stored/contact-1-made.json"), None);
    check::<Record>(include_str!("stored/record-2.json"), None);
    check::<PendingConsent>(include_str!("stored/consent-2.json"), None);
    check::<PendingConfirmation>(include_str!("stored/confirmation-1.json"), None);
    check::<ConnectAttempts>(include_str!("stored/attempts-1.json"), None);
    check::<SealedToken>(include_str!("stored/token-1.json"), None);
    check::<sweep::Standing>(include_str!("stored/sweep-1.json"), Some(include_str!("stored/sweep-1-first.json")));
}

#[test]
fn a_record_of_the_first_version_stands_where_it_stood_and_waits_for_what_it_waited_for() {
    let read = |json: &str| {
        let read = parse::<Record>(&item(1, json));
        read.unwrap_or_else(|error| panic!("{}: {}", error, error.source))
    };
    for json in [include_str!("stored/record-1.json"), include_str!("stored/record-1-first.json")] {
        let record = read(json);
        assert_eq!((record.stands, record.under_way, record.version), (Standing::Paid, UnderWay::Nothing, 2));
        assert!(record.reference.is_some());
    }
    for json in [include_str!("stored/record-1-held.json"), include_str!("stored/record-1-held-first.json")] {
        let record = read(json);
        assert_eq!((record.stands, record.under_way), (Standing::NotInXero, UnderWay::Held));
        assert_eq!(record.intent.map(|intent| intent.call.key).as_deref(), Some("invoices-x"));
    }
    let removed = include_str!("stored/record-1.json").replace(r#""state": "paid""#, r#""state": "tombstone""#);
    let record = read(&removed);
    assert!(record.registers.is_removed() && record.stands == Standing::TakenBack);
}

#[test]
fn an_item_of_a_version_that_nobody_has_written_is_an_error_with_a_name() {
    for version in [0, 2] {
        let Err(error) = parse::<Grant>(&item(version, include_str!("stored/grant-1.json"))) else {
            panic!("version {version} was read")
        };
        assert_eq!(error.source.to_string(), format!("version {version} of a grant is not known"));
    }
}

/// Something whose third version has another name for what the first two called otherwise.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Renamed {
    title: String,
    count: u64,
}

impl Stored for Renamed {
    const KIND: &'static str = "renamed";
    const VERSION: u32 = 3;

    fn upgrade(version: u32, mut body: Value) -> Option<Value> {
        let fields = body.as_object_mut()?;
        match version {
            1 => fields.insert("count".to_owned(), Value::from(1)),
            2 => fields.remove("name").and_then(|name| fields.insert("title".to_owned(), name)),
            _ => return None,
        };
        Some(body)
    }

    fn key(&self) -> Key {
        Key { pk: self.title.clone(), sk: String::new() }
    }

    fn revision(&mut self) -> &mut u64 {
        &mut self.count
    }
}

#[test]
fn an_older_item_goes_through_every_step_of_its_migration() {
    let newest = Renamed { title: "a".to_owned(), count: 1 };
    for (version, body) in [(1, r#"{"name":"a"}"#), (2, r#"{"name":"a","count":1}"#), (3, r#"{"title":"a","count":1}"#)]
    {
        assert_eq!(parse::<Renamed>(&item(version, body)).unwrap(), newest, "version {version}");
    }
    assert!(parse::<Renamed>(&item(4, r#"{"title":"a","count":1}"#)).is_err());
}
