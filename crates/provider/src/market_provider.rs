//! The providers: their addresses, and the request that asks one for the bars of a symbol.
//!
//! Knows what is asked, not what is answered. A request holds no key; the client adds it.

use crate::interval::BarInterval;

/// Who the data comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MarketProvider {
    /// Stocks; needs a key.
    AlphaVantage,
    /// Crypto currencies; needs no key.
    Binance,
}

/// The path and the parameters of a GET request, without the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BarRequest {
    pub(crate) path: &'static str,
    pub(crate) parameters: Vec<QueryParameter>,
}

/// One parameter, not yet encoded for an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QueryParameter {
    pub(crate) name: &'static str,
    pub(crate) value: String,
}

/// The most bars that Binance sends in one reply; they cost the same weight as a single one.
pub(crate) const MOST_KLINES: usize = 1_000;

impl MarketProvider {
    /// Both providers.
    pub const ALL: [Self; 2] = [Self::AlphaVantage, Self::Binance];

    /// The provider of a name; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|found| found.name() == text)
    }

    /// Its name on the command line and in the state file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AlphaVantage => "alpha-vantage",
            Self::Binance => "binance",
        }
    }

    /// Where it is asked, unless the settings say otherwise. Binance's is the host for public
    /// market data, which serves nothing else and knows no accounts.
    #[must_use]
    pub fn base_url(self) -> &'static str {
        match self {
            Self::AlphaVantage => "https://www.alphavantage.co",
            Self::Binance => "https://data-api.binance.vision",
        }
    }

    /// Whether it answers only requests that carry a key.
    #[must_use]
    pub fn needs_key(self) -> bool {
        self == Self::AlphaVantage
    }

    /// What a call counts against a limit per minute.
    pub(crate) fn weight(self) -> u32 {
        match self {
            Self::AlphaVantage => 1,
            Self::Binance => 2,
        }
    }

    /// Asks for the newest bars of a symbol, or for those from `since_ms` on where the provider
    /// can.
    pub(crate) fn request(
        self,
        symbol: &str,
        interval: BarInterval,
        since_ms: Option<i64>,
    ) -> BarRequest {
        let mut parameters = Vec::new();
        let mut add = |name, value: &str| {
            let value = value.to_owned();
            parameters.push(QueryParameter { name, value });
        };
        match self {
            Self::AlphaVantage => {
                match interval.minutes() {
                    None => add("function", "TIME_SERIES_DAILY"),
                    Some(minutes) => {
                        add("function", "TIME_SERIES_INTRADAY");
                        add("interval", &format!("{minutes}min"));
                        // Prices as traded: adjusted ones of the past change with each dividend.
                        add("adjusted", "false");
                    }
                }
                add("symbol", symbol);
                add("outputsize", "compact");
                add("datatype", "json");
            }
            Self::Binance => {
                add("symbol", symbol);
                add("interval", interval.name());
                if let Some(since_ms) = since_ms {
                    add("startTime", &since_ms.to_string());
                }
                add("limit", &MOST_KLINES.to_string());
            }
        }
        let path = match self {
            Self::AlphaVantage => "query",
            Self::Binance => "api/v3/klines",
        };
        BarRequest { path, parameters }
    }
}

impl BarRequest {
    /// The request for people: `query?function=TIME_SERIES_DAILY&symbol=IBM`.
    pub(crate) fn shown(&self) -> String {
        let parameters = self.parameters.iter();
        let pairs: Vec<String> = parameters
            .map(|parameter| format!("{}={}", parameter.name, parameter.value))
            .collect();
        format!("{}?{}", self.path, pairs.join("&"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_says_what_is_wanted_and_holds_no_key() {
        let shown = |provider: MarketProvider, interval, since| {
            provider.request("IBM", interval, since).shown()
        };
        assert_eq!(
            shown(MarketProvider::AlphaVantage, BarInterval::Day1, Some(5)),
            "query?function=TIME_SERIES_DAILY&symbol=IBM&outputsize=compact&datatype=json"
        );
        assert_eq!(
            shown(MarketProvider::AlphaVantage, BarInterval::Hour1, None),
            "query?function=TIME_SERIES_INTRADAY&interval=60min&adjusted=false&symbol=IBM\
             &outputsize=compact&datatype=json"
        );
        assert_eq!(
            shown(MarketProvider::Binance, BarInterval::Hour1, Some(5)),
            "api/v3/klines?symbol=IBM&interval=1h&startTime=5&limit=1000"
        );
    }

    #[test]
    fn providers_are_known_by_their_names() {
        for provider in MarketProvider::ALL {
            assert_eq!(MarketProvider::parse(provider.name()), Some(provider));
        }
        assert_eq!(MarketProvider::parse("yahoo"), None);
    }
}
