//! The frame of a benchmark: it runs only under `cargo bench`, and is also the program of its own
//! measured processes.

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use serde::{Serialize, de::DeserializeOwned};

use crate::{options::CommonOptions, process};

/// Runs the benchmark with `measure`, or one of its measured processes with `obey`. `command` is
/// what to type to run this benchmark.
pub fn run<Options: Parser, Order: DeserializeOwned, Report: Serialize>(
    command: &str,
    common: impl FnOnce(&Options) -> &CommonOptions,
    obey: impl FnOnce(&Order) -> Result<Report>,
    measure: impl FnOnce(&Options) -> Result<()>,
) -> ExitCode {
    if !is_meant(command) {
        return ExitCode::SUCCESS;
    }
    let options = Options::parse();
    let result = match &common(&options).side {
        Some(order) => process::report(order, obey),
        None => measure(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether this program was started to measure. If not, says how to: `cargo test --all-targets`
/// starts benchmarks too, with arguments of its own.
pub fn is_meant(command: &str) -> bool {
    let is_meant = std::env::args().any(|word| word == "--bench" || word == "--side");
    if !is_meant {
        eprintln!("this is a benchmark: run it with {command}");
    }
    is_meant
}
