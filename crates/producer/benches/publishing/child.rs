//! A measured process: this executable again, with one order as its argument and one report as its
//! answer.
//!
//! The report is the last line on stderr: stdout belongs to the side (a dry run prints there), and
//! goes nowhere. Invariant: a process that does not end in time is killed by its id, and its end is
//! waited for.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::measure::Report;
use crate::sides::{self, Headers, Side};

/// Longer than any side takes with the default sizes.
const LIMIT: Duration = Duration::from_secs(10 * 60);

/// What a process is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) side: Side,
    pub(crate) headers: Headers,
    /// `HOST:PORT,…`
    pub(crate) servers: String,
    pub(crate) topic: String,
    pub(crate) csv: PathBuf,
    /// The same rows as records, for a side that does not read CSV.
    pub(crate) ready: PathBuf,
}

/// Does what the order says, and reports.
pub(crate) fn obey(order: &str) -> Result<()> {
    let order: Order = serde_json::from_str(order).context("--side is no order")?;
    let report = sides::run(&order)?;
    eprintln!("{}", serde_json::to_string(&report)?);
    Ok(())
}

/// Runs a process for the order to its end.
pub(crate) fn run(order: &Order) -> Result<Report> {
    let mut command = Command::new(std::env::current_exe()?);
    // What is set for the operator's own producer must not change what is measured here.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if ["PRODUCER_", "KAFKA_"]
            .iter()
            .any(|of| name.starts_with(of))
        {
            command.env_remove(&*name);
        }
    }
    let mut child = command
        .args(["--side", &serde_json::to_string(order)?])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut pipe = child.stderr.take().context("a child without stderr")?;
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).map(|_| text)
    });
    let status = wait(&mut child)?;
    let Ok(said) = reader.join() else {
        bail!("the report could not be read")
    };
    let said = said?;
    match serde_json::from_str(said.lines().last().unwrap_or_default()) {
        Ok(report) if status.success() => Ok(report),
        _ => bail!(
            "the measured process ended with {status}: {}",
            said.trim_end()
        ),
    }
}

fn wait(child: &mut Child) -> Result<ExitStatus> {
    let began = Instant::now();
    while began.elapsed() < LIMIT {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill()?;
    child.wait()?;
    bail!("the measured process did not end in {} s", LIMIT.as_secs())
}
