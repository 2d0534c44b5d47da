//! The copy: its zone object, its columns, and which plans it has.
//!
//! The copy's zone object is written once; a prefix that holds another zone is refused.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, bail};
use bucket::{Bucket, probe, retry::patiently, schemas::read_schema, zone::ZoneFacts};
use landing::{
    Format, Partition, Place,
    claim::Claim,
    compaction::{CopyZone, PLAN_VERSION},
    partition_by::DatePartition,
    zone::Zone,
};
use schema::TableSchema;

use crate::{args::CopyFormat, error::CompactError, job::Job, request::CopyRequest};

/// The plans of a date by number, and whether each is done.
pub(crate) type Plans = BTreeMap<u32, bool>;

/// What the key of a plan, or of its done note, says.
struct PlanKey {
    date: DatePartition,
    number: u32,
    /// Whether it is the key of the done note.
    is_done: bool,
}

/// Opens the copy, or creates it; returns its id.
pub(crate) async fn enter(
    bucket: &Bucket,
    request: &CopyRequest,
    source: &ZoneFacts,
) -> Result<String> {
    let wanted = CopyZone {
        compacted_copy: PLAN_VERSION,
        bucket: bucket.name().to_owned(),
        prefix: request.from.to_string(),
        zone: source.id.clone(),
        format: Format::from(request.format).to_string(),
        granularity: source.granularity.to_string(),
    };
    let key = request.to.zone_key();
    let place = || format!("s3://{}/{key}", bucket.name());
    let mut there = bucket.read_patiently(&key).await?;
    if there.is_none() {
        probe::probe(bucket, &request.to).await?;
        bucket
            .create_patiently(&key, wanted.to_body().into())
            .await?;
        there = bucket.read_patiently(&key).await?;
    }
    let body = there.with_context(|| format!("{} was removed while it was read", place()))?;
    if let Some(zone) = CopyZone::from_body(&body) {
        let admitted = zone.admit(&wanted).map(|()| zone.id());
        return admitted.map_err(|problem| anyhow!("{}: {problem}", place()));
    }
    match Zone::from_body(&body) {
        Ok(zone) => bail!(
            "{}: this is a landing zone (topic {}), which nothing but its consumer writes to: use another --to",
            place(),
            zone.topic
        ),
        Err(problem) => Err(anyhow!("{}: {problem}", place())),
    }
}

/// The columns of the copy; `None` for JSON Lines.
pub(crate) async fn table(
    bucket: &Bucket,
    request: &CopyRequest,
    source: &ZoneFacts,
) -> Result<Option<TableSchema>> {
    if request.format == CopyFormat::Jsonl {
        return Ok(None);
    }
    let newest = match source.is_per_record() {
        true => None,
        false => newest_claim(bucket, source).await?,
    };
    let with_metadata = newest
        .as_ref()
        .is_some_and(|claim| claim.files.metadata_columns);
    let hash = newest.and_then(|claim| claim.files.schema);
    let of_zone = match hash {
        None => TableSchema::stock(),
        Some(hash) => {
            let key = source.prefix.schema_key(&hash);
            let place = || anyhow!("s3://{}/{key}", bucket.name());
            let body = bucket.read_patiently(&key).await?;
            let body = body.with_context(|| format!("{} is not there", place()))?;
            read_schema(&body, &hash).map_err(|problem| anyhow!("{}: {problem}", place()))?
        }
    };
    let by_column = source.format == Format::Parquet;
    request.table(of_zone, with_metadata, by_column).map(Some)
}

/// The newest claim of the first partition that has one; `None` when the zone has no claims.
async fn newest_claim(bucket: &Bucket, source: &ZoneFacts) -> Result<Option<Claim>> {
    let folder = source.prefix.all_claims_folder();
    let first = patiently(|| bucket.first_key(&folder)).await;
    let first = first.map_err(|failure| bucket.unreadable(&folder, &failure))?;
    let Some(key) = first else {
        return Ok(None);
    };
    let place = || format!("s3://{}/{key}", bucket.name());
    let start = start_of_claim(source, &key[folder.len()..], &key);
    let start = start.with_context(|| format!("{} has the name of no claim", place()))?;
    let body = bucket.read_patiently(&key).await?;
    let body = body.with_context(|| format!("{} was removed while it was read", place()))?;
    let claim = Claim::from_body(&body, &source.id, start);
    claim.map(Some).with_context(place)
}

/// Where the extent of the claim under this key begins; `below_claims` is the rest of the key.
fn start_of_claim(source: &ZoneFacts, below_claims: &str, key: &str) -> Option<Place> {
    let (partition, _) = below_claims.split_once('/')?;
    let partition: Partition = partition.parse().ok()?;
    let start = source.prefix.start_of_claim_key(partition, key)?;
    Some(Place::new(partition, start))
}

impl Job {
    /// The plans of a date, without gaps in their numbers.
    ///
    /// # Errors
    /// [`CompactError::Data`] when one is missing: its objects would be compacted twice.
    pub(crate) async fn plans(&self, date: &DatePartition) -> Result<Plans, CompactError> {
        let folder = format!("{}{date}/", self.request.to.plans_folder());
        let mut all = self.plans_below(&folder).await?;
        let plans = all.remove(date).unwrap_or_default();
        for (expected, number) in (1..).zip(plans.keys()) {
            if expected != *number {
                let key = self.request.to.plan_key(date, expected);
                return Err(self.problem_with(
                    &key,
                    "this plan is not there, though later ones are: restore it",
                ));
            }
        }
        Ok(plans)
    }

    /// All plans whose keys begin with `folder`, by date.
    pub(crate) async fn plans_below(
        &self,
        folder: &str,
    ) -> Result<BTreeMap<DatePartition, Plans>, CompactError> {
        let mut found = BTreeMap::<DatePartition, Plans>::new();
        let mut done = Vec::new();
        let mut list = self.bucket.list(folder);
        while let Some(page) = list.page().await? {
            for object in page.objects {
                let Some(PlanKey {
                    date,
                    number,
                    is_done,
                }) = self.plan_key(&object.key)
                else {
                    continue;
                };
                match is_done {
                    true => done.push((date, number)),
                    false => {
                        found.entry(date).or_default().insert(number, false);
                    }
                }
            }
        }
        for (date, number) in done {
            let plan = found
                .get_mut(&date)
                .and_then(|plans| plans.get_mut(&number));
            match plan {
                Some(is_done) => *is_done = true,
                None => {
                    let key = self.request.to.plan_key(&date, number);
                    return Err(self.problem_with(
                        &key,
                        "this plan is not there, though it was carried out: restore it",
                    ));
                }
            }
        }
        Ok(found)
    }

    /// Parses the key of a plan or a done note; `None` for any other key.
    fn plan_key(&self, key: &str) -> Option<PlanKey> {
        let rest = key.strip_prefix(&self.request.to.plans_folder())?;
        let (date, name) = rest.split_once('/')?;
        let (date, stem) = (
            DatePartition::from_folder(date)?,
            name.strip_suffix(".json")?,
        );
        let (number, is_done) = match stem.strip_suffix(".done") {
            Some(number) => (number, true),
            None => (stem, false),
        };
        let number = number.parse().ok()?;
        // Only the exact key counts: `1.json` is not `00001.json`.
        let exact = match is_done {
            true => self.request.to.done_key(&date, number),
            false => self.request.to.plan_key(&date, number),
        };
        (exact == key).then_some(PlanKey {
            date,
            number,
            is_done,
        })
    }
}
