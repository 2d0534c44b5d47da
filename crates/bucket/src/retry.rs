//! Waiting between tries, and telling the operator when a store has been failing.
//!
//! Not here: whether to try again; a request that must succeed is always tried again. Invariant: a
//! log line about the same trouble comes at most every 30 s, whatever the number of requests.

use std::{
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::answer::Failure;

/// How often a request that people wait for is tried before it is given up.
const TRIES: u32 = 8;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(20);
const LOG_EVERY: Duration = Duration::from_secs(30);

/// Exponential backoff with full jitter, one for each request.
#[derive(Debug, Default)]
pub struct Backoff {
    tries: u32,
}

impl Backoff {
    pub async fn wait(&mut self) {
        let longest = FIRST.saturating_mul(1 << self.tries.min(10)).min(LONGEST);
        self.tries += 1;
        tokio::time::sleep(longest.mul_f64(fastrand::f64())).await;
    }
}

/// What went wrong with the store lately; shared by all requests.
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
    /// Requests that were sent, repeated ones included.
    pub fn requests(&self) -> u64 {
        self.0.requests.load(Ordering::Relaxed)
    }

    pub fn requested(&self) {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests that were tried again.
    pub fn retries(&self) -> u64 {
        self.0.retries.load(Ordering::Relaxed)
    }

    /// Answers that asked for fewer requests.
    pub fn slow_downs(&self) -> u64 {
        self.0.slow_downs.load(Ordering::Relaxed)
    }

    /// Since when nothing succeeded any more, and the newest failure.
    pub fn failing(&self) -> Option<(Duration, String)> {
        let since = self.0.since.lock().unwrap_or_else(PoisonError::into_inner);
        since
            .as_ref()
            .map(|since| (since.began.elapsed(), since.message.clone()))
    }

    pub fn succeeded(&self) {
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

    pub fn failed(&self, failure: &Failure, key: &str) {
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
        // A single lost request is everyday life; the first line comes when it lasts.
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

/// Tries again what may pass by itself, for some seconds.
pub async fn patiently<T, F: Future<Output = Result<T, Failure>>>(
    request: impl Fn() -> F,
) -> Result<T, Failure> {
    let mut backoff = Backoff::default();
    for _ in 1..TRIES {
        match request().await {
            Err(failure) if failure.is_passing() || failure.status.is_none() => {
                backoff.wait().await;
            }
            answer => return answer,
        }
    }
    request().await
}
