//! The demo's second half: the same topic as Parquet, a proof of both zones, and the first zone
//! compacted; side by side at the end.
//!
//! What a zone must hold is known by then (see `checker`). It fails unless both zones are proven to
//! hold each record once, and the copy as many.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use comfy_table::{CellAlignment, Table, presets};
use schema::STOCK_HEADER;
use serde_json::{Map, Value};

use crate::{
    part::{STEP_LIMIT, count},
    say::{by_hand, say},
    stage::{BUCKET, COPY, PARQUET, PREFIX, Stage, TOPIC},
};

/// One way to keep the records, with its figures.
struct MeasuredLayout {
    name: &'static str,
    objects: usize,
    bytes: u64,
    took: Duration,
}

/// Plays the second half. Each layout must hold `expected`, JSON objects; `landed_in` is how long
/// the first one took.
///
/// # Errors
/// If a step fails, or a zone or the copy does not hold each record once.
pub(crate) async fn tell(
    stage: &Stage,
    expected: &[String],
    landed_in: Duration,
) -> anyhow::Result<()> {
    let rows = expected.len() as u64;
    let single = measure(
        stage,
        "one object per record, with the crash",
        PREFIX,
        landed_in,
    );
    say(
        "9. The same topic lands a second time, as Parquet: a zone of its own, next to the first.",
    )?;
    let columns = columns(stage, expected)?;
    let parquet = land(stage, rows, &columns).await?;
    verify(stage, rows).await?;
    let copy = compact(stage, rows, columns).await?;
    say(&format!(
        "12. Side by side:\n{}\n",
        table(&[single, parquet, copy])
    ))
}

fn measure(stage: &Stage, name: &'static str, prefix: &str, took: Duration) -> MeasuredLayout {
    let (keys, bytes) = stage.below(&format!("{prefix}/"));
    MeasuredLayout {
        name,
        objects: keys.len(),
        bytes,
        took,
    }
}

/// The flags that name the table's columns: none if they are those of stock records.
fn columns(stage: &Stage, expected: &[String]) -> anyhow::Result<Vec<String>> {
    let first: Map<String, Value> = serde_json::from_str(expected.first().context("no rows")?)?;
    let is_stock = |name: &String| STOCK_HEADER.contains(&name.as_str());
    if first.keys().all(is_stock) {
        return Ok(Vec::new());
    }
    let proposal = schema::infer(expected.iter().map(String::as_bytes))?;
    let path = stage.file("schema.yaml");
    std::fs::write(&path, proposal.schema.to_yaml())
        .with_context(|| format!("cannot write {}", path.display()))?;
    by_hand(&format!(
        "cargo run -p consumer -- schema infer --topic {TOPIC} > schema.yaml"
    ))?;
    let file = path
        .to_str()
        .context("the directory for temporary files has a name that is not UTF-8; set TMPDIR")?;
    Ok(vec!["--schema".to_owned(), file.to_owned()])
}

async fn land(stage: &Stage, rows: u64, columns: &[String]) -> anyhow::Result<MeasuredLayout> {
    by_hand(&format!(
        "cargo run -p consumer -- --bucket {BUCKET} --format parquet{} --until-end",
        shown(columns)
    ))?;
    let began = Instant::now();
    let mut flags = vec!["--format", "parquet", "--until-end"];
    flags.extend(columns.iter().map(String::as_str));
    let part = stage.start_consumer("consumer-3", &flags)?;
    let summary = part.finish(STEP_LIMIT).await?;
    let records = count(&summary, "records")?;
    if records != rows {
        bail!("{records} of {rows} records were landed as Parquet: {summary}");
    }
    let landed = measure(stage, "Parquet, landed", PARQUET, began.elapsed());
    say(&format!(
        "   {records} records in {} objects.\n",
        landed.objects
    ))?;
    Ok(landed)
}

async fn verify(stage: &Stage, rows: u64) -> anyhow::Result<()> {
    say("10. Each zone is proven: every object is read, every record compared with the topic.")?;
    for (name, prefix) in [("verify-1", PREFIX), ("verify-2", PARQUET)] {
        by_hand(&format!(
            "cargo run -p consumer -- verify --bucket {BUCKET} --prefix {prefix} --deep"
        ))?;
        // It exits with 65, which is an error here, if the zone is not clean.
        let report = stage.start_verify(name, prefix)?.finish(STEP_LIMIT).await?;
        let total = |name: &str| total(&report["partitions"], name);
        let (records, compared) = (total("records")?, total("compared")?);
        if (records, compared) != (rows, rows) {
            bail!("{prefix}: {records} records, {compared} compared, and there are {rows}");
        }
        say(&format!(
            "   clean: {records} records, {compared} of them compared with the topic, no gap, no duplicate, nothing unknown"
        ))?;
    }
    say("")
}

async fn compact(stage: &Stage, rows: u64, columns: Vec<String>) -> anyhow::Result<MeasuredLayout> {
    let dates = dates(stage)?;
    say(
        "11. The first zone's small objects are copied into few Parquet objects, which are read back and compared.",
    )?;
    by_hand(&format!(
        "cargo run -p consumer -- compact --bucket {BUCKET} --from {PREFIX} --to {COPY} --format parquet{} --partition {} --unfinished",
        shown(&columns),
        dates.join(" --partition ")
    ))?;
    let mut flags = columns;
    flags.push("--unfinished".to_owned());
    for date in dates {
        flags.extend(["--partition".to_owned(), date]);
    }
    let began = Instant::now();
    let part = stage.start_compact(PREFIX, COPY, &flags)?;
    let report = part.finish(STEP_LIMIT).await?;
    let of_dates = report["dates"]
        .as_array()
        .context("the report has no dates")?;
    let records: u64 = of_dates
        .iter()
        .map(|date| total(&date["plans"], "records"))
        .sum::<anyhow::Result<u64>>()?;
    if records != rows {
        bail!("{records} of {rows} records are in the copy: {report}");
    }
    let copy = measure(
        stage,
        "Parquet, compacted from the first",
        COPY,
        began.elapsed(),
    );
    say(&format!(
        "   {records} records in {} objects, and the small ones are still there (--delete-source would remove them).\n",
        copy.objects
    ))?;
    Ok(copy)
}

/// The flags of [`columns`] as one would type them.
fn shown(columns: &[String]) -> &'static str {
    if columns.is_empty() {
        ""
    } else {
        " --schema schema.yaml"
    }
}

/// The date partitions of the first zone, `dt=…`: one, or two around midnight.
fn dates(stage: &Stage) -> anyhow::Result<Vec<String>> {
    let (keys, _) = stage.below(&format!("{PREFIX}/"));
    let mut dates = BTreeSet::new();
    for key in &keys {
        let date = key.split('/').find(|part| part.starts_with("dt="));
        dates.insert(date.context("a key has no date partition")?.to_owned());
    }
    Ok(dates.into_iter().collect())
}

/// The sum of a number over a list in a report.
fn total(list: &Value, name: &str) -> anyhow::Result<u64> {
    let parts = list.as_array().context("the report has no such list")?;
    parts.iter().map(|part| count(part, name)).sum()
}

fn table(layouts: &[MeasuredLayout]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_header(["layout", "objects", "bytes", "seconds"]);
    for layout in layouts {
        table.add_row([
            layout.name.to_owned(),
            layout.objects.to_string(),
            layout.bytes.to_string(),
            format!("{:.1}", layout.took.as_secs_f64()),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
