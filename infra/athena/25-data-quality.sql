-- What is wrong with the records, symbol by symbol: parts that are missing or no numbers, dates to come, prices that contradict, repeats.
--
-- Reads the view records, any layout. A number that is NULL here is missing in the record, or none: NaN, a text, an object, 1e999.
-- The row without a symbol holds the records that have none.
-- Cost: reads every object, once.
SELECT
  "index" AS symbol,
  count(*) AS records,
  count_if("date" IS NULL) AS without_date,
  count_if("date" > current_date) AS dated_after_today,
  count_if(close IS NULL) AS without_close,
  count_if(close <= 0) AS close_not_above_zero,
  count_if(volume IS NULL) AS without_volume,
  count_if(volume < 0) AS volume_below_zero,
  count_if(high < low) AS high_below_low,
  count_if(close > high OR close < low) AS close_outside_of_range,
  count("date") - count(DISTINCT "date") AS repeats_of_a_date
FROM stock_market.records
GROUP BY "index"
ORDER BY symbol
