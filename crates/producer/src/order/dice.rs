//! Random numbers from a seed, the same on every machine.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// A stream of random numbers.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// Streams of one seed have nothing to do with each other.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut random = ChaCha8Rng::from_seed(bytes);
        random.set_stream(stream);
        Self(random)
    }

    /// Any number, each as likely as the others.
    pub(crate) fn any(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `limit`, which is above 0, each as likely as the others.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        // The high half of the product is uniform but for the lowest products, which are thrown
        // away: Lemire, Fast Random Integer Generation in an Interval, 2019.
        let uneven = limit.wrapping_neg() % limit;
        loop {
            let product = u128::from(self.any()) * u128::from(limit);
            if product as u64 >= uneven {
                return (product >> 64) as u64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_everywhere() {
        let numbers = |seed, stream| {
            let mut dice = Dice::new(seed, stream);
            [dice.any(), dice.any()]
        };
        assert_eq!(numbers(7, 1), numbers(7, 1));
        assert_ne!(numbers(7, 1), numbers(7, 2));
        assert_ne!(numbers(7, 1), numbers(8, 1));
    }

    #[test]
    fn numbers_below_a_limit_are_spread_evenly() {
        let mut dice = Dice::new(1, 0);
        let mut counts = [0_u32; 6];
        for _ in 0..60_000 {
            counts[usize::try_from(dice.below(6)).unwrap()] += 1;
        }
        // Five standard deviations, which are 91.
        assert!(
            counts.iter().all(|count| count.abs_diff(10_000) < 456),
            "{counts:?}"
        );
        assert_eq!(dice.below(1), 0);
    }
}
