//! A part of the pipeline as a process: started, watched, waited for, killed.
//!
//! It does not know what the parts do. A process that was started here is gone when its [`Part`] is
//! dropped.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow, bail};
use serde_json::Value;

use crate::role;

/// Longer than any step takes on a slow machine, with as many rows as the broker holds.
pub(crate) const STEP_LIMIT: Duration = Duration::from_secs(300);
/// How often a process is polled.
const POLL_INTERVAL: Duration = Duration::from_millis(5);
/// How many lines of a log are shown if its part has failed.
const TAIL: usize = 30;

/// The variables of our environment that the parts see; any other could be a setting that leads
/// elsewhere.
const INHERITED: [&str; 4] = ["RUST_LOG", "RUST_BACKTRACE", "LD_LIBRARY_PATH", "TERM"];

/// Where parts run: the folder for their files, and their environment.
pub(crate) struct Backstage<'a> {
    /// For results and logs.
    pub(crate) folder: &'a Path,
    /// Their environment, besides [`INHERITED`].
    pub(crate) environment: &'a [(&'a str, &'a str)],
    /// Whether the logs go to our stderr instead of files.
    pub(crate) shows_logs: bool,
}

/// A running part.
pub(crate) struct Part {
    name: String,
    child: Child,
    results: PathBuf,
    log: Option<PathBuf>,
}

impl Part {
    /// Starts this executable in a role, with the flags of the real program. `name` is for messages
    /// and file names.
    ///
    /// # Errors
    /// If a file or the process cannot be created.
    pub(crate) fn start(
        backstage: &Backstage<'_>,
        name: &str,
        argv: &[&str],
    ) -> anyhow::Result<Self> {
        let executable =
            std::env::current_exe().context("cannot find the demo's own executable")?;
        let results = backstage.folder.join(format!("{name}.json"));
        let log = (!backstage.shows_logs).then(|| backstage.folder.join(format!("{name}.log")));
        let stderr = match &log {
            Some(path) => create(path)?,
            None => Stdio::inherit(),
        };
        let inherited = INHERITED
            .iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?)));
        let child = Command::new(executable)
            .arg(role::HIDDEN_FLAG)
            .args(argv)
            .env_clear()
            .envs(inherited)
            .envs(backstage.environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(create(&results)?)
            .stderr(stderr)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            results,
            log,
        })
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until `is_so` returns true; `what` describes it in an error.
    ///
    /// # Errors
    /// If the part ends first, or `is_so` is not true within `limit`; the part's log is then on
    /// stderr.
    pub(crate) async fn wait_until(
        &mut self,
        limit: Duration,
        what: &str,
        is_so: impl Fn() -> bool,
    ) -> anyhow::Result<()> {
        let began = Instant::now();
        while began.elapsed() < limit {
            if is_so() {
                return Ok(());
            }
            if let Some(status) = self.ended()? {
                return Err(self.failed(status));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        self.show_log();
        bail!("waited {} s for {what}", limit.as_secs())
    }

    /// Waits until the part has succeeded, and returns the summary that it printed.
    ///
    /// # Errors
    /// If it fails, or does not end within `limit`; its log is then on stderr.
    pub(crate) async fn finish(mut self, limit: Duration) -> anyhow::Result<Value> {
        let name = self.name.clone();
        let began = Instant::now();
        let status = loop {
            match self.ended()? {
                Some(status) => break status,
                None if began.elapsed() < limit => tokio::time::sleep(POLL_INTERVAL).await,
                None => {
                    self.show_log();
                    bail!("{name} did not end within {} s", limit.as_secs());
                }
            }
        };
        if !status.success() {
            return Err(self.failed(status));
        }
        let text = std::fs::read_to_string(&self.results)
            .with_context(|| format!("cannot read the summary of {name}"))?;
        serde_json::from_str(&text).with_context(|| format!("the summary of {name} is not JSON"))
    }

    /// SIGKILL: the process gets no chance to finish, commit or say goodbye.
    ///
    /// # Errors
    /// If it has already ended, or cannot be killed; the log is then on stderr.
    pub(crate) fn kill(mut self) -> anyhow::Result<()> {
        if let Some(status) = self.ended()? {
            return Err(self.failed(status));
        }
        let name = &self.name;
        self.child
            .kill()
            .with_context(|| format!("cannot kill {name}"))?;
        self.child
            .wait()
            .map(drop)
            .with_context(|| format!("cannot wait for the end of {name}"))
    }

    fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.child
            .try_wait()
            .with_context(|| format!("cannot look at {}", self.name))
    }

    /// The error for a part that should not have ended, or not like this: its own message, if it
    /// printed one.
    fn failed(&self, status: ExitStatus) -> anyhow::Error {
        self.show_log();
        let words = self.log_text();
        let last = words
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("error: "));
        anyhow!(
            "{} failed ({status}): {}",
            self.name,
            last.unwrap_or("see its log above")
        )
    }

    fn show_log(&self) {
        let text = self.log_text();
        let lines: Vec<&str> = text.lines().collect();
        for line in &lines[lines.len().saturating_sub(TAIL)..] {
            eprintln!("{}: {line}", self.name);
        }
    }

    fn log_text(&self) -> String {
        let text = self.log.as_ref().map(std::fs::read_to_string);
        text.and_then(Result::ok).unwrap_or_default()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Both fail only if the process is already gone.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn create(path: &Path) -> anyhow::Result<Stdio> {
    let file = File::create(path).with_context(|| format!("cannot make {}", path.display()))?;
    Ok(file.into())
}

/// A count in the summary of a part.
///
/// # Errors
/// If it has none of that name.
pub(crate) fn count(summary: &Value, name: &str) -> anyhow::Result<u64> {
    summary[name]
        .as_u64()
        .with_context(|| format!("the summary has no count {name:?}: {summary}"))
}
