//! `consumer compact`: copies finished dates of a landing zone into few objects under another
//! prefix. [`run()`] does it; the command line is in [`args`], the result in [`report`].

pub mod args;
mod content;
mod copy;
mod date;
mod deletion;
mod error;
mod fetch;
mod job;
mod pack;
mod publish;
pub mod report;
mod request;
mod run;
mod source;
mod unpack;

pub use crate::run::run;
