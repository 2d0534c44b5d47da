//! What the benchmarks of this workspace share; for `cargo bench` only.
//!
//! A benchmark measures each side in a process of its own ([`process`]): its own executable again,
//! which carries out one order and reports. [`usage`] says what such a process has used, [`topics`]
//! creates and removes topics, [`table`] prints medians, and [`program`] is the frame around it
//! all. What is measured, and against what, stands in the benchmarks.

pub mod clock;
pub mod options;
pub mod process;
pub mod program;
pub mod spread;
pub mod table;
pub mod topics;
pub mod usage;
