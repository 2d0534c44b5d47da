//! What outlives a run, in one small file: the last bar of each symbol, and the calls of the day.
//!
//! The file is replaced as a whole, so that a crash leaves the old one or the new one. A lock
//! beside it keeps a second process out, which would spend the same quota without counting.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions, TryLockError},
    io::Write,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{call_limits::CallLimits, feed_error::FeedError, market_provider::MarketProvider};

const VERSION: u32 = 1;

/// The content of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    version: u32,
    provider: String,
    /// When calls were made, in milliseconds since 1970.
    calls_ms: Vec<i64>,
    /// The begin of the last bar that was acknowledged, by symbol and interval.
    acknowledged_ms: BTreeMap<String, i64>,
}

/// The state of a feed, with or without a file.
#[derive(Debug)]
pub(crate) struct StateFile {
    file: Option<LockedPath>,
    content: Content,
    is_saved: bool,
}

#[derive(Debug)]
struct LockedPath {
    path: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

impl StateFile {
    /// Reads the file, or begins without one. Nothing is written yet but the lock.
    ///
    /// # Errors
    /// For a file that cannot be read or is none of ours, and if another process has it.
    pub(crate) fn open(path: Option<&Path>, provider: MarketProvider) -> Result<Self, FeedError> {
        let fresh = Content {
            version: VERSION,
            provider: provider.name().to_owned(),
            calls_ms: Vec::new(),
            acknowledged_ms: BTreeMap::new(),
        };
        let Some(path) = path else {
            return Ok(Self {
                file: None,
                content: fresh,
                is_saved: true,
            });
        };
        let lock = lock(path)?;
        let content = match fs::read(path) {
            Ok(bytes) => read(path, &bytes, provider)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => fresh,
            Err(error) => return Err(FeedError::file("read the state file", path, error)),
        };
        let path = path.to_owned();
        Ok(Self {
            file: Some(LockedPath { path, _lock: lock }),
            content,
            is_saved: true,
        })
    }

    /// When calls were made.
    pub(crate) fn calls_ms(&self) -> &[i64] {
        &self.content.calls_ms
    }

    pub(crate) fn set_calls_ms(&mut self, calls_ms: Vec<i64>) {
        if self.content.calls_ms != calls_ms {
            self.content.calls_ms = calls_ms;
            self.is_saved = false;
        }
    }

    /// The begin of the last bar that was acknowledged.
    pub(crate) fn acknowledged_ms(&self, name: &str) -> Option<i64> {
        self.content.acknowledged_ms.get(name).copied()
    }

    /// Everything up to this bar is acknowledged. It never goes back.
    pub(crate) fn acknowledge(&mut self, name: &str, time_ms: i64) {
        if self.acknowledged_ms(name).is_none_or(|last| last < time_ms) {
            let name = name.to_owned();
            self.content.acknowledged_ms.insert(name, time_ms);
            self.is_saved = false;
        }
    }

    /// Writes the file if something has changed.
    ///
    /// # Errors
    /// If it cannot be written; the old one is then still there.
    pub(crate) fn save(&mut self) -> Result<(), FeedError> {
        if let (Some(file), false) = (&self.file, self.is_saved) {
            let path = &file.path;
            let fail = |error| FeedError::file("write the state file", path, error);
            // A struct of numbers and texts can be written.
            let text = serde_json::to_vec(&self.content).map_err(|error| fail(error.into()))?;
            replace(path, &text).map_err(fail)?;
        }
        self.is_saved = true;
        Ok(())
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn lock(path: &Path) -> Result<File, FeedError> {
    let lock_path = beside(path, ".lock");
    let fail = |error| FeedError::file("open the lock of the state file", &lock_path, error);
    let mut options = OpenOptions::new();
    let file = options
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock_path);
    let file = file.map_err(fail)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(FeedError::StateInUse {
            path: path.display().to_string(),
        }),
        Err(TryLockError::Error(error)) => Err(fail(error)),
    }
}

fn read(path: &Path, bytes: &[u8], provider: MarketProvider) -> Result<Content, FeedError> {
    let fail = |reason: String| FeedError::file("use the state file", path, reason);
    let content: Content = serde_json::from_slice(bytes).map_err(|error| {
        fail(format!(
            "it is not one of ours ({error}); give another file, or remove it to begin anew: then \
             bars are sent again, and the calls of this day are not counted"
        ))
    })?;
    let Content {
        version,
        provider: other,
        ..
    } = &content;
    if *version != VERSION {
        return Err(fail(format!(
            "its version is {version}, and this program knows version {VERSION}"
        )));
    }
    if *other != provider.name() {
        return Err(fail(format!("it belongs to {other}; give another file")));
    }
    let most = CallLimits::MOST_PER_DAY as usize;
    if content.calls_ms.len() > most {
        return Err(fail(format!("it holds more than {most} calls of a day")));
    }
    Ok(content)
}

/// Writes a new file and puts it in the place of the old one.
fn replace(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let new = beside(path, ".new");
    let mut file = File::create(&new)?;
    file.write_all(text)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&new, path)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROVIDER: MarketProvider = MarketProvider::AlphaVantage;

    #[test]
    fn the_state_outlives_a_restart_and_never_goes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let mut state = StateFile::open(Some(&path), PROVIDER).unwrap();
        state.set_calls_ms(vec![1, 2]);
        state.acknowledge("IBM 1d", 7);
        state.acknowledge("IBM 1d", 5);
        state.save().unwrap();
        drop(state);
        let state = StateFile::open(Some(&path), PROVIDER).unwrap();
        assert_eq!(state.calls_ms(), [1, 2]);
        assert_eq!(state.acknowledged_ms("IBM 1d"), Some(7));
        assert_eq!(state.acknowledged_ms("IBM 1m"), None);
        assert!(!beside(&path, ".new").exists());
    }

    #[test]
    fn nothing_is_written_while_nothing_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let mut state = StateFile::open(Some(&path), PROVIDER).unwrap();
        state.save().unwrap();
        assert!(!path.exists());
        state.acknowledge("IBM 1d", 7);
        state.save().unwrap();
        fs::remove_file(&path).unwrap();
        state.acknowledge("IBM 1d", 7);
        state.set_calls_ms(Vec::new());
        state.save().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn a_second_process_is_kept_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let state = StateFile::open(Some(&path), PROVIDER).unwrap();
        let second = StateFile::open(Some(&path), PROVIDER).unwrap_err();
        assert!(matches!(second, FeedError::StateInUse { .. }));
        drop(state);
        assert!(StateFile::open(Some(&path), PROVIDER).is_ok());
    }

    #[test]
    fn a_file_that_is_none_of_ours_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let whole =
            r#"{"version":1,"provider":"alpha-vantage","calls_ms":[],"acknowledged_ms":{}}"#;
        for (text, word) in [
            (String::new(), "remove it"),
            (whole[..40].to_owned(), "remove it"),
            (whole.replace("calls_ms", "calls"), "remove it"),
            (whole.replace(":1", ":2"), "version is 2"),
            (
                whole.replace("alpha-vantage", "binance"),
                "belongs to binance",
            ),
            (
                whole.replace("[]", &format!("{:?}", vec![0; 10_001])),
                "10000 calls",
            ),
        ] {
            fs::write(&path, &text).unwrap();
            let error = StateFile::open(Some(&path), PROVIDER).unwrap_err();
            assert!(error.to_string().contains(word), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        fs::write(&path, whole).unwrap();
        assert!(StateFile::open(Some(&path), PROVIDER).is_ok());
    }

    #[test]
    fn a_file_that_cannot_be_written_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let mut state = StateFile::open(Some(&path), PROVIDER).unwrap();
        fs::create_dir(beside(&path, ".new")).unwrap();
        state.acknowledge("IBM 1d", 7);
        assert!(matches!(state.save(), Err(FeedError::File { .. })));
        let nowhere = folder.path().join("no/such/folder");
        assert!(StateFile::open(Some(&nowhere), PROVIDER).is_err());
    }
}
