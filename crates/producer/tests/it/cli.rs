//! The executable as people meet it: help, flags, settings from all places, every bad input,
//! signals, pages, exit codes.

mod forms;
mod inputs;
mod pages;
mod quotes;
mod settings;
mod signals;
mod support;
