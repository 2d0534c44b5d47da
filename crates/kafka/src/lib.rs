//! The border to Kafka: the client's settings, look-ups outside of the group, reading a log, and
//! the checks at the start of a command.
//!
//! Nothing here commits an offset.

pub mod checks;
pub mod cleanup_policy;
pub mod complaints;
pub mod end;
pub mod log_reader;
pub mod look_up;
pub mod message;
pub mod options;
pub mod packing;
pub mod reach;
pub mod settings;
#[cfg(test)]
mod test_cluster;
