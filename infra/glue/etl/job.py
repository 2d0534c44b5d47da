"""The ETL job as Glue 5.1 runs it: what is new in the landing zone, into the two Iceberg tables.

All decisions are in transform.py and curate.py, which are tested without AWS. This file reads with
a bookmark and commits it. Its parameters are those of infra/glue/job.json.
"""

import datetime
import sys

import curate
import transform
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from pyspark.sql import DataFrame

PARAMETERS = ["JOB_NAME", "SOURCE", "DATABASE", "TARGET", "REJECTED"]

# The catalog of the settings in infra/glue/job.json.
CATALOG = "glue_catalog"


def read_lines(context: GlueContext, source: str) -> DataFrame:
    """The lines of the objects that no committed run has read."""
    frame = context.create_dynamic_frame.from_options(
        connection_type="s3",
        # One object per record: a task reads 64 MiB of them.
        connection_options={
            "paths": [source],
            "recurse": True,
            "groupFiles": "inPartition",
            "groupSize": str(64 * 1024 * 1024),
        },
        # Lines as they are: Glue's reader of JSON would make a type of each value. JSON has no
        # control characters, so that no line is split at this one. Bookmarks know CSV.
        format="csv",
        format_options={
            "separator": transform.NO_SIGN,
            "quoteChar": -1,
            "withHeader": False,
            "attachFilename": "object",
        },
        # The bookmark belongs to this name: with another one, the job reads everything again.
        transformation_ctx="landed",
    )
    return transform.lines_of(frame.toDF())


def main() -> None:
    """One run. The bookmark moves only when everything is written."""
    arguments = getResolvedOptions(sys.argv, PARAMETERS)
    context = GlueContext(SparkContext.getOrCreate())
    job = Job(context)
    job.init(arguments["JOB_NAME"], arguments)
    spark = context.spark_session
    tables = curate.Tables(
        catalog=CATALOG,
        database=arguments["DATABASE"],
        bars_location=arguments["TARGET"],
        rejected_location=arguments["REJECTED"],
    )
    curate.create(spark, tables)
    today = datetime.datetime.now(datetime.UTC).date()
    report = curate.load(spark, tables, read_lines(context, arguments["SOURCE"]), today)
    print(report.as_json())
    job.commit()


if __name__ == "__main__":
    main()
