//! Turns a pack into an object of the copy: plans it, writes it, reads it back, compares it, and
//! only then writes the done note.
//!
//! Each step is create-once, so two processes may work at the same time: the second one finds what
//! the first one wrote, and reads it back like its own.
//!
//! Invariant: a done note is written only after the object was read from the bucket and compared
//! with what was read from the zone.

use bucket::{
    body::{self, Body, Room, TakenRoom},
    creation::Created,
    probe, schemas,
};
use bytes::Bytes;
use landing::{
    claim::ClaimedBody,
    compaction::{CompactionDone, CompactionPlan, PLAN_VERSION},
    partition_by::DatePartition,
    record::ValueHash,
};

use crate::{
    content::{self, Comparison, ContentDigest, ContentHasher, CopyContent},
    error::CompactError,
    job::Job,
    pack::Pack,
};

/// An object of the copy as the bucket holds it now.
struct ReadBack {
    /// Its size and hash.
    object: ClaimedBody,
    content: CopyContent,
}

impl Job {
    /// Writes the plan of this number for what is in the pack.
    ///
    /// # Errors
    /// [`CompactError::Overtaken`] when another run has taken the number for other objects, or for
    /// another form of them.
    pub(crate) async fn plan_pack(
        &self,
        date: &DatePartition,
        number: u32,
        pack: &Pack,
    ) -> Result<CompactionPlan, CompactError> {
        self.prepare().await?;
        let plan = CompactionPlan {
            version: PLAN_VERSION,
            copy: self.copy.clone(),
            date: date.to_string(),
            number,
            output: self.rules.clone(),
            inputs: pack.inputs.clone(),
        };
        let key = self.request.to.plan_key(date, number);
        let created = self
            .bucket
            .create_patiently(&key, plan.to_body().into())
            .await?;
        if created == Created::There && self.plan(date, number).await?.as_ref() != Some(&plan) {
            return Err(CompactError::Overtaken);
        }
        Ok(plan)
    }

    /// Writes the pack by its plan, reads it back, and writes the done note.
    pub(crate) async fn publish(
        &self,
        date: &DatePartition,
        plan: &CompactionPlan,
        comparison: &Comparison,
        pack: Pack,
    ) -> Result<CompactionDone, CompactError> {
        self.prepare().await?;
        let Pack {
            digest,
            body,
            counted,
            _slot: slot,
            ..
        } = pack;
        let output = match body {
            None => None,
            Some(body) => {
                let written = self.write(date, plan, comparison, body, &digest);
                Some(written.await?)
            }
        };
        let done = CompactionDone {
            version: PLAN_VERSION,
            copy: self.copy.clone(),
            date: date.to_string(),
            number: plan.number,
            inputs: counted,
            records: digest.records,
            content: digest.content.to_hex(),
            output,
        };
        self.write_done(date, &done).await?;
        drop(slot);
        Ok(done)
    }

    /// Writes the object, unless another process has, and compares what is there with `digest`,
    /// what the zone holds.
    async fn write(
        &self,
        date: &DatePartition,
        plan: &CompactionPlan,
        comparison: &Comparison,
        body: Vec<u8>,
        digest: &ContentDigest,
    ) -> Result<ClaimedBody, CompactError> {
        let suffix = plan.output.suffix();
        let key = self.request.to.copy_key(date, plan.number, suffix);
        // Another version of the program may have written it in a few more or fewer bytes.
        let most = 2 * body.len() as u64 + (1 << 20);
        self.bucket
            .create_patiently(&key, Bytes::from(body))
            .await?;
        let read = self
            .read_back(&key, most, comparison, suffix, Vec::new())
            .await?;
        let there = read.content.digest;
        if there == *digest {
            Ok(read.object)
        } else {
            let text = different("as the zone", there.records, digest.records);
            Err(self.problem_with(&key, text))
        }
    }

    async fn write_done(
        &self,
        date: &DatePartition,
        done: &CompactionDone,
    ) -> Result<(), CompactError> {
        let key = self.request.to.done_key(date, done.number);
        let created = self
            .bucket
            .create_patiently(&key, done.to_body().into())
            .await?;
        if created == Created::There && self.done(date, done.number).await?.as_ref() != Some(done) {
            return Err(self.problem_with(&key, "it says something else than what was found now"));
        }
        Ok(())
    }

    /// Reads the output of a plan that was done before, and compares it with the done note; returns
    /// the hash of what it holds of each input.
    pub(crate) async fn verify_again(
        &self,
        date: &DatePartition,
        plan: &CompactionPlan,
        comparison: &Comparison,
        done: &CompactionDone,
    ) -> Result<Vec<ValueHash>, CompactError> {
        let parts: Vec<u64> = plan.inputs.iter().map(|input| input.records).collect();
        let Some(said) = &done.output else {
            return Ok(vec![
                ContentHasher::new(comparison).finish().content;
                parts.len()
            ]);
        };
        let suffix = plan.output.suffix();
        let key = self.request.to.copy_key(date, plan.number, suffix);
        let read = self
            .read_back(&key, said.bytes, comparison, suffix, parts)
            .await?;
        let there = read.content.digest;
        if (there.records, there.content.to_hex()) != (done.records, done.content.clone()) {
            let text = different("when it was verified", there.records, done.records);
            return Err(self.problem_with(&key, text));
        }
        if read.object != *said {
            let problem = "it is not the object that was verified when it was made";
            return Err(self.problem_with(&key, problem));
        }
        Ok(read.content.parts)
    }

    /// Reads an object of the copy that has at most `most` bytes: what it holds as a whole, and in
    /// each of `parts`.
    async fn read_back(
        &self,
        key: &str,
        most: u64,
        comparison: &Comparison,
        suffix: &'static str,
        parts: Vec<u64>,
    ) -> Result<ReadBack, CompactError> {
        // This takes no room from the zone's objects: there is one such object at a time, and its
        // own size bounds it.
        let room = TakenRoom(Room::of(1).take(1).await?);
        let read = body::read_into(&self.bucket, room, key, most).await?;
        let Some(read) = read else {
            return Err(self.problem_with(
                key,
                "it was removed, or cannot be seen, after it was written",
            ));
        };
        let body = match read.body {
            Body::Whole(body) => body,
            Body::TooLarge(bytes) => {
                let text = format!("it has {bytes} bytes, which are more than were written");
                return Err(self.problem_with(key, text));
            }
        };
        let comparison = comparison.clone();
        let work = tokio::task::spawn_blocking(move || {
            let object = ClaimedBody::of(&body);
            let content = content::of_copy(body, &comparison, suffix, parts)?;
            Ok(ReadBack { object, content })
        });
        work.await
            .unwrap_or_else(|_| Err("its reader gave up".to_owned()))
            .map_err(|problem| self.problem_with(key, problem))
    }

    /// Runs before the first write: refuses a store that does not honour `If-None-Match: *`, and
    /// writes the columns under their hash.
    async fn prepare(&self) -> Result<(), CompactError> {
        if !self.prepared.get() {
            probe::probe(&self.bucket, &self.request.to).await?;
            if let Some(table) = &self.table {
                schemas::keep_schema(&self.bucket, &self.request.to, table).await?;
            }
            self.prepared.set(true);
        }
        Ok(())
    }
}

fn different(than: &str, found: u64, expected: u64) -> String {
    let records = if found == expected {
        format!("{found} records, but others")
    } else {
        format!("{found} records instead of {expected}")
    };
    format!("it does not hold the same {than}: {records}")
}
