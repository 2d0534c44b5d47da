//! The address of a provider. Pure.

use std::net::IpAddr;

use reqwest::Url;

use crate::feed_error::FeedError;

/// Reads the address under which the paths of requests stand.
///
/// # Errors
/// For an address that is none, and for one to which a key would travel in the clear. The text may
/// hold a password: it is in no message.
pub(crate) fn parse_base_url(text: &str, has_key: bool) -> Result<Url, FeedError> {
    let setting = |reason: &str| Err(FeedError::Setting(format!("the base URL {reason}")));
    let Ok(mut url) = Url::parse(text) else {
        return setting("is no address such as https://www.alphavantage.co");
    };
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return setting("must begin with https:// or http:// and name a host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return setting("must hold no user and no password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return setting("must end before any ? or #");
    }
    if url.scheme() == "http" && has_key && !is_this_machine(&url) {
        return setting("must begin with https://: the API key would travel in the clear");
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// Whether an address is one of this machine.
pub(crate) fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market_provider::MarketProvider;

    #[test]
    fn an_address_is_taken_only_without_risk_for_the_key() {
        for (text, url) in [
            ("http://127.0.0.1:80", "http://127.0.0.1/"),
            ("http://[::1]:8080/av", "http://[::1]:8080/av/"),
            ("http://localhost:1", "http://localhost:1/"),
            ("https://example.org", "https://example.org/"),
        ] {
            assert_eq!(parse_base_url(text, true).unwrap().as_str(), url);
        }
        assert!(parse_base_url("http://example.org", false).is_ok());
        for (text, word) in [
            ("http://example.org", "in the clear"),
            ("http://127.0.0.1.example.org", "in the clear"),
            ("example", "is no address"),
            ("ftp://example.org", "must begin with"),
            ("https://user:word@example.org", "no password"),
            ("https://example.org?apikey=x", "before any ?"),
        ] {
            let error = parse_base_url(text, true).unwrap_err().to_string();
            assert!(error.contains(word) && !error.contains("user:"), "{error}");
        }
        for provider in MarketProvider::ALL {
            assert!(parse_base_url(provider.base_url(), true).is_ok());
        }
    }
}
