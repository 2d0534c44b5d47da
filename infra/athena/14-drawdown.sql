-- How far each symbol ever fell below its highest close so far, when that was, and where it stands now, in percent.
--
-- Reads the view bars, any layout.
-- Cost: reads every object, once.
WITH peaks AS (
  SELECT
    symbol,
    trade_date,
    close,
    max(close) OVER (PARTITION BY symbol ORDER BY trade_date ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS peak
  FROM stock_market.bars
  WHERE close > 0
),
falls AS (
  SELECT
    symbol,
    trade_date,
    100 * (close / peak - 1) AS drawdown,
    row_number() OVER (PARTITION BY symbol ORDER BY close / peak, trade_date) AS depth,
    row_number() OVER (PARTITION BY symbol ORDER BY trade_date DESC) AS newness
  FROM peaks
)
SELECT
  symbol,
  max(drawdown) FILTER (WHERE depth = 1) AS deepest_drawdown_percent,
  max(trade_date) FILTER (WHERE depth = 1) AS deepest_on,
  max(drawdown) FILTER (WHERE newness = 1) AS drawdown_now_percent,
  max(trade_date) AS last_trade_date
FROM falls
GROUP BY symbol
ORDER BY deepest_drawdown_percent, symbol
