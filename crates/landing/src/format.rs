//! What the data objects of a zone are: the one list of the formats and of their names.
//!
//! Not here: how records are written and read in each of them. The names are part of zones, plans
//! and keys, so they never change.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The format of a zone's data objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One object for each record, which holds the record's JSON on one line.
    Json,
    /// Batches of JSON Lines.
    Jsonl,
    /// Batches of CSV.
    Csv,
    /// Batches of Parquet.
    Parquet,
}

/// The text is not the name of a [`Format`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be json, jsonl, csv or parquet")]
pub struct UnknownFormat;

impl Format {
    /// All formats.
    pub const ALL: [Self; 4] = [Self::Json, Self::Jsonl, Self::Csv, Self::Parquet];

    /// Its name, as it stands in zones, plans and keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let mut all = Self::ALL.into_iter();
        all.find(|format| format.as_str() == text)
            .ok_or(UnknownFormat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_has_one_name_wherever_it_is_written() {
        for format in Format::ALL {
            let name = format.as_str();
            assert_eq!(name.parse(), Ok(format));
            assert_eq!(format.to_string(), name);
            assert_eq!(
                serde_json::to_string(&format).unwrap(),
                format!("\"{name}\"")
            );
        }
        assert_eq!("JSON".parse::<Format>(), Err(UnknownFormat));
    }
}
