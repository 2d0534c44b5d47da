//! What happened in the schedules: how often each fault occurred, and in which share of them.
//!
//! Not here: making faults happen (`events`, `put`, `commit`).
//! Invariant: a fault that would stay rare fails the run, so that a green run means something.

use std::fmt;

/// Something that happened to a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Crash,
    Terminated,
    DrainedAndEnded,
    RevokedAndDrained,
    DrainDeadlinePassed,
    RevocationHandledLate,
    LookedAtBeforeTheEnd,
    EndReached,
    OwnerLivesOnAsZombie,
    PartitionLost,
    ZombieCommitAccepted,
    ZombieCommitFenced,
    PutReplyLost,
    PutNotApplied,
    PutAppliedLate,
    PutAppliedAfterTheEnd,
    SlowDown,
    ObjectFoundAgain,
    AnchorWrittenByAnother,
    OwnClaimFoundAgain,
    ClaimOfAnotherFound,
    UnfinishedClaimFound,
    FileFoundAgain,
    ExtentCutAtItsDates,
    DateEmptiedByCompaction,
    ClaimLargerThanTheMemory,
    ClaimWaitedForMemory,
    CrashWhileEncoding,
    RevokedWhileEncoding,
    CommitReplyLost,
    CommitNotApplied,
    CommitAppliedLate,
    CommitFoundSetBack,
    OffsetRewound,
    OffsetExpired,
    CommitOfAnotherZone,
    CommitOfAnEarlierVersion,
    OpenTransaction,
    AbortedAtTheEnd,
    EndOfALaggingReplica,
    EndWithoutItsOffset,
    HoleInOffsets,
    Compaction,
    RetentionOfLandedRecords,
    RetentionPassedCommitted,
    DeliveredAgain,
    DeliveredStale,
    PositionLostWhileRunning,
    GapRecorded,
    Recreation,
    Truncation,
    ForeignObject,
    ReadingPaused,
    StoppedByAnchor,
    StoppedByShortLog,
    StoppedByGap,
    StoppedByConflict,
    StoppedByForeignCommit,
}

const COUNT: usize = Fault::StoppedByForeignCommit as usize + 1;

/// All faults, in the order of the table.
const ALL: [Fault; COUNT] = {
    use Fault::*;
    [
        Crash,
        Terminated,
        DrainedAndEnded,
        RevokedAndDrained,
        DrainDeadlinePassed,
        RevocationHandledLate,
        LookedAtBeforeTheEnd,
        EndReached,
        OwnerLivesOnAsZombie,
        PartitionLost,
        ZombieCommitAccepted,
        ZombieCommitFenced,
        PutReplyLost,
        PutNotApplied,
        PutAppliedLate,
        PutAppliedAfterTheEnd,
        SlowDown,
        ObjectFoundAgain,
        AnchorWrittenByAnother,
        OwnClaimFoundAgain,
        ClaimOfAnotherFound,
        UnfinishedClaimFound,
        FileFoundAgain,
        ExtentCutAtItsDates,
        DateEmptiedByCompaction,
        ClaimLargerThanTheMemory,
        ClaimWaitedForMemory,
        CrashWhileEncoding,
        RevokedWhileEncoding,
        CommitReplyLost,
        CommitNotApplied,
        CommitAppliedLate,
        CommitFoundSetBack,
        OffsetRewound,
        OffsetExpired,
        CommitOfAnotherZone,
        CommitOfAnEarlierVersion,
        OpenTransaction,
        AbortedAtTheEnd,
        EndOfALaggingReplica,
        EndWithoutItsOffset,
        HoleInOffsets,
        Compaction,
        RetentionOfLandedRecords,
        RetentionPassedCommitted,
        DeliveredAgain,
        DeliveredStale,
        PositionLostWhileRunning,
        GapRecorded,
        Recreation,
        Truncation,
        ForeignObject,
        ReadingPaused,
        StoppedByAnchor,
        StoppedByShortLog,
        StoppedByGap,
        StoppedByConflict,
        StoppedByForeignCommit,
    ]
};

/// How often each fault occurred in one schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FaultCounts([u32; COUNT]);

impl Default for FaultCounts {
    fn default() -> Self {
        Self([0; COUNT])
    }
}

impl FaultCounts {
    pub(crate) fn count(&mut self, fault: Fault) {
        self.0[fault as usize] += 1;
    }
}

/// How often each fault occurred in all schedules.
#[derive(Debug)]
pub(crate) struct FaultTable {
    schedules: u64,
    events: u64,
    /// Schedules in which a partition was given up on because nothing could have shown its
    /// re-creation or truncation.
    blind: u64,
    times: [u64; COUNT],
    met_by: [u64; COUNT],
}

impl Default for FaultTable {
    fn default() -> Self {
        Self {
            schedules: 0,
            events: 0,
            blind: 0,
            times: [0; COUNT],
            met_by: [0; COUNT],
        }
    }
}

impl FaultTable {
    /// Adds one schedule.
    pub(crate) fn add(&mut self, schedule: &crate::run::Schedule) {
        self.schedules += 1;
        self.events += u64::from(schedule.events);
        self.blind += u64::from(schedule.blind);
        for (index, times) in schedule.faults.0.iter().enumerate() {
            self.times[index] += u64::from(*times);
            self.met_by[index] += u64::from(*times > 0);
        }
    }

    /// Adds another table.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.schedules += other.schedules;
        self.events += other.events;
        self.blind += other.blind;
        for index in 0..COUNT {
            self.times[index] += other.times[index];
            self.met_by[index] += other.met_by[index];
        }
    }

    /// The faults that less than one schedule in a hundred met.
    pub(crate) fn rare(&self) -> Vec<Fault> {
        let rare = |fault: &Fault| self.met_by[*fault as usize] * 100 < self.schedules;
        ALL.into_iter().filter(rare).collect()
    }

    fn share(&self, met_by: u64) -> f64 {
        met_by as f64 * 100.0 / self.schedules.max(1) as f64
    }
}

impl fmt::Display for FaultTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} schedules, {} events", self.schedules, self.events)?;
        writeln!(f, "{:<28}{:>10}{:>14}", "fault", "times", "schedules")?;
        for fault in ALL {
            let index = fault as usize;
            let (name, times) = (format!("{fault:?}"), self.times[index]);
            let share = self.share(self.met_by[index]);
            writeln!(f, "{name:<28}{times:>10}{share:>12.1} %")?;
        }
        let share = self.share(self.blind);
        write!(
            f,
            "not judged to the end, no evidence was left: {} schedules, {share:.2} %",
            self.blind
        )
    }
}
