//! Where strings begin and end in a JSON text.

/// Follows a JSON text byte by byte: inside or outside of a string.
#[derive(Default)]
pub(super) struct StringState {
    pub(super) inside: bool,
    escaped: bool,
}

impl StringState {
    /// Whether `byte` belongs to a string (its quotes included).
    pub(super) fn step(&mut self, byte: u8) -> bool {
        if !self.inside {
            self.inside = byte == b'"';
            return self.inside;
        }
        if self.escaped {
            self.escaped = false;
        } else if byte == b'\\' {
            self.escaped = true;
        } else if byte == b'"' {
            self.inside = false;
        }
        true
    }
}
