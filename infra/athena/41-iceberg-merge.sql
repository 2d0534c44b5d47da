-- Brings what landed yesterday and today into the Iceberg table of 40: a record that is there already is left alone.
--
-- Only AWS runs this. It may run as often as you like, and again after an error: the rows of a record have one topic, partition and
-- offset. A schedule of once a day misses nothing; after a longer pause change the 1.
-- * Reads the table parquet_metadata, which this prints:
--   consumer ddl --bucket kafka-stock-market-project --statement table --format parquet --with-metadata
--   --prefix stock-market/parquet-metadata --table parquet_metadata --from 2026-11-01
-- * A topic that was deleted and made again begins at offset 0: give it another name in kafka_topic then.
-- Cost: reads the objects of two days, and of the Iceberg table the three columns of Kafka.
MERGE INTO stock_market.records_iceberg AS kept
USING (
  SELECT
    "index" AS symbol,
    "date" AS trade_date,
    open,
    high,
    low,
    close,
    adj_close,
    volume,
    close_usd,
    'stock-market' AS kafka_topic,
    kafka_partition,
    kafka_offset,
    kafka_timestamp
  FROM stock_market.parquet_metadata
  WHERE dt >= date_format(current_date - INTERVAL '1' DAY, '%Y-%m-%d')
) AS landed
ON kept.kafka_topic = landed.kafka_topic
  AND kept.kafka_partition = landed.kafka_partition
  AND kept.kafka_offset = landed.kafka_offset
WHEN NOT MATCHED THEN INSERT (
  symbol,
  trade_date,
  open,
  high,
  low,
  close,
  adj_close,
  volume,
  close_usd,
  kafka_topic,
  kafka_partition,
  kafka_offset,
  kafka_timestamp
) VALUES (
  landed.symbol,
  landed.trade_date,
  landed.open,
  landed.high,
  landed.low,
  landed.close,
  landed.adj_close,
  landed.volume,
  landed.close_usd,
  landed.kafka_topic,
  landed.kafka_partition,
  landed.kafka_offset,
  landed.kafka_timestamp
)
