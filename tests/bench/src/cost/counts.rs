//! The rig's table of what each scenario uses.

use anyhow::Context as _;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What one invocation uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Units {
    /// Calls to Xero.
    pub xero: Decimal,
    /// Kilobytes that Xero answers.
    pub kilobytes: Decimal,
    /// Calls to AWS.
    pub aws: Decimal,
    /// Read request units.
    pub reads: Decimal,
    /// Write request units.
    pub writes: Decimal,
    /// Requests to queues.
    pub queues: Decimal,
    /// Calls to Secrets Manager.
    pub secrets: Decimal,
    /// Calls to KMS.
    pub keys: Decimal,
}

impl Units {
    /// What this uses more than the other.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        Self {
            xero: self.xero - other.xero,
            kilobytes: self.kilobytes - other.kilobytes,
            aws: self.aws - other.aws,
            reads: self.reads - other.reads,
            writes: self.writes - other.writes,
            queues: self.queues - other.queues,
            secrets: self.secrets - other.secrets,
            keys: self.keys - other.keys,
        }
    }
}

/// All scenarios, by their name and function.
#[derive(Clone, Debug, Default)]
pub struct Counts(BTreeMap<(String, String), Units>);

/// The columns behind the scenario's name, from the right: the function and eight numbers.
const COLUMNS: usize = 9;

impl Counts {
    /// Reads the table.
    ///
    /// # Errors
    /// When a row is not one of it.
    pub fn parse(table: &str) -> anyhow::Result<Self> {
        let rows = table.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()).skip(1);
        Ok(Self(rows.map(row).collect::<anyhow::Result<_>>()?))
    }

    /// One scenario of a function.
    ///
    /// # Errors
    /// When the table has none of this name.
    pub fn of(&self, scenario: &str, function: &str) -> anyhow::Result<&Units> {
        let found = self.0.get(&(scenario.to_owned(), function.to_owned()));
        found.with_context(|| format!("counts.txt has no scenario {scenario:?} of {function}"))
    }
}

fn row(line: &str) -> anyhow::Result<((String, String), Units)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let split = words.len().checked_sub(COLUMNS).with_context(|| format!("a row is too short: {line}"))?;
    let (name, columns) = words.split_at(split);
    let [function, xero, kilobytes, aws, reads, writes, queues, secrets, keys] = columns else {
        anyhow::bail!("a row has other columns: {line}");
    };
    let number = |word: &str| word.parse::<Decimal>().with_context(|| format!("{word} is no number: {line}"));
    let units = Units {
        xero: number(xero)?,
        kilobytes: number(kilobytes)?,
        aws: number(aws)?,
        reads: number(reads)?,
        writes: number(writes)?,
        queues: number(queues)?,
        secrets: number(secrets)?,
        keys: number(keys)?,
    };
    Ok(((name.join(" "), (*function).to_owned()), units))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "# a comment\nscenario   function Xero KB AWS reads writes SQS secrets KMS\n\
        invoice, contact known   sync 1 3 8 6.5 9 0 0 0\n";

    #[test]
    fn a_row_is_found_by_its_name_and_function() {
        let counts = Counts::parse(TABLE).unwrap();
        let units = counts.of("invoice, contact known", "sync").unwrap();
        assert_eq!((units.xero, units.reads, units.writes), (Decimal::ONE, Decimal::new(65, 1), Decimal::from(9)));
        assert!(counts.of("invoice, contact known", "payments").is_err());
        assert!(Counts::parse("head\nsync 1 2").is_err());
    }
}
