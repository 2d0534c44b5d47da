//! A list of features, so that all commands share one build (the workspace-hack pattern): see
//! `Cargo.toml` beside this folder.
