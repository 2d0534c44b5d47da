//! `cargo bench -p market`: records a second of the simulator and its encoder, on one core, before
//! any Kafka.
//!
//! Each line is one market of the 13 indices: the events alone, and the events as JSON in one
//! buffer that is emptied now and then. The rate is that of the best of a few runs, by the time
//! that the core worked for it, so that other programs on the machine do not count.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use market::{BarSize, Bridge, Simulator, SimulatorSettings};

const RUNS: usize = 5;
/// The records of a run, about.
const RECORDS: usize = 1_000_000;

/// The CPU time of this thread; where the system does not tell it, the time since `started`.
fn worked(started: Instant) -> Duration {
    let known = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = known.and_then(|text| text.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| started.elapsed(), Duration::from_nanos)
}

fn main() {
    // `cargo test --benches` runs this file, too, and measures nothing.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("this is a benchmark: cargo bench -p market");
        return;
    }
    println!("bars  records    events/s   JSON records/s  bytes a record");
    for bar in ["1d", "5m", "1m", "tick"] {
        let settings = SimulatorSettings {
            seed: 7,
            bar: bar.parse().unwrap_or_default(),
            from: "1950-01-01".parse().unwrap_or_default(),
            to: "2261-12-31".parse().unwrap_or_default(),
            ..SimulatorSettings::default()
        };
        let events = best(&settings, false);
        let records = best(&settings, true);
        println!(
            "{bar:4} {:8} {:11.0} {:16.0} {:15.1}",
            records.records,
            events.rate,
            records.rate,
            records.bytes as f64 / records.records as f64
        );
    }
    bridge();
}

struct Pass {
    records: usize,
    bytes: usize,
    rate: f64,
}

fn best(settings: &SimulatorSettings, is_encoded: bool) -> Pass {
    let passes = (0..RUNS).map(|_| pass(settings, is_encoded));
    let best = passes.max_by(|a, b| a.rate.total_cmp(&b.rate));
    best.unwrap_or(Pass {
        records: 0,
        bytes: 0,
        rate: 0.0,
    })
}

fn pass(settings: &SimulatorSettings, is_encoded: bool) -> Pass {
    let simulator = match Simulator::new(settings) {
        Ok(simulator) => simulator,
        Err(error) => panic!("{error}"),
    };
    let started = Instant::now();
    let before = worked(started);
    let (mut records, mut bytes, mut out) = (0, 0, Vec::with_capacity(1 << 17));
    for event in simulator.take(RECORDS) {
        records += 1;
        if is_encoded {
            event.append_json(&mut out);
            if out.len() > 1 << 16 {
                bytes += out.len();
                black_box(&out);
                out.clear();
            }
        } else {
            black_box(&event);
        }
    }
    Pass {
        records,
        bytes: bytes + out.len(),
        rate: records as f64 / (worked(started) - before).as_secs_f64(),
    }
}

/// The minutes of one day, over and over.
fn bridge() {
    let day = market::DailyBar::from_cells(
        "IXIC",
        "2021-05-28",
        "13792.049805",
        "13820.860352",
        "13747.599609",
        "13748.740234",
        Some("13748.740234"),
        "4412250000.0",
        Some("13748.740234"),
    );
    let minutes = BarSize::Minutes(market::BarMinutes::ONE);
    let (Ok(day), mut bridge) = (day, Bridge::new(7, minutes)) else {
        panic!("the day is one");
    };
    let (started, mut bars, mut out) = (Instant::now(), 0, Vec::new());
    let before = worked(started);
    while bars < RECORDS {
        for event in bridge.day(&day).unwrap_or_default() {
            bars += 1;
            event.append_json(&mut out);
        }
        black_box(&out);
        out.clear();
    }
    let rate = bars as f64 / (worked(started) - before).as_secs_f64();
    println!("bridge to 1m: {rate:.0} JSON records/s");
}
