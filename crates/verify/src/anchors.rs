//! The records that the zone remembers against what the topic holds there now: a topic that was
//! made again shows by them.
//!
//! Not here: what the consumer does about it. Invariant: a record that Kafka no longer has refutes
//! nothing.

use anyhow::Result;
use landing::{
    OffsetRange,
    anchor::{Anchor, Reading},
};

use crate::{
    finding::{Finding, Kind},
    listed::Content,
    verification::Look,
};

/// Compares the first and the last record that the zone remembers of each partition.
pub async fn compare(look: &mut Look, content: &Content) -> Result<()> {
    let Some(topic) = look.topic.clone() else {
        return Ok(());
    };
    for &partition in topic.partitions() {
        let first = look.partition(partition).anchor;
        let committed = topic
            .committed(partition)
            .and_then(|committed| committed.anchor);
        let last = content.last_claimed(partition).or(committed);
        for anchor in [first, last].into_iter().flatten() {
            let reading = topic.reading(partition, anchor).await?;
            if is_another(anchor, reading) {
                let at = (
                    partition,
                    OffsetRange::new(anchor.offset, anchor.offset.next()),
                );
                let text = "the topic holds another record here than the one that was landed: it was re-created or truncated";
                look.find(Finding::of_offsets(Kind::Differs, at, text));
            }
        }
    }
    Ok(())
}

fn is_another(anchor: Anchor, reading: Reading) -> bool {
    match reading {
        Reading::Holds(timestamp, value) => !anchor.matches(timestamp, value),
        Reading::BeyondEnd => true,
        Reading::Gone => false,
    }
}
