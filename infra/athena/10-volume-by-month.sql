-- The volume of each symbol by month of the trade date, and on how many trade dates there was any.
--
-- Reads the view bars, any layout. A volume beyond what a bigint holds is no number of shares: such a month has NULL.
-- Cost: reads every object, once.
SELECT
  symbol,
  date_format(trade_date, '%Y-%m') AS trade_month,
  count_if(volume > 0) AS trade_dates_with_volume,
  TRY_CAST(round(sum(volume)) AS bigint) AS volume
FROM stock_market.bars
GROUP BY symbol, date_format(trade_date, '%Y-%m')
ORDER BY symbol, trade_month
