//! Where the client reached the end of a partition: the offset below which it has handed over
//! everything that is visible.
//!
//! librdkafka reports an end when the offset that it would fetch next is the last stable offset of
//! the broker that answered. The client queued every visible record below that offset before the
//! report, so it has handed them over. Below a last stable offset nothing is undecided, so an open
//! transaction adds nothing there, and later records get higher offsets. (A log that is truncated
//! below this offset is a lost position like any other.)
//!
//! Learn a reader's end only from that reader. Two other offsets look the same but must not be
//! used:
//! - `position()` follows the last record or transaction marker. It stays behind when everything
//!   below an open transaction was aborted or compacted away, and `--until-end` would wait for as
//!   long as that transaction is open.
//! - The end of the log that a look-up returns may come from a broker that is ahead of the one that
//!   serves the reader (a follower, with `client.rack`; a newly elected leader). Records below it
//!   may not have arrived yet.

use std::sync::{Mutex, PoisonError};

use landing::Offset;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// The offset of the newest end that a client reported, until it is taken.
///
/// rdkafka's error for an end names the partition but not the offset. The offset is in the text
/// that the context gets, on the same thread, directly before the poll returns that error.
#[derive(Debug, Default)]
pub struct LastEnd(Mutex<Option<Offset>>);

impl LastEnd {
    /// Looks at an error of the client and its text; returns whether it reports an end.
    pub fn note(&self, error: &KafkaError, text: &str) -> bool {
        let is_end = matches!(error, KafkaError::Global(RDKafkaErrorCode::PartitionEOF));
        if is_end {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = offset_in(text);
        }
        is_end
    }

    /// The offset of the end that the poll has just returned; `None` when its text named none.
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
    fn the_offset_is_the_one_after_the_words() {
        let text = "Fetch from broker 7 reached end of partition at offset 5 (HighwaterMark 8)";
        assert_eq!(offset_in(text), Some(Offset(5)));
        assert_eq!(offset_in("Fetch from broker 7 timed out"), None);
        assert_eq!(offset_in("end of partition at offset -1001"), None);
    }
}
