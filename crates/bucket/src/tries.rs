//! How many tries to write run at the same time.
//!
//! The bodies of all tries share one line. When the line or the store is too slow for them, fewer
//! at a time finish sooner than all together, which may never finish. So the limit halves with each
//! wave of slow answers, and grows by one after as many successes as it has: additive increase,
//! multiplicative decrease. It belongs to the bucket, so it also holds for what the landing engine
//! does not count, such as claims and what other commands write.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The limit while nothing is slow. Callers bound themselves more tightly.
const MOST: usize = 1024;

/// The tries of one bucket. Clones share the limit.
#[derive(Clone, Debug)]
pub(crate) struct Tries {
    /// Waiting tries are served in their order.
    slots: Arc<Semaphore>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    limit: usize,
    running: usize,
    /// Slots beyond the limit that are still in use; they vanish when they come back.
    surplus: usize,
    /// Since the limit last changed.
    successes: usize,
    /// How often the limit was halved.
    wave: u64,
}

impl Default for Tries {
    fn default() -> Self {
        Self {
            slots: Arc::new(Semaphore::new(MOST)),
            state: Arc::new(Mutex::new(State {
                limit: MOST,
                running: 0,
                surplus: 0,
                successes: 0,
                wave: 0,
            })),
        }
    }
}

impl Tries {
    /// Waits for a slot. Dropping the try gives it back.
    pub(crate) async fn begin(&self) -> Try {
        // The semaphore is never closed.
        let slot = self.slots.clone().acquire_owned().await.ok();
        let mut state = self.lock();
        state.running += 1;
        Try {
            wave: state.wave,
            tries: self.clone(),
            slot,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A try that is running.
#[derive(Debug)]
pub(crate) struct Try {
    tries: Tries,
    slot: Option<OwnedSemaphorePermit>,
    wave: u64,
}

impl Try {
    /// It went well.
    pub(crate) fn succeeded(&self) {
        let mut state = self.tries.lock();
        state.successes += 1;
        if state.successes < state.limit || state.limit == MOST {
            return;
        }
        state.successes = 0;
        state.limit += 1;
        match state.surplus.checked_sub(1) {
            Some(surplus) => state.surplus = surplus,
            None => self.tries.slots.add_permits(1),
        }
    }

    /// It took too long, or the store asked for fewer requests. What began before the limit last
    /// halved says nothing about the limit now.
    pub(crate) fn slowed_down(&self) {
        let mut state = self.tries.lock();
        if self.wave != state.wave {
            return;
        }
        // Half of what ran, however much could have.
        let limit = (state.limit.min(state.running) / 2).max(1);
        let fewer = state.limit - limit;
        state.surplus += fewer - self.tries.slots.forget_permits(fewer);
        state.limit = limit;
        state.successes = 0;
        state.wave += 1;
    }
}

impl Drop for Try {
    fn drop(&mut self) {
        let mut state = self.tries.lock();
        state.running -= 1;
        if state.surplus > 0
            && let Some(slot) = self.slot.take()
        {
            state.surplus -= 1;
            slot.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    /// As many tries as may begin now.
    fn all_that_begin(tries: &Tries) -> Vec<Try> {
        std::iter::from_fn(|| tries.begin().now_or_never()).collect()
    }

    #[test]
    fn a_wave_of_slow_tries_halves_the_limit_once_and_successes_raise_it() {
        let tries = Tries::default();
        let mut running: Vec<Try> = (0..24)
            .map_while(|_| tries.begin().now_or_never())
            .collect();
        assert_eq!(running.len(), 24);
        for expected in [12, 6, 3, 1, 1] {
            running.iter().for_each(Try::slowed_down);
            assert!(tries.begin().now_or_never().is_none());
            running.clear();
            running = all_that_begin(&tries);
            assert_eq!(running.len(), expected);
        }
        for expected in 2..=30 {
            running.iter().for_each(Try::succeeded);
            running.clear();
            running = all_that_begin(&tries);
            assert_eq!(running.len(), expected);
        }
    }

    #[test]
    fn success_gives_back_the_limit_while_slow_tries_still_run() {
        let tries = Tries::default();
        let running: Vec<Try> = (0..4).map_while(|_| tries.begin().now_or_never()).collect();
        running[0].slowed_down();
        running[1].succeeded();
        running[2].succeeded();
        assert!(tries.begin().now_or_never().is_none());
        drop(running);
        assert_eq!(all_that_begin(&tries).len(), 3);
    }
}
