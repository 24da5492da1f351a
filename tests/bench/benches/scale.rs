//! Prints the README's tables of limits; `WRITE_README=1` writes them into it.

#![expect(clippy::print_stdout, reason = "what is printed is the result")]

use bench::readme::{Section, print};

fn main() -> anyhow::Result<()> {
    println!("{}", print(Section::Scale)?);
    Ok(())
}
