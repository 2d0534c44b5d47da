//! The grammar of numbers in records: JSON numbers as doubles that keep their digits, and as whole
//! numbers.
//!
//! Numbers in CSV cells are more lenient, see `append_cell`.

use std::fmt;

use crate::{athena_type::DecimalDigits, row_problem::RowProblem};

/// Longer numbers, and those with an exponent, may be beyond the range of a double.
const SURELY_IN_RANGE: usize = 300;

/// A number that a double can hold, as the record writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<'v>(&'v str);

impl<'v> Number<'v> {
    /// `value` is a valid JSON number; `exponent` says whether it has one.
    pub(crate) fn parse(value: &'v str, exponent: bool) -> Result<Self, RowProblem> {
        let surely = value.len() < SURELY_IN_RANGE && !exponent;
        if surely || value.parse::<f64>().is_ok_and(f64::is_finite) {
            Ok(Self(value))
        } else {
            Err(RowProblem::NumberOutOfRange)
        }
    }

    /// The digits as the record has them; JSON's grammar, no blanks.
    #[must_use]
    pub fn text(self) -> &'v str {
        self.0
    }

    /// The nearest double; always finite.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        // `parse` took only what parses here.
        let value =
            quick_f64(self.0.as_bytes()).unwrap_or_else(|| self.0.parse().unwrap_or_default());
        debug_assert!(value.is_finite(), "{}", self.0);
        value
    }
}

/// The powers of ten that a double holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Parses prices and volumes in half the time of the general way. Without an exponent and with few
/// digits, the digits and the power of ten are both exact as doubles, and the division rounds once:
/// the result is the nearest double.
fn quick_f64(text: &[u8]) -> Option<f64> {
    let (negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        text => (false, text),
    };
    if unsigned.len() > 19 {
        return None;
    }
    let (mut digits, mut point) = (0u64, None);
    for (at, byte) in unsigned.iter().enumerate() {
        match byte {
            b'0'..=b'9' => digits = digits * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(at),
            _ => return None,
        }
    }
    let decimals = point.map_or(0, |at| unsigned.len() - at - 1);
    let exact = digits <= 1 << f64::MANTISSA_DIGITS;
    let value = digits as f64 / POWERS[decimals];
    exact.then_some(if negative { -value } else { value })
}

/// The value of a whole number in any notation (`12`, `12.0`, `1.2e1`), without a detour through a
/// float.
pub(crate) fn whole_number(value: &str) -> Result<i64, RowProblem> {
    if let Ok(number) = value.parse() {
        return Ok(number);
    }
    let (negative, unsigned) = match value.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, value),
    };
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return Ok(0);
    }
    // Zeros that follow the significant digits; below 0, digits after the point.
    let zeros = exponent
        .parse::<i64>()
        .ok()
        .and_then(|exponent| exponent.checked_sub(i64::try_from(fraction.len()).ok()?))
        .and_then(|scale| scale.checked_add(i64::try_from(digits.len() - significant.len()).ok()?));
    match zeros {
        None if exponent.starts_with('-') => Err(RowProblem::WrongType),
        Some(..0) => Err(RowProblem::WrongType),
        zeros => zeros
            .and_then(|zeros| shifted(significant, zeros))
            .map(|number| if negative { -number } else { number })
            .and_then(|number| i64::try_from(number).ok())
            .ok_or(RowProblem::NumberOutOfRange),
    }
}

/// An exact number, as decimal columns hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    /// Its digits, without the point.
    pub unscaled: i128,
    /// How many of them stand behind the point.
    pub scale: u8,
}

impl Decimal {
    /// The number of this text, which is JSON's; refused if it has more digits than that.
    pub(crate) fn parse(text: &str, digits: DecimalDigits) -> Result<Self, RowProblem> {
        let scaled = scaled(text, digits.scale().into()).filter(|scaled| !scaled.has_rest);
        let unscaled = scaled.ok_or(RowProblem::NumberOutOfRange)?.whole;
        let most = 10u128.pow(digits.precision().into());
        match unscaled.unsigned_abs() < most {
            true => Ok(Self {
                unscaled,
                scale: digits.scale(),
            }),
            false => Err(RowProblem::NumberOutOfRange),
        }
    }
}

/// With all digits behind the point: `12.50` of a column with two.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = usize::from(self.scale);
        let sign = if self.unscaled < 0 { "-" } else { "" };
        let digits = format!(
            "{:0width$}",
            self.unscaled.unsigned_abs(),
            width = scale + 1
        );
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        match fraction {
            "" => write!(f, "{sign}{whole}"),
            _ => write!(f, "{sign}{whole}.{fraction}"),
        }
    }
}

/// Whether the text is a number of JSON's grammar, and nothing else.
pub(crate) fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let are_digits =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let has_leading_zero = whole.len() > 1 && whole.starts_with('0');
    are_digits(whole) && are_digits(fraction) && are_digits(exponent) && !has_leading_zero
}

/// A number by its digits, whatever its spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Digits {
    negative: bool,
    /// Without zeros at either end.
    digits: String,
    /// The power of ten of the last digit; 0 for zero.
    exponent: i64,
}

impl Digits {
    /// The digits of a number of JSON's grammar. `None` when its exponent cannot be counted.
    pub(crate) fn of(number: &str) -> Option<Self> {
        let unsigned = number.strip_prefix('-').unwrap_or(number);
        let negative = unsigned.len() < number.len();
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let ended = all.trim_end_matches('0');
        let digits = ended.trim_start_matches('0').to_owned();
        if digits.is_empty() {
            return Some(Self {
                negative,
                digits,
                exponent: 0,
            });
        }
        let exponent: i64 = exponent.parse().ok()?;
        let zeros = i64::try_from(all.len() - ended.len()).ok()?;
        let decimals = i64::try_from(fraction.len()).ok()?;
        Some(Self {
            negative,
            digits,
            exponent: exponent.checked_add(zeros)?.checked_sub(decimals)?,
        })
    }

    /// Digits before the point.
    pub(crate) fn whole(&self) -> usize {
        let length = i64::try_from(self.digits.len()).unwrap_or(i64::MAX);
        usize::try_from(length.saturating_add(self.exponent)).unwrap_or(0)
    }

    /// Digits behind the point.
    pub(crate) fn scale(&self) -> usize {
        usize::try_from(self.exponent.saturating_neg()).unwrap_or(0)
    }

    /// Whether the nearest double, written in its shortest form, is the same number.
    pub(crate) fn are_of_double(&self, double: f64) -> bool {
        double.is_finite() && Self::of(&format!("{double:e}")).as_ref() == Some(self)
    }
}

/// A number times a power of ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scaled {
    /// Its whole part, cut off towards zero.
    pub(crate) whole: i128,
    /// Whether there are digits behind the whole part, other than zeros.
    pub(crate) has_rest: bool,
    negative: bool,
}

impl Scaled {
    /// The greatest whole number that is not above it.
    pub(crate) fn floor(self) -> i128 {
        match self.negative && self.has_rest {
            true => self.whole - 1,
            false => self.whole,
        }
    }
}

/// A number of JSON's grammar times 10 to the power of `places`, exactly; `None` for any other
/// text, and for a whole part of more than 38 digits.
pub(crate) fn scaled(text: &str, places: u32) -> Option<Scaled> {
    if !is_number(text) {
        return None;
    }
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0');
    let nothing = Scaled {
        whole: 0,
        has_rest: !significant.is_empty(),
        negative,
    };
    if significant.is_empty() {
        return Some(nothing);
    }
    // How many of the significant digits lie before the point; where even that many cannot be
    // counted, the number is next to nothing or far too large.
    let before = exponent.parse::<i64>().ok().and_then(|exponent| {
        let skipped =
            i64::try_from(significant.len()).ok()? - i64::try_from(fraction.len()).ok()?;
        exponent.checked_add(skipped)?.checked_add(places.into())
    });
    let before = match before {
        None if exponent.starts_with('-') => return Some(nothing),
        before => before?,
    };
    let before = match usize::try_from(before) {
        Err(_) => return Some(nothing),
        Ok(before) if before > 38 => return None,
        Ok(before) => before,
    };
    let (kept, rest) = significant.split_at(before.min(significant.len()));
    let magnitude: i128 = match kept {
        "" => 0,
        kept => kept.parse().ok()?,
    };
    let zeros = u32::try_from(before - kept.len()).ok()?;
    let magnitude = magnitude.checked_mul(10i128.checked_pow(zeros)?)?;
    Some(Scaled {
        whole: if negative { -magnitude } else { magnitude },
        has_rest: rest.bytes().any(|digit| digit != b'0'),
        negative,
    })
}

fn shifted(digits: &str, zeros: i64) -> Option<i128> {
    let factor = 10i128.checked_pow(u32::try_from(zeros).ok()?)?;
    digits.parse::<i128>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_decimal_is_exact_or_refused() {
        let digits = DecimalDigits::new(5, 2).unwrap();
        for (text, shown) in [
            ("1.5", "1.50"),
            ("-0.05", "-0.05"),
            ("999.99", "999.99"),
            ("1e2", "100.00"),
            ("0", "0.00"),
            ("1.500", "1.50"),
        ] {
            let decimal = Decimal::parse(text, digits).unwrap();
            assert_eq!(decimal.to_string(), shown, "{text}");
            assert_eq!(Decimal::parse(&decimal.to_string(), digits), Ok(decimal));
        }
        for text in ["1000", "0.001", "-1000.00", "1e400", "1e-3"] {
            let refused = Decimal::parse(text, digits);
            assert_eq!(refused, Err(RowProblem::NumberOutOfRange), "{text}");
        }
        let most = DecimalDigits::new(38, 0).unwrap();
        let nines = "9".repeat(38);
        assert_eq!(Decimal::parse(&nines, most).unwrap().to_string(), nines);
        assert!(Decimal::parse(&format!("{nines}9"), most).is_err());
    }

    #[test]
    fn a_scaled_number_keeps_each_digit() {
        for (text, places, whole, has_rest) in [
            ("12.345", 2, 1_234, true),
            ("12.34", 2, 1_234, false),
            ("12.340", 2, 1_234, false),
            ("-0.005", 2, 0, true),
            ("-0.005", 3, -5, false),
            ("1.5e3", 0, 1_500, false),
            ("150E-2", 1, 15, false),
            ("0.000", 5, 0, false),
            ("0e99999999999999999999", 5, 0, false),
            ("1e-99999999999999999999", 5, 0, true),
            (
                "99999999999999999999999999999999999999",
                0,
                10i128.pow(38) - 1,
                false,
            ),
        ] {
            let found = scaled(text, places).map(|found| (found.whole, found.has_rest));
            assert_eq!(found, Some((whole, has_rest)), "{text} {places}");
        }
        for text in [
            "",
            "-",
            "1.",
            ".5",
            "+1",
            "01",
            "1e",
            "1e+",
            "x",
            "1 ",
            "1e38",
            "1e99999999999999999999",
            "1_0",
        ] {
            assert_eq!(scaled(text, 0), None, "{text}");
        }
        assert_eq!(scaled("-0.5", 0).map(Scaled::floor), Some(-1));
        assert_eq!(scaled("-2", 0).map(Scaled::floor), Some(-2));
    }

    proptest! {
        #[test]
        fn a_double_is_the_nearest_one_to_the_last_bit(text in "-?(0|[1-9][0-9]{0,9})\\.[0-9]{1,12}|-?(0|[1-9][0-9]{0,19})|-?[1-9]\\.[0-9]{15,17}") {
            prop_assert_eq!(Number(&text).to_f64().to_bits(), text.parse::<f64>().unwrap().to_bits());
        }
    }
}
