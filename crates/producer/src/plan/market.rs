//! The plan of a simulated market, or of a live feed.
//!
//! Whether there is such a market, or whether the calls fit the limits, is found out by the sources
//! themselves, before anything is sent.

use chrono::NaiveDate;
use market::{BarSize, SimulatorSettings};
use provider::{CallLimits, FeedSettings, MarketProvider, RecordForm, ReplySource, Secret};

use super::named;
use crate::{
    args::Args,
    outcome::Failure,
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
    use chrono::Datelike;
    NaiveDate::from_ymd_opt(day.year(), 1, 1).unwrap_or(day)
}

fn last_of_year(day: NaiveDate) -> NaiveDate {
    use chrono::Datelike;
    NaiveDate::from_ymd_opt(day.year(), 12, 31).unwrap_or(day)
}

fn feed(args: &Args, provider: MarketProvider) -> Result<FeedSettings, Failure> {
    let asked = &args.feed;
    let usual = FeedSettings::new(provider, named(&args.symbols));
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
        poll_every_ms: i64::try_from(asked.every.as_millis()).unwrap_or(i64::MAX),
        batches: asked.batches,
        history: asked.history,
        forming: asked.forming,
        state_file: asked.state_file.clone(),
        source,
        ..usual
    })
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
