//! The border to Kafka: options and settings of the client, look-ups outside the group, reading a
//! log, and the checks at the start of a command.
//!
//! Nothing here commits an offset.

pub mod checks;
pub mod cleanup_policy;
pub mod complaints;
pub mod end;
pub mod fatal;
mod fetch_progress;
pub mod log_reader;
pub mod look_up;
mod message;
pub mod options;
pub mod options_variable;
pub mod packing;
pub mod reach;
pub mod secrets;
pub mod security;
pub mod settings;
#[cfg(test)]
mod test_cluster;
pub mod tokens;

/// The version of librdkafka, such as `2.12.1`.
#[must_use]
pub fn client_version() -> String {
    rdkafka::util::get_rdkafka_version().1
}
