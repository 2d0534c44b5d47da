"""The ETL job's work on the records of a landing zone: pure functions over Spark DataFrames.

What goes in is a DataFrame of lines: `object` (the whole name of an object of the zone) and `line`
(one JSON record of it). `parse` gives each line its columns or a reason why it is no bar, `bars`
keeps the latest record of each symbol and trade date, `rejected` lists the others. `changes`,
`unlisted` and `due` compare with what an earlier run has written.

The rules are those of the view `records` and `bars` in infra/athena: a value that does not fit its
column is NULL and stops nothing. They differ in this: a name of a field may have any spelling, as
in the view `any_spelling`, and a symbol has at most MAX_SYMBOL_LENGTH characters, because it
becomes a part of a key in S3.

No files, no clock, no session settings: the result is a function of the set of lines and of the
day. The order of lines and how they were split over Spark's tasks do not matter.
"""

import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

NUMBERS = ("open", "high", "low", "close", "adj_close", "volume", "close_usd")

# Columns and types of the table of bars, in their order.
BAR_COLUMNS = (
    ("symbol", "string"),
    ("trade_date", "date"),
    *((name, "double") for name in NUMBERS),
    ("object", "string"),
)

# Columns and types of the table of what is no bar.
REJECTED_COLUMNS = (
    ("object", "string"),
    ("reason", "string"),
    ("detail", "string"),
    ("trade_date", "date"),
    ("records", "bigint"),
    ("line", "string"),
)

NOT_AN_OBJECT = "not-an-object"
KEYS_COLLIDE = "keys-collide"
NO_SYMBOL = "no-symbol"
SYMBOL_TOO_LONG = "symbol-too-long"
NO_DATE = "no-date"
DATE_TO_COME = "date-to-come"
# The only reason for which a record is listed and is a bar, too.
UNREADABLE_VALUE = "unreadable-value"

MAX_SYMBOL_LENGTH = 64

# The grammars of crates/ddl/src/casts.rs; here the time has groups.
NUMBER = r"\A-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\z"
DAY = r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\z"
TIME = (
    r"\A([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?"
    r" *(?:[Zz]|([+-])(0[0-9]|1[0-3])(?::?([0-5][0-9]))?|([+-])(14)(?::?(00))?)?\z"
)

# Spark takes more than JSON for JSON unless it is told not to.
STRICT = {"allowSingleQuotes": "false", "allowNonNumericNumbers": "false"}

# The fields that are read, bare of case and signs.
FIELDS = {name: name.replace("_", "") for name in ("index", "date", *NUMBERS, "kafka_offset")}

# No JSON text has this control character: a reader of CSV that splits at it splits no line.
NO_SIGN = "\u0001"


def lines_of(read: DataFrame) -> DataFrame:
    """`object` and `line` from what a reader of CSV without header made of lines: `col0` with the
    line, `object` with the name of its object; no columns at all when there was nothing to read.

    Raises ValueError when the columns are others: then the lines are not whole.
    """
    if not read.columns:
        return read.sparkSession.createDataFrame([], "object string, line string")
    if sorted(read.columns) != ["col0", "object"]:
        raise ValueError(
            f"the reader gave the columns {read.columns}, not col0 and object: a line was split, "
            "or comes without the name of its object"
        )
    return read.select("object", F.col("col0").alias("line"))


def parse(lines: DataFrame, today: datetime.date) -> DataFrame:
    """One row for each line that is not blank, with the columns of a bar and, where it is none,
    `reason` and `detail`. `today` is the day of the run in UTC: a record of a later one waits.
    """
    # An array around the line makes a second document behind the first one a mistake.
    array = F.concat(F.lit("["), F.col("line"), F.lit("]"))
    read = lines.where(F.trim("line") != "").withColumn(
        "documents", F.from_json(array, "array<map<string,string>>", STRICT)
    )
    document = F.get("documents", F.lit(0))
    one = F.when(F.size("documents") == 1, document)
    read = read.withColumn("names", F.transform(F.map_keys(one), _bare))
    read = read.withColumn("values", F.map_values(one))
    names = F.col("names")
    columns = [name for name in FIELDS if name != "kafka_offset"]
    # Of two fields for one column, each would be a guess.
    collisions = F.concat_ws(", ", *(F.when(_is_twice(name), _public(name)) for name in columns))
    has_twice = F.size(F.array_distinct(names)) < F.size(names)
    read = read.select(
        "object",
        "line",
        names.isNull().alias("is_no_object"),
        F.when(has_twice, collisions).otherwise("").alias("collisions"),
        *(_value(bare).alias(name) for name, bare in FIELDS.items()),
    )
    read = _with_date(read)
    numbers = [_number(name).alias(f"{name}_number") for name in NUMBERS]
    read = read.select("*", *numbers)
    unreadable = [
        F.when(F.col(name).isNotNull() & F.col(f"{name}_number").isNull(), F.lit(name))
        for name in NUMBERS
    ]
    read = read.withColumn("unreadable", F.concat_ws(", ", *unreadable))
    reason = (
        F.when(F.col("is_no_object"), NOT_AN_OBJECT)
        .when(F.col("collisions") != "", KEYS_COLLIDE)
        .when(F.col("index").isNull(), NO_SYMBOL)
        .when(F.length("index") > MAX_SYMBOL_LENGTH, SYMBOL_TOO_LONG)
        .when(F.col("trade_date").isNull(), NO_DATE)
        .when(F.col("trade_date") > F.lit(today), DATE_TO_COME)
        .when(F.col("unreadable") != "", UNREADABLE_VALUE)
    )
    detail = (
        F.when(F.col("reason") == KEYS_COLLIDE, F.col("collisions"))
        .when(F.col("reason") == NO_DATE, F.col("date"))
        .when(F.col("reason") == UNREADABLE_VALUE, F.col("unreadable"))
    )
    read = read.withColumn("reason", reason).withColumn("detail", detail)
    return read.select(
        "object",
        "line",
        "reason",
        "detail",
        F.expr("try_cast(kafka_offset AS bigint)").alias("kafka_offset"),
        F.col("index").alias("symbol"),
        "trade_date",
        *(F.col(f"{name}_number").alias(name) for name in NUMBERS),
    )


def bars(parsed: DataFrame) -> DataFrame:
    """The latest record of each symbol and trade date, as BAR_COLUMNS.

    The names of objects rise with arrival. Within an object the Kafka offset decides, where the
    records have one (`consumer --with-metadata`); else the text, so that every run takes the same.
    """
    is_bar = F.col("reason").isNull() | (F.col("reason") == UNREADABLE_VALUE)
    values = F.struct(*NUMBERS, "object")
    arrival = F.struct("object", "kafka_offset", "line")
    latest = (
        parsed.where(is_bar)
        .groupBy("symbol", "trade_date")
        .agg(F.max_by(values, arrival).alias("latest"))
    )
    return latest.select("symbol", "trade_date", "latest.*")


def rejected(parsed: DataFrame) -> DataFrame:
    """The lines that have a reason, as REJECTED_COLUMNS: one row for each text in each object, with
    the number of records that have it.
    """
    keys = ("object", "reason", "detail", "trade_date", "line")
    waits = F.col("reason") == DATE_TO_COME
    found = parsed.where(F.col("reason").isNotNull()).withColumn(
        "trade_date", F.when(waits, F.col("trade_date"))
    )
    counted = found.groupBy(*keys).agg(F.count("*").alias("records"))
    return counted.select(*(name for name, _ in REJECTED_COLUMNS))


def changes(found: DataFrame, kept: DataFrame) -> DataFrame:
    """The bars of `found` that the table `kept` lacks, or has from an earlier object: BAR_COLUMNS
    and `is_new`. Empty when all of them were written before, in whatever order.
    """
    known = kept.select("symbol", "trade_date", F.col("object").alias("kept_object"))
    both = found.join(known, ["symbol", "trade_date"], "left")
    later = F.col("kept_object").isNull() | (F.col("object") > F.col("kept_object"))
    changed = both.where(later).withColumn("is_new", F.col("kept_object").isNull())
    return changed.select(*(name for name, _ in BAR_COLUMNS), "is_new")


def unlisted(found: DataFrame, kept: DataFrame) -> DataFrame:
    """The rows of `found` that the table `kept` does not list: REJECTED_COLUMNS."""
    return found.join(kept, ["object", "reason", "line"], "left_anti").select(
        *(name for name, _ in REJECTED_COLUMNS)
    )


def due(kept: DataFrame, today: datetime.date) -> DataFrame:
    """The lines that waited for their trade date, and need not any longer: `object` and `line`."""
    waited = (F.col("reason") == DATE_TO_COME) & (F.col("trade_date") <= F.lit(today))
    return kept.where(waited).select("object", "line")


def _public(name: str) -> Column:
    return F.lit({"index": "symbol", "date": "trade_date"}.get(name, name))


def _bare(key: Column) -> Column:
    """The name of a member without case and signs."""
    return F.lower(F.regexp_replace(key, r"[^\p{L}\p{N}]", ""))


def _is_twice(name: str) -> Column:
    others = F.array_remove("names", FIELDS[name])
    return F.size(others) < F.size("names") - 1


def _value(bare: str) -> Column:
    """The text of the member of that bare name: a number as its digits, others as their JSON."""
    # Positions count from 1; without a name it is 0, and there is no value before the first.
    position = F.array_position("names", bare).cast("int")
    return F.get("values", position - 1)


def _number(name: str) -> Column:
    """The double of a text that is a number of JSON's grammar and finite; else NULL."""
    double = F.expr(f"try_cast(`{name}` AS double)")
    return F.when(F.col(name).rlike(NUMBER) & (F.abs(double) < float("inf")), double)


def _with_date(read: DataFrame) -> DataFrame:
    """Adds `trade_date`: the day in UTC of the text `date`, which may have a time and a zone."""

    def part(group: int) -> Column:
        return F.regexp_extract("date", TIME, group)

    def number(text: Column) -> Column:
        return F.when(text == "", F.lit(0)).otherwise(text.cast("int"))

    read = read.withColumn("day", F.expr("try_cast(substring(date, 1, 10) AS date)"))
    hour, minute, second = number(part(2)), number(part(3)), number(part(4))
    # 14 hours are an alternative of their own, because they have no minutes.
    offset = number(part(7)) * 60 + number(part(8)) + number(part(10)) * 60
    is_west = F.concat(part(6), part(9)) == "-"
    minutes = hour * 60 + minute + F.when(is_west, offset).otherwise(-offset)
    is_time = (
        F.col("date").rlike(TIME)
        & (hour < 24)
        & (minute < 60)
        & (second < 60)
        & (F.length(part(5)) <= 9)
    )
    utc_day = F.date_add("day", F.floor(minutes / 1440).cast("int"))
    date = F.when(F.col("date").rlike(DAY), F.col("day")).when(is_time, utc_day)
    return read.withColumn("trade_date", date)
