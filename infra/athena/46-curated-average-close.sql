-- The question of 05, asked of the ETL job's table: the average close of each symbol over the seven days up to its own newest trade date.
--
-- Only AWS runs this: the table is Iceberg's.
-- Reads the table curated_bars of 44. Its answer is that of 05 as soon as the job has read what landed.
-- Cost: reads two columns and the partition of each symbol, a few MB at most; 05 reads every object.
WITH dated AS (
  SELECT symbol, trade_date, close, max(trade_date) OVER (PARTITION BY symbol) AS newest
  FROM stock_market.curated_bars
)
SELECT
  symbol,
  count(close) AS closes,
  max(trade_date) AS last_trade_date,
  avg(close) AS average_close
FROM dated
WHERE trade_date > newest - INTERVAL '7' DAY
GROUP BY symbol
ORDER BY symbol
