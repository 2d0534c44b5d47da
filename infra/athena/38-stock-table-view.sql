-- The table of the original tutorial's query: symbol, price and time.
--
-- Printed by: consumer ddl --bucket kafka-stock-market-project --statement stock-table
--
-- * It needs the database stock_data_db, and reads the view bars of the database stock_market.
-- * time is the trade date. A replayed CSV ends in 2021, so that its last seven days are not the last seven days of
--   today.
CREATE OR REPLACE VIEW stock_data_db.stock_table AS
SELECT symbol, "close" AS price, trade_date AS "time"
FROM stock_market.bars
