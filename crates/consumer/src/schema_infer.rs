//! `consumer schema infer`: a proposal for `--schema`, from records of a topic.

pub mod args;
mod run;

pub use run::run;
