//! All layouts of a stream side by side: the table, the limits in words, and what to do.

use std::fmt::Write;

use comfy_table::{CellAlignment, Table, presets};
use landing::Format;
use serde::Serialize;

use crate::{
    estimate::{Given, LayoutEstimate, StartRequests},
    limits::Severity,
    stream::{BatchedFiles, LandedAs, LandingSettings, RecordStream, TableUse},
    words,
};

/// Runs of a crawler in a month with one an hour.
const HOURS_OF_MONTH: f64 = 720.0;

/// What the layouts of a stream cost, and which of them the flags ask for.
#[derive(Debug, Serialize)]
pub struct Outlook {
    /// What comes.
    pub stream: RecordStream,
    /// Where that is from: the flags, or what was measured.
    pub basis: String,
    /// How the consumer runs.
    pub landing: LandingSettings,
    /// Who reads.
    pub table: TableUse,
    /// The region of the prices.
    pub region: String,
    /// Their date.
    pub prices_of: String,
    /// What the first start asks for besides.
    pub start: StartRequests,
    /// Dollars a month of a crawler that runs every hour; partition projection costs nothing.
    pub hourly_crawler: f64,
    /// The layouts.
    pub layouts: Vec<LayoutEstimate>,
    /// What to do, a sentence each.
    pub advice: Vec<String>,
}

/// The layout that the flags ask for, and how large the files of the others are.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The format.
    pub format: Format,
    /// Its compression; for JSON without a meaning.
    pub compression: String,
    /// Whether the zone keeps columns.
    pub has_columns: bool,
    /// The files of the table, each of a format and compression once; the one that is asked for
    /// among them.
    pub files: Vec<BatchedFiles>,
}

impl Outlook {
    /// Estimates one object per record, the same with compaction, and each of the files.
    #[must_use]
    pub fn new(given: &Given<'_>, wanted: &Wanted, basis: String) -> Self {
        let mut kinds = vec![LandedAs::Single];
        let copies = wanted.files.iter().find(|files| {
            let name = (files.format, files.compression.as_str());
            name == (Format::Parquet, "zstd")
        });
        kinds.extend(copies.cloned().map(LandedAs::Compacted));
        kinds.extend(wanted.files.iter().cloned().map(LandedAs::Batched));
        let layouts = kinds.iter().map(|layout| {
            let mut estimate = given.estimate(layout);
            estimate.chosen = match layout {
                LandedAs::Single => wanted.format == Format::Json,
                LandedAs::Compacted(_) => false,
                LandedAs::Batched(files) => {
                    files.format == wanted.format && files.compression == wanted.compression
                }
            };
            estimate
        });
        let layouts: Vec<LayoutEstimate> = layouts.collect();
        let hourly_crawler = given.prices.crawl() * HOURS_OF_MONTH;
        let mut outlook = Self {
            stream: *given.stream,
            basis,
            landing: *given.landing,
            table: *given.table,
            region: given.prices.region.clone(),
            prices_of: given.prices.date.clone(),
            start: StartRequests::of(wanted.has_columns, given.stream.partitions),
            hourly_crawler,
            advice: Vec::new(),
            layouts,
        };
        outlook.advice = outlook.advice();
        outlook
    }

    /// The layout that the flags ask for.
    #[must_use]
    pub fn chosen(&self) -> Option<&LayoutEstimate> {
        self.layouts.iter().find(|layout| layout.chosen)
    }

    /// Whether the layout that the flags ask for cannot work.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let severity = self.chosen().and_then(LayoutEstimate::severity);
        severity == Some(Severity::Over)
    }

    fn advice(&self) -> Vec<String> {
        let mut advice = Vec::new();
        if let Some(chosen) = self.chosen() {
            advice.extend(self.better(chosen));
        }
        let crawler = words::dollars(self.hourly_crawler);
        advice.push(if self.table.crawls_per_day > 0.0 {
            format!(
                "partition projection (`consumer ddl`) costs nothing; the crawler costs {} a month, and a new day does not appear before its \
                 next run",
                words::dollars(self.hourly_crawler / HOURS_OF_MONTH * self.table.crawls_per_day * 30.0)
            )
        } else {
            format!(
                "partition projection (`consumer ddl`) costs nothing; a crawler that runs every hour would cost {crawler} a month"
            )
        });
        advice
    }

    /// What is better than the chosen layout, if anything is.
    fn better(&self, chosen: &LayoutEstimate) -> Option<String> {
        let works =
            |layout: &&LayoutEstimate| layout.severity().is_none_or(|worst| worst < Severity::Over);
        let by_cost = |one: &&LayoutEstimate, other: &&LayoutEstimate| {
            one.month.total.total_cmp(&other.month.total)
        };
        let cheapest = self.layouts.iter().filter(works).min_by(by_cost)?;
        let is_over = !works(&chosen);
        let saves = chosen.month.total - cheapest.month.total;
        let is_dear = saves > 1.0 && chosen.month.total > cheapest.month.total * 2.0;
        if !(is_over || is_dear) || cheapest.layout == chosen.layout {
            return None;
        }
        let why = match is_over {
            true => format!("{} cannot work as it is asked for", chosen.layout),
            false => format!(
                "{} costs {} a month more than it must",
                chosen.layout,
                words::dollars(saves)
            ),
        };
        Some(format!(
            "{why}: {} costs {} a month{}. A topic can be landed a second time beside the first, with another --format",
            flags(&cheapest.layout),
            words::dollars(cheapest.month.total),
            match cheapest.visible_after_seconds {
                0.0 => String::new(),
                wait => format!(
                    ", and a record is there after at most {}",
                    words::seconds(wait)
                ),
            }
        ))
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let stream = &self.stream;
        // Writing to a text cannot fail.
        writeln!(
            text,
            "{} records a second of {} in {} partitions ({}): {} records a month, {}",
            words::count(stream.per_second),
            words::bytes(stream.record_bytes),
            stream.partitions,
            self.basis,
            words::count(stream.per_second * 86_400.0 * 30.0),
            words::bytes(stream.per_second * 86_400.0 * 30.0 * stream.record_bytes)
        )
        .ok();
        writeln!(text, "{}\n", self.grid()).ok();
        writeln!(
            text,
            "* is what the flags ask for. Objects, PUTs and dollars are those of a month; GETs, bytes, the least time and its\n\
             price those of a query that reads one day. List prices of {} of {}, without free tiers, Kafka\n\
             and machines; {} queries a day, objects stay {} days. The first start asks for {} PUTs more.",
            self.region,
            self.prices_of,
            self.table.queries_per_day,
            self.table.keep_days,
            self.start.puts
        ).ok();
        if self
            .layouts
            .iter()
            .any(|layout| layout.severity() > Some(Severity::Note))
        {
            writeln!(text, "\nLimits:").ok();
        }
        for layout in &self.layouts {
            for limit in &layout.limits {
                if limit.severity > Severity::Note || layout.chosen {
                    writeln!(
                        text,
                        "  {} ({}): {}",
                        layout.layout,
                        limit.severity.name(),
                        limit.words
                    )
                    .ok();
                }
            }
        }
        writeln!(text, "\nWhat to do:").ok();
        for advice in &self.advice {
            writeln!(text, "  {advice}").ok();
        }
        text.trim_end().to_owned()
    }

    /// One JSON document.
    ///
    /// # Panics
    /// Never: it holds nothing that JSON cannot.
    #[must_use]
    #[expect(clippy::expect_used, reason = "numbers and texts become JSON")]
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("JSON")
    }

    fn grid(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED).set_header([
            "layout",
            "objects",
            "PUTs",
            "PUT $",
            "each",
            "GETs",
            "bytes",
            "time",
            "$ a query",
            "store $",
            "$ a month",
            "limits",
        ]);
        for layout in &self.layouts {
            let severity = layout.severity().filter(|worst| *worst > Severity::Note);
            table.add_row([
                format!("{}{}", layout.layout, if layout.chosen { " *" } else { "" }),
                words::count(layout.objects_per_month),
                words::count(layout.puts_per_month),
                words::dollars(layout.month.puts),
                words::bytes(layout.object_bytes),
                words::count(layout.day.gets),
                words::bytes(layout.day.bytes),
                words::seconds(layout.day.seconds),
                words::dollars(layout.day.dollars()),
                words::dollars(layout.month.storage),
                words::dollars(layout.month.total),
                severity.map_or_else(String::new, |worst| worst.name().to_owned()),
            ]);
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }
}

/// The flags that land in a layout of this name.
fn flags(layout: &str) -> String {
    match layout.split_once(' ') {
        None => format!("--format {layout}"),
        Some((_, "+ compact")) => "--format json with `consumer compact` each night".to_owned(),
        Some((format, compression)) => format!("--format {format} --compression {compression}"),
    }
}

#[cfg(test)]
mod tests {
    use landing::partition_by::Granularity;

    use super::*;
    use crate::{prices::PriceList, stream::usual_ratio};

    fn outlook(per_second: f64, format: Format, compression: &str) -> Outlook {
        let stream = RecordStream {
            per_second,
            record_bytes: 205.0,
            partitions: 6,
        };
        let landing = LandingSettings {
            max_records: 1e6,
            max_bytes: f64::from(16 << 20),
            max_age: 300.0,
            max_idle: 30.0,
            memory: f64::from(64 << 20),
            concurrency: 64.0,
            granularity: Granularity::Day,
        };
        let table = TableUse {
            keep_days: 30.0,
            queries_per_day: 10.0,
            crawls_per_day: 0.0,
        };
        let names = [
            (Format::Jsonl, "gzip"),
            (Format::Csv, "gzip"),
            (Format::Parquet, "zstd"),
        ];
        let files = names.map(|(format, compression)| BatchedFiles {
            format,
            compression: compression.to_owned(),
            ratio: usual_ratio(format, compression),
        });
        let wanted = Wanted {
            format,
            compression: compression.to_owned(),
            has_columns: format != Format::Json,
            files: files.to_vec(),
        };
        let given = Given {
            stream: &stream,
            landing: &landing,
            table: &table,
            prices: &PriceList::us_east_1(),
        };
        Outlook::new(&given, &wanted, "--rate".to_owned())
    }

    #[test]
    fn the_chosen_layout_is_marked_and_the_others_stand_beside_it() {
        let text = outlook(1.0, Format::Json, "").text();
        for part in ["json *", "json + compact ", "jsonl gzip ", "parquet zstd "] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(
            text.contains("$12.96") && text.contains("$105.60"),
            "{text}"
        );
        let outlook = outlook(1.0, Format::Csv, "gzip");
        assert_eq!(outlook.chosen().unwrap().layout, "csv gzip");
        assert_eq!(outlook.text().matches(" *").count(), 1);
        assert!(outlook.start.puts == 11 && !outlook.is_over());
    }

    #[test]
    fn what_cannot_work_or_costs_too_much_has_its_way_out() {
        let dear = outlook(100.0, Format::Json, "");
        assert!(!dear.is_over());
        assert!(
            dear.advice[0].contains("json costs $") && dear.advice[0].contains("--format parquet"),
            "{:?}",
            dear.advice
        );
        let over = outlook(10_000.0, Format::Json, "");
        assert!(over.is_over() && over.advice[0].contains("json cannot work"));
        assert!(over.text().contains("json (over): 10,000 PUTs a second"));
        let fine = outlook(100.0, Format::Parquet, "zstd");
        assert_eq!(fine.advice.len(), 1, "{:?}", fine.advice);
    }

    #[test]
    fn programs_get_all_numbers() {
        let json: serde_json::Value =
            serde_json::from_str(&outlook(100.0, Format::Json, "").json()).unwrap();
        let single = &json["layouts"][0];
        assert_eq!(
            (single["chosen"].as_bool(), single["layout"].as_str()),
            (Some(true), Some("json"))
        );
        assert_eq!(single["objects_per_month"].as_f64(), Some(259_200_000.0));
        assert_eq!(single["limits"][0]["limit"].as_str(), Some("query-time"));
        assert_eq!(json["prices_of"].as_str(), Some("2026-11-21"));
    }
}
