//! What the claims of one topic partition say must be in the bucket, to compare a LIST with.
//!
//! Claims come in the order of a LIST, the newest first; objects are looked up in any order.
//! Keys are not kept: a claim takes 32 bytes and each of its objects 12, so a million objects in as
//! many claims are about 50 MiB, below the 64 MiB that `verify` promises.

use landing::{Offset, OffsetRange};

/// An object that a claim speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClaimedObject {
    /// Number of its date, or [`DEAD_LETTERS`].
    pub(crate) part: u32,
    /// Its size as the claimer wrote it.
    pub(crate) bytes: u64,
}

/// The number that stands for the object of dead letters.
pub(crate) const DEAD_LETTERS: u32 = 0;

/// A claim, as far as the comparison needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownClaim {
    pub(crate) range: OffsetRange,
    /// Number of the suffix of its data objects; `None` when the claim could not be read.
    pub(crate) suffix: Option<u32>,
    pub(crate) objects: Vec<ClaimedObject>,
}

/// What the claims say of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Its claim speaks of it: its number among all objects, its size, and the number of its
    /// suffix.
    Claimed {
        number: u64,
        bytes: u64,
        suffix: u32,
    },
    /// There is a claim for its start, which does not speak of it.
    NotInClaim(OffsetRange),
    /// There is a claim for its start, which could not be read.
    UnreadableClaim,
    /// There is no claim for its start.
    NoClaim,
}

/// The claims of one topic partition.
#[derive(Debug, Default)]
pub(crate) struct ClaimIndex {
    /// The newest first, so their starts fall.
    claims: Vec<IndexedClaim>,
    /// Number of the date of each object, in the order in which they were put in.
    parts: Vec<u32>,
    /// Size of each object.
    sizes: Vec<u64>,
    /// Whether each object was seen.
    seen: Vec<u64>,
}

/// A claim; its objects lie between this one's first and the next one's.
#[derive(Debug)]
struct IndexedClaim {
    range: OffsetRange,
    suffix: Option<u32>,
    /// Number of its first object, among all of the partition.
    first_object: usize,
}

/// Makes room for more, an eighth at a time: a vector that doubles would break the promise.
fn make_room<T>(of: &mut Vec<T>, more: usize) {
    if of.capacity() - of.len() < more {
        of.reserve_exact(more.max(of.len() / 8).max(64));
    }
}

impl ClaimIndex {
    /// Puts the next claim in; its start is below that of the one before.
    pub(crate) fn push(&mut self, claim: KnownClaim) {
        debug_assert!(
            self.claims
                .last()
                .is_none_or(|above| claim.range.start < above.range.start),
            "claims come with the newest first"
        );
        make_room(&mut self.claims, 1);
        make_room(&mut self.parts, claim.objects.len());
        make_room(&mut self.sizes, claim.objects.len());
        self.claims.push(IndexedClaim {
            range: claim.range,
            suffix: claim.suffix,
            first_object: self.parts.len(),
        });
        self.parts
            .extend(claim.objects.iter().map(|object| object.part));
        self.sizes
            .extend(claim.objects.iter().map(|object| object.bytes));
    }

    /// All claims were put in: from here on objects can be looked up.
    pub(crate) fn finish(&mut self) {
        self.seen = vec![0; self.parts.len().div_ceil(64)];
    }

    /// Looks an object up by its extent's start and its part.
    pub(crate) fn find(&self, start: Offset, part: u32) -> Found {
        let newest_first = |claim: &IndexedClaim| start.cmp(&claim.range.start);
        let Ok(at) = self.claims.binary_search_by(newest_first) else {
            return Found::NoClaim;
        };
        let claim = &self.claims[at];
        let Some(suffix) = claim.suffix else {
            return Found::UnreadableClaim;
        };
        let mut objects = self.objects_of(at);
        match objects.find(|number| self.parts[*number] == part) {
            Some(number) => Found::Claimed {
                number: number as u64,
                bytes: self.sizes[number],
                suffix,
            },
            None => Found::NotInClaim(claim.range),
        }
    }

    /// Marks an object as seen; returns whether it was not before.
    pub(crate) fn see(&mut self, number: u64) -> bool {
        let (word, bit) = ((number / 64) as usize, 1 << (number % 64));
        let new = self.seen[word] & bit == 0;
        self.seen[word] |= bit;
        new
    }

    /// All claims, the newest first, each with whether its objects were seen.
    pub(crate) fn claims(&self) -> impl Iterator<Item = (KnownClaim, Vec<bool>)> + '_ {
        self.claims.iter().enumerate().map(|(at, claim)| {
            let object = |number: usize| ClaimedObject {
                part: self.parts[number],
                bytes: self.sizes[number],
            };
            let was_seen = |number: usize| self.seen[number / 64] >> (number % 64) & 1 == 1;
            let packed = KnownClaim {
                range: claim.range,
                suffix: claim.suffix,
                objects: self.objects_of(at).map(object).collect(),
            };
            (packed, self.objects_of(at).map(was_seen).collect())
        })
    }

    /// The starts of all claims that could be read, the lowest first.
    pub(crate) fn starts(&self) -> impl Iterator<Item = Offset> + '_ {
        let readable = |claim: &&IndexedClaim| claim.suffix.is_some();
        let claims = self.claims.iter().rev().filter(readable);
        claims.map(|claim| claim.range.start)
    }

    /// The numbers of a claim's objects.
    fn objects_of(&self, at: usize) -> std::ops::Range<usize> {
        let next = self.claims.get(at + 1);
        let end = next.map_or(self.parts.len(), |next| next.first_object);
        self.claims[at].first_object..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(start: i64, end: i64, objects: &[(u32, u64)]) -> KnownClaim {
        let object = |&(part, bytes): &(u32, u64)| ClaimedObject { part, bytes };
        KnownClaim {
            range: OffsetRange::new(Offset(start), Offset(end)),
            suffix: Some(2),
            objects: objects.iter().map(object).collect(),
        }
    }

    fn index(claims: Vec<KnownClaim>) -> ClaimIndex {
        let mut index = ClaimIndex::default();
        claims.into_iter().for_each(|claim| index.push(claim));
        index.finish();
        index
    }

    #[test]
    fn what_is_put_in_comes_out_unchanged_whatever_the_chain_is_like() {
        let mut random = fastrand::Rng::with_seed(3);
        let mut claims = Vec::new();
        let mut start = i64::MAX - 5_000_000;
        for _ in 0..2_000 {
            let end = start + random.i64(1..5_000);
            let count = random.usize(0..130);
            let object = |_| (random.u32(..), random.u64(..) >> random.u32(0..64));
            let objects: Vec<_> = (0..count).map(object).collect();
            let suffix = (start % 7 != 0).then_some(start as u32 % 3);
            claims.push(KnownClaim {
                suffix,
                ..claim(start, end, &objects)
            });
            // With gaps and overlaps.
            start -= random.i64(1..6_000);
        }
        let index = index(claims.clone());
        let listed: Vec<_> = index.claims().map(|(claim, _)| claim).collect();
        assert_eq!(listed, claims);
        let readable = claims.iter().rev().filter(|claim| claim.suffix.is_some());
        let starts: Vec<_> = readable.map(|claim| claim.range.start).collect();
        assert_eq!(index.starts().collect::<Vec<_>>(), starts);
    }

    #[test]
    fn each_object_is_found_and_seen_once() {
        let mut claims = Vec::new();
        for n in (0..300).rev() {
            let objects: Vec<_> = (0..n % 5)
                .map(|at| (at as u32 + 1, n as u64 * 10 + at as u64))
                .collect();
            claims.push(claim(n * 100, n * 100 + 100, &objects));
        }
        let mut index = index(claims.clone());
        let mut numbers = std::collections::BTreeSet::new();
        for claim in &claims {
            for object in &claim.objects {
                let found = index.find(claim.range.start, object.part);
                let Found::Claimed {
                    number,
                    bytes,
                    suffix,
                } = found
                else {
                    panic!("{claim:?}: {found:?}")
                };
                assert_eq!((bytes, suffix), (object.bytes, 2));
                assert!(numbers.insert(number) && index.see(number) && !index.see(number));
            }
        }
        assert!(
            index
                .claims()
                .all(|(_, seen)| seen.iter().all(|seen| *seen))
        );
        let range = OffsetRange::new(Offset(400), Offset(500));
        assert_eq!(index.find(Offset(400), 9), Found::NotInClaim(range));
        for start in [-1, 401, 29_901, 40_000] {
            assert_eq!(index.find(Offset(start), 1), Found::NoClaim, "{start}");
        }
    }

    #[test]
    fn an_unreadable_claim_is_known_as_such() {
        let unreadable = KnownClaim {
            suffix: None,
            ..claim(10, 20, &[])
        };
        let index = index(vec![claim(20, 30, &[(1, 1)]), unreadable]);
        assert_eq!(index.find(Offset(10), 1), Found::UnreadableClaim);
        assert_eq!(index.starts().collect::<Vec<_>>(), [Offset(20)]);
    }

    #[test]
    fn a_million_objects_take_less_than_64_mib_in_one_claim_each_and_in_128() {
        for objects in [1, 128] {
            let mut index = ClaimIndex::default();
            for n in (0..1_000_000 / objects).rev() {
                let objects: Vec<_> = (0..objects)
                    .map(|at| (at + n % 14_657, 1_000_000))
                    .collect();
                index.push(claim(
                    i64::from(n) * 1_000,
                    i64::from(n) * 1_000 + 1_000,
                    &objects,
                ));
            }
            index.finish();
            let bytes = index.claims.capacity() * size_of::<IndexedClaim>()
                + index.parts.capacity() * size_of::<u32>()
                + index.sizes.capacity() * size_of::<u64>()
                + index.seen.len() * size_of::<u64>();
            assert!(bytes < 56 << 20, "{objects}: {bytes} bytes");
        }
    }
}
