//! The types that a column of the table can have, by Athena's names.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// What a column holds, by Athena's name for it. Every column may be NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AthenaType {
    /// Text. Any other value is kept as its JSON: numbers, `true`, arrays, objects.
    String,
    /// A number; in CSV with the digits of the record, in Parquet the nearest 64-bit float.
    Double,
    /// A whole number of 64 bits; `1234.0` is one.
    BigInt,
    /// `true` or `false`.
    Boolean,
    /// A day written `2026-11-21`.
    Date,
    /// An instant: ISO 8601 text, UTC if it names no zone, or a number of milliseconds since
    /// 1970-01-01 UTC. Anything finer than a millisecond is cut off: Athena cannot hold it.
    Timestamp,
    /// A number, exactly. One with more digits than these is refused, never rounded.
    Decimal(DecimalDigits),
    /// Any value as its JSON, on one line; to Athena it is a string.
    Json,
}

/// How many digits a decimal column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecimalDigits {
    /// All of them: 1 to 38.
    precision: u8,
    /// Those behind the point.
    scale: u8,
}

impl DecimalDigits {
    /// The most digits of a decimal column.
    pub const MOST: u8 = 38;

    /// `None` for digits that no column has: `precision` is 1 to 38, `scale` at most that.
    #[must_use]
    pub fn new(precision: u8, scale: u8) -> Option<Self> {
        let fits = (1..=Self::MOST).contains(&precision) && scale <= precision;
        fits.then_some(Self { precision, scale })
    }

    /// All digits.
    #[must_use]
    pub fn precision(self) -> u8 {
        self.precision
    }

    /// The digits behind the point.
    #[must_use]
    pub fn scale(self) -> u8 {
        self.scale
    }
}

impl AthenaType {
    /// The name in a schema file.
    #[must_use]
    pub fn name(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::String => "string",
            Self::Double => "double",
            Self::BigInt => "bigint",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Json => "json",
            Self::Decimal(DecimalDigits { precision, scale }) => {
                return Cow::Owned(format!("decimal({precision},{scale})"));
            }
        })
    }

    /// The name in `CREATE TABLE`.
    #[must_use]
    pub fn ddl_name(self) -> Cow<'static, str> {
        match self {
            Self::Json => Self::String.name(),
            other => other.name(),
        }
    }

    /// The first version of schema files that has this type.
    pub(crate) fn since(self) -> u32 {
        match self {
            Self::Decimal(_) | Self::Json => 2,
            _ => 1,
        }
    }
}

impl fmt::Display for AthenaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl FromStr for AthenaType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = [
            Self::String,
            Self::Double,
            Self::BigInt,
            Self::Boolean,
            Self::Date,
            Self::Timestamp,
            Self::Json,
        ];
        let known = plain.into_iter().find(|kind| kind.name() == text);
        known.or_else(|| decimal(text)).ok_or_else(|| {
            format!(
                "{text:?} is none of string, double, bigint, boolean, date, timestamp, json and \
                 decimal(P,S), where P is 1 to 38 digits and S of them stand behind the point"
            )
        })
    }
}

fn decimal(text: &str) -> Option<AthenaType> {
    let digits = text.strip_prefix("decimal(")?.strip_suffix(')')?;
    let (precision, scale) = digits.split_once(',')?;
    let number = |text: &str| text.trim().parse().ok();
    DecimalDigits::new(number(precision)?, number(scale)?).map(AthenaType::Decimal)
}

impl Serialize for AthenaType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name())
    }
}

impl<'de> Deserialize<'de> for AthenaType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_read_by_its_name() {
        for text in ["string", "json", "decimal(38,0)", "decimal(1,1)"] {
            let kind: AthenaType = text.parse().unwrap();
            assert_eq!(kind.to_string(), text);
        }
        assert_eq!(
            "decimal(10, 2)".parse::<AthenaType>().unwrap().name(),
            "decimal(10,2)"
        );
        for text in [
            "String",
            "decimal",
            "decimal(39,0)",
            "decimal(0,0)",
            "decimal(2,3)",
            "decimal(2)",
            "int",
        ] {
            let error = text.parse::<AthenaType>().unwrap_err();
            assert!(error.contains("decimal(P,S)"), "{error}");
        }
    }
}
