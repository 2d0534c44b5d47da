//! The feed against a server on this machine that speaks the providers' good and bad answers.

#![allow(clippy::unwrap_used, reason = "a test may fail at any step")]

mod alpha_vantage;
mod bad_answers;
mod binance;
mod key;
mod limits;
mod recorded;
mod restart;
mod server;
mod stops;
mod support;
