-- The bars that the ETL job keeps: one row for each symbol and trade date, in few objects. Costs nothing by itself.
--
-- Only AWS runs this: Athena makes the table and its metadata in S3.
--
-- Printed by: consumer ddl --bucket kafka-stock-market-project --statement curated-bars
--
-- * The job (infra/glue/etl) makes the same table at its first run, where there is none. It reads a zone of JSON.
-- * object is the name of the object whose record the row is from: a later one replaces it.
CREATE TABLE stock_market.curated_bars (
  symbol string,
  trade_date date,
  open double,
  high double,
  low double,
  close double,
  adj_close double,
  volume double,
  close_usd double,
  object string
)
PARTITIONED BY (symbol, year(trade_date))
LOCATION 's3://kafka-stock-market-project/stock-market/curated/'
TBLPROPERTIES (
  'table_type' = 'ICEBERG',
  'format' = 'parquet',
  'write_compression' = 'zstd'
)
