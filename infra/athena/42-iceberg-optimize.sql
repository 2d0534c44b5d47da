-- Rewrites the small files of the Iceberg table of 40 into larger ones, for quicker queries.
--
-- Only AWS runs this. Run it after 41, about once a week; it can be limited to a partition: WHERE trade_date >= date '2026-01-01'.
-- Cost: reads what it rewrites; the files before stay until 43.
OPTIMIZE stock_market.records_iceberg REWRITE DATA USING BIN_PACK
