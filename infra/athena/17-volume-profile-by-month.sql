-- In which months of the year each symbol is traded more than usual: its average volume a trade date, against that of all its months.
--
-- Reads the view bars, any layout. Trade dates without volume do not count: many indexes have none in their first decades.
-- Cost: reads every object, once.
WITH months AS (
  SELECT
    symbol,
    month(trade_date) AS month_of_year,
    count(*) AS trade_dates,
    sum(volume) AS volume
  FROM stock_market.bars
  WHERE volume > 0
  GROUP BY symbol, month(trade_date)
)
SELECT
  symbol,
  month_of_year,
  trade_dates,
  volume / trade_dates AS average_volume,
  (volume / trade_dates)
    / (sum(volume) OVER (PARTITION BY symbol) / sum(trade_dates) OVER (PARTITION BY symbol)) AS against_all_months
FROM months
ORDER BY symbol, month_of_year
