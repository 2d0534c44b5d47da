-- The records with typed columns, whatever the spelling of their names: for topics whose records differ.
--
-- Printed by: consumer ddl --bucket kafka-stock-market-project --statement any-spelling
--
-- * Case, blanks and other signs in the names do not matter: a column takes the field with its letters and digits. Of
--   two fields for one column it takes any.
-- * It is slower than the view records, because the query parses each line. The columns and their types are the same.
CREATE OR REPLACE VIEW stock_market.any_spelling AS
WITH members AS (
  SELECT dt, "$path" AS object, map_entries(TRY(CAST(json_parse(line) AS map(varchar, json)))) AS members
  FROM stock_market.raw_lines
),
fields AS (
  SELECT
    dt,
    object,
    multimap_from_entries(
      transform(members, member -> ROW(lower(regexp_replace(member[1], '[^\p{L}\p{N}]', '')), member[2]))
    ) AS field
  FROM members
),
texts AS (
  SELECT
    coalesce(TRY(CAST(field['index'][1] AS varchar)), TRY(json_format(field['index'][1]))) AS "index",
    coalesce(TRY(CAST(field['date'][1] AS varchar)), TRY(json_format(field['date'][1]))) AS "date",
    coalesce(TRY(CAST(field['open'][1] AS varchar)), TRY(json_format(field['open'][1]))) AS "open",
    coalesce(TRY(CAST(field['high'][1] AS varchar)), TRY(json_format(field['high'][1]))) AS "high",
    coalesce(TRY(CAST(field['low'][1] AS varchar)), TRY(json_format(field['low'][1]))) AS "low",
    coalesce(TRY(CAST(field['close'][1] AS varchar)), TRY(json_format(field['close'][1]))) AS "close",
    coalesce(TRY(CAST(field['adjclose'][1] AS varchar)), TRY(json_format(field['adjclose'][1]))) AS "adj_close",
    coalesce(TRY(CAST(field['volume'][1] AS varchar)), TRY(json_format(field['volume'][1]))) AS "volume",
    coalesce(TRY(CAST(field['closeusd'][1] AS varchar)), TRY(json_format(field['closeusd'][1]))) AS "close_usd",
    dt,
    object
  FROM fields
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
