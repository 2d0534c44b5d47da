-- Where the calendar of a symbol has a gap: more than five days from one trade date to the next, the longest first.
--
-- Reads the view bars, any layout. A weekend is three days, one with a holiday four or five: longer ones are closures, or records
-- that are missing.
-- Cost: reads every object, once.
WITH dates AS (
  SELECT
    symbol,
    trade_date,
    lag(trade_date) OVER (PARTITION BY symbol ORDER BY trade_date) AS trade_date_before
  FROM stock_market.bars
)
SELECT
  symbol,
  trade_date_before,
  trade_date,
  date_diff('day', trade_date_before, trade_date) AS days
FROM dates
WHERE date_diff('day', trade_date_before, trade_date) > 5
ORDER BY days DESC, symbol, trade_date
