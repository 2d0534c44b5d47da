//! Which rows of a market have an oddity: chosen at random, the same on every machine.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

const SEED: [u8; 32] = *b"shipped stock data: oddities, 01";

/// Chooses among the rows of one market.
pub(crate) struct Choice(ChaCha8Rng);

impl Choice {
    /// Each market has its own stream, so adding a market does not change the others.
    pub(crate) fn new(stream: u64) -> Self {
        let mut random = ChaCha8Rng::from_seed(SEED);
        random.set_stream(stream);
        Self(random)
    }

    /// `count` of the numbers below `among`, all equally likely, in ascending order.
    pub(crate) fn choose(&mut self, count: usize, among: usize) -> Vec<usize> {
        let mut chosen = Vec::with_capacity(count);
        for at in 0..among {
            let needed = (count - chosen.len()) as u64;
            // A number below `among - at`, by the high half of a product.
            let left = (among - at) as u128;
            let drawn = (u128::from(self.0.next_u64()) * left) >> 64;
            if drawn < needed.into() {
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
    fn choosing_gives_the_exact_number() {
        for (count, among) in [(0, 10), (10, 10), (3, 1000), (999, 1000)] {
            let chosen = Choice::new(0).choose(count, among);
            assert_eq!(chosen.len(), count);
            assert!(
                chosen.windows(2).all(|pair| pair[0] < pair[1])
                    && chosen.iter().all(|&at| at < among)
            );
        }
        let first = Choice::new(0).choose(50, 100);
        assert_ne!(first, Choice::new(1).choose(50, 100));
    }
}
