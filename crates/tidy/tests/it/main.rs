//! What a machine can check about the repository as a whole. It reads files as text and starts
//! nothing but `git ls-files` and `cargo tree`.
#![allow(clippy::unwrap_used)]

mod house;
mod infra;
mod repository;
mod servers;
