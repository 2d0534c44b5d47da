//! The executable as people run it, on a broker and an S3 of the sandbox or on real servers: see
//! `support`.
//!
//! One program holds all tests, so that they are linked once, and those that wait for a session
//! timeout wait side by side.
#![allow(clippy::unwrap_used, reason = "a test may fail at any step")]

mod batch_crashes;
mod batches;
mod both_programs;
mod canaries;
mod classifier_1;
mod columns;
mod compact;
mod crash;
mod dates;
mod ddl;
mod dead_letters;
mod documents;
mod groups;
mod iam;
mod landing;
mod object_options;
mod plan;
mod real_servers;
mod roles;
mod s3_in_trouble;
mod schema_infer;
mod start_up;
mod support;
mod verify;
