//! Random numbers that are the same on every machine: ChaCha8 with a fixed seed, and arithmetic
//! that is exact or correctly rounded.
//!
//! Nothing here may call a mathematical function of the platform, whose last bit may differ.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

const SEED: [u8; 32] = *b"stock market look-alike, seed 01";

/// One stream of random numbers.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(stream: u64) -> Self {
        let mut random = ChaCha8Rng::from_seed(SEED);
        random.set_stream(stream);
        Self(random)
    }

    /// A uniform number from 0 (included) to 1 (not included).
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A nearly normal number, mean 0, variance 1: the sum of twelve uniform numbers, minus six.
    pub(crate) fn normal(&mut self) -> f64 {
        let quarters = |word: u64| {
            [
                word & 0xffff,
                (word >> 16) & 0xffff,
                (word >> 32) & 0xffff,
                word >> 48,
            ]
        };
        let sum: u64 = (0..3).flat_map(|_| quarters(self.0.next_u64())).sum();
        sum as f64 / 65_536.0 - 6.0
    }

    /// `count` of the numbers below `among`, all equally likely, in ascending order.
    pub(crate) fn choose(&mut self, count: usize, among: usize) -> Vec<usize> {
        let mut chosen = Vec::with_capacity(count);
        for at in 0..among {
            let needed = (count - chosen.len()) as f64;
            if self.unit() * ((among - at) as f64) < needed {
                chosen.push(at);
            }
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_fixed_and_differ() {
        assert_eq!(Dice::new(1).unit(), Dice::new(1).unit());
        assert_ne!(Dice::new(1).unit(), Dice::new(2).unit());
    }

    #[test]
    fn choosing_gives_the_exact_number() {
        for (count, among) in [(0, 10), (10, 10), (3, 1000), (999, 1000)] {
            let chosen = Dice::new(0).choose(count, among);
            assert_eq!(chosen.len(), count);
            assert!(
                chosen.windows(2).all(|pair| pair[0] < pair[1])
                    && chosen.iter().all(|&at| at < among)
            );
        }
    }

    #[test]
    fn the_normal_numbers_have_mean_0_and_variance_1() {
        let mut dice = Dice::new(0);
        let numbers: Vec<f64> = (0..10_000).map(|_| dice.normal()).collect();
        let mean = numbers.iter().sum::<f64>() / 10_000.0;
        let variance = numbers
            .iter()
            .map(|number| (number - mean) * (number - mean))
            .sum::<f64>()
            / 10_000.0;
        assert!(
            mean.abs() < 0.05 && (variance - 1.0).abs() < 0.05,
            "{mean} {variance}"
        );
    }
}
