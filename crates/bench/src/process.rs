//! A measured process: this executable again, with one order as its argument and one report as its
//! answer.
//!
//! The report is the last line on stderr. Stdout belongs to the side, which may print there (a dry
//! run does), and is discarded. A process that does not end in time is killed by its id and waited
//! for.

use std::{
    io::{self, Read},
    process::{Child, Command, ExitStatus, Stdio},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde::{Serialize, de::DeserializeOwned};

const PAUSE: Duration = Duration::from_millis(20);

/// How the measured processes of a benchmark run.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// After this time a process is killed; longer than any side takes with the default sizes.
    pub limit: Duration,
    /// Variables with these prefixes are removed: what the operator has set for the programs must
    /// not change what is measured.
    pub hidden: &'static [&'static str],
    /// Variables to set, by name and value.
    pub environment: &'static [(&'static str, &'static str)],
}

/// A process that was started and not waited for yet.
#[derive(Debug)]
pub struct RunningProcess {
    child: Child,
    /// Collects what the process writes to stderr.
    stderr: JoinHandle<io::Result<String>>,
    limit: Duration,
}

impl Measured {
    /// Runs a process for the order to its end and returns its report.
    ///
    /// # Errors
    /// When the process cannot be started, fails, reports nothing or takes too long.
    pub fn run<Report: DeserializeOwned>(&self, order: &impl Serialize) -> Result<Report> {
        self.start(order)?.wait()
    }

    /// Starts a process for the order.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub fn start(&self, order: &impl Serialize) -> Result<RunningProcess> {
        let mut command = Command::new(std::env::current_exe()?);
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if self.hidden.iter().any(|prefix| name.starts_with(prefix)) {
                command.env_remove(&*name);
            }
        }
        let mut child = command
            .args(["--side", &serde_json::to_string(order)?])
            .envs(self.environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut pipe = child.stderr.take().context("a child without stderr")?;
        let stderr = std::thread::spawn(move || {
            let mut text = String::new();
            pipe.read_to_string(&mut text).map(|_| text)
        });
        Ok(RunningProcess {
            child,
            stderr,
            limit: self.limit,
        })
    }
}

impl RunningProcess {
    /// Waits for the end of the process and returns its report.
    ///
    /// # Errors
    /// When the process fails, reports nothing or takes too long.
    pub fn wait<Report: DeserializeOwned>(mut self) -> Result<Report> {
        let status = self.wait_for_exit()?;
        let Ok(text) = self.stderr.join() else {
            bail!("the report could not be read")
        };
        let text = text?;
        match serde_json::from_str(text.lines().last().unwrap_or_default()) {
            Ok(report) if status.success() => Ok(report),
            _ => bail!(
                "the measured process ended with {status}: {}",
                text.trim_end()
            ),
        }
    }

    fn wait_for_exit(&mut self) -> Result<ExitStatus> {
        let began = Instant::now();
        while began.elapsed() < self.limit {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(PAUSE);
        }
        self.child.kill()?;
        self.child.wait()?;
        bail!(
            "the measured process did not end in {} s",
            self.limit.as_secs()
        )
    }
}

/// The other end: carries out the order in this process and writes the report.
///
/// # Errors
/// When `order` is none, and whatever `obey` returns.
pub(crate) fn report<Order: DeserializeOwned, Report: Serialize>(
    order: &str,
    obey: impl FnOnce(&Order) -> Result<Report>,
) -> Result<()> {
    let order = serde_json::from_str(order).context("--side is no order")?;
    eprintln!("{}", serde_json::to_string(&obey(&order)?)?);
    Ok(())
}
