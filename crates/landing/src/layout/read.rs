//! Keys of a landing zone, read back: which object of the zone a key names, if any.
//!
//! Not here: whether the object should be there. A key that is read gives the same key when it is
//! written again.

use crate::{
    format::Format,
    layout::Prefix,
    offset::{Offset, OffsetRange},
    partition_by::{DatePartition, Granularity},
    place::{Extent, Partition, Place},
};

/// A data object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataKey<'k> {
    /// What follows `dt=`.
    pub date: &'k str,
    /// Of the record, or where the extent begins.
    pub place: Place,
    /// `json`, `jsonl.gz` …
    pub suffix: &'k str,
}

/// An object below `_control/{prefix}/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlKey {
    /// The dead letter of one record (`json`), or those of the extent that begins here.
    DeadLetter(Place),
    /// The claim of the extent that begins here.
    Claim(Place),
    /// The first landed record of a partition.
    Anchor(Partition),
    /// Where a partition begins.
    Start(Partition),
    /// Offsets that were lost to retention.
    Gap(Extent),
    /// The schema of this hash.
    Schema(String),
    /// A consumer group that has entered the zone.
    Group,
    /// The zone itself, the probes, a cluster that was accepted.
    Other,
}

/// Reads the key of a data object; `None` when no zone with these settings has such a key.
pub fn data_key<'k>(
    key: &'k str,
    prefix: &Prefix,
    granularity: Granularity,
    format: Format,
) -> Option<DataKey<'k>> {
    let rest = key.strip_prefix(prefix.as_str())?.strip_prefix("/dt=")?;
    let (date, name) = rest.split_once('/')?;
    let (stem, suffix) = name.split_once('.')?;
    let place = place(stem)?;
    let known = is_date(date, granularity) && is_suffix(suffix, format);
    known.then_some(DataKey {
        date,
        place,
        suffix,
    })
}

/// Reads a key below `_control/{prefix}/`; `None` when a zone of this format has no such key.
pub fn control_key(key: &str, prefix: &Prefix, format: Format) -> Option<ControlKey> {
    let rest = key
        .strip_prefix("_control/")?
        .strip_prefix(prefix.as_str())?
        .strip_prefix('/')?;
    let (folder, name) = rest.split_once('/').unwrap_or(("", rest));
    let stem = name.strip_suffix(".json");
    match folder {
        // `race` is where earlier versions tried races.
        "" => matches!(name, "zone.json" | "probe" | "race").then_some(ControlKey::Other),
        "anchors" => partition(stem?).map(ControlKey::Anchor),
        "starts" => partition(stem?).map(ControlKey::Start),
        "race" => is_hash(name, 16).then_some(ControlKey::Other),
        "clusters" => stem.map(|_| ControlKey::Other),
        "schemas" => stem.map(|hash| ControlKey::Schema(hash.to_owned())),
        "groups" => is_hash(stem?, 32).then_some(ControlKey::Group),
        "claims" => claim(name, key, prefix),
        "gaps" => gap(stem?),
        "dead-letters" => {
            let ending = match format {
                Format::Json => ".json",
                Format::Jsonl | Format::Csv | Format::Parquet => ".jsonl",
            };
            place(name.strip_suffix(ending)?).map(ControlKey::DeadLetter)
        }
        _ => None,
    }
}

fn claim(name: &str, key: &str, prefix: &Prefix) -> Option<ControlKey> {
    let partition = partition(name.split_once('/')?.0)?;
    let start = prefix.start_of_claim_key(partition, key)?;
    Some(ControlKey::Claim(Place::new(partition, start)))
}

fn gap(stem: &str) -> Option<ControlKey> {
    let mut parts = stem.splitn(3, '-');
    let partition = partition(parts.next()?)?;
    let (start, end) = (number(parts.next()?, 20)?, number(parts.next()?, 20)?);
    let range = OffsetRange::new(Offset(start), Offset(end));
    (start < end).then_some(ControlKey::Gap(Extent::new(partition, range)))
}

/// `{partition:05}-{offset:020}`
fn place(stem: &str) -> Option<Place> {
    let (number_of_partition, offset) = stem.split_once('-')?;
    Some(Place {
        partition: partition(number_of_partition)?,
        offset: Offset(number(offset, 20)?),
    })
}

fn partition(text: &str) -> Option<Partition> {
    i32::try_from(number(text, 5)?).ok().map(Partition)
}

/// A number that is written with at least `digits` digits, and with more only where it needs them.
fn number(text: &str, digits: usize) -> Option<i64> {
    let shape = text.len() == digits || text.len() > digits && !text.starts_with('0');
    let digits_only = text.bytes().all(|byte| byte.is_ascii_digit());
    (shape && digits_only).then(|| text.parse().ok())?
}

/// So many hexadecimal digits, in lower case.
fn is_hash(text: &str, digits: usize) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == digits && text.bytes().all(is_digit)
}

fn is_date(text: &str, granularity: Granularity) -> bool {
    let length = match granularity {
        Granularity::Year => 4,
        Granularity::Day => 10,
        Granularity::Hour => 13,
    };
    text.len() == length && DatePartition::from_folder(text).is_some()
}

fn is_suffix(suffix: &str, format: Format) -> bool {
    match suffix.strip_prefix(format.as_str()) {
        Some("") => true,
        Some(".gz" | ".zst") => matches!(format, Format::Jsonl | Format::Csv),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix() -> Prefix {
        "stock-market/json".parse().unwrap()
    }

    fn read(key: &str, format: Format) -> Option<(String, Place, String)> {
        let key = data_key(key, &prefix(), Granularity::Day, format)?;
        Some((key.date.into(), key.place, key.suffix.into()))
    }

    #[test]
    fn the_keys_that_the_consumer_writes_read_back() {
        let date = DatePartition::from_folder("2026-11-21").unwrap();
        for (partition, offset) in [(0, 0), (3, 42), (99_999, 1), (100_000, i64::MAX)] {
            let partition = Partition(partition);
            let place = Place::new(partition, Offset(offset));
            let key = prefix().data_key(&date, place);
            let expected = ("2026-11-21".into(), place, "json".into());
            assert_eq!(read(&key, Format::Json), Some(expected));
            let key = prefix().extent_key(&date, place, "jsonl.gz");
            let expected = ("2026-11-21".into(), place, "jsonl.gz".into());
            assert_eq!(read(&key, Format::Jsonl), Some(expected));

            let control = |key: &str| control_key(key, &prefix(), Format::Json);
            let letter = prefix().dead_letter_key(place);
            assert_eq!(control(&letter), Some(ControlKey::DeadLetter(place)));
            let letters = prefix().dead_letters_key(place);
            let batched = control_key(&letters, &prefix(), Format::Csv);
            assert_eq!(batched, Some(ControlKey::DeadLetter(place)));
            assert_eq!(control(&letters), None);
            let claim = prefix().claim_key(place);
            assert_eq!(control(&claim), Some(ControlKey::Claim(place)));
            let anchor = control(&prefix().anchor_key(partition));
            assert_eq!(anchor, Some(ControlKey::Anchor(partition)));
            let start = control(&prefix().start_key(partition));
            assert_eq!(start, Some(ControlKey::Start(partition)));
            let gap = Extent::new(partition, OffsetRange::new(Offset(2), Offset(7)));
            let gap_key = prefix().gap_key(gap);
            assert_eq!(control(&gap_key), Some(ControlKey::Gap(gap)));
        }
        for key in [
            prefix().zone_key(),
            prefix().probe_key(),
            prefix().race_key(u64::MAX),
            "_control/stock-market/json/race".to_owned(),
            prefix().cluster_key("c"),
        ] {
            let read = control_key(&key, &prefix(), Format::Json);
            assert_eq!(read, Some(ControlKey::Other));
        }
        let schema = control_key(&prefix().schema_key("ab"), &prefix(), Format::Csv);
        assert_eq!(schema, Some(ControlKey::Schema("ab".into())));
        for group in ["", "landing.b/stock-market/json", "a/../b"] {
            let read = control_key(&prefix().group_key(group), &prefix(), Format::Csv);
            assert_eq!(read, Some(ControlKey::Group), "{group}");
        }
    }

    #[test]
    fn other_keys_are_nobodys() {
        for key in [
            "stock-market/json/dt=2026-11-21/00000-1.json",
            "stock-market/json/dt=2026-11-21/0-00000000000000000001.json",
            "stock-market/json/dt=2026-11-21/00000-00000000000000000001.jsonl",
            "stock-market/json/dt=2026-11-21/00000-00000000000000000001.json.gz",
            "stock-market/json/dt=2026-11-21/00000-+0000000000000000001.json",
            "stock-market/json/dt=2026-11-21-07/00000-00000000000000000001.json",
            "stock-market/json/dt=2026/00000-00000000000000000001.json",
            "stock-market/json/dt=2026-02-30/00000-00000000000000000001.json",
            "stock-market/json/dt=2026-11-21/x/00000-00000000000000000001.json",
            "stock-market/json/00000-00000000000000000001.json",
            "stock-market/jsonl/dt=2026-11-21/00000-00000000000000000001.json",
        ] {
            assert_eq!(read(key, Format::Json), None, "{key}");
        }
        for key in [
            "x",
            "anchors/x.json",
            "claims/00000/1.json",
            "gaps/00000-1-2.json",
            "groups/landing.b.json",
            "groups/0123456789ABCDEF0123456789ABCDEF.json",
            "y/z",
        ] {
            let key = format!("_control/stock-market/json/{key}");
            assert_eq!(control_key(&key, &prefix(), Format::Json), None, "{key}");
        }
    }
}
