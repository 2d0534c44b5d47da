//! Everything there is in one schedule: logs, group, bucket, workers, the network's late messages,
//! and the judge's notes.
//!
//! Not here: what happens in it (`events`, `shell`) and what must hold (`judge`).
//! Invariant: all chance comes from one seeded generator; there is no clock.

use fastrand::Rng;
use landing::Offset;

use crate::{
    bucket::Bucket,
    faults::{Fault, FaultCounts},
    group::Membership,
    log::{Log, View},
    mistake::Mistake,
    notes::Notes,
    plan::{Plan, numbered},
    worker::{Commit, Put, Worker},
};

/// Nothing, or what was found wrong.
pub(crate) type Verdict = Result<(), String>;

/// A message that arrives much later than its sender thinks, perhaps after the sender died.
pub(crate) enum Late {
    Put(Box<Put>),
    Commit(Box<Commit>),
}

/// One schedule's world.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) rng: Rng,
    pub(crate) logs: Vec<Log>,
    /// The seats: for each deployment each partition.
    pub(crate) group: Vec<Membership>,
    pub(crate) bucket: Bucket,
    pub(crate) workers: Vec<Worker>,
    pub(crate) late: Vec<Late>,
    pub(crate) notes: Vec<Notes>,
    pub(crate) faults: FaultCounts,
    /// Off while the world heals.
    pub(crate) faulty: bool,
    pub(crate) mistake: Option<Mistake>,
    pub(crate) events: u32,
    trace: Option<Vec<String>>,
}

impl World {
    /// The world of a seed.
    pub(crate) fn new(seed: u64, mistake: Option<Mistake>) -> Self {
        let mut rng = Rng::with_seed(seed);
        let plan = Plan::draw(&mut rng);
        let partitions = 0..plan.partitions;
        let seats = 0..plan.partitions * plan.deployments;
        let workers = 0..plan.workers;
        let workers = workers.map(|_| plan.worker(&mut rng)).collect();
        Self {
            logs: partitions.clone().map(|p| Log::new(numbered(p))).collect(),
            group: seats.map(|_| Membership::default()).collect(),
            bucket: Bucket::default(),
            workers,
            late: Vec::new(),
            notes: partitions.map(|_| Notes::default()).collect(),
            faults: FaultCounts::default(),
            faulty: true,
            mistake,
            events: 0,
            trace: None,
            plan,
            rng,
        }
    }

    /// A process that starts.
    pub(crate) fn start(&mut self) -> Worker {
        let mut worker = self.plan.worker(&mut self.rng);
        let ends = self.logs.iter().map(|log| (log.high, log.view()));
        let ends: Vec<(i64, View)> = ends.collect();
        if self.faulty && self.plan.until_end && ends.iter().all(|(end, _)| *end > 0) {
            let goal = ends.iter().enumerate();
            let goal = goal.map(|(partition, (end, _))| (numbered(partition), Offset(*end)));
            worker.engine.until_end(goal.collect());
            worker.goal = Some(ends);
        }
        worker
    }

    /// Where the group of a worker keeps what it knows of a partition.
    pub(crate) fn seat(&self, worker: usize, partition: usize) -> usize {
        worker % self.plan.deployments * self.plan.partitions + partition
    }

    /// Keeps a readable trace from now on.
    pub(crate) fn traced(mut self) -> Self {
        let plan = format!("{:?}, mistake {:?}", self.plan, self.mistake);
        self.trace = Some(vec![plan]);
        self
    }

    /// Writes a line of the trace, if one is kept.
    pub(crate) fn note(&mut self, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>4} {}", self.events, line()));
        }
    }

    /// Counts a fault.
    pub(crate) fn met(&mut self, fault: Fault) {
        self.faults.count(fault);
    }

    /// Whether something with this likelihood in percent goes wrong now.
    pub(crate) fn unlucky(&mut self, percent: u32) -> bool {
        self.faulty && self.rng.u32(0..100) < percent
    }

    /// The trace so far.
    pub(crate) fn take_trace(&mut self) -> Vec<String> {
        self.trace.take().unwrap_or_default()
    }
}
