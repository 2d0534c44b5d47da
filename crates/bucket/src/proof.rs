//! Whether the object of a record is what its metadata says, without asking Kafka, which may no
//! longer hold the record.
//!
//! An object's metadata holds the hash of the value that Kafka had, so an object whose value was
//! stored unchanged proves itself. A value that spanned lines was put on one line, so its object
//! has another hash; such an object is called unprovable.

use std::collections::BTreeMap;

use landing::{
    Place,
    identity::{About, Identity},
    partition_by::DatePartition,
    record::ValueHash,
    value::{self, ValueRule},
};

use crate::zone::ZoneFacts;

/// Why an object is not proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It is not one JSON object on one line.
    Unparseable(String),
    /// It is not what it should be.
    Differs(String),
    /// It may be right: nothing proves or refutes it.
    Unprovable(&'static str),
}

/// The identity that the object at this place claims in its metadata.
///
/// # Errors
/// When its metadata has no hash.
pub fn identity(
    zone: &ZoneFacts,
    place: Place,
    metadata: &BTreeMap<String, String>,
) -> Result<Identity, Doubt> {
    let named = |name: &str| metadata.get(name).map(String::as_str);
    let value = named("sha256").and_then(ValueHash::from_hex);
    let Some(value) = value else {
        let text = "it has no sha256 in its metadata, so it was not written by this program";
        return Err(Doubt::Differs(text.to_owned()));
    };
    let timestamp = named("timestamp").and_then(|millis| millis.parse().ok());
    Ok(Identity {
        zone: zone.id.clone(),
        place,
        about: About::Record { value, timestamp },
    })
}

/// Checks that a data object under this date (`2026-11-20`, without `dt=`) holds the record of its
/// identity.
///
/// # Errors
/// What is wrong with it, or that it cannot be proven.
pub fn data_object(
    zone: &ZoneFacts,
    identity: &Identity,
    date: &str,
    metadata: &BTreeMap<String, String>,
    body: &[u8],
) -> Result<(), Doubt> {
    let line = parsed(body).map_err(Doubt::Unparseable)?;
    identity.compare(metadata).map_err(Doubt::Differs)?;
    let About::Record { value, timestamp } = identity.about else {
        return Err(Doubt::Differs("it is not of a single record".to_owned()));
    };
    if date_of(zone, line, timestamp).is_some_and(|of_record| of_record.as_str() != date) {
        return Err(Doubt::Differs(
            "its record belongs under another date".to_owned(),
        ));
    }
    if ValueHash::of(Some(line)) == value {
        return Ok(());
    }
    // Only a value that spanned lines was changed, and such a value has no white space left between
    // its tokens.
    let spread = [&b"\n"[..], line].concat();
    if value::on_one_line(&spread) == line {
        return Err(Doubt::Unprovable(
            "it does not have the hash in its metadata, which a value that spanned lines would not have either",
        ));
    }
    Err(Doubt::Differs(
        "it does not have the hash in its metadata".to_owned(),
    ))
}

fn date_of(zone: &ZoneFacts, line: &[u8], timestamp: Option<i64>) -> Option<DatePartition> {
    let rule = ValueRule::new(zone.classifier, &zone.partition_by);
    let in_field = value::check_object(line, &rule).ok()?;
    zone.partition_by
        .date(timestamp, in_field, zone.granularity)
}

/// The line of a data object, without its line feed.
///
/// # Errors
/// When it is not one JSON object on one line.
pub fn parsed(body: &[u8]) -> Result<&[u8], String> {
    let Some(line) = body.strip_suffix(b"\n") else {
        return Err("it does not end with a line break".to_owned());
    };
    if line.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
        return Err("it has more than one line".to_owned());
    }
    match value::check_json(line) {
        Ok(()) => Ok(line),
        Err(reason) => Err(format!(
            "it is not a JSON object that Athena reads ({reason})"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_one_json_object_on_one_line() {
        assert_eq!(parsed(b"{\"a\":1}\n"), Ok(&b"{\"a\":1}"[..]));
        for body in [
            &b"{}"[..],
            b"",
            b"\n",
            b"{}\n{}\n",
            b"{\r}\n",
            b"[1]\n",
            b"{\"a\":\n",
        ] {
            assert!(parsed(body).is_err(), "{}", body.escape_ascii());
        }
    }
}
