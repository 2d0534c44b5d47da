-- The records by the policy that CSV and Parquet follow, for topics whose records differ: case, blanks and other signs in the names do
-- not matter, a number may be text, a date may have a time, and what does not fit a column is NULL there instead of an error.
--
-- * The queries before work on it as well, with records in the place of raw_json, but 08 needs CAST("date" AS varchar) in the place of
--   "date" where it takes the month.
-- * Slower than raw_json: each line is parsed by the query. Of two fields for one column it takes any.
-- * Another column: its name without signs, in lower case, in brackets after field.
CREATE OR REPLACE VIEW stock_market.records AS
WITH members AS (
  SELECT dt, map_entries(TRY(CAST(json_parse(line) AS map(varchar, json)))) AS members
  FROM stock_market.raw_lines
),
fields AS (
  SELECT
    dt,
    multimap_from_entries(
      transform(members, member -> ROW(lower(regexp_replace(member[1], '[^A-Za-z0-9]', '')), member[2]))
    ) AS field
  FROM members
)
SELECT
  coalesce(TRY(CAST(field['index'][1] AS varchar)), TRY(json_format(field['index'][1]))) AS "index",
  TRY(CAST(from_iso8601_timestamp(replace(CAST(field['date'][1] AS varchar), ' ', 'T')) AT TIME ZONE 'UTC' AS date)) AS "date",
  TRY(CAST(field['open'][1] AS double)) AS open,
  TRY(CAST(field['high'][1] AS double)) AS high,
  TRY(CAST(field['low'][1] AS double)) AS low,
  TRY(CAST(field['close'][1] AS double)) AS close,
  TRY(CAST(field['adjclose'][1] AS double)) AS adj_close,
  TRY(CAST(field['volume'][1] AS double)) AS volume,
  TRY(CAST(field['closeusd'][1] AS double)) AS close_usd,
  dt
FROM fields
