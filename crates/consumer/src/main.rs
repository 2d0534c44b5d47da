//! The `consumer` program. Its commands are the library's.

use std::process::ExitCode;

use consumer::commands;

fn main() -> ExitCode {
    cli::run::run(commands::all, std::env::args_os(), commands::work)
}
