//! The simulated market shows the stylised facts, and the judges of `facts` find models that do
//! not.

use std::collections::BTreeMap;

use market::{EventDate, ExactDecimal, INDEX_SYMBOLS};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

use crate::{
    facts::{
        Verdict, clustering, common_movement, fat_tails, leverage, no_memory_of_returns,
        overnight_gaps, u_shape, volume_with_size,
    },
    support::{bar, events, settings},
};

/// The days of one symbol.
#[derive(Default)]
struct History {
    days: Vec<i32>,
    opens: Vec<f64>,
    closes: Vec<f64>,
    volumes: Vec<f64>,
}

fn number(decimal: ExactDecimal) -> f64 {
    decimal.to_string().parse().unwrap()
}

fn log_returns(from: &[f64], to: &[f64]) -> Vec<f64> {
    from.iter()
        .zip(to)
        .map(|(from, to)| (to / from).ln())
        .collect()
}

impl History {
    fn returns(&self) -> Vec<f64> {
        log_returns(&self.closes, &self.closes[1..])
    }

    fn gaps(&self) -> Vec<f64> {
        log_returns(&self.closes, &self.opens[1..])
    }

    fn sessions(&self) -> Vec<f64> {
        log_returns(&self.opens, &self.closes)
    }

    /// Each day's volume over the mean of the 60 days before: without the growth of decades.
    fn relative_volumes(&self) -> Vec<f64> {
        let mean = |days: &[f64]| days.iter().sum::<f64>() / days.len() as f64;
        let days = self.volumes.windows(61);
        days.map(|days| days[60] / mean(&days[..60])).collect()
    }
}

/// 40 years of the indices and of two shares.
fn histories() -> BTreeMap<String, History> {
    let symbols = [&INDEX_SYMBOLS[..], &["AAPL", "0700.HK"]].concat();
    let mut histories: BTreeMap<String, History> = BTreeMap::new();
    for event in events(&settings(&symbols, "1d", "1980-01-01", "2019-12-31")) {
        let history = histories.entry(event.symbol().to_owned()).or_default();
        let EventDate::Day(day) = event.date() else {
            panic!("{event:?} is no day");
        };
        history.days.push(day);
        history.opens.push(number(bar(&event).open));
        history.closes.push(number(bar(&event).close));
        history.volumes.push(number(bar(&event).volume));
    }
    histories
}

/// The returns of both on days after which both closed.
fn aligned(a: &History, b: &History) -> (Vec<f64>, Vec<f64>) {
    let of_a: BTreeMap<i32, f64> = a
        .days
        .iter()
        .copied()
        .zip(a.closes.iter().copied())
        .collect();
    let shared = b.days.iter().zip(&b.closes);
    let (in_a, in_b): (Vec<f64>, Vec<f64>) = shared
        .filter_map(|(day, close)| Some((*of_a.get(day)?, *close)))
        .unzip();
    (
        log_returns(&in_a, &in_a[1..]),
        log_returns(&in_b, &in_b[1..]),
    )
}

/// Independent normal numbers.
fn normal(seed: u64, count: usize) -> Vec<f64> {
    let mut random = ChaCha8Rng::from_seed([9; 32]);
    random.set_stream(seed);
    let mut unit = || (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    let twelve = |unit: &mut dyn FnMut() -> f64| (0..12).map(|_| unit()).sum::<f64>() - 6.0;
    (0..count).map(|_| 0.01 * twelve(&mut unit)).collect()
}

/// The judge's reason to refuse a wrong model.
#[track_caller]
fn refused(verdict: Verdict, reason: &str) {
    let found = verdict.unwrap_err();
    assert!(found.starts_with(reason), "{found}");
}

#[test]
fn each_symbol_shows_the_facts_of_daily_returns() {
    for (symbol, history) in histories() {
        let returns = history.returns();
        for verdict in [
            fat_tails(&returns),
            no_memory_of_returns(&returns),
            clustering(&returns),
            leverage(&returns),
            volume_with_size(&returns[59..], &history.relative_volumes()),
            overnight_gaps(&history.gaps(), &history.sessions()),
        ] {
            assert_eq!(verdict, Ok(()), "{symbol}");
        }
    }
}

#[test]
fn independent_normal_returns_are_refused() {
    let returns = normal(1, 10_000);
    refused(fat_tails(&returns), "excess kurtosis");
    refused(clustering(&returns), "sizes of returns");
    refused(leverage(&returns), "losses do not");
    refused(
        common_movement(&returns, &normal(2, 10_000)),
        "symbols do not",
    );
    // They have no memory, and that is right.
    assert_eq!(no_memory_of_returns(&returns), Ok(()));
}

#[test]
fn fat_tails_without_clustering_are_refused() {
    let (sizes, signs) = (normal(1, 10_000), normal(2, 10_000));
    let returns: Vec<f64> = sizes
        .iter()
        .zip(&signs)
        .map(|(a, b)| 100.0 * a * b)
        .collect();
    assert_eq!(fat_tails(&returns), Ok(()));
    refused(clustering(&returns), "sizes of returns");
}

#[test]
fn returns_with_a_memory_are_refused() {
    let mut before = 0.0;
    let remembered = normal(1, 10_000).into_iter().map(|news| {
        before = 0.2 * before + news;
        before
    });
    let returns: Vec<f64> = remembered.collect();
    refused(no_memory_of_returns(&returns), "returns have a memory");
}

#[test]
fn symbols_move_together_as_the_market_factor_moves_them() {
    let histories = histories();
    for (symbol, history) in &histories {
        for (other, theirs) in &histories {
            if symbol < other {
                let (a, b) = aligned(history, theirs);
                assert_eq!(common_movement(&a, &b), Ok(()), "{symbol} {other}");
            }
        }
    }
}

#[test]
fn a_market_that_sleeps_without_a_dream_is_refused() {
    let history = &histories()["HSI"];
    let (sessions, nothing) = (history.returns(), vec![0.0; history.closes.len() - 1]);
    refused(overnight_gaps(&nothing, &sessions), "nights with a gap");
    let tiny: Vec<f64> = normal(1, sessions.len())
        .iter()
        .map(|gap| gap / 100.0)
        .collect();
    refused(overnight_gaps(&tiny, &sessions), "the night's part");
}

/// The means of a minute's volume over the days, and each minute's return and volume.
struct Minutes {
    means: Vec<f64>,
    returns: Vec<f64>,
    volumes: Vec<f64>,
}

fn minutes(symbol: &str, count: usize) -> Minutes {
    let (mut sums, mut days) = (vec![0.0; count], 0.0);
    let (mut returns, mut volumes) = (Vec::new(), Vec::new());
    let (mut at, mut day) = (0, 0);
    for event in events(&settings(&[symbol], "1m", "2019-01-01", "2019-06-30")) {
        let EventDate::Time(start) = event.date() else {
            panic!("{event:?} is no minute");
        };
        if start / 86_400_000 != day {
            (at, day, days) = (0, start / 86_400_000, days + 1.0);
        }
        let bar = bar(&event);
        sums[at] += number(bar.volume);
        returns.push((number(bar.close) / number(bar.open)).ln());
        volumes.push(number(bar.volume));
        at += 1;
    }
    Minutes {
        means: sums.into_iter().map(|sum| sum / days).collect(),
        returns,
        volumes,
    }
}

#[test]
fn the_minutes_of_a_day_have_a_u_of_volume_that_goes_with_their_returns() {
    // 390 minutes in New York, 240 in Shanghai with lunch between them.
    for (symbol, count) in [("NYA", 390), ("000001.SS", 240), ("AAPL", 390)] {
        let minutes = minutes(symbol, count);
        assert_eq!(u_shape(&minutes.means), Ok(()), "{symbol}");
        let verdict = volume_with_size(&minutes.returns, &minutes.volumes);
        assert_eq!(verdict, Ok(()), "{symbol}");
        assert_eq!(no_memory_of_returns(&minutes.returns), Ok(()), "{symbol}");
    }
}

#[test]
fn minutes_of_two_symbols_move_together() {
    let (a, b) = (minutes("NYA", 390), minutes("IXIC", 390));
    assert_eq!(common_movement(&a.returns, &b.returns), Ok(()));
}

#[test]
fn flat_and_unrelated_volume_is_refused() {
    let returns = normal(1, 10_000);
    refused(u_shape(&[100.0; 390]), "volume at the open");
    refused(
        volume_with_size(&returns, &[100.0; 10_000]),
        "volume does not",
    );
    refused(
        volume_with_size(&returns, &normal(2, 10_000)),
        "volume does not",
    );
    let rising: Vec<f64> = (0..390).map(f64::from).collect();
    refused(u_shape(&rising), "volume at the open");
    let falling: Vec<f64> = rising.iter().rev().copied().collect();
    refused(u_shape(&falling), "volume at the close");
}
