//! What one line of an object must be: a JSON object, a row of CSV, a dead letter.
//!
//! Not here: where lines begin and end (see [`super::lines`]).
//! Invariant: a line that is accepted reads back as what the consumer writes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use landing::{Offset, OffsetRange, claim::ContentHash, record::ValueHash};

/// The first half of a line's SHA-256: two lines have the same one only if they are the same.
pub(crate) type LineHash = [u8; 16];

/// What an object of dead letters holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Letters {
    /// Over their offsets and values, as in a claim.
    pub(crate) hash: ContentHash,
    /// From the first to the last.
    pub(crate) offsets: Option<OffsetRange>,
}

/// The hash by which a line, or a row, is compared.
pub(crate) fn hash(line: &[u8]) -> LineHash {
    let mut half = [0; 16];
    half.copy_from_slice(&ValueHash::of(Some(line)).0[..16]);
    half
}

/// A record as comma separated values; each line has as many as the first.
pub(crate) fn csv(line: &[u8], columns: &mut Option<usize>) -> Result<(), String> {
    let found = values(line)
        .ok_or("no comma separated values: a quote is not closed, or stands inside of a value")?;
    if std::str::from_utf8(line).is_err() {
        return Err("not UTF-8".to_owned());
    }
    match *columns.get_or_insert(found) {
        expected if expected == found => Ok(()),
        expected => Err(format!("{found} values instead of {expected}")),
    }
}

/// The number of values in a line; `None` when its quotes are not in order.
fn values(line: &[u8]) -> Option<usize> {
    let (mut values, mut rest) = (1, line);
    loop {
        rest = match rest.strip_prefix(b"\"") {
            Some(quoted) => behind_quotes(quoted)?,
            None => {
                let end = rest.iter().position(|byte| matches!(byte, b',' | b'"'));
                &rest[end.unwrap_or(rest.len())..]
            }
        };
        match rest.split_first() {
            None => return Some(values),
            Some((b',', behind)) => (values, rest) = (values + 1, behind),
            Some(_) => return None,
        }
    }
}

/// What follows the quote that closes a value; two quotes are one of the value's own.
fn behind_quotes(mut value: &[u8]) -> Option<&[u8]> {
    loop {
        let end = value.iter().position(|byte| *byte == b'"')?;
        value = &value[end + 1..];
        match value.strip_prefix(b"\"") {
            Some(more) => value = more,
            None => return Some(value),
        }
    }
}

/// A dead letter of this partition, with an offset above those before.
pub(crate) fn letter(line: &[u8], partition: i32, letters: &mut Letters) -> Result<(), String> {
    let letter: serde_json::Value =
        serde_json::from_slice(line).map_err(|error| format!("no dead letter ({error})"))?;
    let value = match &letter["value"] {
        serde_json::Value::Null => Some(None),
        value => value
            .as_str()
            .and_then(|text| STANDARD.decode(text).ok())
            .map(Some),
    };
    let value = value.ok_or("its value is not base64")?;
    let offset = letter["offset"]
        .as_i64()
        .map(Offset)
        .ok_or("it has no offset")?;
    if letter["partition"].as_i64() != Some(i64::from(partition)) {
        return Err("it is of another partition".to_owned());
    }
    letters.offsets = Some(match letters.offsets {
        None => OffsetRange::new(offset, offset.next()),
        Some(before) if before.end <= offset => OffsetRange::new(before.start, offset.next()),
        Some(_) => return Err("its offset is not above the one before".to_owned()),
    });
    letters.hash.add(offset, value.as_deref());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_as_rfc_4180_has_them() {
        for (line, expected) in [
            ("a,b,c", Some(3)),
            ("", Some(1)),
            (",", Some(2)),
            (r#""a,b",c"#, Some(2)),
            (r#""","""""#, Some(2)),
            (r#""a ""b"", c",,"#, Some(3)),
            (r#""a"#, None),
            (r#"a"b,c"#, None),
            (r#""a"b,c"#, None),
        ] {
            assert_eq!(values(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn each_line_has_as_many_values_as_the_first() {
        let mut columns = None;
        assert_eq!(csv(b"a,1", &mut columns), Ok(()));
        assert_eq!(csv(b",", &mut columns), Ok(()));
        assert_eq!(
            csv(b"a", &mut columns),
            Err("1 values instead of 2".to_owned())
        );
        assert_eq!(csv(b"a,\xff", &mut columns), Err("not UTF-8".to_owned()));
    }
}
