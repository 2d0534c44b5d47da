//! Uploads on their way: tried until they are answered for good, over a network that loses, delays
//! and refuses.
//!
//! Not here: what an object must hold (`judge`). 200 is `Stored`; 412 leads to a comparison with
//! what is there; everything else is tried again.

use std::sync::Arc;

use landing::{Outcome, UploadKind, claim::Claim};

use crate::{
    bucket::Object,
    faults::Fault,
    mistake::Mistake,
    record::DAYS,
    worker::{Put, Task},
    world::{Late, Verdict, World},
};

impl World {
    /// One attempt.
    pub(crate) fn attempt(&mut self, w: usize, put: Box<Put>) -> Verdict {
        let luck = if self.faulty {
            self.rng.u32(0..100)
        } else {
            100
        };
        match luck {
            0..12 => {
                self.met(Fault::PutReplyLost);
                self.note(|| format!("worker {w} PUT {} reply lost", put.upload.key));
                self.arrive(&put)?;
            }
            12..24 => {
                self.met(Fault::PutNotApplied);
                self.note(|| format!("worker {w} PUT {} not applied", put.upload.key));
            }
            24..34 => {
                self.note(|| format!("worker {w} PUT {} delayed", put.upload.key));
                self.late.push(Late::Put(put.clone()));
            }
            34..38 => {
                self.met(Fault::SlowDown);
                self.workers[w].engine.slow_down();
            }
            _ => return self.answer(w, &put),
        }
        self.workers[w].tasks.push(Task::Put(put));
        self.pump(w)
    }

    /// The request reaches the bucket. Returns whether it was written: `false` is a 412.
    pub(crate) fn arrive(&mut self, put: &Put) -> Result<bool, String> {
        let key = self.key_of(put);
        let unconditional = self.mistake == Some(Mistake::ClaimWithoutCondition)
            && put.upload.id.kind == UploadKind::Claim;
        if self.bucket.get(&key).is_some() && !unconditional {
            return Ok(false);
        }
        self.check_object(&key, put)?;
        self.note(|| format!("     written {key}"));
        let upload = &put.upload;
        let identity = Some(upload.identity.clone());
        let body = upload.body.clone();
        if unconditional {
            self.bucket.overwrite(key, Object { body, identity });
        } else {
            self.bucket.create(key, Object { body, identity });
        }
        Ok(true)
    }

    fn answer(&mut self, w: usize, put: &Put) -> Verdict {
        let written = self.arrive(put)?;
        if put.reported {
            return Ok(());
        }
        let outcome = if written {
            Outcome::Stored
        } else {
            self.compare(put)
        };
        self.note(|| format!("worker {w} PUT {} {outcome:?}", put.upload.key));
        let id = put.upload.id;
        match (&outcome, id.kind) {
            (Outcome::Conflict { .. }, UploadKind::Anchor) => {
                self.met(Fault::AnchorWrittenByAnother)
            }
            (Outcome::AlreadyThere, UploadKind::File(_)) => self.met(Fault::FileFoundAgain),
            (Outcome::AlreadyThere, _) => self.met(Fault::ObjectFoundAgain),
            (Outcome::Claimed(claim), _) => self.met(fault_of(claim, put)),
            (_, UploadKind::Gap(_)) => self.met(Fault::GapRecorded),
            _ => {}
        }
        let worker = &mut self.workers[w];
        if let Some(run) = &mut worker.runs[put.partition()] {
            run.highest = run.highest.max(id.place().offset.0 + 1);
            // Whoever finds another anchor looks again at once.
            run.reported &= id.kind != UploadKind::Anchor || written;
            if let Outcome::Claimed(claim) = &outcome
                && claim.to_body() != put.upload.body
            {
                (run.adopted, run.claimed_end) = (true, Some(claim.end.0));
            }
        }
        worker.engine.upload_finished(id, outcome);
        self.pump(w)
    }

    fn compare(&self, put: &Put) -> Outcome {
        let key = self.key_of(put);
        let there = self.bucket.get(&key).unwrap();
        if put.upload.id.kind == UploadKind::Claim
            && self.mistake != Some(Mistake::OwnEndAfterLosingTheClaim)
        {
            let start = put.upload.id.place();
            return match Claim::from_body(&there.body, "z", start) {
                Ok(claim) => Outcome::Claimed(Arc::new(claim)),
                Err(bad) => Outcome::Conflict {
                    key,
                    difference: bad.to_string(),
                },
            };
        }
        match put.upload.identity.compare(&there.metadata()) {
            Err(difference) if self.mistake != Some(Mistake::ExistingObjectNotCompared) => {
                Outcome::Conflict { key, difference }
            }
            _ => Outcome::AlreadyThere,
        }
    }

    fn key_of(&self, put: &Put) -> String {
        let key = &put.upload.key;
        match (self.mistake, key.strip_prefix("p/dt=")) {
            (Some(Mistake::NowInTheKey), Some(rest)) => {
                let today = DAYS[self.events as usize / 60 % DAYS.len()].1;
                format!("p/dt={today}/{}", rest.split_once('/').unwrap().1)
            }
            _ => key.clone(),
        }
    }
}

/// What it means that a claim was there.
fn fault_of(claim: &Claim, put: &Put) -> Fault {
    if claim.to_body() == put.upload.body {
        Fault::OwnClaimFoundAgain
    } else {
        Fault::ClaimOfAnotherFound
    }
}
