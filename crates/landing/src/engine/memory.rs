//! The memory of an engine: what its batches and uploads take up, and when that is too much.
//!
//! Whatever is taken for records or for an upload is given back when they go: written, dropped, or
//! handed on. Not here: how large a batch is (see [`crate::batch`]), and what is done when the
//! memory is used up (see `uploads` and `batches/rotation`). Invariant: what is in use never falls
//! below zero, and is zero when the engine holds nothing.

/// Memory that an upload costs besides its body: key text, metadata, allocations.
pub(super) const UPLOAD_OVERHEAD: usize = 416;

/// Memory of a delivered offset that cannot be committed yet.
pub(super) const TRACKED_BYTES: usize = 96;

/// Bytes in use, and how many may be.
#[derive(Debug)]
pub(super) struct Memory {
    used: usize,
    bound: usize,
}

impl Memory {
    /// Nothing is in use, and about `bound` bytes may be.
    pub(super) fn new(bound: usize) -> Self {
        Self { used: 0, bound }
    }

    /// These bytes are in use from now on.
    pub(super) fn take(&mut self, bytes: usize) {
        self.used += bytes;
    }

    /// These bytes, taken before, are free again.
    pub(super) fn give_back(&mut self, bytes: usize) {
        debug_assert!(
            bytes <= self.used,
            "{bytes} bytes are given back, but only {} are in use",
            self.used
        );
        self.used -= bytes;
    }

    /// What took up `before` bytes now takes up `after`.
    pub(super) fn exchange(&mut self, before: usize, after: usize) {
        self.take(after);
        self.give_back(before);
    }

    /// An upload with a body of this size waits or is in flight from now on.
    pub(super) fn take_upload(&mut self, body: usize) {
        self.take(body + UPLOAD_OVERHEAD);
    }

    /// An upload with a body of this size was answered, or dropped.
    pub(super) fn give_back_upload(&mut self, body: usize) {
        self.give_back(body + UPLOAD_OVERHEAD);
    }

    /// Bytes in use.
    pub(super) fn used(&self) -> usize {
        self.used
    }

    /// Bytes that may be in use before reading pauses.
    pub(super) fn bound(&self) -> usize {
        self.bound
    }

    /// Half of it: where reading goes on, and what open extents, or claims that are being finished,
    /// may take up together.
    pub(super) fn half(&self) -> usize {
        self.bound / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_given_back() {
        let mut memory = Memory::new(1_000);
        memory.take(300);
        memory.take_upload(20);
        memory.exchange(300, 500);
        assert_eq!(memory.used(), 500 + 20 + UPLOAD_OVERHEAD);
        memory.give_back_upload(20);
        memory.give_back(500);
        assert_eq!(
            (memory.used(), memory.bound(), memory.half()),
            (0, 1_000, 500)
        );
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "only 1 are in use")]
    fn more_than_was_taken_is_never_given_back() {
        let mut memory = Memory::new(1_000);
        memory.take(1);
        memory.give_back(2);
    }
}
