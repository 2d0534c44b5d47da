-- How many records each object holds, of how many symbols, the fullest first: whether batches are large enough.
--
-- Reads the table lines_hourly of 31, JSON Lines. Every table has the column "$path": for another one change the name after FROM.
-- Cost: reads every object. To look at a few hours only, write before GROUP BY: WHERE dt >= '2026-11-20-00'
SELECT
  dt,
  regexp_extract("$path", '[^/]+$') AS object,
  count(*) AS records,
  count(DISTINCT "index") AS symbols
FROM stock_market.lines_hourly
GROUP BY dt, "$path"
ORDER BY records DESC, dt, object
LIMIT 100
