//! Waits, for a bounded time, for a broker that answers and for the addresses it sends us to.
//!
//! Does not create topics. When it fails, the message names the address that was tried and what to
//! change.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use kafka::{
    checks::refused,
    fatal,
    reach::{self, Address},
};
use rdkafka::{
    metadata::Metadata,
    producer::{Producer, ThreadedProducer},
};

use super::{
    deliveries::Deliveries,
    target::{Target, shown},
};
use crate::{outcome::Failure, stop::StopFlag};

/// The longest single wait inside the client, which does not see a stop request.
const STEP: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) type Client = ThreadedProducer<Deliveries>;

/// The topic's metadata from a broker whose cluster we can reach; `None` if a stop was requested
/// meanwhile.
pub(crate) fn connect(
    client: &Client,
    target: &Target,
    stop: &StopFlag,
) -> Result<Option<Metadata>, Failure> {
    let until = Instant::now() + target.connect_timeout;
    // A client that was told an address which does not work asks there from then on and hears
    // nothing: what was wrong with the address is worth more than the silence after it.
    let mut diagnosis = None;
    loop {
        if let Some(metadata) = metadata(client, &target.topic, remaining(until)) {
            match advertised_problem(&metadata, target, remaining(until)) {
                None => return Ok(Some(metadata)),
                Some(problem) => _ = diagnosis.get_or_insert(problem),
            }
        }
        if let Some(reason) = client.client().context().refusal() {
            return Err(Failure::failed(refused(
                &target.servers,
                &target.options,
                &reason,
            )));
        }
        if let Some(cause) = fatal::cause(client.client()) {
            let servers = &target.servers;
            return Err(Failure::failed(format!(
                "Kafka at {servers} refuses us: {cause}"
            )));
        }
        if Instant::now() >= until {
            let problem = diagnosis.unwrap_or_else(|| no_answer(client, target));
            return Err(Failure::failed(problem));
        }
        if stop.wait(PAUSE) {
            return Ok(None);
        }
    }
}

/// Asks once for the metadata of the cluster and this topic, without creating the topic.
pub(crate) fn metadata(client: &Client, topic: &str, within: Duration) -> Option<Metadata> {
    let metadata = client
        .client()
        .fetch_metadata(Some(topic), within.min(STEP))
        .ok()?;
    (!metadata.brokers().is_empty()).then_some(metadata)
}

fn remaining(until: Instant) -> Duration {
    // Never zero: the client takes zero for "do not wait", and a first answer needs a moment.
    until.saturating_duration_since(Instant::now()).max(PAUSE)
}

fn no_answer(client: &Client, target: &Target) -> String {
    let trouble = client.client().context().last_trouble();
    let reason = trouble.as_deref().map(|reason| format!(" ({reason})"));
    let advice = trouble
        .as_deref()
        .and_then(|text| target.options.advice(text));
    let fix = advice.unwrap_or(
        "start a broker there (`cargo run -p sandbox` is one to try) or name another with --bootstrap-servers; if its listener wants TLS or a password, see --tls and --sasl-mechanism",
    );
    format!(
        "cannot reach Kafka at {} within {}{}; {fix}",
        target.servers,
        shown(target.connect_timeout),
        reason.unwrap_or_default(),
    )
}

/// What is wrong if a bootstrap server answered with addresses that we cannot use, a classic trap.
fn advertised_problem(metadata: &Metadata, target: &Target, within: Duration) -> Option<String> {
    let leaders: BTreeSet<i32> = metadata
        .topics()
        .iter()
        .flat_map(|topic| topic.partitions())
        .map(|partition| partition.leader())
        .collect();
    let address = |broker: &rdkafka::metadata::MetadataBroker| Address {
        host: broker.host().to_owned(),
        port: u16::try_from(broker.port()).unwrap_or_default(),
    };
    let led: Vec<Address> = metadata
        .brokers()
        .iter()
        .filter(|broker| leaders.contains(&broker.id()))
        .map(address)
        .collect();
    let (needed, all_needed) = if led.is_empty() {
        (metadata.brokers().iter().map(address).collect(), false)
    } else {
        (led, true)
    };
    let failed = reach::unreachable(&needed, within.min(STEP * 4));
    let (first, reason) = failed
        .first()
        .filter(|_| all_needed || failed.len() == needed.len())?;
    Some(format!(
        "cannot reach broker {first} ({reason}), the address that the bootstrap server {} told us to use; set advertised.listeners of that broker to an address this machine can reach",
        target.servers,
    ))
}
