//! The command line, checked as a whole: what a run will do.
//!
//! Opens no file and connects to nothing. Whatever can be refused by looking at the flags is
//! refused here, so the flags of a plan do not contradict each other.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use kafka::options::{bootstrap_problem, topic_name_problem};

use crate::{
    args::{Args, Header, OnBadRow, RecordHeaders},
    kafka::{settings, target::Target},
    outcome::Failure,
    schedule::Schedule,
    source::header::{HeaderSource, TableOptions},
};

/// What a run will do.
#[derive(Debug, Clone)]
pub(crate) struct ReplayPlan {
    pub(crate) inputs: Vec<PathBuf>,
    pub(crate) table: TableOptions,
    pub(crate) headers: RecordHeaders,
    pub(crate) on_bad_row: OnBadRow,
    pub(crate) bad_rows: Option<PathBuf>,
    pub(crate) limit: Option<u64>,
    pub(crate) repeat: bool,
    pub(crate) schedule: Option<Schedule>,
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
        let options = settings::options(&args.kafka.kafka_options)
            .map_err(|error| Failure::Usage(error.to_string()))?;
        let limit = settings::largest_record(&options);
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
        let names = args.fields.into();
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
            names,
            symbol_from_file_name: args.symbol_from_file_name,
            key_column: args.key_column,
            limit,
        };
        Ok(Self {
            inputs: args.csv,
            table,
            headers: args.headers,
            on_bad_row: args.on_bad_row,
            bad_rows: args.bad_rows,
            limit: args.limit,
            repeat: args.repeat,
            schedule: args.rate.map(Schedule::new),
            dry_run: args.dry_run,
            target,
            progress_interval: args.report.progress_interval,
            metrics_addr: args.metrics_addr,
        })
    }
}

impl ReplayPlan {
    /// Whether another input has the same name but for its folders.
    pub(crate) fn shares_name(&self, path: &Path) -> bool {
        let mut others = self.inputs.iter().filter(|other| other.as_path() != path);
        path.file_name()
            .is_some_and(|name| others.any(|other| other.file_name() == Some(name)))
    }
}

fn check(args: &Args) -> Result<(), String> {
    check_inputs(args)?;
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

fn check_inputs(args: &Args) -> Result<(), String> {
    let stdin = args
        .csv
        .iter()
        .filter(|path| path.as_os_str() == "-")
        .count();
    if stdin > 1 {
        return Err("--csv names stdin (-) twice; it can be read once".to_owned());
    }
    if stdin > 0 && args.symbol_from_file_name {
        return Err("--symbol-from-file-name finds no name for stdin (-)".to_owned());
    }
    if args
        .escape
        .is_some_and(|escape| Some(escape.0) == args.delimiter.map(|other| other.0))
    {
        return Err("--escape and --delimiter are the same character".to_owned());
    }
    if stdin > 0 && args.repeat {
        return Err("--loop cannot read stdin (-) again; save it to a file first".to_owned());
    }
    let Some(Ok(bad_rows)) = args.bad_rows.as_deref().map(std::fs::canonicalize) else {
        return Ok(());
    };
    if args
        .csv
        .iter()
        .any(|path| std::fs::canonicalize(path).is_ok_and(|path| path == bad_rows))
    {
        return Err(format!(
            "--bad-rows {} is also an input, and would be overwritten",
            bad_rows.display()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn refusal(flags: &[&str]) -> Option<String> {
        let argv = ["producer", "--csv", "a.csv"].iter().chain(flags);
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
        ] {
            let message = refusal(&flags).unwrap_or_default();
            assert!(message.contains(part), "{flags:?}: {message}");
        }
    }

    #[test]
    fn an_input_is_never_overwritten_by_its_bad_rows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, "a\n").unwrap();
        let path = path.to_str().unwrap();
        assert!(
            refusal(&["--csv", path, "--bad-rows", path])
                .unwrap()
                .contains("is also an input")
        );
    }
}
