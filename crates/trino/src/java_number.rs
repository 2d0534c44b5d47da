//! Doubles as Java reads and prints them.

/// A double from text by `Double.parseDouble`: blanks around it, `NaN`, `Infinity`, a suffix `d`
/// or `f`, hexadecimal with a binary exponent.
///
/// # Errors
/// The text is not a number of that grammar.
pub(super) fn parse_double(text: &str) -> Option<f64> {
    let text = text.trim_matches(|sign| sign <= ' ');
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let value = match unsigned {
        "NaN" => f64::NAN,
        "Infinity" => f64::INFINITY,
        _ => {
            let plain = unsigned
                .strip_suffix(['d', 'D', 'f', 'F'])
                .unwrap_or(unsigned);
            if let Some(hex) = unsigned
                .strip_prefix("0x")
                .or_else(|| unsigned.strip_prefix("0X"))
            {
                parse_hexadecimal(hex)?
            } else {
                // Rust takes `inf` and `nan`, too; a number begins with a digit or a point.
                let first = plain.as_bytes().first()?;
                if !first.is_ascii_digit() && *first != b'.' {
                    return None;
                }
                plain.parse().ok()?
            }
        }
    };
    Some(if negative { -value } else { value })
}

/// `1.8p3`: hexadecimal digits with a point, times two to the power after `p`.
fn parse_hexadecimal(text: &str) -> Option<f64> {
    let text = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
    let (digits, exponent) = text.split_once(['p', 'P'])?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.len() + fraction.len() == 0 {
        return None;
    }
    let mut value = 0.0_f64;
    // Each step is exact as long as the digits fit into the double's 53 bits.
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let shift = i32::try_from(fraction.len()).ok()?.checked_mul(4)?;
    Some(value * 2.0_f64.powi(exponent.checked_sub(shift)?))
}

/// The shortest digits of a finite number and the exponent of the first one.
struct ShortestDigits {
    negative: bool,
    digits: String,
    exponent: i32,
}

fn shortest(text: &str) -> ShortestDigits {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = unsigned.split_once('e').unwrap_or((unsigned, "0"));
    ShortestDigits {
        negative,
        digits: mantissa.replace('.', ""),
        exponent: exponent.parse().unwrap_or(0),
    }
}

fn not_finite(value: f64) -> Option<String> {
    if value.is_nan() {
        Some("NaN".into())
    } else if value.is_infinite() {
        Some(if value < 0.0 { "-Infinity" } else { "Infinity" }.into())
    } else {
        None
    }
}

/// `Double.toString`: `2000.0`, `1.0E10`.
pub(super) fn java_text(value: f64) -> String {
    if let Some(text) = not_finite(value) {
        return text;
    }
    if value == 0.0 {
        return if value.is_sign_negative() {
            "-0.0"
        } else {
            "0.0"
        }
        .into();
    }
    let absolute = value.abs();
    if (1e-3..1e7).contains(&absolute) {
        let text = value.to_string();
        return if text.contains('.') {
            text
        } else {
            text + ".0"
        };
    }
    scientific(&shortest(&format!("{value:e}")))
}

fn scientific(number: &ShortestDigits) -> String {
    let sign = if number.negative { "-" } else { "" };
    let (first, rest) = number.digits.split_at(1);
    let rest = if rest.is_empty() { "0" } else { rest };
    format!("{sign}{first}.{rest}E{}", number.exponent)
}

/// Whether Java's `DecimalFormat`, with which Trino prints doubles, finds the shortest digits. From
/// 2^53 on it sometimes prints one too many (2e23 is `1.9999999999999998E23`), and the smallest
/// numbers have other digits, too.
pub(super) fn java_digits_are_shortest(value: f64) -> bool {
    let absolute = value.abs();
    !value.is_finite() || value == 0.0 || (1e-300..9_007_199_254_740_992.0).contains(&absolute)
}

/// CAST of a double to varchar: `1.5E0`, and `0E0` for zero.
pub(super) fn varchar_of_double(value: f64) -> String {
    if let Some(text) = not_finite(value) {
        return text;
    }
    if value == 0.0 {
        return if value.is_sign_negative() {
            "-0E0"
        } else {
            "0E0"
        }
        .into();
    }
    scientific(&shortest(&format!("{value:e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_other_grammars_are_no_doubles() {
        for text in [
            "", " ", "inf", "nan", "1_0", "1,5", "0x10", "--1", "e5", ".", "1e", "٣",
        ] {
            assert_eq!(parse_double(text), None, "{text}");
        }
    }

    #[test]
    fn doubles_whose_digits_java_finds_otherwise_are_told_apart() {
        assert!(java_digits_are_shortest(9_007_199_254_740_991.0));
        assert!(!java_digits_are_shortest(2e23));
        assert!(!java_digits_are_shortest(-2e23));
        assert!(!java_digits_are_shortest(f64::from_bits(1)));
        assert!(java_digits_are_shortest(f64::INFINITY));
    }
}
