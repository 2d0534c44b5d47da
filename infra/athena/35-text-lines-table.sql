-- The landed records as lines of text, nothing read yet: what --statement any-spelling reads.
--
-- Printed by: consumer ddl --bucket kafka-stock-market-project --statement lines --from 2026-11-01
--
-- * The field delimiter is a sign that no JSON has: a line is one column.
-- * dt is the day in UTC of the record's Kafka timestamp: neither the trade date nor the day of landing.
-- * Athena computes the days from the range: no crawler and no ALTER TABLE is needed. A date outside of it has no rows,
--   without any error: --from must be at or before the first dt= folder.
-- * Where there is a table of this name, Athena ends with an error. To change it, run DROP TABLE
--   `stock_market`.`raw_lines` first: the objects stay.
CREATE EXTERNAL TABLE `stock_market`.`raw_lines` (
  `line` string
)
PARTITIONED BY (`dt` string)
ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe'
WITH SERDEPROPERTIES (
  'field.delim' = '\u0001'
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
