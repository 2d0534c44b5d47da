-- Bars of a month from bars of a day: first open, highest high, lowest low, last close, and the volume in all.
--
-- Reads the view bars, any layout. A month has the date of its first day.
-- Cost: reads every object, once.
SELECT
  symbol,
  CAST(date_trunc('month', trade_date) AS date) AS trade_month,
  count(*) AS trade_dates,
  min_by(open, trade_date) AS open,
  max(high) AS high,
  min(low) AS low,
  max_by(close, trade_date) AS close,
  sum(volume) AS volume
FROM stock_market.bars
WHERE close IS NOT NULL
GROUP BY symbol, CAST(date_trunc('month', trade_date) AS date)
ORDER BY symbol, trade_month
