-- The close of each symbol and its moving averages over 5, 20 and 50 trade dates, on the 30 days up to its own newest one.
--
-- Reads the view bars, any layout. An average is NULL until there are as many closes as it needs.
-- Cost: reads every object, once.
WITH averages AS (
  SELECT
    symbol,
    trade_date,
    close,
    row_number() OVER (PARTITION BY symbol ORDER BY trade_date) AS position,
    avg(close) OVER (PARTITION BY symbol ORDER BY trade_date ROWS BETWEEN 4 PRECEDING AND CURRENT ROW) AS average_5,
    avg(close) OVER (PARTITION BY symbol ORDER BY trade_date ROWS BETWEEN 19 PRECEDING AND CURRENT ROW) AS average_20,
    avg(close) OVER (PARTITION BY symbol ORDER BY trade_date ROWS BETWEEN 49 PRECEDING AND CURRENT ROW) AS average_50,
    max(trade_date) OVER (PARTITION BY symbol) AS newest
  FROM stock_market.bars
  WHERE close IS NOT NULL
)
SELECT
  symbol,
  trade_date,
  close,
  CASE WHEN position >= 5 THEN average_5 END AS average_5,
  CASE WHEN position >= 20 THEN average_20 END AS average_20,
  CASE WHEN position >= 50 THEN average_50 END AS average_50
FROM averages
WHERE trade_date > newest - INTERVAL '30' DAY
ORDER BY symbol, trade_date
