//! `consumer ddl`: prints the table of a zone, or compares it with the bucket.
//!
//! The clock and the bucket are here; what is printed is decided in pure modules.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow};
use bucket::{Bucket, zone};
use cli::{
    origins::Origins,
    progress::Progress,
    run::{Done, Failure},
};
use landing::partition_by::{DatePartition, Granularity};
use schema::TableSchema;

use crate::{
    args::{DdlArgs, Reader},
    check_report::CheckReport,
    comparison::differences,
    duckdb_text,
    landed_zone::LandedZone,
    plan::{self, Printed},
    statements::Statement,
    table_range::{RangeEnd, at_granularity},
    zone_content::ZoneContent,
    zone_table::ZoneTable,
};

/// Prints or checks a table. `origins` says where a flag's value came from, for the log.
///
/// # Errors
/// [`Failure::Usage`] for flags that cannot work and tables that Athena could not read,
/// [`Failure::Failed`] when there is no zone, or the bucket cannot be read.
pub async fn run(args: DdlArgs, origins: &Origins) -> Result<Done, Failure> {
    plan::check(&args).map_err(Failure::Usage)?;
    let now = this_hour().map_err(Failure::Failed)?;
    let schema = args.schema.as_deref().map(format::schema_file::read);
    let schema = schema.transpose().map_err(Failure::Usage)?;
    let schema = schema.unwrap_or_else(TableSchema::stock);
    let mut table = plan::table(&args, schema, &now).map_err(Failure::Usage)?;
    if !args.from_zone && !args.check {
        return printed(&args, &table, Some(&now));
    }
    let (bucket, zone) = read(&args, &table, origins)
        .await
        .map_err(Failure::Failed)?;
    if args.from_zone {
        take_over(&args, &mut table, &zone, &now).map_err(Failure::Failed)?;
    }
    if !args.check {
        let first = first_date(&bucket, &table).await.map_err(Failure::Failed)?;
        begin_with(&args, &mut table, first)?;
        return printed(&args, &table, None);
    }
    table
        .check(None)
        .map_err(|problem| Failure::Usage(anyhow!(problem)))?;
    let report = check(&args, &table, &bucket, &zone, &now)
        .await
        .map_err(Failure::Failed)?;
    Ok(Done::new(
        report.render(args.report.output),
        report.exit_code(),
    ))
}

/// What the flags ask for, of a table that Athena can read.
fn printed(
    args: &DdlArgs,
    table: &ZoneTable,
    today: Option<&DatePartition>,
) -> Result<Done, Failure> {
    let usage = |problem: String| Failure::Usage(anyhow!(problem));
    table.check(today).map_err(usage)?;
    let json = |value: &serde_json::Value| format!("{value:#}");
    let text = match args.reader {
        Reader::Athena => statements(args, table).map_err(usage)?,
        Reader::Glue => json(&table.external_table().glue_request()),
        Reader::Cloudformation => json(&table.external_table().cloudformation()),
        Reader::Duckdb => {
            let command = plan::command(args, table, Printed::Other(args.reader));
            duckdb_text::script(table, &command)
        }
    };
    Ok(Done::new(text.trim_end().to_owned(), 0))
}

fn statements(args: &DdlArgs, table: &ZoneTable) -> Result<String, String> {
    let print = |statement: Statement| {
        let command = plan::command(args, table, Printed::Statement(statement));
        statement.print(table, &command)
    };
    if let Some(statement) = args.statement {
        return print(statement);
    }
    let usual = Statement::usual(table).into_iter();
    let printed: Result<Vec<String>, String> = usual
        .map(|statement| Ok(format!("{};\n", print(statement)?.trim_end())))
        .collect();
    Ok(printed?.join("\n"))
}

async fn read(
    args: &DdlArgs,
    table: &ZoneTable,
    origins: &Origins,
) -> Result<(Bucket, LandedZone)> {
    let (bucket, _) = zone::connect(
        &args.zone.bucket,
        args.zone.endpoint_url.as_deref(),
        origins.of("endpoint_url"),
        args.zone.expected_bucket_owner.as_deref(),
        vec![table.prefix.clone()],
    )
    .await?;
    let zone = LandedZone::read(&bucket, &table.prefix).await?;
    Ok((bucket, zone))
}

/// Makes the table one of what the zone is.
fn take_over(
    args: &DdlArgs,
    table: &mut ZoneTable,
    zone: &LandedZone,
    now: &DatePartition,
) -> Result<()> {
    table.format = zone.format;
    if args.table.is_none() {
        ZoneTable::default_name(zone.format).clone_into(&mut table.name);
    }
    table.partition_by = zone
        .partition_by
        .clone()
        .unwrap_or_else(|| table.partition_by.clone());
    table.granularity = zone.granularity;
    table.range = plan::range(args, table.granularity, &table.partition_by, now);
    if let Some(rules) = &zone.rules {
        table.csv_header = rules.csv_header;
        table.metadata_columns = rules.metadata_columns;
    }
    if let Some(columns) = zone.columns()? {
        table.schema = columns.clone();
    }
    Ok(())
}

/// The first date that has objects.
async fn first_date(bucket: &Bucket, table: &ZoneTable) -> Result<Option<DatePartition>> {
    let folder = table.prefix.data_folder();
    let mut list = bucket.list_folder(&folder);
    while let Some(page) = list.page().await? {
        let dates = page.folders.iter().filter_map(|found| {
            let date = found
                .strip_prefix(&folder)?
                .strip_prefix("dt=")?
                .strip_suffix('/')?;
            DatePartition::from_folder(date)
        });
        let first = dates.min();
        if first.is_some() {
            return Ok(first);
        }
    }
    Ok(None)
}

/// Lets the range begin with the first date that has objects, unless the user says where; then that
/// must not be later.
fn begin_with(
    args: &DdlArgs,
    table: &mut ZoneTable,
    first: Option<DatePartition>,
) -> Result<(), Failure> {
    let Some(first) = first else { return Ok(()) };
    let first = at_granularity(&first, RangeEnd::First, table.granularity);
    match &args.from {
        Some(_) if table.range.from > first => Err(Failure::Usage(anyhow!(
            "--from {} is after dt={first}, the first date of the zone: Athena would not show it; leave --from out",
            table.range.from
        ))),
        Some(_) => Ok(()),
        None => {
            table.range.from = first;
            Ok(())
        }
    }
}

/// Lists the zone and compares.
async fn check(
    args: &DdlArgs,
    table: &ZoneTable,
    bucket: &Bucket,
    zone: &LandedZone,
    now: &DatePartition,
) -> Result<CheckReport> {
    let mut content = ZoneContent::default();
    let mut progress = Progress::start(args.report.progress_interval);
    progress.step("listing data objects", None);
    let mut list = bucket.list(&table.prefix.data_folder());
    while let Some(page) = list.page().await? {
        for object in page.objects {
            progress.add(1);
            content.add(table, now, &object.key);
        }
    }
    progress.finish();
    let findings = differences(table, zone, &content);
    let date = |date: &Option<DatePartition>| date.as_ref().map(ToString::to_string);
    Ok(CheckReport {
        bucket: table.bucket.clone(),
        prefix: table.prefix.to_string(),
        topic: zone.topic.clone(),
        objects: content.fitting,
        first_date: date(&content.first_date),
        last_date: date(&content.last_date),
        clean: findings.is_empty(),
        findings,
    })
}

/// The current hour in UTC.
fn this_hour() -> Result<DatePartition> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok());
    let hour = millis.and_then(|millis| DatePartition::from_timestamp(millis, Granularity::Hour));
    hour.context("the clock of this machine shows no time of the years 1970 to 9999: set it")
}
