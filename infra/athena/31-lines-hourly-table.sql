-- The landed records as a table, from batches of JSON Lines: nothing is converted.
--
-- Printed by: consumer ddl --bucket kafka-stock-market-project --statement table --format jsonl --granularity hour --table lines_hourly --from 2026-11-01-00
--
-- * Every column is text, so that no record can make a query fail: an object in a number column is its JSON. The view
--   lines_hourly_records gives the columns their types: query that one.
-- * A mapping leads from a column to the key of the record, in lower case: the SerDe ignores the case of keys. Another
--   spelling is NULL here, and the view lines_hourly_any_spelling reads all of them.
-- * dt is the hour in UTC of the record's Kafka timestamp: neither the trade date nor the hour of landing.
-- * Athena computes the hours from the range: no crawler and no ALTER TABLE is needed. A date outside of it has no
--   rows, without any error: --from must be at or before the first dt= folder.
-- * Where there is a table of this name, Athena ends with an error. To change it, run DROP TABLE
--   `stock_market`.`lines_hourly` first: the objects stay.
CREATE EXTERNAL TABLE `stock_market`.`lines_hourly` (
  `index` string,
  `date` string,
  `open` string,
  `high` string,
  `low` string,
  `close` string,
  `adj_close` string,
  `volume` string,
  `close_usd` string
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
LOCATION 's3://kafka-stock-market-project/stock-market/jsonl/'
TBLPROPERTIES (
  'classification' = 'json',
  'projection.dt.format' = 'yyyy-MM-dd-HH',
  'projection.dt.interval' = '1',
  'projection.dt.interval.unit' = 'HOURS',
  'projection.dt.range' = '2026-11-01-00,NOW+1HOURS',
  'projection.dt.type' = 'date',
  'projection.enabled' = 'true',
  'storage.location.template' = 's3://kafka-stock-market-project/stock-market/jsonl/dt=${dt}/'
)
