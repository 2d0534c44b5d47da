//! Replies kept in a folder, one file each, and played back from there.
//!
//! A file is JSON with the request, what matters of the head, and the body as text. The key is in
//! none of them. Files are read in the order of their names.

use std::{
    collections::{BTreeMap, VecDeque},
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    feed_error::FeedError, interval::BarInterval, market_provider::MarketProvider, reply::HttpReply,
};

const ENDING: &str = ".json";

/// A kept reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordedReply {
    provider: String,
    symbol: String,
    interval: String,
    /// For people: path and parameters without the key.
    request: String,
    /// When it was asked, by our clock, in milliseconds since 1970.
    asked_at_ms: i64,
    status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    used_weight: Option<String>,
    body: String,
}

/// What a reply was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReplyTopic<'a> {
    pub(crate) provider: MarketProvider,
    pub(crate) symbol: &'a str,
    pub(crate) interval: BarInterval,
}

/// Keeps replies in a folder, after those that are there.
#[derive(Debug)]
pub(crate) struct ReplyRecorder {
    folder: PathBuf,
    next: u64,
}

/// Plays replies back.
#[derive(Debug)]
pub(crate) struct ReplyPlayer {
    files: BTreeMap<String, VecDeque<PathBuf>>,
}

/// A reply that was kept, and when it was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PlayedReply {
    pub(crate) reply: HttpReply,
    pub(crate) asked_at_ms: i64,
}

impl ReplyRecorder {
    /// Makes the folder if it is not there.
    ///
    /// # Errors
    /// If the folder cannot be made or read.
    pub(crate) fn open(folder: &Path) -> Result<Self, FeedError> {
        let fail = |error| FeedError::file("make the folder for replies", folder, error);
        fs::create_dir_all(folder).map_err(fail)?;
        let numbers = names(folder)?;
        let numbers = numbers.iter().filter_map(|name| {
            let number = name.strip_suffix(ENDING)?;
            number.parse::<u64>().ok()
        });
        Ok(Self {
            folder: folder.to_owned(),
            next: numbers.max().map_or(1, |last| last.saturating_add(1)),
        })
    }

    /// Keeps a reply.
    ///
    /// # Errors
    /// If the file cannot be written, or is there already.
    pub(crate) fn keep(
        &mut self,
        topic: ReplyTopic<'_>,
        request: String,
        asked_at_ms: i64,
        reply: &HttpReply,
    ) -> Result<(), FeedError> {
        let path = self.folder.join(format!("{:08}{ENDING}", self.next));
        let fail = |error: std::io::Error| FeedError::file("write the reply", &path, error);
        let recorded = RecordedReply {
            provider: topic.provider.name().to_owned(),
            symbol: topic.symbol.to_owned(),
            interval: topic.interval.name().to_owned(),
            request,
            asked_at_ms,
            status: reply.status,
            date: reply.date.clone(),
            retry_after: reply.retry_after.clone(),
            used_weight: reply.used_weight.clone(),
            body: String::from_utf8_lossy(&reply.body).into_owned(),
        };
        // A struct of numbers and texts can be written.
        let mut text = serde_json::to_vec_pretty(&recorded).map_err(|error| fail(error.into()))?;
        text.push(b'\n');
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(fail)?;
        file.write_all(&text).map_err(fail)?;
        self.next += 1;
        Ok(())
    }
}

impl ReplyPlayer {
    /// Reads every file once, so that a broken one is found before the first record.
    ///
    /// # Errors
    /// If the folder or a file cannot be read, if a file is none of ours, or if none of them is
    /// about one of the symbols.
    pub(crate) fn open(
        folder: &Path,
        provider: MarketProvider,
        interval: BarInterval,
        symbols: &[String],
    ) -> Result<Self, FeedError> {
        let mut files: BTreeMap<String, VecDeque<PathBuf>> = BTreeMap::new();
        for name in names(folder)? {
            if !name.ends_with(ENDING) {
                continue;
            }
            let path = folder.join(name);
            let recorded = load(&path)?;
            if recorded.provider == provider.name() && recorded.interval == interval.name() {
                files.entry(recorded.symbol).or_default().push_back(path);
            }
        }
        if let Some(symbol) = symbols.iter().find(|symbol| !files.contains_key(*symbol)) {
            let (provider, interval) = (provider.name(), interval.name());
            let reason =
                format!("it holds no reply of {provider} for {symbol} with bars of {interval}");
            return Err(FeedError::file("play back", folder, reason));
        }
        Ok(Self { files })
    }

    /// The next reply for a symbol; `None` after the last one.
    ///
    /// # Errors
    /// If its file cannot be read any more.
    pub(crate) fn next(&mut self, symbol: &str) -> Result<Option<PlayedReply>, FeedError> {
        let files = self.files.get_mut(symbol);
        let Some(path) = files.and_then(VecDeque::pop_front) else {
            return Ok(None);
        };
        let recorded = load(&path)?;
        Ok(Some(PlayedReply {
            asked_at_ms: recorded.asked_at_ms,
            reply: HttpReply {
                status: recorded.status,
                date: recorded.date,
                retry_after: recorded.retry_after,
                used_weight: recorded.used_weight,
                body: recorded.body.into_bytes(),
            },
        }))
    }
}

fn load(path: &Path) -> Result<RecordedReply, FeedError> {
    let text = fs::read(path).map_err(|error| FeedError::file("read the reply", path, error))?;
    serde_json::from_slice(&text).map_err(|error| {
        let reason = format!("it is no reply that was kept here ({error})");
        FeedError::file("play back", path, reason)
    })
}

/// The names in a folder that are text, in order.
fn names(folder: &Path) -> Result<Vec<String>, FeedError> {
    let fail = |error| FeedError::file("read the folder of replies", folder, error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        names.extend(entry.map_err(fail)?.file_name().into_string().ok());
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::tests::reply;

    const TOPIC: ReplyTopic<'_> = ReplyTopic {
        provider: MarketProvider::Binance,
        symbol: "BTCUSDT",
        interval: BarInterval::Minutes1,
    };

    fn open(folder: &Path) -> Result<ReplyPlayer, FeedError> {
        ReplyPlayer::open(
            folder,
            TOPIC.provider,
            TOPIC.interval,
            &["BTCUSDT".to_owned()],
        )
    }

    #[test]
    fn replies_come_back_in_order_also_of_two_runs() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("replies");
        let mut first = reply(429, "slow \"down\"\n");
        first.retry_after = Some("7".to_owned());
        first.date = Some("Sun, 06 Nov 1994 08:49:37 GMT".to_owned());
        let second = reply(200, "[[1.10]]");
        for kept in [&first, &second] {
            let mut recorder = ReplyRecorder::open(&folder).unwrap();
            recorder.keep(TOPIC, "a?b".to_owned(), 5, kept).unwrap();
        }
        let other = ReplyTopic {
            symbol: "ETHUSDT",
            ..TOPIC
        };
        let mut recorder = ReplyRecorder::open(&folder).unwrap();
        recorder.keep(other, String::new(), 6, &second).unwrap();
        let mut player = open(&folder).unwrap();
        let mut next = || player.next("BTCUSDT").unwrap().map(|played| played.reply);
        assert_eq!(next(), Some(first));
        assert_eq!(next(), Some(second));
        assert_eq!(next(), None);
        let eth = player.next("ETHUSDT").unwrap().unwrap();
        assert_eq!(eth.asked_at_ms, 6);
        assert_eq!(player.next("IBM").unwrap(), None);
    }

    #[test]
    fn a_folder_without_replies_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let message = |found: Result<ReplyPlayer, FeedError>| found.unwrap_err().to_string();
        assert!(message(open(&folder.join("none"))).contains("none"));
        assert!(
            message(open(folder)).contains("holds no reply of binance for BTCUSDT with bars of 1m")
        );
        fs::write(folder.join("note.txt"), "not ours").unwrap();
        fs::write(folder.join("00000001.json"), "{\"status\":200}").unwrap();
        let broken = message(open(folder));
        assert!(broken.contains("00000001.json: it is no reply"), "{broken}");
        // The recorder goes on after the highest number and overwrites nothing.
        let mut recorder = ReplyRecorder::open(folder).unwrap();
        recorder.next = 1;
        let kept = recorder.keep(TOPIC, String::new(), 0, &reply(200, ""));
        assert!(matches!(kept, Err(FeedError::File { .. })));
    }
}
