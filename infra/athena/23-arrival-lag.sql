-- How many days after its trade date each symbol's records arrived: the shortest, the median and the longest lag.
--
-- Reads the view records. dt must be the day or the hour of arrival: in a zone by months, years or a field of the record there is no
-- such lag, and no row here. A replayed CSV has lags of decades, a live feed of 0 or 1. Each record counts, also one that was sent again.
-- Cost: reads every object, once.
WITH lags AS (
  SELECT "index" AS symbol, date_diff('day', "date", TRY_CAST(substr(dt, 1, 10) AS date)) AS lag_days
  FROM stock_market.records
  WHERE length(dt) >= 10 AND "index" IS NOT NULL AND "date" IS NOT NULL
),
ranked AS (
  SELECT
    symbol,
    lag_days,
    row_number() OVER (PARTITION BY symbol ORDER BY lag_days) AS position,
    count(*) OVER (PARTITION BY symbol) AS records
  FROM lags
)
SELECT
  symbol,
  count(*) AS records,
  min(lag_days) AS shortest_lag_days,
  max(lag_days) FILTER (WHERE position <= (records + 1) / 2) AS median_lag_days,
  max(lag_days) AS longest_lag_days,
  count_if(lag_days < 0) AS records_before_their_date
FROM ranked
GROUP BY symbol
ORDER BY symbol
