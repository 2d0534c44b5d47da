//! Tokens for the IAM access control of Amazon MSK.
//!
//! With it a broker asks for SASL/OAUTHBEARER, and the token is a request of AWS, signed and in
//! base64: `GET https://kafka.REGION.amazonaws.com/?Action=kafka-cluster:Connect`, presigned by
//! SigV4 with the keys of whoever connects. The broker asks IAM who signed it. (The protocol is
//! that of Amazon's own signers for Java, Python, Go and JavaScript.)
//!
//! It is signed here, with `aws-sigv4`, which the S3 client brings, in place of the crate
//! `aws-msk-iam-sasl-signer` 1.0: that one reads the clock itself and always grants a quarter of an
//! hour, also to keys that expire earlier; and it would bring a second `thiserror` and the features
//! of three crates of the SDK into the shared build.

mod region;
mod source;
mod token;

pub use region::{Region, RegionOrigin};
pub use source::TokenSource;
pub use token::{LONGEST_LIFE, Token};
