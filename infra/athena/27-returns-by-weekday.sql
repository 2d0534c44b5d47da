-- On which days of the week each symbol rose, 1 for Monday to 7 for Sunday: its average return, and how often it closed higher.
--
-- Reads the view bars, any layout.
-- Cost: reads every object, once.
WITH closes AS (
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
  day_of_week(trade_date) AS weekday,
  count(*) AS returns,
  100 * avg(close / close_before - 1) AS average_return_percent,
  100e0 * count_if(close > close_before) / count(*) AS closed_higher_percent
FROM closes
WHERE close_before IS NOT NULL
GROUP BY symbol, day_of_week(trade_date)
ORDER BY symbol, weekday
