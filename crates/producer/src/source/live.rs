//! A provider's live bars as a source of records.
//!
//! The feed itself is the crate `provider`. It waits for answers and for its quota, so it runs in a
//! thread. What was handed out counts as sent only once Kafka has acknowledged it: until then a
//! restart asks for it again.

use std::{
    io,
    sync::mpsc::{Receiver, Sender, TryRecvError, channel},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use provider::{Feed, FeedCounts, FeedError, FeedPosition, FeedRecord, FeedSettings, FeedStep};
use schema::append_timestamp;

use super::{
    announcement::Announcement,
    input::{InputWatch, SourceError},
    pump::{Pump, Pumped},
    record::{Advance, BadRow, InputNames, RecordOrigin, RowText, SourceRecord},
};

/// How long a step waits for the feed before it lets others have a look.
const PATIENCE: Duration = Duration::from_millis(20);
/// How long the feed sleeps between two looks at the stop flag.
const NAP: Duration = Duration::from_millis(50);
/// Waits that are longer are told.
const LONG_WAIT: Duration = Duration::from_secs(10);
/// How long the end of a run waits for the feed to write its state file.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Whether the feed can begin: its settings and its files.
pub(crate) fn check(settings: &FeedSettings) -> Result<(), SourceError> {
    Feed::open(settings.clone()).map(drop).map_err(refused)
}

fn refused(error: FeedError) -> SourceError {
    match error {
        FeedError::Setting(_) | FeedError::NoKey | FeedError::Plan(_) | FeedError::NoCalls => {
            SourceError::Refused(error.to_string())
        }
        other => SourceError::Live(other.to_string()),
    }
}

/// What the thread of the feed hands over.
#[derive(Debug)]
enum LiveItem {
    Record(Box<FeedRecord>),
    /// The feed is over, with these counts.
    Over(FeedCounts),
}

/// All records of a feed.
pub(crate) struct LiveSource {
    settings: FeedSettings,
    watch: InputWatch,
    announcement: Announcement,
    /// `None` before the first step and after the last.
    running: Option<Running>,
    /// Handed out, and not known to be acknowledged.
    unsettled: Vec<FeedPosition>,
    at_hand: Option<Box<FeedRecord>>,
    time_text: Vec<u8>,
    number: u64,
    bad: BadRow,
    is_over: bool,
}

struct Running {
    items: Pump<LiveItem>,
    acknowledged: Sender<FeedPosition>,
}

impl LiveSource {
    pub(crate) fn new(
        settings: FeedSettings,
        watch: InputWatch,
        announcement: Announcement,
    ) -> Self {
        Self {
            settings,
            watch,
            announcement,
            running: None,
            unsettled: Vec::new(),
            at_hand: None,
            time_text: Vec::new(),
            number: 0,
            bad: BadRow::default(),
            is_over: false,
        }
    }

    /// Moves to the next record, if one has come.
    pub(crate) fn advance(&mut self) -> Result<Advance, SourceError> {
        if self.is_over {
            return Ok(Advance::End);
        }
        let running = match &mut self.running {
            Some(running) => running,
            none => {
                let name = self.settings.provider.name();
                let symbols = self.settings.symbols.join(", ");
                let key = format!("key Index: {symbols}");
                self.announcement.input(name, &key);
                none.insert(Running::start(self.settings.clone(), self.watch.clone()))
            }
        };
        match running.items.next(PATIENCE) {
            Ok(Pumped::Item(LiveItem::Record(record))) => {
                self.number += 1;
                self.time_text.clear();
                append_timestamp(record.event_time_ms, &mut self.time_text);
                self.unsettled.push(record.position.clone());
                self.at_hand = Some(record);
                Ok(Advance::Record)
            }
            Ok(Pumped::Item(LiveItem::Over(counts))) => {
                self.is_over = true;
                match lost(&counts) {
                    Some(reason) => Err(SourceError::Live(format!(
                        "{}: {reason}; the log says why",
                        self.settings.provider.name()
                    ))),
                    None => Ok(Advance::End),
                }
            }
            Ok(Pumped::Waits) => Ok(Advance::Idle(Instant::now())),
            Ok(Pumped::End) => {
                self.is_over = true;
                Ok(Advance::End)
            }
            Err(error) => {
                self.is_over = true;
                Err(SourceError::Live(error.to_string()))
            }
        }
    }

    /// Everything that was handed out is acknowledged: a restart must not send it again.
    pub(crate) fn settled(&mut self) {
        if let Some(running) = &self.running {
            for position in self.unsettled.drain(..) {
                // The thread may be gone; then those bars come again.
                running.acknowledged.send(position).ok();
            }
        }
    }

    /// Lets the feed write down what was acknowledged.
    pub(crate) fn finish(&mut self) {
        let Some(Running {
            items,
            acknowledged,
        }) = self.running.take()
        else {
            return;
        };
        drop(acknowledged);
        let began = Instant::now();
        while began.elapsed() < LAST_WORDS {
            match items.next(PATIENCE) {
                Ok(Pumped::End) => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!("{error}; a restart may send some bars again");
                    return;
                }
            }
        }
        tracing::warn!("the feed did not end in time; a restart may send some bars again");
    }

    /// The record at hand; after [`Advance::Record`] only.
    pub(crate) fn record(&self) -> SourceRecord<'_> {
        let record = self.at_hand();
        SourceRecord {
            key: Some(record.key.as_bytes()),
            value: &record.value,
            time: Some(record.event_time_ms),
        }
    }

    /// Where the record at hand comes from.
    pub(crate) fn origin(&self) -> RecordOrigin<'_> {
        RecordOrigin {
            source: self.settings.provider.name(),
            row: self.number,
            event_time: Some(&self.time_text),
        }
    }

    /// The record at hand, which has no other form.
    pub(crate) fn row_text(&self) -> RowText<'_> {
        RowText {
            line: self.number,
            raw: &self.at_hand().value,
        }
    }

    /// Makes the record at hand the last bad row.
    pub(crate) fn reject(&mut self, reason: String) {
        self.bad = BadRow::of(self.row_text(), reason);
    }

    /// The last bad row.
    pub(crate) fn bad(&self) -> &BadRow {
        &self.bad
    }

    pub(crate) fn input(&self) -> InputNames<'_> {
        InputNames {
            name: self.settings.provider.name(),
            header: &[],
        }
    }

    fn at_hand(&self) -> &FeedRecord {
        let record = self.at_hand.as_deref();
        record.expect("a record is asked for only after a step has found it")
    }
}

/// What of the feed was given up, in words.
fn lost(counts: &FeedCounts) -> Option<String> {
    let parts = [
        (counts.failed_symbols, "symbols"),
        (counts.failed_batches, "batches"),
        (counts.bad_bars, "bars"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    (!parts.is_empty()).then(|| format!("{} were given up", parts.join(", ")))
}

impl Running {
    fn start(settings: FeedSettings, watch: InputWatch) -> Self {
        let (acknowledged, positions) = channel();
        let items = Pump::start(
            move || {
                let feed = Feed::open(settings).map_err(io::Error::other)?;
                Ok(FeedThread {
                    feed,
                    positions,
                    watch,
                    is_over: false,
                    is_abandoned: false,
                })
            },
            FeedThread::next,
        );
        Self {
            items,
            acknowledged,
        }
    }
}

/// The feed in its thread.
struct FeedThread {
    feed: Feed,
    positions: Receiver<FeedPosition>,
    watch: InputWatch,
    is_over: bool,
    /// Nobody takes records any more.
    is_abandoned: bool,
}

impl FeedThread {
    fn next(&mut self) -> io::Result<Option<LiveItem>> {
        if self.is_over {
            // What is acknowledged while the run ends counts too.
            while let Ok(position) = self.positions.recv() {
                self.feed.acknowledge(&position);
            }
            self.feed.save().map_err(io::Error::other)?;
            return Ok(None);
        }
        loop {
            self.take_positions();
            let (watch, is_abandoned) = (&self.watch, self.is_abandoned);
            let is_stopped = || is_abandoned || watch.is_stopped();
            let step = self.feed.next(now_ms(), &is_stopped);
            match step.map_err(io::Error::other)? {
                FeedStep::Record(record) => return Ok(Some(LiveItem::Record(Box::new(record)))),
                FeedStep::Wait { until_ms, reason } => {
                    let wait = u64::try_from(until_ms.saturating_sub(now_ms())).unwrap_or(0);
                    let wait = Duration::from_millis(wait);
                    if wait > LONG_WAIT {
                        tracing::info!("waiting for {} s: {reason}", wait.as_secs());
                    }
                    self.wait(wait);
                }
                FeedStep::Notice(notice) if notice.is_failure() => tracing::warn!("{notice}"),
                FeedStep::Notice(notice) => tracing::info!("{notice}"),
                FeedStep::End | FeedStep::Stopped => {
                    self.is_over = true;
                    return Ok(Some(LiveItem::Over(self.feed.counts())));
                }
            }
        }
    }

    /// Waits, or less long if the run ends. The clock of the machine may be set meanwhile; this one
    /// goes on steadily.
    fn wait(&mut self, wait: Duration) {
        let began = Instant::now();
        while let Some(left) = wait.checked_sub(began.elapsed()) {
            self.take_positions();
            if self.is_abandoned || self.watch.is_stopped() || left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(NAP));
        }
    }

    fn take_positions(&mut self) {
        loop {
            match self.positions.try_recv() {
                Ok(position) => self.feed.acknowledge(&position),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    self.is_abandoned = true;
                    return;
                }
            }
        }
    }
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(now.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}
