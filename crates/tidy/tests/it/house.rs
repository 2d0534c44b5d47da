//! The rules of the house that a machine can check; formatting and lints are rustfmt's and
//! clippy's business. Each rule names the file and the line that break it, and is fed something bad
//! to show that it can fail.

mod circles;
mod crates;
pub(crate) mod flags;
mod pages;
mod parameters;
mod paths;
mod sizes;
mod texts;
mod tokens;
