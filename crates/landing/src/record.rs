//! One Kafka record as the engine sees it: borrowed bytes, no client type.
//!
//! Not here: where the bytes live (see [`crate::arena`]) or what they mean (see [`crate::value`]).
//! Nothing in the engine changes the bytes of a record.

use sha2::{Digest, Sha256};

use crate::{
    offset::Offset,
    place::{Partition, Place},
};

/// A record of the topic that is being landed.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Kafka partition.
    pub partition: Partition,
    /// Offset in that partition.
    pub offset: Offset,
    /// Kafka's timestamp (create time or log append time) in milliseconds since 1970-01-01 UTC;
    /// `None` when the broker has none.
    pub timestamp: Option<i64>,
    /// The key's bytes, if the record has a key.
    pub key: Option<&'a [u8]>,
    /// The value's bytes; `None` is a tombstone, which is not the same as an empty value.
    pub value: Option<&'a [u8]>,
    /// Headers in their order; a name may occur more than once.
    pub headers: Headers<'a>,
}

impl Record<'_> {
    /// Its place in the topic.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::new(self.partition, self.offset)
    }

    /// Bytes of key, value and headers.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        let length = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
        let headers = self.headers.spans.iter();
        let headers: u32 = headers.map(|span| span.end() - span.start).sum();
        length(self.key) + length(self.value) + headers as usize
    }
}

/// The headers of a record, as ranges into the buffer that holds them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Headers<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) spans: &'a [HeaderSpan],
}

/// Where one header lies in the bytes: its name, and right after it its value. Small, because there
/// is one for each header of each waiting record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeaderSpan {
    pub(crate) start: u32,
    pub(crate) name_end: u32,
    /// [`NULL_VALUE`] for a header without a value.
    pub(crate) value_end: u32,
}

/// No header ends here: an arena is smaller.
pub(crate) const NULL_VALUE: u32 = u32::MAX;

impl HeaderSpan {
    /// Where the header ends, its value included.
    pub(crate) fn end(&self) -> u32 {
        match self.value_end {
            NULL_VALUE => self.name_end,
            end => end,
        }
    }
}

impl<'a> Headers<'a> {
    /// Name and value of each header; a value may be absent (null).
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Option<&'a [u8]>)> + use<'a> {
        let bytes = self.bytes;
        self.spans.iter().map(move |span| {
            let name_end = span.name_end as usize;
            let name = std::str::from_utf8(&bytes[span.start as usize..name_end]);
            let value = match span.value_end {
                NULL_VALUE => None,
                end => Some(&bytes[name_end..end as usize]),
            };
            (name.unwrap_or_default(), value)
        })
    }
}

/// The SHA-256 of a record's value bytes: the identity of what Kafka holds at an offset. A
/// tombstone has one of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ValueHash(pub [u8; 32]);

impl ValueHash {
    /// Hashes the value bytes; `None` (a tombstone) and an empty value differ.
    #[must_use]
    pub fn of(value: Option<&[u8]>) -> Self {
        Self(value.map_or([0; 32], |bytes| Sha256::digest(bytes).into()))
    }

    /// Reads 64 hexadecimal digits; anything else is `None`.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }
}

impl std::fmt::Debug for ValueHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(&self.0[..8]))
    }
}
