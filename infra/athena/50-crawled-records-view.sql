-- The view records over the table of Glue's crawler: the same columns and types.
--
-- Printed by: consumer ddl --bucket kafka-stock-market-project --statement crawled-records --table crawled_json
--
-- * It reads the table crawled_json, which the crawler of infra/glue/crawler.json makes: its columns have the names of
--   the keys in lower case, blanks included, and the types that the crawler saw in its samples.
-- * A value that does not fit the crawler's type may end a query with an error. In the table that consumer ddl prints
--   every column is text, and none does.
-- * The bars over it are those of: --statement bars --table crawled_json.
CREATE OR REPLACE VIEW stock_market.crawled_json_records AS
WITH texts AS (
  SELECT
    CAST("index" AS varchar) AS "index",
    CAST("date" AS varchar) AS "date",
    CAST("open" AS varchar) AS "open",
    CAST("high" AS varchar) AS "high",
    CAST("low" AS varchar) AS "low",
    CAST("close" AS varchar) AS "close",
    CAST("adj close" AS varchar) AS "adj_close",
    CAST("volume" AS varchar) AS "volume",
    CAST("closeusd" AS varchar) AS "close_usd",
    dt,
    "$path" AS object
  FROM stock_market.crawled_json
)
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
  object
FROM texts
