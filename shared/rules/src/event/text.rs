//! Texts that people typed or pasted, in the form in which Xero takes them: without what XML cannot carry, without
//! blanks around, within Xero's lengths. Cleaning is no change of content: two events that differ by it alone say
//! the same.

use url::Url;

/// In a text of at least one character that can be seen, such a character: neither blank nor taken out.
pub(super) const SOMETHING: &str =
    r"[^\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufffe\uffff]";

/// Whether a character is taken out: Xero stores text as XML, which has no such character or, for the rest of them,
/// no use for it.
fn is_taken_out(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// A text of several lines.
pub(super) fn lines(text: &str) -> String {
    let kept: String = text.chars().filter(|c| !is_taken_out(*c)).collect();
    kept.trim().to_owned()
}

/// A text of one line.
pub(super) fn one_line(text: &str) -> String {
    let kept = text.chars().filter(|c| !is_taken_out(*c)).map(|c| if c.is_control() { ' ' } else { c });
    kept.collect::<String>().trim().to_owned()
}

/// A name as Xero stores it: without doubled blanks.
pub(super) fn name(text: &str) -> String {
    one_line(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether Xero takes it as an e-mail address: one mailbox, in plain letters.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let parts = |whole: &str, allowed: fn(char) -> bool| {
        whole.split('.').all(|part| !part.is_empty() && part.chars().all(allowed))
    };
    let label = |label: &str| !label.starts_with('-') && !label.ends_with('-');
    text.len() <= MAX_EMAIL
        && parts(local, |c| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c))
        && parts(domain, |c| c.is_ascii_alphanumeric() || c == '-')
        && domain.contains('.')
        && domain.split('.').all(label)
}

/// Whether it is an absolute https address. Any letters may stand in its host: the tables that tell which of them make a
/// domain are not linked (see `url` in the workspace's `Cargo.toml`), so one in plain letters is looked at in its place.
pub(super) fn is_https(address: &str) -> bool {
    let plain: String = address.chars().map(|c| if c.is_ascii() { c } else { 'x' }).collect();
    Url::parse(&plain).is_ok_and(|url| url.scheme() == "https" && url.has_host())
}

/// Whether Xero takes it as a country: letters alone.
pub(super) fn is_country(text: &str) -> bool {
    text.chars().count() <= MAX_COUNTRY && text.chars().all(|c| c.is_alphabetic() || c == ' ')
}

/// Longest e-mail address in Xero.
const MAX_EMAIL: usize = 255;
/// Longest country in Xero.
const MAX_COUNTRY: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_carry_is_taken_out_and_blanks_around_are_no_content() {
        assert_eq!(lines("\u{feff}a\u{b}b\r\nc\t\u{0}d \n"), "\u{feff}ab\r\nc\td");
        assert_eq!(one_line(" PO\u{2}\t77\u{85}\u{a0}\u{ffff}"), "PO 77");
        assert_eq!(name("Harbour\u{1f}  Sound\nLtd "), "Harbour Sound Ltd");
        assert_eq!(one_line("\u{7f} \u{3000}\n"), "");
    }

    #[test]
    fn a_link_is_https_and_has_a_host_in_any_letters() {
        for good in ["https://one.example/a?b#c", "https://m\u{fc}ller.example/\u{e9}", "https://xn--mller-kva.example"]
        {
            assert!(is_https(good), "{good}");
        }
        for bad in ["http://one.example", "one.example", "https://", "https://a b.example", "ftp://m\u{fc}ller.example"]
        {
            assert!(!is_https(bad), "{bad}");
        }
    }

    #[test]
    fn an_address_is_one_mailbox_in_plain_letters() {
        for good in ["ada@one.example", "a.b+c@sub.one-two.example", "o'neil@one.co.uk"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "ada@one",
            "ada@one.example; bob@two.example",
            "Ada <ada@one.example>",
            "m\u{fc}ller@one.example",
            "a@b@c.example",
            "a..b@one.example",
            ".a@one.example",
            "a@-one.example",
            "a@one..example",
            "@one.example",
            "a b@one.example",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
        assert!(is_country("United Kingdom") && is_country("\u{d6}sterreich") && !is_country("UK (GB)"));
    }
}
