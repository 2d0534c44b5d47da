//! The price file: one figure a line, with its source; one file for a region and a date.
//!
//! The file of us-east-1 is part of the program. Not here: reading another one from the disk.

use serde::Deserialize;

/// The file that is part of the program.
const US_EAST_1: &str = include_str!("../prices/us-east-1.yaml");

/// The only version of the file so far.
const VERSION: u32 = 1;

/// Prices and limits of a region at a date.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceList {
    version: u32,
    /// The AWS region, such as `us-east-1`.
    pub region: String,
    /// The day on which the figures were read, such as `2026-11-21`.
    pub date: String,
    /// What AWS charges, in dollars.
    pub prices: Prices,
    /// What AWS allows.
    pub limits: ServiceLimits,
}

/// What AWS charges, in dollars.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Prices {
    /// A million PUT requests to S3.
    pub put_per_million: Figure,
    /// A million LIST requests.
    pub list_per_million: Figure,
    /// A million GET or HEAD requests.
    pub get_per_million: Figure,
    /// 2^30 bytes in S3 for a month.
    pub storage_per_gb_month: Figure,
    /// 10^12 bytes that Athena scans.
    pub athena_per_tb: Figure,
    /// The least bytes that a query of Athena pays for.
    pub athena_least_bytes: Figure,
    /// A data processing unit of a Glue crawler for an hour.
    pub crawler_per_dpu_hour: Figure,
    /// How many of them a crawler has.
    pub crawler_dpus: Figure,
    /// The least minutes that a run of a crawler pays for.
    pub crawler_least_minutes: Figure,
}

/// What AWS allows.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ServiceLimits {
    /// PUT requests a second and prefix.
    pub puts_per_second: Figure,
    /// GET requests a second and prefix.
    pub gets_per_second: Figure,
    /// Seconds after which Athena ends a query.
    pub query_seconds: Figure,
    /// Milliseconds that a PUT of a small object takes.
    pub put_milliseconds: Figure,
    /// Objects below so many bytes never change their storage class.
    pub least_transition_bytes: Figure,
}

/// A number and where it is from.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// The number: finite and not below 0; a limit is above 0.
    pub value: f64,
    /// Where it was read.
    pub source: String,
}

/// Why a text is not a price file.
#[derive(Debug, thiserror::Error)]
pub enum PriceError {
    /// Not YAML, or other keys.
    #[error("not a price file{place}: {problem}")]
    Form {
        /// ` at line L, column C`, or nothing.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// A version of the future.
    #[error("version {0} of the price file is not known; this program reads version 1")]
    Version(u32),
    /// A number that cannot be.
    #[error("{name} cannot be {value}")]
    Figure {
        /// Its key.
        name: &'static str,
        /// The number.
        value: f64,
    },
    /// A figure without its source.
    #[error("{0} names no source")]
    Source(&'static str),
}

impl PriceList {
    /// The figures of us-east-1 that are part of the program.
    ///
    /// # Panics
    /// Never: a test reads the same file.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the file is part of the program")]
    pub fn us_east_1() -> Self {
        Self::parse(US_EAST_1).expect("a price file")
    }

    /// Reads a price file.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Self, PriceError> {
        let list: Self = serde_saphyr::from_str(text).map_err(|error| PriceError::Form {
            place: error.location().map_or_else(String::new, |at| {
                format!(" at line {}, column {}", at.line(), at.column())
            }),
            problem: error.without_snippet().to_string(),
        })?;
        if list.version != VERSION {
            return Err(PriceError::Version(list.version));
        }
        for (name, figure, is_limit) in list.figures() {
            let value = figure.value;
            let is_possible = value.is_finite() && value >= 0.0 && (value > 0.0 || !is_limit);
            if !is_possible {
                return Err(PriceError::Figure { name, value });
            }
            if figure.source.trim().is_empty() {
                return Err(PriceError::Source(name));
            }
        }
        Ok(list)
    }

    /// Each figure by its key, and whether it is a limit.
    fn figures(&self) -> [(&'static str, &Figure, bool); 14] {
        let (prices, limits) = (&self.prices, &self.limits);
        [
            ("put-per-million", &prices.put_per_million, false),
            ("list-per-million", &prices.list_per_million, false),
            ("get-per-million", &prices.get_per_million, false),
            ("storage-per-gb-month", &prices.storage_per_gb_month, false),
            ("athena-per-tb", &prices.athena_per_tb, false),
            ("athena-least-bytes", &prices.athena_least_bytes, false),
            ("crawler-per-dpu-hour", &prices.crawler_per_dpu_hour, false),
            ("crawler-dpus", &prices.crawler_dpus, false),
            (
                "crawler-least-minutes",
                &prices.crawler_least_minutes,
                false,
            ),
            ("puts-per-second", &limits.puts_per_second, true),
            ("gets-per-second", &limits.gets_per_second, true),
            ("query-seconds", &limits.query_seconds, true),
            ("put-milliseconds", &limits.put_milliseconds, true),
            (
                "least-transition-bytes",
                &limits.least_transition_bytes,
                true,
            ),
        ]
    }

    /// Dollars for PUT requests.
    #[must_use]
    pub fn puts(&self, requests: f64) -> f64 {
        requests / 1e6 * self.prices.put_per_million.value
    }

    /// Dollars for LIST requests.
    #[must_use]
    pub fn lists(&self, requests: f64) -> f64 {
        requests / 1e6 * self.prices.list_per_million.value
    }

    /// Dollars for GET requests.
    #[must_use]
    pub fn gets(&self, requests: f64) -> f64 {
        requests / 1e6 * self.prices.get_per_million.value
    }

    /// Dollars for so many bytes in S3 over a month.
    #[must_use]
    pub fn storage(&self, bytes: f64) -> f64 {
        bytes / f64::from(1 << 30) * self.prices.storage_per_gb_month.value
    }

    /// Dollars for the bytes that one query of Athena scans.
    #[must_use]
    pub fn scan(&self, bytes: f64) -> f64 {
        bytes.max(self.prices.athena_least_bytes.value) / 1e12 * self.prices.athena_per_tb.value
    }

    /// Dollars for a run of a crawler, which pays for its least time.
    #[must_use]
    pub fn crawl(&self) -> f64 {
        let hours = self.prices.crawler_least_minutes.value / 60.0;
        hours * self.prices.crawler_dpus.value * self.prices.crawler_per_dpu_hour.value
    }

    /// The least seconds in which S3 answers so many GET requests of one prefix.
    #[must_use]
    pub fn get_seconds(&self, requests: f64) -> f64 {
        requests / self.limits.gets_per_second.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_in_the_program_is_one() {
        let list = PriceList::us_east_1();
        assert_eq!((&*list.region, &*list.date), ("us-east-1", "2026-11-21"));
        assert!((list.puts(2_592_000.0) - 12.96).abs() < 1e-9);
        assert!((list.crawl() * 24.0 * 30.0 - 105.6).abs() < 1e-9);
    }

    #[test]
    fn what_is_no_price_file_is_told_with_its_place() {
        let problem = |from: &str, to: &str| {
            assert_eq!(US_EAST_1.matches(from).count(), 1, "{from:?}");
            let text = US_EAST_1.replace(from, to);
            PriceList::parse(&text).unwrap_err().to_string()
        };
        let message = problem("  gets-per-second:", "  get-per-second:");
        assert!(
            message.contains("at line") && message.contains("get-per-second"),
            "{message}"
        );
        assert!(problem("version: 1", "version: 2").contains("version 2"));
        assert!(problem("value: 0.023", "value: -0.023").contains("storage-per-gb-month"));
        assert!(problem("value: 5500", "value: 0").contains("gets-per-second cannot be 0"));
        assert!(problem("value: 0.40", "value: .nan").contains("get-per-million"));
        assert!(problem("source: as PUT", "source: ''").contains("no source"));
        assert!(problem("    value: 0.44\n", "").contains("value"));
    }
}
