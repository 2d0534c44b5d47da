//! Decimal numbers that keep their digits: prices and volumes as whole numbers of a power of ten.

use std::fmt;

/// The most digits of a number.
const DIGITS: usize = 18;

/// A number without sign: `units` times ten to the power of `-scale`. `10.50` is 1050 with scale 2,
/// and is written `10.50` again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExactDecimal {
    /// The digits without the point; at most 18 of them, never negative.
    pub units: i64,
    /// How many of the digits stand behind the point; at most 18.
    pub scale: u8,
}

impl ExactDecimal {
    /// Reads `12`, `12.0` or `0.125`: digits with at most one point between them, 18 digits at
    /// most. `None` for anything else, such as a sign, an exponent or blanks.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = match text.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (text, ""),
        };
        let digits = whole.bytes().chain(fraction.bytes());
        if whole.is_empty() || whole.len() + fraction.len() > DIGITS {
            return None;
        }
        let mut units = 0;
        for digit in digits {
            if !digit.is_ascii_digit() {
                return None;
            }
            units = units * 10 + i64::from(digit - b'0');
        }
        Some(Self {
            units,
            scale: u8::try_from(fraction.len()).ok()?,
        })
    }

    /// The same number without zeros at its end, but with one digit behind the point at least:
    /// `2.50` is `2.5`, `2.00` is `2.0`. A number without a point stays as it is.
    #[must_use]
    pub fn trimmed(mut self) -> Self {
        while self.scale > 1 && self.units % 10 == 0 {
            self.units /= 10;
            self.scale -= 1;
        }
        self
    }

    /// The units of the same number at another scale; `None` if it has more digits than that.
    #[must_use]
    pub fn units_at(self, scale: u8) -> Option<i64> {
        match scale.checked_sub(self.scale) {
            Some(more) => self.units.checked_mul(power_of_ten(more)?),
            None => {
                let divisor = power_of_ten(self.scale - scale)?;
                (self.units % divisor == 0).then_some(self.units / divisor)
            }
        }
    }

    /// Appends the digits, all `scale` of them behind the point.
    pub fn append(self, out: &mut Vec<u8>) {
        // All digits of a 64-bit number, a zero before the point, and the point.
        let mut text = [b'0'; 22];
        let scale = usize::from(self.scale).min(DIGITS);
        let point = text.len() - scale;
        let (mut at, mut rest) = (text.len(), self.units.unsigned_abs());
        while rest > 0 || at >= point {
            if at == point && scale > 0 {
                at -= 1;
                text[at] = b'.';
            }
            at -= 1;
            text[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        out.extend_from_slice(&text[at..]);
    }
}

/// As the text that was read.
impl fmt::Display for ExactDecimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        self.append(&mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

/// Ten to this power; `None` above 18.
pub(crate) fn power_of_ten(power: u8) -> Option<i64> {
    10_i64.checked_pow(power.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_plain_number_is_refused() {
        for text in [
            "", ".", "1.", ".5", "-1", "+1", "1e5", "1,000", " 1", "nan", "1.2.3",
        ] {
            assert_eq!(ExactDecimal::parse(text), None, "{text:?}");
        }
        assert_eq!(ExactDecimal::parse("1234567890.123456789"), None);
    }

    #[test]
    fn zeros_at_the_end_go_but_for_one() {
        for (text, expected) in [
            ("2.50", "2.5"),
            ("2.00", "2.0"),
            ("200", "200"),
            ("0.0", "0.0"),
        ] {
            let number = ExactDecimal::parse(text).unwrap();
            assert_eq!(number.trimmed().to_string(), expected);
        }
    }

    #[test]
    fn a_scale_that_is_too_small_is_refused() {
        let number = ExactDecimal::parse("2.50").unwrap();
        assert_eq!(
            [0, 1, 2, 4].map(|scale| number.units_at(scale)),
            [None, Some(25), Some(250), Some(25_000)]
        );
        assert_eq!(
            ExactDecimal::parse("999999999999999999")
                .unwrap()
                .units_at(3),
            None
        );
    }

    proptest! {
        #[test]
        fn digits_come_back_as_they_were(text in "(0|[1-9][0-9]{0,8})(\\.[0-9]{1,9})?") {
            prop_assert_eq!(ExactDecimal::parse(&text).unwrap().to_string(), text);
        }
    }
}
