//! The callbacks that every client has: they keep its complaints for error messages.
//!
//! librdkafka reports most of its trouble (refused connections, bad certificates) only through its
//! log and error callbacks.

use std::{error::Error, sync::Mutex};

use landing::Partition;
use msk::TokenSource;
use rdkafka::{
    ClientContext, Statistics, TopicPartitionList,
    client::OAuthToken,
    config::RDKafkaLogLevel,
    consumer::ConsumerContext,
    error::{KafkaError, RDKafkaErrorCode},
    producer::{DeliveryResult, ProducerContext},
};

use crate::{
    end::LastEnd, fetch_progress::FetchProgress, options::Options, secrets::without_secrets, tokens,
};

/// The newest complaints of one client, at most twenty.
#[derive(Debug, Default)]
pub struct Complaints(Mutex<Vec<String>>);

/// Whether this error, with its reason in the client's words, will not go away by waiting: wrong
/// password, wrong certificate, no token.
#[must_use]
pub fn is_refusal(error: &KafkaError, reason: &str) -> bool {
    // A broker that does not accept our certificate says so when the client takes the handshake for
    // done, and then it is an error of the connection like any other.
    let is_alert = reason.contains("SSL alert number") && reason.contains("certificate");
    is_alert
        || matches!(
            error.rdkafka_error_code(),
            Some(
                RDKafkaErrorCode::Authentication
                    | RDKafkaErrorCode::SaslAuthenticationFailed
                    | RDKafkaErrorCode::UnsupportedSASLMechanism
                    | RDKafkaErrorCode::SSL,
            )
        )
}

impl Complaints {
    /// Keeps this line of the client's; the oldest goes when there are twenty.
    pub fn add(&self, line: &str) {
        // librdkafka says this after the reason, and it says less.
        if line.ends_with("brokers are down") {
            return;
        }
        if let Ok(mut lines) = self.0.lock() {
            if lines.len() >= 20 {
                lines.remove(0);
            }
            lines.push(without_secrets(line).into_owned());
        }
    }

    /// The newest one, without librdkafka's thread name in front.
    #[must_use]
    pub fn last(&self) -> Option<String> {
        let lines = self.0.lock().ok()?;
        lines.last().map(|line| {
            line.rsplit_once("]: ")
                .map_or(line.as_str(), |(_, text)| text)
                .to_owned()
        })
    }
}

/// Callbacks of a client that only looks things up.
#[derive(Default)]
pub(crate) struct LookUpContext {
    pub(crate) complaints: Complaints,
    tokens: Option<TokenSource>,
    /// Why Kafka refuses us, if it does.
    refusal: Mutex<Option<String>>,
    pub(crate) end: LastEnd,
    /// Only where the client reports statistics.
    pub(crate) fetched: FetchProgress,
}

impl LookUpContext {
    /// With what the options say about tokens.
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            tokens: options.tokens().cloned(),
            ..Self::default()
        }
    }

    /// Why Kafka refuses us, in the client's words; `None` as long as it does not.
    pub(crate) fn refusal(&self) -> Option<String> {
        self.refusal.lock().ok()?.clone()
    }
}

impl ClientContext for LookUpContext {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, _config: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        tokens::answer(self.tokens.as_ref())
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        keep_log_line(level, facility, message, &self.complaints);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if tokens::makes_its_own(reason) {
            return;
        }
        if !self.end.note(&error, reason) {
            self.complaints.add(reason);
        }
        if is_refusal(&error, reason)
            && let Ok(mut refusal) = self.refusal.lock()
        {
            refusal.get_or_insert_with(|| without_secrets(reason).into_owned());
        }
    }

    fn stats(&self, statistics: Statistics) {
        self.fetched.note(&statistics);
    }
}

impl ConsumerContext for LookUpContext {}

impl ProducerContext for LookUpContext {
    type DeliveryOpaque = ();

    fn delivery(&self, _result: &DeliveryResult<'_>, (): ()) {}
}

/// These partitions of the topic, without offsets, as rdkafka wants them.
#[must_use]
pub fn partition_list(
    topic: &str,
    partitions: impl IntoIterator<Item = Partition>,
) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition(topic, partition.0);
    }
    list
}

/// Passes a line of the client on to the log, at debug level or below, and keeps it if it is an
/// error.
pub fn keep_log_line(
    level: RDKafkaLogLevel,
    facility: &str,
    message: &str,
    complaints: &Complaints,
) {
    let message = without_secrets(message);
    match level {
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error => {
            complaints.add(&message);
            tracing::debug!(target: "librdkafka", facility, "{message}");
        }
        RDKafkaLogLevel::Warning | RDKafkaLogLevel::Notice => {
            tracing::debug!(target: "librdkafka", facility, "{message}")
        }
        RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
            tracing::trace!(target: "librdkafka", facility, "{message}")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use landing::Offset;
    use rdkafka::{
        config::FromClientConfigAndContext,
        consumer::{BaseConsumer, Consumer},
    };

    use super::*;
    use crate::{settings, test_cluster::TestCluster};

    #[test]
    fn the_client_says_at_which_offset_it_came_to_the_end() {
        // The text is the client's own: another version of it may word it otherwise, and must not
        // do so unnoticed.
        let cluster = TestCluster::start();
        cluster.append(3);
        let config = settings::client_config(&cluster.settings);
        let consumer: BaseConsumer<LookUpContext> =
            BaseConsumer::from_config_and_context(&config, LookUpContext::default()).unwrap();
        let mut place = TopicPartitionList::new();
        place
            .add_partition_offset("t", 0, rdkafka::Offset::Beginning)
            .unwrap();
        consumer.assign(&place).unwrap();
        let (mut records, began) = (0, Instant::now());
        while began.elapsed() < Duration::from_secs(30) {
            match consumer.poll(Duration::from_millis(100)) {
                Some(Ok(_)) => records += 1,
                Some(Err(KafkaError::PartitionEOF(0))) => {
                    assert_eq!(
                        (records, consumer.context().end.take()),
                        (3, Some(Offset(3)))
                    );
                    return;
                }
                _ => {}
            }
        }
        panic!("the client reported no end");
    }
}
