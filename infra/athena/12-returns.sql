-- What each symbol returned, from close to close and in all, over the 30 days up to its own newest trade date, in percent.
--
-- Reads the view bars, any layout. The return in all counts from the first close of the 30 days.
-- Cost: reads every object, once.
WITH closes AS (
  SELECT
    symbol,
    trade_date,
    close,
    lag(close) OVER (PARTITION BY symbol ORDER BY trade_date) AS close_before,
    max(trade_date) OVER (PARTITION BY symbol) AS newest
  FROM stock_market.bars
  WHERE close > 0
)
SELECT
  symbol,
  trade_date,
  close,
  100 * (close / close_before - 1) AS daily_return_percent,
  100 * (close / first_value(close) OVER (PARTITION BY symbol ORDER BY trade_date) - 1) AS cumulative_return_percent
FROM closes
WHERE trade_date > newest - INTERVAL '30' DAY
ORDER BY symbol, trade_date
