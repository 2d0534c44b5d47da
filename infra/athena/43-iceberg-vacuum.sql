-- Deletes the files of the Iceberg table of 40 that no snapshot of the last five days needs.
--
-- Only AWS runs this. Run it after 42. A query on an older state of the table (FOR TIMESTAMP AS OF) is not possible afterwards: the
-- table property vacuum_max_snapshot_age_seconds sets another age than five days.
-- Cost: requests to S3 only; deletions are free.
VACUUM stock_market.records_iceberg
