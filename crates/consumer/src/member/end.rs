//! The end of a partition that the member has just reached.
//!
//! `kafka::end` explains what an end means, and why no other offset will do.

use landing::{Offset, Partition};
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::member::context::MemberContext;

/// The end that the poll has just returned for a partition. If its text names no offset, this is
/// the position, which can only be too low.
pub(crate) fn reached(
    consumer: &BaseConsumer<MemberContext>,
    partition: Partition,
) -> Option<Offset> {
    let end = consumer.context().end.take();
    end.or_else(|| position(consumer, partition))
}

fn position(consumer: &BaseConsumer<MemberContext>, partition: Partition) -> Option<Offset> {
    let positions = consumer.position().ok()?;
    let place = positions.find_partition(&consumer.context().topic, partition.0)?;
    match place.offset() {
        rdkafka::Offset::Offset(offset) => Some(Offset(offset)),
        _ => None,
    }
}
