//! The worker's shell: takes the engine's actions and turns them into tasks and commands, as the
//! consumer's loop does.
//!
//! Not here: how tasks go on (`inspection`, `put`, `commit`) and how records come in (`poll`).
//! At `Inspect`, reading of that partition ends; what was read before may still be delivered until
//! the start is confirmed.

use landing::{Action, Offset, Outcome, UploadKind, start::Stop};

use crate::{
    faults::Fault,
    log::View,
    mistake::Mistake,
    plan::numbered,
    worker::{Command, Commit, Gathering, Put, Run, Task},
    world::{Verdict, World},
};

/// More actions at one time than any engine of this size can have.
const MANY_ACTIONS: usize = 10_000;

impl World {
    /// Takes all actions that the engine has now. Called after each fact.
    pub(crate) fn pump(&mut self, worker: usize) -> Verdict {
        for _ in 0..MANY_ACTIONS {
            let Some(action) = self.workers[worker].engine.poll_action() else {
                return self.check_bounds(worker);
            };
            self.take(worker, action)?;
        }
        Err("the engine never runs out of actions".into())
    }

    /// Gives a partition to a worker.
    pub(crate) fn assign(&mut self, worker: usize, partition: usize) -> Verdict {
        let seat = self.seat(worker, partition);
        self.group[seat].moving_to = None;
        if self.workers[worker].ending {
            self.group[seat].owner = None;
            return Ok(());
        }
        self.note(|| format!("worker {worker} is assigned {partition}"));
        self.group[seat].owner = Some(worker);
        if self.workers[worker].believes[partition] {
            self.lose(worker, partition)?;
        }
        self.workers[worker].believes[partition] = true;
        self.workers[worker].engine.assigned(numbered(partition));
        self.pump(worker)
    }

    /// Tells a worker that a partition is no longer its own, without a chance to commit.
    pub(crate) fn lose(&mut self, worker: usize, partition: usize) -> Verdict {
        self.note(|| format!("worker {worker} learns that it lost {partition}"));
        self.workers[worker].believes[partition] = false;
        self.workers[worker].stopped[partition] = false;
        self.workers[worker].revoking[partition] = None;
        self.workers[worker].engine.lost(numbered(partition));
        self.workers[worker].forget(partition);
        self.pump(worker)
    }

    /// The worker has let the partition go.
    pub(crate) fn released(&mut self, worker: usize, partition: usize) -> Verdict {
        self.note(|| format!("worker {worker} released {partition}"));
        self.workers[worker].revoking[partition] = None;
        self.workers[worker].believes[partition] = false;
        self.workers[worker].stopped[partition] = false;
        self.workers[worker].forget(partition);
        let seat = self.seat(worker, partition);
        let membership = &mut self.group[seat];
        if membership.owner != Some(worker) {
            return Ok(());
        }
        membership.owner = None;
        match membership.moving_to.take() {
            Some(next) => self.assign(next, partition),
            None => Ok(()),
        }
    }

    fn take(&mut self, w: usize, action: Action) -> Verdict {
        match action {
            Action::Inspect {
                partition,
                generation,
            } => {
                self.check_settled(w, partition.0 as usize)?;
                self.begin_gathering(w, partition.0 as usize, generation);
            }
            Action::Start {
                partition,
                generation,
                offset,
                paused,
            } => {
                let partition = partition.0 as usize;
                self.begin_run(w, partition, offset.0)?;
                self.command(
                    w,
                    Command::Start {
                        partition,
                        generation,
                        paused,
                    },
                );
            }
            Action::Pause => self.command(w, Command::Pause),
            Action::Resume => self.command(w, Command::Resume),
            Action::Upload(upload) => self.begin_put(w, upload),
            Action::Encode(extent) => self.workers[w].tasks.push(Task::Encode(extent)),
            Action::Commit {
                partition,
                next,
                metadata,
            } => self.begin_commit(w, partition.0 as usize, next.0, metadata),
            Action::Release {
                partition,
                generation,
                commit,
            } => {
                return self.release(w, partition.0 as usize, generation, commit);
            }
            Action::Look { partition } => self.begin_look(w, partition.0 as usize),
            Action::Stop { partition, stop } => {
                return self.stopped(w, partition.0 as usize, &stop);
            }
        }
        Ok(())
    }

    fn command(&mut self, w: usize, command: Command) {
        if command == Command::Pause {
            self.met(Fault::ReadingPaused);
        }
        self.workers[w].mailbox.push_back(command);
    }

    fn begin_gathering(&mut self, w: usize, partition: usize, generation: u64) {
        self.note(|| format!("worker {w} inspects {partition}"));
        let seat = self.seat(w, partition);
        let worker = &mut self.workers[w];
        worker.forget(partition);
        worker.stopped[partition] = false;
        worker.newest[partition] = generation;
        let gathering = Gathering {
            partition,
            seat,
            generation,
            ..Gathering::default()
        };
        worker.tasks.push(Task::Gather(Box::new(gathering)));
    }

    /// The facts of a partition that another worker reads.
    fn begin_look(&mut self, w: usize, partition: usize) {
        self.note(|| format!("worker {w} looks at {partition}"));
        self.met(Fault::LookedAtBeforeTheEnd);
        let gathering = Gathering {
            partition,
            seat: self.seat(w, partition),
            look: true,
            ..Gathering::default()
        };
        let task = Task::Gather(Box::new(gathering));
        self.workers[w].tasks.push(task);
    }

    fn begin_run(&mut self, w: usize, partition: usize, offset: i64) -> Verdict {
        self.note(|| format!("worker {w} begins {partition} at {offset}"));
        let Some(ground) = self.workers[w].grounds[partition].take() else {
            return Err(format!("partition {partition} began without an inspection"));
        };
        let mut view = ground.view;
        let lost = ground.shaken.is_some_and(|cut| offset > cut);
        if !lost {
            view.cuts = self.logs[partition].cuts.len();
        }
        self.workers[w].runs[partition] = Some(Run {
            view,
            position: offset,
            start: offset,
            reading: false,
            paused: false,
            lost,
            reported: false,
            confirmed: ground.committed,
            adopted: ground.claimed_end.is_some(),
            highest: 0,
            claimed_end: ground.claimed_end,
        });
        Ok(())
    }

    fn begin_put(&mut self, w: usize, upload: landing::Upload) {
        let partition = upload.id.partition.0 as usize;
        let worker = &mut self.workers[w];
        let run = worker.runs[partition].as_ref().map(|run| run.view);
        let view = run.or(worker.grounds[partition].map(|ground| ground.view));
        let reported = match self.mistake {
            Some(Mistake::CommitBeforeDurable) => true,
            Some(Mistake::CommitBeforeTheLastDate) => worker.has_other_file(&upload),
            Some(Mistake::ClaimNotAwaited) => upload.id.kind == UploadKind::Claim,
            _ => false,
        };
        if reported {
            worker.engine.upload_finished(upload.id, Outcome::Stored);
        }
        if self.mistake == Some(Mistake::NoClaims) && upload.id.kind == UploadKind::Claim {
            return worker.engine.upload_finished(upload.id, Outcome::Stored);
        }
        let put = Put {
            upload,
            view: view.unwrap_or_default(),
            reported,
        };
        worker.tasks.push(Task::Put(Box::new(put)));
    }

    /// What goes to the coordinator beside an offset.
    fn metadata_of(&mut self, w: usize, metadata: String) -> String {
        if !self.workers[w].earlier {
            return metadata;
        }
        self.met(Fault::CommitOfAnEarlierVersion);
        metadata.replace(";z=z", "")
    }

    fn begin_commit(&mut self, w: usize, p: usize, next: i64, metadata: String) {
        let metadata = self.metadata_of(w, metadata);
        let commit = self.commit_of(w, p, next, metadata);
        self.workers[w].tasks.push(Task::Commit(Box::new(commit)));
    }

    fn release(
        &mut self,
        w: usize,
        p: usize,
        generation: u64,
        last: Option<(Offset, String)>,
    ) -> Verdict {
        let worker = &self.workers[w];
        // Nobody waits for the end of a revocation that was handled late.
        if !worker.ending && worker.revoking[p] != Some(generation) {
            return Ok(());
        }
        let Some((next, metadata)) = last else {
            return self.released(w, p);
        };
        let metadata = self.metadata_of(w, metadata);
        let commit = Commit {
            release: true,
            ..self.commit_of(w, p, next.0, metadata)
        };
        self.workers[w].tasks.push(Task::Commit(Box::new(commit)));
        Ok(())
    }

    fn commit_of(&self, w: usize, p: usize, next: i64, metadata: String) -> Commit {
        let run = self.workers[w].runs[p].as_ref();
        let (view, highest) = run.map_or((View::default(), 0), |run| (run.view, run.highest));
        let sent = match self.mistake {
            Some(Mistake::HighestInsteadOfContiguous) => next.max(highest),
            Some(Mistake::OffByOneCommit) => next + 1,
            _ => next,
        };
        Commit {
            partition: p,
            seat: self.seat(w, p),
            generation: self.workers[w].newest[p],
            told: next,
            next: sent,
            metadata,
            view,
            release: false,
        }
    }

    fn stopped(&mut self, w: usize, partition: usize, stop: &Stop) -> Verdict {
        self.note(|| format!("worker {w} stops {partition}: {stop}"));
        self.met(match stop {
            Stop::AnotherRecord(_) => Fault::StoppedByAnchor,
            Stop::LogTooShort { .. } => Fault::StoppedByShortLog,
            Stop::Gap(_) | Stop::UnknownGap(_) => Fault::StoppedByGap,
            Stop::Conflict { .. }
            | Stop::MoreThanClaimed(_)
            | Stop::UnreadableAnchor(_)
            | Stop::UnusableControlObject { .. } => Fault::StoppedByConflict,
            Stop::AnotherZonesCommit { .. }
            | Stop::NobodysCommit(_)
            | Stop::ClaimsEndEarlier { .. } => Fault::StoppedByForeignCommit,
        });
        self.workers[w].stopped[partition] = true;
        self.check_stop(partition, stop)
    }
}
