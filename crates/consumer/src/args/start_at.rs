//! Where a new zone begins: the value of `--start`.

use schema::parse_partition_time_1;

/// Where a group without committed offsets begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAt {
    /// At the first record that Kafka still has.
    Earliest,
    /// After the last record.
    Latest,
    /// At the first record with this timestamp (milliseconds since 1970 UTC) or a later one.
    Timestamp(i64),
}

impl StartAt {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "earliest" => Ok(Self::Earliest),
            "latest" => Ok(Self::Latest),
            _ => parse_partition_time_1(text)
                .map(|time| Self::Timestamp(time.and_utc().timestamp_millis()))
                .ok_or_else(|| "is none of earliest, latest, a date (2026-11-21) or an ISO 8601 time (2026-11-21T07:00:00Z)".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_earliest_latest_or_a_time() {
        assert_eq!(StartAt::parse("latest"), Ok(StartAt::Latest));
        assert_eq!(
            StartAt::parse("1970-01-02"),
            Ok(StartAt::Timestamp(86_400_000))
        );
        assert_eq!(
            StartAt::parse("1970-01-01T01:00:00+01:00"),
            Ok(StartAt::Timestamp(0))
        );
        assert_eq!(
            StartAt::parse("1970-01-01T00:00:01"),
            Ok(StartAt::Timestamp(1_000))
        );
        assert!(StartAt::parse("yesterday").is_err());
    }
}
