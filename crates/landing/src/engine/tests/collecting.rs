//! Records come in whole arenas or one by one, and it makes no difference.

use proptest::prelude::*;

use super::{
    batches::{after, batched, encode, store},
    *,
};

/// The extents that these arenas become: start, end, and the offsets in them. The last one is
/// closed by the end of the run.
fn extents(arenas: Vec<RecordArena>) -> Vec<(i64, i64, Vec<i64>)> {
    let mut engine = running(batched(), &after(10));
    for arena in arenas {
        engine.records(arena);
    }
    engine.flush(Partition(0));
    let mut extents = Vec::new();
    loop {
        let done = actions(&mut engine);
        if done.is_empty() {
            return extents;
        }
        for action in done {
            match action {
                Action::Encode(extent) => {
                    let offsets = extent.batch.records().map(|record| record.offset.0);
                    extents.push((extent.id.start.offset.0, extent.end.0, offsets.collect()));
                    let encoded = encode(&extent, 128);
                    engine.encoded(extent, encoded);
                }
                Action::Upload(upload) => store(&mut engine, &[upload]),
                _ => {}
            }
        }
    }
}

/// Packs records of (partition, offset), each arena tight or with room to spare.
fn pack(places: &[(i32, i64)], is_tight: bool) -> RecordArena {
    let mut arena = RecordArena::with_capacity(1_000);
    for (partition, offset) in places {
        arena.copy(&Record {
            partition: Partition(*partition),
            ..record(*offset)
        });
    }
    match is_tight {
        true => tight(&arena),
        false => arena,
    }
}

proptest! {
    #[test]
    fn an_extent_holds_the_same_records_however_they_were_packed(
        steps in prop::collection::vec((1i64..4, prop::bool::weighted(0.1), prop::bool::weighted(0.1)), 1..40),
        cuts in prop::collection::vec((1usize..8, any::<bool>()), 40),
    ) {
        // Offsets with holes; now and then a record again, or one of a partition that is not ours.
        let mut offset = 8;
        let mut places = Vec::new();
        for (step, again, foreign) in steps {
            offset += step;
            places.push((i32::from(foreign), offset));
            if again {
                places.push((0, offset - 1));
            }
        }
        let one_by_one = places.iter().map(|place| pack(&[*place], false)).collect();
        let mut rest = &places[..];
        let mut packed = Vec::new();
        for (count, tight) in cuts {
            let (now, later) = rest.split_at(count.min(rest.len()));
            packed.push(pack(now, tight));
            rest = later;
        }
        packed.push(pack(rest, true));
        prop_assert_eq!(extents(packed), extents(one_by_one));
    }
}

#[test]
fn a_tight_arena_becomes_part_of_the_extent_as_it_is_and_a_loose_one_is_copied() {
    for (tight, grown) in [(true, true), (false, false)] {
        let mut engine = running(batched(), &after(10));
        let arena = pack(&[(0, 10), (0, 11)], tight);
        let memory = arena.memory();
        engine.records(arena);
        // Files as large as the records are reserved as well.
        assert_eq!(engine.buffered_bytes() == memory + 4, grown, "{tight}");
    }
}
