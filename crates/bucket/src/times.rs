//! How long a request may take before it counts as lost.

use std::time::Duration;

/// The limits of one bucket's requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// The longest time for one try of a request, including its body.
    pub(crate) attempt: Duration,
    /// The bytes per second that a line is expected to manage: a larger body gets more than
    /// `attempt`.
    pub(crate) line: u64,
    /// The longest wait for the next piece of a body that is read.
    pub(crate) piece: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            attempt: Duration::from_secs(30),
            line: 512 << 10,
            piece: Duration::from_secs(30),
        }
    }
}

impl Times {
    /// The time for a try with a body of so many bytes, after so many tries that timed out: twice
    /// as long as the one before. It stays below four times `attempt` plus the time that the body
    /// takes on a line of a sixteenth of the expected speed, because a try on a dead connection
    /// lasts to its end.
    pub(crate) fn of_try(&self, bytes: usize, timed_out: u32) -> Duration {
        let seconds = |line: u64| Duration::from_secs_f64(bytes as f64 / line.max(1) as f64);
        let first = self.attempt.max(seconds(self.line));
        let longest = self.attempt * 4 + seconds(self.line / 16);
        first.saturating_mul(1 << timed_out.min(16)).min(longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_body_gets_more_time_and_each_timeout_doubles_it_up_to_a_bound() {
        let times = Times::default();
        let seconds = |bytes, timed_out| times.of_try(bytes, timed_out).as_secs();
        assert_eq!(
            [0, 1, 2, 3, 99].map(|n| seconds(100, n)),
            [30, 60, 120, 120, 120]
        );
        let large = 64 << 20;
        assert_eq!(
            [0, 1, 4, 99].map(|n| seconds(large, n)),
            [128, 256, 2048, 2168]
        );
    }
}
