//! What the rounds of one side come to.

/// The least, the median and the most of some values; NaN if there are none.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// The smallest value.
    pub least: f64,
    /// The value in the middle; of an even number of values, the mean of the two in the middle.
    pub median: f64,
    /// The largest value.
    pub most: f64,
}

impl Spread {
    /// The spread of these values, in any order.
    pub fn new(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let last = values.len().saturating_sub(1);
        Self {
            least: at(0),
            median: (at(last / 2) + at(last.div_ceil(2))) / 2.0,
            most: at(last),
        }
    }

    /// `median (least–most)`, each with so many decimals.
    pub fn text(&self, decimals: usize) -> String {
        let Self {
            least,
            median,
            most,
        } = self;
        format!("{median:.decimals$} ({least:.decimals$}–{most:.decimals$})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_stands_in_the_middle() {
        let spread = Spread::new([3.0, 1.0, 10.0].into_iter());
        assert_eq!(spread.text(0), "3 (1–10)");
        let even = Spread::new([4.0, 1.0, 10.0, 3.0].into_iter());
        assert_eq!(even.text(1), "3.5 (1.0–10.0)");
        assert!(Spread::new(std::iter::empty()).median.is_nan());
    }
}
