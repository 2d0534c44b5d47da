//! The end of a run that ends by itself: one rule a test.

use super::{
    batches::{after, batched, encode_all, feed, store},
    *,
};

fn ends(end: i64) -> BTreeMap<Partition, Offset> {
    BTreeMap::from([(Partition(0), Offset(end))])
}

/// An engine that ends by itself and reads nothing.
fn idle(end: i64) -> Engine {
    let mut engine = Engine::new(settings());
    engine.until_end(ends(end));
    engine
}

/// What the group has committed, with this note.
fn committed(next: i64, note: &str) -> Committed {
    Committed {
        next: Offset(next),
        note: CommitNote::from_text(note),
        recognised: true,
    }
}

/// The facts of a partition whose group has committed this in zone `z`.
fn facts_of(next: i64) -> Inspection {
    Inspection {
        committed: Some(committed(next, "v1;none;z=z")),
        ..facts(None)
    }
}

#[test]
fn what_the_group_has_committed_counts_after_the_partition_was_looked_at_once() {
    let mut engine = idle(9);
    engine.group_committed(Partition(0), &committed(8, "v1;none;z=z"));
    assert!(actions(&mut engine).is_empty());
    engine.group_committed(Partition(0), &committed(9, "v1;none;z=z"));
    assert!(matches!(
        actions(&mut engine)[..],
        [Action::Look {
            partition: Partition(0)
        }]
    ));
    assert!(!engine.end_reached());
    engine.looked_at(Partition(0), Ok(&facts_of(9)));
    assert!(engine.end_reached());
}

#[test]
fn a_log_that_was_truncated_below_the_committed_offset_is_no_end() {
    // Bug: the commit alone was trusted, and the run ended with 0.
    let mut engine = idle(9);
    engine.group_committed(Partition(0), &committed(9, "v1;none;z=z"));
    actions(&mut engine);
    let truncated = Inspection {
        high: Offset(4),
        ..facts_of(9)
    };
    engine.looked_at(Partition(0), Ok(&truncated));
    assert!(matches!(
        actions(&mut engine)[..],
        [Action::Stop {
            stop: Stop::LogTooShort { .. },
            ..
        }]
    ));
    assert_eq!(engine.stopped().count(), 1);
    assert!(engine.end_reached(), "it ends, and says why");
}

#[test]
fn what_an_earlier_version_committed_is_committed_again_with_the_zones_name() {
    // Bug: with nothing new to read it was never committed again, and another process waited for
    // the end of this partition for ever.
    let mut engine = idle(9);
    engine.assigned(Partition(0));
    let generation = match actions(&mut engine)[..] {
        [Action::Inspect { generation, .. }] => generation,
        ref other => panic!("{other:?}"),
    };
    let earlier = Inspection {
        committed: Some(committed(9, "v1;none")),
        ..facts(None)
    };
    engine.inspected(Partition(0), generation, &earlier);
    engine.started(Partition(0), generation);
    actions(&mut engine);
    engine.handle_timeout(Duration::from_secs(1));
    match &actions(&mut engine)[..] {
        [Action::Commit { next, metadata, .. }] => {
            assert_eq!((*next, metadata.as_str()), (Offset(9), "v1;none;z=z"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_commit_of_another_zone_is_no_end() {
    let mut engine = idle(9);
    engine.group_committed(Partition(0), &committed(9, "v1;none;z=y"));
    assert!(matches!(
        actions(&mut engine)[..],
        [Action::Stop {
            stop: Stop::AnotherZonesCommit { .. },
            ..
        }]
    ));
    let mut engine = idle(9);
    engine.group_committed(Partition(0), &committed(9, "v1;none"));
    assert!(actions(&mut engine).is_empty() && !engine.end_reached());
}

#[test]
fn a_partition_that_is_read_here_ends_with_what_it_landed_itself() {
    let mut engine = running(settings(), &anchored(0));
    engine.until_end(ends(1));
    engine.group_committed(Partition(0), &committed(9, "v1;none;z=z"));
    assert!(!engine.end_reached());
    engine.record(&record(0));
    let sent = uploads(&mut engine);
    engine.upload_finished(sent[0].id, Outcome::Stored);
    commits(&mut engine, 1);
    assert!(!engine.end_reached(), "the commit is not confirmed");
    engine.commit_finished(Partition(0), Offset(1), true);
    assert!(engine.end_reached());
}

#[test]
fn only_the_extent_that_holds_the_end_is_closed_early() {
    // Bug: on a topic that goes on growing, an extent was closed twice a second as long as the run
    // waited for other partitions.
    let mut engine = running(batched(), &after(10));
    actions(&mut engine);
    engine.until_end(ends(12));
    feed(&mut engine, 10..11);
    engine.handle_timeout(Duration::from_millis(1));
    assert_eq!(engine.counts().rotations, BTreeMap::new(), "not yet there");
    feed(&mut engine, 11..12);
    engine.handle_timeout(Duration::from_millis(2));
    let at_the_end = BTreeMap::from([(crate::chain::Rotation::End, 1)]);
    assert_eq!(engine.counts().rotations, at_the_end);
    let claim = encode_all(&mut engine);
    store(&mut engine, &claim);
    let files = uploads(&mut engine);
    store(&mut engine, &files);
    feed(&mut engine, 12..13);
    engine.handle_timeout(Duration::from_millis(3));
    assert_eq!(
        engine.counts().rotations,
        at_the_end,
        "it is beyond the end"
    );
}
