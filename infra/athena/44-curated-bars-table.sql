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
