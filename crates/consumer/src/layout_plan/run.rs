//! Runs `consumer plan`: the checks, the price file, what is measured, and the text.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use cli::{run::Failure, values::Output};
use cost::{
    estimate::Given,
    outlook::{Outlook, Wanted},
    prices::PriceList,
    stream::{LandingSettings, RecordStream, TableUse},
};
use kafka::{
    options::check_topic_name,
    settings::{self, KafkaSettings},
};
use landing::Format;

use crate::{
    layout_plan::{args::PlanArgs, files::LayoutFiles, measure},
    plan,
};

/// Bytes of a stock record (the tutorial's CSV as JSON).
const STOCK_RECORD: f64 = 205.0;
/// As many partitions as the producer gives a new topic.
const PARTITIONS: u32 = 6;

/// Makes the plan.
///
/// # Errors
/// [`Failure::Usage`] before any connection; [`Failure::Failed`] when the topic cannot be measured.
pub async fn run(args: PlanArgs) -> Result<String, Failure> {
    check(&args).map_err(Failure::Usage)?;
    let prices = price_list(args.prices.as_deref()).map_err(Failure::Usage)?;
    let layouts = LayoutFiles::new(&args.batching).map_err(Failure::Usage)?;
    let has_columns = plan::table_schema(&args.batching).map_err(Failure::Usage)?;
    let (stream, mut files, basis) = if args.from_topic {
        let settings = kafka_settings(&args).map_err(Failure::Usage)?;
        let measured = measure::measure(&args, &settings).await;
        let measured = measured.map_err(Failure::Failed)?;
        let stream = RecordStream {
            per_second: measured.per_second,
            record_bytes: measured.record_bytes,
            partitions: measured.partitions,
        };
        (stream, layouts.of_sample(&measured.sample), measured.basis)
    } else {
        let stream = RecordStream {
            per_second: args.rate.unwrap_or_default(),
            record_bytes: args.record_bytes.map_or(STOCK_RECORD, |bytes| bytes as f64),
            partitions: args.partitions.unwrap_or(PARTITIONS),
        };
        let basis = "as the flags say; files as stock records make them";
        (stream, layouts.usual(), basis.to_owned())
    };
    let wanted = &args.batching;
    let compression = match wanted.format {
        Format::Json => String::new(),
        Format::Jsonl | Format::Csv | Format::Parquet => plan::compression(wanted).to_string(),
    };
    if let Some(ratio) = args.output_ratio {
        let asked = files
            .iter_mut()
            .filter(|file| file.format == wanted.format && file.compression == compression);
        asked.for_each(|file| file.ratio = ratio);
    }
    let given = Given {
        stream: &stream,
        landing: &landing_settings(&args),
        table: &TableUse {
            keep_days: args.keep_days,
            queries_per_day: args.queries_per_day,
            crawls_per_day: args.crawls_per_day,
        },
        prices: &prices,
    };
    let wanted = Wanted {
        format: wanted.format,
        compression,
        has_columns: has_columns.is_some(),
        files,
    };
    let outlook = Outlook::new(&given, &wanted, basis);
    Ok(match args.report.output {
        Output::Text => outlook.text(),
        Output::Json => outlook.json(),
    })
}

/// Checks the combinations.
fn check(args: &PlanArgs) -> Result<()> {
    let is_given = args.rate.is_some() || args.record_bytes.is_some() || args.partitions.is_some();
    if args.from_topic && is_given {
        bail!(
            "--from-topic measures rate, sizes and partitions: leave --rate, --record-bytes and --partitions out"
        );
    }
    if !args.from_topic && args.rate.is_none() {
        bail!("give --rate, the records a second, or --from-topic to measure them");
    }
    if args.record_bytes == Some(0) {
        bail!("--record-bytes must be above 0");
    }
    if args.output_ratio.is_some() && args.batching.format == Format::Json {
        bail!("--output-ratio belongs to batches: add --format jsonl, csv or parquet");
    }
    if args.batching.max_bytes == 0 || args.memory == 0 {
        bail!("--max-bytes and --memory must be above 0");
    }
    check_topic_name(&args.kafka.topic)
}

fn price_list(file: Option<&Path>) -> Result<PriceList> {
    let Some(file) = file else {
        return Ok(PriceList::us_east_1());
    };
    let place = || format!("--prices {}", file.display());
    let text = std::fs::read_to_string(file).with_context(place)?;
    PriceList::parse(&text).map_err(|error| anyhow!("{}: {error}", place()))
}

fn kafka_settings(args: &PlanArgs) -> Result<KafkaSettings> {
    Ok(KafkaSettings {
        bootstrap_servers: args.kafka.bootstrap_servers.clone(),
        // The client requires a group name; nothing is ever committed under it.
        group: "consumer-plan".to_owned(),
        options: settings::options(&args.kafka.kafka_options, &args.kafka.security())?,
        queue_bytes: 1 << 20,
    })
}

fn landing_settings(args: &PlanArgs) -> LandingSettings {
    let batching = &args.batching;
    LandingSettings {
        max_records: batching.max_records as f64,
        max_bytes: batching.max_bytes as f64,
        max_age: batching.max_age.as_secs_f64(),
        max_idle: batching.max_idle.as_secs_f64(),
        memory: args.memory as f64,
        concurrency: f64::from(args.concurrency),
        granularity: args.granularity,
    }
}
