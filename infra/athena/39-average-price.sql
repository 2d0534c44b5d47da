-- The average price of each symbol over the last seven days: the query of the original tutorial, word for word.
--
-- Reads the view stock_table of 38, any layout. For a live feed: a replayed CSV ends in 2021, and has no row here (05 does).
-- Cost: reads every object, once.
SELECT symbol, AVG(price) AS avg_price FROM "stock_data_db"."stock_table" WHERE time > current_date - interval '7' day GROUP BY symbol;
