//! Records of the model, and the object that each must become, worked out without the code under
//! test.
//!
//! Not here: the log that holds them. The key and the body are written down here a second time on
//! purpose. Invariant: a record is a function of (partition, incarnation, epoch, offset); two
//! records of one offset always differ in timestamp or value.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fastrand::Rng;
use landing::{
    Offset, Partition, Record,
    engine::Tombstones,
    partition_by::{Granularity, PartitionBy},
    record::Headers,
};

/// The topic's name.
pub(crate) const TOPIC: &str = "t";

/// Midnight in milliseconds and the date, of the days on which records are made.
pub(crate) const DAYS: [(i64, &str); 4] = [
    (1_795_132_800_000, "2026-11-20"),
    (1_795_219_200_000, "2026-11-21"),
    (1_796_083_200_000, "2026-12-01"),
    (536_371_200_000, "1986-12-31"),
];

/// What decides about a record's key, as the zone pins it.
#[derive(Clone, Debug)]
pub(crate) struct DateRules {
    pub(crate) partition_by: PartitionBy,
    pub(crate) granularity: Granularity,
    pub(crate) tombstones: Tombstones,
}

/// Which record: `incarnation` counts re-creations of the topic, `epoch` the truncations since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordId {
    pub(crate) partition: Partition,
    pub(crate) incarnation: u32,
    pub(crate) epoch: usize,
    pub(crate) offset: i64,
}

/// What must be in the bucket for a record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    Object { key: String, body: Vec<u8> },
    Nothing,
}

/// A record and its expectation.
#[derive(Debug)]
pub(crate) struct ModelRecord {
    pub(crate) place: RecordId,
    pub(crate) timestamp: Option<i64>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) expected: Expected,
    placed: Placed,
}

/// Where a record goes in an extent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Placed {
    /// To the file of this date.
    Date(String),
    /// To the dead letters, as this line.
    Letter(String),
    /// A tombstone: to the dead letters as this line, or nowhere.
    Tombstone(String),
}

/// An hour of one of the [`DAYS`].
#[derive(Clone, Copy)]
struct Hour {
    day: usize,
    hour: i64,
}

impl Hour {
    fn draw(rng: &mut Rng) -> Self {
        Self {
            day: rng.usize(0..DAYS.len()),
            hour: rng.i64(0..24),
        }
    }
}

/// A value with what is known of it: the line it must become (if it is a JSON object), and the date
/// in it.
#[derive(Default)]
struct Value {
    bytes: Option<Vec<u8>>,
    line: Option<String>,
    date: Option<Hour>,
}

impl ModelRecord {
    /// The record of a place.
    pub(crate) fn make(place: RecordId, layout: &DateRules) -> Self {
        let mut rng = seeded(place);
        // Some values repeat after a re-creation or truncation, as when the same file is sent
        // again: only the time differs.
        let repeats = place.offset % 4 == 0;
        let hour = Hour::draw(&mut rng);
        let timestamp = (repeats || rng.u8(0..32) > 0).then(|| {
            let part = i64::from(place.incarnation) * 100_000 + place.epoch as i64 * 1_000;
            DAYS[hour.day].0 + hour.hour * 3_600_000 + part + place.offset % 1_000
        });
        let value = if repeats {
            let first = RecordId {
                incarnation: 0,
                epoch: 0,
                ..place
            };
            make_value(&mut seeded(first), &format!("{}", place.offset))
        } else {
            let mark = format!("{}.{}.{}", place.incarnation, place.epoch, place.offset);
            make_value(&mut rng, &mark)
        };
        let date = match layout.partition_by {
            PartitionBy::Timestamp => timestamp.map(|_| hour),
            PartitionBy::Field(_) => value.date,
        };
        let mut record = Self {
            place,
            timestamp,
            value: value.bytes,
            expected: Expected::Nothing,
            placed: Placed::Date(String::new()),
        };
        record.placed = record.place_in_an_extent(value.line.is_some(), date, layout);
        record.expected = record.expect(value.line, date, layout);
        record
    }

    /// Where it goes in an extent; `None` for a tombstone that is skipped.
    pub(crate) fn placed(&self, keep_tombstones: bool) -> Option<&Placed> {
        let skipped = matches!(self.placed, Placed::Tombstone(_)) && !keep_tombstones;
        (!skipped).then_some(&self.placed)
    }

    fn place_in_an_extent(&self, object: bool, date: Option<Hour>, layout: &DateRules) -> Placed {
        match (&self.value, object, date) {
            (None, ..) => Placed::Tombstone(self.letter("tombstone")),
            (_, false, _) => Placed::Letter(self.letter("not-a-json-object")),
            (_, true, None) => Placed::Letter(self.letter("no-partition-value")),
            (_, true, Some(hour)) => Placed::Date(folder(hour, layout.granularity)),
        }
    }

    /// The record as the client shows it.
    pub(crate) fn shown(&self) -> Record<'_> {
        Record {
            partition: self.place.partition,
            offset: Offset(self.place.offset),
            timestamp: self.timestamp,
            key: Some(b"HSI"),
            value: self.value.as_deref(),
            headers: Headers::default(),
        }
    }

    fn expect(&self, line: Option<String>, date: Option<Hour>, layout: &DateRules) -> Expected {
        if self.value.is_none() && layout.tombstones == Tombstones::Skip {
            return Expected::Nothing;
        }
        let name = format!("{:05}-{:020}.json", self.place.partition, self.place.offset);
        let reason = match (&self.value, line, date) {
            (None, ..) => "tombstone",
            (Some(_), None, _) => "not-a-json-object",
            (Some(_), Some(_), None) => "no-partition-value",
            (Some(_), Some(line), Some(hour)) => {
                return Expected::Object {
                    key: format!("p/dt={}/{name}", folder(hour, layout.granularity)),
                    body: (line + "\n").into_bytes(),
                };
            }
        };
        Expected::Object {
            key: format!("_control/p/dead-letters/{name}"),
            body: self.letter(reason).into_bytes(),
        }
    }

    fn letter(&self, reason: &str) -> String {
        let null = || "null".to_owned();
        let timestamp = self.timestamp.map_or_else(null, |time| time.to_string());
        let value = self.value.as_deref();
        let text = value.map_or_else(null, |bytes| {
            serde_json::to_string(std::str::from_utf8(bytes).unwrap()).unwrap()
        });
        let value = value.map_or_else(null, |bytes| format!("\"{}\"", STANDARD.encode(bytes)));
        format!(
            "{{\"reason\":\"{reason}\",\"topic\":\"{TOPIC}\",\"partition\":{},\"offset\":{},\"timestamp\":{timestamp},\
             \"key_text\":\"HSI\",\"key\":\"SFNJ\",\"value_text\":{text},\"value\":{value},\"headers\":[]}}\n",
            self.place.partition, self.place.offset
        )
    }
}

fn seeded(place: RecordId) -> Rng {
    let place = [
        place.partition.0 as u64,
        u64::from(place.incarnation),
        place.epoch as u64,
        place.offset as u64,
    ];
    Rng::with_seed(place.iter().fold(7, |seed, part| {
        (seed ^ part)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29)
    }))
}

fn folder(hour: Hour, granularity: Granularity) -> String {
    let Hour { day, hour } = hour;
    let date = DAYS[day].1;
    match granularity {
        Granularity::Year => date[..4].to_owned(),
        Granularity::Day => date.to_owned(),
        Granularity::Hour => format!("{date}-{hour:02}"),
    }
}

fn make_value(rng: &mut Rng, mark: &str) -> Value {
    let hour = Hour::draw(rng);
    let date = format!("{}T{:02}:30:00Z", DAYS[hour.day].1, hour.hour);
    let kind = rng.u8(0..100);
    let (line, date) = match kind {
        0..=76 => {
            let line = format!(r#"{{"Index":"HSI","Date":"{date}","n":"{mark}"}}"#);
            (line, Some(hour))
        }
        77..=80 => {
            let pad = "x".repeat(400);
            let line = format!(r#"{{"Date":"{date}","n":"{mark}","pad":"{pad}"}}"#);
            (line, Some(hour))
        }
        81..=84 => (format!(r#"{{"n":"{mark}"}}"#), None),
        85..=92 => {
            let bytes = format!("hello world {mark}").into_bytes();
            return Value {
                bytes: Some(bytes),
                ..Value::default()
            };
        }
        _ => return Value::default(),
    };
    let text = match kind {
        0..=6 => line.replace('{', "{\n ").replace(',', " ,\r\n\t"),
        _ => line.clone(),
    };
    Value {
        bytes: Some(text.into_bytes()),
        line: Some(line),
        date,
    }
}
