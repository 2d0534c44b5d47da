//! What was listed of a batched zone: the chain of claims of each partition, and the objects that
//! they speak of.
//!
//! A claim proves what belongs to its extent, whatever Kafka has forgotten. An object of the size
//! that its claim says is taken for the claimed one. One of another size was finished by another
//! process, or was changed: it is read (see [`super::read_extents`]), as all are under `--deep`.

use std::collections::{BTreeMap, BTreeSet};

use bucket::listing::Listed;
use landing::{Format, Partition, Place, anchor::Anchor, claim::Claim, layout::read::DataKey};

use crate::{
    batched::{chain::Chain, read_claim},
    claim_index::{ClaimedObject, DEAD_LETTERS, Found, KnownClaim},
    finding::{Finding, Kind},
    verification::Verification,
};

/// What was listed.
#[derive(Debug)]
pub(crate) struct Batched {
    pub(crate) chains: BTreeMap<Partition, Chain>,
    /// Dates by number and numbers by date; number 0 stands for dead letters.
    pub(crate) dates: Vec<String>,
    pub(crate) numbers: BTreeMap<String, u32>,
    pub(crate) suffixes: Vec<String>,
    /// Hashes of the schemas that claims name.
    pub(crate) named_schemas: BTreeSet<String>,
    /// Hashes of the schemas that are there.
    pub(crate) schemas_there: BTreeSet<String>,
    /// Whether all claims were read.
    pub(crate) objects_come: bool,
}

impl Default for Batched {
    fn default() -> Self {
        Self {
            chains: BTreeMap::new(),
            dates: vec!["dead-letters".to_owned()],
            numbers: BTreeMap::new(),
            suffixes: Vec::new(),
            named_schemas: BTreeSet::new(),
            schemas_there: BTreeSet::new(),
            objects_come: false,
        }
    }
}

impl Batched {
    /// Adds the next claim of a partition; the newest comes first.
    pub(crate) fn claim(
        &mut self,
        verification: &mut Verification,
        start: Place,
        key: &str,
        body: &[u8],
    ) {
        let read = read_claim::read(body, &verification.zone.id, start);
        let packed = match &read {
            Ok(claim) => Some(self.pack(claim, verification.zone.format)),
            Err(problem) => {
                let finding = Finding::of_key(Kind::Unparseable, key, problem.clone());
                verification.find(finding);
                None
            }
        };
        let chain = self.chains.entry(start.partition).or_default();
        match (packed, read) {
            (Some(packed), Ok(claim)) => chain.push(verification, packed, &claim),
            _ => chain.push_unreadable(start.offset),
        }
    }

    fn pack(&mut self, claim: &Claim, format: Format) -> KnownClaim {
        let dates = claim.dates.iter().map(|date| ClaimedObject {
            part: self.number(&date.date),
            bytes: date.body.bytes,
        });
        let mut objects: Vec<ClaimedObject> = dates.collect();
        if claim.dead_letters.records > 0 {
            objects.push(ClaimedObject {
                part: DEAD_LETTERS,
                bytes: claim.dead_letters.body.bytes,
            });
        }
        self.named_schemas.extend(claim.files.schema.clone());
        let suffix = claim.files.suffix(format);
        let known = self.suffixes.iter().position(|known| *known == suffix);
        let suffix = known.unwrap_or_else(|| {
            self.suffixes.push(suffix);
            self.suffixes.len() - 1
        });
        KnownClaim {
            range: claim.range(),
            suffix: Some(suffix as u32),
            objects,
        }
    }

    fn number(&mut self, date: &str) -> u32 {
        if let Some(number) = self.numbers.get(date) {
            return *number;
        }
        let number = self.dates.len() as u32;
        self.dates.push(date.to_owned());
        self.numbers.insert(date.to_owned(), number);
        number
    }

    /// The last record that the newest claim of a partition saw.
    pub(crate) fn last_claimed(&self, partition: Partition) -> Option<Anchor> {
        let newest = self.chains.get(&partition)?.newest.as_ref()?;
        newest.claim.as_ref()?.last.as_ref()?.to_anchor()
    }

    /// Adds a schema that is there.
    pub(crate) fn schema(&mut self, hash: String) {
        self.schemas_there.insert(hash);
    }

    /// Says that objects follow. Calling it again changes nothing.
    pub(crate) fn all_claims_were_read(&mut self, verification: &Verification) {
        if std::mem::replace(&mut self.objects_come, true) {
            return;
        }
        let topic = verification.topic.as_ref();
        for partition in topic.iter().flat_map(|topic| topic.partitions()) {
            self.chains.entry(*partition).or_default();
        }
        for (&partition, chain) in &mut self.chains {
            chain.close(topic.and_then(|topic| topic.committed(partition)));
        }
    }

    /// Adds a data object.
    pub(crate) fn data(
        &mut self,
        verification: &mut Verification,
        key: &DataKey<'_>,
        object: &Listed,
    ) {
        // A date that no claim speaks of has no number.
        let part = self.numbers.get(key.date).copied().unwrap_or(u32::MAX);
        self.object(verification, key.place, part, Some(key.suffix), object);
    }

    /// Adds the object of an extent's dead letters.
    pub(crate) fn dead_letters(
        &mut self,
        verification: &mut Verification,
        start: Place,
        object: &Listed,
    ) {
        self.object(verification, start, DEAD_LETTERS, None, object);
    }

    fn object(
        &mut self,
        verification: &mut Verification,
        start: Place,
        part: u32,
        suffix: Option<&str>,
        object: &Listed,
    ) {
        let report = &mut verification.partition(start.partition).report;
        report.objects += 1;
        report.bytes += object.bytes;
        let chain = self.chains.entry(start.partition).or_default();
        let unknown = |text: &'static str| {
            Finding::of_key(Kind::UnknownObject, &object.key, text).at_place(start)
        };
        match chain.index.find(start.offset, part) {
            Found::Claimed {
                suffix: claimed, ..
            } if suffix.is_some_and(|suffix| self.suffixes[claimed as usize] != suffix) => {
                let name = &self.suffixes[claimed as usize];
                let text = format!("the claim of this extent calls its object .{name}");
                verification
                    .find(Finding::of_key(Kind::Duplicate, &object.key, text).at_place(start));
            }
            Found::Claimed { number, bytes, .. } => {
                chain.index.see(number);
                if bytes != object.bytes {
                    chain.suspects.insert(start.offset);
                }
            }
            Found::NotInClaim(_) if part == DEAD_LETTERS => {
                chain
                    .unclaimed_letters
                    .push((start.offset, object.key.clone()));
            }
            Found::NotInClaim(_) => {
                verification.find(unknown(
                    "the claim of this extent speaks of no object of this date",
                ));
            }
            // A finding says so already, and nobody knows what the claim said.
            Found::UnreadableClaim => {}
            Found::NoClaim => {
                if !chain.note_unclaimed(start.offset, &object.key) {
                    verification.find(unknown("no claim begins at this offset"));
                }
            }
        }
    }
}
