-- The landed records as a table: one object per record, nothing converted.
--
-- * Another bucket or prefix: change it in LOCATION and in storage.location.template, which must agree.
-- * Numbers are double: the CSV writes volumes as 913608400.0, some beyond 32 bits. Cast in the queries.
-- * A mapping goes from a column to the lower-cased key of the record: Adj Close and CloseUSD. For records that were sent with
--   --fields snake leave the two mappings out, their keys are the names of the columns.
-- * The raw records have to fit: a key in another spelling than above is NULL here, and one object or array in a number column makes
--   every query fail. A consumer with --check-columns lands only records that fit the columns, and the view of 11 reads all of them.
-- * dt is the day in UTC on which Kafka got the record, not the trade date in the column date.
-- * Athena computes the days from the range, no crawler and no ALTER TABLE is needed. A day outside of it has no rows, without any
--   error: let it begin at or before the first dt= folder. A consumer with --partition-by field:Date needs 1965-01-01 there.
-- * A consumer with --granularity hour needs the format yyyy-MM-dd-HH, the unit HOURS and a range such as 2026-11-01-00,NOW+1HOURS.
CREATE EXTERNAL TABLE IF NOT EXISTS `stock_market`.`raw_json` (
  `index` string,
  `date` string,
  `open` double,
  `high` double,
  `low` double,
  `close` double,
  `adj_close` double,
  `volume` double,
  `close_usd` double
)
PARTITIONED BY (`dt` string)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
WITH SERDEPROPERTIES (
  'case.insensitive' = 'TRUE',
  'ignore.malformed.json' = 'FALSE',
  'mapping.adj_close' = 'adj close',
  'mapping.close_usd' = 'closeusd'
)
STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION 's3://kafka-stock-market-project/stock-market/json/'
TBLPROPERTIES (
  'classification' = 'json',
  'projection.enabled' = 'true',
  'projection.dt.type' = 'date',
  'projection.dt.format' = 'yyyy-MM-dd',
  'projection.dt.range' = '2026-11-01,NOW+1DAYS',
  'projection.dt.interval' = '1',
  'projection.dt.interval.unit' = 'DAYS',
  'storage.location.template' = 's3://kafka-stock-market-project/stock-market/json/dt=${dt}/'
)
