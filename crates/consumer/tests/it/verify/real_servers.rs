//! What only a real Kafka does to a topic: transactions, compaction, retention, a topic that is
//! made again.
//!
//! Each test runs when `E2E_BOOTSTRAP_SERVERS` and `E2E_ENDPOINT_URL` say where the servers are,
//! and does nothing otherwise.

use std::time::Duration;

use rdkafka::producer::Producer;

use crate::{
    support::{
        PARTITIONS, World, check,
        process::until,
        store::Whole,
        transactions::{LIMIT, begin_and_send, producer},
    },
    verify::verify,
};

/// Both layouts, one after the other on the same topic.
const LAYOUTS: [Layout; 2] = [
    Layout {
        prefix: "per-record",
        flags: &[],
    },
    Layout {
        prefix: "batched",
        flags: &[
            "--format",
            "jsonl",
            "--compression",
            "none",
            "--max-records",
            "7",
        ],
    },
];

/// Where a zone lies, and the flags of its layout.
#[derive(Clone, Copy)]
struct Layout<'a> {
    prefix: &'a str,
    flags: &'a [&'a str],
}

fn land(world: &World, layout: Layout) {
    let prefix = ["--prefix", layout.prefix];
    world.land(&[&prefix[..], layout.flags].concat()).ok();
}

#[test]
fn holes_of_transactions_are_known_while_the_topic_has_them() {
    let Some(world) = World::real() else { return };
    let producer = producer(&world);
    for (count, is_committed) in [(10, true), (10, false), (5, true), (20, false)] {
        begin_and_send(&world, &producer, count);
        match is_committed {
            true => producer.commit_transaction(LIMIT).unwrap(),
            false => producer.abort_transaction(LIMIT).unwrap(),
        }
    }
    for layout in LAYOUTS {
        land(&world, layout);
        for flags in [&[][..], &["--deep"]] {
            let flags = [&["--prefix", layout.prefix, "--strict"], flags].concat();
            let verdict = verify(&world, &flags).clean();
            assert_eq!(verdict.total("records"), 15);
        }
    }
    // 30 aborted records and 4 markers.
    assert_eq!(
        verify(&world, &["--prefix", "per-record"]).total("holes"),
        34
    );

    // When they are forgotten, only claims still know: two of the holes lie below offset 23.
    world.kafka.delete_records(&world.topic, 0, 23);
    let verdict = verify(&world, &["--prefix", "per-record"]).noted(&["unverifiable"]);
    assert_eq!(verdict.place(), (0, 10, 22));
    verify(&world, &["--prefix", "per-record", "--strict"]).found(&["unverifiable"]);
    verify(&world, &["--prefix", "batched", "--strict", "--deep"]).clean();
}

#[test]
fn a_compacted_topic_is_verified_before_and_after() {
    let Some(world) = World::real_and_compacted() else {
        return;
    };
    world.send_numbered(300);
    for layout in LAYOUTS {
        land(&world, layout);
    }
    let whole = check::dump(&world).len();
    for _ in 0..3 {
        std::thread::sleep(Duration::from_millis(300));
        world.send_numbered(300);
    }
    until("compaction", || check::dump(&world).len() < whole + 300);
    for layout in LAYOUTS {
        let deep = ["--prefix", layout.prefix, "--strict", "--deep"];
        verify(&world, &deep).clean();
        land(&world, layout);
        verify(&world, &deep[..3]).clean();
        let verdict = verify(&world, &deep).clean();
        assert!(
            verdict.total("records") > verdict.total("compared"),
            "{:#}",
            verdict.report
        );
    }
}

#[test]
fn what_the_topic_has_forgotten_is_proven_by_claims_and_hashes() {
    let Some(world) = World::real() else { return };
    world.send_numbered(300);
    for layout in LAYOUTS {
        land(&world, layout);
    }
    for partition in 0..PARTITIONS {
        world.kafka.delete_records(&world.topic, partition, 60);
    }
    for layout in LAYOUTS {
        let verdict = verify(&world, &["--prefix", layout.prefix, "--strict", "--deep"]).clean();
        // In batches of 7 the extent around offset 60 is not whole any more.
        let compared = if layout.prefix == "batched" {
            3 * 37
        } else {
            3 * 40
        };
        assert_eq!(
            (verdict.total("records"), verdict.total("compared")),
            (300, compared)
        );
        let mut keys = world.data_keys();
        keys.retain(|key| key.starts_with(layout.prefix) && key.contains("/00001-"));
        keys.sort();
        world.s3.delete(&world.bucket, &keys[1]);
    }
    verify(&world, &["--prefix", "batched"]).found(&["missing-object"]);
    let verdict = verify(&world, &["--prefix", "per-record"]).noted(&["unverifiable"]);
    assert_eq!(verdict.place(), (1, 1, 2));
}

#[test]
fn an_object_with_fewer_records_than_claimed_fails_when_the_topic_was_never_compacted() {
    // Bug: it was called unverifiable as soon as Kafka had forgotten its records.
    let Some(world) = World::real() else { return };
    world.send_numbered(90);
    land(&world, LAYOUTS[1]);
    world.kafka.delete_records(&world.topic, 0, 20);
    let mut keys = world.data_keys();
    keys.retain(|key| key.contains("/00000-00000000000000000007."));
    let object = world.s3.whole(&world.bucket, &keys[0]);
    let first_line = object.body.split_inclusive(|byte| *byte == b'\n').next();
    for body in [Vec::new(), first_line.unwrap().to_vec()] {
        let planted = Whole {
            body,
            ..object.clone()
        };
        world.s3.put_whole(&world.bucket, &keys[0], &planted);
        for flags in [&[][..], &["--deep"]] {
            let flags = [&["--prefix", "batched"], flags].concat();
            let verdict = verify(&world, &flags).found(&["differs"]);
            assert_eq!((verdict.key(), verdict.place()), (&*keys[0], (0, 7, 14)));
        }
    }
}

#[test]
fn a_recorded_gap_is_said_and_is_no_failure() {
    let Some(world) = World::real() else { return };
    for layout in LAYOUTS {
        world.send_numbered(30);
        land(&world, layout);
        world.send_numbered(30);
        let low = check::dump(&world)
            .keys()
            .filter(|place| place.0 == 1)
            .map(|place| place.1)
            .max()
            .unwrap()
            - 4;
        world.kafka.delete_records(&world.topic, 1, low);
        let flags = [layout.flags, &["--on-gap", "record"]].concat();
        land(
            &world,
            Layout {
                flags: &flags,
                ..layout
            },
        );
        let verdict = verify(&world, &["--prefix", layout.prefix, "--strict", "--deep"]);
        let verdict = verdict.noted(&["recorded-gap"]);
        assert_eq!((verdict.place().0, verdict.place().2), (1, low));
    }
}

#[test]
fn a_topic_that_was_made_again_is_noticed() {
    let Some(world) = World::real() else { return };
    world.send_numbered(30);
    for layout in LAYOUTS {
        land(&world, layout);
    }
    world.kafka.delete_topic(&world.topic);
    world.kafka.create_topic(&world.topic, PARTITIONS, &[]);
    std::thread::sleep(Duration::from_millis(10));
    world.send_numbered(60);
    for layout in LAYOUTS {
        let verdict = verify(&world, &["--prefix", layout.prefix]);
        assert_eq!(verdict.code, 65, "{:#}", verdict.report);
        let kinds = verdict.kinds();
        assert!(kinds.iter().all(|kind| *kind == "differs"), "{kinds:?}");
        assert!(
            verdict
                .report
                .to_string()
                .contains("re-created or truncated")
        );
    }
}
