//! Names of JSON keys: as in the header, or in the snake form that every reader of the table
//! understands.
//!
//! Does not decide whether two names clash (see `schema`). A snake name holds only `a-z`, `0-9` and
//! `_`, and is never empty.

use std::fmt::Write as _;

/// Which names the JSON keys have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FieldNames {
    /// As in the header: `Adj Close`.
    #[default]
    Original,
    /// Lower case with underscores: `adj_close`.
    Snake,
}

impl FieldNames {
    /// The JSON key of a column, from its name in the header.
    #[must_use]
    pub fn apply(self, header: &str) -> String {
        match self {
            Self::Original => header.to_owned(),
            Self::Snake => snake(header),
        }
    }
}

/// The snake form of a name: `Adj Close` and `AdjClose` become `adj_close`, `CloseUSD` becomes
/// `close_usd`.
///
/// Letters outside ASCII are spelled by their code point (`é` becomes `u00e9`), so that different
/// names stay different; a name that would start with a digit gets `n` in front, because Athena
/// wants a letter there; a name that has only signs becomes `column`.
#[must_use]
pub fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let letters: Vec<char> = name.chars().collect();
    for (i, &letter) in letters.iter().enumerate() {
        if starts_word(&letters, i) && !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        if letter.is_ascii_alphanumeric() {
            out.push(letter.to_ascii_lowercase());
        } else if letter.is_alphanumeric() {
            // Writing to a String cannot fail.
            write!(out, "u{:04x}", u32::from(letter)).unwrap_or_default();
        }
    }
    let name = out.trim_matches('_');
    match name.chars().next() {
        None => "column".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("n{name}"),
        Some(_) => name.to_owned(),
    }
}

/// Whether two names mean the same field: upper and lower case, blanks, underscores and other signs
/// do not matter. `Adj Close`, `adj_close` and `ADJCLOSE` are one name.
///
/// A name that has only signs is the same as no other.
#[must_use]
pub fn same_field(left: &str, right: &str) -> bool {
    let mut letters = folded(left);
    left == right || letters.next().is_some() && folded(left).eq(folded(right))
}

/// What [`same_field`] compares.
pub(crate) fn folded(name: &str) -> impl Iterator<Item = char> {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase)
}

/// Whether a word begins at `i`: after a sign, at the `C` of `dC` and `1C`, and at the `N` of
/// `USDName`. A sign also ends the word before it.
fn starts_word(letters: &[char], i: usize) -> bool {
    let here = letters[i];
    let Some(before) = i.checked_sub(1).map(|at| letters[at]) else {
        return false;
    };
    if !here.is_alphanumeric() || !before.is_alphanumeric() {
        return true;
    }
    let next_is_lower = letters.get(i + 1).is_some_and(|next| next.is_lowercase());
    here.is_uppercase() && (!before.is_uppercase() || next_is_lower)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stock::STOCK_HEADER;

    #[test]
    fn the_stock_columns_get_the_names_of_the_design() {
        let names: Vec<_> = STOCK_HEADER.iter().map(|name| snake(name)).collect();
        assert_eq!(
            names,
            [
                "index",
                "date",
                "open",
                "high",
                "low",
                "close",
                "adj_close",
                "volume",
                "close_usd"
            ]
        );
    }

    #[test]
    fn words_are_found_in_the_usual_spellings() {
        for (name, expected) in [
            ("AdjClose", "adj_close"),
            ("Adj. Close", "adj_close"),
            ("adj_close", "adj_close"),
            ("USDClose", "usd_close"),
            ("Close/Last", "close_last"),
            ("Q1Close", "q1_close"),
            ("%Deliverble", "deliverble"),
            ("  VWAP ", "vwap"),
            ("52 Week High", "n52_week_high"),
            ("Prix d'été", "prix_d_u00e9tu00e9"),
            ("***", "column"),
            ("", "column"),
        ] {
            assert_eq!(snake(name), expected, "{name:?}");
        }
    }

    #[test]
    fn case_blanks_and_signs_do_not_tell_names_apart() {
        for (left, right) in [
            ("Adj Close", "adj_close"),
            ("CloseUSD", "closeusd"),
            ("ÉTÉ", "été"),
            ("***", "***"),
        ] {
            assert!(same_field(left, right), "{left} {right}");
        }
        for (left, right) in [("ts", "tss"), ("***", "---"), ("", "_"), ("a1", "a2")] {
            assert!(!same_field(left, right), "{left} {right}");
        }
    }

    #[test]
    fn a_snake_name_is_its_own_snake_name() {
        for name in ["CloseUSD", "52 Week High", "Prix d'été", "***", "A_b__C"] {
            assert_eq!(snake(&snake(name)), snake(name));
        }
    }
}
