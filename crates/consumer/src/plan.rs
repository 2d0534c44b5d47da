//! From what was typed to what a run needs, with every check that needs no connection.
//!
//! Not here: anything that asks Kafka or S3 (see `start_up.rs`).
//! Invariant: a plan that exists is consistent: deadlines fit each other, names are allowed, no fixed option is changed.

use std::time::Duration;

use anyhow::{Result, bail};
use landing::{engine, layout::Prefix, start};

use crate::{
    args::{self, Args},
    kafka::settings::{self, KafkaSettings},
};

/// The least memory that one run can keep to: a value of 8 MiB must fit several times.
const LEAST_MEMORY: usize = 32 << 20;

/// A checked run.
pub(crate) struct Plan {
    pub(crate) args: Args,
    pub(crate) prefix: Prefix,
    pub(crate) kafka: KafkaSettings,
    /// How long a revoked partition may finish what is in flight: below the session timeout, or the group would not wait.
    pub(crate) drain_deadline: Duration,
}

impl Plan {
    /// Checks the flags.
    ///
    /// # Errors
    /// A message that names the flag and the fix; the caller exits with 2.
    pub(crate) fn of(args: Args) -> Result<Self> {
        check_bucket_name(&args.bucket)?;
        check_topic_name(&args.topic)?;
        let prefix = match &args.prefix {
            Some(prefix) => prefix.clone(),
            None => default_prefix(&args.topic)?,
        };
        if args.memory < LEAST_MEMORY {
            bail!("--memory must be at least 32MiB: values of up to 8 MiB must fit several times");
        }
        if let Some(addr) = args.metrics_addr
            && !addr.ip().is_loopback()
        {
            bail!(
                "--metrics-addr {addr} is not a loopback address: use 127.0.0.1, and a proxy in front of it to publish the page"
            );
        }
        let options = librdkafka_options(&args)?;
        let session = settings::session_timeout(&options)?;
        if session < Duration::from_secs(1) {
            bail!(
                "-X session.timeout.ms must be at least 1000: half of it is the time to finish what is in flight at a rebalance"
            );
        }
        let group = args
            .group
            .clone()
            .unwrap_or_else(|| format!("landing.{}/{prefix}", args.bucket));
        let kafka = KafkaSettings {
            bootstrap_servers: args.bootstrap_servers.clone(),
            group,
            options,
            queue_bytes: args.memory / 4,
        };
        Ok(Self {
            prefix,
            kafka,
            drain_deadline: session / 2,
            args,
        })
    }

    /// What the engine is told; the rest of the memory is the client's queue and what is on its way between the threads.
    pub(crate) fn engine_settings(&self, zone_id: String) -> engine::Settings {
        engine::Settings {
            prefix: self.prefix.clone(),
            zone_id,
            topic: self.args.topic.clone(),
            partition_by: self.args.partition_by.clone(),
            granularity: self.args.granularity,
            tombstones: match self.args.tombstones {
                args::Tombstones::Skip => engine::Tombstones::Skip,
                args::Tombstones::DeadLetter => engine::Tombstones::DeadLetter,
            },
            on_gap: match self.args.on_gap {
                args::OnGap::Stop => start::OnGap::Stop,
                args::OnGap::Record => start::OnGap::Record,
            },
            max_in_flight: usize::from(self.args.concurrency),
            memory_bytes: self.args.memory / 2,
            commit_interval: Duration::from_secs(1),
        }
    }
}

fn librdkafka_options(args: &Args) -> Result<Vec<(String, String)>> {
    let mut options = Vec::new();
    for option in &args.kafka_options {
        let Some((key, value)) = option.split() else {
            bail!("-X: an option of librdkafka is written KEY=VALUE")
        };
        options.push((key.to_owned(), value.to_owned()));
    }
    settings::check_options(&options)?;
    Ok(options)
}

fn default_prefix(topic: &str) -> Result<Prefix> {
    match format!("{topic}/json").parse() {
        Ok(prefix) => Ok(prefix),
        Err(reason) => {
            bail!("the topic's name cannot be a folder for Athena ({reason}): give --prefix")
        }
    }
}

/// S3's rules for names of general purpose buckets.
fn check_bucket_name(name: &str) -> Result<()> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
    let edges = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let rule = if !(3..=63).contains(&name.len()) {
        "it must have 3 to 63 characters"
    } else if !name.chars().all(allowed) {
        "only a-z, 0-9, '-' and '.' are allowed"
    } else if !name.starts_with(edges) || !name.ends_with(edges) {
        "it must begin and end with a letter or digit"
    } else if name.contains("..") || name.parse::<std::net::Ipv4Addr>().is_ok() {
        "it must not hold '..' or look like an address"
    } else {
        return Ok(());
    };
    bail!(
        "S3 refuses the bucket name '{}': {rule}",
        name.escape_debug()
    )
}

/// Kafka's rules for topic names.
fn check_topic_name(name: &str) -> Result<()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.is_empty()
        || name.len() > 249
        || name == "."
        || name == ".."
        || !name.chars().all(allowed)
    {
        bail!(
            "Kafka refuses the topic name '{}': 1 to 249 letters, digits, '.', '_' and '-' are allowed",
            name.escape_debug()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn plan(flags: &[&str]) -> Result<Plan, String> {
        let argv = ["consumer", "--bucket", "kafka-stock-market-project"]
            .iter()
            .chain(flags);
        Plan::of(Args::try_parse_from(argv).map_err(|error| error.to_string())?)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn prefix_and_group_are_derived() {
        let plan = plan(&[]).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(plan.prefix.as_str(), "stock-market/json");
        assert_eq!(
            plan.kafka.group,
            "landing.kafka-stock-market-project/stock-market/json"
        );
        assert_eq!(plan.drain_deadline, Duration::from_secs(5));
    }

    #[test]
    fn what_cannot_work_is_refused_before_any_connection() {
        for (flags, expected) in [
            (&["--bucket", "My_Bucket"][..], "S3 refuses"),
            (&["--bucket", "192.168.1.1"], "S3 refuses"),
            (&["--bucket", "ab"], "S3 refuses"),
            (&["--topic", "a/b"], "Kafka refuses"),
            (&["--topic", ".."], "Kafka refuses"),
            (&["--topic", "_internal"], "give --prefix"),
            (&["--prefix", "a/../b"], "prefix"),
            (&["--memory", "1MiB"], "--memory"),
            (&["--metrics-addr", "0.0.0.0:9464"], "loopback"),
            (&["-X", "hunter2"], "KEY=VALUE"),
            (&["-X", "auto.offset.reset=latest"], "cannot be changed"),
            (&["-X", "session.timeout.ms=10"], "session.timeout.ms"),
        ] {
            let mut argv = vec!["consumer"];
            if !flags.contains(&"--bucket") {
                argv.extend(["--bucket", "kafka-stock-market-project"]);
            }
            argv.extend(flags);
            let result = Args::try_parse_from(argv).map_err(|error| error.to_string());
            let error = result
                .and_then(|args| Plan::of(args).map(drop).map_err(|error| error.to_string()))
                .expect_err("refused");
            assert!(
                error.contains(expected) && !error.contains("hunter2"),
                "{flags:?}: {error}"
            );
        }
    }
}
