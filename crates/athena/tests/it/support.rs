//! What the tests share.

pub(crate) mod lake;
pub(crate) mod program;
