-- The records with typed columns: what queries read where each record counts.
--
-- Printed by: consumer ddl --bucket kafka-stock-market-project --statement records
--
-- * Each column has the type of the schema, and a value that does not fit is NULL instead of an error: NaN, a blank,
--   1e999, 1d, 0x1p3 and an object are no numbers. A number may be text.
-- * A date may have a time, and the time a zone: it is the day in UTC, as in a Parquet column.
-- * dt is the partition column: a filter on it saves requests. object is the whole name of the record's object.
CREATE OR REPLACE VIEW stock_market.records AS
SELECT
  "index",
  CASE
    WHEN regexp_like("date", '\A[0-9]{4}-[0-9]{2}-[0-9]{2}\z')
      THEN TRY_CAST("date" AS date)
    WHEN regexp_like("date", '\A[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)? *([Zz]|[+-](0[0-9]|1[0-3])(:?[0-5][0-9])?|[+-]14(:?00)?)?\z')
      THEN TRY(CAST(from_iso8601_timestamp(substr("date", 1, 10) || 'T' || replace(substr("date", 12), ' ', '')) AT TIME ZONE 'UTC' AS date))
  END AS "date",
  CASE
    WHEN regexp_like("open", '\A-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\z')
      AND is_finite(TRY_CAST("open" AS double)) THEN TRY_CAST("open" AS double)
  END AS "open",
  CASE
    WHEN regexp_like("high", '\A-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\z')
      AND is_finite(TRY_CAST("high" AS double)) THEN TRY_CAST("high" AS double)
  END AS "high",
  CASE
    WHEN regexp_like("low", '\A-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\z')
      AND is_finite(TRY_CAST("low" AS double)) THEN TRY_CAST("low" AS double)
  END AS "low",
  CASE
    WHEN regexp_like("close", '\A-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\z')
      AND is_finite(TRY_CAST("close" AS double)) THEN TRY_CAST("close" AS double)
  END AS "close",
  CASE
    WHEN regexp_like("adj_close", '\A-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\z')
      AND is_finite(TRY_CAST("adj_close" AS double)) THEN TRY_CAST("adj_close" AS double)
  END AS "adj_close",
  CASE
    WHEN regexp_like("volume", '\A-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\z')
      AND is_finite(TRY_CAST("volume" AS double)) THEN TRY_CAST("volume" AS double)
  END AS "volume",
  CASE
    WHEN regexp_like("close_usd", '\A-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\z')
      AND is_finite(TRY_CAST("close_usd" AS double)) THEN TRY_CAST("close_usd" AS double)
  END AS "close_usd",
  dt,
  "$path" AS object
FROM stock_market.raw_json
