//! Days and instants, from the texts that records hold and back to the texts that Athena reads.
//!
//! Two rules read times, and they differ:
//!
//! - The **column rule** decides which instant a cell of a timestamp column holds. **Rule 2 of date
//!   partitions** is the same rule: see [`partition_rule_2`].
//! - **Rule 1 of date partitions** decides which `dt=…` folder a record of an old zone goes to. It
//!   is frozen: a record that is read again must go to the folder where it already is.
//!
//! Where both take a text, they mean the same instant, except for leap seconds: `23:59:60` is the
//! first second of the next day in a column and still the old day for rule 1. Otherwise they differ
//! in what they take:
//!
//! - only the column rule takes `+02` without minutes, texts longer than 40 bytes, and tabs before
//!   the zone;
//! - only rule 1 takes text that follows the zone (`+02:00xyz`), blanks or colons between hours and
//!   minutes of the zone, clocks without leading zeros (`7:30:00`), blanks in the clock, and the
//!   last hours of the year 0 where the zone moves them into the year 1.
//!
//! A [`TimeFormat`] reads the times of rows that are replayed: by the column rule, or in a form and
//! a zone that the user names.
//!
//! Only the years 1 to 9999 pass, when reading and when writing: readers of other years disagree.

mod calendar;
mod column_rule;
mod partition_rule_1;
mod partition_rule_2;
mod time_format;
mod time_zone;
mod write;

pub(crate) use calendar::MILLIS_PER_DAY;
pub use calendar::{TIMESTAMPS, parse_date};
pub(crate) use column_rule::parse_column_timestamp;
pub use partition_rule_1::parse_partition_time_1;
pub use partition_rule_2::{DateForm, parse_partition_time_2};
pub use time_format::{TimeFormat, TimeFormatError};
pub use time_zone::TimeZone;
pub use write::{append_date, append_timestamp};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{TIMESTAMPS, append_timestamp, parse_column_timestamp, parse_partition_time_1};

    /// The hour that each rule reads, `2021-06-03 15`.
    fn hours(text: &str) -> (Option<String>, Option<String>) {
        let partition =
            parse_partition_time_1(text).map(|time| time.format("%Y-%m-%d %H").to_string());
        let column = parse_column_timestamp(text).map(|millis| {
            let mut out = Vec::new();
            append_timestamp(millis, &mut out);
            String::from_utf8(out[..13].to_vec()).unwrap()
        });
        (partition, column)
    }

    #[test]
    fn the_rules_differ_on_these_texts() {
        let long = format!("2021-06-03T15:30:00.{}Z", "1".repeat(20));
        for (text, partition, column) in [
            // The zone.
            ("2021-06-03T15:30:00+02", None, Some("2021-06-03 13")),
            ("2021-06-03 23:30-05", None, Some("2021-06-04 04")),
            ("2021-06-03T15:30:00+02:00xyz", Some("2021-06-03 13"), None),
            ("2021-06-03T15:30:00+0200 CEST", Some("2021-06-03 13"), None),
            ("2021-06-03T15:30:00+02:00:00", Some("2021-06-03 13"), None),
            ("2021-06-03T15:30:00+02 00", Some("2021-06-03 13"), None),
            ("2021-06-03T15:30:00+02: :00", Some("2021-06-03 13"), None),
            ("2021-06-03T15:30:00\tZ", None, Some("2021-06-03 15")),
            // The clock.
            ("2021-06-03T7:30:00", Some("2021-06-03 07"), None),
            ("2021-06-03T07:3:00", Some("2021-06-03 07"), None),
            ("2021-06-03T 7:30", Some("2021-06-03 07"), None),
            ("2021-06-03T  7:30:00", Some("2021-06-03 07"), None),
            ("2021-06-03T15: 30:00", Some("2021-06-03 15"), None),
            // The length.
            (&long, None, Some("2021-06-03 15")),
            // Leap seconds.
            (
                "2016-12-31T23:59:60Z",
                Some("2016-12-31 23"),
                Some("2017-01-01 00"),
            ),
            (
                "2017-01-01T00:59:60.5+01:00",
                Some("2016-12-31 23"),
                Some("2017-01-01 00"),
            ),
            // The first and the last hours.
            ("0000-12-31T23:30:00-01:00", Some("0001-01-01 00"), None),
            ("9999-12-31T23:59:60Z", Some("9999-12-31 23"), None),
        ] {
            let read = hours(text);
            assert_eq!(
                (read.0.as_deref(), read.1.as_deref()),
                (partition, column),
                "{text:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn where_both_rules_take_a_text_they_mean_the_same_instant(
            date in "(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9])",
            sign in "[Tt ]",
            clock in "[0-2]?[0-9]:[0-5]?[0-9](:[0-5]?[0-9](\\.[0-9]{0,10})?)?",
            zone in " ?|Z|z| ?[+-][0-2][0-9]:?[0-5][0-9]x?",
        ) {
            let text = format!("{date}{sign}{clock}{zone}");
            if let (Some(partition), Some(column)) = (parse_partition_time_1(&text), parse_column_timestamp(&text)) {
                prop_assert!(TIMESTAMPS.contains(&column));
                prop_assert_eq!(partition.and_utc().timestamp_millis(), column, "{}", text);
            }
        }
    }
}
