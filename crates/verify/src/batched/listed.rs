//! Batched zones: the chain of claims of each partition, and the objects that they speak of.
//!
//! A claim proves what belongs to its extent, whatever Kafka has forgotten. An object of the size
//! that its claim says is taken for it; one of another size was finished by another process, or was
//! changed: it is read (see [`extents`]), as under `--deep` all are. Invariant: each offset below a
//! partition's newest claim is covered by a claim, or in a finding; so is each object of a claim.

use std::collections::{BTreeMap, BTreeSet};

use bucket::listing::Listed;
use landing::{Offset, OffsetRange, anchor::Anchor, claim::Claim, layout::read::DataKey};

use crate::{
    batched::chain::Chain,
    claim_index::{ClaimedObject, DEAD_LETTERS, Found, KnownClaim},
    finding::{Finding, Kind},
    verification::Look,
};

/// What was listed.
#[derive(Debug)]
pub(crate) struct Batched {
    pub(crate) chains: BTreeMap<i32, Chain>,
    /// Dates by number and numbers by date; number 0 stands for dead letters.
    pub(crate) dates: Vec<String>,
    pub(crate) numbers: BTreeMap<String, u32>,
    pub(crate) suffixes: Vec<String>,
    /// Hashes of schemas: those that claims name, and those that are there.
    pub(crate) schemas: (BTreeSet<String>, BTreeSet<String>),
    /// All claims were read.
    pub(crate) objects_come: bool,
}

impl Default for Batched {
    fn default() -> Self {
        Self {
            chains: BTreeMap::new(),
            dates: vec!["dead-letters".to_owned()],
            numbers: BTreeMap::new(),
            suffixes: Vec::new(),
            schemas: (BTreeSet::new(), BTreeSet::new()),
            objects_come: false,
        }
    }
}

impl Batched {
    /// Takes the next claim of a partition in; they come with the newest first.
    pub fn claim(
        &mut self,
        look: &mut Look,
        (partition, start, key): (i32, Offset, &str),
        body: &[u8],
    ) {
        let read = read_claim::read(body, (&look.zone.id, partition, start));
        let packed = match &read {
            Ok(claim) => Some(self.pack(claim, &look.zone.format)),
            Err(problem) => {
                let finding = Finding::of_key(Kind::Unparseable, key, problem.clone());
                look.find(finding);
                None
            }
        };
        let chain = self.chains.entry(partition).or_default();
        match (packed, read) {
            (Some(packed), Ok(claim)) => chain.push(look, packed, &claim),
            _ => chain.push_unreadable(start),
        }
    }

    fn pack(&mut self, claim: &Claim, format: &str) -> KnownClaim {
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
        self.schemas.0.extend(claim.files.schema.clone());
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
    pub fn last_claimed(&self, partition: i32) -> Option<Anchor> {
        let newest = self.chains.get(&partition)?.newest.as_ref()?;
        newest.claim.as_ref()?.last.as_ref()?.to_anchor()
    }

    /// A schema is there.
    pub fn schema(&mut self, hash: String) {
        self.schemas.1.insert(hash);
    }

    /// From here on objects come. Calling it again changes nothing.
    pub fn all_claims_were_read(&mut self, look: &Look) {
        if std::mem::replace(&mut self.objects_come, true) {
            return;
        }
        let topic = look.topic.as_ref();
        for partition in topic.iter().flat_map(|topic| topic.partitions()) {
            self.chains.entry(*partition).or_default();
        }
        for (&partition, chain) in &mut self.chains {
            chain.close(topic.and_then(|topic| topic.committed(partition)));
        }
    }

    pub fn data(&mut self, look: &mut Look, key: &DataKey<'_>, object: &Listed) {
        // A date that no claim speaks of has no number.
        let part = self.numbers.get(key.date).copied().unwrap_or(u32::MAX);
        let place = (key.partition, key.offset, part);
        self.object(look, place, (object, Some(key.suffix)));
    }

    pub fn dead_letters(
        &mut self,
        look: &mut Look,
        (partition, start): (i32, Offset),
        object: &Listed,
    ) {
        self.object(look, (partition, start, DEAD_LETTERS), (object, None));
    }

    fn object(
        &mut self,
        look: &mut Look,
        (partition, start, part): (i32, Offset, u32),
        (object, suffix): (&Listed, Option<&str>),
    ) {
        let report = &mut look.partition(partition).report;
        report.objects += 1;
        report.bytes += object.bytes;
        let chain = self.chains.entry(partition).or_default();
        let at = (partition, OffsetRange::new(start, start.next()));
        let unknown =
            |text: &'static str| Finding::of_key(Kind::UnknownObject, &object.key, text).at(at);
        match chain.index.find(start, part) {
            Found::Claimed {
                suffix: claimed, ..
            } if suffix.is_some_and(|suffix| self.suffixes[claimed as usize] != suffix) => {
                let name = &self.suffixes[claimed as usize];
                let text = format!("the claim of this extent calls its object .{name}");
                look.find(Finding::of_key(Kind::Duplicate, &object.key, text).at(at));
            }
            Found::Claimed { number, bytes, .. } => {
                chain.index.see(number);
                if bytes != object.bytes {
                    chain.suspects.insert(start);
                }
            }
            Found::NotInClaim(_) if part == DEAD_LETTERS => {
                chain.unclaimed_letters.push((start, object.key.clone()));
            }
            Found::NotInClaim(_) => {
                look.find(unknown(
                    "the claim of this extent speaks of no object of this date",
                ));
            }
            // The claim is in a finding already, and nobody knows what it said.
            Found::UnreadableClaim => {}
            Found::NoClaim => {
                if !chain.note_unclaimed(start, &object.key) {
                    look.find(unknown("no claim begins at this offset"));
                }
            }
        }
    }
}
