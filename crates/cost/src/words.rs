//! Numbers as people read them: counts, bytes, times and dollars.

/// `17`, `86.4 k`, `2.59 M`, `25.9 G`.
pub(crate) fn count(number: f64) -> String {
    let (scaled, unit) = scaled(number);
    match unit {
        "" if number >= 10.0 || number.fract() == 0.0 => format!("{number:.0}"),
        "" => format!("{number:.1}"),
        _ => format!("{} {unit}", three_digits(scaled)),
    }
}

/// `205 B`, `17.7 MB`; units are powers of 1,000, as Athena counts.
pub(crate) fn bytes(number: f64) -> String {
    let (scaled, unit) = scaled(number);
    match unit {
        "" => format!("{number:.0} B"),
        unit => format!("{} {unit}B", three_digits(scaled)),
    }
}

/// `0.4 s`, `16 s`, `26 min`, `43.6 h`.
pub(crate) fn seconds(number: f64) -> String {
    match number {
        ..0.05 => "<0.1 s".to_owned(),
        ..9.95 => format!("{number:.1} s"),
        ..120.0 => format!("{number:.0} s"),
        ..7_200.0 => format!("{:.0} min", number / 60.0),
        ..172_800.0 => format!("{:.1} h", number / 3_600.0),
        _ => format!("{:.0} days", number / 86_400.0),
    }
}

/// `$0.00009`, `$0.035`, `$12.96`, `$1,296`.
pub(crate) fn dollars(number: f64) -> String {
    match number {
        0.0 => "$0".to_owned(),
        ..0.000_995 => format!("${number:.5}"),
        ..0.995 => format!("${number:.3}"),
        ..999.5 => format!("${number:.2}"),
        _ => format!("${}", with_commas(number)),
    }
}

/// `1,296`: a whole number in groups of three digits.
pub(crate) fn with_commas(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn scaled(number: f64) -> (f64, &'static str) {
    for (unit, factor) in [("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)] {
        // What would be rounded to 1,000 of the smaller unit is 1 of this one.
        if number >= factor * 0.9995 {
            return (number / factor, unit);
        }
    }
    (number, "")
}

fn three_digits(number: f64) -> String {
    match number {
        ..9.995 => format!("{number:.2}"),
        ..99.95 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_and_a_unit() {
        let counts = [
            (0.0, "0"),
            (1.4, "1.4"),
            (864.0, "864"),
            (999.9, "1.00 k"),
            (86_400.0, "86.4 k"),
            (2_592_000.0, "2.59 M"),
            (2.592e10, "25.9 G"),
        ];
        assert!(counts.iter().all(|(number, text)| count(*number) == *text));
        assert_eq!([bytes(206.0), bytes(17_798_400.0)], ["206 B", "17.8 MB"]);
    }

    #[test]
    fn times_and_sums_have_the_unit_that_fits() {
        let times = [
            (0.0, "<0.1 s"),
            (15.7, "16 s"),
            (1_571.0, "26 min"),
            (157_091.0, "43.6 h"),
            (1e6, "12 days"),
        ];
        for (number, text) in times {
            assert_eq!(seconds(number), text);
        }
        let sums = [
            (0.0, "$0"),
            (0.000_05, "$0.00005"),
            (0.034_56, "$0.035"),
            (12.96, "$12.96"),
            (1_296.0, "$1,296"),
            (129_600.4, "$129,600"),
            (1_234_567.0, "$1,234,567"),
        ];
        for (number, text) in sums {
            assert_eq!(dollars(number), text);
        }
    }
}
