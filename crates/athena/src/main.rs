//! The `athena` program: runs Athena's SQL on a bucket, here.

use std::process::ExitCode;

use clap::CommandFactory as _;

fn main() -> ExitCode {
    cli::run::run(athena::Args::command, std::env::args_os(), athena::work)
}
