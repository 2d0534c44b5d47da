//! Numbers as Java's classes read and write them: Trino reads the texts of JSON and folders with
//! them.

/// An exact number: Java's `BigDecimal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExactNumber {
    is_negative: bool,
    /// The digits without zeros in front; `0` for nothing.
    digits: String,
    /// How many of them stand after the point; negative for zeros that follow them.
    scale: i64,
}

impl ExactNumber {
    /// Reads what `new BigDecimal(text)` reads: digits with a sign, a point and an exponent.
    #[must_use]
    pub(super) fn read(text: &str) -> Option<Self> {
        let (is_negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (number, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => (&unsigned[..at], exponent(&unsigned[at + 1..])?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = [whole, fraction].concat();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let significant = digits.trim_start_matches('0');
        let scale = fraction.len() as i64 - exponent;
        // Java's scale has 32 bits.
        i32::try_from(scale).ok()?;
        Some(Self {
            is_negative: is_negative && !significant.is_empty(),
            digits: if significant.is_empty() {
                "0"
            } else {
                significant
            }
            .to_owned(),
            scale,
        })
    }

    /// The number with this many digits after the point, half rounded away from zero, without the
    /// point; `None` when that has more than 38 digits.
    #[must_use]
    pub(super) fn unscaled(&self, scale: u8) -> Option<i128> {
        let cut = self.scale - i64::from(scale);
        let magnitude = if self.digits == "0" {
            0
        } else if cut <= 0 {
            let zeros = usize::try_from(-cut).ok().filter(|zeros| *zeros <= 38)?;
            if self.digits.len() + zeros > 38 {
                return None;
            }
            format!("{}{}", self.digits, "0".repeat(zeros))
                .parse::<i128>()
                .ok()?
        } else {
            match usize::try_from(cut).ok()?.cmp(&self.digits.len()) {
                std::cmp::Ordering::Greater => 0,
                _ => {
                    let kept = self.digits.len() - usize::try_from(cut).ok()?;
                    let up = self.digits.as_bytes()[kept] >= b'5';
                    let kept = if kept == 0 { "0" } else { &self.digits[..kept] };
                    kept.parse::<i128>().ok()? + i128::from(up)
                }
            }
        };
        Some(if self.is_negative {
            -magnitude
        } else {
            magnitude
        })
    }

    /// The number without what stands after its point, if it fits 64 bits.
    #[must_use]
    pub(super) fn whole(&self) -> Option<i64> {
        let whole = match usize::try_from(self.scale) {
            Ok(fraction) if fraction >= self.digits.len() => 0,
            Ok(fraction) => self.digits[..self.digits.len() - fraction]
                .parse::<i128>()
                .ok()?,
            Err(_) => self.unscaled(0)?.abs(),
        };
        i64::try_from(if self.is_negative { -whole } else { whole }).ok()
    }
}

impl std::fmt::Display for ExactNumber {
    /// `BigDecimal.toString()`: plain while the exponent is small and not positive, else
    /// scientific.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_negative {
            f.write_str("-")?;
        }
        let digits = self.digits.as_str();
        let adjusted = digits.len() as i64 - 1 - self.scale;
        if self.scale >= 0 && adjusted >= -6 {
            let scale = usize::try_from(self.scale).unwrap_or(0);
            if scale == 0 {
                return f.write_str(digits);
            }
            return match digits.len().checked_sub(scale) {
                Some(whole) if whole > 0 => write!(f, "{}.{}", &digits[..whole], &digits[whole..]),
                _ => write!(f, "0.{digits:0>scale$}"),
            };
        }
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        write!(f, "{first}{point}{rest}")?;
        if adjusted == 0 {
            return Ok(());
        }
        write!(f, "E{adjusted:+}")
    }
}

/// The digits after an `e`, at most ten as in Java.
fn exponent(text: &str) -> Option<i64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || unsigned.len() > 10 {
        return None;
    }
    text.parse().ok()
}

/// What OpenX takes for a whole number: decimal, `0x…` hexadecimal, or `0…` octal.
#[must_use]
pub(super) fn decimal_hex_or_octal(text: &str) -> Option<i64> {
    let digits = |text: &str, radix: u32| {
        // Rust and Java read the same signs and digits.
        i64::from_str_radix(text, radix).ok()
    };
    match text.as_bytes() {
        [b'0', b'x' | b'X', third, ..] if third.is_ascii_hexdigit() => digits(&text[2..], 16),
        // The eighth digit is in the original, too; then it is no octal number after all.
        [b'0', b'0'..=b'8', ..] => digits(&text[1..], 8),
        _ => digits(text, 10),
    }
}

/// A whole number by OpenX: as [`decimal_hex_or_octal`], else without what stands after the point.
#[must_use]
pub(super) fn openx_whole(text: &str) -> Option<i64> {
    decimal_hex_or_octal(text).or_else(|| ExactNumber::read(text)?.whole())
}

/// `Double.parseDouble`, without hexadecimal fractions.
///
/// # Errors
/// When the text may be a hexadecimal fraction, which is not read here.
pub(super) fn double(text: &str) -> Result<Option<f64>, String> {
    Ok(float_text(text)?.and_then(|number| number.parse().ok()))
}

/// `Float.parseFloat`, without hexadecimal fractions.
///
/// # Errors
/// As for [`double`].
pub(super) fn float(text: &str) -> Result<Option<f32>, String> {
    Ok(float_text(text)?.and_then(|number| number.parse().ok()))
}

/// The part of a text that Java takes for a number and Rust reads the same; `None` when Java takes
/// it for none.
fn float_text(text: &str) -> Result<Option<&str>, String> {
    let trimmed = text.trim_matches(|sign: char| sign <= ' ');
    let unsigned = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    if matches!(unsigned, "NaN" | "Infinity") {
        return Ok(Some(trimmed));
    }
    let is_hexadecimal = unsigned.len() > 2 && unsigned[..2].eq_ignore_ascii_case("0x");
    if is_hexadecimal && unsigned.contains(['p', 'P']) {
        return Err(format!(
            "'{}' is a hexadecimal fraction, which is not read here",
            text.escape_debug()
        ));
    }
    // A type may follow a number: 1.5d.
    let number = trimmed
        .strip_suffix(['d', 'D', 'f', 'F'])
        .unwrap_or(trimmed);
    let is_number = number
        .starts_with(|sign: char| sign.is_ascii_digit() || matches!(sign, '+' | '-' | '.'))
        && number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    Ok(is_number.then_some(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_numbers_are_written_as_java_does() {
        for (text, expected) in [
            ("0", "0"),
            ("1.0", "1.0"),
            ("-0.0", "0.0"),
            ("913608400.0", "913608400.0"),
            ("1e3", "1E+3"),
            ("1e308", "1E+308"),
            ("12.5e3", "1.25E+4"),
            ("1.5E-3", "0.0015"),
            ("0.000001", "0.000001"),
            ("0.0000001", "1E-7"),
            ("0.00000012", "1.2E-7"),
            ("-1.5", "-1.5"),
            ("+5.", "5"),
            (".5", "0.5"),
            ("1.50", "1.50"),
            ("12345678901234567890123", "12345678901234567890123"),
            ("00.5", "0.5"),
            ("0e5", "0E+5"),
            ("1e0", "1"),
        ] {
            assert_eq!(
                ExactNumber::read(text).unwrap().to_string(),
                expected,
                "{text}"
            );
        }
        for text in [
            "",
            ".",
            "-",
            "1e",
            "1e+",
            "1.2.3",
            "NaN",
            "0x1",
            " 1",
            "1 ",
            "1d",
            "1e99999999999",
        ] {
            assert_eq!(ExactNumber::read(text), None, "{text}");
        }
    }

    #[test]
    fn exact_numbers_are_scaled_half_up() {
        for (text, scale, expected) in [
            ("1.25", 1, Some(13)),
            ("-1.25", 1, Some(-13)),
            ("1.24", 1, Some(12)),
            ("0.05", 1, Some(1)),
            ("0.04", 1, Some(0)),
            ("0.005", 1, Some(0)),
            ("12", 2, Some(1200)),
            ("1e3", 0, Some(1000)),
            ("1e40", 0, None),
        ] {
            assert_eq!(
                ExactNumber::read(text).unwrap().unscaled(scale),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn whole_numbers_are_those_of_openx() {
        for (text, expected) in [
            ("17", Some(17)),
            ("-17", Some(-17)),
            ("+17", Some(17)),
            ("017", Some(15)),
            ("-017", Some(-17)),
            ("08", Some(8)),
            ("0x1F", Some(31)),
            ("0x", None),
            ("1234.9", Some(1234)),
            ("-1.9", Some(-1)),
            ("1e3", Some(1000)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("1e30", None),
            ("0.1", Some(0)),
            ("", None),
            ("abc", None),
        ] {
            assert_eq!(openx_whole(text), expected, "{text}");
        }
    }

    #[test]
    fn fractions_are_those_of_java() {
        for (text, expected) in [
            ("1.5", Some(1.5)),
            (" 1.5 ", Some(1.5)),
            ("1.5d", Some(1.5)),
            ("1e3", Some(1000.0)),
            (".5", Some(0.5)),
            ("5.", Some(5.0)),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            ("inf", None),
            ("infinity", None),
            ("nan", None),
            ("", None),
            ("1,5", None),
            ("0x10", None),
        ] {
            assert_eq!(double(text), Ok(expected), "{text}");
        }
        assert!(double("NaN").unwrap().unwrap().is_nan());
        assert!(double("0x1p3").is_err());
        assert_eq!(float("1.1"), Ok(Some(1.1f32)));
    }
}
