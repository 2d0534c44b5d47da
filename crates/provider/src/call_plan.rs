//! Whether the calls that the settings ask for fit the limits, before the first one is made. Pure.
//!
//! Only what is planned counts; calls that are made again after a failure come on top.

use crate::call_limits::{CallLimits, DAY_MS};

/// What is planned: `batches` calls for each symbol, one each `interval_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallPlan {
    pub(crate) symbols: u64,
    pub(crate) interval_ms: i64,
    /// `None`: without end.
    pub(crate) batches: Option<u32>,
    /// What a call weighs against the limit of a minute.
    pub(crate) weight: u32,
}

/// Why a plan cannot be kept to, with the arithmetic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A limit that allows nothing.
    #[error("the quota is 0 calls a {period}: no call may be made; give the limit of your plan")]
    NoCalls {
        /// `second`, `minute` or `day`.
        period: &'static str,
    },
    /// The limit of a minute is less than one call weighs.
    #[error("one call weighs {weight}, but the quota is {limit} a minute: no call may be made")]
    TooHeavy {
        /// The weight of a call.
        weight: u32,
        /// The limit.
        limit: u32,
    },
    /// A limit of the day beyond what is kept.
    #[error(
        "a quota of {limit} calls a day is more than the {most} that are kept count of; leave the limit of the day out"
    )]
    TooManyToKeep {
        /// The limit.
        limit: u32,
        /// The largest one.
        most: u32,
    },
    /// More calls than the limit allows, of symbols that are asked at different paces.
    #[error(
        "{parts} in one {period} = {needed}, but the quota is {limit} a {period}; ask less often, or for fewer batches"
    )]
    TooManyTogether {
        /// `1 symbol × 2 calls (one each 60 s) + …`.
        parts: String,
        /// `second`, `minute` or `day`.
        period: &'static str,
        /// Calls, or weight.
        needed: String,
        /// The limit.
        limit: u32,
    },
    /// More calls than the limit allows.
    #[error(
        "{symbols} × {calls} in one {period} = {needed}, but the quota is {limit} a {period}; {fix}"
    )]
    TooMany {
        /// `2 symbols`.
        symbols: String,
        /// `2880 calls (one each 30 s)`.
        calls: String,
        /// `second`, `minute` or `day`.
        period: &'static str,
        /// Calls, or weight.
        needed: String,
        /// The limit.
        limit: u32,
        /// What would fit.
        fix: String,
    },
}

/// Whether all of these fit the limits together.
///
/// # Errors
/// [`PlanError`] with the arithmetic, for the first limit that they do not fit.
pub(crate) fn check_plans(plans: &[CallPlan], limits: CallLimits) -> Result<(), PlanError> {
    plans.iter().try_for_each(|plan| plan.check(limits))?;
    let too_many = |needed: String, limit, period| {
        let parts: Vec<String> = plans
            .iter()
            .map(|plan| {
                let calls = plan.calls(plan.in_a_day());
                format!("{} × {calls}", symbols(plan.symbols))
            })
            .collect();
        Err(PlanError::TooManyTogether {
            parts: parts.join(" + "),
            period,
            needed,
            limit,
        })
    };
    let of_day = |plan: &CallPlan| plan.symbols.saturating_mul(plan.in_a_day());
    let in_a_day = plans.iter().map(of_day).fold(0, u64::saturating_add);
    if let Some(limit) = limits.per_day.filter(|limit| in_a_day > u64::from(*limit)) {
        return too_many(format!("{in_a_day} calls"), limit, "day");
    }
    for (limit, period, period_ms) in [
        (limits.per_minute, "minute", 60_000),
        (limits.per_second, "second", 1_000),
    ] {
        // What each symbol takes of the limit, in parts of a million.
        let weigh = |plan: &CallPlan| match plan.batches {
            Some(1) => 0,
            _ => {
                let weight = if period == "minute" { plan.weight } else { 1 };
                let calls = u128::from(plan.symbols) * u128::from(weight) * period_ms * 1_000_000;
                calls / u128::try_from(plan.interval_ms).unwrap_or(1).max(1)
            }
        };
        let needed: u128 = plans.iter().map(weigh).sum();
        if let Some(limit) = limit.filter(|limit| needed > u128::from(*limit) * 1_000_000) {
            let needed = needed.div_ceil(1_000_000);
            return too_many(format!("a weight of {needed}"), limit, period);
        }
    }
    Ok(())
}

impl CallPlan {
    /// Whether the symbols of both are asked alike.
    pub(crate) fn is_like(self, other: Self) -> bool {
        let symbols = other.symbols;
        Self { symbols, ..self } == other
    }

    /// Calls for each symbol in any 24 hours.
    fn in_a_day(self) -> u64 {
        let in_a_day = u64::try_from(div_up(DAY_MS, self.interval_ms)).unwrap_or(u64::MAX);
        in_a_day.min(self.batches.map_or(u64::MAX, u64::from))
    }

    /// # Errors
    /// [`PlanError`] with the arithmetic, for the first limit that the plan does not fit.
    pub(crate) fn check(self, limits: CallLimits) -> Result<(), PlanError> {
        for (limit, period) in [
            (limits.per_second, "second"),
            (limits.per_minute, "minute"),
            (limits.per_day, "day"),
        ] {
            if limit == Some(0) {
                return Err(PlanError::NoCalls { period });
            }
        }
        if let Some(limit) = limits.per_day {
            let most = CallLimits::MOST_PER_DAY;
            if limit > most {
                return Err(PlanError::TooManyToKeep { limit, most });
            }
            self.check_day(limit)?;
        }
        if let Some(limit) = limits.per_minute {
            let weight = self.weight;
            if weight > limit {
                return Err(PlanError::TooHeavy { weight, limit });
            }
            self.check_pace(limit, weight, "minute", 60_000)?;
        }
        match limits.per_second {
            Some(limit) => self.check_pace(limit, 1, "second", 1_000),
            None => Ok(()),
        }
    }

    /// The day: what begins in any 24 hours.
    fn check_day(self, limit: u32) -> Result<(), PlanError> {
        let calls = self.in_a_day();
        let needed = self.symbols.saturating_mul(calls);
        if needed <= u64::from(limit) {
            return Ok(());
        }
        let each = u64::from(limit) / self.symbols.max(1);
        let fix = match i64::try_from(each) {
            Ok(each @ 1..) => {
                let seconds = div_up(div_up(DAY_MS, each), 1_000);
                format!(
                    "ask at most every {seconds} s, or make at most {each} calls for each symbol"
                )
            }
            _ => format!("ask for at most {limit} symbols"),
        };
        Err(PlanError::TooMany {
            symbols: symbols(self.symbols),
            calls: self.calls(calls),
            period: "day",
            needed: format!("{needed} calls"),
            limit,
            fix,
        })
    }

    /// A short period: the calls of an interval spread over it, so their rate counts.
    fn check_pace(
        self,
        limit: u32,
        weight: u32,
        period: &'static str,
        period_ms: i64,
    ) -> Result<(), PlanError> {
        // A single round has no rate.
        if self.batches == Some(1) {
            return Ok(());
        }
        let round = u128::from(self.symbols) * u128::from(weight);
        let wide = |number: i64| u128::try_from(number).unwrap_or(1).max(1);
        let (interval, period_wide) = (wide(self.interval_ms), wide(period_ms));
        if round * period_wide <= u128::from(limit) * interval {
            return Ok(());
        }
        let needed = (round * period_wide).div_ceil(interval);
        let shortest = (round * period_wide).div_ceil(u128::from(limit) * 1_000);
        let unit = if weight == 1 {
            format!("{needed} calls")
        } else {
            format!("a weight of {needed} ({weight} a call)")
        };
        let calls = (period_wide * 100).div_ceil(interval);
        Err(PlanError::TooMany {
            symbols: symbols(self.symbols),
            calls: format!(
                "{} calls (one each {})",
                hundredths(calls),
                seconds(self.interval_ms)
            ),
            period,
            needed: unit,
            limit,
            fix: format!("ask at most every {shortest} s"),
        })
    }

    fn calls(self, calls: u64) -> String {
        format!("{calls} calls (one each {})", seconds(self.interval_ms))
    }
}

fn symbols(count: u64) -> String {
    match count {
        1 => "1 symbol".to_owned(),
        count => format!("{count} symbols"),
    }
}

/// A number of milliseconds for people: `30 s`, `0.25 s`.
fn seconds(millis: i64) -> String {
    let text = format!("{}.{:03}", millis / 1_000, millis % 1_000);
    format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
}

fn hundredths(number: u128) -> String {
    let text = format!("{}.{:02}", number / 100, number % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Division that rounds up, for positive numbers.
fn div_up(number: i64, by: i64) -> i64 {
    let by = by.max(1);
    number / by + i64::from(number % by > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market_provider::MarketProvider;

    fn plan(symbols: u64, interval_s: i64, batches: Option<u32>) -> CallPlan {
        CallPlan {
            symbols,
            interval_ms: interval_s * 1_000,
            batches,
            weight: 1,
        }
    }

    fn message(plan: CallPlan, limits: CallLimits) -> String {
        plan.check(limits).unwrap_err().to_string()
    }

    fn day(limit: u32) -> CallLimits {
        CallLimits {
            per_day: Some(limit),
            ..CallLimits::default()
        }
    }

    #[test]
    fn a_plan_beyond_the_day_is_refused_with_the_arithmetic() {
        let free = CallLimits::free(MarketProvider::AlphaVantage);
        assert_eq!(
            message(plan(2, 30, None), free),
            "2 symbols × 2880 calls (one each 30 s) in one day = 5760 calls, but the quota is 25 a \
             day; ask at most every 7200 s, or make at most 12 calls for each symbol"
        );
        // What the message proposes fits, and a second less does not.
        assert_eq!(plan(2, 7_200, None).check(free), Ok(()));
        assert!(plan(2, 7_199, None).check(free).is_err());
        assert_eq!(plan(2, 30, Some(12)).check(free), Ok(()));
        assert!(plan(2, 30, Some(13)).check(free).is_err());
        // As in the original: two symbols, two batches each, every 30 s.
        assert_eq!(plan(2, 30, Some(2)).check(free), Ok(()));
        let many = message(plan(26, 86_400, None), free);
        assert!(many.ends_with("ask for at most 25 symbols"), "{many}");
    }

    #[test]
    fn a_quota_of_nothing_is_refused() {
        let none = "the quota is 0 calls a day: no call may be made; give the limit of your plan";
        assert_eq!(message(plan(1, 30, Some(1)), day(0)), none);
        let second = CallLimits {
            per_second: Some(0),
            ..CallLimits::default()
        };
        assert!(message(plan(1, 30, Some(1)), second).contains("0 calls a second"));
        let minute = CallLimits {
            per_minute: Some(1),
            ..CallLimits::default()
        };
        let heavy = CallPlan {
            weight: 2,
            ..plan(1, 30, Some(1))
        };
        assert!(message(heavy, minute).starts_with("one call weighs 2"));
        assert!(message(plan(1, 30, None), day(u32::MAX)).contains("leave the limit of the day"));
    }

    #[test]
    fn a_plan_beyond_the_second_or_the_minute_is_refused() {
        let second = CallLimits {
            per_second: Some(1),
            ..CallLimits::default()
        };
        assert_eq!(plan(30, 30, None).check(second), Ok(()));
        assert_eq!(
            message(plan(31, 30, None), second),
            "31 symbols × 0.04 calls (one each 30 s) in one second = 2 calls, but the quota is 1 a \
             second; ask at most every 31 s"
        );
        assert_eq!(plan(31, 30, Some(1)).check(second), Ok(()));
        let minute = CallLimits {
            per_minute: Some(10),
            ..CallLimits::default()
        };
        let heavy = |interval| CallPlan {
            weight: 2,
            ..plan(3, interval, None)
        };
        assert_eq!(heavy(36).check(minute), Ok(()));
        assert_eq!(
            message(heavy(30), minute),
            "3 symbols × 2 calls (one each 30 s) in one minute = a weight of 12 (2 a call), but the \
             quota is 10 a minute; ask at most every 36 s"
        );
    }

    #[test]
    fn extreme_plans_overflow_nothing() {
        let extreme = CallPlan {
            symbols: u64::MAX,
            interval_ms: 1,
            batches: None,
            weight: u32::MAX,
        };
        let limits = CallLimits {
            per_second: Some(u32::MAX),
            per_minute: Some(u32::MAX),
            per_day: None,
        };
        assert!(extreme.check(limits).is_err());
        assert!(extreme.check(day(1)).is_err());
        assert_eq!(seconds(250), "0.25 s");
    }
}
