//! The server as a client of S3 sees it, with the AWS SDK.

mod buckets;
mod common;
mod conditions;
mod faults;
mod listings;
mod objects;
mod relay;
