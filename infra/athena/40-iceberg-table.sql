-- An Iceberg table that keeps each record of the topic once, whatever landed it and however often it is filled. Costs nothing by itself.
--
-- Only AWS runs this: Athena makes the table and its metadata in S3. 41 fills it, 42 and 43 keep it small.
-- * A record is known by topic, partition and offset: the columns that a consumer with --format parquet --with-metadata writes.
-- * The name of a column is not quoted here, as Athena wants it for Iceberg: index and date have other names.
CREATE TABLE stock_market.records_iceberg (
  symbol string,
  trade_date date,
  open double,
  high double,
  low double,
  close double,
  adj_close double,
  volume double,
  close_usd double,
  kafka_topic string,
  kafka_partition bigint,
  kafka_offset bigint,
  kafka_timestamp timestamp
)
PARTITIONED BY (year(trade_date))
LOCATION 's3://kafka-stock-market-project/stock-market/iceberg/'
TBLPROPERTIES (
  'table_type' = 'ICEBERG',
  'format' = 'parquet',
  'write_compression' = 'zstd'
)
