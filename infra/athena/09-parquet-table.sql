-- The same records landed with --format parquet, as a table: typed columns, compressed, few objects.
--
-- * The queries before work on it as well, with typed_parquet in the place of raw_json, but 08 needs CAST("date" AS varchar) in the place
--   of "date" where it takes the month.
-- * A schema of your own (--schema): its columns with their types, decimal(P,S) as it stands there. A json column is a string here:
--   json_extract_scalar(column, '$.name'). --with-metadata adds kafka_key string, kafka_partition bigint,
--   kafka_offset bigint, kafka_timestamp timestamp and kafka_headers string.
-- * The copy that consumer compact makes with --format parquet is the same table under the prefix of its --to.
-- * Another bucket, prefix, granularity or first day: as in 02-raw-table.sql.
CREATE EXTERNAL TABLE IF NOT EXISTS `stock_market`.`typed_parquet` (
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
LOCATION 's3://kafka-stock-market-project/stock-market/parquet/'
TBLPROPERTIES (
  'classification' = 'parquet',
  'projection.enabled' = 'true',
  'projection.dt.type' = 'date',
  'projection.dt.format' = 'yyyy-MM-dd',
  'projection.dt.range' = '2026-11-01,NOW+1DAYS',
  'projection.dt.interval' = '1',
  'projection.dt.interval.unit' = 'DAYS',
  'storage.location.template' = 's3://kafka-stock-market-project/stock-market/parquet/dt=${dt}/'
)
