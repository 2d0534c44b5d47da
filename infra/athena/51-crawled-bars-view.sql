-- One row for each symbol and trade date, the latest by arrival: what queries about the market read.
--
-- Printed by: consumer ddl --bucket kafka-stock-market-project --statement bars --table crawled_json
--
-- * A record that was sent again counts once, and a corrected one replaces what it corrects: the names of objects rise
--   with dt and offset.
-- * A record without a symbol or a date is no bar, nor is one that is dated after today.
CREATE OR REPLACE VIEW stock_market.crawled_json_bars AS
WITH ranked AS (
  SELECT
    "index" AS symbol,
    "date" AS trade_date,
    "open",
    "high",
    "low",
    "close",
    "adj_close",
    "volume",
    "close_usd",
    row_number() OVER (PARTITION BY "index", "date" ORDER BY object DESC) AS newness
  FROM stock_market.crawled_json_records
  WHERE "index" IS NOT NULL AND "date" <= current_date
)
SELECT symbol, trade_date, "open", "high", "low", "close", "adj_close", "volume", "close_usd"
FROM ranked
WHERE newness = 1
