//! The plan of a simulated market, or of a live feed.
//!
//! Whether there is such a market, or whether the calls fit the limits, is found out by the sources
//! themselves, before anything is sent.

use std::{collections::BTreeMap, time::Duration};

use chrono::{Datelike, NaiveDate};
use cli::values::parse_duration;
use market::{BarSize, SimulatorSettings};
use provider::{
    CallLimits, FeedSettings, MarketProvider, RecordForm, ReplySource, Secret, SymbolPace,
};

use crate::{
    args::Args,
    outcome::Failure,
    selection::named,
    source::{SourcePlan, simulator::SimulatorPlan},
};

/// The variable with the key of Alpha Vantage.
const KEY_VARIABLE: &str = "ALPHAVANTAGE_API_KEY";

/// The market that the flags ask for; `None` where they name files.
pub(super) fn source(args: &Args) -> Result<Option<SourcePlan>, Failure> {
    if args.simulate {
        return simulator(args).map(SourcePlan::Simulator).map(Some);
    }
    let feed = args.live.map(|provider| feed(args, provider));
    let feed = feed.transpose()?.map(Box::new);
    Ok(feed.map(SourcePlan::Live))
}

fn simulator(args: &Args) -> Result<SimulatorPlan, Failure> {
    let usual = SimulatorSettings::default();
    let symbols = named(&args.symbols);
    let day = |flag: &str, text: &Option<String>, usual: NaiveDate| {
        let Some(text) = text else {
            return Ok(usual);
        };
        text.trim()
            .parse()
            .map_err(|_| Failure::Usage(format!("{flag} {text:?} is no day such as 2020-01-31")))
    };
    let from = day("--from", &args.from, usual.from)?;
    // One of the two alone means the year around it.
    let to = match (&args.to, &args.from) {
        (None, Some(_)) => last_of_year(from),
        _ => day("--to", &args.to, usual.to)?,
    };
    let from = match (&args.from, &args.to) {
        (None, Some(_)) => first_of_year(to),
        _ => from,
    };
    Ok(SimulatorPlan {
        settings: SimulatorSettings {
            seed: args.seed.unwrap_or(usual.seed),
            symbols: match symbols.is_empty() {
                true => usual.symbols,
                false => symbols,
            },
            bar: args.bar.unwrap_or(BarSize::Day),
            quotes: args.quotes,
            from,
            to,
        },
        names: args.fields.into(),
    })
}

fn first_of_year(day: NaiveDate) -> NaiveDate {
    NaiveDate::from_ymd_opt(day.year(), 1, 1).unwrap_or(day)
}

fn last_of_year(day: NaiveDate) -> NaiveDate {
    NaiveDate::from_ymd_opt(day.year(), 12, 31).unwrap_or(day)
}

fn feed(args: &Args, provider: MarketProvider) -> Result<FeedSettings, Failure> {
    let asked = &args.feed;
    let (mut symbols, mut paces) = (Vec::new(), BTreeMap::new());
    for text in named(&args.symbols) {
        let (symbol, pace) = symbol_pace(&text).map_err(Failure::Usage)?;
        if pace != SymbolPace::default() {
            paces.insert(symbol.clone(), pace);
        }
        symbols.push(symbol);
    }
    let usual = FeedSettings::new(provider, symbols);
    let free = CallLimits::free(provider);
    let source = match (&asked.record, &asked.replay_http) {
        (_, Some(folder)) => ReplySource::Replay(folder.clone()),
        (Some(folder), None) => ReplySource::Record(folder.clone()),
        (None, None) => ReplySource::Network,
    };
    Ok(FeedSettings {
        interval: asked.interval,
        form: match asked.raw_replies {
            true => RecordForm::RawReplies,
            false => RecordForm::Bars(args.fields.into()),
        },
        base_url: asked.base_url.clone(),
        secret: secret(args, provider)?,
        limits: CallLimits {
            per_day: asked.calls_per_day.or(free.per_day),
            per_minute: asked.calls_per_minute.or(free.per_minute),
            ..free
        },
        poll_every_ms: millis(asked.every),
        paces,
        batches: asked.batches,
        history: asked.history,
        forming: asked.forming,
        state_file: asked.state_file.clone(),
        source,
        ..usual
    })
}

/// A symbol with the pace that it has of its own: `IBM:batches=2:every=30s`.
fn symbol_pace(text: &str) -> Result<(String, SymbolPace), String> {
    let mut parts = text.split(':');
    let symbol = parts.next().unwrap_or_default().trim().to_owned();
    let mut pace = SymbolPace::default();
    for part in parts {
        let wrong = |problem: &str| format!("--symbols {text:?}: {part:?} {problem}");
        match part.split_once('=') {
            Some(("every", time)) => {
                let time = parse_duration(time).map_err(|problem| wrong(&problem))?;
                pace.every_ms = Some(millis(time));
            }
            Some(("batches", number)) => {
                let number = number.parse().map_err(|_| wrong("is no number of calls"))?;
                pace.batches = Some(number);
            }
            _ => return Err(wrong("is neither every=TIME nor batches=N")),
        }
    }
    Ok((symbol, pace))
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// The key, which is never on the command line: other users of the machine could read it there.
fn secret(args: &Args, provider: MarketProvider) -> Result<Option<Secret>, Failure> {
    let read = match &args.feed.key_file {
        Some(path) => Secret::from_file(path).map(Some),
        None if provider.needs_key() => match std::env::var(KEY_VARIABLE) {
            Ok(text) if !text.trim().is_empty() => Secret::new(text.trim()).map(Some),
            _ => Ok(None),
        },
        None => Ok(None),
    };
    read.map_err(|error| match &args.feed.key_file {
        Some(_) => Failure::Usage(error.to_string()),
        None => Failure::Usage(format!("{KEY_VARIABLE}: {error}")),
    })
}
