//! The executable as people meet it: help, flags, settings from all places, every bad input, signals, exit codes.
#![allow(clippy::unwrap_used, reason = "a test may fail at any step")]

mod inputs;
mod settings;
mod signals;
mod support;
