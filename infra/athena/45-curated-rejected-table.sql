CREATE TABLE stock_market.curated_rejected (
  object string,
  reason string,
  detail string,
  trade_date date,
  records bigint,
  line string
)
LOCATION 's3://kafka-stock-market-project/stock-market/curated-rejected/'
TBLPROPERTIES (
  'table_type' = 'ICEBERG',
  'format' = 'parquet',
  'write_compression' = 'zstd'
)
