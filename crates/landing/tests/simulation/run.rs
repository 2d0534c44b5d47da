//! Schedules, one or many: each from its seed, in two threads, with a report.
//!
//! Not here: the tests that ask for them (`main`).
//! Invariant: the same seed gives the same schedule, event for event.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{
    faults::{FaultCounts, FaultTable},
    mistake::Mistake,
    world::World,
};

/// Tries for an event: at some times there is little to do.
const TRIES: u32 = 20;

/// How one schedule went.
pub(crate) struct Schedule {
    pub(crate) events: u32,
    pub(crate) faults: FaultCounts,
    pub(crate) blind: bool,
    pub(crate) failure: Option<String>,
    pub(crate) trace: Vec<String>,
}

/// Whether a trace is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tracing {
    Off,
    On,
}

/// Runs the schedule of a seed.
pub(crate) fn run(seed: u64, mistake: Option<Mistake>, tracing: Tracing) -> Schedule {
    let mut world = World::new(seed, mistake);
    if tracing == Tracing::On {
        world = world.traced();
    }
    let played = catch_unwind(AssertUnwindSafe(|| play(&mut world)));
    let failure = match played {
        Ok(verdict) => verdict.err(),
        Err(_) => Some("a panic, see above".into()),
    };
    Schedule {
        events: world.events,
        faults: world.faults.clone(),
        blind: world.notes.iter().any(|notes| notes.blind),
        failure,
        trace: world.take_trace(),
    }
}

fn play(world: &mut World) -> Result<(), String> {
    for _ in 0..world.plan.events * TRIES {
        if world.events >= world.plan.events {
            break;
        }
        world.happen()?;
    }
    world.heal()
}

/// Runs the seeds from 0 to `schedules` without mistake; a failure is printed with its trace, and
/// fails.
pub(crate) fn run_all(schedules: u64) -> FaultTable {
    let next = AtomicU64::new(0);
    let tables: Vec<FaultTable> = std::thread::scope(|scope| {
        let worker = || run_some(&next, schedules);
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(worker)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let mut all = FaultTable::default();
    for table in &tables {
        all.merge(table);
    }
    all
}

fn run_some(next: &AtomicU64, schedules: u64) -> FaultTable {
    let mut table = FaultTable::default();
    for _ in 0..schedules {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= schedules {
            break;
        }
        let schedule = run(seed, None, Tracing::Off);
        if let Some(failure) = &schedule.failure {
            next.store(schedules, Ordering::Relaxed);
            print_trace(seed);
            panic!("seed {seed}: {failure}; again with LANDING_SEED={seed}");
        }
        table.add(&schedule);
    }
    table
}

/// Prints the trace of a seed.
pub(crate) fn print_trace(seed: u64) -> Schedule {
    let schedule = run(seed, None, Tracing::On);
    println!("seed {seed}\n{}", schedule.trace.join("\n"));
    schedule
}

/// The first seed below `seeds` whose schedule shows the mistake, and what was found.
pub(crate) fn find(mistake: Mistake, seeds: u64) -> Option<(u64, String)> {
    (0..seeds).find_map(|seed| {
        let failure = run(seed, Some(mistake), Tracing::Off).failure?;
        Some((seed, failure))
    })
}
