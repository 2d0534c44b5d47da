//! The threads that encode: a few long-lived ones instead of a large pool.
//!
//! The C library keeps freed memory per thread, so each thread of a pool that ever encoded an
//! extent would hold on to that much memory. Threads take work in the order in which it arrives.
//!
//! Invariant: each piece of work runs once, and a panic in it surfaces where its result is awaited.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
};

use anyhow::{Context, Result};
use tokio::sync::oneshot;

type EncodingWork = Box<dyn FnOnce() + Send>;

/// Clones share the threads, which end when the last clone is dropped.
#[derive(Clone)]
pub(super) struct Threads(Sender<EncodingWork>);

impl Threads {
    /// Starts `number` threads.
    ///
    /// # Errors
    /// When the system cannot start another thread.
    pub(super) fn start(number: usize) -> Result<Self> {
        let (sender, receiver) = channel::<EncodingWork>();
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..number {
            let receiver = receiver.clone();
            std::thread::Builder::new()
                .name("encoder".to_owned())
                .spawn(move || work(&receiver))
                .context("a thread for encoding cannot be started")?;
        }
        Ok(Self(sender))
    }

    /// Runs the work on one of the threads.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        let (reply, result) = oneshot::channel();
        let work = move || {
            let done = std::panic::catch_unwind(AssertUnwindSafe(work));
            // If the run has ended meanwhile, nobody is waiting.
            reply.send(done).ok();
        };
        // Cannot fail: the threads live as long as this sender.
        self.0.send(Box::new(work)).ok();
        match result.await {
            Ok(Ok(done)) => done,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(_) => unreachable!("each work is answered"),
        }
    }
}

fn work(receiver: &Mutex<Receiver<EncodingWork>>) {
    loop {
        let next = receiver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        match next {
            Ok(work) => work(),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_by_as_many_threads_as_were_started() {
        let threads = Threads::start(2).unwrap();
        let all = (0..100).map(|number| {
            let threads = threads.clone();
            tokio::spawn(async move {
                threads
                    .run(move || (number, std::thread::current().id()))
                    .await
            })
        });
        let mut by = std::collections::HashSet::new();
        for (number, done) in all.collect::<Vec<_>>().into_iter().enumerate() {
            let (same, thread) = done.await.unwrap();
            assert_eq!(same, number);
            by.insert(thread);
        }
        assert!((1..=2).contains(&by.len()), "{by:?}");
    }

    #[tokio::test]
    async fn a_panic_comes_out_where_the_result_is_awaited_and_the_thread_goes_on() {
        let threads = Threads::start(1).unwrap();
        let panicking = threads.clone();
        let failed = tokio::spawn(async move { panicking.run(|| panic!("planted")).await });
        assert!(failed.await.unwrap_err().is_panic());
        assert_eq!(threads.run(|| 7).await, 7);
    }
}
