//! Runs `consumer ddl` as the program does, without a bucket.

use clap::Parser;
use cli::{origins::Origins, run::Failure};
use ddl::args::DdlArgs;

/// What the command prints, or the words of its refusal.
pub(crate) fn ddl(flags: &[&str]) -> Result<String, String> {
    let args = DdlArgs::try_parse_from(["ddl"].iter().chain(flags));
    let args = args.map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    match runtime.block_on(ddl::run(args, &Origins::all("test"))) {
        Ok(done) => Ok(done.text),
        Err(Failure::Usage(error)) => Err(format!("{error:#}")),
        Err(Failure::Failed(error)) => panic!("it failed without a connection: {error:#}"),
    }
}

/// The same for flags in one line, none of which holds a blank.
pub(crate) fn ddl_line(flags: &str) -> Result<String, String> {
    ddl(&flags.split_whitespace().collect::<Vec<_>>())
}
