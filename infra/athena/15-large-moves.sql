-- On which trade dates a symbol closed 5 percent or more above or below its close before, the largest move first.
--
-- Reads the view bars, any layout. Another threshold: change the 0.05.
-- Cost: reads every object, once.
WITH changes AS (
  SELECT
    symbol,
    trade_date,
    close,
    lag(close) OVER (PARTITION BY symbol ORDER BY trade_date) AS close_before
  FROM stock_market.bars
  WHERE close > 0
)
SELECT
  symbol,
  trade_date,
  close_before,
  close,
  100 * (close / close_before - 1) AS change_percent
FROM changes
WHERE abs(close / close_before - 1) >= 0.05
ORDER BY abs(close / close_before - 1) DESC, symbol, trade_date
