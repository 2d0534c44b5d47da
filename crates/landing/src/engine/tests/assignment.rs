//! A partition comes, is inspected, begins and goes: one rule a test.

use super::*;

#[test]
fn the_start_offset_is_committed_at_once_for_a_group_without_one() {
    let mut engine = running(settings(), &facts(None));
    assert!(matches!(
        actions(&mut engine)[..],
        [Action::Start {
            partition: Partition(0),
            offset: Offset(0),
            paused: false,
            ..
        }]
    ));
    assert_eq!(commits(&mut engine, 1), [(0, "v1;none;z=z".to_owned())]);
    engine.commit_finished(Partition(0), Offset(0), true);
    assert!(commits(&mut engine, 2).is_empty());
}

#[test]
fn a_revoked_partition_finishes_what_is_in_flight_and_drops_the_rest() {
    let mut engine = running(
        Settings {
            max_in_flight: 2,
            ..settings()
        },
        &anchored(0),
    );
    (0..5).for_each(|offset| engine.record(&record(offset)));
    let sent = uploads(&mut engine);
    engine.revoked(Partition(0));
    assert!(actions(&mut engine).is_empty());
    engine.record(&record(5));
    sent.iter()
        .for_each(|upload| engine.upload_finished(upload.id, Outcome::Stored));
    let [
        Action::Release {
            partition: Partition(0),
            commit: Some((Offset(2), _)),
            ..
        },
    ] = &actions(&mut engine)[..]
    else {
        panic!("not released")
    };
    assert!(engine.is_empty() && engine.buffered_bytes() == 0);
}

#[test]
fn results_of_an_earlier_assignment_change_nothing() {
    let mut engine = running(settings(), &anchored(0));
    engine.record(&record(0));
    let sent = uploads(&mut engine);
    engine.lost(Partition(0));
    engine.assigned(Partition(0));
    let [Action::Inspect { generation, .. }] = actions(&mut engine)[..] else {
        panic!("no inspection")
    };
    engine.inspected(Partition(0), generation - 1, &anchored(7));
    assert!(
        actions(&mut engine).is_empty(),
        "facts of the earlier assignment"
    );
    engine.inspected(Partition(0), generation, &anchored(0));
    engine.record(&record(0));
    sent.iter()
        .for_each(|upload| engine.upload_finished(upload.id, Outcome::Stored));
    assert!(commits(&mut engine, 1).is_empty());
}

#[test]
fn an_anchor_that_another_process_wrote_first_is_a_reason_to_look_again() {
    let mut engine = running(settings(), &facts(Some(0)));
    engine.record(&record(0));
    let sent = uploads(&mut engine);
    engine.upload_finished(
        sent[0].id,
        Outcome::Conflict {
            key: "k".into(),
            difference: "d".into(),
        },
    );
    assert!(matches!(
        actions(&mut engine)[..],
        [Action::Inspect {
            partition: Partition(0),
            ..
        }]
    ));
}

#[test]
fn an_anchor_that_another_process_wrote_first_is_no_stop_while_the_partition_is_taken_back() {
    // Bug: the partition was reported as stopped, with the advice to use another prefix.
    let mut engine = running(settings(), &facts(Some(0)));
    engine.record(&record(0));
    let sent = uploads(&mut engine);
    engine.revoked(Partition(0));
    engine.upload_finished(
        sent[0].id,
        Outcome::Conflict {
            key: "k".into(),
            difference: "d".into(),
        },
    );
    assert!(matches!(
        actions(&mut engine)[..],
        [Action::Release {
            partition: Partition(0),
            commit: None,
            ..
        }]
    ));
}

#[test]
fn a_gap_is_written_down_before_reading_goes_on_behind_it() {
    let mut engine = running(
        Settings {
            on_gap: OnGap::Record,
            ..settings()
        },
        &Inspection {
            low: Offset(7),
            ..facts(Some(5))
        },
    );
    let sent = uploads(&mut engine);
    assert_eq!(
        sent[0].key,
        "_control/p/gaps/00000-00000000000000000005-00000000000000000007.json"
    );
    engine.upload_finished(sent[0].id, Outcome::Stored);
    let [
        Action::Start {
            offset: Offset(7),
            generation,
            ..
        },
    ] = actions(&mut engine)[..]
    else {
        panic!("no start")
    };
    engine.started(Partition(0), generation);
    assert_eq!(commits(&mut engine, 1)[0].0, 7);
}

#[test]
fn what_the_client_had_fetched_before_the_start_is_not_taken_in() {
    // Bug: a record from an earlier position, still on its way, moved the tracker past the start
    // and the records between were skipped.
    let mut engine = Engine::new(settings());
    engine.assigned(Partition(0));
    let [Action::Inspect { generation, .. }] = actions(&mut engine)[..] else {
        panic!("no inspection")
    };
    engine.inspected(Partition(0), generation, &anchored(3));
    engine.record(&record(50));
    engine.end_of_partition(Partition(0), Offset(60));
    engine.started(Partition(0), generation);
    engine.record(&record(3));
    let sent = uploads(&mut engine);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].id.place().offset, Offset(3));
}

#[test]
fn a_start_that_failed_is_inspected_again() {
    let mut engine = Engine::new(settings());
    engine.assigned(Partition(0));
    let [Action::Inspect { generation, .. }] = actions(&mut engine)[..] else {
        panic!("no inspection")
    };
    engine.inspected(Partition(0), generation, &facts(Some(0)));
    actions(&mut engine);
    engine.start_failed(Partition(0), generation);
    assert!(matches!(
        actions(&mut engine)[..],
        [Action::Inspect {
            partition: Partition(0),
            ..
        }]
    ));
}

#[test]
fn a_lost_position_is_inspected_again_after_what_was_delivered_is_committed() {
    let mut engine = running(settings(), &anchored(0));
    engine.record(&record(0));
    let sent = uploads(&mut engine);
    engine.position_lost(Partition(0));
    sent.iter()
        .for_each(|upload| engine.upload_finished(upload.id, Outcome::Stored));
    assert_eq!(commits(&mut engine, 1)[0].0, 1);
    engine.commit_finished(Partition(0), Offset(1), true);
    assert!(matches!(
        actions(&mut engine)[..],
        [Action::Inspect {
            partition: Partition(0),
            ..
        }]
    ));
}

#[test]
fn a_refused_partition_stays_stopped_until_it_is_assigned_again() {
    let first = Anchor {
        offset: Offset(0),
        timestamp: Some(0),
        value: ValueHash::of(Some(b"{}")),
    };
    let recreated = Inspection {
        first: Some((first, AnchorReading::Holds(Some(1), first.value))),
        ..facts(None)
    };
    let mut engine = running(settings(), &recreated);
    assert!(matches!(
        actions(&mut engine)[..],
        [Action::Stop {
            partition: Partition(0),
            stop: Stop::AnotherRecord(Offset(0))
        }]
    ));
    engine.record(&record(0));
    assert!(actions(&mut engine).is_empty() && engine.all_stopped());
    engine.drain(Duration::from_secs(1));
    assert!(matches!(
        actions(&mut engine)[..],
        [Action::Release {
            partition: Partition(0),
            commit: None,
            ..
        }]
    ));
}

#[test]
fn facts_that_cannot_be_had_stop_the_partition() {
    let mut engine = Engine::new(settings());
    engine.assigned(Partition(0));
    let [Action::Inspect { generation, .. }] = actions(&mut engine)[..] else {
        panic!("no inspection")
    };
    engine.inspection_refused(Partition(0), generation, Stop::UnreadableAnchor("k".into()));
    assert!(matches!(
        actions(&mut engine)[..],
        [Action::Stop {
            partition: Partition(0),
            ..
        }]
    ));
    assert!(engine.all_stopped());
}

/// A partition that is taken back while its only record is in flight, and the generation.
fn revoked_in_flight() -> (Engine, Vec<Upload>, u64) {
    let mut engine = running(settings(), &anchored(0));
    engine.record(&record(0));
    let sent = uploads(&mut engine);
    let generation = engine.revoked(Partition(0));
    assert!(actions(&mut engine).is_empty());
    (engine, sent, generation)
}

#[test]
fn a_revocation_ends_at_its_deadline_with_what_is_durable() {
    let (mut engine, sent, generation) = revoked_in_flight();
    assert_eq!(engine.poll_timeout(), Duration::ZERO, "a commit is due");
    engine.handle_timeout(Duration::from_secs(999));
    assert!(actions(&mut engine).is_empty());
    assert_eq!(engine.poll_timeout(), Duration::from_secs(1_000));
    engine.handle_timeout(Duration::from_secs(1_000));
    let all = actions(&mut engine);
    let [
        Action::Release {
            generation: released,
            commit: None,
            ..
        },
    ] = all[..]
    else {
        panic!("{all:?}")
    };
    assert_eq!(released, generation);
    assert!(!engine.gave_up(), "the run goes on");
    engine.upload_finished(sent[0].id, Outcome::Stored);
    assert!(actions(&mut engine).is_empty() && engine.is_empty());
}

#[test]
fn a_revocation_that_is_handled_late_does_not_release_the_next_assignment() {
    // Bug: at its deadline the partition was released, although the group had assigned it again by
    // then; it stood still without a word.
    let (mut engine, _, generation) = revoked_in_flight();
    engine.assigned(Partition(0));
    let all = actions(&mut engine);
    let [
        Action::Release {
            generation: released,
            commit: None,
            ..
        },
        Action::Inspect {
            generation: next, ..
        },
    ] = all[..]
    else {
        panic!("{all:?}")
    };
    assert!(released == generation && next > generation);
    engine.inspected(Partition(0), next, &anchored(0));
    engine.started(Partition(0), next);
    engine.handle_timeout(Duration::from_secs(2_000));
    let all = actions(&mut engine);
    let released = |action: &Action| matches!(action, Action::Release { .. });
    assert!(!all.iter().any(released), "{all:?}");
    assert_eq!(engine.partitions().count(), 1);
}

#[test]
fn a_drain_that_takes_too_long_gives_up() {
    let mut engine = running(settings(), &anchored(0));
    engine.record(&record(0));
    uploads(&mut engine);
    engine.drain(Duration::from_secs(5));
    engine.handle_timeout(Duration::from_secs(5));
    let all = actions(&mut engine);
    assert!(matches!(all[..], [Action::Release { .. }]), "{all:?}");
    assert!(engine.is_empty() && engine.gave_up());
}
