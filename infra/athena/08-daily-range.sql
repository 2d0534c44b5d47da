-- How far each symbol moved within a day, in points and in percent of the low, over the 30 days up to its own newest trade date.
--
-- Reads the view bars, any layout.
-- Cost: reads every object, once.
WITH dated AS (
  SELECT symbol, trade_date, high, low, max(trade_date) OVER (PARTITION BY symbol) AS newest
  FROM stock_market.bars
)
SELECT
  trade_date,
  symbol,
  low,
  high,
  high - low AS daily_range,
  round(100 * (high - low) / nullif(low, 0), 2) AS daily_range_percent
FROM dated
WHERE trade_date > newest - INTERVAL '30' DAY
ORDER BY trade_date DESC, symbol
