//! Where the client came to the end of a partition: the offset below which it has handed over
//! everything that is visible.
//!
//! Not here: what may be committed then (the engine's business). Invariant: the end that a reader
//! came to is only ever learned from that reader, never from another question to Kafka.
//!
//! librdkafka reports an end when the offset that it would fetch next is the last stable offset of
//! the broker that answered. Whatever is visible below it was put into the same queue before, so it
//! was handed over before; below a last stable offset nothing is undecided, so an open transaction
//! adds nothing there; and what is appended later gets a higher offset. A log that is cut below it
//! is what it is for any position: the client loses its place, which is looked into. Two other
//! offsets look like this one:
//! - `position()` follows the last record or transaction marker. It stays behind when what lies
//!   below an open transaction was aborted or compacted away, and `--until-end` would wait for as
//!   long as that transaction is open.
//! - The end of the log that a look-up tells may come from a broker that is ahead of the one that
//!   serves the reader (a follower, with `client.rack`; a leader that was elected a moment ago).
//!   Records below it may be yet to come: it must not be used.

use std::sync::{Mutex, PoisonError};

use landing::Offset;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// The offset of the newest end that a client reported, until it is taken.
///
/// rdkafka's error for an end names the partition and no offset. The offset stands in the text that
/// the context is given with it, on the same thread, directly before the poll returns that error.
#[derive(Debug, Default)]
pub struct LastEnd(Mutex<Option<Offset>>);

impl LastEnd {
    /// Looks at an error of the client; gives whether it is the report of an end.
    pub fn note(&self, error: &KafkaError, text: &str) -> bool {
        let is_end = matches!(error, KafkaError::Global(RDKafkaErrorCode::PartitionEOF));
        if is_end {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = offset_in(text);
        }
        is_end
    }

    /// The offset of the end that the poll has just returned; `None` when its text holds none.
    pub fn take(&self) -> Option<Offset> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// `Fetch from broker 0 reached end of partition at offset 5 (HighwaterMark 8)`
fn offset_in(text: &str) -> Option<Offset> {
    let (_, rest) = text.split_once("end of partition at offset ")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok().map(Offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_is_the_one_behind_the_words() {
        let text = "Fetch from broker 7 reached end of partition at offset 5 (HighwaterMark 8)";
        assert_eq!(offset_in(text), Some(Offset(5)));
        assert_eq!(offset_in("Fetch from broker 7 timed out"), None);
        assert_eq!(offset_in("end of partition at offset -1001"), None);
    }
}
