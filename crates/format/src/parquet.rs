//! Parquet: what files look like, writing them, and reading them back.

pub(crate) mod columns;
pub mod read;
pub(crate) mod shape;
pub(crate) mod write;
