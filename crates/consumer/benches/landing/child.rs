//! A measured process: this executable again, with one order as its argument and one report as its
//! answer.
//!
//! The report is the last line on stderr: stdout belongs to the side (a dry run prints there), and
//! goes nowhere. Invariant: a process that does not end in time is killed by its id, and its end is
//! waited for.

use std::{
    io::Read,
    process::{Child, Command, ExitStatus, Stdio},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::{
    bare, encoder,
    measure::Report,
    options::{ACCESS_KEY, REGION, SECRET_KEY, Servers},
    ours,
    side::Side,
    topic::Place,
};

/// Longer than any side takes with the default sizes.
const LIMIT: Duration = Duration::from_secs(20 * 60);

/// What a process is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) side: Side,
    pub(crate) servers: Servers,
    pub(crate) topic: Place,
    pub(crate) bucket: String,
    /// Folder of the objects in the bucket.
    pub(crate) prefix: String,
    /// Requests to S3 in flight.
    pub(crate) concurrency: u16,
}

impl Order {
    /// The consumer group: one for each process, so that each begins at the beginning.
    pub(crate) fn group(&self) -> String {
        format!("{}.{}", self.bucket, self.prefix)
    }
}

/// Does what the order says, and reports.
pub(crate) fn obey(order: &str) -> Result<()> {
    let order: Order = serde_json::from_str(order).context("--side is no order")?;
    let report = match order.side {
        Side::BarePut { metadata } => bare::put(&order, metadata),
        Side::BareDrain => bare::drain(&order),
        Side::BareEncode(files) => encoder::encode(&order, files),
        Side::Land(_) | Side::LandByDate(_) | Side::LandFirst { .. } | Side::DryRun => {
            ours::land(&order)
        }
    }?;
    eprintln!("{}", serde_json::to_string(&report)?);
    Ok(())
}

/// Runs so many processes for the order to their ends; they share its work.
pub(crate) fn run(order: &Order, processes: u32) -> Result<Report> {
    let started: Result<Vec<_>> = (0..processes).map(|_| start(order)).collect();
    let ended: Vec<_> = started?.into_iter().map(end).collect();
    let reports: Result<Vec<Report>> = ended.into_iter().collect();
    Report::of_all(reports?).context("no process")
}

/// A process, and who reads what it says.
type Started = (Child, JoinHandle<std::io::Result<String>>);

fn start(order: &Order) -> Result<Started> {
    let mut command = Command::new(std::env::current_exe()?);
    // What is set for the operator's own consumer must not change what is measured here.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if ["AWS_", "CONSUMER_", "KAFKA_"]
            .iter()
            .any(|of| name.starts_with(of))
        {
            command.env_remove(&*name);
        }
    }
    let mut child = command
        .args(["--side", &serde_json::to_string(order)?])
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        .env("AWS_REGION", REGION)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut pipe = child.stderr.take().context("a child without stderr")?;
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).map(|_| text)
    });
    Ok((child, reader))
}

fn end((mut child, reader): Started) -> Result<Report> {
    let status = wait(&mut child)?;
    let Ok(said) = reader.join() else {
        bail!("the report could not be read")
    };
    let said = said?;
    let report = said.lines().last().unwrap_or_default();
    match serde_json::from_str(report) {
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
        std::thread::sleep(Duration::from_millis(50));
    }
    child.kill()?;
    child.wait()?;
    bail!("the measured process did not end in {} s", LIMIT.as_secs())
}
