//! What a statement read: updated while it runs, for its progress and for what Athena would charge.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// The most places outside of projections that are told apart.
const MOST_PLACES: usize = 1_000;

/// Counters that all scans of a statement share.
#[derive(Debug, Default)]
pub struct ScanStatistics {
    lists: AtomicU64,
    listed: AtomicU64,
    gets: AtomicU64,
    stored_bytes: AtomicU64,
    scanned_bytes: AtomicU64,
    decompressed_bytes: AtomicU64,
    rows: AtomicU64,
    hidden: Mutex<BTreeMap<HiddenPlace, u64>>,
}

/// The counters at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScanCounts {
    /// LIST requests, one for each page.
    pub lists: u64,
    /// Objects in their answers.
    pub listed: u64,
    /// GET requests, repeated ones apart.
    pub gets: u64,
    /// Bytes that came from the store.
    pub stored_bytes: u64,
    /// Bytes that Athena would count as scanned: of Parquet only the columns that the query reads.
    pub scanned_bytes: u64,
    /// Bytes of text after decompression.
    pub decompressed_bytes: u64,
    /// Rows, before the query's own filters.
    pub rows: u64,
    /// Objects that are listed, but that no query sees, by their place.
    pub hidden: Vec<HiddenObjects>,
}

/// A place whose objects no query sees.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HiddenPlace {
    /// `database.table`.
    pub table: String,
    /// Why.
    pub reason: HiddenReason,
}

/// Why objects under a table's location have no rows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum HiddenReason {
    /// The folder's value is none of the projected ones.
    OutsideProjection {
        /// The partition column.
        column: String,
        /// Its value in the folder's name.
        value: String,
    },
    /// The key lies in no partition's folder.
    NoPartition,
}

/// How many objects are hidden at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HiddenObjects {
    /// The place.
    pub place: HiddenPlace,
    /// How many.
    pub objects: u64,
}

impl std::fmt::Display for HiddenObjects {
    /// A warning on one line.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { place, objects } = self;
        let s = if *objects == 1 { "" } else { "s" };
        let lie = if *objects == 1 { "lies" } else { "lie" };
        match &place.reason {
            HiddenReason::OutsideProjection { column, value } => write!(
                f,
                "{objects} object{s} of {} under {column}={value} {lie} outside projection.{column}, so no query sees them; widen projection.{column}.range",
                place.table
            ),
            HiddenReason::NoPartition => write!(
                f,
                "{objects} object{s} under the location of {} {lie} in no partition's folder, so no query sees them; compare storage.location.template with the keys",
                place.table
            ),
        }
    }
}

impl ScanStatistics {
    /// The counters now.
    #[must_use]
    pub fn counts(&self) -> ScanCounts {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        let hidden = hidden.iter().map(|(place, objects)| HiddenObjects {
            place: place.clone(),
            objects: *objects,
        });
        ScanCounts {
            lists: load(&self.lists),
            listed: load(&self.listed),
            gets: load(&self.gets),
            stored_bytes: load(&self.stored_bytes),
            scanned_bytes: load(&self.scanned_bytes),
            decompressed_bytes: load(&self.decompressed_bytes),
            rows: load(&self.rows),
            hidden: hidden.collect(),
        }
    }

    /// Returns the counters and starts again from nothing, for the next statement.
    pub fn take(&self) -> ScanCounts {
        let counts = self.counts();
        for counter in [
            &self.lists,
            &self.listed,
            &self.gets,
            &self.stored_bytes,
            &self.scanned_bytes,
            &self.decompressed_bytes,
            &self.rows,
        ] {
            counter.store(0, Ordering::Relaxed);
        }
        let mut hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        hidden.clear();
        counts
    }

    pub(super) fn page(&self, objects: usize) {
        self.lists.fetch_add(1, Ordering::Relaxed);
        self.listed.fetch_add(objects as u64, Ordering::Relaxed);
    }

    pub(super) fn get(&self) {
        self.gets.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn stored(&self, bytes: u64) {
        self.stored_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn scanned(&self, bytes: u64) {
        self.scanned_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn decompressed(&self, bytes: u64) {
        self.decompressed_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn rows(&self, rows: usize) {
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
    }

    /// Counts an object that no query sees. Beyond a thousand places the new ones are dropped: the
    /// warning is about what the first say already.
    pub(super) fn hidden(&self, place: HiddenPlace) {
        let mut hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        if hidden.len() < MOST_PLACES || hidden.contains_key(&place) {
            *hidden.entry(place).or_default() += 1;
        }
    }
}
