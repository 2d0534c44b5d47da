//! The executable as people meet it, and whole runs of the library against the sandbox's broker.
#![allow(clippy::unwrap_used, reason = "a test may fail at any step")]

mod advertise;
mod cli;
mod replay;
