-- How far each symbol moved within a day, in points and in percent of the low, over the 30 days up to the newest trade date.
-- Reads every object, once.
WITH bars AS (
  SELECT "index", TRY_CAST("date" AS date) AS trade_date, max(high) AS high, min(low) AS low
  FROM stock_market.raw_json
  GROUP BY "index", TRY_CAST("date" AS date)
),
dated AS (
  SELECT "index", trade_date, high, low, max(trade_date) OVER () AS newest
  FROM bars
)
SELECT
  trade_date,
  "index",
  low,
  high,
  high - low AS daily_range,
  round(100 * (high - low) / nullif(low, 0), 2) AS daily_range_percent
FROM dated
WHERE trade_date > newest - INTERVAL '30' DAY
ORDER BY trade_date DESC, "index"
