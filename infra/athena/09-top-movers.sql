-- Which symbols moved most from one close to the next, each on its own newest trade date, the largest move first.
--
-- Reads the view bars, any layout. A trade date without a close is passed over.
-- Cost: reads every object, once.
WITH changes AS (
  SELECT
    symbol,
    trade_date,
    close,
    lag(close) OVER (PARTITION BY symbol ORDER BY trade_date) AS close_before,
    row_number() OVER (PARTITION BY symbol ORDER BY trade_date DESC) AS newness
  FROM stock_market.bars
  WHERE close > 0
)
SELECT
  symbol,
  trade_date,
  close_before,
  close,
  round(100 * (close / close_before - 1), 2) AS change_percent
FROM changes
WHERE newness = 1 AND close_before IS NOT NULL
ORDER BY abs(close / close_before - 1) DESC, symbol
