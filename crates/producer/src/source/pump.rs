//! Work that may wait for ever, such as reading stdin or opening a FIFO, in a thread of its own, so
//! that whoever waits for it can stop waiting.
//!
//! Does not know what is read. At most two items are ahead of the reader.

use std::{
    io,
    sync::mpsc::{Receiver, RecvTimeoutError, sync_channel},
    time::Duration,
};

/// What has come within the time.
#[derive(Debug)]
pub(crate) enum Pumped<T> {
    Item(T),
    /// Nothing yet.
    Waits,
    /// Nothing will come any more.
    End,
}

/// The thread's other end. The thread may stay in its call until the process ends: nothing can wake
/// it.
#[derive(Debug)]
pub(crate) struct Pump<T> {
    items: Receiver<io::Result<T>>,
}

impl<T: Send + 'static> Pump<T> {
    /// Calls `open` in a new thread, and then `next` on what it returned until that returns `None`
    /// or an error.
    pub(crate) fn start<S>(
        open: impl FnOnce() -> io::Result<S> + Send + 'static,
        mut next: impl FnMut(&mut S) -> io::Result<Option<T>> + Send + 'static,
    ) -> Self {
        let (to, items) = sync_channel(1);
        std::thread::spawn(move || {
            let mut from = match open() {
                Ok(from) => from,
                Err(error) => {
                    // Nobody listens any more if the run has ended.
                    to.send(Err(error)).ok();
                    return;
                }
            };
            while let Some(item) = next(&mut from).transpose() {
                let is_last = item.is_err();
                if to.send(item).is_err() || is_last {
                    return;
                }
            }
        });
        Self { items }
    }

    /// Waits this long for the next item.
    ///
    /// # Errors
    /// What `open` or `next` returned.
    pub(crate) fn next(&self, patience: Duration) -> io::Result<Pumped<T>> {
        match self.items.recv_timeout(patience) {
            Ok(item) => item.map(Pumped::Item),
            Err(RecvTimeoutError::Timeout) => Ok(Pumped::Waits),
            Err(RecvTimeoutError::Disconnected) => Ok(Pumped::End),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    #[test]
    fn items_come_in_order_and_then_the_end_or_the_error() {
        let pump = Pump::start(
            || Ok(vec![2, 1]),
            |rest| match rest.pop() {
                Some(item) => Ok(Some(item)),
                None => Err(io::Error::other("broken")),
            },
        );
        for expected in [1, 2] {
            assert!(matches!(pump.next(PATIENCE), Ok(Pumped::Item(item)) if item == expected));
        }
        assert_eq!(pump.next(PATIENCE).unwrap_err().to_string(), "broken");
        assert!(matches!(pump.next(PATIENCE), Ok(Pumped::End)));
        let refused = Pump::<u8>::start(|| Err::<(), _>(io::Error::other("closed")), |_| Ok(None));
        assert_eq!(refused.next(PATIENCE).unwrap_err().to_string(), "closed");
    }

    #[test]
    fn a_call_that_never_returns_holds_nobody_up() {
        let pump = Pump::<u8>::start(
            || {
                loop {
                    std::thread::park();
                }
                #[allow(unreachable_code, reason = "the type of what is opened")]
                Ok(())
            },
            |()| Ok(None),
        );
        let waited = pump.next(Duration::from_millis(1)).unwrap();
        assert!(matches!(waited, Pumped::Waits));
    }
}
