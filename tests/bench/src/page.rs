//! The tables of FIGURES.md that code prints: what is between two marks is what the code says, and a test holds it.

use crate::cost::Books;
use crate::cost::counts::Counts;
use crate::cost::tables as cost;
use crate::scale::{Model, tables as scale};
use crate::template::Template;
use anyhow::Context as _;

/// A table of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// What it costs.
    Cost,
    /// What breaks first.
    Scale,
}

impl Section {
    /// What the code says.
    ///
    /// # Errors
    /// When a file of figures lacks one.
    pub fn text(self) -> anyhow::Result<String> {
        let model = model()?;
        match self {
            Self::Cost => cost::all(&model.books),
            Self::Scale => scale::all(&model),
        }
    }

    /// What the page says.
    ///
    /// # Errors
    /// When it has no such section.
    pub fn in_page(self, page: &str) -> anyhow::Result<&str> {
        let (_, rest) = page.split_once(self.begin()).context("FIGURES.md has no beginning of it")?;
        let (text, _) = rest.split_once(END).context("FIGURES.md has no end of it")?;
        Ok(text.trim())
    }

    /// The page with what the code says.
    ///
    /// # Errors
    /// As [`Section::text`] and [`Section::in_page`].
    pub fn write_into(self, page: &str) -> anyhow::Result<String> {
        let (before, rest) = page.split_once(self.begin()).context("FIGURES.md has no beginning of it")?;
        let (_, after) = rest.split_once(END).context("FIGURES.md has no end of it")?;
        Ok(format!("{before}{}\n\n{}\n{END}{after}", self.begin(), self.text()?))
    }

    fn begin(self) -> &'static str {
        match self {
            Self::Cost => "<!-- Printed by `cargo bench -p bench --bench cost`; WRITE_FIGURES=1 writes it. -->",
            Self::Scale => "<!-- Printed by `cargo bench -p bench --bench scale`; WRITE_FIGURES=1 writes it. -->",
        }
    }
}

const END: &str = "<!-- end -->";

/// Prints a section, or writes it into FIGURES.md when `WRITE_FIGURES` is set.
///
/// # Errors
/// When a figure is missing, or FIGURES.md cannot be written.
pub fn print(section: Section) -> anyhow::Result<String> {
    if std::env::var_os("WRITE_FIGURES").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/FIGURES.md");
        let page = std::fs::read_to_string(path).context("failed to read FIGURES.md")?;
        std::fs::write(path, section.write_into(&page)?).context("failed to write FIGURES.md")?;
    }
    section.text()
}

fn model() -> anyhow::Result<Model> {
    let template = Template::parse(include_str!("../../../template.yaml"))?;
    let books = Books {
        counts: Counts::parse(include_str!("../../rig/tests/calls/counts.txt"))?,
        prices: serde_json::from_str(include_str!("../prices.json")).context("prices.json is malformed")?,
        assumptions: serde_json::from_str(include_str!("../assumptions.json"))
            .context("assumptions.json is malformed")?,
        alarms: template.alarms,
    };
    Ok(Model { books, template })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../FIGURES.md");

    #[test]
    fn what_the_page_says_of_costs_is_what_comes_out() {
        assert_eq!(Section::Cost.in_page(PAGE).unwrap(), Section::Cost.text().unwrap().trim());
    }

    #[test]
    fn what_the_page_says_of_limits_is_what_comes_out() {
        assert_eq!(Section::Scale.in_page(PAGE).unwrap(), Section::Scale.text().unwrap().trim());
    }
}
