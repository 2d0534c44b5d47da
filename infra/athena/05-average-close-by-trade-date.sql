-- The average close of each symbol over the seven days up to the newest trade date there is, whenever it arrived.
-- Right for a replayed CSV, which ends in 2021. A row that was replayed twice counts once.
-- Reads every object, once: the newest date is found in the same pass.
WITH bars AS (
  SELECT "index", TRY_CAST("date" AS date) AS trade_date, max(close) AS close
  FROM stock_market.raw_json
  GROUP BY "index", TRY_CAST("date" AS date)
),
dated AS (
  SELECT "index", trade_date, close, max(trade_date) OVER () AS newest
  FROM bars
)
SELECT
  "index",
  count(*) AS trade_dates,
  max(trade_date) AS last_trade_date,
  avg(close) AS average_close
FROM dated
WHERE trade_date > newest - INTERVAL '7' DAY
GROUP BY "index"
ORDER BY "index"
