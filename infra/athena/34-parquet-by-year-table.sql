-- The landed records as a table, from batches of Parquet: typed columns, compressed, few objects.
--
-- Printed by: consumer ddl --bucket kafka-stock-market-project --statement table --format parquet --partition-by field:Date --granularity year --prefix stock-market/parquet-by-year --table parquet_by_year --from 1965 --until 2035
--
-- * The columns have the types of the schema. A json column is a string: json_extract_scalar reads it.
-- * The copy that consumer compact makes with --format parquet is the same table under the prefix of its --to.
-- * dt is the year in UTC of the record's field Date.
-- * Athena computes the years from the range: no crawler and no ALTER TABLE is needed. A date outside of it has no
--   rows, without any error: --from must be at or before the first dt= folder. A range of years cannot end with NOW:
--   --until is the last one.
-- * Where there is a table of this name, Athena ends with an error. To change it, run DROP TABLE
--   `stock_market`.`parquet_by_year` first: the objects stay.
CREATE EXTERNAL TABLE `stock_market`.`parquet_by_year` (
  `index` string,
  `date` date,
  `open` double,
  `high` double,
  `low` double,
  `close` double,
  `adj_close` double,
  `volume` double,
  `close_usd` double
)
PARTITIONED BY (`dt` string)
ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'
STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat'
LOCATION 's3://kafka-stock-market-project/stock-market/parquet-by-year/'
TBLPROPERTIES (
  'classification' = 'parquet',
  'projection.dt.digits' = '4',
  'projection.dt.range' = '1965,2035',
  'projection.dt.type' = 'integer',
  'projection.enabled' = 'true',
  'storage.location.template' = 's3://kafka-stock-market-project/stock-market/parquet-by-year/dt=${dt}/'
)
