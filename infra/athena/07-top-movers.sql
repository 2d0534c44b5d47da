-- Which symbols moved most from one close to the next, each on its own newest trade date, the largest move first.
-- A row that was replayed twice counts once. Reads every object, once.
WITH bars AS (
  SELECT "index", TRY_CAST("date" AS date) AS trade_date, max(close) AS close
  FROM stock_market.raw_json
  GROUP BY "index", TRY_CAST("date" AS date)
),
changes AS (
  SELECT
    "index",
    trade_date,
    close,
    lag(close) OVER (PARTITION BY "index" ORDER BY trade_date) AS close_before,
    row_number() OVER (PARTITION BY "index" ORDER BY trade_date DESC) AS newness
  FROM bars
  WHERE trade_date IS NOT NULL
)
SELECT
  "index",
  trade_date,
  close_before,
  close,
  round(100 * (close / nullif(close_before, 0) - 1), 2) AS change_percent
FROM changes
WHERE newness = 1
ORDER BY abs(close / nullif(close_before, 0) - 1) DESC, "index"
