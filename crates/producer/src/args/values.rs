//! The values of flags that are more than a text or a number. `plan.rs` checks the combinations.

use schema::TypedColumn;

/// The byte between two fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiter(pub u8);

/// The byte that takes a quote's meaning away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Escape(pub u8);

/// Where the names of columns come from, if not from a first line that looks like them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Header {
    /// From the first line, whatever it looks like.
    FirstLine,
    /// These; each line is a row.
    Names(Vec<String>),
}

/// The list of `--columns`.
#[derive(Debug, Clone, Default)]
pub struct ColumnTypes(pub Vec<TypedColumn>);

pub(super) fn parse_delimiter(text: &str) -> Result<Delimiter, String> {
    match text {
        "tab" | "\\t" => Ok(Delimiter(b'\t')),
        _ => match text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => {
                Ok(Delimiter(*byte))
            }
            _ => Err("must be one ASCII character, such as ; or |, or the word tab".to_owned()),
        },
    }
}

pub(super) fn parse_escape(text: &str) -> Result<Escape, String> {
    match text.as_bytes() {
        [byte] if byte.is_ascii_punctuation() && *byte != b'"' => Ok(Escape(*byte)),
        _ => Err("must be one sign, such as \\".to_owned()),
    }
}

pub(super) fn parse_header(text: &str) -> Result<Header, String> {
    if text == "first-line" {
        return Ok(Header::FirstLine);
    }
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    if names.iter().all(String::is_empty) {
        return Err("must be names, such as Symbol,Date,Close, or first-line".to_owned());
    }
    Ok(Header::Names(names))
}

pub(super) fn parse_columns(text: &str) -> Result<ColumnTypes, schema::SchemaError> {
    schema::parse_columns(text).map(ColumnTypes)
}

pub(super) fn parse_rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err(
            "must be a number above 0; leave --rate out to send as fast as Kafka takes the records"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_above_zero() {
        assert_eq!(parse_rate("0.5"), Ok(0.5));
        for text in ["0", "-1", "nan", "inf", "fast"] {
            assert!(parse_rate(text).is_err(), "{text}");
        }
    }
}
