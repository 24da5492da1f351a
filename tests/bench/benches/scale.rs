//! Prints FIGURES.md's tables of limits; `WRITE_FIGURES=1` writes them into it.

#![expect(clippy::print_stdout, reason = "what is printed is the result")]

use bench::page::{Section, print};

fn main() -> anyhow::Result<()> {
    println!("{}", print(Section::Scale)?);
    Ok(())
}
