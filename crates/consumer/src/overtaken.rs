//! Positions that retention has overtaken without a word of the client.
//!
//! The client reports once that it cannot read at its position, and drops that report if it is
//! paused before the report was polled: then it neither reads on nor says so again.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use landing::{Offset, Partition};

/// How long the client has to report such a position.
const PATIENCE: Duration = Duration::from_secs(5);

/// Watches partitions that stand still before their log.
#[derive(Debug, Default)]
pub(crate) struct OvertakenWatch(BTreeMap<Partition, OvertakenPosition>);

#[derive(Debug)]
struct OvertakenPosition {
    position: Offset,
    since: Instant,
}

impl OvertakenWatch {
    /// The partitions that have stood for a while at the same position before the first offset of
    /// their log. While reading pauses it is no wonder that they stand: give no positions then.
    pub(crate) fn look(
        &mut self,
        positions: impl Iterator<Item = (Partition, Offset)>,
        starts: &BTreeMap<Partition, Offset>,
        now: Instant,
    ) -> Vec<Partition> {
        let is_before = |(partition, position): &(Partition, Offset)| {
            starts.get(partition).is_some_and(|start| position < start)
        };
        let before: BTreeMap<Partition, Offset> = positions.filter(is_before).collect();
        self.0
            .retain(|partition, seen| before.get(partition) == Some(&seen.position));
        for (partition, position) in before {
            let seen = OvertakenPosition {
                position,
                since: now,
            };
            self.0.entry(partition).or_insert(seen);
        }
        let is_overdue = |seen: &OvertakenPosition| now - seen.since > PATIENCE;
        let overdue = self.0.iter().filter(|(_, seen)| is_overdue(seen));
        overdue.map(|(partition, _)| *partition).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_overtaken_when_it_stays_before_its_log_and_not_before() {
        let starts = BTreeMap::from([(Partition(0), Offset(5)), (Partition(1), Offset(5))]);
        let mut watch = OvertakenWatch::default();
        let began = Instant::now();
        let mut look = |seconds, positions: &[(i32, i64)]| {
            let positions = positions
                .iter()
                .map(|(partition, offset)| (Partition(*partition), Offset(*offset)));
            watch.look(positions, &starts, began + Duration::from_secs(seconds))
        };
        assert_eq!(look(0, &[(0, 4), (1, 5), (2, 0)]), []);
        // It moves, or reading pauses: the time begins anew.
        assert_eq!(look(4, &[(0, 3), (1, 5)]), []);
        assert_eq!(look(8, &[(0, 3), (1, 5)]), []);
        assert_eq!(look(9, &[]), []);
        assert_eq!(look(10, &[(0, 3)]), []);
        assert_eq!(look(16, &[(0, 3), (1, 5)]), [Partition(0)]);
    }
}
