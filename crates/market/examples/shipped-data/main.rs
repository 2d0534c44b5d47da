//! Prints the data that this repository ships: `cargo run -p market --example shipped-data >
//! data/indexProcessed.csv`.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test may fail at any step")
)]

mod choice;
mod generate;
mod rows;
mod shapes;

use std::io::{self, BufWriter, Write};

fn main() -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    generate::write(&mut out)?;
    out.flush()
}
