//! The bare encoder as a side: the compressor or the Parquet writer, file after file, on one
//! thread.
//!
//! `../encoders/bare.rs` encodes a file. Lines and columns are ready before measuring begins.

#[path = "../encoders/bare.rs"]
mod bare;
#[path = "../encoders/ours.rs"]
mod ours;

use std::hint::black_box;

use anyhow::{Context, Result};
use landing::partition_by::DatePartition;

use self::{bare::bare, ours::lines};
use crate::{
    order::Order,
    report::{Look, Meter, Report},
    side::BatchFiles,
};

/// Records per file: about as many as one of our batches has.
const RECORDS_OF_A_FILE: u64 = 50_000;

/// Encodes as many records as the topic has, in files of a batch's size.
pub(crate) fn encode(order: &Order, files: BatchFiles) -> Result<Report> {
    let records = RECORDS_OF_A_FILE.min(order.topic.records);
    let values: Vec<Vec<u8>> = (0..records)
        .map(|number| order.topic.value(number))
        .collect();
    let date = DatePartition::from_folder("2026-11-21").context("a date")?;
    let (format, compression) = (files.format(), files.compression());
    let bare = bare(format, compression, lines(format, &values, &date)?, &values)?;
    let meter = Meter::start()?;
    let mut looks = vec![Look::now(0)];
    let mut done = 0;
    while done < order.topic.records {
        black_box(bare()?);
        done += records;
        looks.push(Look::now(done));
    }
    meter.report(done, &looks)
}
