//! What a topic gets: records a second by their timestamps, and the newest records themselves.
//!
//! Reads only, and in no group. Bounded: a few questions for each partition, and so many of the
//! newest offsets.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail, ensure};
use kafka::{checks, log_reader::LogReader, look_up::LookUp, settings::KafkaSettings};
use landing::{
    Extent, Offset, OffsetRange, Partition, Place, anchor::AnchorReading, arena::RecordArena,
};

use crate::layout_plan::args::PlanArgs;

/// The most bytes of records to keep.
const MOST_BYTES: usize = 32 << 20;
/// How many offsets to read for the first record: those before it may be markers of transactions.
const FIRST: i64 = 100;
/// A topic that is younger than this is taken to be as old.
const LEAST_SPAN: f64 = 1.0;

/// What was measured.
pub(super) struct Measured {
    /// Records a second.
    pub(super) per_second: f64,
    /// Mean bytes of a value.
    pub(super) record_bytes: f64,
    /// Partitions of the topic.
    pub(super) partitions: u32,
    /// The newest records.
    pub(super) sample: Vec<RecordArena>,
    /// What was measured, for people.
    pub(super) basis: String,
}

/// What a partition got within the window.
#[derive(Clone, Copy, Debug)]
struct Recent {
    /// From the first offset within the window to the end.
    extent: Extent,
    /// Whether the log begins within the window.
    is_whole_log: bool,
}

/// Measures a topic.
///
/// # Errors
/// When it cannot be read, or got no record within the window.
pub(super) async fn measure(args: &PlanArgs, settings: &KafkaSettings) -> Result<Measured> {
    let now = now_millis()?;
    let recent = recent(args, settings, now).await?;
    let topic = &args.kafka.topic;
    let offsets: i64 = recent.iter().map(|part| length(part.extent.range)).sum();
    let window = args.window.as_secs_f64();
    ensure!(
        offsets > 0,
        "topic '{topic}' has no record with a timestamp of the last {}: give a longer --window, or --rate and --record-bytes",
        in_words(window)
    );
    let reader = LogReader::start(settings, topic)?;
    let span = span(&reader, &recent, now, window).await?;
    let sample = newest(&reader, &recent, args.sample).await?;
    let values = sample.iter().flat_map(RecordArena::records);
    let sizes: Vec<usize> = values
        .filter_map(|record| record.value.map(<[u8]>::len))
        .collect();
    let bytes: usize = sizes.iter().sum();
    ensure!(
        bytes > 0,
        "none of the newest {offsets} offsets of topic '{topic}' holds a value: give --rate and --record-bytes"
    );
    Ok(Measured {
        per_second: offsets as f64 / span,
        record_bytes: bytes as f64 / sizes.len() as f64,
        partitions: u32::try_from(recent.len()).unwrap_or(u32::MAX),
        basis: format!(
            "measured: {offsets} offsets of topic '{topic}' in the last {}, the newest {} records for sizes",
            in_words(span),
            sizes.len()
        ),
        sample,
    })
}

fn now_millis() -> Result<i64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.ok().map(|since| since.as_millis());
    let millis = millis.and_then(|millis| i64::try_from(millis).ok());
    millis.context("the clock of this machine shows no time after 1970: set it")
}

fn length(range: OffsetRange) -> i64 {
    range.end.0 - range.start.0
}

/// The offsets of each partition whose records are young enough.
async fn recent(args: &PlanArgs, settings: &KafkaSettings, now: i64) -> Result<Vec<Recent>> {
    let look_up = Arc::new(LookUp::new(settings, &args.kafka.topic)?);
    let (settings, topic) = (settings.clone(), args.kafka.topic.clone());
    let timeout = args.kafka.connect_timeout;
    let window = i64::try_from(args.window.as_millis()).unwrap_or(i64::MAX);
    let ask = move || {
        let partitions = checks::partitions(&look_up, &settings, &topic, timeout)?;
        let deadline = Instant::now() + Duration::max(timeout, Duration::from_secs(1));
        let asked = partitions.into_iter().map(|partition| {
            let log = checks::until_settled(deadline, || look_up.log_ends(partition))?;
            let oldest = now.saturating_sub(window);
            let begin = checks::until_settled(deadline, || look_up.offset_at(partition, oldest));
            let begin = begin.context("the first record of --window cannot be found")?;
            let begin = match begin {
                Some(begin) => begin.max(log.start).min(log.end),
                None => first_young(&look_up, Extent::new(partition, log), oldest)?,
            };
            Ok(Recent {
                extent: Extent::new(partition, OffsetRange::new(begin, log.end)),
                is_whole_log: begin == log.start,
            })
        });
        asked.collect()
    };
    tokio::task::spawn_blocking(ask)
        .await
        .context("the look-up was broken off")?
}

/// The first offset of a log whose record is not older than this, or the log's end. Kafka answers
/// that, and said that there is none; the sandbox's broker always says so. Blocks for a read of the
/// newest record, and if that is young, for some twenty more.
fn first_young(look_up: &LookUp, log: Extent, oldest: i64) -> Result<Offset> {
    let Extent { partition, range } = log;
    if range.start >= range.end || !is_young(look_up, partition, range.end.0 - 1, range, oldest)? {
        return Ok(range.end);
    }
    let (mut old, mut young) = (range.start.0, range.end.0 - 1);
    while old < young {
        let middle = old + (young - old) / 2;
        match is_young(look_up, partition, middle, range, oldest)? {
            true => young = middle,
            false => old = middle + 1,
        }
    }
    Ok(Offset(young))
}

/// Whether the record at an offset is there, and not older than this.
fn is_young(
    look_up: &LookUp,
    partition: Partition,
    offset: i64,
    log: OffsetRange,
    oldest: i64,
) -> Result<bool> {
    let reading = look_up.read(Place::new(partition, Offset(offset)), log)?;
    Ok(matches!(reading, AnchorReading::Holds(Some(millis), _) if millis >= oldest))
}

/// The seconds in which the records came: the window, or the time since the first record where the
/// topic is younger.
async fn span(reader: &LogReader, recent: &[Recent], now: i64, window: f64) -> Result<f64> {
    if recent.iter().any(|part| !part.is_whole_log) {
        return Ok(window);
    }
    let mut first = None;
    for part in recent {
        let range = part.extent.range;
        let end = Offset(range.end.0.min(range.start.0 + FIRST));
        let begin = Extent::new(part.extent.partition, OffsetRange::new(range.start, end));
        let mut records = reader.read(begin);
        let timestamp = match records.next().await? {
            Some(arena) => arena.records().find_map(|record| record.timestamp),
            None => None,
        };
        first = first.into_iter().chain(timestamp).min();
    }
    let Some(first) = first else {
        bail!("the first records of the topic have no timestamp: give --rate and --record-bytes");
    };
    let age = now.saturating_sub(first) as f64 / 1_000.0;
    Ok(age.clamp(LEAST_SPAN, window.max(LEAST_SPAN)))
}

/// The newest records, about `most` offsets in total, each partition's share of them.
async fn newest(reader: &LogReader, recent: &[Recent], most: u32) -> Result<Vec<RecordArena>> {
    let busy = recent.iter().filter(|part| length(part.extent.range) > 0);
    let count = i64::try_from(busy.clone().count()).unwrap_or(1).max(1);
    let share = (i64::from(most) / count).max(1);
    let (mut sample, mut bytes) = (Vec::new(), 0);
    for part in busy {
        let Extent { partition, range } = part.extent;
        let start = Offset(range.start.0.max(range.end.0 - share));
        let mut records = reader.read(Extent::new(partition, OffsetRange::new(start, range.end)));
        while bytes < MOST_BYTES
            && let Some(arena) = records.next().await?
        {
            bytes += arena.memory();
            sample.push(arena);
        }
    }
    Ok(sample)
}

fn in_words(seconds: f64) -> String {
    match seconds {
        ..120.0 => format!("{seconds:.0} s"),
        ..7_200.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.0} h", seconds / 3_600.0),
    }
}
