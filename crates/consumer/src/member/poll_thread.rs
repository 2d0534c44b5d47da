//! The thread that polls Kafka: records out, commands in. librdkafka's rebalance callbacks are
//! synchronous, so this is a thread and not a task.
//!
//! It decides nothing: a [`Command`] says what to read and what to commit. It must never wait for
//! long (at a revocation: seconds), or the group takes its partitions away.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use kafka::{complaints::partition_list, packing::Packing, settings};
use landing::{Offset, Partition};
use rdkafka::{
    TopicPartitionList,
    config::FromClientConfigAndContext,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
};

use crate::member::{
    commit::commit,
    commit_thread::CommitThread,
    context::MemberContext,
    end,
    messages::{Command, Commit, KafkaEvent},
};

/// The most records to poll before looking at the commands again; a full arena ends the round too.
const POLLED_AT_ONCE: usize = 1_000;

/// How long a poll waits for the first record, and so the longest that a command waits.
const POLL: Duration = Duration::from_millis(20);

/// One member of the consumer group.
pub(crate) struct PollThread {
    consumer: Arc<BaseConsumer<MemberContext>>,
    committer: CommitThread,
    topic: String,
    /// The records not yet handed to the event loop.
    packing: Packing,
    commands: Receiver<Command>,
    paused: bool,
    /// Until this instant a pause only stops polling; the client is not paused yet.
    held: Option<Instant>,
    /// For the health page.
    last_poll: Arc<Mutex<Instant>>,
}

impl PollThread {
    /// Creates the client; [`Self::run`] subscribes.
    pub(crate) fn new(
        settings: &settings::KafkaSettings,
        context: MemberContext,
        commands: Receiver<Command>,
        last_poll: Arc<Mutex<Instant>>,
    ) -> Result<Self> {
        let topic = context.topic.clone();
        let config = settings::client_config(settings);
        let client: BaseConsumer<MemberContext> =
            BaseConsumer::from_config_and_context(&config, context)
                .map_err(|error| anyhow!(settings.options.explain(&error)))?;
        let consumer = Arc::new(client);
        let committer = CommitThread::start(consumer.clone())?;
        Ok(Self {
            consumer,
            committer,
            topic,
            packing: Packing::new(),
            commands,
            paused: false,
            held: None,
            last_poll,
        })
    }

    /// Polls until told to finish, or until the event loop is gone.
    pub(crate) fn run(mut self) -> Result<()> {
        self.consumer
            .subscribe(&[&self.topic])
            .context("the topic could not be subscribed")?;
        loop {
            *self
                .last_poll
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Instant::now();
            loop {
                match self.command() {
                    Ok(Command::Finish { commits, committed }) => {
                        // Whoever drops the last reference closes the client: it must be this
                        // thread, not the commit thread.
                        self.committer.finish();
                        committed
                            .send(commit_at_last(&self.consumer, &commits))
                            .ok();
                        return Ok(());
                    }
                    Ok(command) => {
                        // The loop must see records that were fetched before the command first.
                        self.tell_records();
                        self.obey(command);
                    }
                    Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => return Ok(()),
                }
            }
            if self.held.take().is_some() {
                self.warn("pause", self.consumer.pause(&self.reading()));
            }
            self.poll_records();
        }
    }

    /// The next command, if there is one. While a pause only stops polling, waits for one.
    fn command(&self) -> Result<Command, RecvTimeoutError> {
        let left = |until: Instant| until.saturating_duration_since(Instant::now());
        self.commands
            .recv_timeout(self.held.map_or(Duration::ZERO, left))
    }

    /// Polls what the client has at hand. An arena that is not full is handed over only when the
    /// client has nothing more, or before an error or a command is dealt with.
    fn poll_records(&mut self) {
        let mut wait = POLL;
        for _ in 0..POLLED_AT_ONCE {
            match self.consumer.poll(wait) {
                Some(Ok(message)) => {
                    if let Some(done) = self.packing.push(&message) {
                        return self.consumer.context().tell(KafkaEvent::Records(done));
                    }
                }
                Some(Err(error)) => {
                    self.tell_records();
                    self.error(&error);
                }
                None => return self.tell_records(),
            }
            wait = Duration::ZERO;
        }
    }

    fn tell_records(&mut self) {
        if let Some(records) = self.packing.take() {
            self.consumer.context().tell(KafkaEvent::Records(records));
        }
    }

    fn error(&self, error: &KafkaError) {
        let tell = |event| self.consumer.context().tell(event);
        match error {
            KafkaError::PartitionEOF(partition) => {
                let partition = Partition(*partition);
                if let Some(position) = end::reached(&self.consumer, partition) {
                    tell(KafkaEvent::EndOfPartition {
                        partition,
                        position,
                    });
                }
            }
            KafkaError::MessageConsumptionFatal(code) => {
                let cause = kafka::fatal::cause(self.consumer.client());
                let cause = cause.unwrap_or_else(|| code.to_string());
                tell(KafkaEvent::Fatal(format!(
                    "the Kafka client cannot go on: {cause}"
                )))
            }
            KafkaError::MessageConsumption(code) => match code {
                RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange => {
                    tell(KafkaEvent::PositionLost)
                }
                RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::GroupAuthorizationFailed => {
                    tell(KafkaEvent::Fatal(format!(
                        "{code}: this user needs READ on the topic and on the group"
                    )));
                }
                RDKafkaErrorCode::InvalidSessionTimeout => tell(KafkaEvent::Fatal(format!(
                    "{code}: give -X session.timeout.ms a value between the broker's group.min.session.timeout.ms and group.max.session.timeout.ms"
                ))),
                RDKafkaErrorCode::InconsistentGroupProtocol => tell(KafkaEvent::Fatal(format!(
                    "{code}: other programs are members of this group; use another --group"
                ))),
                code => tell(KafkaEvent::Trouble(
                    self.consumer
                        .context()
                        .complaints
                        .last()
                        .unwrap_or_else(|| code.to_string()),
                )),
            },
            other => tell(KafkaEvent::Trouble(other.to_string())),
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Start {
                partition,
                generation,
                offset,
                paused,
            } => self.start(partition, generation, offset, paused),
            Command::Pause => {
                self.paused = true;
                // A paused client throws away what it has fetched, and after a resume it takes up
                // to a second to fetch again. So a short pause (up to a second, at the default
                // session timeout) only stops polling.
                self.held = Some(Instant::now() + self.consumer.context().drain_deadline / 5);
            }
            Command::Resume => {
                self.paused = false;
                // Resuming a client that is not paused would set it back to where it began.
                if self.held.take().is_none() {
                    self.warn("resume", self.consumer.resume(&self.reading()));
                }
            }
            Command::Stop { partition } => self.stop(partition),
            Command::Commit(commit) => self.committer.send(commit),
            Command::Finish { .. } => {}
        }
    }

    fn start(&mut self, partition: Partition, generation: u64, offset: Offset, paused: bool) {
        self.stop(partition);
        if !self.consumer.context().owned.all().contains(&partition) {
            // Taken away while the command was on its way; the engine hears of that too.
            return;
        }
        let list = partition_list(&self.topic, [partition]);
        let mut place = list.clone();
        let added = place
            .set_all_offsets(rdkafka::Offset::Offset(offset.0))
            .and_then(|()| self.consumer.incremental_assign(&place));
        if let Err(error) = added {
            // The client is in trouble; the engine inspects the partition again if it is still
            // ours.
            tracing::warn!(partition = partition.0, %error, "could not be set to offset {offset}");
            return self.consumer.context().tell(KafkaEvent::StartFailed {
                partition,
                generation,
            });
        }
        tracing::info!(partition = partition.0, offset = offset.0, "reading begins");
        // Records that were fetched before the start were handed over before this event.
        self.consumer.context().tell(KafkaEvent::Started {
            partition,
            generation,
        });
        self.consumer.context().reading.insert(partition);
        // The client remembers a pause across assignments, so both states must be set.
        if (paused || self.paused) && self.held.is_none() {
            self.warn("pause", self.consumer.pause(&list));
        } else {
            self.warn("resume", self.consumer.resume(&list));
        }
    }

    fn stop(&self, partition: Partition) {
        let read = self.consumer.context().reading.remove(&[partition]);
        if !read.is_empty() {
            let list = partition_list(&self.topic, read);
            self.warn("unassign", self.consumer.incremental_unassign(&list));
        }
    }

    fn reading(&self) -> TopicPartitionList {
        partition_list(&self.topic, self.consumer.context().reading.all())
    }

    fn warn(&self, what: &str, result: rdkafka::error::KafkaResult<()>) {
        // Expected now and then: partitions of the list may just have been revoked.
        if let Err(error) = result {
            tracing::debug!(%error, topic = self.topic, "{what}");
        }
    }
}

/// Makes the last commit of this member. While other members join or leave, the broker refuses it,
/// and the client must be polled to get past that.
fn commit_at_last(consumer: &BaseConsumer<MemberContext>, commits: &[Commit]) -> bool {
    let deadline = Instant::now() + consumer.context().drain_deadline;
    loop {
        if commit(consumer, &consumer.context().topic, commits) {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        drop(consumer.poll(Duration::from_millis(200)));
    }
}
