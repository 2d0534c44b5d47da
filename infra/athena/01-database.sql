-- The database that holds the tables and views. It costs nothing by itself.
--
-- Printed by: consumer ddl --bucket kafka-stock-market-project --statement database
CREATE DATABASE IF NOT EXISTS stock_market
COMMENT 'Stock market records, landed from Kafka'
