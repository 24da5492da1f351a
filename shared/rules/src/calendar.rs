//! Days as people read them: in one form everywhere, 27 November 2026, and where an instant is shown, the day that it
//! was for the user: in the organisation's time zone.
//!
//! Xero names zones as Windows does, squeezed: `GMTSTANDARDTIME`. Their rules stand here as POSIX writes them, because
//! a function brings no database of zones along. The user is in the UK unless the organisation says otherwise.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The zone of an organisation that names none, or one that is not known here.
const UNITED_KINGDOM: &str = "GMT0BST,M3.5.0/1,M10.5.0";

const CENTRAL_EUROPE: &str = "CET-1CEST,M3.5.0,M10.5.0/3";
const EASTERN_EUROPE: &str = "EET-2EEST,M3.5.0/3,M10.5.0/4";
const SOUTH_EAST_AUSTRALIA: &str = "AEST-10AEDT,M10.1.0,M4.1.0/3";

/// Zones by Xero's names.
const ZONES: [(&str, &str); 29] = [
    ("GMTSTANDARDTIME", UNITED_KINGDOM),
    ("UTC", "UTC0"),
    ("GREENWICHSTANDARDTIME", "GMT0"),
    ("WEUROPESTANDARDTIME", CENTRAL_EUROPE),
    ("CENTRALEUROPESTANDARDTIME", CENTRAL_EUROPE),
    ("CENTRALEUROPEANSTANDARDTIME", CENTRAL_EUROPE),
    ("ROMANCESTANDARDTIME", CENTRAL_EUROPE),
    ("FLESTANDARDTIME", EASTERN_EUROPE),
    ("GTBSTANDARDTIME", EASTERN_EUROPE),
    ("SOUTHAFRICASTANDARDTIME", "SAST-2"),
    ("ARABIANSTANDARDTIME", "<+04>-4"),
    ("INDIASTANDARDTIME", "IST-5:30"),
    ("SINGAPORESTANDARDTIME", "<+08>-8"),
    ("CHINASTANDARDTIME", "CST-8"),
    ("WAUSTRALIASTANDARDTIME", "AWST-8"),
    ("TOKYOSTANDARDTIME", "JST-9"),
    ("AUSCENTRALSTANDARDTIME", "ACST-9:30"),
    ("CENAUSTRALIASTANDARDTIME", "ACST-9:30ACDT,M10.1.0,M4.1.0/3"),
    ("EAUSTRALIASTANDARDTIME", "AEST-10"),
    ("AUSEASTERNSTANDARDTIME", SOUTH_EAST_AUSTRALIA),
    ("TASMANIASTANDARDTIME", SOUTH_EAST_AUSTRALIA),
    ("NEWZEALANDSTANDARDTIME", "NZST-12NZDT,M9.5.0,M4.1.0/3"),
    ("ATLANTICSTANDARDTIME", "AST4ADT,M3.2.0,M11.1.0"),
    ("EASTERNSTANDARDTIME", "EST5EDT,M3.2.0,M11.1.0"),
    ("CENTRALSTANDARDTIME", "CST6CDT,M3.2.0,M11.1.0"),
    ("MOUNTAINSTANDARDTIME", "MST7MDT,M3.2.0,M11.1.0"),
    ("USMOUNTAINSTANDARDTIME", "MST7"),
    ("PACIFICSTANDARDTIME", "PST8PDT,M3.2.0,M11.1.0"),
    ("HAWAIIANSTANDARDTIME", "HST10"),
];

/// A day as people read it, such as 27 November 2026.
#[must_use]
pub fn spelled(day: Date) -> String {
    day.strftime("%-d %B %Y").to_string()
}

/// The day that an instant was in the organisation of this time zone, as Xero names it.
#[must_use]
pub fn day_in(timezone: Option<&str>, at: Timestamp) -> Date {
    let known = timezone.and_then(|name| ZONES.iter().find(|(known, _)| *known == name));
    let rules = known.map_or(UNITED_KINGDOM, |(_, rules)| *rules);
    at.to_zoned(TimeZone::posix(rules).unwrap_or(TimeZone::UTC)).date()
}

/// The name of a time zone where it is another than the UK's, which goes without saying.
#[must_use]
pub fn worth_noting(timezone: &str) -> Option<String> {
    let known = ZONES.iter().any(|(known, rules)| *known == timezone && *rules != UNITED_KINGDOM);
    known.then(|| timezone.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_is_spelled_in_one_form() {
        assert_eq!(spelled(date(2026, 11, 27)), "27 November 2026");
        assert_eq!(spelled(date(2026, 5, 1)), "1 May 2026");
    }

    #[test]
    fn a_payment_after_midnight_in_summer_is_of_the_users_day() {
        assert_eq!(day_in(None, at("2026-06-30T23:30:00Z")), date(2026, 7, 1));
        assert_eq!(day_in(Some("GMTSTANDARDTIME"), at("2026-12-31T23:30:00Z")), date(2026, 12, 31));
        assert_eq!(day_in(Some("NEWZEALANDSTANDARDTIME"), at("2026-11-27T11:30:00Z")), date(2026, 11, 28));
        assert_eq!(day_in(Some("PACIFICSTANDARDTIME"), at("2026-11-27T07:30:00Z")), date(2026, 11, 26));
        assert_eq!(day_in(Some("NOWHERESTANDARDTIME"), at("2026-06-30T23:30:00Z")), date(2026, 7, 1));
    }

    #[test]
    fn the_rules_of_every_zone_can_be_read() {
        for (name, rules) in ZONES {
            assert!(TimeZone::posix(rules).is_ok(), "{name}");
        }
        assert_eq!(worth_noting("GMTSTANDARDTIME"), None);
        assert_eq!(worth_noting("UTC").as_deref(), Some("UTC"));
        assert_eq!(worth_noting("NOWHERESTANDARDTIME"), None);
    }
}
