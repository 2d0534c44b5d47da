//! Prints the look-alike of the tutorial's data: `cargo run -p producer --example look-alike >
//! data/indexProcessed.csv`.

use std::io::{self, BufWriter, Write};

fn main() -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    producer::look_alike::write(&mut out)?;
    out.flush()
}
