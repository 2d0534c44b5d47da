//! What the Kafka client reports about itself once a second, and what these reports say is wrong.
//!
//! Not here: the fate of records (see `deliveries`), and who asks (see `status`). It judges only by
//! the reports and the time, so that a page that shows the verdict never waits for Kafka.

use std::time::{Duration, Instant};

use rdkafka::Statistics;

/// The setting that makes the client report, and its value in milliseconds.
pub(crate) const REPORTS: (&str, &str) = ("statistics.interval.ms", "1000");

/// Records that wait for longer than this while none is acknowledged are a problem, and so is a
/// client that is silent for longer.
const PATIENCE: Duration = Duration::from_secs(15);
/// The client tries to reconnect at least every 2 s (`reconnect.backoff.max.ms`), so being without
/// any broker for longer than this is a problem.
const RECONNECTING: Duration = Duration::from_secs(5);

/// The client's own numbers at its last report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ClientNumbers {
    /// Bytes of the records that wait in the client's queue or are in flight.
    pub(crate) queued_bytes: u64,
    /// Bytes sent to the brokers, as on the wire.
    pub(crate) transmitted_bytes: u64,
    /// Connections to brokers that were lost.
    pub(crate) disconnects: u64,
    /// Brokers with a connection that is in use.
    pub(crate) brokers_connected: u64,
}

/// The reports so far.
#[derive(Debug, Clone)]
pub(crate) struct Pulse {
    reported: Instant,
    /// When a report last showed newly acknowledged records, or an empty queue.
    advanced: Instant,
    /// Since when the client has wanted a connection and had none.
    cut_off: Option<Instant>,
    acknowledged: u64,
    queued: u64,
    client: ClientNumbers,
}

impl Pulse {
    /// The pulse of a client that has just connected.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            reported: now,
            advanced: now,
            cut_off: None,
            acknowledged: 0,
            queued: 0,
            client: ClientNumbers::default(),
        }
    }

    /// Takes a report; `acknowledged` is the number of records acknowledged so far.
    pub(crate) fn report(&mut self, now: Instant, statistics: &Statistics, acknowledged: u64) {
        let brokers = || statistics.brokers.values();
        let connected = brokers().filter(|broker| is_connected(&broker.state));
        let disconnects: i64 = brokers().filter_map(|broker| broker.disconnects).sum();
        self.client = ClientNumbers {
            queued_bytes: statistics.msg_size,
            transmitted_bytes: statistics.tx_bytes.try_into().unwrap_or_default(),
            disconnects: disconnects.try_into().unwrap_or_default(),
            brokers_connected: connected.count() as u64,
        };
        self.reported = now;
        self.queued = statistics.msg_cnt;
        if acknowledged > self.acknowledged || self.queued == 0 {
            self.advanced = now;
        }
        self.acknowledged = acknowledged;
        // A client with nothing to send closes idle connections and opens no others: that is not a
        // problem.
        let wanted = self.queued > 0 || brokers().any(|broker| is_connecting(&broker.state));
        self.cut_off = match self.cut_off {
            _ if self.client.brokers_connected > 0 => None,
            None if wanted => Some(now),
            since => since,
        };
    }

    pub(crate) fn client(&self) -> ClientNumbers {
        self.client
    }

    /// What is wrong, most urgent first; empty when nothing is. `trouble` is what last went wrong
    /// with a connection.
    pub(crate) fn problems(&self, now: Instant, trouble: Option<&str>) -> Vec<String> {
        let lasting = |since: Instant, patience: Duration| {
            let time = now.saturating_duration_since(since);
            (time > patience).then_some(time.as_secs())
        };
        let silent = lasting(self.reported, PATIENCE)
            .map(|seconds| format!("the Kafka client has been silent for {seconds} s"));
        let without_broker = self.cut_off.and_then(|since| lasting(since, RECONNECTING));
        let cut_off = without_broker.map(|seconds| {
            let reason = trouble.map(|reason| format!(": {reason}"));
            format!(
                "no broker is connected, for {seconds} s{}",
                reason.unwrap_or_default()
            )
        });
        let stalled = lasting(self.advanced, PATIENCE)
            .filter(|_| self.queued > 0)
            .map(|seconds| {
                format!(
                    "Kafka has acknowledged nothing for {seconds} s while {} records wait",
                    self.queued
                )
            });
        [silent, cut_off, stalled].into_iter().flatten().collect()
    }
}

fn is_connected(state: &str) -> bool {
    matches!(state, "UP" | "REAUTH")
}

/// Whether a connection is being made. In `INIT` the client wants none, and it passes through
/// `DOWN` after each loss.
fn is_connecting(state: &str) -> bool {
    !is_connected(state) && !matches!(state, "INIT" | "DOWN")
}

#[cfg(test)]
mod tests {
    use rdkafka::statistics::Broker;

    use super::*;

    const QUIET: [String; 0] = [];

    /// A report with so many queued records and one broker in this state.
    fn report(queued: u64, state: &str) -> Statistics {
        let broker = Broker {
            state: state.to_owned(),
            ..Broker::default()
        };
        Statistics {
            msg_cnt: queued,
            brokers: [("a:1/1".to_owned(), broker)].into(),
            ..Statistics::default()
        }
    }

    /// A pulse that gets a report each second: queued records, the broker's state, acknowledged
    /// records so far.
    struct Beating {
        pulse: Pulse,
        now: Instant,
    }

    impl Beating {
        fn new() -> Self {
            let now = Instant::now();
            Self {
                pulse: Pulse::new(now),
                now,
            }
        }

        fn beat(&mut self, seconds: u64, queued: u64, state: &str, acknowledged: u64) {
            for _ in 0..seconds {
                self.now += Duration::from_secs(1);
                self.pulse
                    .report(self.now, &report(queued, state), acknowledged);
            }
        }

        fn problems(&self) -> Vec<String> {
            self.pulse.problems(self.now, Some("refused"))
        }
    }

    #[test]
    fn records_that_wait_without_any_acknowledgement_are_trouble_until_one_comes() {
        let mut beating = Beating::new();
        beating.beat(60, 0, "UP", 0);
        beating.beat(15, 7, "UP", 0);
        assert_eq!(beating.problems(), QUIET);
        beating.beat(1, 7, "UP", 0);
        assert_eq!(
            beating.problems(),
            ["Kafka has acknowledged nothing for 16 s while 7 records wait"]
        );
        beating.beat(1, 7, "UP", 1);
        assert_eq!(beating.problems(), QUIET);
        beating.beat(16, 7, "UP", 1);
        beating.beat(1, 0, "UP", 1);
        assert_eq!(beating.problems(), QUIET, "nothing waits any more");
    }

    #[test]
    fn a_client_without_a_broker_is_trouble_until_it_has_one() {
        let mut beating = Beating::new();
        beating.beat(6, 0, "TRY_CONNECT", 0);
        assert_eq!(beating.problems(), QUIET);
        // The states that each attempt passes through do not begin the time anew.
        beating.beat(1, 0, "INIT", 0);
        assert_eq!(
            beating.problems(),
            ["no broker is connected, for 6 s: refused"]
        );
        beating.beat(1, 0, "UP", 0);
        assert_eq!(beating.problems(), QUIET);
        beating.beat(7, 1, "INIT", 0);
        assert_eq!(
            beating.problems(),
            ["no broker is connected, for 6 s: refused"],
            "a record wants a connection"
        );
    }

    #[test]
    fn a_client_that_needs_no_connection_is_well_without_one() {
        let mut beating = Beating::new();
        beating.beat(600, 0, "INIT", 5);
        assert_eq!(beating.problems(), QUIET);
    }

    #[test]
    fn a_client_that_does_not_report_is_trouble() {
        let mut beating = Beating::new();
        beating.now += Duration::from_secs(16);
        assert_eq!(
            beating.problems(),
            ["the Kafka client has been silent for 16 s"]
        );
    }
}
