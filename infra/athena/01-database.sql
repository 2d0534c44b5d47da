-- The database that holds the tables. Costs nothing by itself.
CREATE DATABASE IF NOT EXISTS stock_market
COMMENT 'Stock market records, landed from Kafka'
