//! `consumer schema infer`: a proposal for `--schema`, from the oldest and the newest records of a
//! topic.
//!
//! `schema::infer` derives the columns. Nothing is written or committed anywhere.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use cli::run::Failure;
use kafka::{
    checks,
    log_reader::LogReader,
    look_up::LookUp,
    options::check_topic_name,
    settings::{self, KafkaSettings},
};
use landing::{Extent, Offset, OffsetRange, arena::RecordArena};

use schema::{ColumnNote, Proposal};

use crate::schema_infer::args::SchemaInferArgs;

/// The most bytes of records to keep until the proposal is made: a sample of large records has
/// fewer of them.
const MOST_BYTES: usize = 32 << 20;

/// Proposes a schema, as the text of a schema file.
///
/// # Errors
/// [`Failure::Usage`] before any connection; [`Failure::Failed`] when the topic cannot be read or
/// holds no JSON object.
pub async fn run(args: SchemaInferArgs) -> Result<String, Failure> {
    check_topic_name(&args.kafka.topic).map_err(Failure::Usage)?;
    let options = settings::options(&args.kafka.kafka_options, &args.kafka.security())
        .map_err(Failure::Usage)?;
    let settings = KafkaSettings {
        bootstrap_servers: args.kafka.bootstrap_servers.clone(),
        // The client requires a group name; nothing is ever committed under it.
        group: "consumer-schema-infer".to_owned(),
        options,
        queue_bytes: 1 << 20,
    };
    settings.options.warn();
    propose(&args, &settings).await.map_err(Failure::Failed)
}

async fn propose(args: &SchemaInferArgs, settings: &KafkaSettings) -> Result<String> {
    let logs = logs(args, settings).await?;
    let ranges = sample(&logs, i64::from(args.sample));
    let arenas = read(args, settings, &ranges).await?;
    let records = || arenas.iter().flat_map(RecordArena::records);
    let values = || records().filter_map(|record| record.value);
    ensure!(
        values().next().is_some(),
        "topic '{}' holds no records that could be looked at: send some first",
        args.kafka.topic
    );
    let proposal = schema::infer(values())
        .map_err(|error| anyhow!("topic '{}': {error}", args.kafka.topic))?;
    tracing::info!(
        "{} columns from {} records of {} partitions; {} were passed over, because they are no JSON objects",
        proposal.schema.columns().len(),
        proposal.objects,
        logs.len(),
        proposal.passed_over
    );
    Ok(file(&args.kafka.topic, &proposal))
}

/// The proposal as a schema file; what people should know about it stands in comments.
fn file(topic: &str, proposal: &Proposal) -> String {
    let mut head = format!(
        "# Proposed from {} records of topic {topic}: a file for `consumer --schema FILE`.\n",
        proposal.objects
    );
    if proposal.passed_over > 0 {
        let passed_over = proposal.passed_over;
        head += &format!("# Passed over, because they are no JSON objects: {passed_over}.\n");
    }
    for ColumnNote { column, text } in &proposal.notes {
        head += &format!("# Column {column}: {text}.\n");
    }
    head + proposal.schema.to_yaml().trim_end()
}

/// The topic's partitions and where their logs begin and end.
async fn logs(args: &SchemaInferArgs, settings: &KafkaSettings) -> Result<Vec<Extent>> {
    let look_up = Arc::new(LookUp::new(settings, &args.kafka.topic)?);
    let (settings, topic, timeout) = (
        settings.clone(),
        args.kafka.topic.clone(),
        args.kafka.connect_timeout,
    );
    let ask = move || {
        let partitions = checks::partitions(&look_up, &settings, &topic, timeout)?;
        let deadline = Instant::now() + Duration::max(timeout, Duration::from_secs(1));
        let ends = partitions.into_iter().map(|partition| {
            let log = checks::until_settled(deadline, || look_up.log_ends(partition))?;
            Ok(Extent::new(partition, log))
        });
        ends.collect()
    };
    tokio::task::spawn_blocking(ask)
        .await
        .context("the look-up was broken off")?
}

/// The oldest and the newest offsets of each log, about `most` in total; short logs are taken
/// whole.
fn sample(logs: &[Extent], most: i64) -> Vec<Extent> {
    let count = i64::try_from(logs.len()).unwrap_or(i64::MAX).max(1);
    let half = (most / count / 2).max(1);
    let mut ranges = Vec::new();
    for &log in logs {
        let Extent { partition, range } = log;
        if range.end.0 - range.start.0 <= 2 * half {
            ranges.push(log);
            continue;
        }
        let old = OffsetRange::new(range.start, Offset(range.start.0 + half));
        let new = OffsetRange::new(Offset(range.end.0 - half), range.end);
        ranges.extend([old, new].map(|range| Extent::new(partition, range)));
    }
    ranges.retain(|part| part.range.start < part.range.end);
    ranges
}

async fn read(
    args: &SchemaInferArgs,
    settings: &KafkaSettings,
    ranges: &[Extent],
) -> Result<Vec<RecordArena>> {
    let reader = LogReader::start(settings, &args.kafka.topic)?;
    let (mut arenas, mut bytes) = (Vec::new(), 0);
    let share = MOST_BYTES / ranges.len().max(1);
    for (index, &part) in ranges.iter().enumerate() {
        let mut records = reader.read(part);
        // What a small partition leaves of its share goes to the ones after it.
        while bytes < share * (index + 1)
            && let Some(arena) = records.next().await?
        {
            bytes += arena.memory();
            arenas.push(arena);
        }
    }
    Ok(arenas)
}

#[cfg(test)]
mod tests {
    use landing::Partition;

    use super::*;

    fn extent(partition: i32, start: i64, end: i64) -> Extent {
        let range = OffsetRange::new(Offset(start), Offset(end));
        Extent::new(Partition(partition), range)
    }

    #[test]
    fn the_sample_takes_both_ends_of_each_log_and_short_logs_whole() {
        let logs = [extent(0, 5, 1_000), extent(1, 7, 20), extent(2, 9, 9)];
        let parts = sample(&logs, 60);
        let wanted = [extent(0, 5, 15), extent(0, 990, 1_000), extent(1, 7, 20)];
        assert_eq!(parts, wanted);
        let whole = sample(&[extent(0, 0, 10)], 10);
        assert_eq!(whole, [extent(0, 0, 10)]);
        assert_eq!(sample(&logs, 1).len(), 4, "one old and one new offset");
    }
}
