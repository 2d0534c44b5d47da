-- When the average of the last 20 closes of a symbol crossed that of the last 50: upwards or downwards, the newest first.
--
-- Reads the view bars, any layout. The first 50 closes of a symbol have no crossing.
-- Cost: reads every object, once.
WITH averages AS (
  SELECT
    symbol,
    trade_date,
    close,
    row_number() OVER (PARTITION BY symbol ORDER BY trade_date) AS position,
    avg(close) OVER (PARTITION BY symbol ORDER BY trade_date ROWS BETWEEN 19 PRECEDING AND CURRENT ROW) AS average_20,
    avg(close) OVER (PARTITION BY symbol ORDER BY trade_date ROWS BETWEEN 49 PRECEDING AND CURRENT ROW) AS average_50
  FROM stock_market.bars
  WHERE close > 0
),
sides AS (
  SELECT
    symbol,
    trade_date,
    close,
    average_20,
    average_50,
    average_20 > average_50 AS above,
    lag(average_20 > average_50) OVER (PARTITION BY symbol ORDER BY trade_date) AS above_before
  FROM averages
  WHERE position >= 50
)
SELECT
  symbol,
  trade_date,
  if(above, 'upwards', 'downwards') AS direction,
  close,
  average_20,
  average_50
FROM sides
WHERE above <> above_before
ORDER BY trade_date DESC, symbol
