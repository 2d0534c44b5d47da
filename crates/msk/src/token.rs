//! One token: how it is signed, how long it lives, and until when another client may use it, too.
//! Pure: the time is an argument.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign},
    sign::v4,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

/// What a broker accepts at most.
pub const LONGEST_LIFE: Duration = Duration::from_secs(15 * 60);

/// A token that lives shorter would expire on its way to the broker.
const SHORTEST_LIFE: Duration = Duration::from_secs(10);

/// What a signed request says of who made it; it is not signed.
const USER_AGENT: &str = concat!("stock-market-pipeline/", env!("CARGO_PKG_VERSION"));

/// A token for one region. Its `Debug` form hides the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// What the broker gets: a presigned URL in base64 (URL alphabet, no padding).
    pub text: String,
    /// When it was signed.
    pub signed: SystemTime,
    /// From when on the broker refuses it.
    pub expires: SystemTime,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token(*** until {:?})", self.expires)
    }
}

impl Token {
    /// Signs a token with these keys. It lives for [`LONGEST_LIFE`], and never longer than the keys
    /// themselves.
    ///
    /// # Errors
    /// A sentence when the keys expire within ten seconds, or cannot sign.
    pub fn sign(keys: &Credentials, region: &str, now: SystemTime) -> Result<Self, String> {
        let life = life(keys.expiry(), now)?;
        let url = format!("https://kafka.{region}.amazonaws.com/?Action=kafka-cluster%3AConnect");
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(life);
        let identity = keys.clone().into();
        let wrong = |error: &dyn fmt::Display| format!("the token cannot be signed: {error}");
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name("kafka-cluster")
            .time(now)
            .settings(settings)
            .build()
            .map_err(|error| wrong(&error))?;
        let no_headers = std::iter::empty();
        let request = SignableRequest::new("GET", &url, no_headers, SignableBody::Bytes(&[]))
            .map_err(|error| wrong(&error))?;
        let signed = sign(request, &parameters.into()).map_err(|error| wrong(&error))?;
        let (instructions, _) = signed.into_parts();
        let mut text = url;
        for (name, value) in instructions.params() {
            text.push('&');
            text.push_str(name);
            text.push('=');
            text.push_str(&in_query(value));
        }
        text.push_str("&User-Agent=");
        text.push_str(&in_query(USER_AGENT));
        Ok(Self {
            text: BASE64_URL_SAFE_NO_PAD.encode(text),
            signed: now,
            expires: now + life,
        })
    }

    /// Whether a client that asks now gets this one. In its first half it does: a client asks again
    /// when four fifths of what is left have passed, so none keeps a token to its last second.
    #[must_use]
    pub fn is_fresh(&self, now: SystemTime) -> bool {
        let life = self.expires.duration_since(self.signed).unwrap_or_default();
        // A clock that was set back says nothing about the token.
        let age = now.duration_since(self.signed);
        age.is_ok_and(|age| age < life / 2)
    }
}

/// How long a token of these keys may live, in whole seconds, as the request states it.
fn life(expiry: Option<SystemTime>, now: SystemTime) -> Result<Duration, String> {
    let Some(expiry) = expiry else {
        return Ok(LONGEST_LIFE);
    };
    let left = expiry.duration_since(now).unwrap_or_default();
    let life = Duration::from_secs(left.min(LONGEST_LIFE).as_secs());
    if life < SHORTEST_LIFE {
        return Err(
            "the AWS credentials have expired, or do so within ten seconds; log in again (aws sso login), or export new ones"
                .to_owned(),
        );
    }
    Ok(life)
}

/// Percent-encodes what RFC 3986 does not leave unreserved, as SigV4 wants it.
fn in_query(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail at any step")]
mod tests {
    use super::*;

    /// 2026-11-30 12:34:56 UTC.
    const NOW: Duration = Duration::from_secs(1_796_042_096);

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + NOW
    }

    fn keys(session: Option<&str>, left: Option<u64>) -> Credentials {
        let expiry = left.map(|seconds| now() + Duration::from_secs(seconds));
        let session = session.map(str::to_owned);
        Credentials::new(
            "AKIDEXAMPLE",
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            session,
            expiry,
            "test",
        )
    }

    /// The URL within a token, without what says who made it.
    fn url(token: &Token) -> String {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&token.text).unwrap();
        let url = String::from_utf8(bytes).unwrap();
        let (url, agent) = url.rsplit_once("&User-Agent=").unwrap();
        assert!(agent.starts_with("stock-market-pipeline%2F"), "{agent}");
        url.to_owned()
    }

    /// The parameters of a query in the order of their names; their order is not signed.
    fn sorted(url: &str) -> Vec<&str> {
        let (address, query) = url.split_once('?').unwrap();
        let mut parts: Vec<&str> = query.split('&').collect();
        parts.sort_unstable();
        parts.insert(0, address);
        parts
    }

    #[test]
    fn a_token_is_what_botocore_signs() {
        // tests/vectors/sign.py made the file with botocore, an implementation of SigV4 that shares
        // nothing with this one.
        let vectors = include_str!("../tests/vectors/botocore.txt");
        let vectors: Vec<&str> = vectors
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect();
        let long = "IQoJb3JpZ2luX2VjE+/=abc//+==";
        let cases = [
            ("eu-west-1", None, None),
            ("us-east-1", Some(long), None),
            ("cn-north-1", Some(long), Some(300)),
        ];
        assert_eq!(vectors.len(), cases.len());
        for (vector, (region, session, left)) in vectors.iter().zip(cases) {
            let token = Token::sign(&keys(session, left), region, now()).unwrap();
            assert_eq!(sorted(&url(&token)), sorted(vector), "{region}");
        }
    }

    #[test]
    fn a_token_dies_with_its_keys_and_after_a_quarter_of_an_hour() {
        for (left, life) in [
            (None, 900),
            (Some(86_400), 900),
            (Some(901), 900),
            (Some(300), 300),
            (Some(10), 10),
        ] {
            let token = Token::sign(&keys(None, left), "eu-west-1", now()).unwrap();
            assert_eq!(token.expires, now() + Duration::from_secs(life), "{left:?}");
            let stated = format!("&X-Amz-Expires={life}&");
            assert!(url(&token).contains(&stated), "{left:?}");
        }
        let refusal = Token::sign(&keys(None, Some(9)), "eu-west-1", now()).unwrap_err();
        assert!(refusal.contains("expired"), "{refusal}");
        let yesterday = keys(None, Some(0));
        assert!(Token::sign(&yesterday, "eu-west-1", now() + LONGEST_LIFE).is_err());
    }

    #[test]
    fn a_token_is_shared_in_its_first_half_only() {
        let token = Token::sign(&keys(None, Some(300)), "eu-west-1", now()).unwrap();
        let after = |seconds| now() + Duration::from_secs(seconds);
        assert!(token.is_fresh(after(0)) && token.is_fresh(after(149)));
        assert!(!token.is_fresh(after(150)) && !token.is_fresh(after(301)));
        assert!(!token.is_fresh(now() - Duration::from_secs(1)));
    }

    #[test]
    fn neither_token_nor_keys_are_in_its_printed_form() {
        let token = Token::sign(&keys(None, None), "eu-west-1", now()).unwrap();
        assert!(!format!("{token:?}").contains(&token.text));
        assert!(!url(&token).contains("wJalr"));
    }
}
