-- The database that holds the tables and views. It costs nothing by itself.
--
-- Printed by: consumer ddl --bucket kafka-stock-market-project --statement database --database stock_data_db
CREATE DATABASE IF NOT EXISTS stock_data_db
COMMENT 'Stock market records, landed from Kafka'
