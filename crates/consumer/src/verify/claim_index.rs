//! What the claims of one topic partition say must be in the bucket, packed: the other side of the
//! comparison with a LIST.
//!
//! Claims come as a LIST of them shows them, the newest first; objects are looked up in any order.
//! Keys are not kept. Invariant: about a dozen bytes for a claim and five for each of its objects
//! (dates in order, files below 2 MiB), none of them for longer than the partition's index itself;
//! what was put in comes out unchanged.

use landing::{Offset, OffsetRange};

/// A block is closed when it has so many objects or claims: looking one up unpacks half a block.
const BLOCK: usize = 64;

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
pub(crate) struct PackedClaim {
    pub(crate) range: OffsetRange,
    /// Number of the suffix of its data objects; `None` when the claim could not be read.
    pub(crate) suffix: Option<u32>,
    pub(crate) objects: Vec<ClaimedObject>,
}

/// The claims of one topic partition.
#[derive(Debug, Default)]
pub(crate) struct ClaimIndex {
    blocks: Vec<Block>,
    open: Vec<PackedClaim>,
    objects: u64,
    /// One bit for each object, in the order in which they were put in.
    seen: Vec<u64>,
}

/// Claims whose bytes unpack without any other block's.
#[derive(Debug)]
struct Block {
    /// Start of its last claim, the lowest one.
    lowest: Offset,
    /// End of its first claim.
    highest_end: Offset,
    claims: u32,
    /// Objects of all blocks before.
    objects_before: u64,
    packed: Box<[u8]>,
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

impl ClaimIndex {
    /// Puts the next claim in; its start is below that of the one before.
    pub(crate) fn push(&mut self, claim: PackedClaim) {
        self.objects += claim.objects.len() as u64;
        self.open.push(claim);
        let objects: usize = self.open.iter().map(|claim| claim.objects.len()).sum();
        if objects >= BLOCK || self.open.len() >= BLOCK {
            self.close_block();
        }
    }

    /// All claims were put in: from here on objects can be looked up.
    pub(crate) fn finish(&mut self) {
        if !self.open.is_empty() {
            self.close_block();
        }
        self.open.shrink_to_fit();
        self.seen = vec![0; self.objects.div_ceil(64) as usize];
    }

    fn close_block(&mut self) {
        let claims = std::mem::take(&mut self.open);
        let (Some(first), Some(last)) = (claims.first(), claims.last()) else {
            return;
        };
        let of_block: usize = claims.iter().map(|claim| claim.objects.len()).sum();
        let mut packed = Vec::new();
        let mut above = first.range.end;
        for claim in &claims {
            pack(claim, above, &mut packed);
            above = claim.range.start;
        }
        self.blocks.push(Block {
            lowest: last.range.start,
            highest_end: first.range.end,
            claims: claims.len() as u32,
            objects_before: self.objects - of_block as u64,
            packed: packed.into_boxed_slice(),
        });
    }

    /// Looks an object up by its extent's start and its part.
    pub(crate) fn find(&self, start: Offset, part: u32) -> Found {
        let at = self.blocks.partition_point(|block| block.lowest > start);
        let Some(block) = self.blocks.get(at) else {
            return Found::NoClaim;
        };
        let mut number = block.objects_before;
        for claim in block.unpack() {
            if claim.range.start != start {
                number += claim.objects.len() as u64;
                continue;
            }
            let Some(suffix) = claim.suffix else {
                return Found::UnreadableClaim;
            };
            let place = claim.objects.iter().position(|object| object.part == part);
            return match place {
                Some(place) => Found::Claimed {
                    number: number + place as u64,
                    bytes: claim.objects[place].bytes,
                    suffix,
                },
                None => Found::NotInClaim(claim.range),
            };
        }
        Found::NoClaim
    }

    /// Marks an object as seen; whether it was not before.
    pub(crate) fn see(&mut self, number: u64) -> bool {
        let (word, bit) = ((number / 64) as usize, 1 << (number % 64));
        let new = self.seen[word] & bit == 0;
        self.seen[word] |= bit;
        new
    }

    /// All claims, the newest first, each with whether its objects were seen.
    pub(crate) fn claims(&self) -> impl Iterator<Item = (PackedClaim, Vec<bool>)> + '_ {
        let mut number = 0;
        self.blocks
            .iter()
            .flat_map(Block::unpack)
            .map(move |claim| {
                let seen =
                    |number: u64| self.seen[(number / 64) as usize] >> (number % 64) & 1 == 1;
                let objects = claim.objects.len() as u64;
                let seen = (number..number + objects).map(seen).collect();
                number += objects;
                (claim, seen)
            })
    }

    /// The starts of all claims that could be read, the lowest first.
    pub(crate) fn starts(&self) -> impl Iterator<Item = Offset> + '_ {
        self.blocks.iter().rev().flat_map(|block| {
            let readable = block.unpack().filter(|claim| claim.suffix.is_some());
            let starts: Vec<Offset> = readable.map(|claim| claim.range.start).collect();
            starts.into_iter().rev()
        })
    }
}

impl Block {
    fn unpack(&self) -> impl Iterator<Item = PackedClaim> + '_ {
        let mut bytes = &*self.packed;
        let mut above = self.highest_end;
        (0..self.claims).map(move |_| {
            let claim = unpack(&mut bytes, above);
            above = claim.range.start;
            claim
        })
    }
}

/// A claim is packed against the start of the one above it, which is nearly always its end.
fn pack(claim: &PackedClaim, above: Offset, packed: &mut Vec<u8>) {
    let (start, end) = (claim.range.start.0, claim.range.end.0);
    put_signed(above.0 - end, packed);
    put(end.abs_diff(start), packed);
    put(
        claim.suffix.map_or(0, |suffix| u64::from(suffix) + 1),
        packed,
    );
    put(claim.objects.len() as u64, packed);
    let mut before = 0;
    for object in &claim.objects {
        let part = i64::from(object.part);
        put_signed(part - before, packed);
        before = part;
        put(object.bytes, packed);
    }
}

fn unpack(packed: &mut &[u8], above: Offset) -> PackedClaim {
    let end = above.0 - take_signed(packed);
    let start = end - take(packed) as i64;
    let suffix = take(packed).checked_sub(1).map(|suffix| suffix as u32);
    let count = take(packed);
    let mut part = 0;
    let objects = (0..count).map(|_| {
        part += take_signed(packed);
        ClaimedObject {
            part: part as u32,
            bytes: take(packed),
        }
    });
    let objects = objects.collect();
    PackedClaim {
        range: OffsetRange::new(Offset(start), Offset(end)),
        suffix,
        objects,
    }
}

/// Seven bits to a byte, the lowest first; the eighth says that more follow.
fn put(mut number: u64, packed: &mut Vec<u8>) {
    while number >= 0x80 {
        packed.push(number as u8 | 0x80);
        number >>= 7;
    }
    packed.push(number as u8);
}

fn take(packed: &mut &[u8]) -> u64 {
    let mut number = 0;
    let mut shift = 0;
    while let Some((&byte, rest)) = packed.split_first() {
        *packed = rest;
        number |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            break;
        }
    }
    number
}

/// Small numbers of either sign stay small.
fn put_signed(number: i64, packed: &mut Vec<u8>) {
    put(((number << 1) ^ (number >> 63)) as u64, packed);
}

fn take_signed(packed: &mut &[u8]) -> i64 {
    let number = take(packed);
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(start: i64, end: i64, objects: &[(u32, u64)]) -> PackedClaim {
        let object = |&(part, bytes): &(u32, u64)| ClaimedObject { part, bytes };
        PackedClaim {
            range: OffsetRange::new(Offset(start), Offset(end)),
            suffix: Some(2),
            objects: objects.iter().map(object).collect(),
        }
    }

    fn index(claims: Vec<PackedClaim>) -> ClaimIndex {
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
            claims.push(PackedClaim {
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
        let unreadable = PackedClaim {
            suffix: None,
            ..claim(10, 20, &[])
        };
        let index = index(vec![claim(20, 30, &[(1, 1)]), unreadable]);
        assert_eq!(index.find(Offset(10), 1), Found::UnreadableClaim);
        assert_eq!(index.starts().collect::<Vec<_>>(), [Offset(20)]);
    }

    #[test]
    fn a_million_objects_take_less_than_16_mib_in_one_claim_each_and_in_128() {
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
            let blocks = index
                .blocks
                .iter()
                .map(|block| size_of::<Block>() + block.packed.len());
            // A vector may have reserved twice of what it holds.
            let bytes = blocks.sum::<usize>()
                + index.blocks.len() * size_of::<Block>()
                + index.seen.len() * 8;
            assert!(bytes < 16 << 20, "{objects}: {bytes} bytes");
        }
    }
}
