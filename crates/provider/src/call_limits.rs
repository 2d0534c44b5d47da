//! The limits of a provider's plan, and the buckets that keep to them. Pure.

use crate::{market_provider::MarketProvider, token_bucket::TokenBucket};

/// How many calls a plan allows. `None` is no limit of that kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallLimits {
    /// Calls in a second.
    pub per_second: Option<u32>,
    /// Weight in a minute: a call of Alpha Vantage weighs 1, one of Binance 2.
    pub per_minute: Option<u32>,
    /// Calls in a day, at most [`CallLimits::MOST_PER_DAY`].
    pub per_day: Option<u32>,
}

/// Which limit holds a call back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LimitKind {
    Second,
    Minute,
    Day,
}

/// When the next call may be made, and what it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallTime {
    pub(crate) at_ms: i64,
    /// `None` if it may be made now.
    pub(crate) limit: Option<LimitKind>,
}

/// One bucket for each limit that there is.
#[derive(Debug, Clone)]
pub(crate) struct CallBuckets {
    second: Option<TokenBucket>,
    minute: Option<TokenBucket>,
    day: Option<TokenBucket>,
    weight: u32,
}

/// The second of the bucket is a little longer: two calls a second apart may arrive closer to each
/// other, and an answer that there were too many costs one of the day's calls.
const SECOND_MS: i64 = 1_200;
const MINUTE_MS: i64 = 60_000;
pub(crate) const DAY_MS: i64 = 86_400_000;

impl CallLimits {
    /// The largest limit of a day: each call of the day has its time in the state file.
    pub const MOST_PER_DAY: u32 = 10_000;

    /// The limits of the free plan; the README has the sources. Binance's is half of what it
    /// allows, as other programs at the same address count as well.
    #[must_use]
    pub fn free(provider: MarketProvider) -> Self {
        match provider {
            MarketProvider::AlphaVantage => Self {
                per_second: Some(1),
                per_minute: None,
                per_day: Some(25),
            },
            MarketProvider::Binance => Self {
                per_second: None,
                per_minute: Some(3_000),
                per_day: None,
            },
        }
    }
}

impl CallBuckets {
    /// Full buckets, but for the calls of the last day.
    pub(crate) fn new(
        limits: CallLimits,
        weight: u32,
        calls_ms: impl IntoIterator<Item = i64>,
    ) -> Self {
        let bucket = |limit: Option<u32>, period_ms| {
            limit.map(|capacity| TokenBucket::new(capacity, period_ms))
        };
        let mut day = bucket(limits.per_day, DAY_MS);
        if let Some(day) = &mut day {
            day.restore(calls_ms);
        }
        Self {
            second: bucket(limits.per_second, SECOND_MS),
            minute: bucket(limits.per_minute, MINUTE_MS),
            day,
            weight,
        }
    }

    /// When the next call may be made; `None` if a bucket never holds enough for one.
    pub(crate) fn next_call(&mut self, now_ms: i64) -> Option<CallTime> {
        let mut next = CallTime {
            at_ms: now_ms,
            limit: None,
        };
        for (bucket, tokens, limit) in [
            (&mut self.second, 1, LimitKind::Second),
            (&mut self.minute, self.weight, LimitKind::Minute),
            (&mut self.day, 1, LimitKind::Day),
        ] {
            let Some(bucket) = bucket else { continue };
            let at_ms = bucket.ready_at(tokens, now_ms)?;
            if at_ms > next.at_ms {
                let limit = Some(limit);
                next = CallTime { at_ms, limit };
            }
        }
        Some(next)
    }

    /// Takes the tokens of a call that may be made now.
    pub(crate) fn take(&mut self, now_ms: i64) {
        for (bucket, tokens) in [
            (&mut self.second, 1),
            (&mut self.minute, self.weight),
            (&mut self.day, 1),
        ] {
            if let Some(bucket) = bucket {
                bucket.take(tokens, now_ms);
            }
        }
    }

    /// The provider said what it counted in this minute.
    pub(crate) fn minute_used(&mut self, weight: u32, now_ms: i64) {
        if let Some(minute) = &mut self.minute {
            minute.catch_up(weight, now_ms);
        }
    }

    /// The times of the calls of the last day, if the day has a limit.
    pub(crate) fn calls_ms(&self) -> Vec<i64> {
        let day = self.day.as_ref();
        day.map(|day| day.times_ms().collect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_waits_for_the_slowest_limit() {
        let limits = CallLimits {
            per_second: Some(1),
            per_minute: Some(5),
            per_day: Some(3),
        };
        let mut buckets = CallBuckets::new(limits, 2, [100]);
        let mut next = |now| {
            let next = buckets.next_call(now).unwrap();
            if next.limit.is_none() {
                buckets.take(now);
            }
            (next.at_ms, next.limit)
        };
        assert_eq!(next(1_000), (1_000, None));
        assert_eq!(next(1_500), (2_200, Some(LimitKind::Second)));
        assert_eq!(next(2_200), (2_200, None));
        assert_eq!(next(4_000), (100 + DAY_MS, Some(LimitKind::Day)));
        assert_eq!(buckets.calls_ms(), [100, 1_000, 2_200]);
        let minute = CallLimits {
            per_minute: Some(3),
            ..CallLimits::default()
        };
        let mut buckets = CallBuckets::new(minute, 2, []);
        buckets.take(0);
        let waits = buckets.next_call(1).unwrap();
        assert_eq!(
            (waits.at_ms, waits.limit),
            (60_000, Some(LimitKind::Minute))
        );
        // The provider counted calls of others.
        buckets.minute_used(3, 60_001);
        assert_eq!(buckets.next_call(60_002).unwrap().at_ms, 120_001);
        let too_heavy = CallLimits {
            per_minute: Some(1),
            ..CallLimits::default()
        };
        assert_eq!(CallBuckets::new(too_heavy, 2, []).next_call(0), None);
    }
}
