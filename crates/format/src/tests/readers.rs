//! Files read by other people's programs: pyarrow, DuckDB, Python's own `csv` and `json`, `gzip -t`
//! and `zstd -t`.
//!
//! They run when `E2E_PYTHON` names a Python that has pyarrow and duckdb, and fail then if a
//! program is missing; each writes its name into the file that `E2E_RECORD` names, so that whoever
//! asked for them can tell that they ran.

use std::{io::Write as _, path::Path, process::Command};

use serde_json::{Value, json};

use super::*;

const READERS: &str = include_str!("readers.py");

const VALUES: [&str; 3] = [
    r#"{"text":"a,b \"c\" é😀","price":2479.300049,"volume":913608400.0,"live":true,"day":"1965-01-05","at":"2026-11-21T07:04:05.678+01:00"}"#,
    r#"{"text":{"a":["x", null]},"price":-1e-7,"volume":-9223372036854775807,"live":false,"day":"2026-11-21","at":-1}"#,
    r#"{"text":""}"#,
];

const TEXT_COMPRESSIONS: [Compression; 3] =
    [Compression::None, Compression::Gzip, Compression::Zstd];

/// The rows of [`VALUES`] with metadata, times in milliseconds since 1970 UTC.
fn expected() -> Value {
    let row = |mut own: Value, offset: i64| {
        let metadata = json!([null, 3, offset, NOW + offset - 100, "[]"]);
        own.as_array_mut()
            .unwrap()
            .extend(metadata.as_array().unwrap().iter().cloned());
        own
    };
    let first = json!([
        "a,b \"c\" é😀",
        2479.300049,
        913_608_400,
        true,
        "1965-01-05",
        NOW - 3_600_000
    ]);
    let second = json!([
        r#"{"a":["x", null]}"#,
        -1e-7,
        -9_223_372_036_854_775_807i64,
        false,
        "2026-11-21",
        -1
    ]);
    let third = json!(["", null, null, null, null, null]);
    json!([row(first, 100), row(second, 101), row(third, 102)])
}

/// The Python to use; nothing where no other readers are wanted.
fn python() -> Option<std::ffi::OsString> {
    let python = std::env::var_os("E2E_PYTHON")?;
    if let Some(record) = std::env::var_os("E2E_RECORD") {
        let current = std::thread::current();
        let line = format!("{}\n", current.name().unwrap());
        let mut file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(record)
            .unwrap();
        file.write_all(line.as_bytes()).unwrap();
    }
    Some(python)
}

/// What a reader of `readers.py` makes of a file.
fn read(python: &std::ffi::OsStr, reader: &str, file: &Path) -> Value {
    let output = Command::new(python)
        .args(["-c", READERS, reader])
        .arg(file)
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{reader} of {}: {complaint}",
        file.display()
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn write(folder: &Path, options: &EncodingOptions, arena: &RecordArena) -> std::path::PathBuf {
    let suffix = suffix(options);
    let path = folder.join(format!(
        "{}-{}.{suffix}",
        options.compression, options.csv_header
    ));
    std::fs::write(&path, one_file(options, arena)).unwrap();
    path
}

#[test]
fn parquet_is_read_by_pyarrow_and_duckdb() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    for compression in [Compression::None, Compression::Snappy, Compression::Zstd] {
        let options = EncodingOptions {
            compression,
            metadata_columns: true,
            ..with_schema(FileFormat::Parquet, SCHEMA)
        };
        let file = write(folder.path(), &options, &arena(&VALUES));
        assert_eq!(
            read(&python, "parquet-by-pyarrow", &file),
            expected(),
            "{compression}"
        );
        assert_eq!(
            read(&python, "parquet-by-duckdb", &file),
            expected(),
            "{compression}"
        );
    }
}

#[test]
fn what_a_parquet_file_says_of_itself_is_understood_by_pyarrow() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let options = with_schema(FileFormat::Parquet, SCHEMA);
    let said = read(
        &python,
        "parquet-footer",
        &write(folder.path(), &options, &arena(&VALUES)),
    );
    assert_eq!(
        said["types"],
        json!([
            "string",
            "double",
            "int64",
            "bool",
            "date32[day]",
            "timestamp[ms, tz=UTC]"
        ])
    );
    assert_eq!(
        said["days"],
        json!(["1965-01-05", "2026-11-21", 1]),
        "least, greatest, NULLs"
    );
    assert_eq!(said["texts"], json!(["", r#"{"a":["x", null]}"#, 0]));
    assert_eq!(said["page_index"], json!([true, true]));
    assert_eq!(said["origin"]["kafka.topic"], "stock-market");
    assert_eq!(said["origin"]["kafka.end-offset"], "1000000");
}

fn csv(compression: Compression) -> EncodingOptions {
    EncodingOptions {
        compression,
        metadata_columns: true,
        ..with_schema(FileFormat::Csv, SCHEMA)
    }
}

#[test]
fn csv_is_read_by_pyarrow_and_duckdb() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    for compression in TEXT_COMPRESSIONS {
        let file = write(folder.path(), &csv(compression), &arena(&VALUES));
        assert_eq!(
            read(&python, "csv-by-pyarrow", &file),
            expected(),
            "{compression}"
        );
        assert_eq!(
            read(&python, "csv-by-duckdb", &file),
            expected(),
            "{compression}"
        );
    }
}

#[test]
fn csv_is_read_by_pythons_own_reader_with_and_without_a_header() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    for compression in TEXT_COMPRESSIONS {
        let plain = csv(compression);
        let header = EncodingOptions {
            csv_header: true,
            ..plain.clone()
        };
        let rows = |options| {
            read(
                &python,
                "csv-by-python",
                &write(folder.path(), options, &arena(&VALUES)),
            )
        };
        let (without, with) = (rows(&plain), rows(&header));
        let first = json!([
            "a,b \"c\" é😀",
            "2479.300049",
            "913608400",
            "true",
            "1965-01-05",
            "2026-11-21 06:04:05.678"
        ]);
        assert_eq!(
            without[0].as_array().unwrap()[..6],
            *first.as_array().unwrap()
        );
        assert_eq!(
            (&with[0][5], &with[0][6]),
            (&"at".into(), &"kafka_key".into())
        );
        assert_eq!(with.as_array().unwrap()[1..], *without.as_array().unwrap());
    }
}

#[test]
fn json_lines_are_read_by_duckdb_and_python() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let own: Vec<Value> = VALUES
        .iter()
        .map(|value| serde_json::from_str(value).unwrap())
        .collect();
    for compression in TEXT_COMPRESSIONS {
        let options = EncodingOptions {
            metadata_columns: true,
            ..options(FileFormat::Jsonl, compression)
        };
        let file = write(folder.path(), &options, &arena(&VALUES));
        let lines = read(&python, "jsonl-by-python", &file);
        for (at, own) in own.iter().enumerate() {
            assert_eq!(lines[at]["text"], own["text"]);
            assert_eq!(lines[at]["kafka_offset"], 100 + at);
        }
        let rows = read(&python, "jsonl-by-duckdb", &file);
        let expected = [0, 1, 2].map(|at| {
            json!([
                100 + at,
                NOW + at,
                own[usize::try_from(at).unwrap()]["price"]
            ])
        });
        assert_eq!(rows, json!(expected), "{compression}");
    }
}

#[test]
fn gzip_and_zstd_find_nothing_wrong() {
    if python().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let many = arena(&VALUES.repeat(5_000));
    for (program, compression) in [("gzip", Compression::Gzip), ("zstd", Compression::Zstd)] {
        for options in [options(FileFormat::Jsonl, compression), csv(compression)] {
            let file = write(folder.path(), &options, &many);
            let tested = |file: &Path| {
                Command::new(program)
                    .arg("-tq")
                    .arg(file)
                    .output()
                    .unwrap()
                    .status
                    .success()
            };
            assert!(tested(&file), "{program} -t {}", file.display());
            let mut bytes = std::fs::read(&file).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(&file, bytes).unwrap();
            assert!(!tested(&file), "{program} -t does not see a broken file");
        }
    }
}
