//! Encodes an extent's records into files, on a thread that may take its time.
//!
//! `landing::extent` decides which record goes where; `format` decides what a file looks like. An
//! extent with a claim is encoded with the claim's settings and with the schema that the claim
//! names, whatever this run's flags say.

mod threads;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;
use bucket::{
    Bucket,
    retry::Backoff,
    schemas::{read_schema, schema_hash},
};
use format::{encoding::Encoding, files::Files, zone_rules::ZoneRules};
use landing::{
    chain::{Encoded, EncodedFile},
    claim::{ClaimedBody, FileRules},
    engine::Encode,
    extent::{self, ExtentRules},
    start::Stop,
};
use schema::TableSchema;

use crate::encoder::threads::Threads;

/// Encodes the extents of a zone. Clones share the schemas read so far and the threads.
#[derive(Clone)]
pub(crate) struct Encoder {
    zone: Arc<ZoneRules>,
    /// The schemas of the zone that are already known, by hash.
    schemas: Arc<Mutex<BTreeMap<String, Arc<TableSchema>>>>,
    /// Where to find schemas that other runs used; `None` in a dry run.
    bucket: Option<Bucket>,
    threads: Threads,
}

impl Encoder {
    /// Starts an encoder for the zone on `threads` threads. It already knows `schema`, the run's
    /// own.
    ///
    /// # Errors
    /// When the threads cannot be started.
    pub(crate) fn start(
        zone: ZoneRules,
        schema: Option<Arc<TableSchema>>,
        bucket: Option<Bucket>,
        threads: usize,
    ) -> Result<Self> {
        let known = schema.map(|schema| (schema_hash(&schema), schema));
        Ok(Self {
            zone: Arc::new(zone),
            schemas: Arc::new(Mutex::new(known.into_iter().collect())),
            bucket,
            threads: Threads::start(threads)?,
        })
    }

    /// Lays an extent out and encodes it.
    pub(crate) async fn encode(self, extent: Box<Encode>) -> (Box<Encode>, Result<Encoded, Stop>) {
        let schema = match self.schema_of(&extent.files).await {
            Ok(schema) => schema,
            Err(stop) => return (extent, Err(stop)),
        };
        let encoding = match self.zone.encoding(&extent.files, schema) {
            Ok(encoding) => encoding,
            Err(error) => {
                let stop = self.zone.unusable_claim(&extent, &error);
                return (extent, Err(stop));
            }
        };
        let zone = self.zone.clone();
        let work = move || {
            let encoded = encode(&zone, &encoding, &extent);
            (extent, encoded)
        };
        // A panic in there is a bug, and it took the records with it: the process must not carry on
        // as if nothing had happened.
        self.threads.run(work).await
    }

    async fn schema_of(&self, files: &FileRules) -> Result<Option<Arc<TableSchema>>, Stop> {
        let Some(hash) = &files.schema else {
            return Ok(None);
        };
        if let Some(known) = self.lock().get(hash) {
            return Ok(Some(known.clone()));
        }
        let key = self.zone.prefix.schema_key(hash);
        let unusable = |problem: &str| Stop::UnusableControlObject {
            key: key.clone(),
            problem: problem.to_owned(),
        };
        let Some(bucket) = &self.bucket else {
            return Err(unusable("a dry run reads no schema"));
        };
        let mut backoff = Backoff::default();
        let body = loop {
            match bucket.read(&key).await {
                Ok(body) => break body.ok_or_else(|| unusable("it is not there"))?,
                Err(failure) => bucket.trouble().failed(&failure, &key),
            }
            backoff.wait().await;
        };
        let read = read_schema(&body, hash).map_err(|problem| unusable(&problem))?;
        let schema = Arc::new(read);
        self.lock().insert(hash.clone(), schema.clone());
        Ok(Some(schema))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<TableSchema>>> {
        self.schemas.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn encode(zone: &ZoneRules, encoding: &Encoding, extent: &Encode) -> Result<Encoded, Stop> {
    let rules = ExtentRules {
        topic: &zone.topic,
        partition_by: &zone.partition_by,
        granularity: zone.granularity,
        classifier: zone.classifier,
        keep_tombstones: extent.files.keep_tombstones,
    };
    let claim = extent.claim.as_deref();
    let mut files = Files::new(encoding, extent.id.start);
    files.expect(extent.batch.bytes());
    let contents = extent::lay_out(
        extent.batch.records(),
        &rules,
        extent.end,
        claim,
        |date, record| files.write(date, record),
    );
    if let Some(claim) = claim {
        for date in extent::emptied_dates(claim, &contents) {
            files.open(&date);
        }
    }
    let rounded = files.rounded();
    let finished = files.finish(contents.end);
    let mut files = finished.map_err(|error| zone.unusable_claim(extent, &error))?;
    // Files of emptied dates come last.
    files.sort_by_key(|file| file.records == 0);
    let encoded = files.into_iter().map(|mut file| {
        // Unused capacity would stay allocated for as long as the object is in flight.
        file.bytes.shrink_to_fit();
        EncodedFile {
            date: file.date,
            records: file.records,
            claimed: ClaimedBody::of(&file.bytes),
            body: file.bytes,
        }
    });
    Ok(Encoded {
        contents,
        files: encoded.collect(),
        rounded,
    })
}
