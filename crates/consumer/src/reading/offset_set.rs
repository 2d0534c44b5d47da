//! A set of offsets of one topic partition that stays small, in whatever order they come.
//!
//! Offsets are kept in chunks of 65,536: a sorted list while a chunk holds few, bits when it holds
//! many, nothing when it is full. Invariant: at most 2 bytes for an offset and 8 KiB for a chunk,
//! besides some 100 bytes for each chunk that is touched.

use std::collections::BTreeMap;

use landing::{Offset, OffsetRange};

/// Offsets of a chunk.
const CHUNK: i64 = 1 << 16;
/// From here on bits are smaller than a list.
const MOST_LISTED: usize = 4096;

/// Offsets, each at most once.
#[derive(Clone, Debug, Default)]
pub(crate) struct OffsetSet {
    chunks: BTreeMap<i64, Chunk>,
    len: u64,
}

#[derive(Clone, Debug)]
enum Chunk {
    List(Vec<u16>),
    Bits(Box<[u64; 1024]>, u32),
    Full,
}

impl OffsetSet {
    /// Puts an offset in; whether it is new.
    pub(crate) fn insert(&mut self, offset: Offset) -> bool {
        let (chunk, low) = (offset.0.div_euclid(CHUNK), offset.0.rem_euclid(CHUNK));
        let chunk = self
            .chunks
            .entry(chunk)
            .or_insert_with(|| Chunk::List(Vec::new()));
        let new = chunk.insert(low as u16);
        self.len += u64::from(new);
        new
    }

    /// Whether the offset is in.
    pub(crate) fn contains(&self, offset: Offset) -> bool {
        let low = offset.0.rem_euclid(CHUNK) as u16;
        let chunk = self.chunks.get(&offset.0.div_euclid(CHUNK));
        chunk.is_some_and(|chunk| chunk.contains(low))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// The offsets in their order, neighbours as one range.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = OffsetRange> + '_ {
        let mut offsets = self.pieces().peekable();
        std::iter::from_fn(move || {
            let mut range = offsets.next()?;
            while let Some(next) = offsets.next_if(|next| next.start == range.end) {
                range.end = next.end;
            }
            Some(range)
        })
    }

    /// The lowest and the offset after the highest, if there are any.
    pub(crate) fn bounds(&self) -> Option<OffsetRange> {
        let (&first, lowest) = self.chunks.first_key_value()?;
        let (&last, highest) = self.chunks.last_key_value()?;
        let start = Offset(first * CHUNK + lowest.pieces().next()?.0);
        let end = Offset(last * CHUNK + highest.pieces().last()?.1);
        Some(OffsetRange::new(start, end))
    }

    /// Ranges within chunks: two of them may touch.
    fn pieces(&self) -> impl Iterator<Item = OffsetRange> + '_ {
        self.chunks.iter().flat_map(|(&number, chunk)| {
            let at = move |low: i64| Offset(number * CHUNK + low);
            chunk
                .pieces()
                .map(move |(start, end)| OffsetRange::new(at(start), at(end)))
        })
    }
}

/// What ranges, in the order of their starts, leave open of another one.
pub(crate) fn holes(
    ranges: impl Iterator<Item = OffsetRange>,
    within: OffsetRange,
) -> impl Iterator<Item = OffsetRange> {
    let mut from = within.start;
    let end = OffsetRange::new(within.end, within.end);
    let ranges = ranges.take_while(move |range| range.start < within.end);
    ranges.chain([end]).filter_map(move |range| {
        let hole = OffsetRange::new(from, range.start);
        from = from.max(range.end);
        (hole.start < hole.end).then_some(hole)
    })
}

/// The ranges of two sets in the order of their starts.
pub(crate) fn ranges_of_both<'s>(
    one: &'s OffsetSet,
    other: &'s OffsetSet,
) -> impl Iterator<Item = OffsetRange> + 's {
    let (mut one, mut other) = (one.ranges().peekable(), other.ranges().peekable());
    std::iter::from_fn(move || match (one.peek(), other.peek()) {
        (Some(a), Some(b)) if b.start < a.start => other.next(),
        (None, _) => other.next(),
        _ => one.next(),
    })
}

impl Chunk {
    fn insert(&mut self, low: u16) -> bool {
        match self {
            Self::Full => false,
            Self::Bits(bits, count) => {
                let (word, bit) = place(low);
                let new = bits[word] & bit == 0;
                bits[word] |= bit;
                *count += u32::from(new);
                if i64::from(*count) == CHUNK {
                    *self = Self::Full;
                }
                new
            }
            Self::List(list) => {
                let at = match list.last() {
                    Some(&last) if last >= low => match list.binary_search(&low) {
                        Ok(_) => return false,
                        Err(at) => at,
                    },
                    _ => list.len(),
                };
                list.insert(at, low);
                if list.len() > MOST_LISTED {
                    *self = Self::bits_of(list);
                }
                true
            }
        }
    }

    fn bits_of(list: &[u16]) -> Self {
        let mut bits = Box::new([0; 1024]);
        for &low in list {
            let (word, bit) = place(low);
            bits[word] |= bit;
        }
        Self::Bits(bits, list.len() as u32)
    }

    fn contains(&self, low: u16) -> bool {
        match self {
            Self::Full => true,
            Self::Bits(bits, _) => {
                let (word, bit) = place(low);
                bits[word] & bit != 0
            }
            Self::List(list) => list.binary_search(&low).is_ok(),
        }
    }

    /// Runs of neighbours, as half-open ranges within the chunk.
    fn pieces(&self) -> Box<dyn Iterator<Item = (i64, i64)> + '_> {
        match self {
            Self::Full => Box::new(std::iter::once((0, CHUNK))),
            Self::List(list) => Box::new(runs(list.iter().map(|&low| i64::from(low)))),
            Self::Bits(bits, _) => Box::new(runs(set_bits(bits))),
        }
    }
}

fn place(low: u16) -> (usize, u64) {
    (usize::from(low / 64), 1 << (low % 64))
}

fn set_bits(bits: &[u64; 1024]) -> impl Iterator<Item = i64> + '_ {
    bits.iter().zip(0..).flat_map(|(&word, at)| {
        let mut left = word;
        std::iter::from_fn(move || {
            let bit = (left != 0).then(|| left.trailing_zeros())?;
            left &= left - 1;
            Some(at * 64 + i64::from(bit))
        })
    })
}

fn runs(lows: impl Iterator<Item = i64>) -> impl Iterator<Item = (i64, i64)> {
    let mut lows = lows.peekable();
    std::iter::from_fn(move || {
        let start = lows.next()?;
        let mut end = start + 1;
        while lows.next_if_eq(&end).is_some() {
            end += 1;
        }
        Some((start, end))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    impl OffsetSet {
        /// About the bytes on the heap.
        fn heap_bytes(&self) -> usize {
            let chunk = |chunk: &Chunk| match chunk {
                Chunk::List(list) => list.capacity() * 2,
                Chunk::Bits(..) => 8192,
                Chunk::Full => 0,
            };
            let chunks: usize = self.chunks.values().map(chunk).sum();
            // An entry of the tree, which is at least half full.
            chunks + self.chunks.len() * 2 * (size_of::<i64>() + size_of::<Chunk>())
        }
    }

    fn range(start: i64, end: i64) -> OffsetRange {
        OffsetRange::new(Offset(start), Offset(end))
    }

    #[test]
    fn it_says_the_same_as_a_plain_set() {
        let mut random = fastrand::Rng::with_seed(7);
        let (mut set, mut plain) = (OffsetSet::default(), BTreeSet::new());
        for _ in 0..60_000 {
            // Dense around two places, so that lists become bits and ranges cross chunks.
            let base = if random.bool() { 65_000 } else { 900_000_000 };
            let offset = base + random.i64(0..12_000);
            assert_eq!(set.insert(Offset(offset)), plain.insert(offset));
        }
        assert_eq!(set.len(), plain.len() as u64);
        for offset in 64_000..80_000 {
            assert_eq!(set.contains(Offset(offset)), plain.contains(&offset));
        }
        let listed: Vec<i64> = set.ranges().flat_map(|r| r.start.0..r.end.0).collect();
        assert_eq!(listed, plain.iter().copied().collect::<Vec<_>>());
        let within = range(66_000, 70_000);
        let holes = holes(set.ranges(), within);
        let holes: Vec<i64> = holes.flat_map(|r| r.start.0..r.end.0).collect();
        let expected: Vec<i64> = (66_000..70_000).filter(|o| !plain.contains(o)).collect();
        assert_eq!(holes, expected);
        let bounds = range(*plain.first().unwrap(), *plain.last().unwrap() + 1);
        assert_eq!(set.bounds(), Some(bounds));
    }

    #[test]
    fn ranges_and_holes_join_over_the_edges_of_chunks() {
        let mut set = OffsetSet::default();
        for offset in (0..200_000).filter(|offset| *offset != 70_000) {
            set.insert(Offset(offset));
        }
        let ranges: Vec<_> = set.ranges().collect();
        assert_eq!(ranges, [range(0, 70_000), range(70_001, 200_000)]);
        let open = |set: &OffsetSet, within| holes(set.ranges(), within).collect::<Vec<_>>();
        assert_eq!(
            open(&set, range(-5, 200_010)),
            [range(-5, 0), range(70_000, 70_001), range(200_000, 200_010)]
        );
        let none = OffsetSet::default();
        assert_eq!(open(&none, range(3, 5)), [range(3, 5)]);
        assert_eq!(none.bounds(), None);

        let mut other = none;
        other.insert(Offset(70_000));
        let both: Vec<_> = ranges_of_both(&set, &other).collect();
        assert_eq!(
            both,
            [
                range(0, 70_000),
                range(70_000, 70_001),
                range(70_001, 200_000)
            ]
        );
        assert_eq!(holes(both.into_iter(), range(0, 200_000)).count(), 0);
    }

    #[test]
    fn a_million_offsets_in_the_order_of_14_657_dates_take_less_than_a_megabyte() {
        // As a LIST shows a topic that is partitioned by a field: each date has offsets from all
        // over the partition.
        let (dates, offsets) = (14_657, 1_000_000);
        let mut set = OffsetSet::default();
        let mut most = 0;
        for date in 0..dates {
            let mut offset = date;
            while offset < offsets {
                assert!(set.insert(Offset(offset)));
                offset += dates;
            }
            if date % 500 == 0 {
                most = most.max(set.heap_bytes());
            }
        }
        assert_eq!(set.len(), 1_000_000);
        assert_eq!(set.ranges().collect::<Vec<_>>(), [range(0, 1_000_000)]);
        assert!(most < 1 << 20, "{most} bytes");
        assert!(set.heap_bytes() < 16 << 10, "{} bytes", set.heap_bytes());
    }

    #[test]
    fn a_million_offsets_of_a_compacted_topic_take_a_few_bytes_each() {
        let mut set = OffsetSet::default();
        for n in 0..1_000_000 {
            set.insert(Offset(n * 997));
        }
        assert!(set.heap_bytes() < 8 << 20, "{} bytes", set.heap_bytes());
    }
}
