-- The landed records as lines of text, nothing read yet: what the view of 11 is made of.
--
-- * Works on --format jsonl too, with its prefix in both places.
-- * The field delimiter is a sign that no JSON has: a line is one column.
-- * Another bucket, prefix, granularity or first day: as in 02-raw-table.sql.
CREATE EXTERNAL TABLE IF NOT EXISTS `stock_market`.`raw_lines` (
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
  'projection.enabled' = 'true',
  'projection.dt.type' = 'date',
  'projection.dt.format' = 'yyyy-MM-dd',
  'projection.dt.range' = '2026-11-01,NOW+1DAYS',
  'projection.dt.interval' = '1',
  'projection.dt.interval.unit' = 'DAYS',
  'storage.location.template' = 's3://kafka-stock-market-project/stock-market/json/dt=${dt}/'
)
