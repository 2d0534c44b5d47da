//! How long to wait before a call is made again. Pure: chance is an argument.

/// The tries of one batch; then it is given up.
pub(crate) const MOST_TRIES: u32 = 5;

/// A wait of up to 1, 2, 4, … 60 s after the first, second, third failure: `chance`, from 0 to 1,
/// chooses from the upper half, so that many programs do not come back at once.
pub(crate) fn retry_delay_ms(failures: u32, chance: f64) -> i64 {
    const FIRST_MS: i64 = 1_000;
    const LONGEST_MS: i64 = 60_000;
    let doubled = FIRST_MS << failures.saturating_sub(1).min(10);
    let longest = doubled.min(LONGEST_MS);
    let half = longest / 2;
    half + (half as f64 * chance.clamp(0.0, 1.0)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_bound() {
        assert_eq!(retry_delay_ms(1, 0.0), 500);
        assert_eq!(retry_delay_ms(1, 1.0), 1_000);
        assert_eq!(retry_delay_ms(3, 1.0), 4_000);
        assert_eq!(retry_delay_ms(u32::MAX, 7.0), 60_000);
        assert_eq!(retry_delay_ms(0, -1.0), 500);
    }
}
