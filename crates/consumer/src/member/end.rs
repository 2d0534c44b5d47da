//! The end of a partition that the member has just come to.
//!
//! What an end means, and why no other offset will do, is told in `kafka::end`.

use landing::{Offset, Partition};
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::member::context::MemberContext;

/// The end that the poll has just returned for a partition. Without an offset in its text it is the
/// position, which is at most too low.
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
