//! The simulation: the real engine against a model log, a model group, a model bucket and several
//! workers, by seeded schedules; a judge looks at all of it.
//!
//! More schedules: `LANDING_SCHEDULES=1000000 cargo test -p landing --test simulation`. One of them
//! with its trace: `LANDING_SEED=17 cargo test -p landing --test simulation one_seed --
//! --nocapture`. Not here: single rules (unit tests). The driver is a correct consumer shell
//! unless a mistake is planted, so whatever fails is a mistake of the engine.

#![allow(clippy::unwrap_used)]

mod bucket;
mod claims;
mod commit;
mod encode;
mod events;
mod evidence;
mod extents;
mod faults;
mod group;
mod hazards;
mod healing;
mod inspection;
mod judge;
mod log;
mod mistake;
mod notes;
mod ownership;
mod plan;
mod poll;
mod put;
mod record;
mod run;
mod settings;
mod shell;
mod worker;
mod world;

use mistake::Mistake;
use run::{Tracing, find, print_trace, run, run_all};

/// Schedules of a normal test run.
const SCHEDULES: u64 = 20_000;

/// A planted mistake must be found within this many seeds.
const SEEDS_TO_FIND: u64 = 2_000;

fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .expect("LANDING_SCHEDULES and LANDING_SEED are numbers"),
    )
}

#[test]
fn each_record_is_in_exactly_one_object_whatever_happens() {
    let schedules = from_environment("LANDING_SCHEDULES").unwrap_or(SCHEDULES);
    let table = run_all(schedules);
    println!("seeds 0 to {}: {table}", schedules - 1);
    let rare = table.rare();
    assert!(
        rare.is_empty(),
        "less than 1 % of the schedules met {rare:?}"
    );
}

#[test]
fn one_seed_on_request_is_shown_with_its_trace() {
    if let Some(seed) = from_environment("LANDING_SEED") {
        assert_eq!(print_trace(seed).failure, None);
    }
}

#[test]
fn each_planted_mistake_is_found() {
    for mistake in Mistake::ALL {
        let Some((seed, failure)) = find(mistake, SEEDS_TO_FIND) else {
            panic!("{mistake:?} was not found within {SEEDS_TO_FIND} seeds");
        };
        println!("{mistake:?} found after {} seeds: {failure}", seed + 1);
    }
}

#[test]
fn the_same_seed_gives_the_same_events() {
    for seed in 0..20 {
        let once = run(seed, None, Tracing::On);
        let again = run(seed, None, Tracing::On);
        assert!(once.events >= 200 && once.trace.len() > 200, "seed {seed}");
        assert_eq!(once.trace, again.trace);
        assert_eq!(once.faults, run(seed, None, Tracing::Off).faults);
    }
}
