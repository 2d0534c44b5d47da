//! The values of flags that are more than a text or a number. `plan.rs` checks the combinations.

use schema::TypedColumn;

/// The byte between two fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiter(pub u8);

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
