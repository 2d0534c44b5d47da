//! Numbers as people and web pages write them: with groups of thousands, a currency, a percent sign
//! or a suffix for millions. For columns of a type of their own: nothing here is ever guessed.
//!
//! Invariant: what is appended is a number of JSON's grammar, with the digits of the text; a suffix
//! moves the point and a percent sign is dropped, so `-0.61%` is `-0.61`.

/// What stands before the digits after the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// `1,234.5`
    Point,
    /// `1.234,5`
    Comma,
}

/// What a text in such a column says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// A number was appended.
    Number,
    /// A dash alone: nothing is known.
    Missing,
}

const CURRENCIES: [char; 10] = ['$', '€', '£', '¥', '₹', '₽', '₩', '₺', '₫', '₪'];
const DASHES: [char; 4] = ['-', '−', '–', '—'];
/// Powers of ten, by the letter in either case.
const SUFFIXES: [(char, usize); 4] = [('K', 3), ('M', 6), ('B', 9), ('T', 12)];

/// Appends the number that `text`, without blanks around it, says; `None`, and nothing appended, if
/// it is none.
pub(crate) fn append_human_number(mark: Mark, text: &str, out: &mut Vec<u8>) -> Option<Written> {
    if is_dash(text) {
        return Some(Written::Missing);
    }
    let (in_brackets, text) = match text.strip_prefix('(') {
        Some(text) => (true, text.strip_suffix(')')?),
        None => (false, text),
    };
    let (signed, text) = without_signs(text);
    let negative = match (in_brackets, signed) {
        (true, None) => true,
        (true, Some(_)) => return None,
        (false, sign) => sign == Some(Sign::Minus),
    };
    let text = text.strip_suffix('%').map_or(text, str::trim_end);
    let text = text.strip_suffix(CURRENCIES).map_or(text, str::trim_end);
    let (shift, text) = without_suffix(text);
    let (point, separators): (char, &[char]) = match mark {
        Mark::Point => (
            '.',
            &[',', '\'', '’', ' ', '\u{a0}', '\u{2009}', '\u{202f}'],
        ),
        Mark::Comma => (
            ',',
            &['.', '\'', '’', ' ', '\u{a0}', '\u{2009}', '\u{202f}'],
        ),
    };
    let (whole, fraction) = text.split_once(point).unwrap_or((text, ""));
    let whole = ungrouped(whole, separators)?;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit())
        || (whole.is_empty() && fraction.is_empty())
    {
        return None;
    }
    // The point moves over digits that are there, and over zeros after them.
    let moved = shift.min(fraction.len());
    let zeros = "0".repeat(shift - moved);
    let (before, after) = fraction.split_at(moved);
    let whole = format!("{whole}{before}{zeros}");
    let whole = whole.trim_start_matches('0');
    if negative {
        out.push(b'-');
    }
    out.extend_from_slice(if whole.is_empty() {
        b"0"
    } else {
        whole.as_bytes()
    });
    if !after.is_empty() {
        out.push(b'.');
        out.extend_from_slice(after.as_bytes());
    }
    Some(Written::Number)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Plus,
    Minus,
}

fn is_dash(text: &str) -> bool {
    text.strip_prefix(DASHES).is_some_and(str::is_empty)
}

/// The sign and the text without it and without a currency, in either order.
fn without_signs(text: &str) -> (Option<Sign>, &str) {
    let (first, text) = without_sign(text);
    let text = text.strip_prefix(CURRENCIES).map_or(text, str::trim_start);
    match first {
        Some(_) => (first, text),
        None => without_sign(text),
    }
}

fn without_sign(text: &str) -> (Option<Sign>, &str) {
    if let Some(rest) = text.strip_prefix('+') {
        (Some(Sign::Plus), rest)
    } else if let Some(rest) = text.strip_prefix(['-', '−']) {
        (Some(Sign::Minus), rest)
    } else {
        (None, text)
    }
}

/// How many digits the suffix moves the point by, and the text before it.
fn without_suffix(text: &str) -> (usize, &str) {
    for (letter, digits) in SUFFIXES {
        if let Some(text) = text.strip_suffix([letter, letter.to_ascii_lowercase()]) {
            return (digits, text.trim_end());
        }
    }
    (0, text)
}

/// The digits of a whole number without separators, if these stand where groups end: groups of
/// three, or, as in India, of two before the last one. Nobody writes zeros in front of thousands:
/// `0.850` with commas for points is a price written the other way, and not 850.
fn ungrouped(text: &str, separators: &[char]) -> Option<String> {
    let Some(separator) = text.chars().find(|letter| separators.contains(letter)) else {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        return is_number.then(|| text.to_owned());
    };
    let groups: Vec<&str> = text.split(separator).collect();
    let (first, others) = groups.split_first()?;
    let (last, inner) = others.split_last()?;
    let is_right = (1..=3).contains(&first.len())
        && !first.starts_with('0')
        && last.len() == 3
        && (inner.iter().all(|group| group.len() == 3)
            || (first.len() <= 2 && inner.iter().all(|group| group.len() == 2)))
        && groups
            .iter()
            .all(|group| group.bytes().all(|byte| byte.is_ascii_digit()));
    is_right.then(|| groups.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mark: Mark, text: &str) -> Option<String> {
        let mut out = Vec::new();
        match append_human_number(mark, text, &mut out) {
            Some(Written::Number) => Some(String::from_utf8(out).unwrap()),
            Some(Written::Missing) => Some("null".to_owned()),
            None => {
                assert!(out.is_empty());
                None
            }
        }
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, number) in [
            ("1,234.50", "1234.50"),
            ("45.21M", "45210000"),
            ("1.2345k", "1234.5"),
            ("3B", "3000000000"),
            ("-0.61%", "-0.61"),
            ("$223", "223"),
            ("-$1,000.10", "-1000.10"),
            ("$-1.5", "-1.5"),
            ("+1.5", "1.5"),
            ("($1.50)", "-1.50"),
            ("1.5 €", "1.5"),
            ("−1.5", "-1.5"),
            ("1\u{a0}234.5", "1234.5"),
            ("1'234'567", "1234567"),
            ("7,788,597,123.45", "7788597123.45"),
            ("77,88,597", "7788597"),
            ("007.50", "7.50"),
            (".5", "0.5"),
            ("5.", "5"),
            ("0", "0"),
            ("0.5K", "500"),
            ("-", "null"),
            ("−", "null"),
        ] {
            assert_eq!(read(Mark::Point, text).as_deref(), Some(number), "{text}");
        }
        for (text, number) in [
            ("1.234,5", "1234.5"),
            ("1.240,25", "1240.25"),
            ("1 234,5", "1234.5"),
            ("-0,61 %", "-0.61"),
            ("12", "12"),
            ("1.234", "1234"),
        ] {
            assert_eq!(read(Mark::Comma, text).as_deref(), Some(number), "{text}");
        }
    }

    #[test]
    fn what_may_mean_something_else_is_refused() {
        for text in [
            "1,5",
            "1,23.4",
            "12,34,56",
            "1234,567",
            ",123",
            "1,234,5",
            "1,234 567",
            "1.2.3",
            "",
            "$",
            "%",
            "M",
            "--1",
            "-+1",
            "(-1)",
            "(1",
            "1)",
            "1e5",
            "x",
            "1x",
            "1.5MM",
            "1-2",
            "1,234,",
            "0,850",
            "-0,850.5",
            "00,123,456",
            "0 850",
            "٣",
        ] {
            assert_eq!(read(Mark::Point, text), None, "{text}");
        }
        for text in ["1.5", "1,234,5", "1,2.3", "1.23,4", "0.850", "012.345,6"] {
            assert_eq!(read(Mark::Comma, text), None, "{text}");
        }
    }
}
