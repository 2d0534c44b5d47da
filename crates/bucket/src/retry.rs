//! Waits between attempts, and tells the operator when the store has been failing.
//!
//! The same trouble is logged at most every 30 s, whatever the number of requests.

use std::{
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::answer::StoreFailure;

/// The attempts of a request that people wait for.
const TRIES: u32 = 8;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(20);
const LOG_EVERY: Duration = Duration::from_secs(30);

/// Exponential backoff with full jitter, from 100 ms up to 20 s. Each request has its own.
#[derive(Debug, Default)]
pub struct Backoff {
    tries: u32,
}

impl Backoff {
    /// Waits a random time up to the current bound, and doubles the bound.
    pub async fn wait(&mut self) {
        let longest = FIRST.saturating_mul(1 << self.tries.min(10)).min(LONGEST);
        self.tries += 1;
        tokio::time::sleep(longest.mul_f64(fastrand::f64())).await;
    }
}

/// What went wrong with the store lately, and counters since the start. All requests of a bucket
/// share it.
#[derive(Clone, Debug, Default)]
pub struct StoreTrouble(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    requests: AtomicU64,
    retries: AtomicU64,
    slow_downs: AtomicU64,
    since: Mutex<Option<Since>>,
}

#[derive(Debug)]
struct Since {
    began: Instant,
    logged: Option<Instant>,
    message: String,
}

impl StoreTrouble {
    /// Requests that were sent, including repeated ones.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.0.requests.load(Ordering::Relaxed)
    }

    /// Counts a request.
    pub(crate) fn requested(&self) {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Attempts that failed and are repeated.
    #[must_use]
    pub fn retries(&self) -> u64 {
        self.0.retries.load(Ordering::Relaxed)
    }

    /// Answers that asked for fewer requests, and tries without an answer in time.
    #[must_use]
    pub fn slow_downs(&self) -> u64 {
        self.0.slow_downs.load(Ordering::Relaxed)
    }

    /// For how long nothing has succeeded, and the newest failure; `None` after a success.
    #[must_use]
    pub fn failing(&self) -> Option<(Duration, String)> {
        let since = self.0.since.lock().unwrap_or_else(PoisonError::into_inner);
        since
            .as_ref()
            .map(|since| (since.began.elapsed(), since.message.clone()))
    }

    /// A write succeeded: the trouble, if any, is over.
    pub(crate) fn succeeded(&self) {
        let before = self
            .0
            .since
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(Since {
            began,
            logged: Some(_),
            ..
        }) = before
        {
            tracing::info!(after = ?began.elapsed(), "S3 answers again");
        }
    }

    /// An attempt to write this key failed. Logs it when it has lasted for a second.
    pub fn failed(&self, failure: &StoreFailure, key: &str) {
        self.0.retries.fetch_add(1, Ordering::Relaxed);
        if failure.is_slow_down() {
            self.0.slow_downs.fetch_add(1, Ordering::Relaxed);
        }
        let mut since = self.0.since.lock().unwrap_or_else(PoisonError::into_inner);
        let since = since.get_or_insert_with(|| Since {
            began: Instant::now(),
            logged: None,
            message: String::new(),
        });
        since.message = failure.to_string();
        // A single lost request is normal; log only when it lasts.
        let due = since
            .logged
            .map_or(since.began.elapsed() > Duration::from_secs(1), |logged| {
                logged.elapsed() > LOG_EVERY
            });
        if due {
            since.logged = Some(Instant::now());
            tracing::warn!(
                key,
                for_seconds = since.began.elapsed().as_secs(),
                "S3 does not take objects: {failure}; trying again, nothing is skipped"
            );
        }
    }
}

/// Repeats a request that failed with no answer of an S3 or with one that may pass by itself (409,
/// 429, 5xx); eight attempts in all, over some seconds.
///
/// # Errors
/// The last failure, or the first one that will not pass.
pub async fn patiently<T, F: Future<Output = Result<T, StoreFailure>>>(
    request: impl Fn() -> F,
) -> Result<T, StoreFailure> {
    let mut backoff = Backoff::default();
    for _ in 1..TRIES {
        match request().await {
            Err(failure) if failure.is_passing() => {
                backoff.wait().await;
            }
            answer => return answer,
        }
    }
    request().await
}
