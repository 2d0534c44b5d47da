//! The feed: which call is next, what its answer gives, and when to come back.
//!
//! It waits only while a call is on its way; every other wait it leaves to the caller, who knows
//! how to be stopped. What is handed out is not yet sent: only [`Feed::acknowledge`] keeps a
//! restart from sending it again.

use std::{collections::VecDeque, time::Instant};

use schema::{FieldNames, on_one_line};

use crate::{
    alpha_vantage::read_alpha_vantage,
    bar::{BadBar, BarEncoder, BarReply},
    binance::read_binance,
    call_limits::{CallBuckets, LimitKind},
    deadline::Deadline,
    feed_error::FeedError,
    feed_notice::{FeedNotice, WaitFor},
    http::{Fetched, HttpClient},
    market_provider::{MOST_KLINES, MarketProvider},
    recording::{ReplyPlayer, ReplyRecorder, ReplyTopic},
    refusal::{Refusal, Remedy},
    reply::HttpReply,
    retry_delay::{MOST_TRIES, retry_delay_ms},
    sent_bars::{FeedPosition, SentBars},
    settings::{FeedSettings, RecordForm, ReplySource},
    state_file::StateFile,
};

/// How long no call is made after the provider said that the day's calls are used up. It tells
/// nobody when the next day begins.
const QUOTA_HOLD_MS: i64 = 3_600_000;

/// One record for the topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedRecord {
    /// The symbol.
    pub key: String,
    /// A JSON object on one line.
    pub value: Vec<u8>,
    /// The begin of the bar, in milliseconds since 1970-01-01 UTC; of a whole reply, of its newest
    /// bar.
    pub event_time_ms: i64,
    /// What to acknowledge once the record is delivered.
    pub position: FeedPosition,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedStep {
    /// A record.
    Record(FeedRecord),
    /// Nothing before this time, in milliseconds since 1970. The clock may be set meanwhile: come
    /// back after as long as it is away now, at the latest.
    Wait {
        /// When to come back.
        until_ms: i64,
        /// Why.
        reason: WaitFor,
    },
    /// Something that people should hear of.
    Notice(FeedNotice),
    /// All batches are done.
    End,
    /// The caller wants to stop. Nothing is lost by it.
    Stopped,
}

/// What a feed has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FeedCounts {
    /// Calls, those that failed included.
    pub calls: u64,
    /// Records that were handed out.
    pub records: u64,
    /// Calls that gave no data.
    pub refusals: u64,
    /// Bars that the provider changed after they were handed out.
    pub revised: u64,
    /// Bars that the provider added behind newer ones.
    pub late: u64,
    /// Bars that cannot be read.
    pub bad_bars: u64,
    /// Batches that were given up.
    pub failed_batches: u64,
    /// Symbols that were given up.
    pub failed_symbols: u64,
}

/// Asks a provider for bars and hands them over, each once.
#[derive(Debug)]
pub struct Feed {
    settings: FeedSettings,
    encoder: BarEncoder,
    symbols: Vec<SymbolFeed>,
    replies: Replies,
    buckets: CallBuckets,
    state: StateFile,
    /// Until when no call is made, for any symbol.
    hold: Option<Hold>,
    ready: VecDeque<FeedRecord>,
    notices: VecDeque<FeedNotice>,
    /// What ends the feed once everything before it is handed out.
    failure: Option<FeedError>,
    /// An error was returned: nothing more comes.
    is_over: bool,
    counts: FeedCounts,
}

#[derive(Debug)]
struct SymbolFeed {
    name: String,
    is_active: bool,
    due: Deadline,
    batches: u32,
    /// Failed tries of this batch.
    tries: u32,
    sent: SentBars,
}

#[derive(Debug)]
struct Hold {
    until: Deadline,
    reason: WaitFor,
}

/// Where replies come from.
#[derive(Debug)]
enum Replies {
    Network {
        client: Box<HttpClient>,
        recorder: Option<ReplyRecorder>,
    },
    Played(ReplyPlayer),
}

/// A reply, and when it was made as far as our clock knows.
struct TimedReply {
    reply: HttpReply,
    clock_ms: i64,
}

/// What became of a call.
enum Called {
    Reply(TimedReply),
    Failed(Refusal),
    /// Nothing more is recorded for the symbol.
    Exhausted,
    Stopped,
}

impl Feed {
    /// Checks the settings and reads the state file. No call is made.
    ///
    /// # Errors
    /// [`FeedError`] for settings without sense, a plan that does not fit the limits, a state file
    /// or a folder that cannot be used.
    pub fn open(settings: FeedSettings) -> Result<Self, FeedError> {
        settings.check()?;
        let (provider, interval) = (settings.provider, settings.interval);
        let network = |recorder| {
            let base = settings.base()?;
            let client = HttpClient::new(base, settings.secret.clone(), settings.bounds)?;
            let client = Box::new(client);
            Ok::<_, FeedError>(Replies::Network { client, recorder })
        };
        let replies = match &settings.source {
            ReplySource::Network => network(None)?,
            ReplySource::Record(folder) => network(Some(ReplyRecorder::open(folder)?))?,
            ReplySource::Replay(folder) => {
                let symbols = &settings.symbols;
                Replies::Played(ReplyPlayer::open(folder, provider, interval, symbols)?)
            }
        };
        let state = StateFile::open(settings.state_file.as_deref(), provider)?;
        let calls = state.calls_ms().iter().copied();
        let symbols = settings.symbols.iter().map(|name| SymbolFeed {
            name: name.clone(),
            is_active: true,
            due: Deadline::now(i64::MIN),
            batches: 0,
            tries: 0,
            sent: SentBars::new(state.acknowledged_ms(&state_name(name, &settings))),
        });
        let names = match settings.form {
            RecordForm::Bars(names) => names,
            RecordForm::RawReplies => FieldNames::Original,
        };
        Ok(Self {
            encoder: BarEncoder::new(names),
            symbols: symbols.collect(),
            replies,
            buckets: CallBuckets::new(settings.limits, provider.weight(), calls),
            state,
            hold: None,
            ready: VecDeque::new(),
            notices: VecDeque::new(),
            failure: None,
            is_over: false,
            counts: FeedCounts::default(),
            settings,
        })
    }

    /// What comes next at this time, in milliseconds since 1970. Blocks while a call is on its way,
    /// asking `stopped` every 50 ms; must not be called from async code. After an error there is
    /// only [`FeedStep::End`].
    ///
    /// # Errors
    /// [`FeedError`] if no further call can succeed, or the state or a reply cannot be kept.
    pub fn next(&mut self, now_ms: i64, stopped: &dyn Fn() -> bool) -> Result<FeedStep, FeedError> {
        if self.is_over {
            return Ok(FeedStep::End);
        }
        let step = self.step(now_ms, stopped);
        self.is_over = step.is_err();
        step
    }

    fn step(&mut self, mut now_ms: i64, stopped: &dyn Fn() -> bool) -> Result<FeedStep, FeedError> {
        loop {
            if stopped() {
                self.state.save()?;
                return Ok(FeedStep::Stopped);
            }
            if let Some(notice) = self.notices.pop_front() {
                return Ok(FeedStep::Notice(notice));
            }
            if let Some(record) = self.ready.pop_front() {
                self.counts.records += 1;
                return Ok(FeedStep::Record(record));
            }
            if let Some(failure) = self.failure.take() {
                self.state.save()?;
                return Err(failure);
            }
            let Some(at) = self.next_symbol(now_ms) else {
                self.state.save()?;
                return Ok(FeedStep::End);
            };
            if let Some(wait) = self.wait(at, now_ms)? {
                self.state.save()?;
                return Ok(wait);
            }
            let began = Instant::now();
            let called = self.call(at, now_ms, stopped)?;
            let took = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
            now_ms = now_ms.saturating_add(took);
            match called {
                Called::Reply(timed) => self.take_reply(at, &timed, now_ms),
                Called::Failed(refusal) => self.refused(at, refusal, now_ms),
                Called::Exhausted => self.symbols[at].is_active = false,
                Called::Stopped => {
                    self.state.save()?;
                    return Ok(FeedStep::Stopped);
                }
            }
        }
    }

    /// The record at this position and all before it of its symbol are delivered. The state file
    /// has it after the next wait, end or [`Feed::save`].
    pub fn acknowledge(&mut self, position: &FeedPosition) {
        // A whole reply says nothing of which bars were sent as records of their own.
        if matches!(self.settings.form, RecordForm::Bars(_)) {
            let name = state_name(&position.symbol, &self.settings);
            self.state.acknowledge(&name, position.time_ms);
        }
    }

    /// Writes the state file, if anything has changed.
    ///
    /// # Errors
    /// [`FeedError`] if it cannot be written.
    pub fn save(&mut self) -> Result<(), FeedError> {
        self.state.save()
    }

    /// What the feed has done so far.
    #[must_use]
    pub fn counts(&self) -> FeedCounts {
        self.counts
    }

    /// The active symbol that has been due for the longest time.
    fn next_symbol(&mut self, now_ms: i64) -> Option<usize> {
        let symbols = self.symbols.iter_mut().enumerate();
        let due = symbols.filter(|(_, symbol)| symbol.is_active);
        let due = due.map(|(at, symbol)| (symbol.due.at(now_ms), at));
        due.min().map(|(_, at)| at)
    }

    /// The wait before the next call for this symbol, if there is one.
    fn wait(&mut self, at: usize, now_ms: i64) -> Result<Option<FeedStep>, FeedError> {
        if matches!(self.replies, Replies::Played(_)) {
            return Ok(None);
        }
        let symbol = &mut self.symbols[at];
        let mut until_ms = symbol.due.at(now_ms);
        let mut reason = match symbol.tries {
            0 => WaitFor::Interval,
            _ => WaitFor::Retry,
        };
        if let Some(hold) = &mut self.hold {
            let end_ms = hold.until.at(now_ms);
            if end_ms <= now_ms {
                self.hold = None;
            } else if end_ms >= until_ms {
                (until_ms, reason) = (end_ms, hold.reason);
            }
        }
        if until_ms <= now_ms {
            let call = self.buckets.next_call(now_ms).ok_or(FeedError::NoCalls)?;
            reason = match call.limit {
                None => return Ok(None),
                Some(LimitKind::Second) => WaitFor::Second,
                Some(LimitKind::Minute) => WaitFor::Minute,
                Some(LimitKind::Day) => WaitFor::Day,
            };
            until_ms = call.at_ms;
        }
        Ok(Some(FeedStep::Wait { until_ms, reason }))
    }

    fn call(
        &mut self,
        at: usize,
        now_ms: i64,
        stopped: &dyn Fn() -> bool,
    ) -> Result<Called, FeedError> {
        let symbol = &self.symbols[at];
        let (client, recorder) = match &mut self.replies {
            Replies::Played(player) => {
                let Some(played) = player.next(&symbol.name)? else {
                    return Ok(Called::Exhausted);
                };
                self.counts.calls += 1;
                return Ok(Called::Reply(TimedReply {
                    reply: played.reply,
                    clock_ms: played.asked_at_ms,
                }));
            }
            Replies::Network { client, recorder } => (client, recorder),
        };
        // A crash after the call must not forget that it was made.
        self.buckets.take(now_ms);
        if self.settings.limits.per_day.is_some() {
            self.state.set_calls_ms(self.buckets.calls_ms());
        }
        self.state.save()?;
        self.counts.calls += 1;
        let (provider, interval) = (self.settings.provider, self.settings.interval);
        let request = provider.request(&symbol.name, interval, symbol.sent.last_ms());
        let reply = match client.get(&request, stopped) {
            Fetched::Reply(reply) => reply,
            Fetched::Failed(refusal) => return Ok(Called::Failed(refusal)),
            Fetched::Stopped => return Ok(Called::Stopped),
        };
        if let Some(recorder) = recorder {
            let topic = ReplyTopic {
                provider,
                symbol: &symbol.name,
                interval,
            };
            recorder.keep(topic, request.shown(), now_ms, &reply)?;
        }
        Ok(Called::Reply(TimedReply {
            reply,
            clock_ms: now_ms,
        }))
    }

    fn take_reply(&mut self, at: usize, timed: &TimedReply, now_ms: i64) {
        let reply = &timed.reply;
        if let Some(weight) = reply.used_weight() {
            self.buckets.minute_used(weight, now_ms);
        }
        let (symbol, interval) = (self.symbols[at].name.as_str(), self.settings.interval);
        let read = match self.settings.provider {
            MarketProvider::AlphaVantage => {
                read_alpha_vantage(reply, symbol, interval, &self.encoder)
            }
            MarketProvider::Binance => read_binance(reply, symbol, interval, &self.encoder),
        };
        match read {
            Ok(bars) => match self.settings.form {
                RecordForm::Bars(_) => self.take_bars(at, bars, timed, now_ms),
                RecordForm::RawReplies => self.take_raw(at, &bars, timed, now_ms),
            },
            Err(refusal) => self.refused(at, refusal, now_ms),
        }
    }

    fn take_bars(&mut self, at: usize, read: BarReply, timed: &TimedReply, now_ms: i64) {
        let (history, forming) = (self.settings.history, self.settings.forming);
        let is_full = read.bars.len() + read.bad.len() >= MOST_KLINES;
        let symbol = &mut self.symbols[at];
        let name = symbol.name.clone();
        let had_bars = symbol.sent.last_ms().is_some();
        // The provider's clock says which bars are complete; ours may have jumped.
        let time_ms = timed.reply.time_ms().unwrap_or(timed.clock_ms);
        let new = symbol.sent.take(read.bars, time_ms, history, forming);
        self.counts.revised += new.revised;
        self.counts.late += new.late;
        self.notice_bad_bars(&name, &read.bad);
        if new.revised + new.late > 0 {
            self.notices.push_back(FeedNotice::Changed {
                symbol: name.clone(),
                revised: new.revised,
                late: new.late,
            });
        }
        if new.gap {
            let symbol = name.clone();
            self.notices.push_back(FeedNotice::Gap { symbol });
        }
        let has_more = is_full && had_bars && !new.bars.is_empty();
        for bar in new.bars {
            self.ready.push_back(record(&name, bar.value, bar.start_ms));
        }
        self.batch_done(at, now_ms);
        if has_more {
            self.symbols[at].due = Deadline::now(now_ms);
        }
    }

    fn take_raw(&mut self, at: usize, read: &BarReply, timed: &TimedReply, now_ms: i64) {
        let name = self.symbols[at].name.clone();
        self.notice_bad_bars(&name, &read.bad);
        // It was read before: it is text.
        if let (Some(newest), Ok(text)) = (read.bars.last(), timed.reply.text()) {
            let line = on_one_line(text);
            let value = match self.settings.provider {
                MarketProvider::AlphaVantage => line.into_owned(),
                MarketProvider::Binance => {
                    let symbol = serde_json::Value::from(name.as_str());
                    let interval = self.settings.interval.name();
                    format!(r#"{{"symbol":{symbol},"interval":"{interval}","klines":{line}}}"#)
                }
            };
            let record = record(&name, value.into_bytes(), newest.start_ms);
            self.ready.push_back(record);
        }
        self.batch_done(at, now_ms);
    }

    fn notice_bad_bars(&mut self, symbol: &str, bad: &[BadBar]) {
        if let Some(first) = bad.first() {
            let count = bad.len() as u64;
            self.counts.bad_bars += count;
            self.notices.push_back(FeedNotice::BadBars {
                symbol: symbol.to_owned(),
                count,
                first: first.reason.clone(),
            });
        }
    }

    /// A call gave no data.
    fn refused(&mut self, at: usize, refusal: Refusal, now_ms: i64) {
        self.counts.refusals += 1;
        let symbol = self.symbols[at].name.clone();
        match refusal.remedy() {
            Remedy::GiveUp => {
                let provider = self.settings.provider.name();
                self.failure = Some(FeedError::Refused { provider, refusal });
            }
            Remedy::DropSymbol => {
                self.symbols[at].is_active = false;
                self.counts.failed_symbols += 1;
                if self.counts.failed_symbols == self.symbols.len() as u64 {
                    self.failure = Some(FeedError::NoSymbolLeft { symbol, refusal });
                } else {
                    let notice = FeedNotice::SymbolFailed { symbol, refusal };
                    self.notices.push_back(notice);
                }
            }
            Remedy::WaitForQuota => {
                self.hold_all(now_ms, QUOTA_HOLD_MS, WaitFor::Day);
                self.notices.push_back(FeedNotice::TryAgain {
                    symbol,
                    refusal,
                    wait_ms: QUOTA_HOLD_MS,
                });
            }
            Remedy::HoldAll { at_least_ms } => {
                self.hold_all(now_ms, at_least_ms, WaitFor::Hold);
                self.try_again(at, refusal, at_least_ms, now_ms);
            }
            Remedy::TryAgain { at_least_ms } => {
                self.try_again(at, refusal, at_least_ms, now_ms);
            }
            Remedy::SkipBatch => {
                self.symbols[at].tries += 1;
                self.skip_batch(at, refusal, now_ms);
            }
        }
    }

    fn try_again(&mut self, at: usize, refusal: Refusal, at_least_ms: i64, now_ms: i64) {
        let symbol = &mut self.symbols[at];
        symbol.tries += 1;
        if symbol.tries >= MOST_TRIES {
            self.skip_batch(at, refusal, now_ms);
            return;
        }
        let name = symbol.name.clone();
        let delay_ms = retry_delay_ms(symbol.tries, fastrand::f64()).max(at_least_ms);
        symbol.due = Deadline::after(now_ms, delay_ms);
        self.notices.push_back(FeedNotice::TryAgain {
            symbol: name,
            refusal,
            wait_ms: delay_ms,
        });
    }

    fn skip_batch(&mut self, at: usize, refusal: Refusal, now_ms: i64) {
        let symbol = &self.symbols[at];
        self.counts.failed_batches += 1;
        self.notices.push_back(FeedNotice::BatchFailed {
            symbol: symbol.name.clone(),
            tries: symbol.tries,
            refusal,
        });
        self.batch_done(at, now_ms);
    }

    fn hold_all(&mut self, now_ms: i64, wait_ms: i64, reason: WaitFor) {
        let until = Deadline::after(now_ms, wait_ms);
        self.hold = Some(Hold { until, reason });
    }

    fn batch_done(&mut self, at: usize, now_ms: i64) {
        let symbol = &mut self.symbols[at];
        let pace = self.settings.pace(&symbol.name);
        symbol.tries = 0;
        symbol.batches = symbol.batches.saturating_add(1);
        symbol.due = symbol.due.next_round(now_ms, pace.every_ms);
        if pace.batches.is_some_and(|most| symbol.batches >= most) {
            symbol.is_active = false;
        }
    }
}

/// What a symbol is called in the state file.
fn state_name(symbol: &str, settings: &FeedSettings) -> String {
    format!("{symbol} {}", settings.interval.name())
}

fn record(symbol: &str, value: Vec<u8>, time_ms: i64) -> FeedRecord {
    FeedRecord {
        key: symbol.to_owned(),
        value,
        event_time_ms: time_ms,
        position: FeedPosition {
            symbol: symbol.to_owned(),
            time_ms,
        },
    }
}
