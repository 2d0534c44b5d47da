-- Which trade dates of a symbol were sent more than once with different closes: the first close and the latest, by arrival.
--
-- Reads the view records, with one record an object. The view bars takes the latest.
-- Cost: reads every object, once.
SELECT
  "index" AS symbol,
  "date" AS trade_date,
  count(*) AS records,
  min_by(close, object) AS first_close,
  max_by(close, object) AS latest_close,
  regexp_extract(max(object), '[^/]+$') AS latest_object
FROM stock_market.records
WHERE "index" IS NOT NULL AND "date" IS NOT NULL AND close IS NOT NULL
GROUP BY "index", "date"
HAVING count(DISTINCT close) > 1
ORDER BY symbol, trade_date
