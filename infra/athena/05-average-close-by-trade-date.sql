-- The average close of each symbol over the seven days up to its own newest trade date, whenever that arrived.
--
-- Reads the view bars, any layout. Right for a replayed CSV, which ends in 2021: see 06 for a live feed. A record that was sent again
-- counts once, and a corrected one replaces what it corrects.
-- Cost: reads every object, once.
WITH dated AS (
  SELECT symbol, trade_date, close, max(trade_date) OVER (PARTITION BY symbol) AS newest
  FROM stock_market.bars
)
SELECT
  symbol,
  count(close) AS closes,
  max(trade_date) AS last_trade_date,
  avg(close) AS average_close
FROM dated
WHERE trade_date > newest - INTERVAL '7' DAY
GROUP BY symbol
ORDER BY symbol
