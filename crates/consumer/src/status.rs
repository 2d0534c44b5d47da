//! How the run is doing: the log line per interval, the health page, the numbers for metrics.
//!
//! It only watches. `cli::http` serves the page, and `metrics.rs` names the metrics. Trouble that
//! lasts is logged at most every 30 s, and turns the health page red until it is over.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bucket::retry::StoreTrouble;
use kafka::look_up::LookUp;
use landing::{Engine, Offset, Partition};

use crate::{lag::Lag, metrics};

/// A store or broker that fails for longer makes the health page red.
const PATIENCE: Duration = Duration::from_secs(15);
/// A poll thread that is silent for longer makes the health page red; the group would notice soon
/// after.
const POLL_PATIENCE: Duration = Duration::from_secs(30);
const LOG_EVERY: Duration = Duration::from_secs(30);

/// What the health page shows, shared with the HTTP task.
#[derive(Clone)]
pub(crate) struct Health(Arc<Mutex<(Instant, Vec<String>)>>);

impl Health {
    /// What is wrong now; empty when all is well.
    pub(crate) fn problems(&self) -> Vec<String> {
        let guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if guard.0.elapsed() > PATIENCE {
            return vec![format!(
                "the event loop has been silent for {} s",
                guard.0.elapsed().as_secs()
            )];
        }
        guard.1.clone()
    }
}

/// The newest ends of the logs, filled in by look-ups in the background.
type Ends = Arc<Mutex<BTreeMap<Partition, Offset>>>;

/// Watches one run.
pub(crate) struct Status {
    health: Health,
    last_poll: Arc<Mutex<Instant>>,
    interval: Duration,
    logged: Instant,
    logged_records: u64,
    trouble: Option<Trouble>,
    /// Since when some partition has been waiting for the facts that say where it begins.
    waiting: Option<Instant>,
    ends: Ends,
    looking_up: Arc<AtomicBool>,
    ends_asked: Option<Instant>,
    kafka_answers: Arc<AtomicBool>,
}

struct Trouble {
    since: Instant,
    logged: Instant,
    message: String,
}

impl Status {
    pub(crate) fn new(interval: Duration, last_poll: Arc<Mutex<Instant>>) -> Self {
        let now = Instant::now();
        Self {
            health: Health(Arc::new(Mutex::new((now, Vec::new())))),
            last_poll,
            interval,
            logged: now,
            logged_records: 0,
            trouble: None,
            waiting: None,
            ends: Ends::default(),
            looking_up: Arc::default(),
            ends_asked: None,
            kafka_answers: Arc::default(),
        }
    }

    pub(crate) fn health(&self) -> Health {
        self.health.clone()
    }

    pub(crate) fn kafka_answered(&mut self) {
        if let Some(trouble) = self.trouble.take() {
            tracing::info!(after = ?trouble.since.elapsed(), "Kafka answers again");
        }
    }

    pub(crate) fn kafka_in_trouble(&mut self, message: String) {
        let now = Instant::now();
        let first = self.trouble.is_none();
        let trouble = self.trouble.get_or_insert_with(|| Trouble {
            since: now,
            logged: now,
            message: String::new(),
        });
        trouble.message = message;
        if first || trouble.logged.elapsed() > LOG_EVERY {
            trouble.logged = now;
            tracing::warn!(
                for_seconds = trouble.since.elapsed().as_secs(),
                "Kafka: {}; trying again",
                trouble.message
            );
        }
    }

    /// Looks at everything; called twice a second.
    pub(crate) fn look(
        &mut self,
        engine: &Engine,
        store: Option<&StoreTrouble>,
        look_up: &Arc<LookUp>,
    ) {
        if self.kafka_answers.swap(false, Ordering::Relaxed) {
            self.kafka_answered();
        }
        self.ask_ends(engine, look_up);
        let lag = Lag::of(&self.ends(), engine.progress());
        let retries = store.map_or(0, StoreTrouble::retries);
        metrics::update(engine, store, lag);
        self.waiting = match engine.waiting() {
            0 => None,
            _ => self.waiting.or_else(|| Some(Instant::now())),
        };
        let problems = self.problems(engine, store);
        *self.health.0.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), problems);
        if self.logged.elapsed() >= self.interval {
            self.log(engine, retries, lag);
        }
    }

    /// The ends of the logs as they were last looked up.
    pub(crate) fn ends(&self) -> BTreeMap<Partition, Offset> {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.clone()
    }

    fn log(&mut self, engine: &Engine, retries: u64, lag: Lag) {
        let counts = engine.counts();
        let done = counts.records + counts.dead_letter_total();
        let rate = (done - self.logged_records) as f64 / self.logged.elapsed().as_secs_f64();
        tracing::info!(
            records = counts.records,
            objects = counts.objects,
            bytes = counts.bytes,
            dead_letters = counts.dead_letter_total(),
            retries,
            lag_consumed = lag.consumed,
            lag_durable = lag.durable,
            lag_committed = lag.committed,
            "{rate:.0} records/s"
        );
        self.logged = Instant::now();
        self.logged_records = done;
    }

    fn problems(&self, engine: &Engine, store: Option<&StoreTrouble>) -> Vec<String> {
        let silent = self
            .last_poll
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .elapsed();
        let lasting = |since: Duration, what: String| {
            (since > PATIENCE).then(|| format!("{what}, for {} s", since.as_secs()))
        };
        let kafka = self.trouble.as_ref().and_then(|trouble| {
            lasting(
                trouble.since.elapsed(),
                format!("Kafka fails: {}", trouble.message),
            )
        });
        let waiting = self.waiting.and_then(|since| {
            lasting(
                since.elapsed(),
                "a partition does not know where to begin: see the log".to_owned(),
            )
        });
        let failing = store.and_then(StoreTrouble::failing);
        let s3 =
            failing.and_then(|(since, message)| lasting(since, format!("S3 fails: {message}")));
        let poll = (silent > POLL_PATIENCE)
            .then(|| format!("Kafka has not been polled for {} s", silent.as_secs()));
        let stopped = engine
            .stopped()
            .map(|(partition, stop)| format!("partition {partition} is stopped: {stop}"));
        stopped
            .chain(poll)
            .chain(kafka)
            .chain(s3)
            .chain(waiting)
            .collect()
    }

    /// Whether the end of each partition's log is known, so that the lag counts it.
    fn knows_ends(&self, engine: &Engine) -> bool {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let mut partitions = engine.progress();
        partitions.all(|progress| ends.contains_key(&progress.partition))
    }

    /// Looks up the logs' ends in the background, one look-up at a time; an answer is also a sign
    /// of life.
    fn ask_ends(&mut self, engine: &Engine, look_up: &Arc<LookUp>) {
        // A partition that has just begun should not have to wait long for its first end.
        let wanted = match self.knows_ends(engine) {
            true => Duration::from_secs(5),
            false => Duration::from_secs(1),
        };
        let every = self.interval.min(wanted);
        if self.ends_asked.is_some_and(|asked| asked.elapsed() < every)
            || self.looking_up.swap(true, Ordering::Relaxed)
        {
            return;
        }
        self.ends_asked = Some(Instant::now());
        let mut partitions: Vec<Partition> = engine
            .progress()
            .map(|progress| progress.partition)
            .collect();
        if partitions.is_empty() {
            // A member without partitions must still find out whether Kafka answers.
            partitions.push(Partition(0));
        }
        let (look_up, ends, answers, looking_up) = (
            look_up.clone(),
            self.ends.clone(),
            self.kafka_answers.clone(),
            self.looking_up.clone(),
        );
        tokio::task::spawn_blocking(move || {
            for partition in partitions {
                let Ok(log) = look_up.log_ends(partition) else {
                    break;
                };
                answers.store(true, Ordering::Relaxed);
                ends.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(partition, log.end);
            }
            looking_up.store(false, Ordering::Relaxed);
        });
    }
}
