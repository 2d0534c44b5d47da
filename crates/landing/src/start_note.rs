//! The note that keeps where a partition of a new zone begins.

use crate::Offset;

/// The note that keeps where a partition of a new zone begins: one line of JSON.
pub fn start_note(partition: i32, offset: Offset) -> Vec<u8> {
    format!("{{\"partition\":{partition},\"offset\":{offset}}}\n").into_bytes()
}

pub fn start_of_note(body: &[u8]) -> Option<Offset> {
    let note: serde_json::Value = serde_json::from_slice(body).ok()?;
    note.get("offset")?.as_i64().map(Offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_note_of_a_start_reads_back() {
        assert_eq!(start_of_note(&start_note(3, Offset(42))), Some(Offset(42)));
        assert_eq!(start_of_note(b"hello"), None);
    }
}
