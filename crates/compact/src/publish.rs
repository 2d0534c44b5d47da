//! A pack becomes an object of the copy: planned, written, read back, compared, and only then
//! called done.
//!
//! Each step is create-once, so two processes may be at it: the second one finds what the first one
//! made, and reads it back like its own. Invariant: what is said of a plan's end was read from the
//! bucket and compared with what was read from the zone.

use bucket::{
    body::{self, Body, Room, Taken},
    creation::Created,
    probe, schemas,
};
use bytes::Bytes;
use landing::{
    claim::ClaimedBody,
    compaction::{Done, PLAN_VERSION, Plan},
    partition_by::DatePartition,
    record::ValueHash,
};

use crate::{
    content::{self, Content, Facts, Form},
    error::Trouble,
    job::Job,
    pack::Pack,
};

impl Job {
    /// Makes the plan of this number for what is in the pack.
    ///
    /// # Errors
    /// [`Trouble::Overtaken`] when another run has taken the number for other objects, or for
    /// another form of them.
    pub async fn plan_pack(
        &self,
        (date, number): (&DatePartition, u32),
        pack: &Pack,
    ) -> Result<Plan, Trouble> {
        self.prepare().await?;
        let plan = Plan {
            version: PLAN_VERSION,
            copy: self.copy.clone(),
            date: date.to_string(),
            number,
            output: self.rules.clone(),
            inputs: pack.inputs.clone(),
        };
        let key = self.order.to.plan_key(date, number);
        let created = self
            .bucket
            .create_patiently(&key, plan.to_body().into())
            .await?;
        if created == Created::There && self.plan(date, number).await?.as_ref() != Some(&plan) {
            return Err(Trouble::Overtaken);
        }
        Ok(plan)
    }

    /// Writes the pack by its plan, reads it back, and says that it is done.
    pub async fn settle(
        &self,
        (date, plan, form): (&DatePartition, &Plan, &Form),
        pack: Pack,
    ) -> Result<Done, Trouble> {
        self.prepare().await?;
        let Pack {
            facts,
            body,
            counted,
            _slot: slot,
            ..
        } = pack;
        let output = match body {
            None => None,
            Some(body) => Some(self.write((date, plan, form), (body, &facts)).await?),
        };
        let done = Done {
            version: PLAN_VERSION,
            copy: self.copy.clone(),
            date: date.to_string(),
            number: plan.number,
            inputs: counted,
            records: facts.records,
            content: facts.content.to_hex(),
            output,
        };
        self.say_done(date, &done).await?;
        drop(slot);
        Ok(done)
    }

    /// Writes the object, unless another process has, and compares what is there with what the zone
    /// holds.
    async fn write(
        &self,
        (date, plan, form): (&DatePartition, &Plan, &Form),
        (body, facts): (Vec<u8>, &Facts),
    ) -> Result<ClaimedBody, Trouble> {
        let suffix = plan.output.suffix();
        let key = self.order.to.copy_key(date, plan.number, suffix);
        // Another version of the program may have written it, in some more or fewer bytes.
        let most = 2 * body.len() as u64 + (1 << 20);
        self.bucket
            .create_patiently(&key, Bytes::from(body))
            .await?;
        let read = self.read_back((&key, most), (form, suffix), Vec::new());
        let (there, found, _) = read.await?;
        if there == *facts {
            Ok(found)
        } else {
            Err(self.trouble(&key, different("as the zone", there.records, facts.records)))
        }
    }

    async fn say_done(&self, date: &DatePartition, done: &Done) -> Result<(), Trouble> {
        let key = self.order.to.done_key(date, done.number);
        let created = self
            .bucket
            .create_patiently(&key, done.to_body().into())
            .await?;
        if created == Created::There && self.done(date, done.number).await?.as_ref() != Some(done) {
            return Err(self.trouble(&key, "it says something else than what was found now"));
        }
        Ok(())
    }

    /// Reads the output of a plan that was done before, and compares it with what was said then;
    /// gives the hash of what it holds of each input.
    pub async fn verify_again(
        &self,
        (date, plan, form): (&DatePartition, &Plan, &Form),
        done: &Done,
    ) -> Result<Vec<ValueHash>, Trouble> {
        let parts: Vec<u64> = plan.inputs.iter().map(|input| input.records).collect();
        let Some(said) = &done.output else {
            return Ok(vec![Content::new(form).finish().content; parts.len()]);
        };
        let suffix = plan.output.suffix();
        let key = self.order.to.copy_key(date, plan.number, suffix);
        let read = self.read_back((&key, said.bytes), (form, suffix), parts);
        let (there, found, parts) = read.await?;
        if (there.records, there.content.to_hex()) != (done.records, done.content.clone()) {
            let text = different("when it was verified", there.records, done.records);
            return Err(self.trouble(&key, text));
        }
        if found != *said {
            let problem = "it is not the object that was verified when it was made";
            return Err(self.trouble(&key, problem));
        }
        Ok(parts)
    }

    /// What an object of the copy of at most so many bytes holds, as a whole and of each input.
    async fn read_back(
        &self,
        (key, most): (&str, u64),
        (form, suffix): (&Form, &'static str),
        parts: Vec<u64>,
    ) -> Result<(Facts, ClaimedBody, Vec<ValueHash>), Trouble> {
        // It is bounded by the object itself: there is one at a time, and room for the zone's
        // objects is not taken for it.
        let room = Taken(Room::of(1).take(1).await?);
        let read = body::read_into((&self.bucket, room), key, most).await?;
        let Some(read) = read else {
            return Err(self.trouble(
                key,
                "it was removed, or cannot be seen, after it was written",
            ));
        };
        let body = match read.body {
            Body::Whole(body) => body,
            Body::TooLarge(bytes) => {
                let text = format!("it has {bytes} bytes, which are more than were written");
                return Err(self.trouble(key, text));
            }
        };
        let form = form.clone();
        let work = tokio::task::spawn_blocking(move || {
            let found = ClaimedBody::of(&body);
            content::of_copy(body, (&form, suffix), parts)
                .map(|(facts, parts)| (facts, found, parts))
        });
        let read = work.await;
        let read = read.unwrap_or_else(|_| Err("its reader gave up".to_owned()));
        read.map_err(|problem| self.trouble(key, problem))
    }

    /// Before the first thing is written: refuses a store that does not honour `If-None-Match: *`,
    /// and keeps the columns under their hash.
    async fn prepare(&self) -> Result<(), Trouble> {
        if !self.prepared.get() {
            probe::probe(&self.bucket, &self.order.to).await?;
            if let Some(table) = &self.table {
                schemas::keep_schema(&self.bucket, &self.order.to, table).await?;
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
