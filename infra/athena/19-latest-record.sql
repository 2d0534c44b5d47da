-- The record of each symbol that arrived last, whatever its trade date, and the object that holds it.
--
-- Reads the view records, with one record an object: keys of objects rise with dt and offset. In a batch it takes any record of the
-- last object.
-- Cost: reads every object. For a live feed, add to WHERE: AND dt >= '2026-11-20'
WITH ranked AS (
  SELECT
    "index",
    "date",
    close,
    volume,
    dt,
    object,
    row_number() OVER (PARTITION BY "index" ORDER BY object DESC) AS newness
  FROM stock_market.records
  WHERE "index" IS NOT NULL
)
SELECT
  "index" AS symbol,
  "date" AS trade_date,
  close,
  volume,
  dt,
  regexp_extract(object, '[^/]+$') AS object
FROM ranked
WHERE newness = 1
ORDER BY symbol
