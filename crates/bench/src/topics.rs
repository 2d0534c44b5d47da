//! Creates topics at one broker, and removes them and the consumer groups of a run.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use futures::executor::block_on;
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
};

const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);

/// A connection that administers topics. Its methods block, also inside an async runtime.
pub struct TopicAdmin {
    /// `HOST:PORT,…`
    pub servers: String,
    client: AdminClient<DefaultClientContext>,
}

impl TopicAdmin {
    /// # Errors
    /// When no broker answers.
    pub fn connect(servers: &str) -> Result<Self> {
        let client: AdminClient<_> = client_config(servers).create()?;
        client
            .inner()
            .fetch_metadata(None, PATIENCE)
            .with_context(|| {
                format!("no broker answers at {servers}: run infra/local/kafka.sh start")
            })?;
        Ok(Self {
            servers: servers.to_owned(),
            client,
        })
    }

    /// Creates a topic. `replication` is the number of copies; -1 is the broker's default.
    ///
    /// # Errors
    /// When the broker refuses.
    pub fn create(&self, name: &str, partitions: i32, replication: i32) -> Result<()> {
        let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(replication));
        for created in block_on(self.client.create_topics([&topic], &options()))? {
            created.map_err(|(name, code)| anyhow!("topic {name} cannot be created: {code}"))?;
        }
        Ok(())
    }

    /// Waits until each partition of a new topic has a leader.
    ///
    /// # Errors
    /// When one has none in time.
    pub fn wait_for_leaders(&self, name: &str, partitions: i32) -> Result<()> {
        let began = Instant::now();
        while !self.is_led(name, partitions)? {
            if began.elapsed() > PATIENCE {
                bail!("topic {name} has no leaders");
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn is_led(&self, name: &str, partitions: i32) -> Result<bool> {
        let metadata = self.client.inner().fetch_metadata(Some(name), PATIENCE)?;
        let all = metadata
            .topics()
            .iter()
            .flat_map(|topic| topic.partitions());
        Ok(all.filter(|one| one.leader() >= 0).count() == partitions as usize)
    }

    /// Removes topics.
    ///
    /// # Errors
    /// When the broker refuses.
    pub fn remove(&self, names: &[&str]) -> Result<()> {
        if names.is_empty() {
            return Ok(());
        }
        for removed in block_on(self.client.delete_topics(names, &options()))? {
            removed.map_err(|(name, code)| anyhow!("topic {name} cannot be removed: {code}"))?;
        }
        Ok(())
    }

    /// Removes a consumer group that has no members any more.
    ///
    /// # Errors
    /// When the broker refuses.
    pub fn remove_group(&self, group: &str) -> Result<()> {
        for removed in block_on(self.client.delete_groups(&[group], &options()))? {
            removed.map_err(|(name, code)| anyhow!("group {name} cannot be removed: {code}"))?;
        }
        Ok(())
    }
}

/// A client configuration that names the servers only.
pub fn client_config(servers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", servers);
    config
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .operation_timeout(Some(PATIENCE))
        .request_timeout(Some(PATIENCE))
}
