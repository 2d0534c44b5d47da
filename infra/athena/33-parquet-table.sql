-- The landed records as a table, from batches of Parquet: typed columns, compressed, few objects.
--
-- Printed by: consumer ddl --bucket kafka-stock-market-project --statement table --format parquet --from 2026-11-01
--
-- * The columns have the types of the schema. A json column is a string: json_extract_scalar reads it.
-- * The copy that consumer compact makes with --format parquet is the same table under the prefix of its --to.
-- * dt is the day in UTC of the record's Kafka timestamp: neither the trade date nor the day of landing.
-- * Athena computes the days from the range: no crawler and no ALTER TABLE is needed. A date outside of it has no rows,
--   without any error: --from must be at or before the first dt= folder.
-- * Where there is a table of this name, Athena ends with an error. To change it, run DROP TABLE
--   `stock_market`.`typed_parquet` first: the objects stay.
CREATE EXTERNAL TABLE `stock_market`.`typed_parquet` (
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
  'projection.dt.format' = 'yyyy-MM-dd',
  'projection.dt.interval' = '1',
  'projection.dt.interval.unit' = 'DAYS',
  'projection.dt.range' = '2026-11-01,NOW+1DAYS',
  'projection.dt.type' = 'date',
  'projection.enabled' = 'true',
  'storage.location.template' = 's3://kafka-stock-market-project/stock-market/parquet/dt=${dt}/'
)
