-- The volume of each symbol by month of the trade date, and on how many trade dates there was any.
-- A row that was replayed twice counts once. Reads every object, once.
WITH bars AS (
  SELECT "index", "date", max(volume) AS volume
  FROM stock_market.raw_json
  GROUP BY "index", "date"
)
SELECT
  "index",
  substr("date", 1, 7) AS trade_month,
  count_if(volume > 0) AS trade_dates_with_volume,
  CAST(sum(volume) AS bigint) AS volume
FROM bars
GROUP BY "index", substr("date", 1, 7)
ORDER BY "index", trade_month
