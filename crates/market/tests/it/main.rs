//! The simulator and the bridge from outside: what they promise, and whether the simulated market
//! looks like one.
#![allow(clippy::unwrap_used)]

mod bridge;
mod facts;
mod simulator;
mod stylised;
mod support;
