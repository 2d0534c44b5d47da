//! What the pipeline relies on in an S3 server, checked with the AWS SDK on the sandbox's S3 and on
//! a real server.
//!
//! Each check runs on every place of `place.rs`. What servers do differently and nothing here
//! relies on is not checked.

mod conditions;
mod listings;
mod objects;
mod place;
mod refusals;
