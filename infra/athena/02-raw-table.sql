-- The landed records as a table, from objects of one JSON record each: nothing is converted.
--
-- Printed by: consumer ddl --bucket kafka-stock-market-project --statement table --from 2026-11-01
--
-- * Every column is text, so that no record can make a query fail: an object in a number column is its JSON. The view
--   records gives the columns their types: query that one.
-- * A mapping leads from a column to the key of the record, in lower case: the SerDe ignores the case of keys. Another
--   spelling is NULL here, and the view any_spelling reads all of them.
-- * dt is the day in UTC of the record's Kafka timestamp: neither the trade date nor the day of landing.
-- * Athena computes the days from the range: no crawler and no ALTER TABLE is needed. A date outside of it has no rows,
--   without any error: --from must be at or before the first dt= folder.
-- * Where there is a table of this name, Athena ends with an error. To change it, run DROP TABLE
--   `stock_market`.`raw_json` first: the objects stay.
CREATE EXTERNAL TABLE `stock_market`.`raw_json` (
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
LOCATION 's3://kafka-stock-market-project/stock-market/json/'
TBLPROPERTIES (
  'classification' = 'json',
  'projection.dt.format' = 'yyyy-MM-dd',
  'projection.dt.interval' = '1',
  'projection.dt.interval.unit' = 'DAYS',
  'projection.dt.range' = '2026-11-01,NOW+1DAYS',
  'projection.dt.type' = 'date',
  'projection.enabled' = 'true',
  'storage.location.template' = 's3://kafka-stock-market-project/stock-market/json/dt=${dt}/'
)
