//! Prints the look-alike of the tutorial's data: `cargo run -p producer --example look-alike >
//! data/indexProcessed.csv`.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test may fail at any step")
)]

mod calendar;
mod dice;
mod generate;
mod markets;
mod walk;

use std::io::{self, BufWriter, Write};

fn main() -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    generate::write(&mut out)?;
    out.flush()
}
