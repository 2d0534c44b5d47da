"""The ETL job's two Iceberg tables: how they are made, and how new lines come into them.

Why Iceberg: its commit is one swap of metadata. A run that dies leaves the table as it was, where
an overwritten partition of plain Parquet would be lost with the rows that no record has any more
(bookmarks read each object once). A run that finds nothing new commits nothing.

Every step may be repeated: a row is written when it is missing, or comes from a later object than
the one that is there. So a failed run, a rewound bookmark and objects in any order end in the same
tables. What is not decided here is how the lines are read.
"""

import dataclasses
import datetime
import json

import transform
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

BARS = "curated_bars"
REJECTED = "curated_rejected"


@dataclasses.dataclass(frozen=True)
class Tables:
    """Where the two tables are: the catalog of Spark, the database, and a folder for each."""

    catalog: str
    database: str
    bars_location: str
    rejected_location: str

    @property
    def bars(self) -> str:
        """The full name of the table of bars."""
        return f"`{self.catalog}`.`{self.database}`.`{BARS}`"

    @property
    def rejected(self) -> str:
        """The full name of the table of what is no bar."""
        return f"`{self.catalog}`.`{self.database}`.`{REJECTED}`"


@dataclasses.dataclass(frozen=True)
class Report:
    """What a run did, in records and rows."""

    lines: int
    waited: int
    rejected: dict[str, int]
    new_bars: int
    corrected_bars: int
    newly_rejected: int

    def as_json(self) -> str:
        """One line for the log."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)


def create(spark: SparkSession, tables: Tables) -> None:
    """Makes the tables that are not there. The database must be."""
    bars = ", ".join(f"{name} {kind}" for name, kind in transform.BAR_COLUMNS)
    rejected = ", ".join(f"{name} {kind}" for name, kind in transform.REJECTED_COLUMNS)
    for name, columns, partitions, location in (
        (tables.bars, bars, "PARTITIONED BY (symbol, years(trade_date))", tables.bars_location),
        (tables.rejected, rejected, "", tables.rejected_location),
    ):
        spark.sql(
            f"CREATE TABLE IF NOT EXISTS {name} ({columns}) USING iceberg {partitions} "
            f"LOCATION '{location.rstrip('/')}' "
            "TBLPROPERTIES ('format-version' = '2', 'write.parquet.compression-codec' = 'zstd')"
        )


def load(spark: SparkSession, tables: Tables, lines: DataFrame, today: datetime.date) -> Report:
    """Brings lines (`object`, `line`) into the tables. `today` is the day of the run in UTC.

    Raises ValueError, and writes nothing, when a line comes without the name of its object.
    """
    # Cut off from its table: Spark reads everything again that is made of a table when the table
    # changes, and a row that is taken off the list would be gone from this run, too.
    waited = transform.due(spark.table(tables.rejected), today).localCheckpoint()
    # Read once: several questions are asked of it, and each object is a request.
    parsed = transform.parse(lines.unionByName(waited), today).persist()
    try:
        counts = parsed.agg(F.count("*").alias("all"), F.count("object").alias("named")).first()
        if counts["named"] < counts["all"]:
            # Arrival is the order of the names: without them an old bar could replace a new one.
            nameless = counts["all"] - counts["named"]
            raise ValueError(f"{nameless} lines come without the name of their object")
        return _write(spark, tables, parsed, today, counts["all"], waited.count())
    finally:
        parsed.unpersist()


def _write(
    spark: SparkSession,
    tables: Tables,
    parsed: DataFrame,
    today: datetime.date,
    lines: int,
    waited: int,
) -> Report:
    rejected = transform.rejected(parsed)
    counted = rejected.groupBy("reason").agg(F.sum("records").alias("records")).collect()
    # What is put aside comes first: a run that dies in between is run again on the same lines.
    newly_rejected = _list_rejected(spark, tables, rejected)
    new, corrected = _merge_bars(spark, tables, transform.bars(parsed))
    if waited > 0:
        # These are bars now. Before this point they would only be read once more.
        spark.sql(
            f"DELETE FROM {tables.rejected} "
            f"WHERE reason = '{transform.DATE_TO_COME}' AND trade_date <= DATE '{today}'"
        )
    return Report(
        lines=lines - waited,
        waited=waited,
        rejected={row["reason"]: row["records"] for row in counted},
        new_bars=new,
        corrected_bars=corrected,
        newly_rejected=newly_rejected,
    )


def _list_rejected(spark: SparkSession, tables: Tables, rejected: DataFrame) -> int:
    """Adds what is not listed yet. Returns the number of rows."""
    rows = transform.unlisted(rejected, spark.table(tables.rejected)).persist()
    try:
        count = rows.count()
        if count > 0:
            rows.createOrReplaceTempView("unlisted")
            # Not an INSERT: a second run at the same time would list them twice.
            spark.sql(
                f"MERGE INTO {tables.rejected} AS kept USING unlisted AS found "
                "ON kept.object = found.object AND kept.reason = found.reason "
                "AND kept.line = found.line WHEN NOT MATCHED THEN INSERT *"
            )
        return count
    finally:
        rows.unpersist()


def _merge_bars(spark: SparkSession, tables: Tables, bars: DataFrame) -> tuple[int, int]:
    """Adds and corrects bars in one commit. Returns how many are new, and how many corrected."""
    rows = transform.changes(bars, spark.table(tables.bars)).persist()
    try:
        counts = {row["is_new"]: row["count"] for row in rows.groupBy("is_new").count().collect()}
        if counts:
            rows.drop("is_new").createOrReplaceTempView("changed")
            spark.sql(
                f"MERGE INTO {tables.bars} AS kept USING changed AS found "
                "ON kept.symbol = found.symbol AND kept.trade_date = found.trade_date "
                "WHEN MATCHED AND found.object > kept.object THEN UPDATE SET * "
                "WHEN NOT MATCHED THEN INSERT *"
            )
        return counts.get(True, 0), counts.get(False, 0)
    finally:
        rows.unpersist()
