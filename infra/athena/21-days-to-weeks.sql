-- Bars of a week from bars of a day: first open, highest high, lowest low, last close, and the volume in all.
--
-- Reads the view bars, any layout. A week begins on Monday, and has the date of that day.
-- Cost: reads every object, once.
SELECT
  symbol,
  CAST(date_trunc('week', trade_date) AS date) AS trade_week,
  count(*) AS trade_dates,
  min_by(open, trade_date) AS open,
  max(high) AS high,
  min(low) AS low,
  max_by(close, trade_date) AS close,
  sum(volume) AS volume
FROM stock_market.bars
WHERE close IS NOT NULL
GROUP BY symbol, CAST(date_trunc('week', trade_date) AS date)
ORDER BY symbol, trade_week
