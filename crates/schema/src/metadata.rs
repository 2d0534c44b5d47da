//! The columns that say where in Kafka a record was, and whether a record leaves their names free.
//!
//! Does not know Kafka's records; the cells are filled elsewhere.

use crate::{athena_type::AthenaType, members::Members, unquoted::unquoted};

/// The columns that follow the record's own columns on request.
///
/// Key and headers are always text: bytes that are not UTF-8 become `base64:` and the bytes in
/// base64. Headers are a JSON array of `{"name":…,"value":…}`.
pub const METADATA_COLUMNS: [(&str, AthenaType); 5] = [
    ("kafka_key", AthenaType::String),
    ("kafka_partition", AthenaType::BigInt),
    ("kafka_offset", AthenaType::BigInt),
    ("kafka_timestamp", AthenaType::Timestamp),
    ("kafka_headers", AthenaType::String),
];

/// The first field of the record that has the name of one of [`METADATA_COLUMNS`], in lower case.
/// `value` is a valid JSON object.
#[must_use]
pub fn metadata_field(value: &str) -> Option<&'static str> {
    let mut members = Members::new(value).ok()?;
    while let Ok(Some(member)) = members.next(None) {
        // The shortest of our names; most fields are shorter still.
        let possible = |name: &&str| name.len() >= "kafka_key".len();
        if let Some(name) = member.name.filter(possible).and_then(taken) {
            return Some(name);
        }
    }
    None
}

fn taken(name: &str) -> Option<&'static str> {
    let name = unquoted(&format!("\"{name}\"")).ok()?.to_lowercase();
    let mut names = METADATA_COLUMNS.iter().map(|(name, _)| *name);
    names.find(|taken| *taken == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_with_the_name_of_a_metadata_column_is_found_however_it_is_written() {
        for (value, found) in [
            (r#"{"kafka_key":1}"#, Some("kafka_key")),
            (r#"{"a":1,"Kafka_Offset":{}}"#, Some("kafka_offset")),
            (r#"{"\u006bafka_headers":[]}"#, Some("kafka_headers")),
            ("{\"\u{212a}afka_key\":1}", Some("kafka_key")),
            (r#"{"a":{"kafka_key":1},"kafka_keys":"kafka_key"}"#, None),
            ("{}", None),
        ] {
            assert_eq!(metadata_field(value), found, "{value}");
        }
    }
}
