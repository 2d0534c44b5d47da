//! The stylised facts of markets, as judges: each says what is wrong with numbers that a market
//! would not show. R. Cont, "Empirical properties of asset returns: stylized facts and statistical
//! issues", Quantitative Finance 1 (2001) 223-236, lists most of them.

/// What a judge says.
pub(crate) type Verdict = Result<(), String>;

fn holds(is_so: bool, what: &str, found: f64) -> Verdict {
    match is_so {
        true => Ok(()),
        false => Err(format!("{what}: {found:.4}")),
    }
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

pub(crate) fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut both, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        both += (x - mean_a) * (y - mean_b);
        of_a += (x - mean_a) * (x - mean_a);
        of_b += (y - mean_b) * (y - mean_b);
    }
    // Numbers that are all the same have no correlation with anything.
    if of_a == 0.0 || of_b == 0.0 {
        return 0.0;
    }
    both / (of_a * of_b).sqrt()
}

fn autocorrelation(numbers: &[f64], lag: usize) -> f64 {
    correlation(&numbers[lag..], &numbers[..numbers.len() - lag])
}

fn sizes(returns: &[f64]) -> Vec<f64> {
    returns.iter().map(|r| r.abs()).collect()
}

/// Heavy tails: returns far from the mean are more frequent than a normal distribution has them.
pub(crate) fn fat_tails(returns: &[f64]) -> Verdict {
    let mean = mean(returns);
    let moment = |power| returns.iter().map(|r| (r - mean).powi(power)).sum::<f64>();
    let count = returns.len() as f64;
    let excess = moment(4) * count / (moment(2) * moment(2)) - 3.0;
    holds(excess > 1.5, "excess kurtosis is at most 1.5", excess)
}

/// No linear autocorrelation: past returns do not tell the next one.
pub(crate) fn no_memory_of_returns(returns: &[f64]) -> Verdict {
    for lag in 1..=5 {
        let found = autocorrelation(returns, lag);
        holds(found.abs() < 0.06, "returns have a memory", found)?;
    }
    Ok(())
}

/// Volatility clustering: large returns follow large ones, for weeks.
pub(crate) fn clustering(returns: &[f64]) -> Verdict {
    let sizes = sizes(returns);
    let lags: Vec<f64> = (1..=20).map(|lag| autocorrelation(&sizes, lag)).collect();
    let found = mean(&lags);
    holds(found > 0.05, "sizes of returns have no memory", found)
}

/// The leverage effect: losses are followed by larger moves than gains are.
pub(crate) fn leverage(returns: &[f64]) -> Verdict {
    let sizes = sizes(returns);
    let lags: Vec<f64> = (1..=5)
        .map(|lag| correlation(&sizes[lag..], &returns[..returns.len() - lag]))
        .collect();
    let found = mean(&lags);
    holds(found < -0.015, "losses do not raise volatility", found)
}

/// Symbols move together.
pub(crate) fn common_movement(a: &[f64], b: &[f64]) -> Verdict {
    let found = correlation(a, b);
    holds(found > 0.08, "symbols do not move together", found)
}

/// The day has more volume at its ends than in its middle: `volumes` are means over many days, from
/// the first minute to the last.
pub(crate) fn u_shape(volumes: &[f64]) -> Verdict {
    let tenth = volumes.len() / 10;
    let middle = mean(&volumes[4 * tenth..6 * tenth]);
    let first = mean(&volumes[..tenth]) / middle;
    let last = mean(&volumes[volumes.len() - tenth..]) / middle;
    holds(first > 1.5, "volume at the open over the middle", first)?;
    holds(last > 1.5, "volume at the close over the middle", last)
}

/// Volume goes with the size of the return.
pub(crate) fn volume_with_size(returns: &[f64], volumes: &[f64]) -> Verdict {
    let found = correlation(&sizes(returns), volumes);
    holds(found > 0.2, "volume does not go with the return", found)
}

/// Prices move overnight, but less than in a day: `gaps` from close to open, `sessions` from open
/// to close.
pub(crate) fn overnight_gaps(gaps: &[f64], sessions: &[f64]) -> Verdict {
    let moved = gaps.iter().filter(|gap| **gap != 0.0).count() as f64 / gaps.len() as f64;
    holds(moved > 0.9, "nights with a gap", moved)?;
    let square = |numbers: &[f64]| numbers.iter().map(|r| r * r).sum::<f64>();
    let part = square(gaps) / (square(gaps) + square(sessions));
    holds(
        (0.1..0.6).contains(&part),
        "the night's part of the variance",
        part,
    )
}
