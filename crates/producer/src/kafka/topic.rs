//! The topic: whether its name is valid, whether it exists, and its creation.
//!
//! Does not send. An existing topic is never changed.

use std::time::{Duration, Instant};

use kafka::tokens;
use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    error::KafkaError,
    metadata::Metadata,
    producer::{BaseProducer, Producer},
    types::RDKafkaErrorCode,
};

use super::{
    connect::{Client, metadata},
    settings::client_config,
    target::{Target, shown},
};
use crate::{outcome::Failure, stop::StopFlag};

const PAUSE: Duration = Duration::from_millis(50);

/// Creates the topic unless it exists; returns its number of partitions, or `None` if a stop was
/// requested meanwhile.
pub(crate) fn ensure(
    client: &Client,
    target: &Target,
    first: Metadata,
    stop: &StopFlag,
) -> Result<Option<usize>, Failure> {
    let name = &target.topic;
    if let Some(partitions) = partitions(&first, name)? {
        if i32::try_from(partitions) != Ok(target.partitions) {
            tracing::info!(
                "topic {name} has {partitions} partitions; --partitions is for a new topic only"
            );
        }
        return Ok(Some(partitions));
    }
    match create(target, &first)? {
        Creation::Done => {
            tracing::info!("created topic {name} with {} partitions", target.partitions)
        }
        Creation::AlreadyThere => {}
        Creation::Unsupported => tracing::info!(
            "the broker takes no requests to create topics; asking for {name}, it may create it on its own"
        ),
    }
    wait_until_usable(client, target, stop)
}

/// The number of partitions if the topic exists and each of them has a leader.
fn partitions(metadata: &Metadata, name: &str) -> Result<Option<usize>, Failure> {
    let Some(topic) = metadata.topics().iter().find(|topic| topic.name() == name) else {
        return Ok(None);
    };
    match topic.error().map(RDKafkaErrorCode::from) {
        Some(RDKafkaErrorCode::TopicAuthorizationFailed) => Err(Failure::failed(format!(
            "not allowed to use topic {name}; ask for the rights to describe and write it"
        ))),
        Some(RDKafkaErrorCode::InvalidTopic) => Err(Failure::failed(format!(
            "Kafka refuses {name:?} as the name of a topic"
        ))),
        Some(_) => Ok(None),
        None if topic
            .partitions()
            .iter()
            .all(|partition| partition.leader() >= 0) =>
        {
            Ok(Some(topic.partitions().len()).filter(|&count| count > 0))
        }
        None => Ok(None),
    }
}

enum Creation {
    Done,
    AlreadyThere,
    Unsupported,
}

fn create(target: &Target, metadata: &Metadata) -> Result<Creation, Failure> {
    let fail = |reason: String| {
        let topic = &target.topic;
        Failure::failed(format!(
            "topic {topic} is not there and cannot be created: {reason}"
        ))
    };
    let any_broker = metadata.brokers().first().map(|broker| broker.id());
    // Any broker forwards the request, or says at once that it cannot; left to itself, the client
    // would wait for a controller that may not exist.
    let code = match request(target, any_broker).map_err(fail)? {
        Err(RDKafkaErrorCode::NotController) => request(target, None).map_err(fail)?,
        outcome => outcome,
    };
    match code {
        Ok(()) => Ok(Creation::Done),
        Err(RDKafkaErrorCode::TopicAlreadyExists) => Ok(Creation::AlreadyThere),
        Err(RDKafkaErrorCode::UnsupportedFeature | RDKafkaErrorCode::UnsupportedVersion) => {
            ask_for(target);
            Ok(Creation::Unsupported)
        }
        Err(
            RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::ClusterAuthorizationFailed,
        ) => Err(fail(
            "this user may not create topics; have it created, or ask for the right".to_owned(),
        )),
        Err(RDKafkaErrorCode::InvalidReplicationFactor) => Err(fail(
            "the cluster has fewer usable brokers than --replication-factor".to_owned(),
        )),
        Err(code) => Err(fail(code.to_string())),
    }
}

/// One CreateTopics request, to this broker or to the controller. The outer error is one without an
/// answer of a broker; the inner one is the broker's answer.
fn request(target: &Target, broker: Option<i32>) -> Result<Result<(), RDKafkaErrorCode>, String> {
    let explain = |error: KafkaError| target.options.explain(&error);
    let admin: AdminClient<DefaultClientContext> =
        client_config(target).create().map_err(explain)?;
    // Nobody polls this client.
    tokens::give(admin.inner(), &target.options)?;
    let topic = NewTopic::new(
        &target.topic,
        target.partitions,
        TopicReplication::Fixed(target.replication),
    );
    let timeout = Some(target.connect_timeout);
    let options = AdminOptions::new()
        .request_timeout(timeout)
        .operation_timeout(timeout)
        .broker_id(broker);
    // The client's own time limit ends the request, so this does not block for ever.
    match futures::executor::block_on(admin.create_topics([&topic], &options)) {
        Ok(mut results) => match results.pop() {
            Some(result) => Ok(result.map(|_| ()).map_err(|(_, code)| code)),
            None => Err("the broker gave no answer".to_owned()),
        },
        Err(KafkaError::AdminOp(code)) => Ok(Err(code)),
        Err(error) => Err(explain(error)),
    }
}

/// Asks for the topic's metadata in the way that makes a broker create the topic, if it is set up
/// to.
fn ask_for(target: &Target) {
    let mut config = client_config(target);
    config.set("allow.auto.create.topics", "true");
    let asked = config.create::<BaseProducer>().and_then(|client| {
        // Without a token it gets no answer, which is told below.
        tokens::give(client.client(), &target.options).ok();
        client
            .client()
            .fetch_metadata(Some(&target.topic), target.connect_timeout)
    });
    if let Err(error) = asked {
        tracing::debug!(
            "no answer about the topic: {}",
            target.options.explain(&error)
        );
    }
}

fn wait_until_usable(
    client: &Client,
    target: &Target,
    stop: &StopFlag,
) -> Result<Option<usize>, Failure> {
    let until = Instant::now() + target.connect_timeout;
    while Instant::now() < until {
        let found = metadata(client, &target.topic, target.connect_timeout);
        if let Some(partitions) = found
            .map(|metadata| partitions(&metadata, &target.topic))
            .transpose()?
            .flatten()
        {
            return Ok(Some(partitions));
        }
        if stop.wait(PAUSE) {
            return Ok(None);
        }
    }
    Err(Failure::failed(format!(
        "topic {} has no usable partitions after {}; create it (kafka-topics.sh --create --topic {0}) or look at the broker",
        target.topic,
        shown(target.connect_timeout),
    )))
}
