"""Reads one file in the way that the first argument names, and prints what it holds as JSON."""

import csv
import datetime
import json
import sys

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

reader, path = sys.argv[1:]

TYPES = {
    "text": ("VARCHAR", pa.string()),
    "price": ("DOUBLE", pa.float64()),
    "volume": ("BIGINT", pa.int64()),
    "live": ("BOOLEAN", pa.bool_()),
    "day": ("DATE", pa.date32()),
    "at": ("TIMESTAMP", pa.timestamp("ms")),
    "kafka_key": ("VARCHAR", pa.string()),
    "kafka_partition": ("BIGINT", pa.int64()),
    "kafka_offset": ("BIGINT", pa.int64()),
    "kafka_timestamp": ("TIMESTAMP", pa.timestamp("ms")),
    "kafka_headers": ("VARCHAR", pa.string()),
}

def plain(value):
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            value = value.replace(tzinfo=datetime.timezone.utc)
        epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
        return (value - epoch) // datetime.timedelta(milliseconds=1)
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value

def rows_of(table):
    return [[plain(value) for value in row.values()] for row in table.to_pylist()]

def stream():
    """The file without its compression, which the suffix tells."""
    compression = {"gz": "gzip", "zst": "zstd"}.get(path.rsplit(".", 1)[1])
    return pa.input_stream(path, compression=compression)

def lines():
    return stream().read().decode().splitlines(keepends=True)

def by_duckdb(source):
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    times = [name for name, (sql, _) in TYPES.items() if sql == "TIMESTAMP"]
    columns = [
        f'epoch_ms("{name}"::TIMESTAMP)' if name in times else f'"{name}"::VARCHAR' if name == "day" else f'"{name}"'
        for name in TYPES
    ]
    query = f"SELECT {', '.join(columns)} FROM {source}"
    return [list(row) for row in connection.execute(query).fetchall()]

def footer():
    file = pyarrow.parquet.ParquetFile(path)
    column = file.metadata.row_group(0).column

    def statistics(at):
        said = column(at).statistics
        return [plain(said.min), plain(said.max), said.null_count]

    return {
        "types": [str(field.type) for field in file.schema_arrow],
        "texts": statistics(0),
        "days": statistics(4),
        "page_index": [column(4).has_column_index, column(4).has_offset_index],
        "origin": {key.decode(): value.decode() for key, value in file.metadata.metadata.items()},
    }

def csv_by_pyarrow():
    options = {
        "read_options": pa.csv.ReadOptions(column_names=list(TYPES)),
        "convert_options": pa.csv.ConvertOptions(
            column_types={name: kind for name, (_, kind) in TYPES.items()},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    }
    return rows_of(pa.csv.read_csv(stream(), **options))

def csv_source():
    columns = ", ".join(f"'{name}': '{sql}'" for name, (sql, _) in TYPES.items())
    return f"read_csv('{path}', header = false, columns = {{{columns}}}, nullstr = '', allow_quoted_nulls = false)"

def jsonl_by_duckdb():
    query = f"SELECT kafka_offset, epoch_ms(kafka_timestamp::TIMESTAMP), price FROM read_json('{path}', format = 'newline_delimited')"
    return [list(row) for row in duckdb.sql(query).fetchall()]

READERS = {
    "parquet-by-pyarrow": lambda: rows_of(pyarrow.parquet.read_table(path)),
    "parquet-by-duckdb": lambda: by_duckdb(f"read_parquet('{path}')"),
    "parquet-footer": footer,
    "csv-by-pyarrow": csv_by_pyarrow,
    "csv-by-duckdb": lambda: by_duckdb(csv_source()),
    "csv-by-python": lambda: list(csv.reader(lines())),
    "jsonl-by-python": lambda: [json.loads(line) for line in lines()],
    "jsonl-by-duckdb": jsonl_by_duckdb,
}

print(json.dumps(READERS[reader]()))
