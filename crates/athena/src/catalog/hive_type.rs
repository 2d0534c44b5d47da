//! The types of Hive's DDL that a column of a table may have here.

use std::fmt;

use datafusion::arrow::datatypes::{DataType, TimeUnit};

/// A type that a column may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HiveType {
    /// `string`.
    String,
    /// `varchar(n)`: a longer text is cut off after so many characters.
    Varchar(usize),
    /// `double`.
    Double,
    /// `float`, Trino's `real`.
    Float,
    /// `bigint`.
    BigInt,
    /// `int`, also `integer`.
    Int,
    /// `smallint`.
    SmallInt,
    /// `tinyint`.
    TinyInt,
    /// `boolean`.
    Boolean,
    /// `date`.
    Date,
    /// `timestamp`: Athena's has milliseconds, and no time zone.
    Timestamp,
    /// `decimal(precision,scale)`.
    Decimal {
        /// All digits, 1 to 38.
        precision: u8,
        /// Those after the point, 0 to the precision.
        scale: u8,
    },
}

/// A column with its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedColumn {
    /// Its name in lower case.
    pub name: String,
    /// Its type.
    pub kind: HiveType,
}

impl HiveType {
    /// Reads a type as the DDL writes it, in any case: `decimal(18,6)`.
    ///
    /// # Errors
    /// Why there is no such type here, and what to write.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.to_ascii_lowercase().replace(' ', "");
        let (name, arguments) = match text.strip_suffix(')').and_then(|text| text.split_once('(')) {
            Some((name, arguments)) => (name, Some(arguments)),
            None => (text.as_str(), None),
        };
        let kind = match (name, arguments) {
            ("string", None) => Self::String,
            ("double", None) => Self::Double,
            ("float", None) => Self::Float,
            ("bigint", None) => Self::BigInt,
            ("int" | "integer", None) => Self::Int,
            ("smallint", None) => Self::SmallInt,
            ("tinyint", None) => Self::TinyInt,
            ("boolean", None) => Self::Boolean,
            ("date", None) => Self::Date,
            ("timestamp", None) => Self::Timestamp,
            ("varchar", Some(length)) => match length.parse() {
                Ok(length @ 1..=65_535) => Self::Varchar(length),
                _ => return Err("varchar takes a length from 1 to 65535".to_owned()),
            },
            ("decimal", None) => Self::Decimal {
                precision: 10,
                scale: 0,
            },
            ("decimal", Some(arguments)) => decimal(arguments)?,
            ("varchar", None) => return Err("varchar needs a length, varchar(20)".to_owned()),
            ("char", _) => {
                return Err("char pads its texts with spaces; declare varchar or string".to_owned());
            }
            _ => {
                return Err(format!(
                    "the type {name} is not read here; declare string, and cast it in the query"
                ));
            }
        };
        Ok(kind)
    }

    /// The type in DataFusion.
    #[must_use]
    pub fn data_type(self) -> DataType {
        match self {
            Self::String | Self::Varchar(_) => DataType::Utf8,
            Self::Double => DataType::Float64,
            Self::Float => DataType::Float32,
            Self::BigInt => DataType::Int64,
            Self::Int => DataType::Int32,
            Self::SmallInt => DataType::Int16,
            Self::TinyInt => DataType::Int8,
            Self::Boolean => DataType::Boolean,
            Self::Date => DataType::Date32,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Millisecond, None),
            // A scale has at most two digits.
            Self::Decimal { precision, scale } => DataType::Decimal128(precision, scale as i8),
        }
    }

    /// Whether values of this type are texts.
    #[must_use]
    pub fn is_text(self) -> bool {
        matches!(self, Self::String | Self::Varchar(_))
    }
}

impl fmt::Display for HiveType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String => f.write_str("string"),
            Self::Varchar(length) => write!(f, "varchar({length})"),
            Self::Double => f.write_str("double"),
            Self::Float => f.write_str("float"),
            Self::BigInt => f.write_str("bigint"),
            Self::Int => f.write_str("int"),
            Self::SmallInt => f.write_str("smallint"),
            Self::TinyInt => f.write_str("tinyint"),
            Self::Boolean => f.write_str("boolean"),
            Self::Date => f.write_str("date"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
        }
    }
}

fn decimal(arguments: &str) -> Result<HiveType, String> {
    let (precision, scale) = arguments.split_once(',').unwrap_or((arguments, "0"));
    match (precision.parse(), scale.parse()) {
        (Ok(precision @ 1..=38), Ok(scale)) if scale <= precision => {
            Ok(HiveType::Decimal { precision, scale })
        }
        _ => Err(
            "decimal takes a precision from 1 to 38 and a scale up to it, decimal(18,6)".to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_hive_writes_them() {
        for text in [
            "string",
            "varchar(20)",
            "double",
            "float",
            "bigint",
            "int",
            "smallint",
            "tinyint",
            "boolean",
            "date",
            "timestamp",
            "decimal(18,6)",
        ] {
            assert_eq!(
                HiveType::read(text).map(|kind| kind.to_string()),
                Ok(text.to_owned())
            );
        }
        assert_eq!(HiveType::read("INTEGER"), Ok(HiveType::Int));
        let whole = HiveType::Decimal {
            precision: 10,
            scale: 0,
        };
        assert_eq!(HiveType::read("decimal"), Ok(whole));
        for text in [
            "",
            "text",
            "varchar",
            "varchar(0)",
            "char(3)",
            "decimal(39,1)",
            "decimal(3,4)",
            "array<int>",
            "string(3)",
        ] {
            assert!(HiveType::read(text).is_err(), "{text}");
        }
    }
}
