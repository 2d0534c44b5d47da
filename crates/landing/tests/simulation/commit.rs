//! Commits on their way to the group coordinator, which may refuse a zombie, or not.
//!
//! Not here: whether a commit is true (`judge`). A commit that is applied was checked; its reply
//! says nothing about whether it was applied.

use landing::Offset;

use crate::{
    faults::Fault,
    group::Committed,
    plan::numbered,
    worker::Commit,
    world::{Late, Verdict, World},
};

impl World {
    /// Sends a commit, and hands the worker whatever comes back.
    pub(crate) fn send_commit(&mut self, w: usize, commit: &Commit) -> Verdict {
        let confirmed = self.transmit(w, commit)?;
        self.note(|| {
            let (partition, next) = (commit.partition, commit.next);
            format!("worker {w} commit {partition} at {next}: confirmed {confirmed}")
        });
        if commit.release {
            return self.released(w, commit.partition);
        }
        let (partition, told) = (numbered(commit.partition), Offset(commit.told));
        let worker = &mut self.workers[w];
        let current = worker.newest[commit.partition] == commit.generation;
        let run = worker.runs[commit.partition].as_mut();
        if let Some(run) = run.filter(|_| confirmed && current) {
            run.confirmed = Some(commit.told);
        }
        worker.engine.commit_finished(partition, told, confirmed);
        self.pump(w)
    }

    fn transmit(&mut self, w: usize, commit: &Commit) -> Result<bool, String> {
        if self.group[commit.seat].owner != Some(w) {
            if !self.unlucky(50) {
                self.met(Fault::ZombieCommitFenced);
                return Ok(false);
            }
            self.met(Fault::ZombieCommitAccepted);
        }
        let luck = if self.faulty {
            self.rng.u32(0..100)
        } else {
            100
        };
        match luck {
            0..8 => {
                self.met(Fault::CommitReplyLost);
                self.apply_commit(commit)?;
                Ok(false)
            }
            8..16 => {
                self.met(Fault::CommitNotApplied);
                Ok(false)
            }
            16..20 => {
                self.late.push(Late::Commit(Box::new(commit.clone())));
                Ok(false)
            }
            _ => self.apply_commit(commit).map(|()| true),
        }
    }

    /// The coordinator takes a commit as a fact.
    pub(crate) fn apply_commit(&mut self, commit: &Commit) -> Verdict {
        let (partition, next, view) = (commit.partition, commit.next, commit.view);
        let seat = commit.seat;
        self.note(|| format!("     committed {partition} at {next}"));
        self.check_commit(partition, next, &commit.metadata, &view)?;
        self.group[seat].committed = Some(Committed {
            next,
            metadata: commit.metadata.clone(),
            view,
            foreign: false,
        });
        Ok(())
    }
}
