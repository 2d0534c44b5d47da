//! Copies a message of the client into an arena: key, value and headers byte for byte.

use std::panic::AssertUnwindSafe;

use landing::{Offset, Partition, Record, arena::RecordArena, record::Headers};
use rdkafka::{
    Message,
    message::{BorrowedHeaders, BorrowedMessage, Headers as _},
};

/// Copies the message into the arena. A timestamp that Kafka does not have becomes `None`.
pub(crate) fn push(arena: &mut RecordArena, message: &BorrowedMessage<'_>) {
    let record = Record {
        partition: Partition(message.partition()),
        offset: Offset(message.offset()),
        timestamp: message
            .timestamp()
            .to_millis()
            .filter(|millis| *millis >= 0),
        key: message.key(),
        value: message.payload(),
        headers: Headers::default(),
    };
    match message.headers() {
        None => arena.push(&record, std::iter::empty()),
        Some(found) => arena.push(&record, headers(found)),
    }
}

/// The headers in their order. rdkafka panics on a header name that is not UTF-8, which any
/// producer may send; such a header keeps its place but loses its content.
fn headers(headers: &BorrowedHeaders) -> impl Iterator<Item = (&str, Option<&[u8]>)> {
    let one = |index| std::panic::catch_unwind(AssertUnwindSafe(|| headers.try_get(index)));
    (0..headers.count()).filter_map(move |index| match one(index) {
        Ok(header) => header.map(|header| (header.key, header.value)),
        Err(_) => Some(("(name is not UTF-8)", None)),
    })
}
