//! The Kafka side: settings, connection, topic, sending, and the delivery result of every record.
//!
//! Does not read CSV and does not pace. No code below may print an option's value or a client's
//! configuration: they may hold secrets.

mod connect;
pub(crate) mod deliveries;
pub(crate) mod publisher;
pub(crate) mod pulse;
pub(crate) mod settings;
pub(crate) mod target;
pub(crate) mod topic;
