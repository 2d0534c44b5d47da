//! What a machine can check about the repository as a whole. It reads files as text and starts
//! nothing but `git ls-files`, `cargo tree`, and the scripts of `infra/local` where they start no
//! server.
#![allow(clippy::unwrap_used)]

mod house;
mod infra;
mod repository;
mod servers;
