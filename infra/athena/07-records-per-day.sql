-- How many records each folder holds, of how many symbols, and which trade dates they are about. The first thing to look at.
--
-- Reads the view records, any layout: by default a folder is a day.
-- Cost: reads every object. To look at a few days only, write before GROUP BY: WHERE dt >= '2026-11-20'
SELECT
  dt,
  count(*) AS records,
  count(DISTINCT "index") AS symbols,
  min("date") AS first_trade_date,
  max("date") AS last_trade_date
FROM stock_market.records
GROUP BY dt
ORDER BY dt
