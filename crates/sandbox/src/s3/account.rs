//! The one account of the server: its access key, and the region of its buckets.

/// The access key id that the server knows.
pub const ACCESS_KEY: &str = "test";

/// The secret access key that goes with [`ACCESS_KEY`].
pub const SECRET_KEY: &str = "test";

/// The region of buckets that were created without naming one. Signatures for any region are
/// accepted.
pub const REGION: &str = "us-east-1";
