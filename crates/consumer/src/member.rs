//! The member of the consumer group: the thread that polls, librdkafka's callbacks, and commits.
//!
//! Nothing here commits an offset that the engine did not hand out.

mod commit;
mod commit_thread;
pub(crate) mod context;
mod end;
pub(crate) mod messages;
pub(crate) mod poll_thread;
