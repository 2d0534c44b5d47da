-- How many records arrived on each day, of how many symbols, and which trade dates they are about. The first thing to look at.
-- Reads every object. To look at a few days only, add: WHERE dt >= '2026-11-20'
SELECT
  dt,
  count(*) AS records,
  count(DISTINCT "index") AS symbols,
  min("date") AS first_trade_date,
  max("date") AS last_trade_date
FROM stock_market.raw_json
GROUP BY dt
ORDER BY dt
