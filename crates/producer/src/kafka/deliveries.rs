//! What the Kafka client tells us in its callbacks: the delivery result of each record, errors, log
//! lines, its statistics.
//!
//! Callbacks run on the client's poll thread and only count and note. Each record is counted once,
//! so `acknowledged + failed` is the number of records whose fate is known.

use std::{
    error::Error,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use kafka::{
    complaints::is_refusal,
    secrets::without_secrets,
    tokens::{self, TokenSource},
};
use rdkafka::{
    Statistics,
    client::{ClientContext, OAuthToken},
    config::RDKafkaLogLevel,
    error::KafkaError,
    message::Message,
    producer::{DeliveryResult, ProducerContext},
    types::RDKafkaErrorCode,
};

use super::pulse::{ClientNumbers, Pulse};
use crate::stop::StopFlag;

/// The least time between two warnings about a lost connection.
const WARN_INTERVAL: Duration = Duration::from_secs(10);

/// A handle to the notes; clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deliveries {
    shared: Arc<SharedNotes>,
    stop: StopFlag,
    /// For brokers that ask for tokens.
    tokens: Option<TokenSource>,
}

#[derive(Debug, Default)]
struct SharedNotes {
    acknowledged: AtomicU64,
    failed: AtomicU64,
    partitions: OnceLock<Vec<AtomicU64>>,
    first_failure: OnceLock<RDKafkaErrorCode>,
    /// Whether the start-up is over: from then on a lost connection is worth a warning.
    connected: AtomicBool,
    /// An error that will not go away by waiting: wrong password, wrong certificate.
    refusal: OnceLock<String>,
    trouble: Mutex<ConnectionTrouble>,
    /// There once the start-up is over.
    pulse: Mutex<Option<Pulse>>,
}

#[derive(Debug, Default)]
struct ConnectionTrouble {
    last: Option<String>,
    warned: Option<Instant>,
}

impl Deliveries {
    /// The first record that fails requests `stop`: nothing should wait any more.
    pub(crate) fn new(stop: &StopFlag) -> Self {
        Self {
            shared: Arc::default(),
            stop: stop.clone(),
            tokens: None,
        }
    }

    /// The same notes, for a client of brokers that may ask for tokens.
    pub(crate) fn with_tokens(&self, tokens: Option<&TokenSource>) -> Self {
        Self {
            tokens: tokens.cloned(),
            ..self.clone()
        }
    }

    pub(crate) fn acknowledged(&self) -> u64 {
        self.shared.acknowledged.load(Ordering::Acquire)
    }

    pub(crate) fn failed(&self) -> u64 {
        self.shared.failed.load(Ordering::Acquire)
    }

    /// Acknowledged records per partition; empty before the topic is known.
    pub(crate) fn per_partition(&self) -> Vec<u64> {
        let counts = self
            .shared
            .partitions
            .get()
            .map(Vec::as_slice)
            .unwrap_or_default();
        counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .collect()
    }

    /// Why the first failed record failed.
    pub(crate) fn first_failure(&self) -> Option<RDKafkaErrorCode> {
        self.shared.first_failure.get().copied()
    }

    /// Notes that the start-up is over and the topic has this many partitions.
    pub(crate) fn connected(&self, partitions: usize) {
        self.shared
            .partitions
            .get_or_init(|| (0..partitions).map(|_| AtomicU64::new(0)).collect());
        *self.pulse() = Some(Pulse::new(Instant::now()));
        self.shared.connected.store(true, Ordering::Relaxed);
    }

    /// Why the broker refuses us, if it said so.
    pub(crate) fn refusal(&self) -> Option<String> {
        self.shared.refusal.get().cloned()
    }

    /// What last went wrong with a connection.
    pub(crate) fn last_trouble(&self) -> Option<String> {
        self.shared
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .last
            .clone()
    }

    /// What the client last reported about itself.
    pub(crate) fn client_numbers(&self) -> ClientNumbers {
        self.pulse().as_ref().map(Pulse::client).unwrap_or_default()
    }

    /// What is wrong now; empty when nothing is. Meaningful only if the client is set to report its
    /// statistics.
    pub(crate) fn problems(&self) -> Vec<String> {
        let trouble = self.last_trouble();
        match self.pulse().as_ref() {
            Some(pulse) => pulse.problems(Instant::now(), trouble.as_deref()),
            None => {
                let reason = trouble.map(|reason| format!(": {reason}"));
                vec![format!(
                    "not connected to Kafka yet{}",
                    reason.unwrap_or_default()
                )]
            }
        }
    }

    fn pulse(&self) -> MutexGuard<'_, Option<Pulse>> {
        self.shared
            .pulse
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn note_trouble(&self, reason: String) {
        let mut trouble = self
            .shared
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let is_due = trouble
            .warned
            .is_none_or(|at| at.elapsed() >= WARN_INTERVAL);
        if self.shared.connected.load(Ordering::Relaxed) && is_due {
            trouble.warned = Some(Instant::now());
            tracing::warn!("trouble with Kafka, trying again: {reason}");
        }
        trouble.last = Some(reason);
    }
}

impl ClientContext for Deliveries {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, _config: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        tokens::answer(self.tokens.as_ref())
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        // The client logs each failed attempt; `error` below says what people need to know. `-X
        // debug=…` and RUST_LOG=debug show everything.
        let message = without_secrets(message);
        tracing::debug!(target: "librdkafka", ?level, "{facility} {message}");
    }

    fn stats(&self, statistics: Statistics) {
        let acknowledged = self.acknowledged();
        if let Some(pulse) = self.pulse().as_mut() {
            pulse.report(Instant::now(), &statistics, acknowledged);
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let reason = without_secrets(without_timing(reason)).into_owned();
        match error.rdkafka_error_code() {
            _ if tokens::makes_its_own(&reason) => {}
            _ if is_refusal(&error, &reason) => {
                self.shared.refusal.get_or_init(|| reason.clone());
                self.note_trouble(reason);
            }
            // This follows each broker's own error and says less.
            Some(RDKafkaErrorCode::AllBrokersDown) => {}
            _ => self.note_trouble(reason),
        }
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(message) => {
                let at = usize::try_from(message.partition()).unwrap_or(usize::MAX);
                if let Some(count) = self
                    .shared
                    .partitions
                    .get()
                    .and_then(|counts| counts.get(at))
                {
                    count.fetch_add(1, Ordering::Relaxed);
                }
                self.shared.acknowledged.fetch_add(1, Ordering::Release);
            }
            Err((error, _)) => {
                self.shared
                    .first_failure
                    .get_or_init(|| error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail));
                self.shared.failed.fetch_add(1, Ordering::Release);
                self.stop.request();
            }
        }
    }
}

/// Strips the parentheses at the end of `x:1/bootstrap: Connect to … failed: Connection refused
/// (after 0ms in state CONNECT, …)`.
fn without_timing(reason: &str) -> &str {
    reason.split(" (after ").next().unwrap_or(reason).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_kept_and_passing_trouble_is_not_one() {
        let deliveries = Deliveries::default();
        let global = |code| KafkaError::Global(code);
        deliveries.error(
            global(RDKafkaErrorCode::BrokerTransportFailure),
            "a:1/1: Connect failed: refused (after 0ms in state CONNECT)",
        );
        deliveries.error(
            global(RDKafkaErrorCode::AllBrokersDown),
            "1/1 brokers are down",
        );
        assert_eq!(
            (deliveries.last_trouble().as_deref(), deliveries.refusal()),
            (Some("a:1/1: Connect failed: refused"), None)
        );
        deliveries.error(
            global(RDKafkaErrorCode::Fail),
            "Unrecognized sasl.oauthbearer.config beginning at: hunter2",
        );
        let trouble = deliveries.last_trouble().unwrap();
        assert!(!trouble.contains("hunter2"), "{trouble}");
        deliveries.error(global(RDKafkaErrorCode::Authentication), "wrong password");
        assert_eq!(deliveries.refusal().as_deref(), Some("wrong password"));
    }
}
