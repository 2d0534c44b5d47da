//! The command line, checked as a whole: what a run will do.
//!
//! Opens no file and connects to nothing. Whatever can be refused by looking at the flags is
//! refused here, so the flags of a plan do not contradict each other.

mod market;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use ::market::BarSize;
use kafka::options::{bootstrap_problem, topic_name_problem};
use schema::TimeFormat;

use crate::{
    args::{Args, Fields, Header, OnBadRow, RecordHeaders, RecordOrder, Repeat},
    kafka::{settings, target::Target},
    order::{Reordering, any_seed},
    outcome::Failure,
    pace::{EventTimePacing, Pacing},
    selection::{Wanted, named},
    source::{
        Announcement, SourcePlan,
        bridge::BridgePlan,
        csv::header::{HeaderSource, TableOptions},
        json_lines::JsonLinesOptions,
        time_options::TimeOptions,
    },
};

/// What a run will do.
#[derive(Debug, Clone)]
pub(crate) struct ReplayPlan {
    pub(crate) source: SourcePlan,
    pub(crate) headers: RecordHeaders,
    pub(crate) on_bad_row: OnBadRow,
    pub(crate) bad_rows: Option<PathBuf>,
    pub(crate) limit: Option<u64>,
    pub(crate) repeat: Repeat,
    pub(crate) wanted: Wanted,
    /// The form of times in texts.
    pub(crate) time_format: TimeFormat,
    /// `None`: as in the files.
    pub(crate) order: Option<Reordering>,
    pub(crate) pacing: Pacing,
    pub(crate) dry_run: bool,
    pub(crate) target: Target,
    pub(crate) progress_interval: Duration,
    pub(crate) metrics_addr: Option<SocketAddr>,
}

impl ReplayPlan {
    /// # Errors
    /// [`Failure::Usage`] with the flag to change.
    pub(crate) fn new(args: Args) -> Result<Self, Failure> {
        check(&args).map_err(Failure::Usage)?;
        let options = settings::options(&args.kafka.kafka_options, &args.kafka.security())
            .map_err(|error| Failure::Usage(error.to_string()))?;
        let limit = settings::largest_record(&options);
        let market = market::source(&args)?;
        let bridge = args.bridge.map(|size| BridgePlan {
            seed: args.seed.unwrap_or_default(),
            size,
            quotes: args.quotes,
            names: args.fields.into(),
        });
        let wanted = wanted(&args)?;
        let time = time_options(&args, &wanted)?;
        let time_format = time.format.clone();
        let pacing = pacing(&args);
        let order = reordering(&args);
        let target = Target {
            servers: args.kafka.bootstrap_servers,
            topic: args.kafka.topic,
            partitions: args.partitions,
            replication: args.replication_factor,
            connect_timeout: args.kafka.connect_timeout,
            delivery_timeout: args.delivery_timeout,
            reports: args.metrics_addr.is_some(),
            options,
        };
        let table = TableOptions {
            delimiter: args.delimiter.map(|delimiter| delimiter.0),
            escape: args.escape.map(|escape| escape.0),
            skip_lines: args.skip_lines,
            header: match args.header {
                None => HeaderSource::Checked,
                Some(Header::FirstLine) => HeaderSource::FirstLine,
                Some(Header::Names(names)) => HeaderSource::Names(names),
            },
            columns: args.columns.0,
            names: args.fields.into(),
            symbol_from_file_name: args.symbol_from_file_name,
            key_column: args.key_column.clone(),
            renamed: args.rename,
            time: time.clone(),
            limit,
        };
        let source = match market {
            Some(source) => source,
            None if args.jsonl.is_empty() => SourcePlan::Csv {
                paths: args.csv,
                options: table,
                bridge,
            },
            None => SourcePlan::JsonLines {
                paths: args.jsonl,
                options: JsonLinesOptions {
                    key: args.key_column,
                    time,
                    limit,
                },
            },
        };
        Ok(Self {
            source,
            headers: args.headers,
            on_bad_row: args.on_bad_row,
            bad_rows: args.bad_rows,
            limit: args.limit,
            repeat: args.repeat,
            wanted,
            time_format,
            order,
            pacing,
            dry_run: args.dry_run,
            target,
            progress_interval: args.report.progress_interval,
            metrics_addr: args.metrics_addr,
        })
    }
}

impl ReplayPlan {
    /// What is said when an input begins.
    pub(crate) fn announcement(&self) -> Announcement {
        if self.dry_run {
            return Announcement {
                verb: "printing",
                target: String::new(),
            };
        }
        let (topic, servers) = (&self.target.topic, &self.target.servers);
        Announcement {
            verb: "sending",
            target: format!(" to topic {topic} at {servers}"),
        }
    }
}

/// Which records are wanted.
fn wanted(args: &Args) -> Result<Wanted, Failure> {
    if args.simulate {
        // They say what there is.
        return Ok(Wanted::default());
    }
    let format = TimeFormat::iso(args.time_zone);
    let refused = |flag: &str, text: &str| {
        Failure::Usage(format!(
            "{flag} {text:?} is no time; give one such as 2020-01-31 or 2020-01-31T09:30"
        ))
    };
    let from = args.from.as_ref().map(|text| {
        let time = format.parse(text);
        time.ok_or_else(|| refused("--from", text))
    });
    let to = args.to.as_ref().map(|text| {
        let time = format.parse_end(text);
        time.ok_or_else(|| refused("--to", text))
    });
    let (from, to) = (from.transpose()?, to.transpose()?);
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        return Err(Failure::Usage("--from is after --to".to_owned()));
    }
    Ok(Wanted {
        symbols: match args.live {
            None => named(&args.symbols),
            Some(_) => Vec::new(),
        },
        from,
        to,
    })
}

fn time_options(args: &Args, wanted: &Wanted) -> Result<TimeOptions, Failure> {
    let format = TimeFormat::new(&args.time_format, args.time_zone);
    let needed_by = [
        NeedOfTime {
            flag: "--speed",
            is_there: args.speed.is_some(),
        },
        NeedOfTime {
            flag: "--order time",
            is_there: args.order == RecordOrder::Time,
        },
        NeedOfTime {
            flag: "--from",
            is_there: wanted.from.is_some(),
        },
        NeedOfTime {
            flag: "--to",
            is_there: wanted.to.is_some(),
        },
    ];
    let needed_by = needed_by.iter().find(|need| need.is_there);
    Ok(TimeOptions {
        columns: named(&args.time_column),
        format: format.map_err(|error| Failure::Usage(format!("--time-format {error}")))?,
        needed_by: needed_by.map(|need| need.flag),
    })
}

/// A flag that needs the time of each row.
struct NeedOfTime {
    flag: &'static str,
    is_there: bool,
}

fn reordering(args: &Args) -> Option<Reordering> {
    let seed = || {
        args.seed.unwrap_or_else(|| {
            let seed = any_seed();
            tracing::info!("--seed {seed} gives this order again");
            seed
        })
    };
    match args.order {
        RecordOrder::File => None,
        RecordOrder::Time => Some(Reordering::Time),
        RecordOrder::Shuffle => Some(Reordering::Shuffle { seed: seed() }),
        RecordOrder::Sample => Some(Reordering::Sample { seed: seed() }),
    }
}

fn check_order(args: &Args) -> Result<(), String> {
    let is_random = matches!(args.order, RecordOrder::Shuffle | RecordOrder::Sample);
    let has_chance = is_random || args.simulate || args.bridge.is_some();
    if args.seed.is_some() && !has_chance {
        return Err(
            "--seed is for --simulate, --bridge, --order shuffle and --order sample".to_owned(),
        );
    }
    if args.live.is_some() && args.order != RecordOrder::File {
        return Err("--order is for inputs that end; --live sends what comes".to_owned());
    }
    if is_random && args.speed.is_some() {
        return Err(
            "--speed needs rows in the order of their times: --order time, or --order file"
                .to_owned(),
        );
    }
    if args.order == RecordOrder::Sample && !args.repeat.is_once() {
        return Err("--order sample never ends, and needs no --loop; --limit ends it".to_owned());
    }
    Ok(())
}

fn pacing(args: &Args) -> Pacing {
    match (args.rate, args.speed) {
        (Some(rate), _) => Pacing::Rate(rate),
        (None, Some(speed)) => Pacing::EventTime(EventTimePacing {
            speed,
            max_gap: args.max_gap,
            closed: args.skip_closed.unwrap_or_default(),
            zone: args.time_zone,
        }),
        (None, None) => Pacing::Free,
    }
}

fn check(args: &Args) -> Result<(), String> {
    if args.simulate || args.live.is_some() {
        check_market(args)?;
    } else {
        check_inputs(args)?;
    }
    if args.bar.is_some() && !args.simulate {
        return Err("--bar is for --simulate; for days of a CSV there is --bridge".to_owned());
    }
    if args.quotes && ![args.bar, args.bridge].contains(&Some(BarSize::Tick)) {
        return Err("--quotes is for --bar tick and --bridge tick".to_owned());
    }
    check_order(args)?;
    if args.speed.is_none() {
        if args.max_gap.is_some() {
            return Err("--max-gap is for --speed, which is not given".to_owned());
        }
        if args.skip_closed.is_some() {
            return Err("--skip-closed is for --speed, which is not given".to_owned());
        }
    }
    if let Some(problem) = topic_name_problem(&args.kafka.topic) {
        return Err(format!("--topic {:?} {problem}", args.kafka.topic));
    }
    if let Some(problem) = bootstrap_problem(&args.kafka.bootstrap_servers) {
        return Err(problem);
    }
    if args.replication_factor == 0 {
        return Err(
            "--replication-factor is 0; give 1 or more, or -1 for the broker's default".to_owned(),
        );
    }
    if args.delivery_timeout < Duration::from_secs(1) {
        return Err(
            "--delivery-timeout is below 1s; a record waits some milliseconds for its batch alone"
                .to_owned(),
        );
    }
    Ok(())
}

/// A flag that says how a CSV is read.
struct CsvFlag {
    name: &'static str,
    is_given: bool,
}

/// The flags that say how a CSV is read.
fn csv_flags(args: &Args) -> [CsvFlag; 7] {
    let flag = |name, is_given| CsvFlag { name, is_given };
    [
        flag("--delimiter", args.delimiter.is_some()),
        flag("--escape", args.escape.is_some()),
        flag("--skip-lines", args.skip_lines > 0),
        flag("--header", args.header.is_some()),
        flag("--columns", !args.columns.0.is_empty()),
        flag("--symbol-from-file-name", args.symbol_from_file_name),
        flag("--rename", !args.rename.is_empty()),
    ]
}

/// What a file of JSON has no use for: its bytes are sent as they are.
fn check_json_lines(args: &Args) -> Result<(), String> {
    let fields = CsvFlag {
        name: "--fields",
        is_given: args.fields != Fields::Original,
    };
    let given = csv_flags(args).into_iter().chain([fields]);
    match given.into_iter().find(|flag| flag.is_given) {
        Some(CsvFlag { name, .. }) => Err(format!(
            "{name} is for --csv; the objects of --jsonl are sent as they are"
        )),
        None if named(&args.time_column).len() > 1 => {
            Err("--time-column takes one field for --jsonl".to_owned())
        }
        None => Ok(()),
    }
}

/// What records that are made here, or come from a provider, have no use for.
fn check_market(args: &Args) -> Result<(), String> {
    let flag = |name, is_given| CsvFlag { name, is_given };
    let given = csv_flags(args).into_iter().chain([
        flag("--key-column", args.key_column.is_some()),
        flag("--time-column", !named(&args.time_column).is_empty()),
        flag("--bad-rows", args.bad_rows.is_some()),
    ]);
    let source = if args.simulate {
        "--simulate"
    } else {
        "--live"
    };
    if let Some(CsvFlag { name, .. }) = given.into_iter().find(|flag| flag.is_given) {
        return Err(format!("{name} is for files; {source} has none"));
    }
    if args.live.is_some() && !args.repeat.is_once() {
        return Err("--loop cannot ask --live again; it goes on by itself".to_owned());
    }
    Ok(())
}

fn check_inputs(args: &Args) -> Result<(), String> {
    let (flag, paths) = if args.jsonl.is_empty() {
        ("--csv", &args.csv)
    } else {
        check_json_lines(args)?;
        ("--jsonl", &args.jsonl)
    };
    let stdin = paths.iter().filter(|path| path.as_os_str() == "-").count();
    if stdin > 1 {
        return Err(format!("{flag} names stdin (-) twice; it can be read once"));
    }
    if stdin > 0 && args.symbol_from_file_name {
        return Err("--symbol-from-file-name finds no name for stdin (-)".to_owned());
    }
    let delimiter = args.delimiter.map_or(b',', |delimiter| delimiter.0);
    if args.escape.is_some_and(|escape| escape.0 == delimiter) {
        return Err(
            "--escape and --delimiter (a comma if it is not given) are the same character"
                .to_owned(),
        );
    }
    if stdin > 0 && !args.repeat.is_once() {
        return Err("--loop cannot read stdin (-) again; save it to a file first".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn refusal(flags: &[&str]) -> Option<String> {
        refusal_of(&["--csv", "a.csv"], flags)
    }

    fn refusal_of(source: &[&str], flags: &[&str]) -> Option<String> {
        let argv = ["producer"].iter().chain(source).chain(flags);
        ReplayPlan::new(Args::try_parse_from(argv).unwrap())
            .err()
            .map(|failure| failure.to_string())
    }

    #[test]
    fn sound_flags_make_a_plan() {
        assert_eq!(
            refusal(&[
                "--rate",
                "0.5",
                "--columns",
                "a:number",
                "-X",
                "linger.ms=0",
                "--loop",
                "--limit",
                "3"
            ]),
            None
        );
    }

    #[test]
    fn what_a_market_has_no_use_for_is_refused() {
        let simulate = ["--simulate"];
        let live = ["--live", "binance", "--symbols", "BTCUSDT"];
        for (source, flags, part) in [
            (
                &simulate[..],
                &["--delimiter", ";"][..],
                "--delimiter is for files",
            ),
            (&simulate, &["--bad-rows", "x"], "--bad-rows is for files"),
            (&simulate, &["--from", "noon"], "--from \"noon\" is no day"),
            (&live, &["--loop"], "goes on by itself"),
            (&live, &["--order", "time"], "--live sends what comes"),
            (&live, &["--seed", "1"], "--seed is for"),
            (&live, &["--key-file", "not-there"], "not-there"),
        ] {
            let message = refusal_of(source, flags).unwrap_or_default();
            assert!(message.contains(part), "{flags:?}: {message}");
        }
        assert_eq!(refusal_of(&simulate, &["--bar", "tick", "--quotes"]), None);
    }

    #[test]
    fn contradictions_are_refused_with_the_flag_in_the_message() {
        for (flags, part) in [
            (vec!["--csv", "-", "-"], "stdin (-) twice"),
            (
                vec!["--csv", "-", "--symbol-from-file-name"],
                "finds no name for stdin",
            ),
            (
                vec!["--escape", "|", "--delimiter", "|"],
                "the same character",
            ),
            (vec!["--escape", ","], "the same character"),
            (vec!["--csv", "-", "--loop"], "--loop cannot read stdin"),
            (vec!["--topic", "a b"], "--topic \"a b\" may hold only"),
            (vec!["--topic", ".."], "--topic \"..\" cannot be"),
            (
                vec!["--bootstrap-servers", "http://x"],
                "--bootstrap-servers",
            ),
            (vec!["--replication-factor", "0"], "--replication-factor"),
            (vec!["--delivery-timeout", "10ms"], "--delivery-timeout"),
            (vec!["-X", "acks=1"], "-X cannot set acks"),
            (vec!["--seed", "1"], "--seed is for"),
            (vec!["--quotes"], "--quotes is for --bar tick"),
            (
                vec!["--bridge", "5m", "--quotes"],
                "--quotes is for --bar tick",
            ),
            (
                vec!["--order", "shuffle", "--speed", "2x"],
                "--speed needs rows in the order",
            ),
            (vec!["--order", "sample", "--loop"], "never ends"),
            (vec!["--max-gap", "5s"], "--max-gap is for --speed"),
            (
                vec!["--skip-closed", "weekends"],
                "--skip-closed is for --speed",
            ),
            (
                vec!["--time-format", "%H:%M"],
                "--time-format \"%H:%M\" does not name a day",
            ),
            (vec!["--from", "soon"], "--from \"soon\" is no time"),
            (vec!["--to", "2020-02-30"], "--to \"2020-02-30\" is no time"),
            (
                vec!["--from", "2020-01-02", "--to", "2020-01-01"],
                "--from is after --to",
            ),
        ] {
            let message = refusal(&flags).unwrap_or_default();
            assert!(message.contains(part), "{flags:?}: {message}");
        }
    }

    #[test]
    fn names_are_listed_without_blanks() {
        let list = [" HSI", "NYA ", "", " "].map(str::to_owned);
        assert_eq!(named(&list), ["HSI", "NYA"]);
    }

    #[test]
    fn flags_of_csv_are_refused_for_json_lines() {
        let refusal = |flags: &[&str]| refusal_of(&["--jsonl", "a.jsonl"], flags);
        assert_eq!(refusal(&["--key", "Symbol", "--rate", "5"]), None);
        for flags in [
            ["--delimiter", ";"],
            ["--escape", "\\"],
            ["--skip-lines", "1"],
            ["--header", "a,b"],
            ["--columns", "a:number"],
            ["--symbol-from-file-name", "true"],
            ["--fields", "snake"],
            ["--rename", "a=b"],
        ] {
            let flags = if flags[1] == "true" {
                &flags[..1]
            } else {
                &flags
            };
            let expected = format!(
                "{} is for --csv; the objects of --jsonl are sent as they are",
                flags[0]
            );
            assert_eq!(refusal(flags), Some(expected));
        }
        assert_eq!(
            refusal(&["--jsonl", "-", "-"]).as_deref(),
            Some("--jsonl names stdin (-) twice; it can be read once")
        );
    }
}
