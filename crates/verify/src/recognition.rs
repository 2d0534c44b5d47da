//! Whether a commit that names no zone is this zone's: the record that was landed last is in it.
//!
//! Only with one object per record: an object of a batched zone says nothing of one record, and the
//! claims of such a zone say where it goes on.

use anyhow::Result;
use bucket::{Bucket, retry::patiently, zone::ZoneFacts};
use landing::{
    Extent, OffsetRange, Place, Record,
    anchor::Anchor,
    identity::{About, Identity},
    record::Headers,
};

use crate::{
    expected_place::{ExpectedPlace, expected_place},
    topic::Topic,
};

/// Lets those commits of earlier versions count that are this zone's.
pub(crate) async fn recognise(topic: &mut Topic, bucket: &Bucket, zone: &ZoneFacts) -> Result<()> {
    for commit in topic.offsets.take_unnamed() {
        if let Some((place, anchor)) = commit.last().filter(|_| zone.is_per_record())
            && is_landed(topic, bucket, zone, place, anchor).await?
        {
            topic.offsets.recognise(commit);
        }
    }
    Ok(())
}

async fn is_landed(
    topic: &Topic,
    bucket: &Bucket,
    zone: &ZoneFacts,
    place: Place,
    anchor: Anchor,
) -> Result<bool> {
    let value = value(topic, place).await?;
    let record = Record {
        partition: place.partition,
        offset: place.offset,
        timestamp: anchor.timestamp,
        key: None,
        value: value.as_deref(),
        headers: Headers::default(),
    };
    let identity = Identity {
        zone: zone.id.clone(),
        place,
        about: About::Record {
            value: anchor.value,
            timestamp: anchor.timestamp,
        },
    };
    for key in keys(&record, zone) {
        let metadata = patiently(|| bucket.metadata(&key)).await;
        let metadata = metadata.map_err(|failure| bucket.unreadable(&key, &failure))?;
        if metadata.is_some_and(|metadata| identity.compare(&metadata).is_ok()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The value that the topic still has at this place.
async fn value(topic: &Topic, place: Place) -> Result<Option<Vec<u8>>> {
    let log = topic.ends(place.partition).await?;
    let range = OffsetRange::new(
        place.offset.max(log.start),
        place.offset.next().min(log.end),
    );
    if range.start >= range.end {
        return Ok(None);
    }
    let mut records = topic.records(Extent::new(place.partition, range));
    while let Some(arena) = records.next().await? {
        if let Some(record) = arena.records().next() {
            return Ok(record.value.map(<[u8]>::to_vec));
        }
    }
    Ok(None)
}

/// Where the record may be: as data, or as a dead letter. Without its value only Kafka's timestamp
/// can say its date.
fn keys(record: &Record<'_>, zone: &ZoneFacts) -> Vec<String> {
    let date = match expected_place(record, zone) {
        ExpectedPlace::Date(date) => Some(date),
        ExpectedPlace::Letter(_) => None,
        ExpectedPlace::Tombstone => {
            zone.partition_by
                .date(record.timestamp, None, zone.granularity)
        }
    };
    let data = date.map(|date| zone.prefix.data_key(&date, record.place()));
    let letter = zone.prefix.dead_letter_key(record.place());
    data.into_iter().chain([letter]).collect()
}
