//! What can be asked for, and what is refused before any connection.

use landing::Format;

use super::*;

fn error(options: EncodingOptions) -> String {
    Encoding::new(options).unwrap_err().to_string()
}

#[test]
fn formats_and_compressions_have_their_names_and_suffixes() {
    let every = [
        Compression::None,
        Compression::Gzip,
        Compression::Zstd,
        Compression::Snappy,
    ];
    let mut suffixes = Vec::new();
    for format in FORMATS {
        assert_eq!(
            FileFormat::of(format.to_string().parse().unwrap()),
            Some(format)
        );
        for compression in every {
            assert_eq!(compression.to_string().parse(), Ok(compression));
            let options = options(format, compression);
            if Encoding::new(options.clone()).is_ok() {
                suffixes.push(suffix(&options));
            }
        }
    }
    assert_eq!(
        suffixes,
        [
            "jsonl",
            "jsonl.gz",
            "jsonl.zst",
            "csv",
            "csv.gz",
            "csv.zst",
            "parquet",
            "parquet",
            "parquet"
        ]
    );
    assert_eq!(FileFormat::of(Format::Json), None);
    for format in FORMATS {
        assert_eq!(FileFormat::of(format.into()), Some(format));
    }
    assert_eq!(
        "lz4".parse::<Compression>(),
        Err("must be none, gzip, zstd or snappy".to_owned())
    );
}

#[test]
fn what_does_not_go_together_is_refused() {
    let jsonl = || options(FileFormat::Jsonl, Compression::None);
    assert_eq!(
        error(options(FileFormat::Parquet, Compression::Gzip)),
        "--format parquet goes with --compression none, snappy, zstd, not gzip"
    );
    assert_eq!(
        error(options(FileFormat::Csv, Compression::Snappy)),
        "--format csv goes with --compression none, gzip, zstd, not snappy"
    );
    assert_eq!(
        error(EncodingOptions {
            csv_header: true,
            ..jsonl()
        }),
        "--csv-header is for --format csv, not jsonl"
    );
    assert_eq!(
        error(EncodingOptions {
            schema: None,
            ..options(FileFormat::Csv, Compression::None)
        }),
        "--format csv has columns, so it needs a schema"
    );
}

#[test]
fn levels_are_those_that_the_compression_has() {
    let with_level = |compression, level| EncodingOptions {
        level: Some(level),
        ..options(
            if compression == Compression::Snappy {
                FileFormat::Parquet
            } else {
                FileFormat::Jsonl
            },
            compression,
        )
    };
    assert_eq!(
        error(with_level(Compression::None, 1)),
        "--compression none has no levels"
    );
    assert_eq!(
        error(with_level(Compression::Snappy, 1)),
        "--compression snappy has no levels"
    );
    for level in [-1, 0, 10] {
        assert_eq!(
            error(with_level(Compression::Gzip, level)),
            format!("the level of --compression gzip is 1 to 9, not {level}")
        );
    }
    for level in [-1, 0, 20] {
        assert_eq!(
            error(with_level(Compression::Zstd, level)),
            format!("the level of --compression zstd is 1 to 19, not {level}")
        );
    }
}

#[test]
fn metadata_columns_need_their_names() {
    let yaml = "columns: [{name: kafka_key, type: string}]";
    for format in [FileFormat::Csv, FileFormat::Parquet] {
        let own = with_schema(format, yaml);
        assert!(Encoding::new(own.clone()).is_ok());
        let message = error(EncodingOptions {
            metadata_columns: true,
            ..own
        });
        assert!(
            message.contains("\"kafka_key\" has the name of a metadata column"),
            "{message}"
        );
    }
}
