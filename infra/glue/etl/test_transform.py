"""The ETL job's transformation, run on the Spark of Glue 5.1 over objects that the consumer landed.

`infra/local/spark.sh test` runs it. The real producer sends data/indexProcessed.csv and records of
every odd kind to the sandbox's Kafka, the real consumer lands them: in batches of JSON Lines, and
one object per record. What must come out is computed here by other code: Python's csv module for
the CSV, and by hand for the rest.

What this cannot show: Glue itself. job.py runs here against a stand-in of `awsglue`, and Iceberg
keeps its tables in a folder, not in Glue's catalog and S3.
"""

import collections
import contextlib
import csv
import datetime
import importlib
import io
import itertools
import json
import math
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import types
import unittest
from unittest import mock

import curate
import transform
from pyspark.sql import DataFrame, SparkSession

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[2]
CSV = TOP / "data" / "indexProcessed.csv"
PROGRAMS = pathlib.Path(os.environ["PROGRAMS"])
BUCKET = "kafka-stock-market-project"
# No record but those of the year 2999 is of a later day.
TODAY = datetime.date(2026, 6, 1)
# Longer than any step of the programs takes, on a busy machine.
ANSWER = 120

NONE = dict.fromkeys(transform.NUMBERS)


def bar(symbol: str, day: str, **values: float | None) -> tuple:
    """A row of the table of bars, without `object`."""
    numbers = {**NONE, **values}
    return symbol, datetime.date.fromisoformat(day), *(numbers[name] for name in transform.NUMBERS)


def record(index: str, date: str, close: str, volume: str) -> str:
    """A record whose close and volume are this JSON."""
    return (
        f'{{"Index":{json.dumps(index, ensure_ascii=False)},"Date":"{date}","Open":90.5,'
        f'"High":120.75,"Low":45.125,"Close":{close},"Adj Close":{close},"Volume":{volume},'
        '"CloseUSD":0.5}'
    )


def of_record(index: str, day: str, close: float | None, volume: float | None) -> tuple:
    """The bar of `record`."""
    values = {"open": 90.5, "high": 120.75, "low": 45.125, "close_usd": 0.5}
    return bar(index, day, **values, close=close, adj_close=close, volume=volume)


class Odd:
    """A record, the bar it must become (or none), and why it is put aside (or is not)."""

    def __init__(
        self, line: str, row: tuple | None, reason: str | None = None, detail: str | None = None
    ):
        self.line, self.row, self.reason, self.detail = line, row, reason, detail


NO_CLOSE = "close, adj_close"
ODD = [
    # Dates with a time: in UTC, with an offset over midnight, with a blank.
    Odd(
        record("TIME", "2021-06-01T00:00:00Z", "10.5", "1.0"),
        of_record("TIME", "2021-06-01", 10.5, 1),
    ),
    Odd(
        record("TIME", "2021-06-02T23:30:00-02:00", "11.5", "1"),
        of_record("TIME", "2021-06-03", 11.5, 1),
    ),
    Odd(
        record("TIME", "2021-06-04 15:30:00", "12.25", "1.0"),
        of_record("TIME", "2021-06-04", 12.25, 1),
    ),
    # Dates that are none.
    Odd(record("NODATE", "04.06.2021", "1.5", "1.0"), None, "no-date", "04.06.2021"),
    Odd(record("NODATE", "2021-02-30", "1.5", "1.0"), None, "no-date", "2021-02-30"),
    Odd('{"Index":"NODATE","Date":20210604,"Close":1.5}', None, "no-date", "20210604"),
    Odd('{"Index":"NODATE","Close":1.5}', None, "no-date"),
    # Numbers as text, and what is none.
    Odd(
        record("TEXT", "2021-06-01", '"28500.25"', '"100"'),
        of_record("TEXT", "2021-06-01", 28500.25, 100),
    ),
    Odd(
        record("TEXT", "2021-06-02", '"NaN"', '"NaN"'),
        of_record("TEXT", "2021-06-02", None, None),
        "unreadable-value",
        f"{NO_CLOSE}, volume",
    ),
    Odd(
        record("TEXT", "2021-06-03", '"1e999"', '""'),
        of_record("TEXT", "2021-06-03", None, None),
        "unreadable-value",
        f"{NO_CLOSE}, volume",
    ),
    Odd(
        record("TEXT", "2021-06-04", '" 5"', "null"),
        of_record("TEXT", "2021-06-04", None, None),
        "unreadable-value",
        NO_CLOSE,
    ),
    Odd(
        record("TEXT", "2021-06-07", "28600.5", "true"),
        of_record("TEXT", "2021-06-07", 28600.5, None),
        "unreadable-value",
        "volume",
    ),
    # Larger than a bigint, and beyond a double.
    Odd(record("HUGE", "2021-06-01", "1.0", "1e308"), of_record("HUGE", "2021-06-01", 1, 1e308)),
    Odd(
        record("HUGE", "2021-06-02", "-1e999", "12345678901234567890"),
        of_record("HUGE", "2021-06-02", None, 12345678901234567890.0),
        "unreadable-value",
        NO_CLOSE,
    ),
    # Objects and arrays in the place of numbers, and of the symbol.
    Odd(
        record("OBJECT", "2021-06-01", '{"a":1}', "[1,2]"),
        of_record("OBJECT", "2021-06-01", None, None),
        "unreadable-value",
        f"{NO_CLOSE}, volume",
    ),
    Odd(
        '{"Index":{"a":[1]},"Date":"2021-06-02","Close":3}',
        bar('{"a":[1]}', "2021-06-02", close=3.0),
    ),
    # Names in other cases.
    Odd(
        '{"index":"CASE","DATE":"2021-06-01","OPEN":1,"high":2,"Low":0.5,"CLOSE":1.5,'
        '"ADJ CLOSE":1.25,"VOLUME":9,"close_usd":0.01}',
        bar(
            "CASE",
            "2021-06-01",
            open=1.0,
            high=2.0,
            low=0.5,
            close=1.5,
            adj_close=1.25,
            volume=9.0,
            close_usd=0.01,
        ),
    ),
    # To come; not above zero.
    Odd(record("FUTURE", "2999-01-01", "1.5", "1.0"), None, "date-to-come"),
    Odd(record("ZERO", "2021-06-02", "-5", "0"), of_record("ZERO", "2021-06-02", -5, 0)),
    # No symbol, or none that could be a part of a key.
    Odd("{}", None, "no-symbol"),
    Odd('{"Date":"2021-06-02","Close":1}', None, "no-symbol"),
    Odd(record("L" * 65, "2021-06-02", "1", "1"), None, "symbol-too-long"),
    Odd(record("S" * 64, "2021-06-02", "1", "1"), of_record("S" * 64, "2021-06-02", 1, 1)),
    # Texts that a reader of lines or of CSV could stumble over.
    Odd(
        record("LINE\u2028END", "2021-06-02", "5.5", "1"),
        of_record("LINE\u2028END", "2021-06-02", 5.5, 1),
    ),
    Odd(
        '{"Index":"\\"quoted\\", \\\\ and ä","Date":"2021-06-02","Close":8.5}',
        bar('"quoted", \\ and ä', "2021-06-02", close=8.5),
    ),
    Odd(
        f'{{"Index":"LONG","Date":"2021-06-02","Open":"{"x" * 200_000}","Close":7.5}}',
        bar("LONG", "2021-06-02", close=7.5),
        "unreadable-value",
        "open",
    ),
]

HEADER = "Index,Date,Open,High,Low,Close,Adj Close,Volume,CloseUSD"
# A symbol with several bars a day, before and after.
FIRST_TICKS = f"{HEADER}\nTICK,2021-06-04T13:30:00Z,1,2,0.5,1.5,1.5,10,0.5\n"
# Old trade dates corrected, rows as they were sent again, and new ones.
SECOND = f"""{HEADER}
HSI,1987-01-02,1.25,2.5,0.5,2.25,2.25,7.0,0.3
NYA,1966-01-03,10.5,11.5,9.5,10.75,10.75,8.0,10.75
HSI,1986-12-31,3608.01001,3696.149902,3607.399902,3644.72998,3644.72998,0.0,473.8148974
HSI,2021-06-04,28900.5,29000.25,28800.75,28918.5,28918.5,1.0,3759.4
NEW,2021-06-04,1,2,0.5,1.5,1.5,3,1.5
TICK,2021-06-04T15:40:00+02:00,1,3,0.5,2.5,2.5,20,0.5
"""


def csv_bars(text: str) -> dict[tuple, tuple]:
    """Python's reading of a CSV: the last row of each symbol and trade date."""
    found = {}
    for row in csv.DictReader(io.StringIO(text)):
        numbers = {
            transform_name: float(row[name])
            for transform_name, name in zip(
                transform.NUMBERS,
                ("Open", "High", "Low", "Close", "Adj Close", "Volume", "CloseUSD"),
                strict=True,
            )
        }
        made = bar(row["Index"], row["Date"][:10], **numbers)
        found[made[:2]] = made
    return found


def odd_bars() -> dict[tuple, tuple]:
    """What the odd records become."""
    return {odd.row[:2]: odd.row for odd in ODD if odd.row}


def odd_reasons() -> collections.Counter:
    """Why the odd records are put aside."""
    return collections.Counter((odd.reason, odd.detail, odd.line) for odd in ODD if odd.reason)


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Sandbox:
    """The sandbox's Kafka and S3, and the two programs beside it."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.objects = folder / "objects"
        kafka, s3 = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        self.environment = {
            "HOME": str(folder),
            "KAFKA_BOOTSTRAP_SERVERS": kafka,
            "AWS_ENDPOINT_URL": f"http://{s3}",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        command = [
            PROGRAMS / "sandbox",
            "--kafka-addr",
            kafka,
            "--s3-addr",
            s3,
            "--dir",
            self.objects,
        ]
        self.log = (folder / "sandbox.log").open("wb")
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log
        )
        until = time.monotonic() + ANSWER
        while not self._listens(s3):
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((folder / "sandbox.log").read_text())
            time.sleep(0.1)

    @staticmethod
    def _listens(address: str) -> bool:
        host, port = address.split(":")
        with socket.socket() as client:
            return client.connect_ex((host, int(port))) == 0

    def stop(self) -> None:
        """Ends it."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(ANSWER)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def start(self, program: str, *arguments: str | pathlib.Path) -> subprocess.Popen:
        """One of the programs, with nothing but this environment."""
        return subprocess.Popen(
            [PROGRAMS / program, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def produce(self, topic: str, kind: str, text: str, *flags: str) -> None:
        """Sends a text of CSV or of JSON Lines."""
        file = self.folder / f"sent.{kind}"
        file.write_text(text)
        finish(self.start("producer", f"--{kind}", file, "--topic", topic, *flags))

    def land(self, zones: list[list[str]]) -> None:
        """Lands what is in the topics, all zones side by side."""
        flags = ["--bucket", BUCKET, "--until-end"]
        running = [self.start("consumer", *flags, *zone) for zone in zones]
        for process in running:
            finish(process)

    def landed(self, prefix: str) -> set[str]:
        """The objects of a zone."""
        return {str(path) for path in (self.objects / BUCKET / prefix).glob("dt=*/*")}


def finish(process: subprocess.Popen) -> None:
    """Waits for a program, which must succeed."""
    try:
        said, _ = process.communicate(timeout=ANSWER)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{process.args}: {said.decode()}")


def make_spark(warehouse: pathlib.Path) -> SparkSession:
    """Spark with Iceberg's settings of infra/glue/job.json; the catalog is a folder, not Glue."""
    conf = json.loads((HERE.parent / "job.json").read_text())["DefaultArguments"]["--conf"]
    settings = dict(setting.split("=", 1) for setting in conf.split(" --conf "))
    prefix = "spark.sql.catalog.glue_catalog."
    del settings[f"{prefix}catalog-impl"], settings[f"{prefix}io-impl"]
    settings |= {
        f"{prefix}type": "hadoop",
        f"{prefix}warehouse": f"file:{warehouse}",
        "spark.jars": os.environ["ICEBERG_JAR"],
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        # The compiler's first stage and one collector: half of the CPU of a run this short.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.driver.memory": "1g",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "2",
        # The result must not depend on where Spark runs.
        "spark.sql.session.timeZone": "Pacific/Kiritimati",
    }
    builder = SparkSession.builder.master("local[2]").appName("etl-test")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


class Case(unittest.TestCase):
    """One Spark and one sandbox for all tests, with two zones landed in two rounds."""

    maxDiff = 2000
    databases = itertools.count()

    @classmethod
    def setUpClass(cls) -> None:
        if hasattr(Case, "spark"):
            return
        folder = tempfile.TemporaryDirectory()
        unittest.addModuleCleanup(folder.cleanup)
        Case.folder = pathlib.Path(folder.name)
        sandbox = Sandbox(Case.folder)
        unittest.addModuleCleanup(sandbox.stop)
        Case.batches, Case.objects = land_all(sandbox)
        Case.spark = make_spark(Case.folder / "warehouse")
        unittest.addModuleCleanup(Case.spark.stop)

    def read(self, paths: list[str] | set[str]) -> DataFrame:
        """The lines of these objects, as job.py reads them on Glue."""
        read = self.spark.read.option("lineSep", "\n").text(sorted(paths))
        return read.selectExpr("_metadata.file_path AS object", "value AS line")

    def lines(self, *lines: tuple[str, str]) -> DataFrame:
        """Lines that are given: object and line."""
        return self.spark.createDataFrame(lines, "object string, line string")

    def tables(self) -> curate.Tables:
        """Two empty tables of their own."""
        database = f"d{next(self.databases)}"
        self.spark.sql(f"CREATE DATABASE glue_catalog.{database}")
        folder = f"file:{self.folder}/warehouse/{database}"
        tables = curate.Tables(
            "glue_catalog", database, f"{folder}/{curate.BARS}/", f"{folder}/{curate.REJECTED}/"
        )
        curate.create(self.spark, tables)
        # The second time it leaves them alone.
        curate.create(self.spark, tables)
        return tables

    def load(
        self, tables: curate.Tables, lines: DataFrame, today: datetime.date = TODAY
    ) -> curate.Report:
        return curate.load(self.spark, tables, lines, today)

    def bars(self, tables: curate.Tables) -> dict[tuple, tuple]:
        """The table of bars, without `object`."""
        rows = [tuple(row)[:-1] for row in self.spark.table(tables.bars).collect()]
        made = {row[:2]: row for row in rows}
        self.assertEqual(len(made), len(rows), "a symbol has a trade date twice")
        return made

    def reasons(self, tables: curate.Tables) -> collections.Counter:
        """The table of what was put aside."""
        rows = self.spark.table(tables.rejected).collect()
        counted = collections.Counter()
        for row in rows:
            counted[row["reason"], row["detail"], row["line"]] += row["records"]
        return counted

    def state(self, tables: curate.Tables) -> list:
        """The snapshots of both tables: equal when no run has committed anything in between."""
        names = (tables.bars, tables.rejected)
        read = "SELECT snapshot_id FROM {}.snapshots ORDER BY snapshot_id"
        return [[row[0] for row in self.spark.sql(read.format(name)).collect()] for name in names]

    def assert_rows(self, found: dict, expected: dict) -> None:
        """Like assertEqual, which would print a hundred thousand rows."""
        wrong = [key for key in expected if found.get(key) != expected[key]]
        wrong += [key for key in found if key not in expected]
        first = [(found.get(key), expected.get(key)) for key in wrong[:3]]
        self.assertEqual(wrong, [], f"found and expected: {first}")


def land_all(sandbox: Sandbox) -> tuple[list[set[str]], list[set[str]]]:
    """Lands two rounds in both layouts. Returns the objects of each round, for both zones."""
    odd = "".join(f"{odd.line}\n" for odd in ODD)
    few = "".join(CSV.read_text().splitlines(keepends=True)[:60])
    for topic, rows in (("stock-market", CSV.read_text()), ("few", few)):
        sandbox.produce(topic, "csv", rows)
        sandbox.produce(topic, "csv", FIRST_TICKS)
        # A field that none of them has: they have no key.
        sandbox.produce(topic, "jsonl", odd, "--key-column", "none")
    zones = [
        ["--topic", "stock-market", "--format", "jsonl", "--max-records", "9000"],
        ["--topic", "few"],
    ]
    prefixes = ["stock-market/jsonl", "few/json"]
    sandbox.land(zones)
    first = [sandbox.landed(prefix) for prefix in prefixes]
    for topic in ("stock-market", "few"):
        sandbox.produce(topic, "csv", SECOND)
    sandbox.land(zones)
    both = [sandbox.landed(prefix) for prefix in prefixes]
    return tuple([before, after - before] for before, after in zip(first, both, strict=True))


class Lines(Case):
    """Single lines, each with what must become of it."""

    def parsed(self, *lines: str) -> list:
        numbered = [(f"{number:03}", line) for number, line in enumerate(lines)]
        rows = transform.parse(self.lines(*numbered), TODAY).orderBy("object").collect()
        self.assertEqual(len(rows), len(lines))
        return rows

    def test_what_is_no_json_object_is_put_aside(self) -> None:
        good = '{"Index":"A","Date":"2021-06-04","Close":1}'
        broken = [
            "hello world",
            good[:-1],
            f"{good}x",
            f"{good}{good}",
            f"{good},{good}",
            f"[{good}]",
            "null",
            "5",
            '"text"',
            good.replace('"', "'"),
            good.replace("1}", "NaN}"),
            good.replace("1}", "01}"),
            good.replace("1}", "1,}"),
        ]
        rows = self.parsed(good, f"  {good}\t", *broken)
        self.assertEqual([row["reason"] for row in rows[:2]], [None, None])
        wrong = [row["line"] for row in rows[2:] if row["reason"] != transform.NOT_AN_OBJECT]
        self.assertEqual(wrong, [])
        self.assertEqual(transform.parse(self.lines(("a", ""), ("a", "  ")), TODAY).count(), 0)

    def test_two_fields_for_one_column_are_put_aside(self) -> None:
        # The consumer makes dead letters of those whose names differ in case alone.
        rows = self.parsed(
            '{"Index":"A","Date":"2021-06-04","Close":1,"close":1}',
            '{"Index":"A","Date":"2021-06-04","Adj Close":1,"adj_close":1,"INDEX":"A"}',
            '{"Index":"A","Date":"2021-06-04","Close":1,"Closed":1}',
        )
        reasons = [(row["reason"], row["detail"]) for row in rows]
        collide = transform.KEYS_COLLIDE
        expected = [(collide, "close"), (collide, "symbol, adj_close"), (None, None)]
        self.assertEqual(reasons, expected)

    def test_a_date_is_the_day_in_utc_of_what_the_grammar_of_the_view_takes(self) -> None:
        good = {
            "2021-06-04": 4,
            "2021-06-04T00:00": 4,
            "2021-06-04t23:59:59.123456789z": 4,
            "2021-06-04 10:00 +0000": 4,
            "2021-06-04T00:59:59+01": 3,
            "2021-06-04T00:59+01:00": 3,
            "2021-06-04T01:00+01:00": 4,
            "2021-06-04T23:30-00:30": 5,
            "2021-06-04T23:29-00:30": 4,
            "2021-06-04T13:59+14:00": 3,
            "2021-06-04T10:00-14": 5,
        }
        bad = [
            "2021-6-4",
            "2021-06-31",
            "2021-06-31T10:00Z",
            "2021-06-04T24:00",
            "2021-06-04T10:60",
            "2021-06-04T10:00:60Z",
            "2021-06-04T10",
            "2021-06-04T10:00:00.1234567890Z",
            "2021-06-04T10:00+14:30",
            "2021-06-04T10:00+15:00",
            "2021-06-04T10:00+1:00",
            " 2021-06-04",
            "2021-06-04\\n",
            "",
        ]
        line = '{{"Index":"A","Date":"{}"}}'.format
        rows = self.parsed(*map(line, good), *map(line, bad))
        days = [row["trade_date"] and row["trade_date"].day for row in rows]
        self.assertEqual(dict(zip([*good, *bad], days, strict=True)), good | dict.fromkeys(bad))

    def test_a_number_is_one_of_json_and_finite_and_may_be_text(self) -> None:
        good = ["0", "-0.5", "1.5e3", "1E-2", '"12.25"', "1e308", "9007199254740993"]
        bad = [
            '"1d"',
            '"0x1p3"',
            '"+1"',
            '".5"',
            '"1."',
            '"1_000"',
            '"Infinity"',
            '"1 "',
            "1e309",
            "false",
        ]
        rows = self.parsed(
            *(f'{{"Index":"A","Date":"2021-06-04","Open":{value}}}' for value in [*good, *bad])
        )
        found = [row["open"] for row in rows]
        self.assertEqual(found[: len(good)], [float(value.strip('"')) for value in good])
        self.assertEqual(found[len(good) :], [None] * len(bad))
        details = {row["detail"] for row in rows[len(good) :]}
        self.assertEqual(details, {"open"})

    def test_the_latest_of_a_bar_is_the_same_however_the_lines_are_split(self) -> None:
        def line(close: str, offset: str = "") -> str:
            return f'{{"Index":"A","Date":"2021-06-04","Close":{close}{offset}}}'

        # The last object counts, in it the highest offset, which is a number, and else the text.
        cases = [
            ([("a", line("9")), ("b", line("1")), ("a", line("3"))], 1.0),
            ([("a", line("3", ',"kafka_offset":9')), ("a", line("2", ',"kafka_offset":10'))], 2.0),
            ([("a", line("3")), ("a", line("5")), ("a", line("4"))], 5.0),
        ]
        shuffle = random.Random(1).sample
        for lines, close in cases:
            for parts in (1, 3):
                frame = self.lines(*shuffle(lines, len(lines))).repartition(parts)
                rows = transform.bars(transform.parse(frame, TODAY)).collect()
                self.assertEqual([row["close"] for row in rows], [close])

    def test_the_readers_columns_are_lines_or_an_error(self) -> None:
        def read(*columns: str) -> DataFrame:
            return self.spark.createDataFrame(
                [columns], ", ".join(f"{name} string" for name in columns)
            )

        self.assertEqual(transform.lines_of(read("col0", "object")).columns, ["object", "line"])
        empty = self.spark.createDataFrame([], "struct<>")
        self.assertEqual(transform.lines_of(empty).collect(), [])
        for columns in (["col0"], ["col0", "col1", "object"], ["object"]):
            with self.assertRaisesRegex(ValueError, "a line was split"):
                transform.lines_of(read(*columns))


class Landed(Case):
    """What the consumer landed, into the tables."""

    def test_the_whole_csv_from_batches_and_what_comes_later(self) -> None:
        first, second = self.batches
        tables = self.tables()
        of_csv = csv_bars(CSV.read_text())
        expected = of_csv | odd_bars() | csv_bars(FIRST_TICKS)
        self.assertEqual(len(of_csv), 104_224)
        self.assertGreater(len(first), 10)
        report = self.load(tables, self.read(first))
        found = self.bars(tables)
        self.assert_rows(found, expected)
        self.assert_sums(found, of_csv)
        self.assert_partitions(tables, expected)
        self.assertEqual(self.reasons(tables), odd_reasons())
        reasons = collections.Counter(odd.reason for odd in ODD if odd.reason)
        lines = 104_224 + len(ODD) + 1
        self.assertEqual(
            report, curate.Report(lines, 0, dict(reasons), len(expected), 0, sum(reasons.values()))
        )

        # The same objects again, as after a failed run or a rewound bookmark: nothing is committed.
        state = self.state(tables)
        again = self.load(tables, self.read(first))
        self.assertEqual((again.new_bars, again.corrected_bars, again.newly_rejected), (0, 0, 0))
        self.assertEqual(self.state(tables), state)

        # Only what came later, as a bookmark gives it.
        report = self.load(tables, self.read(second))
        expected |= csv_bars(SECOND)
        self.assert_rows(self.bars(tables), expected)
        self.assertEqual((report.lines, report.new_bars, report.corrected_bars), (6, 2, 4))
        self.assertEqual(report.newly_rejected, 0)
        self.assertNotEqual(self.state(tables), state)
        self.assert_query(tables, expected)

    def assert_sums(self, found: dict, of_csv: dict) -> None:
        """Counts by symbol and year, and the sums of two columns, against the file's own cells."""
        with CSV.open() as file:
            rows = list(csv.DictReader(file))
        symbols = {row["Index"] for row in rows}
        found = [row for key, row in found.items() if row[0] in symbols]
        years = collections.Counter((row["Index"], row["Date"][:4]) for row in rows)
        self.assertEqual(collections.Counter((row[0], f"{row[1].year:04}") for row in found), years)
        for name, title in (("close", "Close"), ("volume", "Volume")):
            place = 2 + transform.NUMBERS.index(name)
            sums = [
                math.fsum(row[place] for row in found),
                math.fsum(float(row[title]) for row in rows),
            ]
            self.assertEqual(*sums, name)

    def assert_partitions(self, tables: curate.Tables, expected: dict) -> None:
        """A partition for each symbol and year."""
        rows = self.spark.sql(
            f"SELECT partition, record_count FROM {tables.bars}.partitions"
        ).collect()
        # Iceberg counts years from 1970.
        found = {(row[0]["symbol"], 1970 + row[0]["trade_date_year"]): row[1] for row in rows}
        years = collections.Counter((symbol, day.year) for symbol, day in expected)
        self.assertEqual(found, dict(years))

    def assert_query(self, tables: curate.Tables, expected: dict) -> None:
        """The query of infra/athena on this table, which is that on the view `bars`."""
        athena = TOP / "infra" / "athena"
        of_table, of_view = (
            statement(next(athena.glob(pattern))) for pattern in ("46-*.sql", "05-*.sql")
        )
        self.assertEqual(of_table, of_view.replace(".bars", ".curated_bars"))
        of_table = of_table.replace("stock_market.curated_bars", tables.bars)
        answer = [tuple(row) for row in self.spark.sql(of_table).collect()]
        closes, newest = collections.defaultdict(list), {}
        for symbol, day in expected:
            newest[symbol] = max(day, newest.get(symbol, day))
        for (symbol, day), row in expected.items():
            if day > newest[symbol] - datetime.timedelta(days=7) and row[5] is not None:
                closes[symbol].append(row[5])
        self.assertEqual(
            [row[:3] for row in answer],
            [(symbol, len(closes[symbol]), newest[symbol]) for symbol in sorted(newest)],
        )
        for symbol, closing, _, average in answer:
            if closing == 0:
                self.assertIsNone(average, symbol)
                continue
            mean = math.fsum(closes[symbol]) / closing
            self.assertAlmostEqual(average, mean, delta=1e-9 * abs(mean))

    def test_one_object_per_record_in_any_order(self) -> None:
        first, second = self.objects
        rows = "".join(CSV.read_text().splitlines(keepends=True)[:60])
        expected = csv_bars(rows) | odd_bars() | csv_bars(FIRST_TICKS) | csv_bars(SECOND)
        self.assertEqual((len(first), len(second)), (60 + len(ODD), 6))
        self.assert_all_orders(first, second, expected)

    def assert_all_orders(self, first: set[str], second: set[str], expected: dict) -> None:
        made = []
        for order in ([first, second], [second, first | second]):
            tables = self.tables()
            for objects in order:
                self.load(tables, self.read(objects))
            self.assert_rows(self.bars(tables), expected)
            self.assertEqual(self.reasons(tables), odd_reasons())
            rows = self.spark.table(tables.bars).orderBy("symbol", "trade_date").collect()
            made.append([row["object"] for row in rows])
        self.assertEqual(made[0], made[1])


class Runs(Case):
    """Runs that die, and records that wait."""

    def test_a_run_that_died_is_made_good_by_the_next(self) -> None:
        lines = self.lines(
            ("a", '{"Index":"A","Date":"2021-06-04","Close":1}'),
            ("a", "hello"),
            ("a", "hello"),
            ("b", '{"Index":"A","Date":"2021-06-04","Close":"x"}'),
        )
        whole, broken = self.tables(), self.tables()
        self.load(whole, lines)
        with (
            mock.patch.object(curate, "_merge_bars", side_effect=RuntimeError("killed")),
            self.assertRaisesRegex(RuntimeError, "killed"),
        ):
            self.load(broken, lines)
        self.assertEqual(self.bars(broken), {})
        self.load(broken, lines)
        self.assert_rows(self.bars(broken), self.bars(whole))
        self.assertEqual(self.reasons(broken), self.reasons(whole))
        self.assertEqual(self.reasons(whole)[transform.NOT_AN_OBJECT, None, "hello"], 2)

    def test_a_record_dated_after_today_waits_for_its_day(self) -> None:
        line = '{"Index":"A","Date":"2026-06-02","Close":"x","Open":1.5}'
        tables = self.tables()
        none = self.lines(("a", ""))
        report = self.load(tables, self.lines(("a", line)))
        self.assertEqual((report.new_bars, report.rejected), (0, {"date-to-come": 1}))
        state = self.state(tables)
        self.load(tables, none)
        self.assertEqual(self.state(tables), state)
        # A run that dies before the record is taken off the list does no harm.
        later = datetime.date(2026, 6, 2)
        for died in (True, False):
            with contextlib.ExitStack() as stack:
                if died:
                    stack.enter_context(
                        mock.patch.object(curate, "_merge_bars", side_effect=RuntimeError)
                    )
                    stack.enter_context(self.assertRaises(RuntimeError))
                report = self.load(tables, none, later)
        self.assertEqual((report.lines, report.waited, report.new_bars), (0, 1, 1))
        self.assert_rows(self.bars(tables), {("A", later): bar("A", "2026-06-02", open=1.5)})
        self.assertEqual(list(self.reasons(tables)), [("unreadable-value", "close", line)])
        state = self.state(tables)
        self.load(tables, self.lines(("a", line)), later)
        self.assertEqual(self.state(tables), state)

    def test_lines_without_the_name_of_their_object_are_refused(self) -> None:
        tables = self.tables()
        nameless = self.spark.createDataFrame([(None, "{}")], "object string, line string")
        with self.assertRaisesRegex(ValueError, "1 lines come without the name"):
            self.load(tables, nameless)
        self.assertEqual(self.state(tables), [[], []])


def statement(path: pathlib.Path) -> str:
    """A file of infra/athena without its comments."""
    return re.sub(r"^--.*\n", "", path.read_text(), flags=re.MULTILINE).strip()


class Definitions(Case):
    """The files around the job say what it does."""

    def test_the_tables_that_athena_would_make_are_those_that_the_job_makes(self) -> None:
        tables = self.tables()
        athena = TOP / "infra" / "athena"
        job = json.loads((HERE.parent / "job.json").read_text())["DefaultArguments"]
        for pattern, name, location in (
            ("44-*.sql", tables.bars, job["--TARGET"]),
            ("45-*.sql", tables.rejected, job["--REJECTED"]),
        ):
            text = statement(next(athena.glob(pattern)))
            columns = re.search(r"\(\n(.*?)\n\)", text, re.DOTALL)[1]
            columns = [tuple(line.strip(" ,").split()) for line in columns.splitlines()]
            rows = self.spark.table(name).dtypes
            self.assertEqual(columns, rows, name)
            self.assertIn(f"LOCATION '{location}'", text)
            last = name.split("`")[-2]
            self.assertIn(f"CREATE TABLE stock_market.{last} (", text)
            partitions = self.spark.sql(f"DESCRIBE TABLE {name}").collect()
            partitions = [row[1] for row in partitions if row[0].startswith("Part ")]
            by = re.search(r"^PARTITIONED BY \((.*)\)$", text, re.MULTILINE)
            by = by[1].replace("year(", "years(").split(", ") if by else []
            self.assertEqual(partitions, by)

    def test_the_definition_of_the_job_names_its_files_and_parameters(self) -> None:
        job = json.loads((HERE.parent / "job.json").read_text())
        arguments = job["DefaultArguments"]
        scripts = [job["Command"]["ScriptLocation"], *arguments["--extra-py-files"].split(",")]
        self.assertEqual(
            {pathlib.PurePath(script).name for script in scripts},
            {path.name for path in HERE.glob("*.py") if not path.name.startswith("test_")},
        )
        module, _ = import_job()
        given = [name for name in arguments if name.isupper()]
        self.assertEqual(
            sorted(["JOB_NAME", *(name.strip("-") for name in given)]), sorted(module.PARAMETERS)
        )
        self.assertIn(f"spark.sql.catalog.{module.CATALOG}=", arguments["--conf"])
        trigger = json.loads((HERE.parent / "trigger.json").read_text())
        self.assertEqual(trigger["Actions"], [{"JobName": job["Name"]}])


def import_job() -> tuple[types.ModuleType, mock.Mock]:
    """job.py over a stand-in of `awsglue`, which only remembers what it was asked."""
    awsglue = mock.MagicMock()
    modules = {f"awsglue{name}": awsglue for name in ("", ".context", ".job", ".utils")}
    with mock.patch.dict(sys.modules, modules):
        sys.modules.pop("job", None)
        return importlib.import_module("job"), awsglue


class Job(Case):
    """The order of things in job.py. Says nothing about Glue."""

    def run_job(self, tables: curate.Tables, lines: list[tuple[str, str]]) -> types.SimpleNamespace:
        """What the job did (the names of its calls), said, and how it failed, if it did."""
        module, awsglue = import_job()
        awsglue.getResolvedOptions.return_value = {
            "JOB_NAME": "j",
            "SOURCE": "s3://b/p/",
            "DATABASE": tables.database,
            "TARGET": tables.bars_location,
            "REJECTED": tables.rejected_location,
        }
        context = awsglue.GlueContext.return_value
        context.spark_session = self.spark
        read = context.create_dynamic_frame.from_options
        frame = self.spark.createDataFrame(lines, "object string, col0 string")
        read.return_value.toDF.return_value = frame
        error = None
        with contextlib.redirect_stdout(io.StringIO()) as said:
            try:
                module.main()
            except RuntimeError as failure:
                error = failure
        self.assertEqual(read.call_args.kwargs["connection_options"]["paths"], ["s3://b/p/"])
        self.assertTrue(read.call_args.kwargs["transformation_ctx"])
        calls = [call[0] for call in awsglue.Job.return_value.method_calls]
        return types.SimpleNamespace(calls=calls, said=said.getvalue(), error=error)

    def test_the_bookmark_is_committed_when_everything_is_written_and_not_before(self) -> None:
        line = ("a", '{"Index":"A","Date":"2021-06-04","Close":1.5}')
        tables = self.tables()
        with mock.patch.object(curate, "_merge_bars", side_effect=RuntimeError("killed")):
            died = self.run_job(tables, [line])
        self.assertEqual((str(died.error), died.calls), ("killed", ["init"]))
        done = self.run_job(tables, [line])
        self.assertEqual((done.error, done.calls), (None, ["init", "commit"]))
        self.assertEqual(json.loads(done.said)["new_bars"], 1)
        expected = bar("A", "2021-06-04", close=1.5)
        self.assert_rows(self.bars(tables), {expected[:2]: expected})


if __name__ == "__main__":
    unittest.main(verbosity=2)
