-- Where the latest close of each symbol lies between its lowest and its highest close of the last 365 days: 0 is the low, 100 the high.
--
-- Reads the view bars, any layout. The 365 days end at the symbol's own newest trade date.
-- Cost: reads every object, once.
WITH dated AS (
  SELECT symbol, trade_date, close, max(trade_date) OVER (PARTITION BY symbol) AS newest
  FROM stock_market.bars
  WHERE close > 0
)
SELECT
  symbol,
  max(trade_date) AS last_trade_date,
  max_by(close, trade_date) AS latest_close,
  min(close) AS lowest_close,
  max(close) AS highest_close,
  100 * (max_by(close, trade_date) - min(close)) / nullif(max(close) - min(close), 0) AS position_percent
FROM dated
WHERE trade_date > newest - INTERVAL '365' DAY
GROUP BY symbol
ORDER BY symbol
