//! The records that the zone remembers against what the topic holds there now: they reveal a topic
//! that was re-created.
//!
//! Not here: what the consumer does about it. A record that Kafka no longer has refutes nothing.

use anyhow::Result;
use landing::{
    Place,
    anchor::{Anchor, AnchorReading},
};

use crate::{
    finding::{Finding, Kind},
    listed::Content,
    verification::Verification,
};

/// Compares the first and the last record that the zone remembers of each partition.
pub(crate) async fn compare(verification: &mut Verification, content: &Content) -> Result<()> {
    let Some(topic) = verification.topic.clone() else {
        return Ok(());
    };
    for &partition in topic.partitions() {
        let first = verification.partition(partition).anchor;
        let committed = topic
            .committed(partition)
            .and_then(|committed| committed.anchor);
        let last = content.last_claimed(partition).or(committed);
        for anchor in [first, last].into_iter().flatten() {
            let place = Place::new(partition, anchor.offset);
            let reading = topic.reading(place).await?;
            if is_another(anchor, reading) {
                let text = "the topic holds another record here than the one that was landed: it was re-created or truncated";
                verification.find(Finding::of_place(Kind::Differs, place, text));
            }
        }
    }
    Ok(())
}

fn is_another(anchor: Anchor, reading: AnchorReading) -> bool {
    match reading {
        AnchorReading::Holds(timestamp, value) => !anchor.matches(timestamp, value),
        AnchorReading::BeyondEnd => true,
        AnchorReading::Gone => false,
    }
}
