//! How long a request may take before it counts as lost.

use std::time::Duration;

/// The limits of one bucket's requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// The longest wait for the next piece of a body that is read.
    pub(crate) piece: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            piece: Duration::from_secs(30),
        }
    }
}
