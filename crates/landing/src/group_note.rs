//! The note that keeps the name of a consumer group that has entered a zone.
//!
//! A verification asks each of these groups how far it came. A group's name may hold any character,
//! so the key holds its hash ([`crate::layout::Prefix::group_key`]) and the note its name.

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct GroupNote {
    group: String,
}

/// The note that this group has entered the zone: one line of JSON.
#[must_use]
pub fn group_note(group: &str) -> Vec<u8> {
    let note = GroupNote {
        group: group.to_owned(),
    };
    let mut body = serde_json::to_vec(&note).expect("strings always serialize");
    body.push(b'\n');
    body
}

/// The group in a note; `None` when it is not such a note.
#[must_use]
pub fn group_of_note(body: &[u8]) -> Option<String> {
    let note: GroupNote = serde_json::from_slice(body).ok()?;
    Some(note.group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_note_of_a_group_reads_back() {
        let note = group_note("landing.b/p");
        assert_eq!(note, b"{\"group\":\"landing.b/p\"}\n");
        for name in ["", "a/b", "\"\n", "größe"] {
            assert_eq!(group_of_note(&group_note(name)).as_deref(), Some(name));
        }
        assert_eq!(group_of_note(b"hello"), None);
    }
}
