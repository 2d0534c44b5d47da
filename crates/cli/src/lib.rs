//! What the programs share: settings and their origins, logs, exit codes, signals, progress, the
//! metrics server, completions and man pages, parsers for the values of flags, and flags that
//! several commands have.

pub mod config;
pub mod documents;
mod dotenv;
pub mod flags;
pub mod http;
pub mod origins;
mod print_config;
pub mod progress;
pub mod run;
pub mod signals;
pub mod values;
