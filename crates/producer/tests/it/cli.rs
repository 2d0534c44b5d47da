//! The executable as people meet it: help, flags, settings from all places, every bad input,
//! signals, pages, exit codes.

mod downloads;
mod dry_runs;
mod forms;
mod inputs;
mod json_lines;
mod markets;
mod order;
mod pages;
mod progress;
mod provider_server;
mod quotes;
mod settings;
mod signals;
mod support;
