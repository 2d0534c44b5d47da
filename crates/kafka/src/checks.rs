//! The first questions to Kafka: does it answer, can its advertised brokers be reached, does the
//! topic exist.
//!
//! They wait a bounded time for the first answer and say which address failed.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use landing::Partition;
use rdkafka::{
    ClientConfig,
    error::{KafkaError, RDKafkaErrorCode},
    producer::{BaseProducer, Producer},
};

use crate::{
    complaints::LookUpContext,
    look_up::{self, LookUp, TopicFacts},
    options::Options,
    reach::{Address, unreachable},
    settings::KafkaSettings,
};

/// The partitions of the topic, in ascending order, after making sure that Kafka and at least one
/// of its brokers can be reached. Blocks for at most `timeout` and a few seconds.
///
/// # Errors
/// When Kafka does not answer, refuses to describe the topic, or no broker can be reached; or when
/// the topic does not exist. Each message says what to do.
pub fn partitions(
    look_up: &LookUp,
    settings: &KafkaSettings,
    topic: &str,
    timeout: Duration,
) -> Result<Vec<Partition>> {
    look_up.ready().map_err(|problem| {
        anyhow!(
            "cannot log in to Kafka at {}: {problem}",
            settings.bootstrap_servers
        )
    })?;
    let facts = look_up
        .topic(timeout)
        .map_err(|error| match look_up.refusal() {
            Some(reason) => anyhow!(refused(
                &settings.bootstrap_servers,
                &settings.options,
                &reason
            )),
            None => unreachable_error(&error, settings, timeout),
        })?;
    check_brokers(&facts.brokers, &settings.bootstrap_servers)?;
    existing(facts, topic)
}

/// Asks again, until `deadline`, while the cluster is still settling: a new cluster creates its
/// offsets topic when the first group asks, and a new topic has no leaders yet. Any other error is
/// final. Blocks.
///
/// # Errors
/// The last error.
pub fn until_settled<T>(deadline: Instant, question: impl Fn() -> Result<T>) -> Result<T> {
    loop {
        match question() {
            Err(error) if is_settling(&error) && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(100));
            }
            answer => return answer,
        }
    }
}

fn is_settling(error: &anyhow::Error) -> bool {
    let code = error
        .downcast_ref::<KafkaError>()
        .and_then(KafkaError::rdkafka_error_code);
    matches!(
        code,
        Some(
            RDKafkaErrorCode::NotCoordinator
                | RDKafkaErrorCode::CoordinatorNotAvailable
                | RDKafkaErrorCode::CoordinatorLoadInProgress
                | RDKafkaErrorCode::LeaderNotAvailable
                | RDKafkaErrorCode::NotLeaderForPartition
        )
    )
}

/// That Kafka refuses us, for this reason in the client's words, and what to do. Blocks for at most
/// 3 seconds.
#[must_use]
pub fn refused(servers: &str, options: &Options, reason: &str) -> String {
    // `SSL handshake failed: …: certificate verify failed: … (after 3ms in state SSL_HANDSHAKE)`
    let reason = reason.split(" (after ").next().unwrap_or(reason).trim();
    let advice = match options.advice(reason) {
        Some(_) if reason.contains(NOT_VERIFIED) && is_misnamed(servers, options) => Some(
            "the broker's certificate is for another name than the address: use the name that stands in it with --bootstrap-servers, and in advertised.listeners",
        ),
        advice => advice,
    };
    let advice = advice.map_or_else(String::new, |advice| format!("; {advice}"));
    format!("Kafka at {servers} refuses us: {reason}{advice}")
}

/// What the client says of a broker's certificate that it does not accept, for whatever reason.
const NOT_VERIFIED: &str = "certificate verify failed";

/// Whether the broker's certificate is right but for the name in it: a client that does not look at
/// the name gets further. It neither logs in nor shows a certificate, because nobody knows who
/// listens there.
fn is_misnamed(servers: &str, options: &Options) -> bool {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", servers)
        .set("security.protocol", "SSL")
        .set("ssl.endpoint.identification.algorithm", "none");
    for name in ["ssl.ca.location", "ssl.ca.pem"] {
        if let Some(value) = options.get(name) {
            config.set(name, value);
        }
    }
    let context = LookUpContext::default();
    let client: Result<BaseProducer<LookUpContext>, _> = config.create_with_context(context);
    let Ok(client) = client else { return false };
    let answered = client.client().fetch_metadata(None, Duration::from_secs(2));
    client.poll(Duration::from_millis(500));
    let refusal = client.context().refusal().unwrap_or_default();
    // A listener with passwords ends the connection later, without such words.
    answered.is_ok() || !refusal.contains(NOT_VERIFIED)
}

fn unreachable_error(
    error: &KafkaError,
    settings: &KafkaSettings,
    timeout: Duration,
) -> anyhow::Error {
    if let KafkaError::MetadataFetch(code) = error
        && code.to_string().contains("Authorization")
    {
        return anyhow!(
            "Kafka refuses to describe the topic: {code}; this user needs DESCRIBE and READ on it"
        );
    }
    let complaint = look_up::complaint(settings);
    let shown = complaint.as_deref().map(|text| format!(" ({text})"));
    let advice = complaint
        .as_deref()
        .and_then(|text| settings.options.advice(text));
    let fix = advice.unwrap_or(
        "is it running (cargo run -p sandbox is one to try), and are --bootstrap-servers, --tls and --sasl-mechanism right?",
    );
    anyhow!(
        "Kafka at {} did not answer within {} s{}; {fix}",
        settings.bootstrap_servers,
        timeout.as_secs_f64(),
        shown.unwrap_or_default()
    )
}

fn existing(facts: TopicFacts, topic: &str) -> Result<Vec<Partition>> {
    if facts.partitions.is_empty() {
        bail!(
            "there is no topic '{topic}': start the producer first (it makes the topic), or name another with --topic"
        );
    }
    Ok(facts.partitions)
}

/// The bootstrap server answered; the brokers it names must be reachable too, or the client would
/// wait for ever.
fn check_brokers(brokers: &[Address], servers: &str) -> Result<()> {
    let failed = unreachable(brokers, Duration::from_secs(3));
    match failed.last() {
        Some((broker, reason)) if failed.len() == brokers.len() => bail!(
            "cannot reach broker {broker}, the address that the bootstrap server {servers} told us to use ({reason}); set advertised.listeners on \
             the broker to an address this machine can reach"
        ),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_that_is_still_settling_is_asked_again_and_a_refusal_is_final() {
        let answer = |code| Err(anyhow::Error::new(KafkaError::OffsetFetch(code)).context("asked"));
        let asked = std::cell::Cell::new(0);
        let question = || {
            asked.set(asked.get() + 1);
            match asked.get() {
                3 => Ok(()),
                _ => answer(RDKafkaErrorCode::NotCoordinator),
            }
        };
        let deadline = Instant::now() + Duration::from_secs(60);
        assert!(until_settled(deadline, question).is_ok());
        assert_eq!(asked.get(), 3);
        let refused = until_settled(deadline, || {
            asked.set(asked.get() + 1);
            answer(RDKafkaErrorCode::GroupAuthorizationFailed)
        });
        assert!(refused.is_err());
        assert_eq!(asked.get(), 4);
    }

    #[test]
    fn an_advertised_address_that_cannot_be_reached_is_named_with_the_fix() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let broker = |port| Address {
            host: "127.0.0.1".to_owned(),
            port,
        };
        let error = check_brokers(&[broker(closed.port())], "b:9092")
            .unwrap_err()
            .to_string();
        for part in [&closed.to_string(), "b:9092", "advertised.listeners"] {
            assert!(error.contains(part), "{error}");
        }
        let open = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let reachable = broker(open.local_addr().unwrap().port());
        assert!(
            check_brokers(&[broker(closed.port()), reachable], "b:9092").is_ok(),
            "one is enough"
        );
    }
}
