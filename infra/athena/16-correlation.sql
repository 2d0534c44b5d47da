-- How closely two indexes move together, year by year: the correlation of their daily returns, 1 for the same, -1 for opposite moves.
--
-- Reads the view bars, any layout. Other indexes: change NYA and IXIC, each in both places. Only dates on which both closed count.
-- Cost: reads every object, once.
WITH closes AS (
  SELECT
    trade_date,
    max(close) FILTER (WHERE symbol = 'NYA') AS first_close,
    max(close) FILTER (WHERE symbol = 'IXIC') AS second_close
  FROM stock_market.bars
  WHERE close > 0 AND symbol IN ('NYA', 'IXIC')
  GROUP BY trade_date
),
returns AS (
  SELECT
    trade_date,
    first_close / lag(first_close) OVER (ORDER BY trade_date) - 1 AS first_return,
    second_close / lag(second_close) OVER (ORDER BY trade_date) - 1 AS second_return
  FROM closes
  WHERE first_close IS NOT NULL AND second_close IS NOT NULL
)
SELECT
  year(trade_date) AS trade_year,
  count(first_return) AS returns,
  corr(first_return, second_return) AS correlation
FROM returns
GROUP BY year(trade_date)
ORDER BY trade_year
