//! A set of offsets of one topic partition that stays small, in whatever order they come: a Roaring
//! bitmap of 64 bits (<https://roaringbitmap.org>).

use roaring::RoaringTreemap;

use crate::{Offset, OffsetRange};

/// Offsets, each at most once. Kafka's offsets begin at 0.
#[derive(Clone, Debug, Default)]
pub struct OffsetSet(RoaringTreemap);

impl OffsetSet {
    /// Puts an offset in; returns whether it is new.
    pub fn insert(&mut self, offset: Offset) -> bool {
        debug_assert!(offset.0 >= 0, "{offset} is no offset of a record");
        self.0.insert(offset.0 as u64)
    }

    /// Whether the offset is in.
    pub fn contains(&self, offset: Offset) -> bool {
        self.0.contains(offset.0 as u64)
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The offsets in their order, neighbours as one range.
    pub fn ranges(&self) -> impl Iterator<Item = OffsetRange> + '_ {
        let mut offsets = self.0.iter().map(|offset| offset as i64).peekable();
        std::iter::from_fn(move || {
            let start = offsets.next()?;
            let mut end = start + 1;
            while offsets.next_if_eq(&end).is_some() {
                end += 1;
            }
            Some(OffsetRange::new(Offset(start), Offset(end)))
        })
    }

    /// The lowest and the offset after the highest, if there are any.
    pub fn bounds(&self) -> Option<OffsetRange> {
        let (lowest, highest) = (self.0.min()?, self.0.max()?);
        Some(OffsetRange::new(
            Offset(lowest as i64),
            Offset(highest as i64 + 1),
        ))
    }
}

/// What ranges, in the order of their starts, leave open of another one.
pub fn holes(
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
pub fn ranges_of_both<'s>(
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    impl OffsetSet {
        /// About the bytes on the heap. (The library's statistics give the bits of a bit set, and
        /// four bytes for a value of two.)
        fn heap_bytes(&self) -> u64 {
            let bitmaps = self.0.bitmaps().map(|(_, bitmap)| {
                let statistics = bitmap.statistics();
                statistics.n_bytes_array_containers / 2
                    + statistics.n_bytes_bitset_containers / 8
                    + statistics.n_bytes_run_containers
                    + 32 * u64::from(statistics.n_containers)
            });
            bitmaps.sum()
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
    fn offsets_beyond_32_bits_are_offsets_like_any_other() {
        let mut set = OffsetSet::default();
        let edge = 1 << 32;
        for offset in [edge + 1, edge - 1, edge, 3 * edge, i64::MAX - 1] {
            assert!(set.insert(Offset(offset)) && !set.insert(Offset(offset)));
            assert!(set.contains(Offset(offset)));
        }
        // What 32 bits would take for one of them.
        assert!(!set.contains(Offset(0)) && !set.contains(Offset(1)));
        let expected = [
            range(edge - 1, edge + 2),
            range(3 * edge, 3 * edge + 1),
            range(i64::MAX - 1, i64::MAX),
        ];
        assert_eq!(set.ranges().collect::<Vec<_>>(), expected);
        assert_eq!(set.bounds(), Some(range(edge - 1, i64::MAX)));
        assert_eq!(set.len(), 5);
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
        assert!(set.heap_bytes() < 256 << 10, "{} bytes", set.heap_bytes());
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
