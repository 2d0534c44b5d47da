//! Whether a topic is compacted: then records that were landed may be missing from it, and from
//! what is landed later.
//!
//! Invariant: an answer that was not given is no answer, never "no".

use std::time::Duration;

use rdkafka::{
    admin::{AdminClient, AdminOptions, ResourceSpecifier},
    config::FromClientConfigAndContext,
};

use crate::{complaints::LookUpContext, settings};

/// How long the answer may take.
const ANSWER: Duration = Duration::from_secs(10);

/// Asks for the topic's `cleanup.policy`; `None` when Kafka does not say. Blocks.
pub fn is_compacted(settings: &settings::KafkaSettings, topic: &str) -> Option<bool> {
    let config = settings::client_config(settings);
    let admin = AdminClient::from_config_and_context(&config, LookUpContext::default()).ok()?;
    let options = AdminOptions::new()
        .request_timeout(Some(ANSWER))
        .operation_timeout(Some(ANSWER));
    let asked = [ResourceSpecifier::Topic(topic)];
    let answer = futures::executor::block_on(admin.describe_configs(&asked, &options));
    let resource = answer.ok()?.pop()?.ok()?;
    let policy = resource.get("cleanup.policy")?.value.as_ref()?;
    Some(policy.split(',').any(|part| part.trim() == "compact"))
}
