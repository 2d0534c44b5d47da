//! The one loop of the consumer: Kafka's events, upload results, deadlines and the stop signal,
//! wired to the engine.
//!
//! It has no rules of its own: the engine decides what to upload, when to pause and what to commit.
//! Results are taken before new input, and nothing here may block, so that the poll thread never
//! waits for long.

mod partitions;
pub(crate) mod revocation;
mod tick;

use std::{
    collections::BTreeMap,
    future::Future,
    pin::pin,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow};
use kafka::look_up::CommittedOffset;
use landing::{
    Action, Engine, Offset, Outcome, Partition, UploadId,
    chain::Encoded,
    engine::{Encode, PartitionProgress},
    start::Stop,
};
use tokio::{
    sync::mpsc::Receiver,
    task::{AbortHandle, JoinSet},
};

use crate::{
    dead_letters::DeadLetterWatch,
    encoder::Encoder,
    event_loop::revocation::Revocations,
    inspection::{Inspected, Inspector},
    member::messages::{Command, Commit, KafkaEvent},
    status::Status,
    store::Store,
};

/// How often the loop checks for the end of the run, looks up the logs' ends and updates the
/// metrics.
const LOOK: Duration = Duration::from_millis(500);

/// What the loop works with.
pub(crate) struct EventLoop {
    pub(crate) engine: Engine,
    pub(crate) events: Receiver<KafkaEvent>,
    pub(crate) commands: std::sync::mpsc::Sender<Command>,
    pub(crate) store: Store,
    pub(crate) inspector: Inspector,
    /// Only in the batched layouts.
    pub(crate) encoder: Option<Encoder>,
    pub(crate) status: Status,
    pub(crate) dead_letters: DeadLetterWatch,
    pub(crate) grace_period: Duration,
    pub(crate) work: Work,
}

/// What is under way, and what the loop must remember about it.
#[derive(Default)]
pub(crate) struct Work {
    uploads: JoinSet<(UploadId, Outcome)>,
    encodings: JoinSet<(Box<Encode>, Result<Encoded, Stop>)>,
    inspections: JoinSet<Inspected>,
    positions: JoinSet<Vec<Partition>>,
    /// Look-ups of the group's committed offsets, for `--until-end`.
    goal: JoinSet<Result<Vec<CommittedOffset>>>,
    /// Looks at partitions that others read, for `--until-end`.
    looks: JoinSet<Inspected>,
    /// The running inspection of each partition, to abort it.
    inspecting: BTreeMap<Partition, AbortHandle>,
    /// A lost position was reported while the look-up for an earlier one was under way.
    positions_again: bool,
    revocations: Revocations,
    slow_downs: u64,
    /// When the drain must be over; set when it begins.
    deadline: Option<Instant>,
    /// How far each partition was when the drain released it.
    last: BTreeMap<Partition, PartitionProgress>,
    stopped: BTreeMap<Partition, String>,
}

/// How the loop ended.
pub(crate) struct Ended {
    pub(crate) engine: Engine,
    /// The ends of the logs as they were last looked up.
    pub(crate) ends: BTreeMap<Partition, Offset>,
    /// How far each partition was when it was released, without the last commits.
    pub(crate) last: BTreeMap<Partition, PartitionProgress>,
    /// Stopped partitions, with the reason.
    pub(crate) stopped: BTreeMap<Partition, String>,
    /// Whether something was still in flight when the grace period was over.
    pub(crate) unfinished: bool,
    pub(crate) dead_letters: DeadLetterWatch,
    /// The last commits, to be made before leaving the group.
    pub(crate) commits: Vec<Commit>,
}

impl EventLoop {
    /// Runs until `stop` resolves, the goal is reached or every partition is stopped, and then
    /// until the drain is over.
    ///
    /// # Errors
    /// When the Kafka client cannot go on.
    pub(crate) async fn run(mut self, stop: impl Future<Output = ()>) -> Result<Ended> {
        let began = Instant::now();
        let mut stop = pin!(stop);
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            self.engine.handle_timeout(began.elapsed());
            self.act();
            if let Some(unfinished) = self.over() {
                let Work {
                    last,
                    stopped,
                    mut revocations,
                    ..
                } = self.work;
                return Ok(Ended {
                    engine: self.engine,
                    dead_letters: self.dead_letters,
                    ends: self.status.ends(),
                    last,
                    stopped,
                    unfinished,
                    commits: revocations.leftover(),
                });
            }
            let timeout = self.engine.poll_timeout().saturating_sub(began.elapsed());
            tokio::select! {
                biased;
                Some(done) = self.work.uploads.join_next() => {
                    let (id, outcome) = done?;
                    self.uploaded(id, outcome);
                }
                Some(done) = self.work.encodings.join_next() => {
                    let (extent, encoded) = done?;
                    self.encoded(extent, encoded);
                }
                Some(done) = self.work.inspections.join_next() => self.inspected(done)?,
                Some(done) = self.work.positions.join_next() => self.positions_looked_at(done?),
                Some(done) = self.work.goal.join_next() => self.goal_looked_at(done?),
                Some(done) = self.work.looks.join_next() => self.looked_at(done?),
                // A deadline that begins with one of these must not begin in the past.
                () = &mut stop, if self.work.deadline.is_none() => {
                    self.engine.handle_timeout(began.elapsed());
                    self.drain("signal");
                }
                _ = look.tick() => {
                    self.engine.handle_timeout(began.elapsed());
                    self.look();
                }
                event = self.events.recv() => {
                    self.engine.handle_timeout(began.elapsed());
                    self.event(event.ok_or_else(|| anyhow!("the Kafka thread has ended"))?)?;
                }
                () = tokio::time::sleep(timeout) => {}
            }
        }
    }

    /// Carries out the engine's actions.
    fn act(&mut self) {
        while let Some(action) = self.engine.poll_action() {
            match action {
                Action::Upload(upload) => self.store.spawn(&mut self.work.uploads, upload),
                Action::Encode(extent) => self.encode(extent),
                Action::Pause => self.tell(Command::Pause),
                Action::Resume => self.tell(Command::Resume),
                Action::Stop { partition, stop } => {
                    tracing::error!(partition = partition.0, "partition stopped: {stop}");
                    self.work.stopped.insert(partition, stop.to_string());
                    self.tell(Command::Stop { partition });
                }
                Action::Commit {
                    partition,
                    next,
                    metadata,
                } => self.commit(Commit {
                    partition,
                    next,
                    metadata,
                }),
                Action::Release {
                    partition,
                    generation,
                    commit,
                } => {
                    self.note_last(partition, commit.as_ref().map(|(next, _)| *next));
                    let commit = commit.map(|(next, metadata)| Commit {
                        partition,
                        next,
                        metadata,
                    });
                    let revocations = &mut self.work.revocations;
                    revocations.released(partition, generation, commit);
                }
                Action::Look { partition } => {
                    let look = self.inspector.clone().inspect(partition, 0);
                    self.work.looks.spawn(look);
                }
                Action::Inspect { .. } | Action::Start { .. } => self.begin(action),
            }
        }
    }

    fn commit(&mut self, commit: Commit) {
        if self.store.writes() {
            self.tell(Command::Commit(commit));
        } else {
            self.engine
                .commit_finished(commit.partition, commit.next, true);
        }
    }

    /// `None` until the drain is over; then whether it left something unfinished.
    fn over(&self) -> Option<bool> {
        let deadline = self.work.deadline?;
        let working = !self.work.uploads.is_empty() || !self.work.encodings.is_empty();
        if self.engine.is_empty() && !working {
            return Some(self.engine.gave_up());
        }
        // The engine releases everything by the same deadline; what is still on its way is left.
        (Instant::now() >= deadline).then_some(true)
    }

    fn drain(&mut self, reason: &str) {
        tracing::info!(
            reason,
            in_flight = self.engine.in_flight().0,
            "draining: no more records are taken in"
        );
        self.work.deadline = Some(Instant::now() + self.grace_period);
        let progress = self.engine.progress().map(|at| PartitionProgress {
            committed: at.committed.or(Some(at.durable)),
            ..at
        });
        self.work.last = progress.map(|at| (at.partition, at)).collect();
        self.work.stopped.extend(
            self.engine
                .stopped()
                .map(|(partition, stop)| (partition, stop.to_string())),
        );
        self.engine.drain(self.grace_period);
    }

    fn event(&mut self, event: KafkaEvent) -> Result<()> {
        let engine = &mut self.engine;
        match event {
            KafkaEvent::Records(arena) => {
                self.status.kafka_answered();
                engine.records(arena);
            }
            KafkaEvent::EndOfPartition {
                partition,
                position,
            } => engine.end_of_partition(partition, position),
            KafkaEvent::Assigned(partitions) => partitions
                .into_iter()
                .for_each(|partition| engine.assigned(partition)),
            KafkaEvent::Revoked { partitions, reply } => self.revoke(&partitions, reply),
            KafkaEvent::Lost(partitions) => self.lost(&partitions),
            KafkaEvent::Committed { offsets, confirmed } => {
                for (partition, offset) in offsets {
                    engine.commit_finished(partition, offset, confirmed);
                    if let Some(last) = self.work.last.get_mut(&partition).filter(|_| confirmed) {
                        last.committed = Some(offset);
                    }
                }
            }
            KafkaEvent::Started {
                partition,
                generation,
            } => engine.started(partition, generation),
            KafkaEvent::StartFailed {
                partition,
                generation,
            } => engine.start_failed(partition, generation),
            KafkaEvent::PositionLost => self.find_lost_positions(),
            KafkaEvent::Trouble(message) => self.status.kafka_in_trouble(message),
            KafkaEvent::Fatal(message) => return Err(anyhow!(message)),
        }
        Ok(())
    }

    fn uploaded(&mut self, id: UploadId, outcome: Outcome) {
        self.engine.upload_finished(id, outcome);
        self.look_at_dead_letters();
        let slow_downs = self.store.slow_downs();
        if slow_downs > self.work.slow_downs {
            self.work.slow_downs = slow_downs;
            self.engine.slow_down();
        }
    }

    /// Stops the intake when there are more dead letters than the run may have.
    fn look_at_dead_letters(&mut self) {
        if self.work.deadline.is_none()
            && let Some(reason) = self.dead_letters.exceeded(self.engine.counts())
        {
            tracing::error!("{reason}");
            self.drain("too many dead letters");
        }
    }

    fn encode(&mut self, extent: Box<Encode>) {
        if let Some(encoder) = &self.encoder {
            tracing::info!(
                partition = extent.id.start.partition.0,
                start = extent.id.start.offset.0,
                end = extent.end.0,
                records = extent.batch.len(),
                reason = %extent.reason,
                "batch closed"
            );
            self.work.encodings.spawn(encoder.clone().encode(extent));
        }
    }

    fn encoded(&mut self, extent: Box<Encode>, done: Result<Encoded, Stop>) {
        match done {
            Ok(encoded) => self.engine.encoded(extent, encoded),
            Err(stop) => self.engine.encode_refused(extent, stop),
        }
    }

    fn tell(&self, command: Command) {
        // The thread is gone only at the end of the run.
        self.commands.send(command).ok();
    }
}
