//! Objects of dead letters, which hold their records' offsets and values, and so prove themselves
//! without the topic.
//!
//! Not here: what their claim says of them. Invariant: what cannot be read back is no dead letter.

use anyhow::Result;
use landing::layout::read;

use crate::{
    batched::{
        line::Letters,
        lines::Meaning,
        object_content::{self, Facts},
    },
    verification::Look,
};

/// Reads an object of dead letters; `None` when there is none of that key.
pub(crate) async fn read(look: &mut Look, key: &str) -> Result<Option<Result<Letters, String>>> {
    let partition = match read::control_key(key, &look.zone.prefix, false) {
        Some(read::ControlKey::DeadLetter(partition, _)) => partition,
        _ => return Ok(None),
    };
    let read = object_content::dead_letters(&look.bucket, key, partition).await?;
    Ok(read.map(|facts| {
        look.bytes_read += facts.bytes;
        letters(&facts).cloned()
    }))
}

/// What the facts say of dead letters.
pub(crate) fn letters(facts: &Facts) -> Result<&Letters, String> {
    match (&facts.problem, &facts.meaning) {
        (Some(problem), _) => Err(problem.clone()),
        (None, Meaning::DeadLetters(_, letters)) => Ok(letters),
        (None, Meaning::Records(..)) => Err("it holds no dead letters".to_owned()),
    }
}
