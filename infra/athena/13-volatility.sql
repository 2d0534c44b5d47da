-- How much each symbol swung over the 365 days up to its own newest trade date: the standard deviation of its daily log returns.
--
-- Reads the view bars, any layout. A year has about 252 trade dates: that many make the annual volatility out of the daily one.
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
),
returns AS (
  SELECT symbol, trade_date, ln(close) - ln(close_before) AS log_return
  FROM closes
  WHERE close_before IS NOT NULL AND trade_date > newest - INTERVAL '365' DAY
)
SELECT
  symbol,
  count(*) AS returns,
  stddev_samp(log_return) AS daily_volatility,
  stddev_samp(log_return) * sqrt(252) AS annual_volatility,
  min(log_return) AS worst_log_return,
  max(log_return) AS best_log_return
FROM returns
GROUP BY symbol
ORDER BY symbol
