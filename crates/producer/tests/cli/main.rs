//! The executable as people meet it: help, flags, settings from all places, every bad input,
//! signals, pages, exit codes.
#![allow(clippy::unwrap_used, reason = "a test may fail at any step")]

#[path = "../advertise/mod.rs"]
mod advertise;
mod inputs;
mod pages;
mod settings;
mod signals;
mod support;
