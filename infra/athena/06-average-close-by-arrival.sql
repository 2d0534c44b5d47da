-- The average close of each symbol over everything that arrived today and on the six days before, in UTC.
--
-- Reads the view records. Right for a live feed. A replayed CSV arrives within seconds: then this is the average over all its years,
-- and the question of the last seven days on the market is 05.
-- * dt must be the time of arrival: in a zone by a field of the record (field:Date) it is not, and 05 is the query.
-- * In a zone by months or years this is the average of the whole months or years in which the seven days lie: see first_dt.
-- * Each record counts, also one that was sent again.
-- Cost: reads the objects of seven days.
SELECT
  "index" AS symbol,
  min(dt) AS first_dt,
  max(dt) AS last_dt,
  count(*) AS records,
  avg(close) AS average_close
FROM stock_market.records
WHERE dt >= substr(date_format(current_date - INTERVAL '6' DAY, '%Y-%m-%d'), 1, length(dt))
  AND "index" IS NOT NULL
GROUP BY "index"
ORDER BY symbol
