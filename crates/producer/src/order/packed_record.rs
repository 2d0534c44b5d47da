//! A record as bytes, with all that is needed to send it or to put it aside later.

/// A record with its origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PackedRecord<'a> {
    /// The number of its input.
    pub(crate) input: u32,
    pub(crate) row: u64,
    pub(crate) line: u64,
    pub(crate) time: Option<i64>,
    pub(crate) key: Option<&'a [u8]>,
    /// As the header says it.
    pub(crate) event_time: Option<&'a [u8]>,
    pub(crate) value: &'a [u8],
    /// As it is in the input; empty where nobody needs it.
    pub(crate) raw: &'a [u8],
}

/// The length of a text that is not there.
const NONE: u32 = u32::MAX;
/// Bytes before the texts.
const HEAD: usize = 4 + 8 + 8 + 1 + 8 + 4 * 3;

impl<'a> PackedRecord<'a> {
    /// Appends the record.
    pub(crate) fn append(&self, out: &mut Vec<u8>) {
        // A row is limited to some megabytes.
        let length = |text: &[u8]| u32::try_from(text.len()).unwrap_or(NONE - 1);
        let optional = |text: Option<&[u8]>| text.map_or(NONE, length);
        out.extend_from_slice(&self.input.to_le_bytes());
        out.extend_from_slice(&self.row.to_le_bytes());
        out.extend_from_slice(&self.line.to_le_bytes());
        out.push(u8::from(self.time.is_some()));
        out.extend_from_slice(&self.time.unwrap_or_default().to_le_bytes());
        out.extend_from_slice(&optional(self.key).to_le_bytes());
        out.extend_from_slice(&optional(self.event_time).to_le_bytes());
        out.extend_from_slice(&length(self.value).to_le_bytes());
        for text in [self.key, self.event_time, Some(self.value), Some(self.raw)] {
            out.extend_from_slice(text.unwrap_or_default());
        }
    }

    /// Reads what [`append`](Self::append) wrote; `None` for anything else.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (head, mut texts) = bytes.split_at_checked(HEAD)?;
        let four = |at: usize| Some(u32::from_le_bytes(head[at..at + 4].try_into().ok()?));
        let eight = |at: usize| Some(u64::from_le_bytes(head[at..at + 8].try_into().ok()?));
        let mut text = |length: u32| -> Option<Option<&'a [u8]>> {
            if length == NONE {
                return Some(None);
            }
            let (text, rest) = texts.split_at_checked(length as usize)?;
            texts = rest;
            Some(Some(text))
        };
        let (key, event_time) = (text(four(29)?)?, text(four(33)?)?);
        let value = text(four(37)?)??;
        Some(Self {
            input: four(0)?,
            row: eight(4)?,
            line: eight(12)?,
            time: (head[20] == 1).then_some(eight(21)?.cast_signed()),
            key,
            event_time,
            value,
            raw: texts,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            input: u32,
            row: u64,
            line: u64,
            time: Option<i64>,
            key in proptest::option::of("\\PC{0,5}"),
            event_time in proptest::option::of("\\PC{0,5}"),
            value in "\\PC{0,9}",
            raw in "\\PC{0,9}",
        ) {
            let record = PackedRecord {
                input,
                row,
                line,
                time,
                key: key.as_deref().map(str::as_bytes),
                event_time: event_time.as_deref().map(str::as_bytes),
                value: value.as_bytes(),
                raw: raw.as_bytes(),
            };
            let mut out = Vec::new();
            record.append(&mut out);
            prop_assert_eq!(PackedRecord::read(&out), Some(record));
            prop_assert_eq!(PackedRecord::read(&out[..HEAD - 1]), None);
        }
    }
}
