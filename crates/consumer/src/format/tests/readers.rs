//! Files read by other people's programs: pyarrow, DuckDB, Python's own `csv` and `json`, `gzip -t` and `zstd -t`.
//!
//! They run when `E2E_PYTHON` names a Python that has pyarrow and duckdb, and fail then if a program is missing; each writes its name
//! into the file that `E2E_RECORD` names, so that whoever asked for them can tell that they ran.

use std::{io::Write as _, path::Path, process::Command};

use serde_json::{Value, json};

use super::*;

const READERS: &str = include_str!("readers.py");

const SCHEMA: &str = "
columns:
  - {name: text, type: string}
  - {name: price, type: double}
  - {name: volume, type: bigint}
  - {name: live, type: boolean}
  - {name: day, type: date}
  - {name: at, type: timestamp}
";

const VALUES: [&str; 3] = [
    r#"{"text":"a,b \"c\" é😀","price":2479.300049,"volume":913608400.0,"live":true,"day":"1965-01-05","at":"2026-11-21T07:04:05.678+01:00"}"#,
    r#"{"text":{"a":["x", null]},"price":-1e-7,"volume":-9223372036854775807,"live":false,"day":"2026-11-21","at":-1}"#,
    r#"{"text":""}"#,
];

/// The rows of [`VALUES`] with metadata, times in milliseconds since 1970 UTC.
fn expected() -> Value {
    let row = |own: [Value; 6], offset: i64| {
        let metadata = [
            Value::Null,
            3.into(),
            offset.into(),
            (NOW + offset - 100).into(),
            "[]".into(),
        ];
        Value::from_iter(own.into_iter().chain(metadata))
    };
    json!([
        row(
            [
                "a,b \"c\" é😀".into(),
                2479.300049.into(),
                913_608_400.into(),
                true.into(),
                "1965-01-05".into(),
                (NOW - 3_600_000).into()
            ],
            100
        ),
        row(
            [
                r#"{"a":["x", null]}"#.into(),
                (-1e-7).into(),
                (-9_223_372_036_854_775_807i64).into(),
                false.into(),
                "2026-11-21".into(),
                (-1).into()
            ],
            101
        ),
        row(
            [
                "".into(),
                Value::Null,
                Value::Null,
                Value::Null,
                Value::Null,
                Value::Null
            ],
            102
        ),
    ])
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
    let suffix = Encoding::new(options.clone()).unwrap().suffix();
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
            ..with_schema(Format::Parquet, SCHEMA)
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
    let options = with_schema(Format::Parquet, SCHEMA);
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

#[test]
fn csv_is_read_by_pyarrow_duckdb_and_python() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let options = EncodingOptions {
            compression,
            metadata_columns: true,
            ..with_schema(Format::Csv, SCHEMA)
        };
        let file = write(folder.path(), &options, &arena(&VALUES));
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
        let texts = read(&python, "csv-by-python", &file);
        let texts = texts.as_array().unwrap();
        let first = json!([
            "a,b \"c\" é😀",
            "2479.300049",
            "913608400",
            "true",
            "1965-01-05",
            "2026-11-21 06:04:05.678"
        ]);
        assert_eq!(
            texts[0].as_array().unwrap()[..6],
            *first.as_array().unwrap()
        );
        let header = EncodingOptions {
            csv_header: true,
            ..options
        };
        let with_header = read(
            &python,
            "csv-by-python",
            &write(folder.path(), &header, &arena(&VALUES)),
        );
        assert_eq!(
            (&with_header[0][5], &with_header[0][6]),
            (&"at".into(), &"kafka_key".into())
        );
        assert_eq!(with_header.as_array().unwrap()[1..], *texts);
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
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let options = EncodingOptions {
            metadata_columns: true,
            ..options(Format::Jsonl, compression)
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
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let many = arena(&VALUES.repeat(5_000));
    for (program, compression) in [("gzip", Compression::Gzip), ("zstd", Compression::Zstd)] {
        for format in [Format::Jsonl, Format::Csv] {
            let file = write(
                folder.path(),
                &options_without_stock(format, compression),
                &many,
            );
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
    assert_ne!(python, "");
}

fn options_without_stock(format: Format, compression: Compression) -> EncodingOptions {
    match format {
        Format::Jsonl => options(format, compression),
        Format::Csv | Format::Parquet => EncodingOptions {
            compression,
            ..with_schema(format, SCHEMA)
        },
    }
}
