//! What is compared with what: the one list of all cases.
//!
//! To add a case, add an entry here; to add a kind of work, add a [`Side`] and carry it out in
//! `bare.rs`, `encoder.rs` or `ours.rs`. The other sides of a case are compared with its first one.

use crate::{
    options::Options,
    side::{BatchFiles, Side},
};

/// Sides that take turns being measured.
pub(crate) struct Case {
    /// The name to select it by, and the folder of its objects.
    pub(crate) name: String,
    /// The heading of its table.
    pub(crate) title: String,
    pub(crate) runs: Vec<Run>,
    pub(crate) goal: Option<Goal>,
}

/// A side, and what it works on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) side: Side,
    pub(crate) backlog: Backlog,
    /// How many processes share the work.
    pub(crate) processes: u32,
    /// Whether S3 takes half a second to answer each write.
    pub(crate) slow: bool,
}

/// Which topic a side reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backlog {
    pub(crate) size: Size,
    /// Kafka partitions; `None` takes their number from the options.
    pub(crate) partitions: Option<i32>,
    /// How many dates the records of a partition cycle through.
    pub(crate) dates: Option<u32>,
}

/// How many records a topic has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// Few enough to land one object per record.
    Small,
    /// More than fit in memory at a time, so that the bound matters.
    Large,
}

/// The target of a case.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// The last side takes at most this many µs CPU per record more than the first.
    CpuAbove(f64),
    /// The peak RSS of each of our sides is at most this many MiB.
    PeakBelow(f64),
}

const SMALL: Backlog = Backlog {
    size: Size::Small,
    partitions: None,
    dates: None,
};
const LARGE: Backlog = Backlog {
    size: Size::Large,
    ..SMALL
};

/// As many partitions as a topic has that many processes share.
const MANY_PARTITIONS: i32 = 64;

/// As many dates as one batch may hold.
const DATES_OF_A_BATCH: u32 = 128;

/// As many dates as the tutorial's file has.
const MANY_DATES: u32 = 14_657;

const BELOW: Option<Goal> = Some(Goal::PeakBelow(128.0));

/// All cases in the order in which they are measured.
pub(crate) fn all(options: &Options) -> Vec<Case> {
    let mut cases = per_record(options.landed);
    cases.push(formats());
    cases.extend([1, MANY_PARTITIONS].map(partitions));
    cases.extend([processes(), dates(), slow()]);
    cases
}

/// The names to choose from.
pub(crate) fn names(options: &Options) -> Vec<String> {
    all(options).into_iter().map(|case| case.name).collect()
}

fn case(name: &str, title: &str, runs: Vec<Run>, goal: Option<Goal>) -> Case {
    Case {
        name: name.to_owned(),
        title: title.to_owned(),
        runs,
        goal,
    }
}

fn run(side: Side, backlog: Backlog) -> Run {
    Run {
        side,
        backlog,
        processes: 1,
        slow: false,
    }
}

fn land(files: BatchFiles, backlog: Backlog) -> Run {
    run(Side::Land(Some(files)), backlog)
}

fn per_record(objects: u64) -> Vec<Case> {
    let put = |metadata| run(Side::BarePut { metadata }, SMALL);
    vec![
        case(
            "objects",
            "topic -> one object per record",
            vec![put(true), put(false), run(Side::Land(None), SMALL)],
            Some(Goal::CpuAbove(25.0)),
        ),
        case(
            "engine",
            "topic -> nothing: the cost of reading, and of deciding what becomes of each record",
            vec![run(Side::BareDrain, LARGE), run(Side::DryRun, LARGE)],
            BELOW,
        ),
        case(
            "memory",
            "memory over a small and over a large backlog",
            vec![
                run(Side::Land(None), SMALL),
                run(Side::LandFirst { objects }, LARGE),
            ],
            BELOW,
        ),
    ]
}

fn formats() -> Case {
    let each = |files| [run(Side::BareEncode(files), LARGE), land(files, LARGE)];
    let mut runs = vec![run(Side::BareDrain, LARGE)];
    runs.extend(BatchFiles::ALL.into_iter().flat_map(each));
    case("formats", "topic -> batches", runs, BELOW)
}

fn partitions(partitions: i32) -> Case {
    let backlog = Backlog {
        partitions: Some(partitions),
        ..LARGE
    };
    let runs = vec![
        run(Side::BareDrain, backlog),
        land(BatchFiles::Gzip, backlog),
        land(BatchFiles::Parquet, backlog),
    ];
    let title = format!("topic -> batches, Kafka partitions: {partitions}");
    case(&format!("partitions-{partitions}"), &title, runs, BELOW)
}

fn processes() -> Case {
    let shared = |processes| Run {
        processes,
        ..land(BatchFiles::Gzip, LARGE)
    };
    let mut runs = vec![run(Side::BareDrain, LARGE)];
    runs.extend([1, 2, 4].map(shared));
    let title =
        "topic -> batches by several processes: rate of all together, peak RSS of the largest";
    case("processes", title, runs, BELOW)
}

fn dates() -> Case {
    let of = |dates, backlog: Backlog| Backlog {
        dates: Some(dates),
        ..backlog
    };
    let by_date = |backlog| run(Side::LandByDate(BatchFiles::Gzip), backlog);
    let runs = vec![
        run(Side::BareDrain, of(1, LARGE)),
        by_date(of(1, LARGE)),
        by_date(of(DATES_OF_A_BATCH, LARGE)),
        by_date(of(MANY_DATES, SMALL)),
    ];
    let title = "topic -> batches by a field's date, another one with each record";
    case("dates", title, runs, BELOW)
}

fn slow() -> Case {
    let backlog = Backlog {
        partitions: Some(MANY_PARTITIONS),
        ..LARGE
    };
    let slow = |files| Run {
        slow: true,
        ..land(files, backlog)
    };
    let title = "memory with 64 Kafka partitions and an S3 that takes half a second for each write";
    let files = [BatchFiles::Jsonl, BatchFiles::Gzip, BatchFiles::Parquet];
    case("slow", title, files.map(slow).to_vec(), BELOW)
}
