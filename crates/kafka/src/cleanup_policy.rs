//! Whether a topic is compacted. Records that were landed may then be missing from the topic, and
//! from what is landed later.

use std::time::Duration;

use rdkafka::{
    admin::{AdminClient, AdminOptions, ResourceSpecifier},
    config::FromClientConfigAndContext,
};

use crate::{
    complaints::LookUpContext,
    settings::{self, KafkaSettings},
    tokens,
};

/// The longest wait for the answer.
const ANSWER: Duration = Duration::from_secs(10);

/// Asks whether the topic's `cleanup.policy` holds `compact` (Kafka allows `compact,delete`);
/// `None` when Kafka does not say, which must not be taken for "no". Blocks for at most 10 seconds.
#[must_use]
pub fn is_compacted(settings: &KafkaSettings, topic: &str) -> Option<bool> {
    let config = settings::client_config(settings);
    let context = LookUpContext::new(&settings.options);
    let admin = AdminClient::from_config_and_context(&config, context).ok()?;
    tokens::give(admin.inner(), &settings.options).ok()?;
    let options = AdminOptions::new()
        .request_timeout(Some(ANSWER))
        .operation_timeout(Some(ANSWER));
    let asked = [ResourceSpecifier::Topic(topic)];
    let answer = futures::executor::block_on(admin.describe_configs(&asked, &options));
    let resource = answer.ok()?.pop()?.ok()?;
    let policy = resource.get("cleanup.policy")?.value.as_ref()?;
    Some(policy.split(',').any(|part| part.trim() == "compact"))
}
