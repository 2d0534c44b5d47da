-- What the ETL job put aside: records that are no bar, and values that no column could hold. Costs nothing by itself.
--
-- Only AWS runs this: Athena makes the table and its metadata in S3.
--
-- Printed by: consumer ddl --bucket kafka-stock-market-project --statement curated-rejected
--
-- * The job (infra/glue/etl) makes the same table at its first run, where there is none. records says how many records
--   of the object have this text.
-- * A record with the reason unreadable-value is a bar, too, with NULL in the columns of detail. One with the reason
--   date-to-come waits for its trade_date.
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
