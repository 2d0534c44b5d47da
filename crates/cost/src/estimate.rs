//! One layout of a stream: its requests, bytes, dollars and limits.
//!
//! Counted is what goes on and on. A start costs a few requests more ([`StartRequests`]); a crash,
//! a rebalance and a retry cost some. A month has 30 days.

use landing::{Format, partition_by::Granularity};
use serde::Serialize;

use crate::{
    batches::{BatchCycle, ClosedBy},
    limits::{Limit, LimitReached, Severity},
    prices::PriceList,
    stream::{BatchedFiles, LandedAs, LandingSettings, RecordStream, TableUse},
    words,
};

const DAY: f64 = 86_400.0;
const MONTH_DAYS: f64 = 30.0;
const YEAR_DAYS: f64 = 365.0;
/// Keys in the answer to one LIST request.
const KEYS_PER_LIST: f64 = 1_000.0;
/// `consumer compact` ends an object of the copy at so many bytes of records (its default).
const COPY_BYTES: f64 = 134_217_728.0;
/// PUT requests for an object of the copy: its plan, itself, and the note that it was verified.
const PUTS_PER_COPY: f64 = 3.0;
/// What a Parquet file of one stock record takes, nearly all of it schema and footer.
const PARQUET_FOOTER: f64 = 2_700.0;

/// What the consumer asks S3 for at the start of a zone, besides its steady work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StartRequests {
    /// Two on the probe, `zone.json`, the group's note, the columns of CSV and Parquet, and one
    /// anchor for each topic partition. A store with an endpoint URL gets sixteen more, once.
    pub puts: u64,
}

impl StartRequests {
    /// For a zone over so many topic partitions, which has columns (CSV, Parquet, and with
    /// `--check-columns`) or not.
    #[must_use]
    pub fn of(has_columns: bool, partitions: u32) -> Self {
        Self {
            puts: 4 + u64::from(has_columns) + u64::from(partitions),
        }
    }
}

/// A query that reads all records of one day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DayScan {
    /// GET requests, one an object.
    pub gets: f64,
    /// LIST requests.
    pub lists: f64,
    /// Bytes as they are stored. Columns that a query does not read are bytes that it does not scan
    /// of Parquet; here it reads all.
    pub bytes: f64,
    /// The least time for the GETs.
    pub seconds: f64,
    /// Dollars for the requests.
    pub request_dollars: f64,
    /// Dollars for Athena's scan.
    pub scan_dollars: f64,
}

impl DayScan {
    /// Dollars for all of it.
    #[must_use]
    pub fn dollars(&self) -> f64 {
        self.request_dollars + self.scan_dollars
    }
}

/// Dollars of a month.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MonthDollars {
    /// PUTs of the consumer.
    pub puts: f64,
    /// Requests of `consumer compact`.
    pub compaction: f64,
    /// Storage, once objects are as old as they get.
    pub storage: f64,
    /// The queries.
    pub queries: f64,
    /// The crawler's runs.
    pub crawler: f64,
    /// All of it.
    pub total: f64,
}

/// One layout of a stream.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayoutEstimate {
    /// Its name: `json`, `jsonl gzip`.
    pub layout: String,
    /// Whether the flags ask for it.
    pub chosen: bool,
    /// Its batches; `None` for one object per record.
    pub batches: Option<BatchCycle>,
    /// Seconds until a record is in the bucket, at most, without the time of the PUT.
    pub visible_after_seconds: f64,
    /// Data objects that a month adds.
    pub objects_per_month: f64,
    /// PUTs of a month: data objects, and a claim for each batch.
    pub puts_per_month: f64,
    /// Mean bytes of a data object.
    pub object_bytes: f64,
    /// Bytes that a month adds.
    pub bytes_per_month: f64,
    /// What a query of one day asks for.
    pub day: DayScan,
    /// What a month costs.
    pub month: MonthDollars,
    /// What it reaches, the worst first.
    pub limits: Vec<LimitReached>,
}

impl LayoutEstimate {
    /// The worst of its limits.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        self.limits.iter().map(|limit| limit.severity).max()
    }
}

/// Everything that an estimate depends on besides the layout.
#[derive(Clone, Copy, Debug)]
pub struct Given<'g> {
    /// What comes.
    pub stream: &'g RecordStream,
    /// How the consumer runs.
    pub landing: &'g LandingSettings,
    /// Who reads.
    pub table: &'g TableUse,
    /// What it costs.
    pub prices: &'g PriceList,
}

/// What is in the bucket and how it came there.
struct Objects {
    batches: Option<BatchCycle>,
    claims: f64,
    objects: f64,
    bytes: f64,
    visible_after: f64,
}

impl Given<'_> {
    /// The estimate of one layout.
    #[must_use]
    pub fn estimate(&self, layout: &LandedAs) -> LayoutEstimate {
        let landed = match layout {
            LandedAs::Single | LandedAs::Compacted(_) => self.single(),
            LandedAs::Batched(files) => self.batched(files),
        };
        let copy = match layout {
            LandedAs::Compacted(files) => Some(self.copy(files)),
            LandedAs::Single | LandedAs::Batched(_) => None,
        };
        let puts = landed.objects + landed.claims;
        let read = copy.as_ref().unwrap_or(&landed);
        let day = self.day_scan(read.objects, read.bytes);
        let stored = landed.bytes + copy.as_ref().map_or(0.0, |copy| copy.bytes);
        let month = self.month(&landed, copy.as_ref(), stored, &day);
        let mut estimate = LayoutEstimate {
            layout: layout.name(),
            chosen: false,
            batches: landed.batches,
            visible_after_seconds: landed.visible_after,
            objects_per_month: landed.objects,
            puts_per_month: puts,
            object_bytes: landed.bytes / landed.objects,
            bytes_per_month: stored,
            day,
            month,
            limits: Vec::new(),
        };
        estimate.limits = self.limits(layout, &estimate);
        estimate
    }

    fn records(&self) -> f64 {
        self.stream.per_second * DAY * MONTH_DAYS
    }

    fn single(&self) -> Objects {
        let records = self.records();
        Objects {
            batches: None,
            claims: 0.0,
            objects: records,
            // Each ends with a line feed.
            bytes: records * (self.stream.record_bytes + 1.0),
            visible_after: 0.0,
        }
    }

    fn batched(&self, files: &BatchedFiles) -> Objects {
        let cycle = BatchCycle::of(self.stream, self.landing, files);
        let batches = self.records() / cycle.records;
        // A batch that is open when the date changes becomes an object of each date. It is open
        // from its first record to its last one.
        let is_open = (cycle.records - 1.0) / cycle.records;
        let changes = match self.landing.granularity {
            Granularity::Hour => MONTH_DAYS * 24.0,
            Granularity::Day => MONTH_DAYS,
            Granularity::Year => MONTH_DAYS / YEAR_DAYS,
        };
        let objects = batches + changes * f64::from(self.stream.partitions) * is_open;
        Objects {
            claims: batches,
            objects,
            bytes: self.records() * self.stream.record_bytes * files.ratio
                + objects * footer(files.format),
            visible_after: cycle.open_seconds,
            batches: Some(cycle),
        }
    }

    /// The objects that `consumer compact` makes of a month of single ones.
    fn copy(&self, files: &BatchedFiles) -> Objects {
        let day = self.stream.per_second * DAY * self.stream.record_bytes;
        let objects = (day / COPY_BYTES).ceil() * MONTH_DAYS;
        Objects {
            batches: None,
            claims: 0.0,
            objects,
            bytes: day * MONTH_DAYS * files.ratio + objects * footer(files.format),
            visible_after: 0.0,
        }
    }

    fn day_scan(&self, objects_per_month: f64, bytes_per_month: f64) -> DayScan {
        // A folder of a year is read as a whole.
        let (days, folders) = match self.landing.granularity {
            Granularity::Hour => (1.0, 24.0),
            Granularity::Day => (1.0, 1.0),
            Granularity::Year => (YEAR_DAYS, 1.0),
        };
        let gets = objects_per_month / MONTH_DAYS * days;
        let bytes = bytes_per_month / MONTH_DAYS * days;
        let lists = (gets / folders / KEYS_PER_LIST).ceil().max(1.0) * folders;
        DayScan {
            gets,
            lists,
            bytes,
            seconds: self.prices.get_seconds(gets),
            request_dollars: self.prices.gets(gets) + self.prices.lists(lists),
            scan_dollars: self.prices.scan(bytes),
        }
    }

    fn month(
        &self,
        landed: &Objects,
        copy: Option<&Objects>,
        stored: f64,
        day: &DayScan,
    ) -> MonthDollars {
        let prices = self.prices;
        // It lists the zone, reads each object once, and each object of the copy to verify it.
        let compaction = copy.map_or(0.0, |copy| {
            prices.lists(landed.objects / KEYS_PER_LIST)
                + prices.gets(landed.objects + copy.objects)
                + prices.puts(copy.objects * PUTS_PER_COPY)
        });
        let puts = prices.puts(landed.objects + landed.claims);
        let storage = prices.storage(stored / MONTH_DAYS * self.table.keep_days);
        let queries = self.table.queries_per_day * MONTH_DAYS * day.dollars();
        let crawler = self.table.crawls_per_day * MONTH_DAYS * prices.crawl();
        MonthDollars {
            puts,
            compaction,
            storage,
            queries,
            crawler,
            total: puts + compaction + storage + queries + crawler,
        }
    }

    fn limits(&self, layout: &LandedAs, estimate: &LayoutEstimate) -> Vec<LimitReached> {
        let mut found = vec![
            self.put_rate(estimate),
            self.query_time(estimate),
            self.small_objects(layout, estimate),
        ];
        match (layout, &estimate.batches) {
            (LandedAs::Batched(files), Some(cycle)) => {
                found.push(self.batch_of_one(cycle));
                found.push(self.memory(files, cycle));
                found.push(self.footer(files, estimate));
            }
            _ => found.push(self.consumer_rate()),
        }
        let mut found: Vec<LimitReached> = found.into_iter().flatten().collect();
        found.sort_by_key(|limit| std::cmp::Reverse(limit.severity));
        found
    }

    fn put_rate(&self, estimate: &LayoutEstimate) -> Option<LimitReached> {
        let allowed = self.prices.limits.puts_per_second.value;
        let needed = estimate.objects_per_month / MONTH_DAYS / DAY;
        let severity = Severity::of(needed, allowed)?;
        let what_follows = match severity {
            Severity::Over => "the consumer falls behind for good: land in batches",
            Severity::Near | Severity::Note => "a burst is slowed down",
        };
        Some(LimitReached {
            limit: Limit::PutRate,
            severity,
            needed,
            allowed,
            words: format!(
                "{} PUTs a second into one prefix, of about {} that S3 takes ({:.1} times): {what_follows}",
                words::with_commas(needed),
                words::with_commas(allowed),
                needed / allowed
            ),
        })
    }

    fn consumer_rate(&self) -> Option<LimitReached> {
        let latency = self.prices.limits.put_milliseconds.value;
        let allowed = self.landing.concurrency / latency * 1_000.0;
        let needed = self.stream.per_second;
        let severity = Severity::of(needed, allowed)?;
        let consumers = (needed / allowed).ceil();
        let what_to_do = if consumers <= f64::from(self.stream.partitions) {
            format!("raise --concurrency, or run {consumers:.0} consumers in the group")
        } else {
            format!(
                "it takes {consumers:.0} such consumers, and a group has no more than the {} partitions: raise --concurrency, or land \
                 in batches",
                self.stream.partitions
            )
        };
        Some(LimitReached {
            limit: Limit::ConsumerRate,
            severity,
            needed,
            allowed,
            words: format!(
                "{} records a second, of about {} that one consumer lands with {:.0} PUTs in flight of {latency:.0} ms each: {what_to_do}",
                words::count(needed),
                words::count(allowed),
                self.landing.concurrency
            ),
        })
    }

    fn query_time(&self, estimate: &LayoutEstimate) -> Option<LimitReached> {
        let allowed = self.prices.limits.query_seconds.value;
        let needed = estimate.day.seconds;
        let severity = Severity::of(needed, allowed)?;
        let what_follows = match severity {
            Severity::Over => "Athena breaks the query off",
            Severity::Near | Severity::Note => "two such queries at once would not finish",
        };
        Some(LimitReached {
            limit: Limit::QueryTime,
            severity,
            needed,
            allowed,
            words: format!(
                "a query of one day waits {} s for its {} GETs at {} a second, of the {} s that Athena gives: {what_follows}",
                words::with_commas(needed),
                words::count(estimate.day.gets),
                words::with_commas(self.prices.limits.gets_per_second.value),
                words::with_commas(allowed)
            ),
        })
    }

    fn batch_of_one(&self, cycle: &BatchCycle) -> Option<LimitReached> {
        let is_early = matches!(cycle.closed_by, ClosedBy::MaxIdle | ClosedBy::MaxAge);
        (cycle.records < 2.0 && is_early).then(|| LimitReached {
            limit: Limit::BatchOfOne,
            severity: Severity::Over,
            needed: cycle.seconds,
            allowed: cycle.open_seconds,
            words: format!(
                "each batch holds one record: a partition gets one every {}, and {} closes the batch after {}. Raise --max-idle and \
                 --max-age above that, or use fewer partitions",
                words::seconds(cycle.seconds),
                cycle.closed_by.name(),
                words::seconds(cycle.open_seconds)
            ),
        })
    }

    fn memory(&self, files: &BatchedFiles, cycle: &BatchCycle) -> Option<LimitReached> {
        (cycle.closed_by == ClosedBy::Memory).then(|| LimitReached {
            limit: Limit::Memory,
            severity: Severity::Note,
            needed: self.landing.max_bytes,
            allowed: cycle.records * self.stream.record_bytes * files.ratio,
            words: format!(
                "--memory closes the batches, at about {} records and {} each, before another limit does: raise it for fewer and larger \
                 objects",
                words::count(cycle.records),
                words::bytes(cycle.records * self.stream.record_bytes * files.ratio)
            ),
        })
    }

    fn small_objects(&self, layout: &LandedAs, estimate: &LayoutEstimate) -> Option<LimitReached> {
        let least = self.prices.limits.least_transition_bytes.value;
        let is_small = estimate.object_bytes < least && *layout != LandedAs::Single;
        // For single records that is the least of it.
        let is_small = is_small && !matches!(layout, LandedAs::Compacted(_));
        is_small.then(|| LimitReached {
            limit: Limit::SmallObjects,
            severity: Severity::Note,
            needed: least,
            allowed: estimate.object_bytes,
            words: format!(
                "objects of about {}: below {} no lifecycle rule moves them to a cheaper class",
                words::bytes(estimate.object_bytes),
                words::bytes(least)
            ),
        })
    }

    fn footer(&self, files: &BatchedFiles, estimate: &LayoutEstimate) -> Option<LimitReached> {
        let footer = footer(files.format);
        (footer > estimate.object_bytes / 2.0).then(|| LimitReached {
            limit: Limit::Footer,
            severity: Severity::Near,
            needed: footer,
            allowed: estimate.object_bytes,
            words: format!(
                "{} of each file are its footer, more than its records take: make batches larger, or use jsonl",
                words::bytes(footer)
            ),
        })
    }
}

/// Bytes of a file besides its records.
#[must_use]
pub fn footer(format: Format) -> f64 {
    match format {
        Format::Parquet => PARQUET_FOOTER,
        Format::Json | Format::Jsonl | Format::Csv => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::usual_ratio;

    fn settings() -> LandingSettings {
        LandingSettings {
            max_records: 1e6,
            max_bytes: f64::from(16 << 20),
            max_age: 60.0,
            max_idle: 30.0,
            memory: f64::from(64 << 20),
            concurrency: 64.0,
            granularity: Granularity::Day,
        }
    }

    const USE: TableUse = TableUse {
        keep_days: 30.0,
        queries_per_day: 1.0,
        crawls_per_day: 0.0,
    };

    fn estimate_with(
        per_second: f64,
        landing: &LandingSettings,
        layout: &LandedAs,
    ) -> LayoutEstimate {
        let stream = RecordStream {
            per_second,
            record_bytes: 205.0,
            partitions: 3,
        };
        let given = Given {
            stream: &stream,
            landing,
            table: &USE,
            prices: &PriceList::us_east_1(),
        };
        given.estimate(layout)
    }

    fn estimate(per_second: f64, layout: &LandedAs) -> LayoutEstimate {
        estimate_with(per_second, &settings(), layout)
    }

    fn files(format: Format, compression: &str) -> BatchedFiles {
        BatchedFiles {
            format,
            compression: compression.to_owned(),
            ratio: usual_ratio(format, compression),
        }
    }

    fn near(found: f64, expected: f64, share: f64) {
        let off = (found - expected).abs() / expected;
        assert!(off <= share, "{found} is not {expected}");
    }

    fn reached(estimate: &LayoutEstimate) -> Vec<(Limit, Severity)> {
        let limits = estimate.limits.iter();
        limits.map(|limit| (limit.limit, limit.severity)).collect()
    }

    #[test]
    fn one_object_per_record_costs_what_was_worked_out_by_hand() {
        for (per_second, objects, put, gets, get, seconds) in [
            (1.0, 2_592_000.0, 12.96, 86_400.0, 0.034_56, 15.71),
            (100.0, 259_200_000.0, 1_296.0, 8_640_000.0, 3.456, 1_570.9),
            (10_000.0, 2.592e10, 129_600.0, 8.64e8, 345.6, 157_091.0),
        ] {
            let found = estimate(per_second, &LandedAs::Single);
            near(found.objects_per_month, objects, 1e-9);
            near(found.month.puts, put, 1e-9);
            near(found.day.gets, gets, 1e-9);
            // Besides the GETs there is a LIST for each thousand.
            near(found.day.request_dollars, get * 1.012_5, 1e-3);
            near(found.day.seconds, seconds, 1e-4);
        }
        let found = estimate(1.0, &LandedAs::Single);
        near(found.day.bytes, 17.8e6, 0.001);
        near(found.day.scan_dollars, 0.000_089, 0.001);
        // Day by day a year's queries cost what one query of the year does.
        near(found.day.gets * 365.0, 31.5e6, 0.002);
    }

    #[test]
    fn one_object_per_record_reaches_its_limits_one_after_the_other() {
        let limits = |per_second| reached(&estimate(per_second, &LandedAs::Single));
        assert_eq!(limits(1.0), []);
        assert_eq!(limits(100.0), [(Limit::QueryTime, Severity::Near)]);
        assert_eq!(limits(120.0), [(Limit::QueryTime, Severity::Over)]);
        let found = estimate(10_000.0, &LandedAs::Single);
        let all = [Limit::PutRate, Limit::QueryTime, Limit::ConsumerRate];
        assert_eq!(reached(&found), all.map(|limit| (limit, Severity::Over)));
        assert!(
            found.limits[0].words.contains("2.9 times")
                && found.limits[1].words.contains("157,091 s")
                && found.limits[2].words.contains("16 such consumers"),
            "{:?}",
            found.limits
        );
    }

    #[test]
    fn batches_cost_what_was_worked_out_by_hand_and_a_claim_each() {
        let gzip = LandedAs::Batched(files(Format::Jsonl, "gzip"));
        // By hand: three partitions, a batch a minute. Here a batch lasts until the first record
        // after the minute, and each midnight cuts three batches in two.
        for (max_age, objects, gets) in [
            (60.0, 129_600.0, 4_320.0),
            (300.0, 25_920.0, 864.0),
            (3_600.0, 2_160.0, 72.0),
        ] {
            let landing = LandingSettings {
                max_age,
                // An hour of records does not fit into the default.
                memory: f64::from(1 << 30),
                ..settings()
            };
            let found = estimate_with(100.0, &landing, &gzip);
            let midnights = 90.0;
            near(found.objects_per_month, objects + midnights, 0.002);
            near(found.day.gets, gets + 3.0, 0.002);
            near(found.puts_per_month, 2.0 * objects + midnights, 0.002);
            near(found.month.puts, found.puts_per_month * 5e-6, 1e-9);
        }
        // One record in three seconds: 21 in a minute, and the next batch begins after 63 s.
        let slow = estimate(1.0, &gzip);
        near(slow.objects_per_month, 129_600.0 * 60.0 / 63.0 + 86.0, 1e-3);
    }

    #[test]
    fn batches_are_told_what_makes_them_small() {
        let parquet = LandedAs::Batched(files(Format::Parquet, "zstd"));
        let found = reached(&estimate(0.05, &parquet));
        let alone = (Limit::BatchOfOne, Severity::Over);
        assert_eq!(found[..2], [alone, (Limit::Footer, Severity::Near)]);
        let found = reached(&estimate(20_000.0, &parquet));
        assert_eq!(found, [(Limit::Memory, Severity::Note)]);
        let found = reached(&estimate(100.0, &parquet));
        assert_eq!(found, [(Limit::SmallObjects, Severity::Note)]);
    }

    #[test]
    fn a_compacted_day_pays_for_each_object_twice_and_its_queries_for_few() {
        let single = estimate(100.0, &LandedAs::Single);
        let both = estimate(100.0, &LandedAs::Compacted(files(Format::Parquet, "zstd")));
        near(both.month.puts, 1_296.0, 1e-9);
        // $0.40 a million GETs, and $5 a million LISTs for a thousandth of them.
        near(both.month.compaction, 259.2 * 0.405, 1e-3);
        assert!(both.day.gets < 20.0 && both.bytes_per_month > single.bytes_per_month);
        assert_eq!(reached(&both), []);
    }

    #[test]
    fn a_folder_of_a_year_is_read_as_a_whole_and_one_of_an_hour_alone() {
        let by = |granularity| {
            let landing = LandingSettings {
                granularity,
                ..settings()
            };
            estimate_with(1.0, &landing, &LandedAs::Single).day
        };
        let (hour, day, year) = (
            by(Granularity::Hour),
            by(Granularity::Day),
            by(Granularity::Year),
        );
        assert_eq!((hour.gets, day.gets), (86_400.0, 86_400.0));
        assert_eq!((hour.lists, day.lists), (96.0, 87.0));
        near(year.gets, 365.0 * 86_400.0, 1e-9);
    }
}
