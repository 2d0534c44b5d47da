//! One flag that ends a run early; everything that waits looks at it.
//!
//! Does not know signals (see `signals`). A requested stop stays requested, and wakes every waiter.

use std::{
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// A cheap handle; clones share the flag.
#[derive(Debug, Clone, Default)]
pub(crate) struct StopFlag {
    shared: Arc<SharedFlag>,
}

#[derive(Debug, Default)]
struct SharedFlag {
    requested: AtomicBool,
    lock: Mutex<()>,
    wake: Condvar,
}

impl StopFlag {
    /// Ends the run; wakes everything that waits.
    pub(crate) fn request(&self) {
        let guard = self
            .shared
            .lock
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.shared.requested.store(true, Ordering::Release);
        drop(guard);
        self.shared.wake.notify_all();
    }

    pub(crate) fn requested(&self) -> bool {
        self.shared.requested.load(Ordering::Acquire)
    }

    /// Waits this long, or less if a stop is requested; returns whether one is.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        let mut guard = self
            .shared
            .lock
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if self.requested() || left.is_zero() {
                return self.requested();
            }
            guard = self
                .shared
                .wake
                .wait_timeout(guard, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

/// Requests the stop when it is dropped, so that a run whose future is dropped does not go on in
/// its thread.
#[derive(Debug)]
pub(crate) struct StopOnDrop(pub(crate) StopFlag);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.request();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiter_wakes_when_a_stop_is_requested() {
        let stop = StopFlag::default();
        assert!(!stop.wait(Duration::from_millis(1)));
        let waiter = std::thread::spawn({
            let stop = stop.clone();
            move || stop.wait(Duration::from_secs(3600))
        });
        drop(StopOnDrop(stop));
        assert!(waiter.join().unwrap());
    }
}
