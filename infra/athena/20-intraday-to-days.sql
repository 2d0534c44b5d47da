-- Bars of a day from records whose date has a time: first open, highest high, lowest low, last close, and the volume in all.
--
-- Reads the table raw_json, since the views keep no time. The day is that of UTC; of two records for one instant, the later by arrival
-- counts. Records without a time are bars of a day already: see 21 and 22 for weeks and months.
-- Cost: reads every object, once.
WITH instants AS (
  SELECT
    "index" AS symbol,
    TRY(CAST(
      from_iso8601_timestamp(substr("date", 1, 10) || 'T' || replace(substr("date", 12), ' ', '')) AT TIME ZONE 'UTC' AS timestamp
    )) AS instant,
    CASE WHEN is_finite(TRY_CAST(open AS double)) THEN TRY_CAST(open AS double) END AS open,
    CASE WHEN is_finite(TRY_CAST(high AS double)) THEN TRY_CAST(high AS double) END AS high,
    CASE WHEN is_finite(TRY_CAST(low AS double)) THEN TRY_CAST(low AS double) END AS low,
    CASE WHEN is_finite(TRY_CAST(close AS double)) THEN TRY_CAST(close AS double) END AS close,
    CASE WHEN is_finite(TRY_CAST(volume AS double)) THEN TRY_CAST(volume AS double) END AS volume,
    "$path" AS object
  FROM stock_market.raw_json
  WHERE length("date") > 10
),
ranked AS (
  SELECT
    symbol,
    instant,
    open,
    high,
    low,
    close,
    volume,
    row_number() OVER (PARTITION BY symbol, instant ORDER BY object DESC) AS newness
  FROM instants
  WHERE symbol IS NOT NULL AND instant IS NOT NULL
)
SELECT
  symbol,
  CAST(instant AS date) AS trade_date,
  count(*) AS records,
  min_by(open, instant) AS open,
  max(high) AS high,
  min(low) AS low,
  max_by(close, instant) AS close,
  sum(volume) AS volume
FROM ranked
WHERE newness = 1
GROUP BY symbol, CAST(instant AS date)
ORDER BY symbol, trade_date
