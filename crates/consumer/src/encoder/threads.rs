//! The threads that encode: a few that stay, instead of any of a pool's.
//!
//! What a thread frees stays with it (the C library keeps free memory by thread): an extent's
//! output on each of a pool's threads would be many extents' memory. Not here: what the work is.
//! Invariant: work is done once, in the order in which it came, and a panic in it comes out where
//! its result is awaited.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
};

use anyhow::{Context, Result};
use tokio::sync::oneshot;

type Work = Box<dyn FnOnce() + Send>;

/// Clones share the threads, which end with the last of them.
#[derive(Clone)]
pub(super) struct Threads(Sender<Work>);

impl Threads {
    /// Starts so many threads.
    ///
    /// # Errors
    /// When the system has no more threads.
    pub(super) fn start(number: usize) -> Result<Self> {
        let (sender, receiver) = channel::<Work>();
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

    /// Does the work on one of the threads.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        let (reply, result) = oneshot::channel();
        let work = move || {
            let done = std::panic::catch_unwind(AssertUnwindSafe(work));
            // Nobody waits any more where the run has ended meanwhile.
            reply.send(done).ok();
        };
        // They end only after the last sender, which is here.
        self.0.send(Box::new(work)).ok();
        match result.await {
            Ok(Ok(done)) => done,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(_) => unreachable!("each work is answered"),
        }
    }
}

fn work(receiver: &Mutex<Receiver<Work>>) {
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
