//! How the run is doing: the log line per interval, the health page, the numbers for metrics.
//!
//! It only watches. `cli::http` serves the page, and `metrics.rs` names the metrics. Trouble that
//! lasts is logged at most every 30 s, and turns the health page red until it is over.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Result;
use bucket::retry::StoreTrouble;
use kafka::look_up::LookUp;
use landing::{Engine, Offset, OffsetRange, Partition};

use crate::{
    inspection::InspectionTroubles, lag::Lag, metrics, overtaken::OvertakenWatch,
    topic_lag::TopicLag,
};

/// A store or broker that fails for longer makes the health page red.
const PATIENCE: Duration = Duration::from_secs(15);
/// A poll thread that is silent for longer makes the health page red; the group would notice soon
/// after.
const POLL_PATIENCE: Duration = Duration::from_secs(30);
const LOG_EVERY: Duration = Duration::from_secs(30);
/// A request, or a record beyond the time that its batch may stay open, that waits for longer makes
/// the health page red. The largest object takes a minute on a line of 1 MiB/s.
const UPLOAD_PATIENCE: Duration = Duration::from_secs(120);
/// How many partitions are asked for their ends at a time: a leader that does not answer takes ten
/// seconds for each of its own, and must not keep the others waiting.
const ASKED_AT_ONCE: usize = 8;
/// How often the whole topic is looked at: each process asks about each partition.
const TOPIC_EVERY: Duration = Duration::from_secs(15);

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

/// What the look-ups of the logs' ends have found, filled in in the background.
#[derive(Default)]
struct LookedUp {
    /// The newest end of each partition's log, and when it was seen.
    ends: BTreeMap<Partition, (Offset, Instant)>,
    /// The first offset of each partition's log.
    starts: BTreeMap<Partition, Offset>,
    /// The answers since they were last taken in: a sign of life, or what is wrong.
    answers: BTreeMap<Partition, std::result::Result<(), String>>,
    /// The partitions that are being asked.
    running: BTreeSet<Partition>,
    /// The whole topic; only where somebody sees the metrics.
    topic: Option<TopicLag>,
}

/// Watches one run.
pub(crate) struct Status {
    health: Health,
    last_poll: Arc<Mutex<Instant>>,
    interval: Duration,
    logged: Instant,
    logged_records: u64,
    /// What is wrong with Kafka: with a partition, or with the client as a whole.
    troubles: BTreeMap<Option<Partition>, Trouble>,
    /// How long a record may wait before it is sent to the bucket.
    longest_wait: Duration,
    /// Since when some partition has been waiting for the facts that say where it begins.
    waiting: Option<Instant>,
    inspections: InspectionTroubles,
    looked_up: Arc<Mutex<LookedUp>>,
    ends_asked: Option<Instant>,
    /// Whether the metrics are served.
    has_metrics: bool,
    topic_asked: Option<Instant>,
    overtaken: OvertakenWatch,
}

struct Trouble {
    since: Instant,
    logged: Instant,
    message: String,
}

impl Status {
    pub(crate) fn new(
        interval: Duration,
        longest_wait: Duration,
        last_poll: Arc<Mutex<Instant>>,
    ) -> Self {
        let now = Instant::now();
        Self {
            health: Health(Arc::new(Mutex::new((now, Vec::new())))),
            last_poll,
            interval,
            logged: now,
            logged_records: 0,
            troubles: BTreeMap::new(),
            longest_wait,
            waiting: None,
            inspections: InspectionTroubles::default(),
            looked_up: Arc::default(),
            ends_asked: None,
            has_metrics: false,
            topic_asked: None,
            overtaken: OvertakenWatch::default(),
        }
    }

    /// The partitions whose position retention has overtaken without a word of the client.
    pub(crate) fn overtaken(&mut self, engine: &Engine) -> Vec<Partition> {
        let is_reading = !engine.is_paused();
        let positions = engine.progress().filter(|_| is_reading);
        let positions = positions.map(|at| (at.partition, at.position));
        let starts = &locked(&self.looked_up).starts;
        self.overtaken.look(positions, starts, Instant::now())
    }

    /// Looks after the whole topic, too, for the metrics.
    pub(crate) fn with_metrics(self, has_metrics: bool) -> Self {
        Self {
            has_metrics,
            ..self
        }
    }

    /// Where the inspector says why a partition does not know yet where to begin.
    pub(crate) fn inspections(&self) -> InspectionTroubles {
        self.inspections.clone()
    }

    pub(crate) fn health(&self) -> Health {
        self.health.clone()
    }

    /// The client received something.
    pub(crate) fn kafka_answered(&mut self) {
        self.trouble_is_over(None);
    }

    /// The client as a whole is in trouble.
    pub(crate) fn kafka_in_trouble(&mut self, message: String) {
        self.trouble(None, message);
    }

    fn trouble_is_over(&mut self, at: Option<Partition>) {
        if let Some(trouble) = self.troubles.remove(&at) {
            let partition = at.map(|partition| partition.0);
            tracing::info!(partition, after = ?trouble.since.elapsed(), "Kafka answers again");
        }
    }

    fn trouble(&mut self, at: Option<Partition>, message: String) {
        let now = Instant::now();
        let first = !self.troubles.contains_key(&at);
        let trouble = self.troubles.entry(at).or_insert_with(|| Trouble {
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
        self.take_answers();
        // What became of a partition that was taken away is its new owner's business.
        let asked = asked(engine);
        self.troubles
            .retain(|at, _| at.is_none_or(|at| asked.contains(&at)));
        self.ask_ends(engine, look_up);
        self.ask_topic(look_up);
        let lag = Lag::of(&self.ends(), engine.progress());
        let retries = store.map_or(0, StoreTrouble::retries);
        metrics::update(engine, store, lag, self.ends_age(engine));
        if let Some(topic) = locked(&self.looked_up).topic {
            metrics::update_topic(topic);
        }
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
        let looked_up = locked(&self.looked_up);
        let ends = looked_up.ends.iter();
        ends.map(|(&partition, (end, _))| (partition, *end))
            .collect()
    }

    /// The age of the oldest end of a partition that is read here.
    fn ends_age(&self, engine: &Engine) -> Duration {
        let looked_up = locked(&self.looked_up);
        let seen = |partition: &Partition| Some(looked_up.ends.get(partition)?.1.elapsed());
        let ages = engine.progress().filter_map(|at| seen(&at.partition));
        ages.max().unwrap_or_default()
    }

    /// Takes in what the look-ups have found since the last time.
    fn take_answers(&mut self) {
        let answers = std::mem::take(&mut locked(&self.looked_up).answers);
        for (partition, answer) in answers {
            match answer {
                Ok(()) => {
                    self.trouble_is_over(Some(partition));
                    self.trouble_is_over(None);
                }
                Err(message) => self.trouble(Some(partition), message),
            }
        }
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
        let kafka = self.troubles.values().filter_map(|trouble| {
            lasting(
                trouble.since.elapsed(),
                format!("Kafka fails: {}", trouble.message),
            )
        });
        let request = engine.oldest_request();
        let request = (request > UPLOAD_PATIENCE).then(|| {
            format!(
                "an object has not been written for {} s, though others may be: see the log",
                request.as_secs()
            )
        });
        let unlanded = engine
            .oldest_unlanded()
            .filter(|(_, age)| *age > UPLOAD_PATIENCE + self.longest_wait);
        let unlanded = unlanded.map(|(partition, age)| {
            format!(
                "a record of partition {partition} has been waiting for {} s",
                age.as_secs()
            )
        });
        let waiting = self.waiting.and_then(|since| {
            let what = match self.inspections.first() {
                Some((partition, reason)) => {
                    format!("partition {partition} does not know where to begin: {reason}")
                }
                None => "a partition does not know where to begin: see the log".to_owned(),
            };
            lasting(since.elapsed(), what)
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
            .chain(request)
            .chain(unlanded)
            .chain(waiting)
            .collect()
    }

    /// Whether the end of each partition's log is known, so that the lag counts it.
    fn knows_ends(&self, engine: &Engine) -> bool {
        let looked_up = locked(&self.looked_up);
        let mut partitions = engine.progress();
        partitions.all(|progress| looked_up.ends.contains_key(&progress.partition))
    }

    /// Looks at the whole topic in the background. Trouble with it is that of some partition's
    /// owner.
    fn ask_topic(&mut self, look_up: &Arc<LookUp>) {
        let is_due = |asked: Instant| asked.elapsed() >= TOPIC_EVERY;
        if !self.has_metrics || !self.topic_asked.is_none_or(is_due) {
            return;
        }
        self.topic_asked = Some(Instant::now());
        let (look_up, found) = (look_up.clone(), self.looked_up.clone());
        tokio::task::spawn_blocking(move || match TopicLag::ask(&look_up) {
            Ok(topic) => locked(&found).topic = Some(topic),
            Err(error) => tracing::debug!("the lag of the topic cannot be had: {error:#}"),
        });
    }

    /// Looks up the logs' ends in the background. An answer is also a sign of life.
    fn ask_ends(&mut self, engine: &Engine, look_up: &Arc<LookUp>) {
        // A partition that has just begun should not have to wait long for its first end.
        let wanted = match self.knows_ends(engine) {
            true => Duration::from_secs(5),
            false => Duration::from_secs(1),
        };
        let every = self.interval.min(wanted);
        if self.ends_asked.is_some_and(|asked| asked.elapsed() < every) {
            return;
        }
        self.ends_asked = Some(Instant::now());
        let mut looked_up = locked(&self.looked_up);
        let due = asked(engine).into_iter();
        let due = due.filter(|partition| !looked_up.running.contains(partition));
        // Those that answer must not wait behind those that do not.
        let (silent, answering): (Vec<_>, Vec<_>) =
            due.partition(|partition| self.troubles.contains_key(&Some(*partition)));
        for partitions in [silent, answering] {
            let share = partitions.len().div_ceil(ASKED_AT_ONCE).max(1);
            for some in partitions.chunks(share) {
                looked_up.running.extend(some);
                let (some, look_up) = (some.to_vec(), look_up.clone());
                let found = self.looked_up.clone();
                tokio::task::spawn_blocking(move || {
                    ask_each(&some, &found, |partition| look_up.log_ends(partition));
                });
            }
        }
    }
}

/// The partitions whose ends are looked up: those that are read here. A member without partitions
/// must still find out whether Kafka answers.
fn asked(engine: &Engine) -> BTreeSet<Partition> {
    let mut asked: BTreeSet<Partition> = engine.progress().map(|at| at.partition).collect();
    if asked.is_empty() {
        asked.insert(Partition(0));
    }
    asked
}

/// Asks for the ends of some partitions, one after the other. When one does not answer, the others
/// are left to the next round: by then it is known which to keep apart.
fn ask_each(
    partitions: &[Partition],
    found: &Mutex<LookedUp>,
    ask: impl Fn(Partition) -> Result<OffsetRange>,
) {
    for (at, partition) in partitions.iter().enumerate() {
        let log = ask(*partition);
        let mut found = locked(found);
        found.running.remove(partition);
        if let Ok(log) = &log {
            found.ends.insert(*partition, (log.end, Instant::now()));
            found.starts.insert(*partition, log.start);
        }
        let is_silent = log.is_err();
        let answer = log.map(drop).map_err(|error| format!("{error:#}"));
        found.answers.insert(*partition, answer);
        if is_silent {
            for left in &partitions[at + 1..] {
                found.running.remove(left);
            }
            return;
        }
    }
}

fn locked(looked_up: &Mutex<LookedUp>) -> MutexGuard<'_, LookedUp> {
    looked_up.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: &mut Status, partition: i32, answer: std::result::Result<(), String>) {
        let mut looked_up = locked(&status.looked_up);
        looked_up.answers.insert(Partition(partition), answer);
        drop(looked_up);
        status.take_answers();
    }

    #[test]
    fn a_partition_that_does_not_answer_keeps_no_other_waiting() {
        let partitions = [0, 1, 2, 3].map(Partition);
        let found = Mutex::new(LookedUp {
            running: partitions.into(),
            ..LookedUp::default()
        });
        ask_each(&partitions, &found, |partition| match partition.0 {
            1 => Err(anyhow::anyhow!("its leader is away")),
            _ => Ok(OffsetRange::new(Offset(0), Offset(7))),
        });
        let found = locked(&found);
        assert_eq!(found.ends.keys().collect::<Vec<_>>(), [&Partition(0)]);
        assert!(found.answers[&Partition(1)].is_err() && found.running.is_empty());
        // The next round asks the other two beside it.
        assert!(!found.answers.contains_key(&Partition(2)));
    }

    fn troubled(status: &Status) -> Vec<Option<i32>> {
        let at = status.troubles.keys();
        at.map(|at| at.map(|partition| partition.0)).collect()
    }

    #[test]
    fn the_trouble_of_a_partition_is_over_when_that_partition_answers() {
        // Bug: any record, of any partition, cleared the trouble with a leader that was away.
        let now = Arc::new(Mutex::new(Instant::now()));
        let mut status = Status::new(Duration::from_secs(10), Duration::ZERO, now);
        answered(&mut status, 3, Err("the ends of t[3] cannot be had".into()));
        status.kafka_in_trouble("all brokers are down".into());
        assert_eq!(troubled(&status), [None, Some(3)]);
        status.kafka_answered();
        answered(&mut status, 1, Ok(()));
        assert_eq!(troubled(&status), [Some(3)]);
        answered(&mut status, 3, Ok(()));
        assert_eq!(troubled(&status), []);
    }
}
