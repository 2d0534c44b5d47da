//! `consumer plan`: what each layout of a topic costs on AWS, and the limits that it reaches.

pub mod args;
mod files;
mod measure;
mod run;

pub use run::run;
