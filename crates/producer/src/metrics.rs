//! The numbers that Prometheus reads. Their names appear only here.
//!
//! Not here: where the numbers come from (see `status.rs`) and how they are served (see `http.rs`).
//! No value of a record, no key and no secret may become part of a name or label.

use metrics::{counter, describe_counter, describe_gauge, gauge};

use crate::status::Numbers;

const COUNTERS: [(&str, &str); 11] = [
    (
        "producer_rows_read_total",
        "rows read from the inputs, good and bad",
    ),
    ("producer_rows_skipped_total", "bad rows that were not sent"),
    (
        "producer_rows_left_out_total",
        "rows that --symbols, --from or --to leave out; they do not count as read",
    ),
    (
        "producer_steps_back_total",
        "records that happened before the record before them, with --speed",
    ),
    (
        "producer_input_bytes_total",
        "bytes read of the inputs, as they are on the disk",
    ),
    (
        "producer_records_sent_total",
        "records handed to the Kafka client, or printed by a dry run",
    ),
    (
        "producer_sent_bytes_total",
        "bytes of the keys and values of the records sent",
    ),
    (
        "producer_records_acknowledged_total",
        "records that Kafka has acknowledged, or that a dry run has printed",
    ),
    (
        "producer_records_failed_total",
        "records that Kafka has refused or not acknowledged in time",
    ),
    (
        "producer_transmitted_bytes_total",
        "bytes sent to the brokers, compressed, requests of all kinds",
    ),
    (
        "producer_disconnects_total",
        "connections to brokers that were lost",
    ),
];

const GAUGES: [(&str, &str); 4] = [
    (
        "producer_behind_schedule_seconds",
        "how long the last record was due by --rate or --speed before it was sent",
    ),
    (
        "producer_queued_records",
        "records in the Kafka client's queue: they wait for their batch or are in flight",
    ),
    (
        "producer_queued_bytes",
        "bytes of the records in the Kafka client's queue",
    ),
    (
        "producer_brokers_connected",
        "brokers that this process is connected to",
    ),
];

/// Describes each metric to the current recorder; call it once per recorder.
pub(crate) fn describe() {
    for (name, meaning) in COUNTERS {
        describe_counter!(name, meaning);
    }
    for (name, meaning) in GAUGES {
        describe_gauge!(name, meaning);
    }
}

/// Sets each metric to its current number.
pub(crate) fn update(numbers: &Numbers) {
    counter!("producer_rows_read_total").absolute(numbers.rows_read);
    counter!("producer_rows_skipped_total").absolute(numbers.rows_skipped);
    counter!("producer_rows_left_out_total").absolute(numbers.rows_left_out);
    counter!("producer_steps_back_total").absolute(numbers.back);
    counter!("producer_input_bytes_total").absolute(numbers.input_bytes);
    counter!("producer_records_sent_total").absolute(numbers.sent);
    counter!("producer_sent_bytes_total").absolute(numbers.sent_bytes);
    counter!("producer_records_acknowledged_total").absolute(numbers.acknowledged);
    counter!("producer_records_failed_total").absolute(numbers.failed);
    counter!("producer_transmitted_bytes_total").absolute(numbers.client.transmitted_bytes);
    counter!("producer_disconnects_total").absolute(numbers.client.disconnects);
    gauge!("producer_behind_schedule_seconds").set(numbers.behind.as_secs_f64());
    gauge!("producer_queued_records").set(numbers.queued as f64);
    gauge!("producer_queued_bytes").set(numbers.client.queued_bytes as f64);
    gauge!("producer_brokers_connected").set(numbers.client.brokers_connected as f64);
}
