//! What a feed is asked for, and whether it makes sense.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use reqwest::Url;
use schema::FieldNames;

use crate::{
    base_url::parse_base_url,
    call_limits::CallLimits,
    call_plan::{CallPlan, check_plans},
    feed_error::FeedError,
    http::HttpBounds,
    interval::BarInterval,
    market_provider::MarketProvider,
    secret::Secret,
};

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordForm {
    /// One bar, with the nine columns of the CSV under these names.
    Bars(FieldNames),
    /// A whole reply. Alpha Vantage's is the object as it came; Binance's is an array, which no
    /// table takes, and becomes `{"symbol":…,"interval":…,"klines":[…]}`.
    RawReplies,
}

/// Where replies come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplySource {
    /// The network.
    Network,
    /// The network; each reply is kept in this folder, without the key.
    Record(PathBuf),
    /// The replies that [`ReplySource::Record`] kept in this folder, as fast as they are taken.
    Replay(PathBuf),
}

/// At which pace one symbol is asked, where it is not that of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SymbolPace {
    /// Milliseconds from one call to the next.
    pub every_ms: Option<i64>,
    /// How many calls.
    pub batches: Option<u32>,
}

/// At which pace a symbol is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) every_ms: i64,
    /// `None`: without end.
    pub(crate) batches: Option<u32>,
}

/// What a feed is asked for. [`FeedSettings::new`] has the defaults.
#[derive(Debug, Clone)]
pub struct FeedSettings {
    /// Whom to ask.
    pub provider: MarketProvider,
    /// What for, each once: `IBM`, `BTCUSDT`.
    pub symbols: Vec<String>,
    /// How long a bar lasts.
    pub interval: BarInterval,
    /// What a record is.
    pub form: RecordForm,
    /// Another address than the provider's own, `http://127.0.0.1:8080` for example. A key is sent
    /// without TLS only to this machine.
    pub base_url: Option<String>,
    /// The key, for a provider that needs one.
    pub secret: Option<Secret>,
    /// What the plan allows.
    pub limits: CallLimits,
    /// Symbols that are asked at a pace of their own.
    pub paces: BTreeMap<String, SymbolPace>,
    /// Milliseconds from one call for a symbol to the next.
    pub poll_every_ms: i64,
    /// Calls for each symbol; `None`: without end.
    pub batches: Option<u32>,
    /// How many past bars of a symbol are sent if none was before.
    pub history: usize,
    /// Whether a bar is sent, once, while it is still forming.
    pub forming: bool,
    /// Keeps the last bar of each symbol and the calls of the day over restarts. Without it a
    /// restart sends bars again and begins with a full quota. It belongs to one topic: in another
    /// one the bars are missing.
    pub state_file: Option<PathBuf>,
    /// Where replies come from.
    pub source: ReplySource,
    /// How long and how large a reply may be.
    pub bounds: HttpBounds,
}

/// The longest symbol, in bytes.
const LONGEST_SYMBOL: usize = 64;

/// The most symbols of one feed.
const MOST_SYMBOLS: usize = 1_000;

impl FeedSettings {
    /// Daily bars of these symbols on the provider's free plan, a call a minute for each, without
    /// end, from the network, with nothing kept. Alpha Vantage's free plan allows fewer calls: give
    /// `poll_every_ms` or `batches`.
    #[must_use]
    pub fn new(provider: MarketProvider, symbols: Vec<String>) -> Self {
        Self {
            provider,
            symbols,
            interval: BarInterval::Day1,
            form: RecordForm::Bars(FieldNames::Original),
            base_url: None,
            secret: None,
            limits: CallLimits::free(provider),
            paces: BTreeMap::new(),
            poll_every_ms: 60_000,
            batches: None,
            history: 100,
            forming: false,
            state_file: None,
            source: ReplySource::Network,
            bounds: HttpBounds::default(),
        }
    }

    /// # Errors
    /// The first setting that makes no sense, and a plan that does not fit the limits.
    pub(crate) fn check(&self) -> Result<(), FeedError> {
        self.check_symbols()?;
        let setting = |text: &str| Err(FeedError::Setting(text.to_owned()));
        let paces = || self.symbols.iter().map(|symbol| self.pace(symbol));
        if paces().any(|pace| pace.every_ms < 1) {
            return setting("the time between two calls for a symbol must be above zero");
        }
        if paces().any(|pace| pace.batches == Some(0)) {
            return setting("0 batches for each symbol are no feed; give at least 1");
        }
        if matches!(self.source, ReplySource::Replay(_)) {
            return Ok(());
        }
        if self.provider.needs_key() && self.secret.is_none() {
            return Err(FeedError::NoKey);
        }
        let mut plans: Vec<CallPlan> = Vec::new();
        for pace in paces() {
            let plan = CallPlan {
                symbols: 1,
                interval_ms: pace.every_ms,
                batches: pace.batches,
                weight: self.provider.weight(),
            };
            match plans.iter_mut().find(|other| other.is_like(plan)) {
                Some(other) => other.symbols += 1,
                None => plans.push(plan),
            }
        }
        Ok(check_plans(&plans, self.limits)?)
    }

    /// At which pace a symbol is asked.
    pub(crate) fn pace(&self, symbol: &str) -> Pace {
        let own = self.paces.get(symbol);
        let every_ms = own.and_then(|own| own.every_ms);
        Pace {
            every_ms: every_ms.unwrap_or(self.poll_every_ms),
            batches: own.and_then(|own| own.batches).or(self.batches),
        }
    }

    fn check_symbols(&self) -> Result<(), FeedError> {
        let setting = |text: String| Err(FeedError::Setting(text));
        if self.symbols.is_empty() {
            return setting("no symbol is given".to_owned());
        }
        if self.symbols.len() > MOST_SYMBOLS {
            return setting(format!(
                "{} symbols are more than the {MOST_SYMBOLS} of one feed",
                self.symbols.len()
            ));
        }
        let mut names = BTreeSet::new();
        for symbol in &self.symbols {
            let is_plain = symbol
                .chars()
                .all(|one| !one.is_whitespace() && !one.is_control());
            if symbol.is_empty() || symbol.len() > LONGEST_SYMBOL || !is_plain {
                return setting(format!(
                    "{symbol:?} is no symbol: it has 1 to {LONGEST_SYMBOL} bytes and no blanks"
                ));
            }
            if !names.insert(symbol) {
                return setting(format!("symbol {symbol:?} is there twice"));
            }
        }
        Ok(())
    }

    /// The address to ask at.
    ///
    /// # Errors
    /// For an address that is none, and for one to which a key would travel in the clear.
    pub(crate) fn base(&self) -> Result<Url, FeedError> {
        let text = self.base_url.as_deref();
        let text = text.unwrap_or_else(|| self.provider.base_url());
        parse_base_url(text, self.secret.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(provider: MarketProvider) -> FeedSettings {
        FeedSettings::new(provider, vec!["IBM".to_owned()])
    }

    fn message(settings: &FeedSettings) -> String {
        settings.check().unwrap_err().to_string()
    }

    #[test]
    fn settings_without_sense_are_refused() {
        let good = settings(MarketProvider::Binance);
        assert_eq!(good.check(), Ok(()));
        for (symbols, word) in [
            (vec![], "no symbol is given"),
            (vec![""], "is no symbol"),
            (vec!["A B"], "is no symbol"),
            (vec!["A\n"], "is no symbol"),
            (vec!["A", "B", "A"], "\"A\" is there twice"),
        ] {
            let symbols = symbols.into_iter().map(str::to_owned).collect();
            let bad = FeedSettings {
                symbols,
                ..good.clone()
            };
            assert!(message(&bad).contains(word), "{word}");
        }
        let symbols = (0..1_001).map(|number| number.to_string()).collect();
        let many = FeedSettings {
            symbols,
            ..good.clone()
        };
        assert!(message(&many).contains("1001 symbols"));
        let never = FeedSettings {
            batches: Some(0),
            ..good.clone()
        };
        assert!(message(&never).contains("0 batches"));
        let always = FeedSettings {
            poll_every_ms: 0,
            ..good
        };
        assert!(message(&always).contains("above zero"));
    }

    #[test]
    fn a_key_is_needed_where_one_is_sent() {
        let mut alpha_vantage = settings(MarketProvider::AlphaVantage);
        alpha_vantage.batches = Some(2);
        assert_eq!(alpha_vantage.check(), Err(FeedError::NoKey));
        alpha_vantage.secret = Some(Secret::new("SECRETKEY123").unwrap());
        assert_eq!(alpha_vantage.check(), Ok(()));
        assert!(!format!("{alpha_vantage:?}").contains("SECRETKEY123"));
        alpha_vantage.secret = None;
        alpha_vantage.source = ReplySource::Replay(PathBuf::from("replies"));
        assert_eq!(alpha_vantage.check(), Ok(()));
    }

    #[test]
    fn a_symbol_may_have_a_pace_of_its_own_and_all_must_fit_together() {
        let mut settings = FeedSettings::new(
            MarketProvider::AlphaVantage,
            vec!["IBM".to_owned(), "MSFT".to_owned()],
        );
        settings.secret = Some(Secret::new("SECRETKEY123").unwrap());
        let pace = |every_ms, batches| SymbolPace { every_ms, batches };
        settings.paces.insert("IBM".to_owned(), pace(None, Some(2)));
        settings
            .paces
            .insert("MSFT".to_owned(), pace(Some(3_600_000), None));
        // 24 calls for the one and 2 for the other are one too many.
        assert_eq!(
            message(&settings),
            "1 symbol × 2 calls (one each 60 s) + 1 symbol × 24 calls (one each 3600 s) in one day \
             = 26 calls, but the quota is 25 a day; ask less often, or for fewer batches"
        );
        settings.paces.insert("IBM".to_owned(), pace(None, Some(1)));
        assert_eq!(settings.check(), Ok(()));
        settings.paces.insert("IBM".to_owned(), pace(Some(0), None));
        assert!(message(&settings).contains("above zero"));
    }

    #[test]
    fn the_free_plan_of_alpha_vantage_refuses_a_call_a_minute() {
        let mut settings = settings(MarketProvider::AlphaVantage);
        settings.secret = Some(Secret::new("SECRETKEY123").unwrap());
        let text = message(&settings);
        assert!(
            text.starts_with("1 symbol × 1440 calls (one each 60 s)"),
            "{text}"
        );
    }
}
