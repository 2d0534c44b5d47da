-- The average close of each symbol over everything that arrived today and on the six days before, in UTC.
-- Right for a live feed. A replayed CSV arrives within seconds: then this is the average over all its years, and the question of
-- the last seven days on the market is 05.
-- Reads the objects of seven days.
SELECT
  "index",
  count(*) AS records,
  avg(close) AS average_close
FROM stock_market.raw_json
WHERE dt >= date_format(current_date - INTERVAL '6' DAY, '%Y-%m-%d')
GROUP BY "index"
ORDER BY "index"
