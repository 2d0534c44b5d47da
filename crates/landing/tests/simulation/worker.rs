//! One consumer process: the real engine, and the state that its shell keeps.
//!
//! Not here: what the shell does (`shell`, `inspection`, `put`, `commit`, `poll`). The shell
//! holds no rule; it does what the engine says, late and in any order that a real one may.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use landing::{
    Engine, Partition, Settings, Upload, UploadKind,
    anchor::Anchor,
    chain::Batching,
    claim::Claim,
    engine::{Encode, ObjectLayout},
    start::Completeness,
};

use crate::{
    group::Committed,
    log::View,
    plan::{MAX_PARTITIONS, numbered},
};

/// A consumer process.
pub(crate) struct Worker {
    pub(crate) engine: Engine,
    pub(crate) settings: Settings,
    pub(crate) now: Duration,
    /// Commands for the thread that polls Kafka, in order.
    pub(crate) mailbox: VecDeque<Command>,
    pub(crate) tasks: Vec<Task>,
    /// The generation of each partition's newest inspection.
    pub(crate) newest: [u64; MAX_PARTITIONS],
    /// Facts that were handed over, until the engine begins by them.
    pub(crate) grounds: [Option<Ground>; MAX_PARTITIONS],
    pub(crate) runs: [Option<Run>; MAX_PARTITIONS],
    /// The partitions that it believes to own.
    pub(crate) believes: [bool; MAX_PARTITIONS],
    pub(crate) stopped: [bool; MAX_PARTITIONS],
    /// It got SIGTERM.
    pub(crate) ending: bool,
    /// The generation of each partition that is being taken back.
    pub(crate) revoking: [Option<u64>; MAX_PARTITIONS],
    /// The ends of the logs when it started, and how they looked, if it ends by itself there.
    pub(crate) goal: Option<Vec<(i64, View)>>,
    /// It is of an earlier version: its commits name no zone.
    pub(crate) earlier: bool,
}

/// A command for the thread that polls Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Start {
        partition: usize,
        generation: u64,
        paused: bool,
    },
    Pause,
    Resume,
}

/// A partition from [`landing::Action::Start`] on.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) view: View,
    pub(crate) position: i64,
    /// Where it began.
    pub(crate) start: i64,
    pub(crate) reading: bool,
    pub(crate) paused: bool,
    /// The client will report at the next poll that its position is lost.
    pub(crate) lost: bool,
    /// It was reported as lost: what was delivered must be committed before the partition is
    /// inspected again.
    pub(crate) reported: bool,
    /// The next offset that the engine knows to be committed.
    pub(crate) confirmed: Option<i64>,
    /// It met the claim of another worker: it starts over from what is beyond.
    pub(crate) adopted: bool,
    /// The end of the highest finished record, for a planted mistake.
    pub(crate) highest: i64,
    /// The end of the last claim of somebody else that it finished, for a planted mistake.
    pub(crate) claimed_end: Option<i64>,
}

/// The log as the gathered facts saw it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ground {
    pub(crate) view: View,
    pub(crate) committed: Option<i64>,
    /// The end of the unfinished claim that was found.
    pub(crate) claimed_end: Option<i64>,
    /// The log was cut here since (0 and below: re-created).
    pub(crate) shaken: Option<i64>,
}

impl Ground {
    pub(crate) fn shake(&mut self, cut: i64) {
        self.shaken = Some(self.shaken.map_or(cut, |before| before.min(cut)));
    }
}

/// Something that takes time.
pub(crate) enum Task {
    Gather(Box<Gathering>),
    Put(Box<Put>),
    Commit(Box<Commit>),
    Encode(Box<Encode>),
}

/// The facts of one inspection, as far as they are known.
#[derive(Default)]
pub(crate) struct Gathering {
    pub(crate) partition: usize,
    pub(crate) seat: usize,
    pub(crate) generation: u64,
    /// Nothing is read here: it is looked at before the run ends.
    pub(crate) look: bool,
    pub(crate) steps_done: u8,
    pub(crate) committed: Option<Committed>,
    pub(crate) first: Option<Anchor>,
    pub(crate) low: i64,
    pub(crate) high: i64,
    /// Where `--start` points.
    pub(crate) start: i64,
    pub(crate) ground: Option<Ground>,
    /// The newest claim, and whether all its objects are there.
    pub(crate) newest: Option<Arc<Claim>>,
    pub(crate) completeness: Option<Completeness>,
}

/// An upload that is being tried.
#[derive(Clone)]
pub(crate) struct Put {
    pub(crate) upload: Upload,
    pub(crate) view: View,
    /// Its end was reported already, by a planted mistake.
    pub(crate) reported: bool,
}

impl Put {
    pub(crate) fn partition(&self) -> usize {
        self.upload.id.partition.0 as usize
    }
}

/// A commit under way.
#[derive(Clone)]
pub(crate) struct Commit {
    pub(crate) partition: usize,
    pub(crate) seat: usize,
    /// The inspection that its run began with.
    pub(crate) generation: u64,
    /// The next offset as the engine gave it.
    pub(crate) told: i64,
    /// The next offset as it goes to the coordinator.
    pub(crate) next: i64,
    pub(crate) metadata: String,
    pub(crate) view: View,
    /// The last commit of a partition that is let go.
    pub(crate) release: bool,
}

impl Worker {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            engine: Engine::new(settings.clone()),
            settings,
            now: Duration::ZERO,
            mailbox: VecDeque::new(),
            tasks: Vec::new(),
            newest: [0; MAX_PARTITIONS],
            grounds: [None; MAX_PARTITIONS],
            runs: [const { None }; MAX_PARTITIONS],
            believes: [false; MAX_PARTITIONS],
            stopped: [false; MAX_PARTITIONS],
            ending: false,
            revoking: [None; MAX_PARTITIONS],
            goal: None,
            earlier: false,
        }
    }

    /// Nothing more is read from this partition, and what was said about it is void.
    pub(crate) fn forget(&mut self, partition: usize) {
        self.runs[partition] = None;
        self.grounds[partition] = None;
        self.mailbox.retain(
            |command| !matches!(command, Command::Start { partition: p, .. } if *p == partition),
        );
    }

    /// The log was cut at `cut` (-1: re-created); `cuts` is the number of cuts now. Whoever read
    /// beyond will be told.
    pub(crate) fn shake(&mut self, partition: usize, cut: i64, cuts: usize) {
        for task in &mut self.tasks {
            if let Task::Gather(gathering) = task
                && gathering.partition == partition
                && let Some(ground) = &mut gathering.ground
            {
                ground.shake(cut);
            }
        }
        if let Some(ground) = &mut self.grounds[partition] {
            ground.shake(cut);
        }
        if let Some(run) = &mut self.runs[partition] {
            if run.position > cut {
                run.lost = true;
            } else if !run.lost {
                run.view.cuts = cuts;
            }
        }
    }

    /// The batched layouts' settings.
    pub(crate) fn batching(&self) -> Option<&Batching> {
        match &self.settings.layout {
            ObjectLayout::PerRecord => None,
            ObjectLayout::Batched(batching) => Some(batching),
        }
    }

    /// Extents that are being encoded.
    pub(crate) fn encodings(&self) -> impl Iterator<Item = &Encode> {
        self.tasks.iter().filter_map(|task| match task {
            Task::Encode(extent) => Some(&**extent),
            _ => None,
        })
    }

    /// Whether a partition whose facts are known neither began nor stopped; `asked` others are
    /// still being inspected.
    pub(crate) fn waits_for_memory(&self, partition: Partition, asked: usize) -> bool {
        let p = partition.0 as usize;
        self.runs[p].is_none()
            && !self.stopped[p]
            && self.believes[p]
            && self.engine.waiting() > asked
    }

    pub(crate) fn is_encoding(&self, partition: usize) -> bool {
        self.encodings()
            .any(|extent| extent.id.start.partition == numbered(partition))
    }

    /// Whether a file of another date of the same extent is on its way.
    pub(crate) fn has_other_file(&self, upload: &Upload) -> bool {
        let is_file = |upload: &Upload| matches!(upload.id.kind, UploadKind::File(_));
        let other = |put: &Put| {
            let id = put.upload.id;
            is_file(&put.upload) && id.place() == upload.id.place()
        };
        is_file(upload) && self.puts().any(other)
    }

    /// Requests in flight, by the shell's own count.
    pub(crate) fn puts(&self) -> impl Iterator<Item = &Put> {
        self.tasks.iter().filter_map(|task| match task {
            Task::Put(put) if !put.reported => Some(&**put),
            _ => None,
        })
    }
}
