//! What all formats have in common, and what the tests of each share: records, encodings, and
//! readers that are not ours.

mod csv;
mod encodings;
mod jsonl;
mod parquet;
mod random;
mod readers;

use std::{io::Read, sync::Arc};

use landing::{
    Offset, Partition, Place, Record,
    arena::RecordArena,
    partition_by::{DatePartition, Granularity},
    record::Headers,
    value::Misfit,
};
use schema::{Classifier, TableSchema};

use crate::{
    encoding::{Encoding, FinishedFile},
    files::Files,
    options::{Compression, EncodingOptions, FileFormat, RecordSource},
};

/// 2026-11-21T07:04:05.678Z
const NOW: i64 = 1_795_244_645_678;
const DAY: i64 = 86_400_000;

/// The partition of all records.
const PARTITION: Partition = Partition(3);

/// Where an extent may begin, for tests that do not depend on it.
const START: Place = Place::new(Partition(0), Offset(0));

const FORMATS: [FileFormat; 3] = [FileFormat::Jsonl, FileFormat::Csv, FileFormat::Parquet];

/// The producer's records in its two forms, and one with NULLs.
const STOCK: [&str; 3] = [
    r#"{"Index":"HSI","Date":"1986-12-31","Open":2479.300049,"High":2479.300049,"Low":2479.300049,"Close":2479.300049,"Adj Close":2479.300049,"Volume":0.0,"CloseUSD":322.30900637}"#,
    r#"{"index":"N225","date":"1965-01-05","open":1257.719971,"high":1.2e3,"low":-0.5,"close":1,"adj_close":1257.719971,"volume":913608400.0,"close_usd":1e-7}"#,
    r#"{"Index":"","Date":null,"Close":12}"#,
];

/// A column of each type.
const SCHEMA: &str = "
columns:
  - {name: text, type: string}
  - {name: price, type: double}
  - {name: volume, type: bigint}
  - {name: live, type: boolean}
  - {name: day, type: date}
  - {name: at, type: timestamp}
";

fn options(format: FileFormat, compression: Compression) -> EncodingOptions {
    EncodingOptions {
        format,
        compression,
        level: None,
        csv_header: false,
        metadata_columns: false,
        schema: (format != FileFormat::Jsonl).then(|| Arc::new(TableSchema::stock())),
        classifier: Classifier::NEWEST,
        origin: RecordSource {
            topic: "stock-market".into(),
            zone: "0123456789abcdef".into(),
        },
    }
}

/// What the key of such a file ends in.
fn suffix(options: &EncodingOptions) -> String {
    let rules = landing::claim::FileRules {
        compression: options.compression.to_string(),
        level: None,
        csv_header: false,
        metadata_columns: false,
        schema: None,
        keep_tombstones: false,
    };
    rules.suffix(options.format.into())
}

fn with_schema(format: FileFormat, yaml: &str) -> EncodingOptions {
    EncodingOptions {
        schema: Some(Arc::new(serde_saphyr::from_str(yaml).unwrap())),
        ..options(format, Compression::None)
    }
}

fn record(value: &[u8], offset: i64) -> Record<'_> {
    Record {
        partition: PARTITION,
        offset: Offset(offset),
        timestamp: Some(NOW),
        key: None,
        value: Some(value),
        headers: Headers::default(),
    }
}

/// Records without key and headers, one a millisecond.
fn arena(values: &[&str]) -> RecordArena {
    let mut arena = RecordArena::default();
    for (at, value) in (0..).zip(values) {
        let record = Record {
            timestamp: Some(NOW + at),
            ..record(value.as_bytes(), 100 + at)
        };
        arena.push(&record, std::iter::empty());
    }
    arena
}

/// A record with every kind of metadata, and one with none.
fn arena_with_metadata(value: &str) -> RecordArena {
    let mut arena = RecordArena::default();
    let full = Record {
        key: Some(b"HSI,\"x\""),
        ..record(value.as_bytes(), 100)
    };
    let headers = [
        ("source", Some(&b"a.csv"[..])),
        ("raw", Some(b"\xff")),
        ("none", None),
    ];
    arena.push(&full, headers.into_iter());
    let bare = Record {
        timestamp: None,
        ..record(value.as_bytes(), 101)
    };
    arena.push(&bare, std::iter::empty());
    arena
}

const HEADERS: &str = r#"[{"name":"source","value":"a.csv"},{"name":"raw","value":"base64:/w=="},{"name":"none","value":null}]"#;

fn date(timestamp: Option<i64>) -> DatePartition {
    DatePartition::from_timestamp(timestamp.unwrap_or(NOW), Granularity::Day).unwrap()
}

/// Writes all records; returns the files, and why records were refused.
fn encode(options: &EncodingOptions, arena: &RecordArena) -> (Vec<FinishedFile>, Vec<Misfit>) {
    let encoding = Encoding::new(options.clone()).unwrap();
    let mut files = Files::new(&encoding, Place::new(PARTITION, Offset(100)));
    let write = |record: Record<'_>| files.write(&date(record.timestamp), &record).err();
    let refused: Vec<Misfit> = arena.records().filter_map(write).collect();
    (files.finish(Offset(1_000_000)).unwrap(), refused)
}

/// The one file of records that all fit.
fn one_file(options: &EncodingOptions, arena: &RecordArena) -> Vec<u8> {
    let (mut files, refused) = encode(options, arena);
    assert_eq!(refused, []);
    let file = files.pop().unwrap();
    assert!(files.is_empty());
    assert_eq!(file.records, arena.len() as u64);
    file.bytes
}

fn text(options: &EncodingOptions, arena: &RecordArena) -> String {
    String::from_utf8(one_file(options, arena)).unwrap()
}

fn refusal(options: &EncodingOptions, value: &str) -> (&'static str, Option<String>) {
    let (files, refused) = encode(options, &arena(&[value]));
    assert!(files.is_empty(), "a refused record left a file");
    let [misfit] = refused.try_into().unwrap();
    (misfit.reason.code(), misfit.column)
}

fn on_column(code: &'static str, column: &str) -> (&'static str, Option<String>) {
    (code, Some(column.to_owned()))
}

/// Undoes the compression of a text file, with readers that stop after the first member or frame.
fn plain(compression: Compression, bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut rest = bytes;
    match compression {
        Compression::Gzip => {
            let mut reader = flate2::bufread::GzDecoder::new(&mut rest);
            reader.read_to_end(&mut plain).unwrap();
        }
        Compression::Zstd => {
            let reader = zstd::Decoder::with_buffer(&mut rest).unwrap();
            reader.single_frame().read_to_end(&mut plain).unwrap();
        }
        Compression::None | Compression::Snappy => return bytes.to_vec(),
    }
    assert!(rest.is_empty(), "more than one member or frame");
    plain
}

#[test]
fn each_date_partition_has_a_file_and_a_refused_record_leaves_no_trace() {
    let (mut good, mut mixed) = (RecordArena::default(), RecordArena::default());
    for (day, value) in [(2, STOCK[0]), (0, STOCK[1]), (2, STOCK[2])] {
        let record = Record {
            timestamp: Some(NOW + day * DAY),
            ..record(value.as_bytes(), 100 + day)
        };
        let unfit = Record {
            value: Some(br#"{"Index":"x","Open":true,"kafka_key":1}"#),
            ..record
        };
        let unfit_and_alone = Record {
            timestamp: Some(NOW + 7 * DAY),
            ..unfit
        };
        good.push(&record, std::iter::empty());
        for record in [&unfit_and_alone, &unfit, &record, &unfit] {
            mixed.push(record, std::iter::empty());
        }
    }
    for format in FORMATS {
        let options = EncodingOptions {
            metadata_columns: true,
            ..options(format, Compression::None)
        };
        let (files, refused) = encode(&options, &mixed);
        assert_eq!(refused.len(), 9, "{format}");
        let shown = files.iter().map(|file| (file.date.as_str(), file.records));
        assert_eq!(
            shown.collect::<Vec<_>>(),
            [("2026-11-21", 1), ("2026-11-23", 2)],
            "{format}"
        );
        let (expected, refused) = encode(&options, &good);
        assert_eq!(refused, []);
        let bytes =
            |files: Vec<FinishedFile>| files.into_iter().map(|file| file.bytes).collect::<Vec<_>>();
        assert_eq!(bytes(files), bytes(expected), "{format}");
    }
}

#[test]
fn an_extent_without_records_has_no_files() {
    for format in FORMATS {
        let (files, _) = encode(&options(format, Compression::None), &RecordArena::default());
        assert!(files.is_empty(), "{format}");
    }
}

#[test]
fn what_cannot_be_a_record_is_refused_by_every_format() {
    for format in FORMATS {
        let encoding = Encoding::new(options(format, Compression::None)).unwrap();
        let mut files = Files::new(&encoding, START);
        let tombstone = Record {
            value: None,
            ..record(b"", 0)
        };
        let misfit = files.write(&date(None), &tombstone).unwrap_err();
        assert_eq!(misfit.reason.code(), "tombstone");
        assert!(files.finish(Offset(1)).unwrap().is_empty());
    }
}

#[test]
fn compressed_files_hold_the_plain_ones_whether_they_are_compressed_early_or_late() {
    let mut arena = RecordArena::default();
    for at in 0..20_000 {
        let value = format!("{{\"Index\":\"{at}\",\"Open\":{at}.5}}");
        let record = Record {
            timestamp: Some(NOW + DAY * i64::from(at % 7 == 0)),
            ..record(value.as_bytes(), at)
        };
        arena.push(&record, std::iter::empty());
    }
    for format in [FileFormat::Jsonl, FileFormat::Csv] {
        let (expected, _) = encode(&options(format, Compression::None), &arena);
        assert!(
            expected[0].bytes.len() > 300_000,
            "larger than what is compressed at a time"
        );
        for (compression, levels) in [(Compression::Gzip, 1..=9), (Compression::Zstd, 1..=19)] {
            let mut sizes = Vec::new();
            for level in [None, Some(*levels.start()), Some(*levels.end())] {
                let options = EncodingOptions {
                    level,
                    ..options(format, compression)
                };
                let (files, _) = encode(&options, &arena);
                for (file, expected) in files.iter().zip(&expected) {
                    assert_eq!(
                        plain(compression, &file.bytes),
                        expected.bytes,
                        "{format} {compression}"
                    );
                    assert_eq!(file.records, expected.records);
                }
                sizes.push(files.iter().map(|file| file.bytes.len()).sum::<usize>());
            }
            assert_eq!(sizes[0], sizes[1], "the default is level 1");
            assert_ne!(sizes[2], sizes[1], "the level has no effect");
        }
    }
}

#[test]
fn the_same_records_give_the_same_bytes() {
    for (format, compression) in [
        (FileFormat::Jsonl, Compression::Gzip),
        (FileFormat::Csv, Compression::Zstd),
        (FileFormat::Parquet, Compression::Zstd),
        (FileFormat::Parquet, Compression::Snappy),
    ] {
        let options = EncodingOptions {
            metadata_columns: true,
            ..options(format, compression)
        };
        let arena = arena(&STOCK.repeat(2_000));
        assert_eq!(
            one_file(&options, &arena),
            one_file(&options, &arena),
            "{format} {compression}"
        );
    }
}

#[test]
fn files_can_be_sent_to_a_blocking_thread() {
    fn can_be_sent<T: Send + 'static>(_: T) {}
    let encoding =
        Arc::new(Encoding::new(options(FileFormat::Parquet, Compression::Zstd)).unwrap());
    can_be_sent((Files::new(&encoding, START), encoding));
}
