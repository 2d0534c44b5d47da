//! The note that keeps where a partition of a new zone begins.

use crate::{offset::Offset, place::Place};

/// The note that a partition begins here: one line of JSON.
#[must_use]
pub fn start_note(start: Place) -> Vec<u8> {
    let Place { partition, offset } = start;
    format!("{{\"partition\":{partition},\"offset\":{offset}}}\n").into_bytes()
}

/// The offset in a note; `None` when it is not such a note.
#[must_use]
pub fn start_of_note(body: &[u8]) -> Option<Offset> {
    let note: serde_json::Value = serde_json::from_slice(body).ok()?;
    note.get("offset")?.as_i64().map(Offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Partition;

    #[test]
    fn the_note_of_a_start_reads_back() {
        let note = start_note(Place::new(Partition(3), Offset(42)));
        assert_eq!(note, b"{\"partition\":3,\"offset\":42}\n");
        assert_eq!(start_of_note(&note), Some(Offset(42)));
        assert_eq!(start_of_note(b"hello"), None);
    }
}
