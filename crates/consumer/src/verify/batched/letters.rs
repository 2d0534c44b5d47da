//! Objects of dead letters, which hold their records' offsets and values, and so prove themselves
//! without the topic.
//!
//! Not here: what their claim says of them. Invariant: what cannot be read back is no dead letter.

use anyhow::Result;

use super::{
    content::{self, Facts},
    line::Letters,
    lines::Meaning,
};
use crate::verify::{keys, look::Look};

/// Reads an object of dead letters; `None` when there is none of that key.
pub(super) async fn read(look: &mut Look, key: &str) -> Result<Option<Result<Letters, String>>> {
    let partition = match keys::control_key(key, &look.zone.prefix, false) {
        Some(keys::ControlKey::DeadLetter(partition, _)) => partition,
        _ => return Ok(None),
    };
    let read = content::dead_letters(&look.bucket, key, partition).await?;
    Ok(read.map(|facts| {
        look.bytes_read += facts.bytes;
        letters(&facts).cloned()
    }))
}

/// What the facts say of dead letters.
pub(super) fn letters(facts: &Facts) -> Result<&Letters, String> {
    match (&facts.problem, &facts.meaning) {
        (Some(problem), _) => Err(problem.clone()),
        (None, Meaning::DeadLetters(_, letters)) => Ok(letters),
        (None, Meaning::Records(..)) => Err("it holds no dead letters".to_owned()),
    }
}
